// SPDX-License-Identifier: Apache-2.0
// What a release costs beside many live sessions, and what the daemons' memory comes to.
#include <sys/resource.h>

#include <cstdio>
#include <map>

#include "bench/launches.h"
#include "bench/parts.h"
#include "bus/connection.h"

namespace ct::bench {
namespace {

constexpr const char* kHolder = "65534";                  // nobody: the quota of a caller is theirs alone
constexpr double kIdleGoal = 16 << 10, kSessionGoal = 8;  // KiB

constexpr std::pair<const char*, const char*> kDaemons[] = {{"secretd", "io.cloudtaser.Secret1"},
                                                            {"identd", "io.cloudtaser.Identity1"},
                                                            {"attestd", "io.cloudtaser.Attest1"},
                                                            {"bridge", "io.cloudtaser.Bridge1"},
                                                            {"gate", "io.cloudtaser.Gate1"}};

// The number behind "NAME:" in a file of /proc; in KiB where the kernel says kB.
double number(int pid, const std::string& file, const std::string& name) {
    const auto text = "\n" + read_file("/proc/" + std::to_string(pid) + "/" + file, 64 << 10).value_or("");
    const auto at = text.find("\n" + name + ":");
    require(at != std::string::npos, file + " of a daemon");
    return std::atof(text.c_str() + at + name.size() + 2);
}

struct Memory {
    double resident, proportional, locked;
};
Memory memory_of(int pid) {
    return {number(pid, "status", "VmRSS"), number(pid, "smaps_rollup", "Pss"), number(pid, "status", "VmLck")};
}

double cpu_ms(int pid) {
    return std::atof(read_file("/proc/" + std::to_string(pid) + "/schedstat", 4096).value_or("").c_str()) / 1e6;
}

class Pids {
public:
    explicit Pids(test::World& world) {
        for (const auto& [name, bus_name] : kDaemons) {
            require(ping(bus_name).has_value(), name);
            pids_[name] = world.bus().pid_of(bus_name);
        }
    }
    [[nodiscard]] int of(const std::string& daemon) const { return pids_.at(daemon); }
    void print_memory(const std::string& when) const {
        for (const auto& [name, bus_name] : kDaemons) {
            const auto memory = memory_of(of(name));
            const bool bounded = std::string_view(name) == "secretd" && when == "idle";
            print({"memory_" + std::string(name) + "_" + when,
                   "KiB",
                   memory.resident,
                   "",
                   -1,
                   -1,
                   1,
                   bounded ? kIdleGoal : -1,
                   {{"pss", memory.proportional}, {"locked", memory.locked}}});
        }
    }

private:
    static Status ping(const std::string& name) {
        CT_TRY(auto connection, bus::Connection::open_system("bench"));
        CT_TRY(auto call, connection.new_call({name, "/", "org.freedesktop.DBus.Peer"}, "Ping"));
        CT_TRY(const auto reply, connection.call(call));
        return {};
    }
    std::map<std::string, int> pids_;
};

}  // namespace

void measure_sessions(const Size& size) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    require(::setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max > static_cast<rlim_t>(size.sessions) + 1000,
            "a limit of open files above the number of sessions");
    test::World::Options options;
    options.users = {"0", kHolder};
    const auto world = start_world(options);
    const Launches launches(*world);
    const Pids pids(*world);
    pids.print_memory("idle");

    // Below, at and above: the last step ends at `sessions`.
    const int steps[] = {1, 100, size.sessions};
    test::Launch holding;
    holding.environment = world->bus().environment();
    holding.argv = {bench_program("session_holder"), kHolder, "payments"};
    for (int before = 0; const int step : steps) {
        holding.argv.push_back(std::to_string(step - before));
        before = step;
    }
    Repeater holder(holding);
    holder.ready();

    Spread first;
    double first_cpu = 0, resident_before = 0;
    for (const int step : steps) {
        note("opening sessions until " + std::to_string(step) + " live");
        require(holder.order(), "the holder");
        holder.ready();
        const double resident = memory_of(pids.of("secretd")).resident;
        if (step == steps[2]) {
            pids.print_memory("at_" + std::to_string(step) + "_sessions");
            print({"memory_secretd_per_session", "KiB", (resident - resident_before) / (steps[2] - steps[1]), "", -1,
                   -1, static_cast<std::size_t>(steps[2] - steps[1]), kSessionGoal});
        }
        const std::string where = "beside_" + std::to_string(step) + "_sessions";
        const double cpu_before = cpu_ms(pids.of("secretd"));
        const auto turns =
            in_turns(*world, launches, size.launches, "warm launches beside " + std::to_string(step) + " sessions");
        const double cpu = (cpu_ms(pids.of("secretd")) - cpu_before) / (size.launches + 1);
        const auto warm = spread_of(turns.ours), floor = spread_of(turns.floor);
        if (step == steps[0]) {
            first = warm;
            first_cpu = cpu;
            // Between the steps, so that what releases leave behind isn't counted as the sessions'.
            repeat(size.releases, "warm releases for their memory", [&] { return launches.ours(); });
            pids.print_memory("after_" + std::to_string(size.releases) + "_releases");
        }
        resident_before = memory_of(pids.of("secretd")).resident;
        note(where + ": " + show(warm) + ", floor " + show(floor) + "; secretd " + std::to_string(cpu) +
             " ms of CPU a launch; to 1 session: " + std::to_string(warm.p50 / first.p50));
        print({"release_warm_" + where,
               "ms",
               warm.p50,
               "",
               -1,
               floor.p50,
               warm.runs,
               1.15 * first.p50,
               {{"p99", warm.p99}, {"sessions", step}, {"ratio_first", warm.p50 / first.p50}}});
        print({"secretd_cpu_" + where,
               "ms",
               cpu,
               "",
               -1,
               -1,
               warm.runs,
               1.15 * first_cpu,
               {{"sessions", step}, {"ratio_first", cpu / first_cpu}}});
        print_distribution("sessions_" + std::to_string(step), "ours", turns.ours);
    }
}

}  // namespace ct::bench
