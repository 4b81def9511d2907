// SPDX-License-Identifier: Apache-2.0
// All services of a machine start at once, as after a boot: each a workload of its own, so that each attests.
#include <memory>

#include "bench/launches.h"
#include "bench/parts.h"

namespace ct::bench {
namespace {

// From the order to all to the report of each.
void storm(const std::string& name, const std::vector<std::unique_ptr<Repeater>>& services) {
    for (const auto& service : services)
        service->ready();
    note("starting " + std::to_string(services.size()) + " services at once: " + name);
    const std::int64_t start = now_ns();
    for (const auto& service : services)
        require(service->order(), "an order");
    std::vector<double> took;
    for (const auto& service : services)
        if (const std::int64_t end = service->reported(); end > 0)
            took.push_back(static_cast<double>(end - start) / 1e6);
    const std::size_t failures = services.size() - took.size();
    const auto spread = spread_of(took);
    note(name + ": " + show(spread) + ", " + std::to_string(failures) + " failed");
    print({name + "_failures", "services", static_cast<double>(failures), "", -1, -1, services.size(), 0});
    if (took.empty()) return;
    print({name + "_slowest", "ms", spread.most, "", -1, -1, took.size()});
    print({name + "_p50", "ms", spread.p50, "", -1, -1, took.size()});
    print({name + "_throughput", "1/s", static_cast<double>(took.size()) * 1e3 / spread.most, "", -1, -1, took.size()});
    print_distribution(name, "ours", took);
}

}  // namespace

void measure_storm(const Size& size) {
    const auto world = start_world();
    const Launches launches(*world);
    std::vector<std::unique_ptr<Repeater>> services, floors;
    std::vector<std::string> names;
    for (int i = 0; i < size.storm; ++i)
        names.push_back("service" + std::to_string(i));
    const auto copied = world->copy_workload(names);
    require(copied.has_value(), copied ? "" : copied.error().to_string());
    for (const auto& name : names) {
        services.push_back(std::make_unique<Repeater>(launches.ours_repeated(name)));
        floors.push_back(std::make_unique<Repeater>([&] {
            auto launch = launches.floor("cold");
            launch.argv.insert(launch.argv.begin(), bench_program("starter"));
            return launch;
        }()));
    }
    storm("storm_floor", floors);
    storm("storm_attest", services);
    storm("storm_warm", services);  // the same services again, while their grants live
}

}  // namespace ct::bench
