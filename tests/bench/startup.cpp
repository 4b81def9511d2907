// SPDX-License-Identifier: Apache-2.0
// ./dev bench startup: the CPU time that cloudtaser-run adds to a plain exec, its guard included; and what the same launch
// costs the node's daemons.
#include <cstdio>
#include <cstdlib>

#include "bench/measure.h"
#include "support/world.h"

using namespace ct;

int main(int argc, char** argv) {
    const int runs = argc > 1 ? std::atoi(argv[1]) : 50;
    if (const auto why = test::World::missing()) {
        bench::note("this machine lacks " + *why);
        return 77;
    }
    auto world = test::World::start();
    if (!world) {
        bench::note(world.error().to_string());
        return 1;
    }
    (*world)->bao().put_kv("payments", R"({"password":"0123456789abcdef"})");
    (*world)->map("DB_PASSWORD", "kv/payments#password");
    const auto ours = (*world)->run({"/bin/true"});
    test::Launch plain;
    plain.argv = {"/bin/true"};
    plain.environment = ours.environment;
    std::vector<double> with, without;
    for (int i = 0; i <= runs; ++i) {
        const double guarded = bench::cpu_seconds(ours), bare = bench::cpu_seconds(plain);
        if (guarded < 0 || bare < 0) return 1;
        if (i == 0) continue;  // the first one attests
        with.push_back(guarded * 1e3);
        without.push_back(bare * 1e3);
    }
    const auto a = bench::spread_of(with), b = bench::spread_of(without);
    bench::note("cloudtaser-run: " + std::to_string(a.p50) + " ms of CPU, plain exec " + std::to_string(b.p50) +
                " ms; added " + std::to_string(a.p50 - b.p50) + " ms (goal: at most 5)");
    bench::print({"startup_cpu", "ms", a.p50, "plain exec", b.p50, b.p50, a.runs});
    bench::print({"startup_cpu_added", "ms", a.p50 - b.p50, "", -1, -1, a.runs});
    return 0;
}
