// SPDX-License-Identifier: Apache-2.0
// ./dev bench release: from the launch to the program's first instruction, against the floor (a minimal TLS 1.3 client that
// puts the value into a plain environment) and against the tools that do the same job, all in one run.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "bench/measure.h"
#include "support/world.h"

using namespace ct;

namespace {

constexpr std::size_t kLength = 64;
const std::string kValue(kLength, 'b');

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string here(const std::string& program) { return std::string(CT_BINARY_DIR) + "/tests/bench/" + program; }

std::vector<std::string> child() { return {here("clock_main"), std::to_string(bench::kReportFd), "BENCH_SECRET"}; }

void require(bool ok, const std::string& what) {
    if (ok) return;
    bench::note("failed: " + what);
    std::exit(1);
}

std::vector<double> repeat(int runs, const std::string& what, const std::function<std::int64_t()>& once) {
    bench::note("measuring " + what + ", " + std::to_string(runs) + " runs");
    std::vector<double> values;
    for (int i = 0; i < runs; ++i) {
        const std::int64_t took = once();
        require(took > 0, what);
        values.push_back(ms(took));
    }
    return values;
}

class Bench {
public:
    explicit Bench(test::World& world) : world_(world) {
        world.bao().put_kv("payments/bench", "{\"value\":\"" + kValue + "\"}");
        world.map("BENCH_SECRET", "kv/payments/bench#value");
        token_file_ = tmp_.write("token", world.bao().make_token(R"({"policies":["wl-payments"],"ttl":"1h"})"));
    }

    test::Launch floor(const std::string& mode) const {
        test::Launch launch;
        launch.argv = {
            here("floor_client"),     mode, std::to_string(world_.bao().port()), world_.bao().ca_file(), token_file_,
            "kv/data/payments/bench", "--"};
        for (const auto& word : child())
            launch.argv.push_back(word);
        return launch;
    }

    std::int64_t ours() const { return bench::launch_to_main(world_.run(child()), kLength); }

    // The same, started by a small process as the floor's launches are.
    test::Launch ours_repeated() const {
        auto launch = world_.run(child());
        launch.argv.insert(launch.argv.begin(), here("starter"));
        return launch;
    }

    void drop_grant() const { require(world_.drop_grants().has_value(), "RevokeWorkload"); }

    test::Launch agent() const {
        std::string command;
        for (const auto& word : child())
            command += (command.empty() ? "\"" : ", \"") + word + "\"";
        const auto config = tmp_.write(
            "agent.hcl",
            "vault { address = \"" + world_.bao().url() + "\"  ca_cert = \"" + world_.bao().ca_file() +
                "\" }\n"
                "auto_auth { method { type = \"token_file\" config = { token_file_path = \"" +
                token_file_ +
                "\" } } }\n"
                "env_template \"BENCH_SECRET\" { contents = \"{{ with secret \\\"kv/data/payments/bench\\\" }}{{ .Data.data.value }}{{ end }}\" "
                "error_on_missing_key = true }\n"
                "exec { command = [" +
                command + "] restart_on_secret_changes = \"never\" restart_stop_signal = \"SIGTERM\" }\n");
        return bao({"agent", "-config=" + config});
    }

    // From the start of `bao kv get` to its end: a script would then exec the program with the value.
    std::int64_t kv_get() const {
        const std::int64_t start = bench::now_ns();
        const auto ran = test::run(bao({"kv", "get", "-mount=kv", "-field=value", "payments/bench"}));
        if (ran.code != 0 || ran.output.find(kValue) == std::string::npos) return -1;
        return bench::now_ns() - start;
    }

private:
    test::Launch bao(std::vector<std::string> arguments) const {
        test::Launch launch;
        launch.argv = {world_.bao().binary()};
        launch.argv.insert(launch.argv.end(), arguments.begin(), arguments.end());
        launch.environment["HOME"] = tmp_.path();
        launch.environment["BAO_ADDR"] = world_.bao().url();
        launch.environment["BAO_CACERT"] = world_.bao().ca_file();
        launch.environment["BAO_TOKEN"] = read_file(token_file_, 4096).value_or("");
        return launch;
    }

    test::World& world_;
    test::TempDir tmp_;
    std::string token_file_;
};

// A small process that launches the program anew for each byte it gets, so that no launch pays for a fork of this one.
class Repeater {
public:
    explicit Repeater(test::Launch launch) {
        int in[2], out[2], report[2];
        require(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0 && ::pipe2(report, O_CLOEXEC) == 0,
                "pipes");
        const Fd in_read(in[0]), out_write(out[1]), report_write(report[1]);
        in_ = Fd(in[1]);
        out_ = Fd(out[0]);
        report_ = Fd(report[0]);
        launch.fds = {{in_read.get(), 0}, {out_write.get(), 1}, {report_write.get(), bench::kReportFd}};
        auto process = test::Child::start(launch);
        require(process.has_value(), launch.argv.front());
        process_.emplace(std::move(*process));
    }

    // From the order to the program's first instruction.
    std::int64_t launch() const {
        char dot;
        if (::read(out_.get(), &dot, 1) != 1) return -1;
        const std::int64_t start = bench::now_ns();
        if (::write(in_.get(), "g", 1) != 1) return -1;
        std::int64_t got[2];
        if (::read(report_.get(), got, sizeof got) != sizeof got || got[1] != static_cast<std::int64_t>(kLength))
            return -1;
        return got[0] - start;
    }

private:
    Fd in_, out_, report_;
    std::optional<test::Child> process_;
};

std::string show(const bench::Spread& s) {
    char text[128];
    std::snprintf(text, sizeof text, "p50 %.2f ms, p99 %.2f ms (%.2f to %.2f)", s.p50, s.p99, s.least, s.most);
    return text;
}

}  // namespace

int main(int argc, char** argv) {
    const int runs = argc > 1 ? std::atoi(argv[1]) : 100;
    if (const auto why = test::World::missing()) {
        bench::note("this machine lacks " + *why);
        return 77;
    }
    auto world = test::World::start();
    if (!world) {
        bench::note(world.error().to_string());
        return 1;
    }
    const Bench b(**world);
    require(b.ours() > 0, "first launch");

    // In turns, so that what the machine does beside it meets both.
    std::vector<double> floors, warms, overs;
    const Repeater floor(b.floor("warm")), ours(b.ours_repeated());
    const auto trips_before = (*world)->counter("Secret1", "read_round_trips");
    repeat(runs, "ours and the floor in turns, warm", [&] {
        const std::int64_t least = floor.launch(), took = ours.launch();
        require(least > 0, "the floor");
        floors.push_back(ms(least));
        warms.push_back(ms(took));
        overs.push_back(ms(took - least));
        return took;
    });
    const auto trips = (*world)->counter("Secret1", "read_round_trips") - trips_before;
    const auto floor_warm = bench::spread_of(floors), warm = bench::spread_of(warms), over = bench::spread_of(overs);
    const auto floor_cold = bench::spread_of(
        repeat(runs, "the floor, cold", [&] { return bench::launch_to_main(b.floor("cold"), kLength); }));
    const auto attest = bench::spread_of(repeat(runs / 2, "ours, attesting anew", [&] {
        b.drop_grant();
        return b.ours();
    }));
    const auto cold = bench::spread_of(repeat(10, "ours, secretd started by the call", [&] {
        require((*world)->bus().kill("io.cloudtaser.Secret1", 9).has_value(), "kill secretd");
        return b.ours();
    }));
    const auto kv = bench::spread_of(repeat(10, "bao kv get", [&] { return b.kv_get(); }));
    const auto agent =
        bench::spread_of(repeat(5, "bao agent", [&] { return bench::launch_to_main(b.agent(), kLength); }));

    bench::note("floor warm   " + show(floor_warm) + "\nfloor cold   " + show(floor_cold) + "\nours warm    " +
                show(warm) + "\nours attest  " + show(attest) + "\nours cold    " + show(cold) + "\nbao kv get   " +
                show(kv) + "\nbao agent    " + show(agent) + "\nwarm over its floor " + show(over) +
                " (goal: at most 5); " + std::to_string(trips) + " round trips to OpenBao in " + std::to_string(runs) +
                " warm launches");
    bench::print({"release_warm_p50", "ms", warm.p50, "bao kv get", kv.p50, floor_warm.p50, warm.runs});
    bench::print({"release_warm_over_floor_p50", "ms", over.p50, "", -1, -1, over.runs});
    bench::print({"release_warm_p99", "ms", warm.p99, "bao kv get", kv.p99, floor_warm.p99, warm.runs});
    bench::print({"release_attest_p50", "ms", attest.p50, "bao kv get", kv.p50, floor_cold.p50, attest.runs});
    bench::print({"release_cold_p50", "ms", cold.p50, "bao agent", agent.p50, floor_cold.p50, cold.runs});
    // The agent waits a fixed 2 s between rendering and starting; this is the same without that pause.
    bench::print({"release_cold_p50_agent_without_its_pause", "ms", cold.p50, "bao agent", agent.p50 - 2000.0,
                  floor_cold.p50, cold.runs});
    bench::print({"release_round_trips_per_warm_launch", "round trips", static_cast<double>(trips) / runs, "", -1, 1,
                  warm.runs});
    return 0;
}
