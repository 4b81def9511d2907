// SPDX-License-Identifier: Apache-2.0
// The release path on confidential machines, simulated, with and without a TPM, and with a cloud's TPM that is part of the
// machine: real daemons, real OpenBao. One wrong word in the gate's policy refuses, and the launcher is told which check it was.
#include <gtest/gtest.h>

#include <span>
#include <sstream>

#include "support/mounted_reports.h"
#include "support/session_client.h"
#include "support/world.h"

namespace ct::test {
namespace {

struct Wrong {
    const char *from, *to;  // in the machine's policy; an empty `from`: one more line
    Reason reason;
};
struct Case {
    const char* kind;
    Result<SimulatedMachine> (*make)();
    bool mounted;
    std::vector<Wrong> wrongs;
};

const Case kCases[] = {
    {"simulated-sev-snp",
     simulated_snp_machine,
     true,
     {{"measurement = \"aa", "measurement = \"ab", Reason::evidence_measurement_mismatch},
      {"", "tcb.milan = { snp = 25 }\n", Reason::evidence_tcb_below_floor},
      {"", "products = [\"Genoa\"]\n", Reason::evidence_platform_denied},
      {"", "allow_smt = false\n", Reason::evidence_configuration_mismatch}}},
    {"simulated-tdx",
     simulated_tdx_machine,
     true,
     {{"mrtd = \"7d", "mrtd = \"7e", Reason::evidence_measurement_mismatch},
      {"", "evaluation_floor = 19\n", Reason::evidence_tcb_below_floor},
      {"", "deny_fmspcs = [\"90c06f000000\"]\n", Reason::evidence_platform_denied}}},
    {"simulated-nitro",
     simulated_nitro_machine,
     false,
     {{"\"0\" = \"a0", "\"0\" = \"a1", Reason::evidence_measurement_mismatch},
      {"", "document = \"nitrotpm\"\n", Reason::evidence_configuration_mismatch}}},
    // Both halves count, the TPM's and the hardware's.
    {"simulated-azure-snp",
     simulated_azure_snp_machine,
     false,
     {{"tpm2.pcrs = { \"0\"", "tpm2.pcrs = { \"4\"", Reason::evidence_measurement_mismatch},
      {"sev-snp.measurement = \"aa", "sev-snp.measurement = \"ab", Reason::evidence_measurement_mismatch},
      {"", "sev-snp.tcb.milan = { snp = 25 }\n", Reason::evidence_tcb_below_floor}}},
    {"simulated-azure-tdx",
     simulated_azure_tdx_machine,
     false,
     {{"tpm2.pcrs = { \"0\"", "tpm2.pcrs = { \"4\"", Reason::evidence_measurement_mismatch},
      {"tdx.mrtd = \"7d", "tdx.mrtd = \"7e", Reason::evidence_measurement_mismatch},
      {"", "tdx.evaluation_floor = 19\n", Reason::evidence_tcb_below_floor}}},
    {"simulated-gce-snp",
     simulated_gce_snp_machine,
     true,
     {{"tpm2.pcrs = { \"0\"", "tpm2.pcrs = { \"4\"", Reason::evidence_measurement_mismatch},
      {"sev-snp.measurement = \"aa", "sev-snp.measurement = \"ab", Reason::evidence_measurement_mismatch},
      {"", "sev-snp.products = [\"Genoa\"]\n", Reason::evidence_platform_denied},
      {"google.pem", "amd.pem", Reason::evidence_chain_invalid}}},
};
// Those of one device each, which can be one machine.
const auto kSingle = std::span(kCases).first(3);

// A real kind has no roots in its policy.
std::string without_roots(const std::string& policy) {
    std::istringstream in(policy);
    std::string out;
    for (std::string line; std::getline(in, line);)
        if (!line.contains("roots")) out += line + "\n";
    return out;
}

std::unique_ptr<World> world_with_a_secret(const World::Options& options) {
    auto world = World::start(options);
    EXPECT_TRUE(world) << world.error().to_string();
    if (!world) return nullptr;
    (*world)->bao().put_kv("payments", R"({"password":"correct horse"})");
    (*world)->map("DB_PASSWORD", "kv/payments#password");
    return std::move(*world);
}

class Kinds : public testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        CT_NEEDS_WORLD();
        if (GetParam().mounted) CT_NEEDS_MOUNTED_REPORTS();
        auto machine = GetParam().make();
        ASSERT_TRUE(machine) << machine.error().to_string();
        options_.tpm = false;
        options_.machines = {std::move(*machine)};
    }
    void begin() {
        world_ = world_with_a_secret(options_);
        if (!world_) std::abort();
    }
    // The gate goes by `options` from now on; the node's daemons do not know.
    void judge_by(const World::Options& options) {
        world_->write_policy(options);
        const Status loaded = world_->reload_gate();
        ASSERT_TRUE(loaded) << loaded.error().to_string();
    }
    void expect_refusal(Reason reason) {
        const auto session = SessionClient::open("payments");
        ASSERT_FALSE(session) << "released";
        EXPECT_EQ(to_string(session.error().reason), to_string(reason)) << session.error().context << "\n"
                                                                        << world_->bus().log();
        const std::string word = "\"" + std::string(to_string(reason)) + "\"";
        EXPECT_NE(world_->node_audit().find(word), std::string::npos) << world_->node_audit();
        EXPECT_NE(world_->gate_audit().find(word), std::string::npos) << world_->gate_audit();
        EXPECT_EQ(world_->counter("Secret1", "sessions_opened"), 0U);
    }
    void expect_release(const std::string& evidence) {
        auto session = SessionClient::open("payments");
        ASSERT_TRUE(session) << session.error().to_string() << "\n" << world_->bus().log();
        const auto values = session->arm();
        ASSERT_TRUE(values) << values.error().to_string();
        EXPECT_EQ(values->at("DB_PASSWORD"), "correct horse");
        EXPECT_EQ(session->property("EvidenceKind").value_or("?"), evidence);
    }

    World::Options options_;
    std::unique_ptr<World> world_;
};

TEST_P(Kinds, ReleaseByThemselvesAndRefuseForEachWrongWordOfThePolicy) {
    begin();
    for (const Wrong& wrong : GetParam().wrongs) {
        SCOPED_TRACE(wrong.to);
        World::Options changed = options_;
        std::string& policy = changed.machines.front().policy;
        const std::size_t at = policy.find(wrong.from);
        ASSERT_NE(at, std::string::npos) << policy;
        policy.replace(at, std::string(wrong.from).size(), wrong.to);
        judge_by(changed);
        expect_refusal(wrong.reason);
    }
    {
        SCOPED_TRACE("another maker");
        const auto other = GetParam().make();
        ASSERT_TRUE(other) << other.error().to_string();
        World::Options changed = options_;
        changed.machines.front().files = other->files;
        judge_by(changed);
        expect_refusal(Reason::evidence_chain_invalid);
    }
    judge_by(options_);
    expect_release(GetParam().kind);
}

TEST_P(Kinds, CountBesideTheTpm) {
    options_.tpm = true;
    begin();
    World::Options changed = options_;
    changed.pcrs[7] = std::string(64, '0');
    judge_by(changed);
    expect_refusal(Reason::evidence_measurement_mismatch);
    judge_by(options_);
    expect_release("tpm2+" + std::string(GetParam().kind));
}

TEST_P(Kinds, AreNotTakenForTheRealOnes) {
    begin();
    World::Options changed = options_;
    SimulatedMachine& machine = changed.machines.front();
    machine.kind.erase(0, std::string("simulated-").size());
    machine.policy = without_roots(machine.policy);
    judge_by(changed);
    expect_refusal(Reason::evidence_kind_not_allowed);
}

INSTANTIATE_TEST_SUITE_P(, Kinds, testing::ValuesIn(kCases), [](const auto& one) {
    std::string name = one.param.kind;
    std::erase(name, '-');
    return name;
});

TEST(KindsOnOneNode, AreNotMissedByWorkloadsThatDoNotNeedThem) {
    CT_NEEDS_WORLD();
    auto nitro = simulated_nitro_machine();
    ASSERT_TRUE(nitro) << nitro.error().to_string();
    World::Options options;
    options.machines = {*nitro};
    const auto world = world_with_a_secret(options);
    ASSERT_TRUE(world);
    world->write_policy({});  // the TPM will do
    ASSERT_TRUE(world->reload_gate());
    options.machines.front().device.reset();
    nitro->device.reset();
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string() << "\n" << world->bus().log();
    EXPECT_EQ(session->property("EvidenceKind").value_or("?"), "tpm2");
    world->write_policy(options);
    ASSERT_TRUE(world->reload_gate());
    ASSERT_TRUE(world->drop_grants());
    const auto refused = SessionClient::open("payments");
    ASSERT_FALSE(refused);
    EXPECT_EQ(to_string(refused.error().reason), to_string(Reason::evidence_kind_not_allowed));
}

TEST(KindsOnOneNode, ReleaseOnAllThreeAtOnce) {
    CT_NEEDS_WORLD();
    CT_NEEDS_MOUNTED_REPORTS();
    World::Options options;
    for (const Case& one : kSingle) {
        auto machine = one.make();
        ASSERT_TRUE(machine) << machine.error().to_string();
        options.machines.push_back(std::move(*machine));
    }
    const auto world = world_with_a_secret(options);
    ASSERT_TRUE(world);
    const auto session = SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string() << "\n" << world->bus().log();
}

}  // namespace
}  // namespace ct::test
