// SPDX-License-Identifier: Apache-2.0
// ./dev bench attest: verdicts a second and core for each kind, against what OpenSSL alone needs for the signature that no verdict
// can do without; how the rate grows with threads; and how long a verdict takes where evidence comes at 80 % of that rate.
#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <random>
#include <thread>

#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/snp_bundle.h"
#include "bench/measure.h"
#include "support/simulated_nsm.h"
#include "support/simulated_snp.h"
#include "unit/attest/verify/tdx_rig.h"
#include "unit/attest/verify/tpm2_rig.h"

using namespace ct;

namespace {

constexpr WallTime kAt{Seconds(1'790'000'000)};

Sha512 binding() {
    Sha512 out{};
    out.fill(0x42);
    return out;
}

// One exchange, ready to be judged over and over: the same bytes every time, as from one machine that attests again.
struct Machine {
    std::string kind;
    Bytes introduction, kept, evidence;
    Sha512 over = binding();
    WallTime at = kAt;
    std::vector<std::string> enrolled = {};
    attest::Collateral collateral = {};
    attest::CollateralReader::Digests digests = {};
    std::shared_ptr<const attest::KindPolicy> policy;
    const char* curve = "P-384";  // of the signature that is new each time
    std::size_t signatures = 1;   // of that curve in one piece of evidence; of those only the last is new each time

    // As the gate's judge does, which knows the chip from before; or as one that does not.
    void judge(attest::Memo* memo) const {
        attest::CollateralReader reader(collateral, memo != nullptr ? &digests : nullptr);
        const auto verdict = attest::find_verifier(kind)->verify({.introduction = introduction,
                                                                  .kept = kept,
                                                                  .evidence = evidence,
                                                                  .binding = over,
                                                                  .at = at,
                                                                  .enrolled = enrolled,
                                                                  .collateral = &reader,
                                                                  .memo = memo},
                                                                 *policy);
        bench::require(verdict.affirming(), kind + ": " + (verdict.affirming() ? "" : verdict.findings[0].detail));
    }
};

std::shared_ptr<const attest::KindPolicy> policy(const std::string& kind, const std::string& lines,
                                                 const attest::Attachments& files) {
    const auto document = config::Document::parse("[t]\n" + lines, "policy.toml");
    bench::require(document.has_value(), "policy of " + kind);
    auto parsed = attest::find_verifier(kind)->parse_policy(*document->root().get("t"), files);
    bench::require(parsed.has_value(), "policy of " + kind + (parsed ? "" : ": " + parsed.error().to_string()));
    return *parsed;
}

Machine snp() {
    const test::SimulatedSnp chip({.at = kAt});
    auto fields = chip.fields();
    fields.report_data = binding();
    const Bytes report = chip.sign(fields), leaf = chip.signing_key_certificate(),
                ask = chip.intermediate_certificate();
    Machine out{.kind = "simulated-sev-snp",
                .introduction = attest::snp::encode(attest::snp::Introduction{}),
                .kept = {},
                .evidence = attest::snp::encode(attest::snp::Evidence{report, {leaf, ask}})};
    out.collateral["amd/crl/Milan"] = chip.revocation_list({}, kAt - std::chrono::days(3), kAt + std::chrono::days(30));
    out.policy = policy(out.kind, "measurement = '" + hex_encode(fields.measurement) + "'\nroots = 'maker.pem'\n",
                        {{"maker.pem", chip.root_pem()}});
    return out;
}

Machine nitro() {
    const test::SimulatedNsm nsm(kAt);
    test::NitroPayload said;
    said.user_data = to_vector(as_bytes(attest::nitro::kPurpose));
    said.nonce = to_vector(binding());
    const Bytes document = nsm.document(said);
    Machine out{.kind = "simulated-nitro",
                .introduction = attest::nitro::encode(attest::nitro::Introduction{}),
                .kept = {},
                .evidence = attest::nitro::encode(attest::nitro::Evidence{document})};
    out.policy = policy(out.kind, "pcrs = { '0' = '" + hex_encode(said.pcrs.at(0)) + "' }\nroots = 'maker.pem'\n",
                        {{"maker.pem", nsm.root_pem()}});
    return out;
}

Machine tdx() {
    const auto exchange = attest::tdx::Rig{}.make();
    Machine out{.kind = exchange.kind,
                .introduction = attest::tdx::encode_introduction(),
                .kept = {},
                .evidence = attest::tdx::encode(attest::tdx::Evidence{exchange.quote, exchange.event_log})};
    out.over = exchange.binding;
    out.at = exchange.at;
    out.collateral = exchange.collateral;
    out.policy = exchange.rules;
    out.curve = "P-256";
    out.signatures = 2;  // the quote, and the quoting enclave's report
    return out;
}

Machine tpm2() {
    const auto rig = attest::tpm::Tpm2Rig::start();
    bench::require(rig != nullptr, "a software TPM");
    const auto rules = attest::tpm::policy(rig->pcr_lines() + rig->ak_lines());
    const auto exchange = rig->genuine(*rules);
    Machine out{
        .kind = "tpm2", .introduction = exchange.introduction, .kept = exchange.kept, .evidence = exchange.evidence};
    out.over = exchange.binding;
    out.at = exchange.at;
    out.enrolled = exchange.enrolled;
    out.policy = rules;
    out.curve = "P-256";
    return out;
}

// Calls a second on `threads`, over `span`.
double rate(const std::function<void(attest::Memo*)>& work, unsigned threads, std::chrono::milliseconds span) {
    std::atomic<std::uint64_t> done = 0;
    std::vector<std::thread> all;
    const auto from = bench::now_ns();
    const auto until = from + std::chrono::nanoseconds(span).count();
    for (unsigned i = 0; i < threads; ++i)
        all.emplace_back([&] {
            attest::Memo memo;
            for (; bench::now_ns() < until; ++done)
                work(&memo);
        });
    for (auto& thread : all)
        thread.join();
    return static_cast<double>(done) * 1e9 / static_cast<double>(bench::now_ns() - from);
}

// OpenSSL's own: one verification of a signature by a key that is loaded already.
std::function<void(attest::Memo*)> raw_verification(const std::string& curve) {
    const std::shared_ptr<EVP_PKEY> key(EVP_EC_gen(curve.c_str()), EVP_PKEY_free);
    const EVP_MD* hash = curve == "P-384" ? EVP_sha384() : EVP_sha256();
    const Bytes message(1184, 0x5a);
    Bytes signature(256);
    std::size_t size = signature.size();
    const auto context = [] {
        return std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    };
    const auto sign = context();
    bench::require(EVP_DigestSignInit(sign.get(), nullptr, hash, nullptr, key.get()) == 1 &&
                       EVP_DigestSign(sign.get(), signature.data(), &size, message.data(), message.size()) == 1,
                   "a signature");
    signature.resize(size);
    return [=](attest::Memo*) {
        const auto verify = context();
        bench::require(
            EVP_DigestVerifyInit(verify.get(), nullptr, hash, nullptr, key.get()) == 1 &&
                EVP_DigestVerify(verify.get(), signature.data(), signature.size(), message.data(), message.size()) == 1,
            "a verification");
    };
}

// Evidence arrives by chance at 80 % of what one core can do; what a machine waits, its turn included.
bench::Spread under_load(const Machine& machine, double per_second, std::chrono::milliseconds span) {
    std::mt19937_64 random(1);
    std::exponential_distribution<double> gap(0.8 * per_second);
    std::vector<double> waits;
    attest::Memo memo;
    machine.judge(&memo);
    const auto start = static_cast<double>(bench::now_ns());
    const double end = start + 1e6 * static_cast<double>(span.count());
    double arrival = start;
    while (arrival < end) {
        arrival += gap(random) * 1e9;
        while (static_cast<double>(bench::now_ns()) < arrival) {
        }
        machine.judge(&memo);
        waits.push_back((static_cast<double>(bench::now_ns()) - arrival) / 1e3);
    }
    return bench::spread_of(std::move(waits));
}

}  // namespace

int main(int argc, char** argv) {
    const std::chrono::milliseconds span(argc > 1 ? std::atoi(argv[1]) : 2000);
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    struct Goal {
        Machine (*make)();
        double share;  // of OpenSSL's rate, at least
    };
    for (const Goal& goal : {Goal{snp, 0.95}, Goal{tdx, 0.85}, Goal{nitro, -1}, Goal{tpm2, -1}}) {
        Machine machine = goal.make();
        for (const auto& [name, content] : machine.collateral)
            machine.digests.emplace(name, crypto::sha256(content));
        const auto judge = [&](attest::Memo* memo) { machine.judge(memo); };
        const double cold = rate([&](attest::Memo*) { machine.judge(nullptr); }, 1, span / 2);
        const auto raw = raw_verification(machine.curve);
        // In turns, so that a slow moment of the machine meets both.
        std::vector<double> ours, limits;
        for (int i = 0; i < 5; ++i) {
            limits.push_back(rate(raw, 1, span / 5) / static_cast<double>(machine.signatures));
            ours.push_back(rate(judge, 1, span / 5));
        }
        const double one = bench::spread_of(ours).p50, limit = bench::spread_of(limits).p50;
        const double all = rate(judge, cores, span),
                     all_limit = rate(raw, cores, span) / static_cast<double>(machine.signatures);
        const auto waits = under_load(machine, one, span);
        const double share = 1e6 / one - 1e6 / limit / static_cast<double>(machine.signatures);
        bench::note(fmt::format(
            "{}: {:.0f} verdicts a second and core, OpenSSL alone {:.0f} ({:.2f}); {:.0f} us beside the new "
            "signature (goal: 50); {:.2f} times as many with {} cores; of an unknown chip {:.0f} a second; at "
            "80 % load p50 {:.0f} us, p99 {:.0f} us",
            machine.kind, one, limit, one / limit, share, all / one, cores, cold, waits.p50, waits.p99));
        bench::print({.bench = "attest_" + machine.kind,
                      .unit = "us",
                      .ours = 1e6 / one,
                      .peer = "OpenSSL " + std::string(machine.curve) + " x" + std::to_string(machine.signatures),
                      .theirs = 1e6 / limit,
                      .limit = 1e6 / limit,
                      .runs = ours.size(),
                      .goal = goal.share > 0 ? 1e6 / limit / goal.share : -1,
                      .beside = {{"verdicts_per_second", one},
                                 {"cold_verdicts_per_second", cold},
                                 {"us_beside_the_new_signature", std::max(share, 0.0)},
                                 {"cores", cores},
                                 {"growth_with_cores", all / one},
                                 {"growth_of_openssl", all_limit / limit},
                                 {"p50_at_80_percent_us", waits.p50},
                                 {"p99_at_80_percent_us", waits.p99}}});
    }
    return 0;
}
