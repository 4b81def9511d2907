// SPDX-License-Identifier: Apache-2.0
// All services of a machine start at once, as after a boot: each a workload of its own, so that each attests.
#include <fstream>
#include <memory>

#include "bench/launches.h"
#include "bench/parts.h"

namespace ct::bench {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
        text.replace(at, what.size(), with);
    return text;
}

// Gives each service the workload, the policy and the secret of "payments" under a name of its own.
std::vector<std::string> make_workloads(test::World& world, int count) {
    const auto copy = [&](const std::string& folder, const std::string& name) {
        const std::string path = world.folder() + "/" + folder;
        const auto original = read_file(path + "/payments.toml", 1 << 20);
        require(original.has_value(), path);
        std::ofstream file(path + "/" + name + ".toml");
        file << replaced(original->substr(original->find('[')), "workload.payments", "workload." + name) << std::flush;
        require(file.good(), path);
    };
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
        names.push_back("service" + std::to_string(i));
        for (const char* folder : {"workloads.d", "policy.d"})
            copy(folder, names.back());
    }
    for (const auto& reloaded : {world.reload_node(), world.reload_gate()})
        require(reloaded.has_value(), reloaded ? "" : reloaded.error().to_string());
    return names;
}

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
    for (const auto& name : make_workloads(*world, size.storm)) {
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
