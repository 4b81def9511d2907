// SPDX-License-Identifier: Apache-2.0
// The real cloudtaser-attestd with the devices of confidential machines, simulated, and without a TPM; judged by the real verifiers.
#include <gtest/gtest.h>

#include <optional>

#include "attest/verify/verifier.h"
#include "bus/connection.h"
#include "crypto/digest.h"
#include "support/mounted_reports.h"
#include "support/private_bus.h"
#include "support/simulated_machine.h"

namespace ct {
namespace {

using namespace std::chrono_literals;
using test::SimulatedMachine;

const char* const kName = "io.cloudtaser.Attest1";
const bus::Destination kManager{kName, "/io/cloudtaser/Attest1", "io.cloudtaser.Attest1.Manager"};

class AttestKinds : public testing::Test {
protected:
    void start(const std::string& settings) {
        const auto config =
            folder_.write("attestd.toml", settings + "[audit]\nfile = \"" + folder_.file("audit.jsonl") + "\"\n");
        auto private_bus =
            test::PrivateBus::start({.services = {{kName, {test::built("cloudtaser-attestd"), "--config", config}}}});
        ASSERT_TRUE(private_bus) << private_bus.error().to_string();
        bus_.emplace(std::move(*private_bus));
        bus_->adopt();
        client_.emplace(std::move(*bus::Connection::open_system("test")));
    }
    Result<Bytes> introduce(const std::string& kind) {
        CT_TRY(auto call, client_->new_call(kManager, "Introduce"));
        CT_CHECK(call.append(kind));
        CT_TRY(auto reply, client_->call(call, 20s));
        return reply.read<Bytes>();
    }
    Result<Bytes> get_evidence(const std::string& kind, ByteView binding, ByteView request) {
        CT_TRY(auto call, client_->new_call(kManager, "GetEvidence"));
        CT_CHECK(call.append_all(kind, binding, request));
        CT_CHECK(bus::append_options(call, {}));
        CT_TRY(auto reply, client_->call(call, 20s));
        CT_TRY(const Fd fd, reply.read<Fd>());
        CT_TRY(const auto text, read_fd(fd.get(), 2 << 20));
        return to_vector(as_bytes(text));
    }
    template <class T>
    Result<T> property(const std::string& interface, const char* name, const char* signature) {
        CT_TRY(auto call,
               client_->new_call({kName, "/io/cloudtaser/Attest1", "org.freedesktop.DBus.Properties"}, "Get"));
        CT_CHECK(call.append_all(interface, name));
        CT_TRY(auto reply, client_->call(call, 20s));
        CT_TRY([[maybe_unused]] const bool entered, reply.enter('v', signature));
        return reply.read<T>();
    }
    std::vector<std::string> kinds() {
        return property<std::vector<std::string>>(kManager.interface, "Kinds", "as").value();
    }
    std::string reason() { return property<std::string>("io.cloudtaser.Daemon1", "Reason", "s").value(); }
    std::string state() { return property<std::string>("io.cloudtaser.Daemon1", "State", "s").value(); }

    // As a gate would.
    Result<attest::Verdict> judge(const SimulatedMachine& machine) {
        const auto& verifier = *attest::find_verifier(machine.kind);
        CT_TRY(const auto document, config::Document::parse("[t]\n" + machine.policy, "p.toml"));
        CT_TRY(const auto policy,
               verifier.parse_policy(*document.root().get("t"), {machine.files.begin(), machine.files.end()}));
        CT_TRY(const Bytes introduction, introduce(machine.kind));
        const WallTime now = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
        CT_TRY(const auto request, verifier.request(introduction, *policy, ByteArray<32>{1}, now));
        const Sha512 binding = crypto::sha512(as_bytes("session"));
        CT_TRY(const Bytes evidence, get_evidence(machine.kind, binding, request.for_collector));
        attest::CollateralReader reader(machine.collateral);
        return verifier.verify({introduction, request.kept, evidence, binding, now, {}, &reader}, *policy);
    }
    void expect_affirmed(const Result<SimulatedMachine>& machine) {
        ASSERT_TRUE(machine) << machine.error().to_string();
        start(machine->attestd);
        const auto verdict = judge(*machine);
        ASSERT_TRUE(verdict) << verdict.error().to_string() << bus_->log();
        for (const auto& finding : verdict->findings)
            ADD_FAILURE() << to_string(finding.reason) << ": " << finding.detail;
        EXPECT_EQ(kinds(), std::vector<std::string>{machine->kind}) << "and nothing that is not there";
        EXPECT_EQ(state(), "ready") << "no TPM is missed";
        EXPECT_NE(bus_->log().find(machine->kind + ": a simulated device"), std::string::npos) << bus_->log();
    }

    test::TempDir folder_;
    std::optional<test::PrivateBus> bus_;
    std::optional<bus::Connection> client_;
};

TEST_F(AttestKinds, MakesSnpEvidenceThatTheVerifierAffirms) {
    CT_NEEDS_MOUNTED_REPORTS();
    expect_affirmed(test::simulated_snp_machine());
    const auto keys = property<bus::StringMap>(kManager.interface, "Fingerprints", "a{ss}");
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->at("simulated-sev-snp.measurement").size(), 96U);
}

TEST_F(AttestKinds, MakesTdxEvidenceThatTheVerifierAffirms) {
    CT_NEEDS_MOUNTED_REPORTS();
    expect_affirmed(test::simulated_tdx_machine());
}

// By the device and the host's service, where the kernel makes no quotes.
TEST_F(AttestKinds, MakesTdxEvidenceWithoutTheKernelsQuotes) {
    CT_NEEDS_MOUNTED_REPORTS();
    expect_affirmed(test::simulated_tdx_device_machine());
    const auto keys = property<bus::StringMap>(kManager.interface, "Fingerprints", "a{ss}");
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->at("simulated-tdx.mrtd").size(), 96U);
}

TEST_F(AttestKinds, MakesNitroEvidenceThatTheVerifierAffirms) { expect_affirmed(test::simulated_nitro_machine()); }

// Of a TPM and hardware together.
TEST_F(AttestKinds, MakesEvidenceOfCloudsThatTheVerifierAffirms) {
    CT_NEEDS_MOUNTED_REPORTS();
    expect_affirmed(test::simulated_azure_snp_machine());
    const auto keys = property<bus::StringMap>(kManager.interface, "Fingerprints", "a{ss}");
    ASSERT_TRUE(keys);
    EXPECT_EQ(keys->at("simulated-azure-snp.measurement").size(), 96U);
    EXPECT_TRUE(keys->contains("simulated-azure-snp.ak"));
    expect_affirmed(test::simulated_azure_tdx_machine());
    expect_affirmed(test::simulated_gce_snp_machine());
}

TEST_F(AttestKinds, SaysWhichDevicesItLooksForWhereThereIsNone) {
    start("");
    for (const char* kind : {"sev-snp", "tdx", "nitro", "tpm2"}) {
        const auto absent = introduce(kind);
        ASSERT_FALSE(absent) << "this machine has one";
        EXPECT_EQ(absent.error().reason, Reason::evidence_device_absent) << kind;
    }
    EXPECT_EQ(introduce("simulated-sev-snp").error().reason, Reason::unsupported) << "nobody named one";
    EXPECT_TRUE(kinds().empty());
    EXPECT_EQ(state(), "degraded");
    EXPECT_NE(reason().find("tpm2: evidence_device_absent"), std::string::npos) << reason();
}

TEST_F(AttestKinds, MissesADeviceThatItWasToldToExpect) {
    const auto nitro = test::simulated_nitro_machine();
    ASSERT_TRUE(nitro) << nitro.error().to_string();
    start("[sev-snp]\nenabled = true\n" + nitro->attestd);
    ASSERT_TRUE(introduce("simulated-nitro"));
    EXPECT_EQ(kinds(), std::vector<std::string>{"simulated-nitro"});
    EXPECT_EQ(state(), "degraded");
    EXPECT_NE(reason().find("sev-snp: evidence_device_absent"), std::string::npos) << reason();
    EXPECT_EQ(reason().find("tpm2"), std::string::npos) << reason();
}

TEST_F(AttestKinds, SaysWhenADeviceHasGone) {
    auto nitro = test::simulated_nitro_machine();
    ASSERT_TRUE(nitro) << nitro.error().to_string();
    start(nitro->attestd);
    ASSERT_TRUE(introduce("simulated-nitro"));
    nitro->device.reset();
    EXPECT_EQ(introduce("simulated-nitro").error().reason, Reason::evidence_device_absent);
    EXPECT_TRUE(kinds().empty());
}

}  // namespace
}  // namespace ct
