// SPDX-License-Identifier: Apache-2.0
// Every way in which a quote may be wrong, each on a quote that a TPM really made. The verdict must name exactly what is
// wrong: no more, and no less because something else was wrong as well.
#include <functional>

#include "tpm2_rig.h"

namespace ct::attest::tpm {
namespace {

class Tpm2Quote : public testing::Test {
protected:
    static void SetUpTestSuite() { rig_ = Tpm2Rig::start(); }
    static void TearDownTestSuite() { rig_.reset(); }
    void SetUp() override {
        if (!rig_) GTEST_SKIP() << "feature: swtpm";
        policy_ = policy(rig_->pcr_lines() + rig_->ak_lines() + "require_event_log = true\n");
        ASSERT_TRUE(policy_);
        exchange_ = rig_->genuine(*policy_);
    }
    // The verdict on the exchange with its evidence changed.
    Verdict judge(const std::function<void(Parts&)>& change, const KindPolicy* rules = nullptr) {
        Exchange changed = exchange_;
        Parts parts(changed.evidence);
        change(parts);
        changed.evidence = parts.bytes();
        return changed.judge(rules != nullptr ? *rules : *policy_);
    }

    static std::unique_ptr<Tpm2Rig> rig_;
    std::shared_ptr<const KindPolicy> policy_;
    Exchange exchange_;
};
std::unique_ptr<Tpm2Rig> Tpm2Quote::rig_;

using Reasons = std::vector<Reason>;

TEST_F(Tpm2Quote, OfAMachineAsThePolicyWantsItIsAffirmed) {
    const Verdict verdict = exchange_.judge(*policy_);
    EXPECT_EQ(reasons(verdict), Reasons{});
    EXPECT_EQ(verdict.claims.at("ak"), fingerprint(rig_->ak));
    EXPECT_EQ(verdict.claims.at("ek"), fingerprint(rig_->ek));
    EXPECT_EQ(verdict.claims.at("ak_trust"), "fingerprint");
    EXPECT_EQ(verdict.claims.at("bank"), "sha256");
    EXPECT_EQ(verdict.claims.at("pcr0"), rig_->pcrs.at(0));
    EXPECT_EQ(verdict.claims.at("pcr7"), rig_->pcrs.at(7));
    EXPECT_EQ(verdict.claims.at("clock_safe"), "true");
    EXPECT_EQ(verdict.claims.at("firmware_version").size(), 16u);
    EXPECT_EQ(verdict.expires, WallTime::max()) << "a listed key rests on nothing that ends";
}

TEST_F(Tpm2Quote, GivesTheSameVerdictEachTimeItIsJudged) {
    const Verdict one = exchange_.judge(*policy_), two = exchange_.judge(*policy_);
    EXPECT_EQ(one.claims, two.claims);
    EXPECT_EQ(reasons(one), reasons(two));
}

TEST_F(Tpm2Quote, OverAnEarlierSessionIsStale) {
    Exchange later = exchange_;
    later.binding = some_binding(1);
    const Verdict verdict = later.judge(*policy_);
    EXPECT_EQ(reasons(verdict), Reasons{Reason::evidence_nonce_mismatch});
    EXPECT_EQ(verdict.expires, later.at) << "a refusal lasts not at all";
}

TEST_F(Tpm2Quote, CarriesTheFirstHalfOfTheBindingAndNothingElse) {
    Exchange other = exchange_;
    other.binding[31] ^= 1;
    EXPECT_EQ(reasons(other.judge(*policy_)), Reasons{Reason::evidence_nonce_mismatch});
    other.binding = exchange_.binding;
    other.binding[32] ^= 1;
    EXPECT_EQ(reasons(other.judge(*policy_)), Reasons{}) << "the second half does not fit into a quote";
}

TEST_F(Tpm2Quote, WithOnePolicyDigitChangedIsAMismatchOfThatPcr) {
    std::string digits = rig_->pcrs.at(7);
    digits.back() = digits.back() == '0' ? '1' : '0';
    const auto changed = policy("pcrs = { '0' = '" + rig_->pcrs.at(0) + "', '4' = '" + rig_->pcrs.at(4) + "', '7' = '" +
                                digits + "' }\n" + rig_->ak_lines());
    const Verdict verdict = exchange_.judge(*changed);
    EXPECT_EQ(reasons(verdict), Reasons{Reason::evidence_measurement_mismatch});
    EXPECT_NE(verdict.findings[0].detail.find("PCR 7 (sha256) is " + rig_->pcrs.at(7)), std::string::npos);
}

TEST_F(Tpm2Quote, IsAllowedIfAnyOfThePolicysValuesFits) {
    const auto several = policy("pcrs = { '0' = ['" + std::string(64, '1') + "', '" + rig_->pcrs.at(0) + "'], '4' = '" +
                                rig_->pcrs.at(4) + "', '7' = '" + rig_->pcrs.at(7) + "' }\n" + rig_->ak_lines());
    EXPECT_EQ(reasons(exchange_.judge(*several)), Reasons{});
}

TEST_F(Tpm2Quote, NamesEveryPcrThatDiffers) {
    const std::string ones(64, '1');
    const auto other =
        policy("pcrs = { '0' = '" + ones + "', '4' = '" + ones + "', '7' = '" + ones + "' }\n" + rig_->ak_lines());
    EXPECT_EQ(reasons(exchange_.judge(*other)), Reasons(3, Reason::evidence_measurement_mismatch));
}

TEST_F(Tpm2Quote, IsRefusedForEachThingThatIsWrongWithIt) {
    struct Case {
        std::string_view what;
        std::function<void(Parts&)> change;
        Reasons reasons;
    };
    for (const Case& one : std::vector<Case>{
             {"signature of other bytes",
              [](Parts& p) { p.signature.back() ^= 1; },
              {Reason::evidence_signature_invalid}},
             {"no signature at all", [](Parts& p) { p.signature = {0, 0x10}; }, {Reason::evidence_malformed}},
             {"a signature of no scheme",
              [](Parts& p) { p.signature = {0, 0x10, 0, 0x0b}; },
              {Reason::evidence_algorithm_weak}},
             // The composite is over the scheme's hash, so it differs too.
             {"a signature over SHA-1",
              [](Parts& p) { p.signature[3] = 0x04; },
              {Reason::evidence_algorithm_weak, Reason::evidence_measurement_digest}},
             {"a signature over SHA-384 by a key for SHA-256",
              [](Parts& p) { p.signature[3] = 0x0c; },
              {Reason::evidence_signature_invalid, Reason::evidence_signature_invalid,
               Reason::evidence_measurement_digest}},
             {"an RSA signature by an ECC key",
              [](Parts& p) {
                  p.signature = test::ByteBuilder().be16(alg::kRsaSsa).be16(alg::kSha256).tpm2b(Bytes(256, 1));
              },
              {Reason::evidence_signature_invalid, Reason::evidence_signature_invalid}},
             {"a clock told otherwise", [](Parts& p) { p.attest[83] ^= 1; }, {Reason::evidence_signature_invalid}},
             {"not generated by a TPM",
              [](Parts& p) { p.attest[0] ^= 1; },
              {Reason::evidence_wrong_type, Reason::evidence_signature_invalid}},
             {"a certified creation instead of a quote",
              [](Parts& p) { p.attest[5] = 0x1a; },
              {Reason::evidence_wrong_type, Reason::evidence_signature_invalid}},
             {"a quote cut short",
              [](Parts& p) { p.attest.pop_back(); },
              {Reason::evidence_malformed, Reason::evidence_signature_invalid}},
             {"a reported value that is not the quoted one",
              [](Parts& p) { p.pcrs[4][0] ^= 1; },
              {Reason::evidence_measurement_digest, Reason::evidence_measurement_mismatch,
               Reason::evidence_event_log_mismatch}},
             {"a reported value that is missing",
              [](Parts& p) { p.pcrs.erase(4); },
              {Reason::evidence_measurement_missing, Reason::evidence_measurement_digest}},
             {"a reported value too many",
              [](Parts& p) { p.pcrs[5] = Bytes(32); },
              {Reason::evidence_measurement_missing, Reason::evidence_measurement_digest}},
             {"no event log", [](Parts& p) { p.event_log.clear(); }, {Reason::evidence_event_log_missing}},
             {"an event log that does not parse",
              [](Parts& p) { p.event_log.pop_back(); },
              {Reason::evidence_malformed}},
             {"an event log without its last event",
              [](Parts& p) {
                  test::EventLogBuilder log;
                  log.event(0, 1, crypto::sha256(as_bytes("firmware 1.0")), "firmware 1.0");
                  log.event(7, 1, crypto::sha256(as_bytes("secure boot on")), "secure boot on");
                  p.event_log = log.bytes();
              },
              {Reason::evidence_event_log_mismatch}},
             {"an event log of another bank",
              [](Parts& p) { p.event_log = test::EventLogBuilder::header({{0x0c, 48}}); },
              {Reason::evidence_event_log_missing}},
         }) {
        EXPECT_EQ(reasons(judge(one.change)), one.reasons) << one.what;
    }
}

TEST_F(Tpm2Quote, IsRefusedForAllThatIsWrongAtOnce) {
    Exchange changed = exchange_;
    Parts parts(changed.evidence);
    parts.signature.back() ^= 1;
    parts.pcrs[0][0] ^= 1;
    parts.event_log.clear();
    changed.evidence = parts.bytes();
    changed.binding = some_binding(9);
    EXPECT_EQ(reasons(changed.judge(*policy_)),
              (Reasons{Reason::evidence_signature_invalid, Reason::evidence_nonce_mismatch,
                       Reason::evidence_measurement_digest, Reason::evidence_measurement_mismatch,
                       Reason::evidence_event_log_missing}));
}

TEST_F(Tpm2Quote, OfFewerOrOtherPcrsThanAskedIsRefused) {
    for (const std::uint32_t mask : {1U << 0, 1U << 0 | 1U << 4 | 1U << 7 | 1U << 8}) {
        Exchange changed = exchange_;
        const Request request{{alg::kSha256, mask}, true, {}};
        changed.evidence = rig_->collector->collect(encode(request), changed.binding).value();
        const auto found = reasons(changed.judge(*policy_));
        EXPECT_EQ(found, Reasons(2, Reason::evidence_measurement_missing)) << "quoted and reported";
    }
}

TEST_F(Tpm2Quote, OfAnotherBankIsRefused) {
    Exchange changed = exchange_;
    const Request sha384{{alg::kSha384, 1U << 0 | 1U << 4 | 1U << 7}, true, {}};
    changed.evidence = rig_->collector->collect(encode(sha384), changed.binding).value();
    const auto found = reasons(changed.judge(*policy_));
    EXPECT_EQ(found.front(), Reason::evidence_measurement_missing);
    EXPECT_EQ(std::count(found.begin(), found.end(), Reason::evidence_measurement_mismatch), 3);
}

TEST_F(Tpm2Quote, OfTheSha1BankIsWeak) {
    Exchange changed = exchange_;
    const Request sha1{{alg::kSha1, 1U << 0 | 1U << 4 | 1U << 7}, true, {}};
    changed.evidence = rig_->collector->collect(encode(sha1), changed.binding).value();
    EXPECT_EQ(reasons(changed.judge(*policy_)).front(), Reason::evidence_algorithm_weak);
}

TEST_F(Tpm2Quote, ByAnotherTpmIsNotBelieved) {
    const auto other = Tpm2Rig::start();
    ASSERT_TRUE(other);
    ASSERT_EQ(other->pcrs, rig_->pcrs) << "the same machine state, but another TPM";
    // Its own key is not listed,
    const auto refused = other->exchange(*policy_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, Reason::evidence_key_untrusted);
    // and it cannot sign for the key that is.
    Exchange foreign = exchange_;
    foreign.evidence =
        other->collector->collect(encode(Request{{alg::kSha256, 0x91}, true, {}}), foreign.binding).value();
    EXPECT_EQ(reasons(foreign.judge(*policy_)), Reasons{Reason::evidence_signature_invalid});
}

TEST_F(Tpm2Quote, ByAKeyThatMaySignAnythingIsNotBelieved) {
    for (const std::uint32_t flipped : {attribute::kFixedTpm, attribute::kFixedParent, attribute::kSensitiveDataOrigin,
                                        attribute::kRestricted, attribute::kSign, attribute::kDecrypt}) {
        Bytes ak = rig_->ak;
        for (unsigned i = 0; i < 4; ++i)
            ak[4 + i] ^= static_cast<std::uint8_t>(flipped >> (24 - 8 * i));
        Exchange changed = exchange_;
        changed.introduction = encode(Introduction{ak, rig_->ek, {}, {}});
        changed.kept = kept_for(changed.introduction);
        const auto trusting = policy(rig_->pcr_lines() + "ak = ['" + fingerprint(ak) + "']\n");
        EXPECT_EQ(reasons(changed.judge(*trusting)), Reasons{Reason::evidence_key_attributes}) << std::hex << flipped;
        const auto request = verifier().request(changed.introduction, *trusting, {}, now());
        ASSERT_FALSE(request);
        EXPECT_EQ(request.error().reason, Reason::evidence_key_attributes);
    }
}

TEST_F(Tpm2Quote, IsBoundToTheIntroductionThatTheGateAnswered) {
    Exchange changed = exchange_;
    changed.introduction = rig_->with_certificates({{0x30}}, {});
    EXPECT_EQ(reasons(changed.judge(*policy_)), Reasons{Reason::evidence_key_untrusted});
    changed = exchange_;
    changed.kept = {};
    EXPECT_EQ(reasons(changed.judge(*policy_)), Reasons{Reason::evidence_malformed});
}

TEST_F(Tpm2Quote, ThatDoesNotParseAtAllIsMalformed) {
    Exchange changed = exchange_;
    changed.evidence = {1, 2, 3};
    EXPECT_EQ(reasons(changed.judge(*policy_)), Reasons{Reason::evidence_malformed});
    changed = exchange_;
    changed.introduction = {1, 2, 3};
    EXPECT_EQ(reasons(changed.judge(*policy_)), Reasons{Reason::evidence_malformed});
    EXPECT_EQ(verifier().request(changed.introduction, *policy_, {}, now()).error().reason, Reason::evidence_malformed);
}

TEST_F(Tpm2Quote, WithAnyBitFlippedIsNeverAffirmed) {
    std::size_t accepted = 0, tried = 0;
    const auto flip_all = [&](Bytes Parts::* part) {
        const Parts parts(exchange_.evidence);
        for (std::size_t bit = 0; bit < (parts.*part).size() * 8; ++bit, ++tried) {
            Parts flipped = parts;
            (flipped.*part)[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
            Exchange changed = exchange_;
            changed.evidence = flipped.bytes();
            if (changed.judge(*policy_).affirming()) {
                ++accepted;
                ADD_FAILURE() << "bit " << bit;
            }
        }
    };
    flip_all(&Parts::attest);
    flip_all(&Parts::signature);
    for (std::size_t bit = 0; bit < exchange_.introduction.size() * 8; ++bit, ++tried) {
        Exchange changed = exchange_;
        changed.introduction[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        if (changed.judge(*policy_).affirming()) ++accepted;
    }
    for (std::size_t bit = 0; bit < 32 * 8; ++bit, ++tried) {
        Exchange changed = exchange_;
        changed.binding[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        if (changed.judge(*policy_).affirming()) ++accepted;
    }
    EXPECT_EQ(accepted, 0u) << "of " << tried;
    EXPECT_GT(tried, 3000u);
}

// The digest is what the firmware measured; event data that it does not cover is nobody's proof.
TEST_F(Tpm2Quote, WithAnyDigestOfItsLogFlippedIsRefused) {
    const Parts parts(exchange_.evidence);
    const Bytes digest = to_vector(crypto::sha256(as_bytes("db")));
    const auto found = std::search(parts.event_log.begin(), parts.event_log.end(), digest.begin(), digest.end());
    ASSERT_NE(found, parts.event_log.end());
    const auto at = static_cast<std::size_t>(found - parts.event_log.begin());
    for (std::size_t bit = 0; bit < digest.size() * 8; ++bit) {
        const Verdict verdict =
            judge([&](Parts& p) { p.event_log[at + bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8); });
        EXPECT_EQ(reasons(verdict), Reasons{Reason::evidence_event_log_mismatch});
    }
}

TEST_F(Tpm2Quote, NeedsItsLogOnlyForThePcrsThatThePolicyNames) {
    // Something after the firmware extended PCR 4 without a line in the firmware's log.
    const auto own = Tpm2Rig::start();
    ASSERT_TRUE(own);
    own->collector->release();
    ASSERT_TRUE(own->tpm->extend_unlogged(4, crypto::sha256(as_bytes("by the system"))));
    own->pcrs[4] = hex_encode(own->tpm->pcr_value(4).value());
    const auto all = policy(own->pcr_lines() + own->ak_lines() + "require_event_log = true\n");
    EXPECT_EQ(reasons(own->genuine(*all).judge(*all)), Reasons{Reason::evidence_event_log_mismatch});
    const auto some =
        policy(own->pcr_lines() + own->ak_lines() + "require_event_log = true\nevent_log_pcrs = [0, 7]\n");
    EXPECT_EQ(reasons(own->genuine(*some).judge(*some)), Reasons{});
}

TEST(Tpm2State, OfATpmThatLostItsPowerIsUnsafeUnlessThePolicySaysOtherwise) {
    const auto rig = Tpm2Rig::start();
    if (!rig) GTEST_SKIP() << "feature: swtpm";
    rig->collector->release();
    ASSERT_TRUE(rig->tpm->reboot(true));
    ASSERT_TRUE(rig->tpm->measure(0, "firmware 1.0"));
    ASSERT_TRUE(rig->tpm->measure(7, "secure boot on"));
    ASSERT_TRUE(rig->tpm->measure(7, "db"));
    const auto strict = policy(rig->pcr_lines() + rig->ak_lines());
    EXPECT_EQ(reasons(rig->genuine(*strict).judge(*strict)), Reasons{Reason::evidence_clock_unsafe});
    const auto lenient = policy(rig->pcr_lines() + rig->ak_lines() + "allow_unsafe_clock = true\n");
    const Verdict verdict = rig->genuine(*lenient).judge(*lenient);
    EXPECT_EQ(reasons(verdict), Reasons{});
    EXPECT_EQ(verdict.claims.at("clock_safe"), "false");
}

TEST(Tpm2State, OfAMachineThatRebootedIsRefusedWhereThePolicyPinsIt) {
    const auto rig = Tpm2Rig::start();
    if (!rig) GTEST_SKIP() << "feature: swtpm";
    const auto any = policy(rig->pcr_lines() + rig->ak_lines());
    const Verdict before = rig->genuine(*any).judge(*any);
    const std::string pin =
        "reset_counters = [" + before.claims.at("reset_count") + ", " + before.claims.at("restart_count") + "]\n";
    const auto pinned = policy(rig->pcr_lines() + rig->ak_lines() + pin);
    EXPECT_EQ(reasons(rig->genuine(*pinned).judge(*pinned)), Reasons{});
    rig->collector->release();
    ASSERT_TRUE(rig->tpm->reboot(false));
    ASSERT_TRUE(rig->tpm->measure(0, "firmware 1.0"));
    ASSERT_TRUE(rig->tpm->measure(7, "secure boot on"));
    ASSERT_TRUE(rig->tpm->measure(7, "db"));
    EXPECT_EQ(reasons(rig->genuine(*pinned).judge(*pinned)), Reasons{Reason::evidence_reset_changed});
}

TEST(Tpm2RsaQuote, IsAffirmedAndNeverWithABitFlipped) {
    const auto rig = Tpm2Rig::start(TpmKeyType::rsa);
    if (!rig) GTEST_SKIP() << "feature: swtpm";
    const auto rules = policy(rig->pcr_lines() + rig->ak_lines());
    const Exchange exchange = rig->genuine(*rules);
    EXPECT_EQ(reasons(exchange.judge(*rules)), Reasons{});
    const Parts parts(exchange.evidence);
    for (std::size_t bit = 0; bit < parts.signature.size() * 8; ++bit) {
        Parts flipped = parts;
        flipped.signature[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        Exchange changed = exchange;
        changed.evidence = flipped.bytes();
        EXPECT_FALSE(changed.judge(*rules).affirming()) << bit;
    }
}

}  // namespace
}  // namespace ct::attest::tpm
