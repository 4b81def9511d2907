// SPDX-License-Identifier: Apache-2.0
// ./dev bench gate [LEASES]: the gate's own share of a release on loopback (from hello to challenge, and from proof to sealed
// token, with OpenBao's minting and the record on disk), what it holds in memory with that many live leases, and how long it takes
// to end them all.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "attest/evidence/snp_bundle.h"
#include "bench/measure.h"
#include "bus/gate/gate_rig.h"
#include "codec/hex.h"
#include "support/company.h"
#include "support/simulated_snp.h"

using namespace ct;

namespace {

WallTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

// A processor whose reports cost the node next to nothing.
class PaperProcessor final : public attest::Collector {
public:
    explicit PaperProcessor(const test::SimulatedSnp& chip) : chip_(chip) {}
    [[nodiscard]] std::string_view kind() const override { return "simulated-sev-snp"; }
    Result<Bytes> introduction() override { return attest::snp::encode(attest::snp::Introduction{}); }
    Result<Bytes> collect(ByteView, const Sha512& binding) override {
        auto fields = chip_.fields();
        fields.report_data = binding;
        const Bytes report = chip_.sign(fields), leaf = chip_.signing_key_certificate(),
                    ask = chip_.intermediate_certificate();
        return attest::snp::encode(attest::snp::Evidence{report, {leaf, ask}});
    }
    Result<std::map<std::string, std::string>> fingerprints() override { return std::map<std::string, std::string>{}; }
    void release() override {}

private:
    const test::SimulatedSnp& chip_;
};

// Proportional set size in KiB of the gate and its judges.
std::pair<double, double> memory_of_gate() {
    double gate = 0, judges = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream name(entry.path() / "comm"), rollup(entry.path() / "smaps_rollup");
        std::string comm, line;
        std::getline(name, comm);
        if (comm != "cloudtaser-gate" && comm != "cloudtaser-judg") continue;
        while (std::getline(rollup, line))
            if (line.starts_with("Pss:")) (comm == "cloudtaser-gate" ? gate : judges) += std::atof(line.c_str() + 4);
    }
    return {gate, judges};
}

// Processor time in seconds that all processes of this name have had.
double processor_time(std::string_view name) {
    double out = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream comm(entry.path() / "comm"), stat(entry.path() / "stat");
        std::string own, text;
        if (!std::getline(comm, own) || own != name || !std::getline(stat, text)) continue;
        // Fields 14 and 15; the second one, the name, is in parentheses.
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        for (int i = 3; i < 14; ++i)
            fields >> text;
        double user = 0, system = 0;
        fields >> user >> system;
        out += (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    return out;
}

class Bench final : public test::GateRig {
public:
    void TestBody() override {}
    void run(std::size_t leases);

private:
    double once(attest::Collector& collector);
    void write_policy_of(const test::SimulatedSnp& chip, int epoch);
    double end_all(const test::SimulatedSnp& chip, std::size_t leases);
};

void Bench::write_policy_of(const test::SimulatedSnp& chip, int epoch) {
    folder_.write("policy.d/maker.pem", chip.root_pem());
    folder_.write(
        "policy.d/payments.toml",
        "epoch = " + std::to_string(epoch) +
            "\n[workload.payments]\nevidence = [\"simulated-sev-snp\"]\ntoken_role = \"wl-payments\"\n"
            "token_ttl = \"1h\"\n[workload.payments.simulated-sev-snp]\nroots = \"maker.pem\"\nmeasurement = \"" +
            hex_encode(chip.fields().measurement) + "\"\n");
}

// The gate's milliseconds of one release.
double Bench::once(attest::Collector& collector) {
    std::int64_t hello = 0, challenge = 0, proof = 0;
    const test::Tampering clock{.hello = [&](auto&) { hello = bench::now_ns(); },
                                .challenge = [&](auto&) { challenge = bench::now_ns(); },
                                .binding = {},
                                .proof = [&](auto&) { proof = bench::now_ns(); }};
    const auto answer = ask_as(node_, collector, clock);
    const auto end = bench::now_ns();
    bench::require(answer == "released", "a release: " + answer);
    return static_cast<double>(challenge - hello + end - proof) / 1e6;
}

double Bench::end_all(const test::SimulatedSnp& chip, std::size_t leases) {
    write_policy_of(chip, 2);
    const auto from = bench::now_ns();
    bench::require(reload().has_value(), "a reload");
    // Asked now and then: gate and OpenBao need the processors.
    for (; counter("leases_ended") < leases; ::poll(nullptr, 0, 50))
        bench::require(bench::now_ns() - from < 120'000'000'000, "all leases to end");
    return static_cast<double>(bench::now_ns() - from) / 1e9;
}

void Bench::run(std::size_t leases) {
    SetUp();
    const test::SimulatedSnp chip({.at = now()});
    PaperProcessor processor(chip);
    const test::Company company(1);
    const auto second = std::chrono::floor<Seconds>(now());
    folder_.write(
        "collateral",
        company.sign_text({.serial = 1,
                           .made = second,
                           .until = second + std::chrono::days(20),
                           .items = {{"amd/crl/Milan", chip.revocation_list({}, now() - std::chrono::days(1),
                                                                            now() + std::chrono::days(30))}}}));
    start({}, company.toml("collateral", folder_.file("collateral")));
    write_policy_of(chip, 1);
    bench::require(reload().has_value(), "the policy");
    for (int i = 0; i < 20; ++i)
        (void)once(processor);
    const auto idle = memory_of_gate();
    std::vector<double> times;
    for (std::size_t i = 20; i < leases; ++i) {
        times.push_back(once(processor));
        if (times.size() % 1000 == 0) bench::note(std::to_string(i) + " leases");
    }
    const auto spread = bench::spread_of(times);
    const auto full = memory_of_gate();
    bench::note("hello to challenge and proof to sealed token: p50 " + std::to_string(spread.p50) + " ms, p99 " +
                std::to_string(spread.p99) + " ms (goal: 10); gate " + std::to_string(full.first / 1024) +
                " MiB with " + std::to_string(leases) + " live leases (" + std::to_string(idle.first / 1024) +
                " with 20; goal: 32), its judges " + std::to_string(full.second / 1024) + " MiB");
    bench::print({.bench = "gate_release",
                  .unit = "ms",
                  .ours = spread.p50,
                  .peer = "",
                  .runs = spread.runs,
                  .goal = 10,
                  .beside = {{"p99", spread.p99}}});
    bench::print({.bench = "gate_memory",
                  .unit = "MiB",
                  .ours = full.first / 1024,
                  .peer = "",
                  .runs = leases,
                  .goal = 32,
                  .beside = {{"with_20_leases", idle.first / 1024}, {"judges", full.second / 1024}}});
    const double bao = processor_time("bao"), gate = processor_time("cloudtaser-gate");
    const double seconds = end_all(chip, leases);
    const double of_bao = processor_time("bao") - bao, of_gate = processor_time("cloudtaser-gate") - gate;
    // It can't be done before OpenBao has had that time on all cores.
    const double limit = of_bao / static_cast<double>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
    bench::note("all of them ended at OpenBao after " + std::to_string(seconds) +
                " s (goal: 5), of which OpenBao took " + std::to_string(of_bao) + " s of processor time, the gate " +
                std::to_string(of_gate));
    bench::print({.bench = "gate_end_all",
                  .unit = "s",
                  .ours = seconds,
                  .peer = "",
                  .limit = limit,
                  .runs = leases,
                  .goal = 5,
                  .beside = {{"processor_seconds_of_openbao", of_bao}, {"processor_seconds_of_gate", of_gate}}});
}

}  // namespace

int main(int argc, char** argv) {
    // The rig is a test's; its complaints are ours.
    testing::InitGoogleTest(&argc, argv);
    const auto leases = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10000;
    struct Suite final : test::GateRig {
        static void begin() { SetUpTestSuite(); }
        static void end() { TearDownTestSuite(); }
        void TestBody() override {}
    };
    Suite::begin();
    {
        Bench bench;
        bench.run(leases);
    }
    Suite::end();
    return 0;
}
