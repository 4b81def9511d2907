// SPDX-License-Identifier: Apache-2.0
// The collector against a software TPM of its own. What the gate makes of the result is tests/unit/attest/verify.
#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/event_log.h"
#include "attest/evidence/pcr.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/evidence/tpm_public.h"
#include "attest/evidence/tpm_signature.h"
#include "codec/hex.h"
#include "support/certificate_issuer.h"
#include "support/swtpm.h"

namespace ct::attest {
namespace {

constexpr std::uint32_t kPcrs = 1U << 0 | 1U << 7 | 1U << 16 | 1U << 17;

Sha512 binding() {
    Sha512 out;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(i);
    return out;
}

class Tpm2Collector : public testing::Test {
protected:
    static void SetUpTestSuite() {
        std::signal(SIGPIPE, SIG_IGN);        // tpm2-tss writes to sockets that may have gone
        ::setenv("TSS2_LOG", "all+none", 1);  // NOLINT(concurrency-mt-unsafe): one thread
    }
    void SetUp() override {
        auto tpm = test::Swtpm::start();
        if (!tpm && tpm.error().reason == Reason::unsupported) GTEST_SKIP() << "feature: swtpm";
        ASSERT_TRUE(tpm) << tpm.error().to_string();
        tpm_ = std::move(*tpm);
        settings_.tcti = tpm_->tcti();
        settings_.event_log = "/nonexistent";
    }
    std::unique_ptr<Collector> collector() { return make_tpm2_collector(settings_); }

    std::unique_ptr<test::Swtpm> tpm_;
    Tpm2Settings settings_;
};

tpm::Request quote_request(bool event_log = false) { return {{tpm::alg::kSha256, kPcrs}, event_log, {}}; }

// Signature, nonce, selection and composite of genuine evidence.
void expect_genuine(const Bytes& introduction_bytes, const Bytes& evidence_bytes, const Sha512& over) {
    const auto introduction = tpm::decode_introduction(introduction_bytes);
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    const auto ak = tpm::parse_public(introduction->ak_public);
    ASSERT_TRUE(ak) << ak.error().to_string();
    const auto evidence = tpm::decode_evidence(evidence_bytes);
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    const auto signature = tpm::parse_signature(evidence->signature);
    ASSERT_TRUE(signature) << signature.error().to_string();
    const auto key = tpm::key_of(*ak);
    ASSERT_TRUE(key) << key.error().to_string();
    if (signature->scheme == tpm::alg::kEcdsa) {
        const auto der = crypto::ecdsa_to_der(signature->r, signature->s);
        EXPECT_TRUE(key->verify(crypto::SignatureScheme::ecdsa_der, crypto::Hash::sha256, evidence->attest, *der));
    } else {
        EXPECT_TRUE(
            key->verify(crypto::SignatureScheme::rsa_pkcs1, crypto::Hash::sha256, evidence->attest, signature->rsa));
    }
    const auto quote = tpm::parse_quote(evidence->attest);
    ASSERT_TRUE(quote) << quote.error().to_string();
    EXPECT_EQ(to_vector(quote->extra_data), Bytes(over.begin(), over.begin() + 32));
    ASSERT_EQ(quote->selections().size(), 1u);
    EXPECT_EQ(quote->selections()[0].mask, kPcrs);
    EXPECT_EQ(evidence->pcr_mask, kPcrs);
    EXPECT_EQ(tpm::composite_digest(crypto::Hash::sha256, kPcrs, evidence->pcr_values), to_vector(quote->pcr_digest));
    EXPECT_TRUE(quote->clock_safe);
}

TEST_F(Tpm2Collector, KeysOfProcessesThatWereKilledDoNotFillTheTpm) {
    for (int i = 0; i < 4; ++i) {  // a TPM has room for three
        const pid_t pid = ::fork();
        ASSERT_GE(pid, 0);
        if (pid == 0) {
            const auto killed = collector();
            ::_exit(killed->introduction() ? 0 : 1);
        }
        int status = -1;
        ASSERT_EQ(::waitpid(pid, &status, 0), pid);
        EXPECT_EQ(status, 0) << "process " << i;
    }
}

TEST_F(Tpm2Collector, QuotesWithAnEccKeyByDefault) {
    ASSERT_TRUE(tpm_->measure(0, "firmware"));
    const auto one = collector();
    EXPECT_EQ(one->kind(), "tpm2");
    const auto introduction = one->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    const auto evidence = one->collect(tpm::encode(quote_request()), binding());
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    expect_genuine(*introduction, *evidence, binding());
    const auto parsed = tpm::decode_evidence(*evidence);
    const Bytes pcr0 = crypto::digest(crypto::Hash::sha256, {Bytes(32), crypto::sha256(as_bytes("firmware"))});
    EXPECT_EQ(to_vector(parsed->pcr_values[0]), pcr0);
    EXPECT_TRUE(parsed->event_log.empty());
    EXPECT_TRUE(parsed->secret.empty());
    const auto keys = tpm::decode_introduction(*introduction);
    EXPECT_EQ(tpm::parse_public(keys->ak_public)->type, tpm::alg::kEcc);
    EXPECT_EQ(tpm::parse_public(keys->ak_public)->attributes, 0x00050072u);
    EXPECT_EQ(tpm::parse_public(keys->ek_public)->type, tpm::alg::kRsa);
    EXPECT_EQ(tpm::parse_public(keys->ek_public)->attributes, 0x000300b2u);
}

TEST_F(Tpm2Collector, QuotesWithAnRsaKeyIfAsked) {
    settings_.ak_type = TpmKeyType::rsa;
    settings_.ek_type = TpmKeyType::ecc;
    const auto one = collector();
    const auto introduction = one->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    const auto evidence = one->collect(tpm::encode(quote_request()), binding());
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    expect_genuine(*introduction, *evidence, binding());
    EXPECT_EQ(tpm::parse_public(tpm::decode_introduction(*introduction)->ak_public)->type, tpm::alg::kRsa);
    EXPECT_EQ(tpm::parse_public(tpm::decode_introduction(*introduction)->ek_public)->type, tpm::alg::kEcc);
}

// No state is kept anywhere, so a reinstalled node is still the node that the policy names.
TEST_F(Tpm2Collector, HasTheSameKeysAfterARebootOfTheMachine) {
    settings_.offer_ek = false;
    const auto before = collector()->fingerprints();
    ASSERT_TRUE(before) << before.error().to_string();
    ASSERT_TRUE(tpm_->reboot(false));
    EXPECT_EQ(collector()->fingerprints().value(), *before);
    EXPECT_EQ(before->at("ak").size(), 7u + 64);
    EXPECT_FALSE(before->contains("ek"));
}

TEST_F(Tpm2Collector, GoesOnWhenTheTpmWasRestartedUnderIt) {
    settings_.offer_ek = false;
    const auto one = collector();
    const auto introduction = one->introduction();
    ASSERT_TRUE(introduction);
    ASSERT_TRUE(tpm_->reboot(true));
    const auto evidence = one->collect(tpm::encode(quote_request()), binding());
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    EXPECT_EQ(one->introduction().value(), *introduction);
}

TEST_F(Tpm2Collector, SaysThatTheTpmHasGone) {
    const auto one = collector();
    ASSERT_TRUE(one->introduction());
    tpm_->stop();
    const auto evidence = one->collect(tpm::encode(quote_request()), binding());
    ASSERT_FALSE(evidence);
    EXPECT_EQ(evidence.error().reason, Reason::evidence_device_absent) << evidence.error().to_string();
}

TEST_F(Tpm2Collector, LetsGoOfTheTpmWhenTold) {
    settings_.offer_ek = false;
    const auto one = collector();
    ASSERT_TRUE(one->introduction());
    one->release();
    EXPECT_TRUE(tpm_->pcr_value(0)) << "another connection is served";
    EXPECT_TRUE(one->collect(tpm::encode(quote_request()), binding()));
}

TEST_F(Tpm2Collector, SendsTheEventLogIfAskedAndThere) {
    ASSERT_TRUE(tpm_->measure(0, "firmware"));
    ASSERT_TRUE(tpm_->measure(7, "secure boot"));
    settings_.event_log = tpm_->write_event_log();
    const auto one = collector();
    const auto evidence = one->collect(tpm::encode(quote_request(true)), binding());
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    const auto parsed = tpm::decode_evidence(*evidence);
    const auto replayed = tpm::replay(parsed->event_log, crypto::Hash::sha256);
    ASSERT_TRUE(replayed) << replayed.error().to_string();
    for (const unsigned pcr : {0, 7, 16, 17}) {
        EXPECT_EQ(hex_encode(replayed->value(pcr)), hex_encode(parsed->pcr_values[pcr])) << pcr;
    }
    const auto without = one->collect(tpm::encode(quote_request(false)), binding());
    EXPECT_TRUE(tpm::decode_evidence(*without)->event_log.empty());
}

TEST_F(Tpm2Collector, LeavesOutALogThatIsNotThere) {
    const auto evidence = collector()->collect(tpm::encode(quote_request(true)), binding());
    ASSERT_TRUE(evidence) << evidence.error().to_string();
    EXPECT_TRUE(tpm::decode_evidence(*evidence)->event_log.empty());
}

TEST_F(Tpm2Collector, OffersTheCertificateInTheTpm) {
    const WallTime now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
    const auto maker = test::Issuer::root("maker", now, now + std::chrono::hours(24));
    Bytes ek;
    {
        const auto introduction = collector()->introduction();
        ASSERT_TRUE(introduction) << introduction.error().to_string();
        ek = to_vector(tpm::decode_introduction(*introduction)->ek_public);
        EXPECT_TRUE(tpm::decode_introduction(*introduction)->ek_certificates.empty());
    }
    const auto key = tpm::key_of(tpm::parse_public(ek).value()).value();
    const Bytes certificate = maker.issue(key, now, now + std::chrono::hours(24));
    Bytes padded = certificate;
    padded.resize(padded.size() + 100, 0xff);  // as makers leave it
    ASSERT_TRUE(tpm_->write_nv(0x01c00002, padded));
    const auto introduction = collector()->introduction();
    ASSERT_TRUE(introduction) << introduction.error().to_string();
    const auto chain = tpm::decode_introduction(*introduction)->ek_certificates;
    ASSERT_EQ(chain.size(), 1u);
    EXPECT_EQ(to_vector(chain[0]), certificate);
}

TEST_F(Tpm2Collector, RefusesARequestThatIsNone) {
    const auto evidence = collector()->collect(Bytes{1, 2, 3}, binding());
    ASSERT_FALSE(evidence);
    EXPECT_EQ(evidence.error().reason, Reason::invalid_argument);
}

TEST_F(Tpm2Collector, FailsOnACredentialThatIsNotForIt) {
    tpm::Request request = quote_request();
    const Bytes nonsense(48, 7), secret(256, 8);
    request.credential = tpm::Credential{nonsense, secret};
    const auto one = collector();
    const auto evidence = one->collect(tpm::encode(request), binding());
    ASSERT_FALSE(evidence);
    EXPECT_EQ(evidence.error().reason, Reason::evidence_device_failed) << evidence.error().to_string();
    EXPECT_TRUE(one->collect(tpm::encode(quote_request()), binding())) << "and works on";
}

TEST_F(Tpm2Collector, FailsOnABankThatTheTpmDoesNotHave) {
    const tpm::Request request{{0x0012, kPcrs}, false, {}};  // SM3
    const auto evidence = collector()->collect(tpm::encode(request), binding());
    ASSERT_FALSE(evidence);
    EXPECT_EQ(evidence.error().reason, Reason::evidence_device_failed) << evidence.error().to_string();
}

TEST(Tpm2CollectorWithoutTpm, SaysSo) {
    Tpm2Settings settings;
    for (const std::string tcti : {"device:/nonexistent/tpm", "swtpm:path=/nonexistent/tpm"}) {
        settings.tcti = tcti;
        const auto one = make_tpm2_collector(settings);
        const auto introduction = one->introduction();
        ASSERT_FALSE(introduction);
        EXPECT_EQ(introduction.error().reason, Reason::evidence_device_absent) << introduction.error().to_string();
        EXPECT_FALSE(one->collect(tpm::encode(quote_request()), binding()));
        EXPECT_FALSE(one->fingerprints());
    }
}

// Out of descriptors nobody can tell whether there is a TPM; "absent" would not be asked again for a minute.
TEST_F(Tpm2Collector, WithoutADescriptorTheDeviceFailsAndIsNotAbsent) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(STDERR_FILENO);
    ASSERT_GE(next, 0);
    ::close(next);
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(next);
    const auto starved = collector();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const auto introduction = starved->introduction();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_FALSE(introduction);
    EXPECT_EQ(introduction.error().reason, Reason::evidence_device_failed) << introduction.error().to_string();
    EXPECT_TRUE(starved->introduction()) << "and it is there once there are descriptors";
}

}  // namespace
}  // namespace ct::attest
