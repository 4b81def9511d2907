// SPDX-License-Identifier: Apache-2.0
#include "bench/launches.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>

namespace ct::bench {
namespace {

const std::string kValue(kSecretLength, 'b');
constexpr int kPatience = 60'000;  // ms

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::vector<std::string> child() { return {bench_program("clock_main"), std::to_string(kReportFd), "BENCH_SECRET"}; }

}  // namespace

std::string bench_program(const std::string& name) { return std::string(CT_BINARY_DIR) + "/tests/bench/" + name; }

std::unique_ptr<test::World> start_world(const test::World::Options& options) {
    auto world = test::World::start(options);
    require(world.has_value(), world ? "" : world.error().to_string());
    return std::move(*world);
}

Launches::Launches(test::World& world, int port) : world_(world), port_(port == 0 ? world.bao().port() : port) {
    world.bao().put_kv("payments/bench", "{\"value\":\"" + kValue + "\"}");
    world.map("BENCH_SECRET", "kv/payments/bench#value");
    token_file_ = tmp_.write("token", world.bao().make_token(R"({"policies":["wl-payments"],"ttl":"1h"})"));
}

test::Launch Launches::floor(const std::string& mode) const {
    test::Launch launch;
    launch.argv = {bench_program("floor_client"), mode, std::to_string(port_), world_.bao().ca_file(), token_file_,
                   "kv/data/payments/bench",      "--"};
    for (const auto& word : child())
        launch.argv.push_back(word);
    return launch;
}

std::int64_t Launches::ours() const { return launch_to_main(world_.run(child()), kSecretLength); }

test::Launch Launches::ours_repeated(const std::string& workload) const {
    auto launch = world_.run(child());
    for (auto& word : launch.argv)
        if (word == "payments") word = workload;
    launch.argv.insert(launch.argv.begin(), bench_program("starter"));
    return launch;
}

test::Launch Launches::agent() const {
    std::string command;
    for (const auto& word : child())
        command += (command.empty() ? "\"" : ", \"") + word + "\"";
    const auto config = tmp_.write(
        "agent.hcl", "vault { address = \"https://127.0.0.1:" + std::to_string(port_) + "\"  ca_cert = \"" +
                         world_.bao().ca_file() +
                         "\" }\n"
                         "auto_auth { method { type = \"token_file\" config = { token_file_path = \"" +
                         token_file_ +
                         "\" } } }\n"
                         "env_template \"BENCH_SECRET\" { contents = "
                         "\"{{ with secret \\\"kv/data/payments/bench\\\" }}{{ .Data.data.value }}{{ end }}\" "
                         "error_on_missing_key = true }\n"
                         "exec { command = [" +
                         command + "] restart_on_secret_changes = \"never\" restart_stop_signal = \"SIGTERM\" }\n");
    return bao({"agent", "-config=" + config});
}

std::int64_t Launches::kv_get() const {
    const std::int64_t start = now_ns();
    const auto ran = test::run(bao({"kv", "get", "-mount=kv", "-field=value", "payments/bench"}));
    if (ran.code != 0 || ran.output.find(kValue) == std::string::npos) return -1;
    return now_ns() - start;
}

test::Launch Launches::bao(std::vector<std::string> arguments) const {
    test::Launch launch;
    launch.argv = {world_.bao().binary()};
    launch.argv.insert(launch.argv.end(), arguments.begin(), arguments.end());
    launch.environment["HOME"] = tmp_.path();
    launch.environment["BAO_ADDR"] = "https://127.0.0.1:" + std::to_string(port_);
    launch.environment["BAO_CACERT"] = world_.bao().ca_file();
    launch.environment["BAO_TOKEN"] = read_file(token_file_, 4096).value_or("");
    return launch;
}

// ----------------------------------------------------------------------------------------------------------- repeater

Repeater::Repeater(test::Launch launch) {
    int in[2], out[2], report[2];
    require(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0 && ::pipe2(report, O_CLOEXEC) == 0, "pipes");
    const Fd in_read(in[0]), out_write(out[1]), report_write(report[1]);
    in_ = Fd(in[1]);
    out_ = Fd(out[0]);
    report_ = Fd(report[0]);
    launch.fds = {{in_read.get(), 0}, {out_write.get(), 1}, {report_write.get(), kReportFd}};
    auto process = test::Child::start(launch);
    require(process.has_value(), launch.argv.front());
    process_.emplace(std::move(*process));
}

void Repeater::ready() {
    char dot;
    if (::read(out_.get(), &dot, 1) != 1) require(false, "a starter: " + process_->output(std::chrono::seconds(5)));
}

bool Repeater::order() const { return ::write(in_.get(), "g", 1) == 1; }

std::int64_t Repeater::reported() {
    pollfd ends[] = {{report_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}};
    std::int64_t got[2] = {0, -1};
    // The starter's dot without a report before it: the launch has failed.
    if (::poll(ends, 2, kPatience) < 1 || (::poll(ends, 1, 0) != 1) ||
        ::read(report_.get(), got, sizeof got) != sizeof got) {
        note("no report: " + process_->output(std::chrono::milliseconds(200)));
        return -1;
    }
    return got[1] == static_cast<std::int64_t>(kSecretLength) ? got[0] : -1;
}

std::int64_t Repeater::launch() {
    ready();
    const std::int64_t start = now_ns();
    if (!order()) return -1;
    const std::int64_t end = reported();
    return end < 0 ? -1 : end - start;
}

// -------------------------------------------------------------------------------------------------------------- series

Turns in_turns(const test::World& world, const Launches& launches, int runs, const std::string& what) {
    require(launches.ours() > 0, "first launch");
    Repeater floor(launches.floor("warm")), ours(launches.ours_repeated());
    Turns turns;
    const auto trips_before = world.counter("Secret1", "read_round_trips");
    turns.ours = repeat(runs, what, [&] {
        const std::int64_t least = floor.launch(), took = ours.launch();
        require(least > 0, "the floor");
        turns.floor.push_back(ms(least));
        turns.over.push_back(ms(took - least));
        return took;
    });
    turns.round_trips = static_cast<double>(world.counter("Secret1", "read_round_trips") - trips_before) / runs;
    return turns;
}

std::vector<double> repeat(int runs, const std::string& what, const std::function<std::int64_t()>& once) {
    note("measuring " + what + ", " + std::to_string(runs) + " runs");
    std::vector<double> values;
    for (int i = 0; i < runs; ++i) {
        const std::int64_t took = once();
        require(took > 0, what);
        values.push_back(ms(took));
    }
    return values;
}

}  // namespace ct::bench
