// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/ear.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/certificate_maker.h"
#include "crypto/ed25519.h"
#include "support/snp_case.h"

namespace ct::judge {
namespace {

constexpr Reason kReasons[] = {
#define CT_X(name, bus) Reason::name,
    CT_REASONS(CT_X)
#undef CT_X
};

json::Document parsed(const std::string& text) {
    auto document = json::Document::parse(SecretBuffer::copy_of(as_bytes(text)).value());
    if (!document) ADD_FAILURE() << document.error().to_string() << "\n" << text;
    return std::move(*document);
}

std::map<std::string, std::string> vector_of(const json::Value& root, std::string_view kind) {
    std::map<std::string, std::string> out;
    const auto vector = root.find("submods")->find(kind)->find("ear.trustworthiness-vector");
    for (auto claim = vector->first(); claim; claim = claim->next())
        out.emplace(claim->key(), claim->text());
    return out;
}

std::string status_of(const json::Value& root, std::string_view kind) {
    return std::string(root.find("submods")->find(kind)->find("ear.status")->text());
}

Decision decision(const std::string& kinds) {
    Decision out;
    out.kinds = kinds;
    out.workload = "payments";
    out.at = test::kNow;
    out.expires = test::kNow + Seconds(600);
    out.policy_hash = test::filled<32>(0x0f);
    return out;
}

TEST(Ear, EveryReasonOfEvidenceHasAValueOfItsOwnAndEachValueIsARefusal) {
    const TrustValue otherwise = trust_value(Reason::internal);
    std::size_t of_evidence = 0;
    for (const Reason reason : kReasons) {
        const auto value = trust_value(reason);
        EXPECT_EQ(tier_of(value.value), Tier::contraindicated) << to_string(reason);
        if (!to_string(reason).starts_with("evidence_")) continue;
        EXPECT_FALSE(value == otherwise) << to_string(reason) << " has no row in ear.cpp";
        ++of_evidence;
    }
    EXPECT_GE(of_evidence, 37U);
}

TEST(Ear, TiersAreThoseOfTheDraft) {
    const std::pair<int, Tier> rows[] = {{-1, Tier::none},
                                         {0, Tier::none},
                                         {1, Tier::none},
                                         {2, Tier::affirming},
                                         {31, Tier::affirming},
                                         {-2, Tier::affirming},
                                         {-32, Tier::affirming},
                                         {32, Tier::warning},
                                         {95, Tier::warning},
                                         {-33, Tier::warning},
                                         {-96, Tier::warning},
                                         {96, Tier::contraindicated},
                                         {127, Tier::contraindicated},
                                         {-97, Tier::contraindicated},
                                         {-128, Tier::contraindicated}};
    for (const auto& [value, tier] : rows)
        EXPECT_EQ(tier_of(static_cast<std::int8_t>(value)), tier) << value;
}

TEST(Ear, OfAGrantIsWordForWord) {
    auto granted = decision("tpm2");
    granted.node = "node-1";
    granted.policy_epoch = 7;
    granted.claims["tpm2"]["pcr7"] = "ab";
    EXPECT_EQ(ear_claims(granted, {.record = "20261124T140305.123456Z-00", .nonce = Bytes{1, 2, 3, 4, 5, 6}}),
              "{\"cloudtaser.node\":\"node-1\",\"cloudtaser.policy-epoch\":7,"
              "\"cloudtaser.record\":\"20261124T140305.123456Z-00\",\"cloudtaser.workload\":\"payments\","
              "\"ear.verifier-id\":{\"build\":\"cloudtaser " CT_VERSION
              "\",\"developer\":\"https://cloudtaser.io\"},\"eat_nonce\":\"AQIDBAUG\","
              "\"eat_profile\":\"tag:github.com,2023:veraison/ear\",\"exp\":1795529585,\"iat\":1795528985,"
              "\"submods\":{\"tpm2\":{\"cloudtaser.claims\":{\"pcr7\":\"ab\"},\"ear.appraisal-policy-id\":"
              "\"urn:cloudtaser:policy:sha256:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\","
              "\"ear.status\":\"affirming\",\"ear.trustworthiness-vector\":{\"configuration\":2,\"executables\":3,"
              "\"hardware\":2,\"instance-identity\":2}}}}");
}

TEST(Ear, WhatEachKindVouchesFor) {
    const std::map<std::string, std::string> base{{"configuration", "2"}, {"executables", "3"}, {"hardware", "2"}};
    auto opaque = base, simulated = base;
    opaque["runtime-opaque"] = "2";
    simulated["hardware"] = "-33";
    const auto all = decision("sev-snp+tdx+nitro+simulated-tdx");
    const auto document = parsed(ear_claims(all, {}));
    EXPECT_EQ(vector_of(document.root(), "sev-snp"), opaque);
    EXPECT_EQ(vector_of(document.root(), "tdx"), opaque);
    EXPECT_EQ(vector_of(document.root(), "nitro"), base);
    EXPECT_EQ(vector_of(document.root(), "simulated-tdx"), simulated);
    EXPECT_EQ(status_of(document.root(), "sev-snp"), "affirming");
    EXPECT_EQ(status_of(document.root(), "simulated-tdx"), "warning");
}

TEST(Ear, OfARefusalAffirmsNothingThatWasFoundAgainst) {
    auto refused = decision("sev-snp+tpm2");
    refused.expires = refused.at;
    refused.findings = {{Reason::evidence_debug, "sev-snp: debug"},
                        {Reason::evidence_revocation_unknown, "sev-snp: no list"},
                        {Reason::evidence_tcb_below_floor, "sev-snp: too old"},
                        {Reason::caller_not_allowed, "uid 5 is not in uids"},
                        {Reason::node_unknown, "no enrolled node has the key"}};
    const auto document = parsed(ear_claims(refused, {}));
    const auto root = document.root();
    EXPECT_EQ(vector_of(root, "sev-snp"),
              (std::map<std::string, std::string>{{"hardware", "96"}, {"runtime-opaque", "96"}}))
        << "a standard value stands before one of ours";
    EXPECT_EQ(status_of(root, "sev-snp"), "contraindicated");
    EXPECT_EQ(status_of(root, "tpm2"), "affirming");
    EXPECT_EQ(vector_of(root, "exchange"),
              (std::map<std::string, std::string>{{"configuration", "-98"}, {"instance-identity", "97"}}));
    const auto reasons = root.find("submods")->find("sev-snp")->find("cloudtaser.reasons");
    EXPECT_EQ(reasons->size(), 3U);
    EXPECT_EQ(reasons->first()->text(), "evidence_debug");
    EXPECT_FALSE(root.find("exp")) << "a refusal has no end";
}

TEST(Ear, OfEvidenceOfUnknownAgeIsNeverAffirming) {
    const auto document = parsed(ear_claims(decision("sev-snp+tpm2"), {.record = "", .nonce = {}, .fresh = false}));
    for (const std::string kind : {"sev-snp", "tpm2"}) {
        EXPECT_EQ(status_of(document.root(), kind), "warning");
        EXPECT_EQ(vector_of(document.root(), kind).at("instance-identity"), "-33");
    }
}

TEST(Ear, HostileTextStaysText) {
    auto odd = decision("tpm2");
    odd.workload = "a\"b\\c\n\x01\xff";
    odd.claims["tpm2"]["\",\"x\":\"y"] = "\u202e";
    const auto document = parsed(ear_claims(odd, {}));
    EXPECT_EQ(document.root().find("cloudtaser.workload")->text(), "a\"b\\c???");
    EXPECT_EQ(document.root().find("submods")->find("tpm2")->find("cloudtaser.claims")->size(), 1U);
}

TEST(Ear, ReportsTheVerdictOnARealExchange) {
    const test::SnpCase good, debug([](auto& report) { report.policy |= 1U << 19; });
    const auto granted = appraise(good.policy(), good.facts), refused = appraise(debug.policy(), debug.facts);
    ASSERT_TRUE(granted.granted()) << granted.findings.front().detail;
    const auto yes = parsed(ear_claims(granted, {})), no = parsed(ear_claims(refused, {}));
    EXPECT_EQ(status_of(yes.root(), test::kSnpKind), "warning") << "simulated";
    EXPECT_EQ(yes.root().find("cloudtaser.collateral")->text(), "sha256:" + hex_encode(good.makers.hash));
    EXPECT_EQ(yes.root().find("exp")->uint(), yes.root().find("iat")->uint().value() + 600);
    EXPECT_EQ(vector_of(no.root(), test::kSnpKind), (std::map<std::string, std::string>{{"runtime-opaque", "96"}}));
}

crypto::JwsKey p256() {
    const auto identity = crypto::make_identity("verifier", WallTime{}, WallTime{} + std::chrono::days(1));
    return crypto::JwsKey::from_pem(identity->key_pem.bytes()).value();
}
crypto::JwsKey ed25519() { return crypto::JwsKey::from_pem(crypto::Ed25519Key::generate()->pem()->bytes()).value(); }

TEST(EarToken, IsSignedByEitherAlgorithmAndNoByteOfItMayChange) {
    const std::string claims = ear_claims(decision("tpm2"), {});
    for (const auto& [key, word] : {std::pair(p256(), "ES256"), std::pair(ed25519(), "EdDSA")}) {
        const auto mine = key.public_key().value();
        auto token = sign_ear(claims, key).value();
        const auto header = base64url_decode(token.substr(0, token.find('.')), 1024).value();
        const auto document = parsed(std::string(as_text(header)));
        EXPECT_EQ(document.root().find("alg")->text(), word);
        EXPECT_EQ(document.root().find("kid")->text(), base64url_encode(mine.spki_sha256().value()));
        EXPECT_EQ(open_ear(token, mine).value(), claims);
        for (std::size_t i = 0; i < token.size(); ++i) {
            const char before = std::exchange(token[i], token[i] == 'A' ? 'B' : 'A');
            EXPECT_FALSE(open_ear(token, mine)) << i;
            token[i] = before;
        }
        for (const auto& other : {p256().public_key().value(), ed25519().public_key().value()})
            EXPECT_EQ(open_ear(token, other).error().reason, Reason::evidence_signature_invalid);
    }
    for (const char* bad : {"", ".", "..", "a.b", "a.b.c", "e30.e30."})
        EXPECT_FALSE(open_ear(bad, p256().public_key().value())) << bad;
}

TEST(EarToken, KeysOfOtherKindsAreRefused) {
    EXPECT_EQ(crypto::JwsKey::from_pem(as_bytes("no PEM")).error().reason, Reason::malformed);
}

}  // namespace
}  // namespace ct::judge
