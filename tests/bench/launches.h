// SPDX-License-Identifier: Apache-2.0
// The job that is measured: a program gets one secret from OpenBao and starts. Done by us, by the floor (a minimal TLS 1.3
// client that puts the value into a plain environment), and by the tools that people use for it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "support/world.h"

namespace ct::bench {

inline constexpr std::size_t kSecretLength = 64;

std::string bench_program(const std::string& name);  // one that is built from this folder

// What all parts start from; ends the bench when the machine can't do it.
std::unique_ptr<test::World> start_world(const test::World::Options& options = {});

class Launches {
public:
    // The floor's clients and tools find OpenBao at `port`; 0: where it listens.
    explicit Launches(test::World& world, int port = 0);

    [[nodiscard]] test::Launch floor(const std::string& mode) const;  // "cold", "warm": see floor_client.c
    [[nodiscard]] test::Launch agent() const;                         // bao agent
    // Ours, started by a small process as the floor's launches are.
    [[nodiscard]] test::Launch ours_repeated(const std::string& workload = "payments") const;
    // Nanoseconds; -1 if it failed.
    [[nodiscard]] std::int64_t ours() const;
    [[nodiscard]] std::int64_t kv_get() const;  // from the start of `bao kv get` to its end: a script execs after it

private:
    [[nodiscard]] test::Launch bao(std::vector<std::string> arguments) const;
    test::World& world_;
    const int port_;
    test::TempDir tmp_;
    std::string token_file_;
};

// A small process that launches the program anew for each byte it gets, so that no launch pays for a fork of this one.
class Repeater {
public:
    explicit Repeater(test::Launch launch);

    std::int64_t launch();  // from the order to the program's first instruction, in ns; -1 if it failed
    // The same in steps, for many at a time.
    void ready();
    [[nodiscard]] bool order() const;
    [[nodiscard]] std::int64_t reported();  // when main() ran, as now_ns(); -1 if it never did

private:
    Fd in_, out_, report_;
    std::optional<test::Child> process_;
};

// Warm launches of ours and of the floor in turns, so that what the machine does beside them meets both. In ms.
struct Turns {
    std::vector<double> floor, ours, over;
    double round_trips = 0;  // to OpenBao, a launch
};
Turns in_turns(const test::World& world, const Launches& launches, int runs, const std::string& what);

std::vector<double> repeat(int runs, const std::string& what, const std::function<std::int64_t()>& once);  // in ms

}  // namespace ct::bench
