// SPDX-License-Identifier: Apache-2.0
// ./dev soak [MINUTES]: programs are started and ended without pause, and nothing grows: not the daemons' memory, not their
// locked memory, not their descriptors, not the tokens at OpenBao. What grows for a while and then no more is no leak, so the
// medians of the first and the last quarter after a warm-up are compared.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <iterator>
#include <map>

#include "bench/measure.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/world.h"

using namespace ct;
using bench::note;
using bench::require;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kHeld = 16;       // programs that run at any time
constexpr int kLaunchesOfAGrant = 100;  // then it is revoked, with its sessions, and the next launch attests
constexpr const char* kDaemons[][2] = {
    {"secretd", "Secret1"}, {"attestd", "Attest1"}, {"identd", "Identity1"}, {"bridge", "Bridge1"}, {"gate", "Gate1"}};

// What may be there at the end beyond what was at the beginning.
double allowance(const std::string& what, double at_first) {
    if (what.ends_with("rss_kib")) return std::max(1536.0, at_first * 0.03);
    if (what.ends_with("locked_kib")) return 128;
    if (what == "tokens" || what == "sessions") return 4;
    return 2;  // descriptors
}

using Sample = std::map<std::string, double>;

double kib(const std::string& status, const std::string& key) {
    const auto at = status.find(key + ":");
    return at == std::string::npos ? 0 : std::strtod(status.c_str() + at + key.size() + 1, nullptr);
}

Sample take(test::World& world) {
    Sample sample;
    for (const auto& [daemon, area] : kDaemons) {
        const int pid = world.bus().pid_of(std::string("io.cloudtaser.") + area);
        require(pid > 0, std::string(daemon) + " runs");
        const std::string home = "/proc/" + std::to_string(pid);
        const auto status = read_file(home + "/status", 1 << 16).value_or("");
        const std::string name = std::string(daemon) + "_";
        sample[name + "rss_kib"] = kib(status, "VmRSS");
        sample[name + "locked_kib"] = kib(status, "VmLck");
        std::error_code error;
        sample[name + "descriptors"] =
            static_cast<double>(std::distance(std::filesystem::directory_iterator(home + "/fd", error), {}));
    }
    sample["sessions"] = static_cast<double>(world.session_states().size());
    const auto tokens = world.bao().admin("LIST", "auth/token/accessors").body;
    const auto keys = tokens.substr(std::min(tokens.find("\"keys\""), tokens.size()));
    sample["tokens"] = static_cast<double>(std::count(keys.begin(), std::find(keys.begin(), keys.end(), ']'), ','));
    return sample;
}

void show(const std::string& when, const Sample& sample, std::uint64_t launches) {
    std::printf("{\"soak\":\"%s\",\"launches\":%llu", when.c_str(), static_cast<unsigned long long>(launches));
    for (const auto& [what, value] : sample)
        std::printf(",\"%s\":%.0f", what.c_str(), value);
    std::printf("}\n");
    std::fflush(stdout);
}

double median(const std::vector<Sample>& samples, std::size_t from, std::size_t to, const std::string& what) {
    std::vector<double> values;
    for (std::size_t i = from; i < to; ++i)
        values.push_back(samples[i].at(what));
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    return values[values.size() / 2];
}

class Launcher {
public:
    explicit Launcher(test::World& world) : world_(world) {
        const std::string value = hex_encode(crypto::sha256(as_bytes("soak " + std::to_string(::getpid()))));
        digest_ = hex_encode(crypto::sha256(as_bytes(value)));
        world_.bao().put_kv("payments/soak", "{\"value\":\"" + value + "\"}");
        world_.map("SOAK", "kv/payments/soak#value");
        const auto reloaded = world_.reload_node();
        require(reloaded.has_value(), "reload");
    }
    // One program more; it says the digest of its secret and stays. The oldest goes.
    void turn() {
        if (++launches_ % kLaunchesOfAGrant == 0) require(world_.drop_grants().has_value(), "RevokeWorkload");
        auto child = test::Child::start(world_.run(
            {"/bin/sh", "-c", "printf %s \"$SOAK\" | sha256sum; exec sleep infinity >/dev/null 2>&1 </dev/null"}));
        require(child.has_value(), "start");
        const auto said = child->output(Millis(60'000));
        require(said.starts_with(digest_), "a program has its secret: " + said);
        held_.push_back(std::move(*child));
        if (held_.size() > kHeld) {
            require(held_.front().stop() == 128 + SIGTERM, "a program ends when it is told to");
            held_.pop_front();
        }
    }
    [[nodiscard]] std::uint64_t launches() const { return launches_; }

private:
    test::World& world_;
    std::string digest_;
    std::deque<test::Child> held_;
    std::uint64_t launches_ = 0;
};

// SIGTERM, and what the sanitizers, if they are built in, have to say at the end.
void end_daemons(test::World& world) {
    for (const auto& [daemon, area] : kDaemons)
        require(world.bus().kill(std::string("io.cloudtaser.") + area, SIGTERM).has_value(),
                std::string(daemon) + " ends when it is told to");
    const auto log = world.bus().log();
    const auto at = log.find("Sanitizer");
    require(at == std::string::npos, "sanitizers are content: " + log.substr(std::min(at, log.size()), 4000));
}

}  // namespace

int main(int argc, char** argv) {
    const double minutes = argc > 1 ? std::strtod(argv[1], nullptr) : 1;
    require(minutes > 0, "MINUTES is a number above zero");
    if (const auto why = test::World::missing()) {
        note("not measured: " + *why);
        return 0;
    }
    auto world = test::World::start();
    require(world.has_value(), world ? "" : world.error().to_string());
    std::vector<Sample> samples;
    {
        Launcher launcher(**world);
        const auto began = Steady::now();
        const auto end = began + std::chrono::duration<double>(minutes * 60);
        auto next_sample = began, next_line = began;
        while (Steady::now() < end) {
            launcher.turn();
            if (Steady::now() < next_sample) continue;
            next_sample = Steady::now() + std::chrono::seconds(1);
            samples.push_back(take(**world));
            if (Steady::now() < next_line) continue;
            const auto at = std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - began).count();
            show(std::to_string(at) + " s", samples.back(), launcher.launches());
            next_line += std::chrono::minutes(1);
        }
        show("end", samples.back(), launcher.launches());
    }
    end_daemons(**world);

    const std::size_t warm = samples.size() / 5, quarter = (samples.size() - warm) / 4;
    require(quarter > 0, "enough samples");
    bool grew = false;
    for (const auto& [what, value] : samples.front()) {
        const double first = median(samples, warm, warm + quarter, what);
        const double last = median(samples, samples.size() - quarter, samples.size(), what);
        if (last - first <= allowance(what, first)) continue;
        grew = true;
        note(what + " grew from " + std::to_string(first) + " to " + std::to_string(last));
    }
    require(!grew, "nothing grows");
    return 0;
}
