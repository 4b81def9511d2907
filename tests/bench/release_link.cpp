// SPDX-License-Identifier: Apache-2.0
// With gate and OpenBao 20 ms away: what counts now is round trips.
#include "bench/launches.h"
#include "bench/parts.h"

namespace ct::bench {
namespace {

constexpr const char* kRoundTrip = "20";  // ms

}  // namespace

void measure_link(const Size& size) {
    const int port = test::free_port(1);
    const std::string vault = std::to_string(port), gate = std::to_string(port + 1);
    test::World::Options options;
    options.bridge_gate = "127.0.0.1:" + gate;
    options.bridge_openbao = "127.0.0.1:" + vault;
    const auto world = start_world(options);
    const std::string gate_address = world->gate_address();
    Repeater link({.argv = {bench_program("slow_link"), kRoundTrip, vault + ":" + std::to_string(world->bao().port()),
                            gate + gate_address.substr(gate_address.rfind(':'))}});
    link.ready();
    const Launches launches(*world, port);

    const auto turns = in_turns(*world, launches, size.launches, "ours and the floor in turns, warm, over the link");
    const auto floor_colds = repeat(size.launches / 4, "the floor, cold, over the link",
                                    [&] { return launch_to_main(launches.floor("cold"), kSecretLength); });
    const auto attests = repeat(size.launches / 4, "ours, attesting anew, over the link", [&] {
        require(world->drop_grants().has_value(), "RevokeWorkload");
        return launches.ours();
    });
    const auto kvs = repeat(10, "bao kv get, over the link", [&] { return launches.kv_get(); });

    const auto floor = spread_of(turns.floor), warm = spread_of(turns.ours), over = spread_of(turns.over),
               floor_cold = spread_of(floor_colds), attest = spread_of(attests), kv = spread_of(kvs);
    note("over the link:\nfloor warm   " + show(floor) + "\nfloor cold   " + show(floor_cold) + "\nours warm    " +
         show(warm) + "\nours attest  " + show(attest) + "\nbao kv get   " + show(kv) + "\nwarm over its floor " +
         show(over));
    print({"link_warm_p50", "ms", warm.p50, "bao kv get", kv.p50, floor.p50, warm.runs, 1.15 * floor.p50});
    print({"link_warm_p99", "ms", warm.p99, "bao kv get", kv.p99, floor.p99, warm.runs, 1.5 * floor.p99});
    print({"link_attest_p50", "ms", attest.p50, "bao kv get", kv.p50, floor_cold.p50, attest.runs});
    print({"link_round_trips_per_warm_launch", "round trips", turns.round_trips, "", -1, 1, warm.runs, 1});
    print_distribution("link_warm", "floor", turns.floor);
    print_distribution("link_warm", "ours", turns.ours);
    print_distribution("link_attest", "floor", floor_colds);
    print_distribution("link_attest", "ours", attests);
}

}  // namespace ct::bench
