// SPDX-License-Identifier: Apache-2.0
// The release path as a whole: real daemons, real OpenBao, a software TPM. What holds when all is well, and the reason that
// the launcher and the audit give when something is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>

#include "bus/connection.h"
#include "crypto/certificate_maker.h"
#include "support/session_client.h"
#include "support/world.h"

namespace ct::test {
namespace {

using namespace std::chrono_literals;

class Release : public ::testing::Test {
protected:
    void SetUp() override { CT_NEEDS_WORLD(); }

    World& begin(const World::Options& options = {}) {
        auto world = World::start(options);
        if (!world) {
            ADD_FAILURE() << world.error().to_string();
            std::abort();
        }
        world_ = std::move(*world);
        world_->bao().put_kv("payments", R"({"password":"correct horse","other":"battery staple"})");
        world_->map("DB_PASSWORD", "kv/payments#password");
        return *world_;
    }

    // The reason at the launcher's end. The same word must stand in the node's audit.
    void expect_refusal(Reason reason, const bus::StringMap& env = {}) {
        const auto session = SessionClient::open("payments", env);
        ASSERT_FALSE(session) << "released";
        EXPECT_EQ(to_string(session.error().reason), to_string(reason)) << session.error().context << "\n"
                                                                        << world_->bus().log();
        EXPECT_NE(world_->node_audit().find("\"" + std::string(to_string(reason)) + "\""), std::string::npos)
            << world_->node_audit();
        EXPECT_EQ(world_->counter("Secret1", "sessions_opened"), 0U);
    }

    void expect_gate_record(Reason reason) {
        EXPECT_NE(world_->gate_audit().find("\"" + std::string(to_string(reason)) + "\""), std::string::npos)
            << world_->gate_audit();
    }

    std::unique_ptr<World> world_;
};

TEST_F(Release, DeliversWhatOpenBaoHoldsAfterTheHostHasAttested) {
    auto& world = begin();
    auto session = SessionClient::open("payments", {{"OTHER", "kv/payments#other"}});
    ASSERT_TRUE(session) << session.error().to_string() << "\n" << world.bus().log();
    const auto values = session->arm();
    ASSERT_TRUE(values) << values.error().to_string();
    EXPECT_EQ(values->at("DB_PASSWORD"), "correct horse");
    EXPECT_EQ(values->at("OTHER"), "battery staple");
    EXPECT_EQ(session->property("EvidenceKind").value_or("?"), "tpm2");
    EXPECT_EQ(session->property("State").value_or("?"), "live");
    EXPECT_EQ(session->property("Tiers").value_or("?"), "AB");
    EXPECT_NE(world.gate_audit().find("\"verdict\""), std::string::npos);
}

TEST_F(Release, ASecondLaunchUnderALiveGrantAsksTheGateNothing) {
    auto& world = begin();
    ASSERT_TRUE(SessionClient::open("payments"));
    const std::uint64_t streams = world.counter("Bridge1", "streams_opened");
    auto second = SessionClient::open("payments");
    ASSERT_TRUE(second);
    EXPECT_EQ(world.counter("Bridge1", "streams_opened"), streams) << "the connection to OpenBao is kept as well";
    EXPECT_EQ(world.counter("Secret1", "grants_won"), 1U);
    EXPECT_EQ(world.counter("Secret1", "sessions_warm"), 1U);
}

TEST_F(Release, AHundredSecretsOfOneStartTakeTwoRoundTripsAtMost) {
    auto& world = begin();
    bus::StringMap env;
    for (int i = 0; i < 100; ++i) {
        const auto name = "payments/s" + std::to_string(i);
        world.bao().put_kv(name, "{\"v\":\"value " + std::to_string(i) + "\"}");
        env["S" + std::to_string(i)] = "kv/" + name + "#v";
    }
    ASSERT_TRUE(SessionClient::open("payments"));  // warm: the connection and the grant
    const auto before = world.counter("Secret1", "read_round_trips");
    auto session = SessionClient::open("payments", env);
    ASSERT_TRUE(session) << session.error().to_string();
    const auto trips = world.counter("Secret1", "read_round_trips") - before;
    std::printf("101 secrets: %llu round trips\n", static_cast<unsigned long long>(trips));
    EXPECT_LE(trips, 2U);
    const auto values = session->arm();
    ASSERT_TRUE(values);
    EXPECT_EQ(values->size(), 101U);
    EXPECT_EQ(values->at("S57"), "value 57");
}

TEST_F(Release, ValuesOfEveryShapeArriveOrAreRefusedWithTheReason) {
    auto& world = begin();
    const std::string large(1 << 20, 'x');
    world.bao().put_kv1("payments/large", "{\"v\":\"" + large + "\"}");
    world.bao().put_kv("payments/shapes", R"({"empty":"","lines":"a\nb\n","nul":"a\u0000b","number":42})");
    {
        auto session = SessionClient::open(
            "payments", {{"EMPTY", "kv/payments/shapes#empty"}, {"LINES", "kv/payments/shapes#lines"}});
        ASSERT_TRUE(session) << session.error().to_string();
        const auto values = session->arm();
        ASSERT_TRUE(values);
        EXPECT_EQ(values->at("EMPTY"), "");
        EXPECT_EQ(values->at("LINES"), "a\nb\n");
    }
    const struct {
        const char* source;
        Reason reason;
    } refused[] = {
        {"kv/payments/shapes#nul", Reason::value_has_nul},
        {"kv1/payments/large#v", Reason::value_too_large},
        {"kv/payments/shapes#absent", Reason::vault_field_missing},
    };
    for (const auto& [source, reason] : refused) {
        const auto session = SessionClient::open("payments", {{"V", source}});
        ASSERT_FALSE(session) << source;
        EXPECT_EQ(to_string(session.error().reason), to_string(reason)) << source;
        EXPECT_EQ(session.error().context.find("a\\u0000b"), std::string::npos);
    }
    world.map("RAW", "kv/payments/shapes#nul", "secrets");
    world.map("LARGE", "kv1/payments/large#v", "secrets");
    ASSERT_TRUE(world.reload_node());
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string();
    EXPECT_EQ(session->fetch("RAW").value_or("?"), std::string("a\0b", 3));
    EXPECT_EQ(session->fetch("LARGE").value_or("?"), large);
    EXPECT_EQ(session->fetch("DB_PASSWORD").value_or("?"), "correct horse");
    const auto unmapped = session->fetch("NOBODY");
    ASSERT_FALSE(unmapped);
    EXPECT_EQ(unmapped.error().reason, Reason::name_not_mapped);
}

TEST_F(Release, ASessionEndsWithItsLine) {
    auto& world = begin();
    {
        auto session = SessionClient::open("payments");
        ASSERT_TRUE(session);
    }
    auto next = SessionClient::open("payments");
    ASSERT_TRUE(next);
    EXPECT_NE(world.node_audit().find("\"session_ended\""), std::string::npos);
}

// Descriptors of a process that share their socket with another one of it: so a line is held while somebody speaks on it.
std::size_t doubled_sockets(int pid) {
    std::map<std::string, std::size_t> seen;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (target.starts_with("socket:")) ++seen[target];
    }
    return static_cast<std::size_t>(std::ranges::count_if(seen, [](const auto& each) { return each.second > 1; }));
}

TEST_F(Release, ASilentLineIsADescriptorOnlyAndServesTheNextCall) {
    auto& world = begin();
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string() << "\n" << world.bus().log();
    const int secretd = world.bus().pid_of("io.cloudtaser.Secret1");
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    for (int round = 0; round < 3; ++round) {
        const auto values = session->arm();
        ASSERT_TRUE(values) << values.error().to_string();
        EXPECT_EQ(values->at("DB_PASSWORD"), "correct horse");
        ASSERT_EQ(doubled_sockets(secretd), 1U) << "nobody speaks on the line that was just spoken on";
        const BootTime end = loop->now() + 10s;
        while (doubled_sockets(secretd) != 0 && loop->now() < end)
            ASSERT_TRUE(loop->run_once(10ms));
        ASSERT_EQ(doubled_sockets(secretd), 0U);
    }
    auto other = SessionClient::open_unspoken("payments");
    ASSERT_TRUE(other);
    other->line.reset();
    while (world.session_states().size() > 1)
        ASSERT_TRUE(loop->run_once(10ms));  // a line that hangs up ends its session, also if nobody ever spoke
    EXPECT_EQ(world.session_states(), std::vector<std::string>{"live"});
}

TEST_F(Release, ManyServicesAtOnceWaitForTheirTurnAtTheGate) {
    World::Options options;
    options.gate_extra = "[limits]\nconnections_per_address = 32\n";
    auto& world = begin(options);
    std::vector<std::string> names;
    for (int i = 0; i < 80; ++i)
        names.push_back("service" + std::to_string(i));
    ASSERT_TRUE(world.copy_workload(names));

    auto loop = std::move(*EventLoop::create());
    auto bus = std::move(*bus::Connection::open_system("many services"));
    ASSERT_TRUE(bus.attach(loop));
    const Fd self = std::move(*pidfd_open(::getpid()));
    std::size_t answers = 0;
    std::vector<Fd> lines;
    for (const auto& name : names) {
        auto call = bus.new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                                 "OpenSession");
        ASSERT_TRUE(call && call->append_all(name, self) && bus::append_options(*call, {}));
        ASSERT_TRUE(bus.call_detached(*call, [&](Result<bus::Message> reply) {
            ++answers;
            ASSERT_TRUE(reply) << reply.error().to_string();
            ASSERT_TRUE(reply->read<bus::ObjectPath>());
            lines.push_back(std::move(*reply->read<Fd>()));
        }));
    }
    while (answers < names.size())
        ASSERT_TRUE(loop.run_once(30s));
    EXPECT_EQ(lines.size(), names.size());
    EXPECT_EQ(world.counter("Secret1", "grants_won"), names.size());
}

TEST_F(Release, RevokingAWorkloadClosesItsLinesAndDropsItsGrant) {
    auto& world = begin();
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session);
    auto admin = bus::Connection::open_system("admin");
    ASSERT_TRUE(admin);
    auto call = admin->new_call({"io.cloudtaser.Secret1", "/io/cloudtaser/Secret1", "io.cloudtaser.Secret1.Manager"},
                                "RevokeWorkload");
    ASSERT_TRUE(call && call->append(std::string("payments")));
    auto reply = admin->call(*call);
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(reply->read<std::uint32_t>().value_or(0), 1U);
    EXPECT_TRUE(session->closed_within(5s));
    ASSERT_TRUE(SessionClient::open("payments"));
    EXPECT_EQ(world.counter("Secret1", "grants_won"), 2U);
}

// ---- who asks, and for what

TEST_F(Release, RefusesACallerThatTheNodeDoesNotName) {
    World::Options options;
    options.users = {"12345"};
    begin(options);
    expect_refusal(Reason::caller_not_allowed);
}

TEST_F(Release, RefusesAWorkloadThatNobodyConfigured) {
    begin();
    const auto session = SessionClient::open("nobody");
    ASSERT_FALSE(session);
    EXPECT_EQ(session.error().reason, Reason::workload_unknown);
}

TEST_F(Release, RefusesAnExecutableThatIsNotTheOneNamed) {
    World::Options options;
    options.workload_extra = "executables = [\"" + std::string(64, '0') + "\"]\n";
    begin(options);
    expect_refusal(Reason::executable_not_allowed);
}

TEST_F(Release, RefusesWhereEnforcementIsRequiredAndAbsent) {
    World::Options options;
    options.policy_extra = "require_enforcement = true\n";
    begin(options);
    expect_refusal(Reason::enforcement_unavailable);
}

TEST_F(Release, RefusesASourceThatIsNoSource) {
    begin();
    expect_refusal(Reason::invalid_argument, {{"V", "kv/../sys#x"}});
}

// ---- the way to the gate

TEST_F(Release, SaysThatTheGateIsDown) {
    World::Options options;
    options.bridge_gate = "127.0.0.1:" + std::to_string(free_port());
    begin(options);
    expect_refusal(Reason::gate_unreachable);
}

TEST_F(Release, SaysThatTheGateHasAnotherKeyThanThePinnedOne) {
    World::Options options;
    options.gate_pin = std::string(64, 'a');
    begin(options);
    expect_refusal(Reason::gate_pin_mismatch);
}

TEST_F(Release, SaysThatTheGatesCertificateHasExpired) {
    World::Options options;
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    options.gate_validity = {now - 48h, now - 24h};
    begin(options);
    expect_refusal(Reason::gate_certificate_expired);
}

// ---- the verdict

TEST_F(Release, OnePcrDigitChangedInThePolicyRefuses) {
    auto& world = begin();
    World::Options changed;
    changed.pcrs[7] = std::string(63, '0') + "1";
    world.write_policy(changed);
    ASSERT_TRUE(world.reload_gate());
    expect_refusal(Reason::evidence_measurement_mismatch);
    expect_gate_record(Reason::evidence_measurement_mismatch);
}

TEST_F(Release, AMachineThatMeasuredSomethingElseIsRefused) {
    auto& world = begin();
    ASSERT_TRUE(world.tpm().extend_unlogged(7, Sha256{1}));
    expect_refusal(Reason::evidence_measurement_mismatch);
}

// ---- OpenBao

TEST_F(Release, SaysThatOpenBaoCanNotBeReached) {
    World::Options options;
    options.bridge_openbao = "127.0.0.1:" + std::to_string(free_port());
    begin(options);
    expect_refusal(Reason::vault_unreachable);
}

TEST_F(Release, AStoppedOpenBaoIsTheGatesFailureToMint) {
    auto& world = begin();
    world.bao().stop();
    expect_refusal(Reason::vault_unreachable);
    expect_gate_record(Reason::vault_unreachable);
}

TEST_F(Release, SaysThatThePolicyOfOpenBaoForbidsThePath) {
    auto& world = begin();
    world.bao().put_kv("elsewhere", R"({"v":"1"})");
    expect_refusal(Reason::vault_denied, {{"V", "kv/elsewhere#v"}});
}

TEST_F(Release, SaysThatTheSecretIsAbsentOrDeleted) {
    auto& world = begin();
    world.bao().put_kv("payments/gone", R"({"v":"1"})");
    ASSERT_EQ(world.bao().admin("DELETE", "kv/data/payments/gone").status, 204);
    const auto deleted = SessionClient::open("payments", {{"V", "kv/payments/gone#v"}});
    ASSERT_FALSE(deleted);
    EXPECT_EQ(deleted.error().reason, Reason::vault_version_deleted);
    const auto absent = SessionClient::open("payments", {{"V", "kv/payments/never#v"}});
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().reason, Reason::vault_not_found);
}

TEST_F(Release, AnOpenBaoThatSaysNothingEndsInATimeoutWithinTheLimit) {
    World::Options options;
    options.release_timeout = "3s";
    auto& world = begin(options);
    ASSERT_TRUE(SessionClient::open("payments"));
    world.bao().pause();
    const auto start = std::chrono::steady_clock::now();
    const auto session = SessionClient::open("payments");
    const auto took = std::chrono::steady_clock::now() - start;
    world.bao().resume();
    ASSERT_FALSE(session);
    EXPECT_TRUE(session.error().reason == Reason::timed_out || session.error().reason == Reason::vault_timeout)
        << session.error().to_string();
    EXPECT_LT(took, 6s);
}

TEST_F(Release, ATokenThatWasRevokedBehindOurBackIsReplacedOnce) {
    auto& world = begin();
    ASSERT_TRUE(SessionClient::open("payments"));
    ASSERT_EQ(world.bao().admin("POST", "sys/leases/revoke-prefix/auth/token/create/wl-payments").status, 204);
    const auto session = SessionClient::open("payments");
    ASSERT_TRUE(session) << session.error().to_string();
    EXPECT_EQ(world.counter("Secret1", "grants_won"), 2U);
}

// ---- the node's own daemons

TEST_F(Release, EachDaemonMayDieBetweenTwoLaunches) {
    auto& world = begin();
    ASSERT_TRUE(SessionClient::open("payments"));
    for (const char* area : {"Secret1", "Bridge1", "Attest1", "Identity1", "Gate1"}) {
        SCOPED_TRACE(area);
        ASSERT_TRUE(world.bus().kill(std::string("io.cloudtaser.") + area, SIGKILL));
        if (std::string(area) == "Gate1") {
            ASSERT_TRUE(world.reload_gate());  // the first call starts it again
        }
        const auto session = SessionClient::open("payments");
        EXPECT_TRUE(session) << session.error().to_string() << "\n" << world.bus().log();
    }
}

// One neighbour is stopped, so that the session stands still in the state that waits for it; then secretd dies.
TEST_F(Release, SecretdKilledInAnyStateRefusesTheLaunchAndLeavesNothingBehind) {
    auto& world = begin();
    ASSERT_TRUE(SessionClient::open("payments"));
    const struct {
        const char* state;
        const char* stopped;  // empty: OpenBao
        bool warm;
    } cases[] = {{"open", "Identity1", true},
                 {"attest", "Attest1", false},
                 {"attest", "Bridge1", false},
                 {"attest", "Gate1", false},
                 {"fetch", "", true}};
    for (const auto& [state, stopped, warm] : cases) {
        SCOPED_TRACE(std::string(state) + ", waiting for " + (*stopped != 0 ? stopped : "OpenBao"));
        const std::string name = std::string("io.cloudtaser.") + stopped;
        // All of them run, and the launcher's grant is there or not, before one is stopped.
        ASSERT_EQ(run(world.run({"/bin/true"})).code, 0);
        if (!warm) {
            ASSERT_TRUE(world.drop_grants());
        }
        const int pid = *stopped != 0 ? world.bus().pid_of(name) : world.bao().process().pid();
        ASSERT_GT(pid, 0);
        ASSERT_EQ(::kill(pid, SIGSTOP), 0);
        auto launch = Child::start(world.run({"/bin/echo", "started"}));
        ASSERT_TRUE(launch);
        bool reached = false;
        for (const auto end = std::chrono::steady_clock::now() + 10s;
             !reached && std::chrono::steady_clock::now() < end;)
            reached = std::ranges::count(world.session_states(), state) > 0;
        EXPECT_TRUE(reached);
        EXPECT_TRUE(world.bus().kill("io.cloudtaser.Secret1", SIGKILL));
        EXPECT_EQ(launch->wait(5s).value_or(-1), 125);
        const auto output = launch->output(5s);
        EXPECT_NE(output.find("daemon_unavailable"), std::string::npos) << output;
        EXPECT_EQ(output.find("started"), std::string::npos);
        ASSERT_EQ(::kill(pid, SIGCONT), 0);
    }
    auto session = SessionClient::open("payments");
    EXPECT_TRUE(session) << session.error().to_string();
    EXPECT_EQ(world.session_states().size(), 1U);
}

TEST_F(Release, ALineOfADeadSecretdCloses) {
    auto& world = begin();
    auto session = SessionClient::open("payments");
    ASSERT_TRUE(session);
    ASSERT_TRUE(world.bus().kill("io.cloudtaser.Secret1", SIGKILL));
    EXPECT_TRUE(session->closed_within(5s));
    EXPECT_FALSE(session->arm());
}

}  // namespace
}  // namespace ct::test
