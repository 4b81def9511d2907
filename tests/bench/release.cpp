// SPDX-License-Identifier: Apache-2.0
// ./dev bench release [--short] [PART...]: what a release costs, from the launch to the program's first instruction.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/parts.h"
#include "support/world.h"

using namespace ct;

int main(int argc, char** argv) {
    const std::map<std::string, std::function<void(const bench::Size&)>> parts = {{"launches", bench::measure_launches},
                                                                                  {"link", bench::measure_link},
                                                                                  {"sessions", bench::measure_sessions},
                                                                                  {"storm", bench::measure_storm}};
    bench::Size size;
    std::vector<std::string> wanted;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--short")
            size = {.launches = 20, .sessions = 500, .releases = 50, .storm = 20};
        else if (parts.contains(word))
            wanted.push_back(word);
        else
            bench::require(false, "'" + word + "': there are --short, launches, link, sessions and storm");
    }
    if (wanted.empty()) wanted = {"launches", "link", "sessions", "storm"};
    if (const auto why = test::World::missing()) {
        bench::note("this machine lacks " + *why);
        return 77;
    }
    for (const auto& part : wanted)
        parts.at(part)(size);
    return 0;
}
