// SPDX-License-Identifier: Apache-2.0
// The three ways to trust an attestation key: by name, by certificate, and by a credential to its TPM's endorsement key.
#include <functional>

#include "attest/verify/tpm2/credential.h"
#include "tpm2_rig.h"

namespace ct::attest::tpm {
namespace {

using Reasons = std::vector<Reason>;

class Tpm2Trust : public testing::Test {
protected:
    static void SetUpTestSuite() { rig_ = Tpm2Rig::start(); }
    static void TearDownTestSuite() { rig_.reset(); }
    void SetUp() override {
        if (!rig_) GTEST_SKIP() << "feature: swtpm";
    }
    static std::unique_ptr<Tpm2Rig> rig_;
};
std::unique_ptr<Tpm2Rig> Tpm2Trust::rig_;

// A chain of root, intermediate and leaf, and the policy that trusts the root.
struct Chain {
    test::Issuer root = test::Issuer::root("TPM maker root", now() - kDay, now() + 300 * kDay);
    test::Issuer intermediate = root.intermediate("TPM maker CA", now() - kDay, now() + 200 * kDay);

    [[nodiscard]] Bytes leaf(const crypto::PublicKey& key, WallTime from = now() - kDay,
                             WallTime until = now() + 100 * kDay) const {
        return intermediate.issue(key, from, until);
    }
    [[nodiscard]] std::string policy_line(const std::string& key) const {
        return key + " = '''" + root.pem() + "'''\n";
    }
};

TEST_F(Tpm2Trust, OfAnAttestationKeyByItsCertificateLastsAsLongAsTheChain) {
    const Chain chain;
    const auto rules = policy(rig_->pcr_lines() + chain.policy_line("ak_roots"));
    const Bytes introduction = rig_->with_certificates({chain.leaf(rig_->ak_key()), chain.intermediate.der()}, {});
    const auto exchange = rig_->exchange(*rules, some_binding(), introduction);
    ASSERT_TRUE(exchange) << exchange.error().to_string();
    const Verdict verdict = exchange->judge(*rules);
    EXPECT_EQ(reasons(verdict), Reasons{});
    EXPECT_EQ(verdict.claims.at("ak_trust"), "certificate");
    EXPECT_EQ(verdict.expires, std::chrono::floor<Seconds>(now() + 100 * kDay));
}

TEST_F(Tpm2Trust, OfACertificateIsRefusedForEachThingThatIsWrongWithIt) {
    const Chain chain, other;
    const auto rules = policy(rig_->pcr_lines() + chain.policy_line("ak_roots"));
    const Bytes leaf = chain.leaf(rig_->ak_key());
    const Bytes above = chain.intermediate.der();
    Bytes longer = leaf;
    longer.push_back(0);
    struct Case {
        std::string_view what;
        std::vector<Bytes> certificates;
        Reason reason;
    };
    for (const Case& one : std::vector<Case>{
             {"none", {}, Reason::evidence_key_untrusted},
             {"no intermediate", {leaf}, Reason::evidence_chain_invalid},
             {"another maker", {other.leaf(rig_->ak_key()), other.intermediate.der()}, Reason::evidence_chain_invalid},
             {"another maker with its own root",
              {other.leaf(rig_->ak_key()), other.intermediate.der(), other.root.der()},
              Reason::evidence_chain_invalid},
             {"another key", {chain.leaf(rig_->ek_key()), above}, Reason::evidence_chain_invalid},
             {"expired",
              {chain.leaf(rig_->ak_key(), now() - 2 * kDay, now() - kDay), above},
              Reason::evidence_certificate_expired},
             {"not valid yet",
              {chain.leaf(rig_->ak_key(), now() + kDay, now() + 2 * kDay), above},
              Reason::evidence_certificate_expired},
             {"bytes after it", {longer, above}, Reason::evidence_chain_invalid},
             {"nonsense", {{1, 2, 3}, above}, Reason::evidence_chain_invalid},
         }) {
        Exchange exchange;
        exchange.introduction = rig_->with_certificates(one.certificates, {});
        const auto request = verifier().request(exchange.introduction, *rules, {}, now());
        ASSERT_FALSE(request) << one.what;
        EXPECT_EQ(request.error().reason, one.reason) << one.what << ": " << request.error().context;
        // Nor does it pass if somebody asks for evidence all the same.
        exchange.kept = kept_for(exchange.introduction);
        exchange.evidence =
            rig_->collector->collect(encode(Request{{alg::kSha256, 0x91}, false, {}}), exchange.binding).value();
        EXPECT_EQ(reasons(exchange.judge(*rules)), Reasons{one.reason}) << one.what;
    }
}

TEST_F(Tpm2Trust, OfACertificateEndsWithItWhileTheExchangeIsUnderWay) {
    const Chain chain;
    const auto rules = policy(rig_->pcr_lines() + chain.policy_line("ak_roots"));
    const Bytes introduction = rig_->with_certificates({chain.leaf(rig_->ak_key()), chain.intermediate.der()}, {});
    auto exchange = rig_->exchange(*rules, some_binding(), introduction);
    ASSERT_TRUE(exchange);
    exchange->at = now() + 101 * kDay;
    EXPECT_EQ(reasons(exchange->judge(*rules)), Reasons{Reason::evidence_certificate_expired});
}

TEST_F(Tpm2Trust, ByEnrolmentWhereThePolicySaysSo) {
    const auto rules = policy(rig_->pcr_lines() + "enrolled = true\n");
    const std::vector<std::string> ak{"ak:" + fingerprint(rig_->ak)};
    const auto exchange = rig_->exchange(*rules, some_binding(), std::nullopt, ak);
    ASSERT_TRUE(exchange) << exchange.error().to_string();
    EXPECT_EQ(reasons(exchange->judge(*rules)), Reasons{});
    EXPECT_EQ(exchange->judge(*rules).claims.at("ak_trust"), "enrolment");

    // The endorsement key will do, by a credential.
    const auto by_ek = rig_->exchange(*rules, some_binding(), std::nullopt, {{"ek:" + fingerprint(rig_->ek)}});
    ASSERT_TRUE(by_ek) << by_ek.error().to_string();
    EXPECT_EQ(reasons(by_ek->judge(*rules)), Reasons{});
    EXPECT_EQ(by_ek->judge(*rules).claims.at("ak_trust"), "credential");
    EXPECT_EQ(by_ek->judge(*rules).claims.at("ek_trust"), "enrolment");
}

TEST_F(Tpm2Trust, ByEnrolmentIsForTheKeysOfThatNodeAndThatSortOnly) {
    const auto rules = policy(rig_->pcr_lines() + "enrolled = true\n");
    const std::string ak = fingerprint(rig_->ak), ek = fingerprint(rig_->ek);
    for (const std::vector<std::string>& keys :
         std::vector<std::vector<std::string>>{{}, {"ak:" + ek}, {"ek:" + ak}, {"ak:sha256:" + std::string(64, '0')}}) {
        const auto refused = rig_->exchange(*rules, some_binding(), std::nullopt, keys);
        ASSERT_FALSE(refused) << (keys.empty() ? "none" : keys.front());
        EXPECT_EQ(refused.error().reason, Reason::evidence_key_untrusted);
    }
    // Struck off while the exchange was under way.
    auto exchange = rig_->exchange(*rules, some_binding(), std::nullopt, {{"ak:" + ak}});
    ASSERT_TRUE(exchange);
    exchange->enrolled.clear();
    EXPECT_EQ(reasons(exchange->judge(*rules)), Reasons{Reason::evidence_key_untrusted});
    // A policy that does not go by it takes no notice of it.
    const auto other = policy(rig_->pcr_lines() + "ak = ['sha256:" + std::string(64, '0') + "']\n");
    EXPECT_FALSE(rig_->exchange(*other, some_binding(), std::nullopt, {{"ak:" + ak}}));
}

TEST(Tpm2EnrolledKey, IsOneOfTwoSorts) {
    const std::string digits(64, 'a');
    for (const std::string& word : {"ak:sha256:" + digits, "ek:sha256:" + digits})
        EXPECT_TRUE(verifier().check_key(word)) << word;
    for (const std::string& word :
         {std::string(), digits, "sha256:" + digits, "ak:" + digits, "srk:sha256:" + digits,
          "ak:sha256:" + digits.substr(1), "ak:sha256:" + digits + "a", "ak:sha384:" + digits, "AK:sha256:" + digits})
        EXPECT_FALSE(verifier().check_key(word)) << word;
}

TEST_F(Tpm2Trust, ByCredentialNeedsOnlyTheEndorsementKeysName) {
    const auto rules = policy(rig_->pcr_lines() + rig_->ek_lines());
    const Exchange exchange = rig_->genuine(*rules);
    const Verdict verdict = exchange.judge(*rules);
    EXPECT_EQ(reasons(verdict), Reasons{});
    EXPECT_EQ(verdict.claims.at("ak_trust"), "credential");
    EXPECT_EQ(verdict.claims.at("ek_trust"), "fingerprint");
    EXPECT_EQ(Parts(exchange.evidence).secret.size(), 32u);
}

TEST_F(Tpm2Trust, ByCredentialAlsoRestsOnTheEndorsementKeysCertificate) {
    const Chain chain;
    const auto rules = policy(rig_->pcr_lines() + chain.policy_line("ek_roots"));
    const Bytes introduction = rig_->with_certificates({}, {chain.leaf(rig_->ek_key()), chain.intermediate.der()});
    auto exchange = rig_->exchange(*rules, some_binding(), introduction);
    ASSERT_TRUE(exchange) << exchange.error().to_string();
    const Verdict verdict = exchange->judge(*rules);
    EXPECT_EQ(reasons(verdict), Reasons{});
    EXPECT_EQ(verdict.claims.at("ek_trust"), "certificate");
    EXPECT_EQ(verdict.expires, std::chrono::floor<Seconds>(now() + 100 * kDay));
    exchange->at = now() + 101 * kDay;
    EXPECT_EQ(reasons(exchange->judge(*rules)), Reasons{Reason::evidence_certificate_expired});

    const Chain other;
    const auto refused = rig_->exchange(
        *rules, some_binding(), rig_->with_certificates({}, {other.leaf(rig_->ek_key()), other.intermediate.der()}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::evidence_chain_invalid);
}

TEST_F(Tpm2Trust, OfACertificateIsOnlyWhereItIsForSuchAKey) {
    const Chain chain;
    const auto issue = [&](const crypto::PublicKey& key, const test::Issuer::Leaf& leaf) {
        return std::vector{chain.intermediate.issue(key, now() - kDay, now() + kDay, leaf), chain.intermediate.der()};
    };
    const auto by_ek = policy(rig_->pcr_lines() + chain.policy_line("ek_roots"));
    const auto by_ak = policy(rig_->pcr_lines() + chain.policy_line("ak_roots"));
    const auto ek = [&](const test::Issuer::Leaf& leaf) {
        return rig_->exchange(*by_ek, some_binding(), rig_->with_certificates({}, issue(rig_->ek_key(), leaf)));
    };
    const auto ak = [&](const test::Issuer::Leaf& leaf) {
        return rig_->exchange(*by_ak, some_binding(), rig_->with_certificates(issue(rig_->ak_key(), leaf), {}));
    };
    const std::string endorsement = "2.23.133.8.1", attestation = "2.23.133.8.3";
    for (const std::string& purpose : {endorsement, "serverAuth," + endorsement}) {
        const auto taken = ek({.authority = false, .purpose = purpose});
        ASSERT_TRUE(taken) << purpose << ": " << taken.error().to_string();
        EXPECT_EQ(reasons(taken->judge(*by_ek)), Reasons{}) << purpose;
    }
    EXPECT_TRUE(ak({.authority = false, .purpose = attestation}));
    for (const auto& refused :
         {ek({.authority = false, .purpose = "serverAuth"}), ek({.authority = false, .purpose = attestation}),
          ek({.authority = true, .purpose = endorsement}), ak({.authority = true, .purpose = {}})}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().reason, Reason::evidence_key_attributes) << refused.error().context;
    }
}

// A certificate covers the bare key. What a node writes around it is the node's, and a TPM opens the credential all the same.
TEST_F(Tpm2Trust, AKeyThatIsShutOutHasNoOtherName) {
    const Chain chain;
    const std::string lines = rig_->pcr_lines() + chain.policy_line("ek_roots");
    const auto open = policy(lines);
    const std::vector<Bytes> certificates{chain.leaf(rig_->ek_key()), chain.intermediate.der()};
    Bytes renamed = rig_->ek;
    renamed[6] ^= 0x04;  // noDA
    const Bytes introduction = encode(Introduction{rig_->ak, renamed, {}, {certificates.begin(), certificates.end()}});
    const auto exchange = rig_->exchange(*open, some_binding(), introduction);
    ASSERT_TRUE(exchange) << exchange.error().to_string();
    const Verdict verdict = exchange->judge(*open);
    ASSERT_EQ(reasons(verdict), Reasons{}) << "it can be done";
    EXPECT_NE(verdict.claims.at("ek"), fingerprint(rig_->ek));
    const std::string key = verdict.claims.at("ek_key");
    EXPECT_EQ(key, "sha256:" + hex_encode(rig_->ek_key().spki_sha256().value()));
    EXPECT_EQ(verdict.claims.at("ak_key"), "sha256:" + hex_encode(rig_->ak_key().spki_sha256().value()));
    for (const std::string name : {"ek_key", "ak_key"}) {
        const auto denying = policy(lines + "deny_keys = ['" + verdict.claims.at(name) + "']\n");
        EXPECT_EQ(reasons(exchange->judge(*denying)), Reasons{Reason::evidence_platform_denied}) << name;
    }
    const auto other = policy(lines + "deny_keys = ['sha256:" + std::string(64, '0') + "']\n");
    EXPECT_EQ(reasons(exchange->judge(*other)), Reasons{});
}

TEST_F(Tpm2Trust, ByCredentialIsRefusedWithoutTheRightSecret) {
    const auto rules = policy(rig_->pcr_lines() + rig_->ek_lines());
    const Exchange exchange = rig_->genuine(*rules);
    for (const auto& change : std::vector<std::function<void(Bytes&)>>{
             [](Bytes& secret) { secret.clear(); },
             [](Bytes& secret) { secret[0] ^= 1; },
             [](Bytes& secret) { secret.pop_back(); },
             [](Bytes& secret) { secret.push_back(0); },
         }) {
        Exchange changed = exchange;
        Parts parts(exchange.evidence);
        change(parts.secret);
        changed.evidence = parts.bytes();
        EXPECT_EQ(reasons(changed.judge(*rules)), Reasons{Reason::evidence_key_untrusted});
    }
}

// The heart of it: a key elsewhere cannot pass for one in the trusted TPM, since the TPM opens the credential only while a
// key of the very Name is loaded.
TEST_F(Tpm2Trust, ByCredentialIsNotForAKeyInAnotherTpm) {
    const auto rules = policy(rig_->pcr_lines() + rig_->ek_lines());
    const auto other = Tpm2Rig::start();
    ASSERT_TRUE(other);
    const Bytes mixed = encode(Introduction{other->ak, rig_->ek, {}, {}});
    const auto request = verifier().request(mixed, *rules, ByteArray<32>{5}, now());
    ASSERT_TRUE(request) << request.error().to_string();
    const auto in_trusted = rig_->collector->collect(request->for_collector, some_binding());
    ASSERT_FALSE(in_trusted);
    EXPECT_EQ(in_trusted.error().reason, Reason::evidence_device_failed);
    const auto in_other = other->collector->collect(request->for_collector, some_binding());
    ASSERT_FALSE(in_other);
    EXPECT_EQ(in_other.error().reason, Reason::evidence_device_failed);
}

// A TPM has room for three sessions; one that is not given back shows at the fourth.
TEST_F(Tpm2Trust, ByCredentialCanBeShownAgainAndAgain) {
    const auto rules = policy(rig_->pcr_lines() + rig_->ek_lines());
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(reasons(rig_->genuine(*rules).judge(*rules)), Reasons{}) << i;
}

TEST_F(Tpm2Trust, ByCredentialIsForOneExchangeOnly) {
    const auto rules = policy(rig_->pcr_lines() + rig_->ek_lines());
    const Exchange earlier = rig_->genuine(*rules);
    const auto request = verifier().request(rig_->introduction, *rules, ByteArray<32>{7}, now());
    ASSERT_TRUE(request);
    Exchange replayed = earlier;
    replayed.kept = request->kept;
    EXPECT_EQ(reasons(replayed.judge(*rules)), Reasons{Reason::evidence_key_untrusted});
}

TEST_F(Tpm2Trust, IsRefusedWhereNothingOfTheIntroductionIsTrusted) {
    const std::string nobody = "['sha256:" + std::string(64, '0') + "']\n";
    for (const std::string& lines : {"ak = " + nobody, "ek = " + nobody, "ak = " + nobody + "ek = " + nobody}) {
        const auto rules = policy(rig_->pcr_lines() + lines);
        const auto request = verifier().request(rig_->introduction, *rules, {}, now());
        ASSERT_FALSE(request) << lines;
        EXPECT_EQ(request.error().reason, Reason::evidence_key_untrusted);
    }
    const auto needs_ek = policy(rig_->pcr_lines() + rig_->ek_lines());
    const auto request = verifier().request(encode(Introduction{rig_->ak, {}, {}, {}}), *needs_ek, {}, now());
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().reason, Reason::evidence_key_untrusted);
}

TEST_F(Tpm2Trust, IsNotGivenToAnEndorsementKeyThatIsNone) {
    // The attestation key in the place of the endorsement key: it signs, it does not decrypt.
    const auto rules = policy(rig_->pcr_lines() + "ek = ['" + fingerprint(rig_->ak) + "']\n");
    const auto request = verifier().request(encode(Introduction{rig_->ak, rig_->ak, {}, {}}), *rules, {}, now());
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().reason, Reason::evidence_key_attributes);
}

TEST(Tpm2EccEndorsementKey, CarriesACredentialToo) {
    const auto rig = Tpm2Rig::start(TpmKeyType::rsa, TpmKeyType::ecc);
    if (!rig) GTEST_SKIP() << "feature: swtpm";
    const auto rules = policy(rig->pcr_lines() + rig->ek_lines());
    EXPECT_EQ(reasons(rig->genuine(*rules).judge(*rules)), Reasons{});
}

TEST(MakeCredential, RefusesWhatNoTpmCouldOpen) {
    const auto rig = Tpm2Rig::start();
    if (!rig) GTEST_SKIP() << "feature: swtpm";
    const Public ek = parse_public(rig->ek).value();
    const Bytes name(34), secret(32), seed(32);
    EXPECT_TRUE(make_credential(ek, name, secret, seed));
    EXPECT_EQ(make_credential(ek, name, Bytes(33), seed).error().reason, Reason::invalid_argument);
    EXPECT_EQ(make_credential(ek, name, secret, Bytes(31)).error().reason, Reason::invalid_argument);
    Public other = ek;
    other.symmetric = alg::kNull;
    EXPECT_EQ(make_credential(other, name, secret, seed).error().reason, Reason::evidence_algorithm_weak);
    other = ek;
    other.name_hash = alg::kSha1;
    EXPECT_EQ(make_credential(other, name, secret, seed).error().reason, Reason::evidence_algorithm_weak);
}

}  // namespace
}  // namespace ct::attest::tpm
