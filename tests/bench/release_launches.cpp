// SPDX-License-Identifier: Apache-2.0
// On one machine: warm, attesting and cold launches, each beside its floor and the tools that do the same job.
#include "bench/launches.h"
#include "bench/parts.h"

namespace ct::bench {

void measure_launches(const Size& size) {
    const auto world = start_world();
    const Launches launches(*world);
    const int some = std::max(5, size.launches / 20);

    const auto turns = in_turns(*world, launches, size.launches, "ours and the floor in turns, warm");
    const auto floor_colds = repeat(size.launches / 2, "the floor, cold",
                                    [&] { return launch_to_main(launches.floor("cold"), kSecretLength); });
    const auto attests = repeat(size.launches / 4, "ours, attesting anew", [&] {
        require(world->drop_grants().has_value(), "RevokeWorkload");
        return launches.ours();
    });
    const auto colds = repeat(some, "ours, secretd started by the call", [&] {
        require(world->bus().kill("io.cloudtaser.Secret1", 9).has_value(), "kill secretd");
        return launches.ours();
    });
    const auto kvs = repeat(some, "bao kv get", [&] { return launches.kv_get(); });
    const auto agents = repeat(5, "bao agent", [&] { return launch_to_main(launches.agent(), kSecretLength); });

    const auto floor_warm = spread_of(turns.floor), warm = spread_of(turns.ours), over = spread_of(turns.over),
               floor_cold = spread_of(floor_colds), attest = spread_of(attests), cold = spread_of(colds),
               kv = spread_of(kvs), agent = spread_of(agents);
    note("floor warm   " + show(floor_warm) + "\nfloor cold   " + show(floor_cold) + "\nours warm    " + show(warm) +
         "\nours attest  " + show(attest) + "\nours cold    " + show(cold) + "\nbao kv get   " + show(kv) +
         "\nbao agent    " + show(agent) + "\nwarm over its floor " + show(over) + " (goal: at most 5)");
    print({"release_warm_p50", "ms", warm.p50, "bao kv get", kv.p50, floor_warm.p50, warm.runs});
    print({"release_warm_over_floor_p50", "ms", over.p50, "", -1, -1, over.runs, 5});
    print({"release_warm_p99", "ms", warm.p99, "bao kv get", kv.p99, floor_warm.p99, warm.runs});
    print({"release_attest_p50", "ms", attest.p50, "bao kv get", kv.p50, floor_cold.p50, attest.runs});
    print({"release_cold_p50", "ms", cold.p50, "bao agent", agent.p50, floor_cold.p50, cold.runs});
    // The agent waits a fixed 2 s between rendering and starting; this is the same without that pause.
    print({"release_cold_p50_agent_without_its_pause", "ms", cold.p50, "bao agent", agent.p50 - 2000.0, floor_cold.p50,
           cold.runs});
    print({"release_round_trips_per_warm_launch", "round trips", turns.round_trips, "", -1, 1, warm.runs, 1});
    print_distribution("release_warm", "floor", turns.floor);
    print_distribution("release_warm", "ours", turns.ours);
    print_distribution("release_attest", "floor", floor_colds);
    print_distribution("release_attest", "ours", attests);
    print_distribution("release_cold", "ours", colds);
    print_distribution("release_peer", "bao kv get", kvs);
    print_distribution("release_peer", "bao agent", agents);
}

}  // namespace ct::bench
