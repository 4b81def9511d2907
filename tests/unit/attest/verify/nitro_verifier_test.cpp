// SPDX-License-Identifier: Apache-2.0
// Kind "simulated-nitro": everything but AWS's own keys is as with "nitro". One good exchange, and each way to bend it.
#include <gtest/gtest.h>

#include <functional>

#include "attest/collect/nitro/collector.h"
#include "attest/evidence/nitro_bundle.h"
#include "attest/verify/nitro/policy.h"
#include "attest/verify/verifier.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "config/tree.h"
#include "nitro_mutants.h"
#include "support/print_reason.h"
#include "support/simulated_nsm.h"

namespace ct::attest::nitro {
namespace {

using Reasons = std::vector<Reason>;
using test::NitroPayload;
using test::SimulatedNsm;

constexpr WallTime kAt{Seconds(1'790'000'000)};
constexpr std::chrono::hours kHour{1};

const Verifier& verifier() { return *find_verifier("simulated-nitro"); }

Sha512 binding() {
    Sha512 out;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(3 * i + 1);
    return out;
}

std::string pcr(std::uint8_t byte) { return "'" + hex_encode(Bytes(48, byte)) + "'"; }
// Takes what NitroPayload holds by default.
const std::string kPcrs = "pcrs = { '0' = " + pcr(0xa0) + ", '4' = " + pcr(0) + " }\n";
const std::string kRoots = "roots = 'maker.pem'\n";

// What a good document says.
NitroPayload content() {
    NitroPayload out;
    out.user_data = to_vector(as_bytes(kPurpose));
    out.nonce = to_vector(binding());
    return out;
}

// One exchange that is good unless bent.
struct Exchange {
    SimulatedNsm nsm{kAt};
    NitroPayload said = content();
    std::function<void(Bytes&)> bend_document = {};
    std::string policy = kPcrs + kRoots;
    std::string root_pem = nsm.root_pem();
    std::string_view kind = "simulated-nitro";
    WallTime at = kAt;

    [[nodiscard]] Verdict judge() const {
        const auto document = config::Document::parse("[t]\n" + policy, "p.toml");
        EXPECT_TRUE(document) << document.error().to_string();
        const Verifier& judge = *find_verifier(kind);
        const auto rules = judge.parse_policy(*document->root().get("t"), {{"maker.pem", root_pem}});
        if (!rules) {
            ADD_FAILURE() << rules.error().to_string();
            return {};
        }
        Bytes signed_document = nsm.document(said);
        if (bend_document) bend_document(signed_document);
        const Bytes introduction = encode(Introduction{}), evidence = encode(Evidence{signed_document});
        return judge.verify({.introduction = introduction,
                             .kept = {},
                             .evidence = evidence,
                             .binding = binding(),
                             .at = at,
                             .enrolled = {},
                             .collateral = nullptr},
                            **rules);
    }
};

struct Case {
    const char* what;
    std::function<void(Exchange&)> bend;
    Reasons reasons;
};

void expect(const std::vector<Case>& cases) {
    for (const auto& one : cases) {
        Exchange exchange;
        one.bend(exchange);
        const Verdict verdict = exchange.judge();
        Reasons found;
        std::string details;
        for (const Finding& finding : verdict.findings) {
            found.push_back(finding.reason);
            details += "\n  " + std::string(to_string(finding.reason)) + ": " + finding.detail;
        }
        EXPECT_EQ(found, one.reasons) << one.what << details;
        if (!verdict.affirming()) {
            EXPECT_EQ(verdict.expires, exchange.at) << one.what;
        }
    }
}

TEST(NitroVerifier, AcceptsAGoodDocumentUntilTheFirstOfItsPartsEnds) {
    Exchange exchange;
    for (const unsigned unused : {5, 8})
        exchange.said.pcrs[unused] = Bytes(48);
    const Verdict verdict = exchange.judge();
    EXPECT_TRUE(verdict.affirming()) << verdict.findings.front().detail;
    EXPECT_EQ(verdict.expires, exchange.nsm.leaf_end) << "the certificate's end";
    EXPECT_EQ(verdict.claims.at("document"), "enclave");
    EXPECT_EQ(verdict.claims.at("module_id"), exchange.said.module_id);
    EXPECT_EQ(verdict.claims.at("timestamp"), "1600000000000");
    EXPECT_EQ(verdict.claims.at("pcr0"), hex_encode(Bytes(48, 0xa0)));
    EXPECT_EQ(verdict.claims.at("user_data"), hex_encode(as_bytes("cloudtaser/nitro/v1")));
    EXPECT_EQ(verdict.claims.at("pcr8"), hex_encode(Bytes(48)))
        << "an image that nobody signed: a deny list can say so";
    EXPECT_FALSE(verdict.claims.contains("pcr5")) << "zero, as most are";
    EXPECT_FALSE(verdict.claims.contains("public_key"));
    exchange.policy =
        "pcrs = { '0' = { value = " + pcr(0xa0) + ", until = '" + format_timestamp(kAt + kHour) + "' } }\n" + kRoots;
    EXPECT_EQ(exchange.judge().expires, kAt + kHour) << "the reference value's end";
}

TEST(NitroVerifier, RefusesEachThingThatADocumentMustNotSay) {
    const auto with = [](std::function<void(NitroPayload&)> bend) {
        return [bend = std::move(bend)](Exchange& e) { bend(e.said); };
    };
    expect({
        {"another binding", with([](auto& d) { (*d.nonce)[63] ^= 1; }), {Reason::evidence_nonce_mismatch}},
        {"half a binding", with([](auto& d) { d.nonce->resize(32); }), {Reason::evidence_nonce_mismatch}},
        {"no nonce", with([](auto& d) { d.nonce.reset(); }), {Reason::evidence_nonce_mismatch}},
        {"another purpose", with([](auto& d) { d.user_data->back() = '2'; }), {Reason::evidence_wrong_type}},
        {"no purpose", with([](auto& d) { d.user_data.reset(); }), {Reason::evidence_wrong_type}},
        {"a key of another service", with([](auto& d) { d.public_key = Bytes(91, 1); }), {Reason::evidence_wrong_type}},
        {"PCRs of a NitroTPM",
         with([](auto& d) { d.pcrs_name = "nitrotpm_pcrs"; }),
         {Reason::evidence_configuration_mismatch}},
        {"debug mode",
         with([](auto& d) { d.pcrs[0] = d.pcrs[1] = d.pcrs[2] = Bytes(48); }),
         {Reason::evidence_debug, Reason::evidence_measurement_mismatch}},
        {"PCR 1 zero", with([](auto& d) { d.pcrs[1] = Bytes(48); }), {Reason::evidence_debug}},
        {"PCR 2 zero", with([](auto& d) { d.pcrs[2] = Bytes(48); }), {Reason::evidence_debug}},
        {"no PCR 0", with([](auto& d) { d.pcrs.erase(0); }), {Reason::evidence_measurement_missing}},
        {"no PCR 2", with([](auto& d) { d.pcrs.erase(2); }), {Reason::evidence_measurement_missing}},
        {"no PCR 4", with([](auto& d) { d.pcrs.erase(4); }), {Reason::evidence_measurement_missing}},
        {"another image", with([](auto& d) { d.pcrs[0][47] ^= 1; }), {Reason::evidence_measurement_mismatch}},
        {"another instance", with([](auto& d) { d.pcrs[4][0] = 1; }), {Reason::evidence_measurement_mismatch}},
        {"another kernel, which the policy leaves open", with([](auto& d) { d.pcrs[1][0] ^= 1; }), {}},
        {"an old clock", with([](auto& d) { d.timestamp = 1; }), {}},
        {"a map of definite length", with([](auto& d) { d.indefinite = false; }), {}},
        {"everything at once",
         with([](auto& d) {
             d.user_data.reset();
             d.nonce.reset();
             d.pcrs_name = "nitrotpm_pcrs";
             d.pcrs = {{1, Bytes(48)}};
         }),
         {Reason::evidence_nonce_mismatch, Reason::evidence_wrong_type, Reason::evidence_configuration_mismatch,
          Reason::evidence_measurement_missing, Reason::evidence_debug, Reason::evidence_measurement_missing}},
    });
}

TEST(NitroVerifier, RefusesEachBreakInTheChain) {
    expect({
        {"a root that the policy does not name",
         [](Exchange& e) { e.root_pem = SimulatedNsm(kAt).root_pem(); },
         {Reason::evidence_chain_invalid}},
        {"a root that came with the evidence and is not looked at", [](Exchange& e) { e.nsm.cabundle[0] = {1}; }, {}},
        {"no intermediate", [](Exchange& e) { e.nsm.cabundle.resize(1); }, {Reason::evidence_chain_invalid}},
        {"an intermediate where the root would be",
         [](Exchange& e) { std::swap(e.nsm.cabundle[0], e.nsm.cabundle[1]); },
         {Reason::evidence_chain_invalid}},
        {"an intermediate that is no certificate",
         [](Exchange& e) { e.nsm.cabundle[1] = Bytes(9); },
         {Reason::evidence_malformed}},
        {"a certificate that is none", [](Exchange& e) { e.nsm.leaf = Bytes(9); }, {Reason::evidence_malformed}},
        {"a certificate with a byte after it",
         [](Exchange& e) { e.nsm.leaf.push_back(0); },
         {Reason::evidence_malformed}},
        {"another device of the same form",
         [](Exchange& e) { e.nsm.leaf = SimulatedNsm(kAt).leaf; },
         {Reason::evidence_signature_invalid, Reason::evidence_chain_invalid}},
        {"an authority that signs itself",
         [](Exchange& e) { e.nsm.leaf = e.nsm.cabundle[1]; },
         {Reason::evidence_algorithm_weak, Reason::evidence_key_attributes}},
        {"an expired certificate", [](Exchange& e) { e.at = kAt + 4 * kHour; }, {Reason::evidence_certificate_expired}},
        {"a certificate that is not good yet",
         [](Exchange& e) { e.at = kAt - 2 * kHour; },
         {Reason::evidence_certificate_expired}},
        {"a tagged document", [](Exchange& e) { e.bend_document = [](Bytes& d) { d.insert(d.begin(), 0xd2); }; }, {}},
        {"a byte of the signature",
         [](Exchange& e) { e.bend_document = [](Bytes& d) { d.back() ^= 1; }; },
         {Reason::evidence_signature_invalid}},
        {"a signature of zeros",
         [](Exchange& e) { e.bend_document = [](Bytes& d) { std::fill(d.end() - 96, d.end(), 0); }; },
         {Reason::evidence_signature_invalid}},
        {"a document cut short",
         [](Exchange& e) { e.bend_document = [](Bytes& d) { d.pop_back(); }; },
         {Reason::evidence_malformed}},
        {"an allowed value past its end",
         [](Exchange& e) {
             e.policy = "pcrs = { '0' = { value = " + pcr(0xa0) + ", until = '" + format_timestamp(kAt - kHour) +
                        "' } }\n" + kRoots;
         },
         {Reason::evidence_measurement_mismatch}},
    });
}

TEST(NitroVerifier, OfTheRealKindTakesNoSimulatedDevice) {
    Exchange exchange;
    exchange.kind = "nitro";
    exchange.policy = kPcrs;
    const Verdict verdict = exchange.judge();
    ASSERT_EQ(verdict.findings.size(), 1U);
    EXPECT_EQ(verdict.findings[0].reason, Reason::evidence_chain_invalid);
    ASSERT_EQ(aws_root().size(), 1U);
    EXPECT_EQ(hex_encode(crypto::sha256(aws_root()[0].der().value())),
              "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b");
}

TEST(NitroVerifier, OfANitroTpmGoesByItsOwnPolicy) {
    Exchange exchange;
    exchange.said.pcrs_name = "nitrotpm_pcrs";
    exchange.policy = "document = 'nitrotpm'\npcrs = { '4' = " + pcr(0) + " }\n" + kRoots;
    EXPECT_TRUE(exchange.judge().affirming());
    exchange.said.pcrs_name = "pcrs";
    EXPECT_EQ(exchange.judge().findings.at(0).reason, Reason::evidence_configuration_mismatch);
}

// What the collector of a node sends is what this verifier takes.
TEST(NitroVerifier, AcceptsWhatTheCollectorBrings) {
    auto device = std::make_unique<SimulatedNsm>(kAt);
    const Attachments attachments{{"maker.pem", device->root_pem()}};
    const auto collector = make_nitro_collector(std::move(device), kSimulatedKind);
    EXPECT_EQ(collector->kind(), verifier().kind());
    const auto document = config::Document::parse("[t]\n" + kPcrs + kRoots, "p.toml");
    const auto rules = verifier().parse_policy(*document->root().get("t"), attachments);
    ASSERT_TRUE(rules);
    const auto introduction = collector->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    const auto request = verifier().request(*introduction, **rules, {}, kAt);
    ASSERT_TRUE(request) << request.error().to_string();
    const auto evidence = collector->collect(request->for_collector, binding());
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    Sha512 other = binding();
    other[0] ^= 1;
    const auto judge = [&](const Sha512& expected) {
        return verifier().verify({*introduction, request->kept, *evidence, expected, kAt, {}, nullptr}, **rules);
    };
    EXPECT_TRUE(judge(binding()).affirming());
    EXPECT_EQ(judge(other).findings.at(0).reason, Reason::evidence_nonce_mismatch);
}

TEST(NitroVerifier, AsksNoNodeThatCannotHaveWhatThePolicyWants) {
    const auto rules = [](const std::string& lines) {
        const auto document = config::Document::parse("[t]\n" + lines, "p.toml");
        return find_verifier("nitro")->parse_policy(*document->root().get("t")).value();
    };
    const auto reason = [&](const Bytes& introduction, const std::string& lines) {
        const auto request = find_verifier("nitro")->request(introduction, *rules(lines), {}, kAt);
        return request ? std::nullopt : std::optional(request.error().reason);
    };
    const std::string tpm = "document = 'nitrotpm'\n" + kPcrs;
    EXPECT_EQ(reason(encode(Introduction{Form::enclave}), kPcrs), std::nullopt);
    EXPECT_EQ(reason(encode(Introduction{Form::nitrotpm}), tpm), std::nullopt);
    EXPECT_EQ(reason(encode(Introduction{Form::nitrotpm}), kPcrs), Reason::evidence_configuration_mismatch);
    EXPECT_EQ(reason(encode(Introduction{Form::enclave}), tpm), Reason::evidence_configuration_mismatch);
    EXPECT_EQ(reason({}, kPcrs), Reason::evidence_malformed);
    EXPECT_FALSE(verifier().check_key("pcr0:aa"));
}

TEST(NitroPolicy, IsRefusedForEachMistakeWithItsLine) {
    struct Mistake {
        std::string_view what;
        std::string lines;
        unsigned line;  // the table's head is line 1
        std::string_view kind = "nitro";
    };
    const std::string zero = pcr(0), one = pcr(1);
    for (const auto& mistake : std::vector<Mistake>{
             {"no PCRs", "", 1},
             {"an empty table of PCRs", "pcrs = {}\n", 2},
             {"PCRs that are no table", "pcrs = 7\n", 2},
             {"PCR 32", "pcrs = { '32' = " + one + " }\n", 2},
             {"PCR 00", "pcrs = { '00' = " + one + " }\n", 2},
             {"PCR -1", "pcrs = { '-1' = " + one + " }\n", 2},
             {"a value too short", "pcrs = { '0' = 'aa' }\n", 2},
             {"a value of another hash", "pcrs = { '0' = '" + std::string(64, 'a') + "' }\n", 2},
             {"a value that is a number", "pcrs = { '0' = 0 }\n", 2},
             {"an image in debug mode", "pcrs = { '0' = " + zero + " }\n", 2},
             {"an image that nobody signed", "pcrs = { '8' = [" + one + ", " + zero + "] }\n", 2},
             {"the instance alone", "pcrs = { '4' = " + one + " }\n", 2},
             {"the application without its kernel", "pcrs = { '2' = " + one + " }\n", 2},
             {"an unknown form", kPcrs + "document = 'tpm'\n", 3},
             {"an unknown key", kPcrs + "pcr = 7\n", 3},
             {"a root for real devices", kPcrs + kRoots, 1},
             {"no root for simulated devices", kPcrs, 1, "simulated-nitro"},
             {"a root that is nowhere", kPcrs + "roots = 'other.pem'\n", 3, "simulated-nitro"},
         }) {
        const auto document = config::Document::parse("[t]\n" + mistake.lines, "p.toml");
        ASSERT_TRUE(document) << mistake.what;
        const auto rules =
            find_verifier(mistake.kind)
                ->parse_policy(*document->root().get("t"), {{"maker.pem", SimulatedNsm(kAt).root_pem()}});
        ASSERT_FALSE(rules) << mistake.what;
        EXPECT_EQ(rules.error().reason, Reason::config_invalid) << mistake.what;
        EXPECT_EQ(rules.error().context.find("p.toml:" + std::to_string(mistake.line) + ":"), 0U)
            << mistake.what << ": " << rules.error().context;
    }
}

TEST(NitroPolicy, TakesAnyOfTheWaysToNameAnImage) {
    for (const std::string& pcrs : {"'0' = " + pcr(1), "'8' = " + pcr(1), "'1' = " + pcr(1) + ", '2' = " + pcr(1),
                                    "'8' = [" + pcr(1) + ", " + pcr(2) + "], '31' = " + pcr(0)}) {
        const auto document = config::Document::parse("[t]\npcrs = { " + pcrs + " }\n", "p.toml");
        const auto rules = find_verifier("nitro")->parse_policy(*document->root().get("t"));
        ASSERT_TRUE(rules) << pcrs << rules.error().to_string();
        EXPECT_EQ(dynamic_cast<const NitroPolicy&>(**rules).form, Form::enclave);
    }
}

TEST(NitroVerifier, NoBitOfADocumentMayFlip) {
    Exchange exchange;
    exchange.said.pcrs = {{0, Bytes(48, 0xa0)}};
    EXPECT_GT(expect_no_mutant_passes(exchange.nsm.document(exchange.said)), 4000U);
}

}  // namespace
}  // namespace ct::attest::nitro
