// SPDX-License-Identifier: Apache-2.0
// Services on the node whose programs need a secret, each a workload of its own, and start children that need it too. They show that they have it by a digest, never by the value.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "system/site.h"

namespace ct::test {

class Load {
public:
    static Result<Load> make(Site& site, int services);

    // What became of one start, or of one child.
    struct Outcome {
        bool right = false;              // it has the value, as its digest shows
        bool wrong = false;              // it has another one
        std::optional<Reason> why = {};  // the reason that it, or the guard, gave
        std::string words;               // all it said
        Millis took{0};                  // of a start that was refused: from the launch to its end
    };

    [[nodiscard]] static Millis timeout_of(int service) {
        return Millis(1000 * (3 + service % 5));
    }  // cloudtaser-run's
    [[nodiscard]] static std::string unit(int service) { return "load-" + std::to_string(service) + ".service"; }

    [[nodiscard]] Status stop(const std::vector<int>& services) const;
    // Ends their grants, and with these their sessions.
    [[nodiscard]] Status revoke(const std::vector<int>& services) const;
    // Starts them anew, all at once; outcomes() waits for their ends.
    [[nodiscard]] Result<Child> start(const std::vector<int>& services) const;
    [[nodiscard]] Result<std::map<int, Outcome>> outcomes(Child started, const std::vector<int>& services) const;
    // Tells running programs to start a child; answers() waits for what became of each.
    [[nodiscard]] Status ask(const std::vector<int>& services) const;
    [[nodiscard]] Result<std::map<int, Outcome>> answers(const std::vector<int>& services) const;
    // The main process of each that runs.
    [[nodiscard]] Result<std::map<int, int>> running() const;
    [[nodiscard]] int services() const { return services_; }

private:
    Load(Site& site, int services) : site_(&site), services_(services) {}
    [[nodiscard]] Status configure();
    [[nodiscard]] static std::string file(int service, const std::string& name);
    [[nodiscard]] Outcome judge(int service, const std::string& digest_file) const;

    Site* site_;
    int services_;
    std::map<int, std::string> digests_;
};

}  // namespace ct::test
