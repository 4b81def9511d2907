// SPDX-License-Identifier: Apache-2.0
// The real cloudtaser-attestd on a private bus with a software TPM, judged by the real verifier.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "attest/evidence/tpm2_bundle.h"
#include "attest/verify/verifier.h"
#include "bus/connection.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/private_bus.h"
#include "support/swtpm.h"

namespace ct {
namespace {

using namespace std::chrono_literals;

const char* const kName = "io.cloudtaser.Attest1";
const bus::Destination kManager{kName, "/io/cloudtaser/Attest1", "io.cloudtaser.Attest1.Manager"};
const bus::Destination kProperties{kName, "/io/cloudtaser/Attest1", "org.freedesktop.DBus.Properties"};
constexpr unsigned kStranger = 65534;

struct Answer {
    Bytes evidence;
    int seals = 0;
    std::string media_type;
};

class AttestDaemon : public testing::Test {
protected:
    void SetUp() override {
        auto tpm = test::Swtpm::start();
        if (!tpm && tpm.error().reason == Reason::unsupported) GTEST_SKIP() << "feature: swtpm";
        ASSERT_TRUE(tpm) << tpm.error().to_string();
        tpm_ = std::move(*tpm);
        ASSERT_TRUE(tpm_->measure(0, "firmware"));
        ASSERT_TRUE(tpm_->measure(7, "secure boot"));
    }
    void start(const std::string& more = {}) {
        const auto config = folder_.write(
            "attestd.toml", "[tpm2]\ntcti = \"" + tpm_->tcti() + "\"\nevent_log = \"" + tpm_->write_event_log() +
                                "\"\n" + more + "[audit]\nfile = \"" + folder_.file("audit.jsonl") + "\"\n");
        auto private_bus =
            test::PrivateBus::start({.services = {{kName, {test::built("cloudtaser-attestd"), "--config", config}}}});
        ASSERT_TRUE(private_bus) << private_bus.error().to_string();
        bus_.emplace(std::move(*private_bus));
        bus_->adopt();
        client_.emplace(std::move(*bus::Connection::open_system("test")));
    }

    Result<Bytes> introduce(const std::string& kind) { return introduce_over(*client_, kind); }
    static Result<Bytes> introduce_over(bus::Connection& client, const std::string& kind) {
        CT_TRY(auto call, client.new_call(kManager, "Introduce"));
        CT_CHECK(call.append(kind));
        CT_TRY(auto reply, client.call(call, 20s));
        return reply.read<Bytes>();
    }
    Result<Answer> get_evidence(const std::string& kind, ByteView binding, ByteView request,
                                const char* option = nullptr) {
        CT_TRY(auto call, client_->new_call(kManager, "GetEvidence"));
        CT_CHECK(call.append_all(kind, binding, request));
        std::map<std::string, bus::OptionValue> options;
        if (option != nullptr) options.emplace(option, true);
        CT_CHECK(bus::append_options(call, options));
        CT_TRY(auto reply, client_->call(call, 20s));
        Answer out;
        CT_TRY(const Fd fd, reply.read<Fd>());
        CT_TRY(const auto size, reply.read<std::uint64_t>());
        CT_TRY(out.media_type, reply.read<std::string>());
        out.seals = ::fcntl(fd.get(), F_GET_SEALS);
        CT_TRY(const auto text, read_fd(fd.get(), 2 << 20));
        EXPECT_EQ(text.size(), size);
        out.evidence = to_vector(as_bytes(text));
        return out;
    }
    template <class T>
    Result<T> property(const char* name, const char* signature) {
        CT_TRY(auto call, client_->new_call(kProperties, "Get"));
        CT_CHECK(call.append_all(kManager.interface, name));
        CT_TRY(auto reply, client_->call(call, 20s));
        CT_TRY([[maybe_unused]] const bool entered, reply.enter('v', signature));
        return reply.read<T>();
    }
    // Verifies as a gate would, by the fingerprint that the daemon itself tells.
    attest::Verdict judge(const std::string& policy_lines) {
        const auto& verifier = *attest::find_verifier("tpm2");
        const auto document = config::Document::parse("[t]\n" + policy_lines, "p.toml");
        const auto policy = verifier.parse_policy(*document->root().get("t"));
        EXPECT_TRUE(policy) << policy.error().to_string();
        const auto introduction = introduce("tpm2");
        EXPECT_TRUE(introduction) << introduction.error().to_string() << bus_->log();
        const WallTime now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
        const auto request = verifier.request(*introduction, **policy, ByteArray<32>{1}, now);
        EXPECT_TRUE(request) << request.error().to_string();
        const Sha512 binding = crypto::sha512(as_bytes("session"));
        const auto answer = get_evidence("tpm2", binding, request->for_collector);
        EXPECT_TRUE(answer) << answer.error().to_string() << bus_->log();
        return verifier.verify({*introduction, request->kept, answer->evidence, binding, now}, **policy);
    }
    std::string pcr_lines() {
        return "pcrs = { '0' = '" + hex_encode(pcr0()) + "', '7' = '" + hex_encode(pcr7()) +
               "' }\nrequire_event_log = true\n";
    }
    static Bytes pcr0() {
        return crypto::digest(crypto::Hash::sha256, {Bytes(32), crypto::sha256(as_bytes("firmware"))});
    }
    static Bytes pcr7() {
        return crypto::digest(crypto::Hash::sha256, {Bytes(32), crypto::sha256(as_bytes("secure boot"))});
    }

    test::TempDir folder_;
    std::unique_ptr<test::Swtpm> tpm_;
    std::optional<test::PrivateBus> bus_;
    std::optional<bus::Connection> client_;
};

TEST_F(AttestDaemon, MakesEvidenceThatTheVerifierAffirms) {
    start();
    ASSERT_TRUE(introduce("tpm2")) << bus_->log();  // the fingerprints are known by then
    const auto fingerprints = property<bus::StringMap>("Fingerprints", "a{ss}");
    ASSERT_TRUE(fingerprints) << fingerprints.error().to_string();
    ASSERT_TRUE(fingerprints->contains("tpm2.ak"));
    ASSERT_TRUE(fingerprints->contains("tpm2.ek"));
    const auto by_name = judge(pcr_lines() + "ak = ['" + fingerprints->at("tpm2.ak") + "']\n");
    EXPECT_TRUE(by_name.affirming()) << to_string(by_name.findings.front().reason);
    const auto by_credential = judge(pcr_lines() + "ek = ['" + fingerprints->at("tpm2.ek") + "']\n");
    EXPECT_TRUE(by_credential.affirming()) << to_string(by_credential.findings.front().reason);
    EXPECT_EQ(property<std::vector<std::string>>("Kinds", "as").value(), std::vector<std::string>{"tpm2"});
    EXPECT_EQ(property<std::string>("Primary", "s").value(), "tpm2");
    const auto audit = read_file(folder_.file("audit.jsonl"), 1 << 20);
    ASSERT_TRUE(audit);
    EXPECT_NE(audit->find("evidence_produced"), std::string::npos);
}

TEST_F(AttestDaemon, HandsEvidenceOverSealed) {
    start();
    const Bytes request = attest::tpm::encode(attest::tpm::Request{{0x000b, 1}, false, {}});
    const auto answer = get_evidence("tpm2", Bytes(64), request);
    ASSERT_TRUE(answer) << answer.error().to_string() << bus_->log();
    EXPECT_EQ(answer->media_type, "application/vnd.cloudtaser.evidence.tpm2+cbor");
    EXPECT_EQ(answer->seals, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    EXPECT_TRUE(attest::tpm::decode_evidence(answer->evidence));
}

TEST_F(AttestDaemon, RefusesWhatItWasNotMadeFor) {
    start();
    const Bytes request = attest::tpm::encode(attest::tpm::Request{{0x000b, 1}, false, {}});
    EXPECT_EQ(introduce("other").error().reason, Reason::unsupported);
    EXPECT_EQ(get_evidence("other", Bytes(64), request).error().reason, Reason::unsupported);
    EXPECT_EQ(get_evidence("tpm2", Bytes(32), request).error().reason, Reason::invalid_argument);
    EXPECT_EQ(get_evidence("tpm2", Bytes(64), Bytes{1, 2}).error().reason, Reason::invalid_argument);
    EXPECT_EQ(get_evidence("tpm2", Bytes(64), Bytes((64 << 10) + 1)).error().reason, Reason::too_large);
    EXPECT_EQ(get_evidence("tpm2", Bytes(64), request, "fast").error().reason, Reason::invalid_argument);
    EXPECT_TRUE(get_evidence("tpm2", Bytes(64), request)) << "and goes on";
}

TEST_F(AttestDaemon, SaysWhenTheTpmHasGoneAndWhenItIsBack) {
    start();
    ASSERT_TRUE(introduce("tpm2")) << bus_->log();
    tpm_->stop();
    const Bytes request = attest::tpm::encode(attest::tpm::Request{{0x000b, 1}, false, {}});
    EXPECT_EQ(get_evidence("tpm2", Bytes(64), request).error().reason, Reason::evidence_device_absent);
    EXPECT_TRUE(property<std::vector<std::string>>("Kinds", "as").value().empty());
    EXPECT_EQ(property<std::string>("Primary", "s").value(), "");
    ASSERT_TRUE(tpm_->reboot(true));
    EXPECT_TRUE(get_evidence("tpm2", Bytes(64), request)) << bus_->log();
    EXPECT_EQ(property<std::string>("Primary", "s").value(), "tpm2");
}

TEST_F(AttestDaemon, StartsWithoutATpmAndSaysSo) {
    tpm_->stop();
    start();
    EXPECT_EQ(introduce("tpm2").error().reason, Reason::evidence_device_absent);
    EXPECT_TRUE(property<std::vector<std::string>>("Kinds", "as").value().empty());
}

TEST_F(AttestDaemon, LetsGoOfTheTpmAfterEachCallIfToldTo) {
    start("idle_release = \"0s\"\n");
    ASSERT_TRUE(introduce("tpm2")) << bus_->log();
    // A software TPM serves one connection at a time: this one is served only because the daemon's has ended.
    EXPECT_TRUE(tpm_->pcr_value(0));
    EXPECT_TRUE(introduce("tpm2"));
}

TEST_F(AttestDaemon, AnswersManyCallsAtOnceInOrder) {
    start();
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    ASSERT_TRUE(client_->attach(*loop));
    constexpr int calls = 50;
    int answered = 0, good = 0;
    for (int i = 0; i < calls; ++i) {
        auto call = client_->new_call(kManager, "Introduce");
        ASSERT_TRUE(call);
        ASSERT_TRUE(call->append("tpm2"));
        ASSERT_TRUE(client_->call_detached(*call, [&](Result<bus::Message> reply) {
            if (reply) ++good;
            if (++answered == calls) loop->exit(0);
        }));
    }
    ASSERT_TRUE(loop->run());
    EXPECT_EQ(good, calls);
}

TEST_F(AttestDaemon, IsForSecretdAndRootOnly) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    start();
    ASSERT_TRUE(introduce("tpm2")) << bus_->log();
    const int code = test::as_user(kStranger, [&] {
        auto client = bus::Connection::open_system("stranger");
        if (!client) return 2;
        const auto answer = introduce_over(*client, "tpm2");
        return !answer && answer.error().reason == Reason::caller_not_allowed ? 0 : 3;
    });
    EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace ct
