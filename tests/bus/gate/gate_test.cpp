// SPDX-License-Identifier: Apache-2.0
// What the gate releases, and every way in which it does not. Each refusal has its own reason, the same one at both ends,
// and a record that replays to the same bytes.
#include "gate_rig.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/secret_memory.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/company.h"

namespace ct::test {
namespace {

using namespace std::chrono_literals;

const bus::Destination kManager{"io.cloudtaser.Gate1", "/io/cloudtaser/Gate1", "io.cloudtaser.Gate1.Manager"};

TEST_F(GateRig, ReleasesAWrappedTokenThatReadsTheWorkloadsSecretsAndNothingElse) {
    start();
    ASSERT_EQ(ask(), "released") << bus_->log();
    EXPECT_EQ(last_.release->creation_path, "auth/token/create/wl-payments");
    EXPECT_EQ(last_.release->evidence_kind, "tpm2");
    EXPECT_EQ(last_.release->terms, (attest::Terms{Seconds{300}, "AB", false, false}));
    const std::string wrapping(last_.token.text());
    const auto unwrapped = bao_->call(wrapping, "POST", "sys/wrapping/unwrap");
    ASSERT_EQ(unwrapped.status, 200) << unwrapped.body;
    const auto token = unwrapped.text("client_token");
    EXPECT_EQ(bao_->call(token, "GET", "kv/data/payments").text("password"), "correct horse");
    EXPECT_EQ(bao_->call(token, "GET", "kv/data/other").status, 403);
    EXPECT_EQ(bao_->call(token, "POST", "auth/token/create").status, 403);
    EXPECT_EQ(bao_->call(wrapping, "POST", "sys/wrapping/unwrap").status, 400) << "once";

    expect_on_record("released");
    const auto record = records().back();
    EXPECT_EQ(record.id, last_.release->record);
    EXPECT_EQ(record.outcome.accessor, unwrapped.text("accessor"));
    // Neither file holds what was released.
    for (const auto& secret : {wrapping, token, vault_token_}) {
        EXPECT_EQ(as_text(judge::encode(record)).find(secret), std::string::npos);
        EXPECT_EQ(audit().find(secret), std::string::npos);
        EXPECT_EQ(bus_->log().find(secret), std::string::npos);
    }
    // OpenBao's own audit log knows for which node the token was made.
    EXPECT_EQ(bao_->admin("POST", "auth/token/lookup-accessor", "{\"accessor\":\"" + record.outcome.accessor + "\"}")
                  .text("record"),
              record.id);
    EXPECT_EQ(counter("releases"), 1U);
}

TEST_F(GateRig, HoldsTokensInSecretMemoryOnly) {
    if (::geteuid() != 0) GTEST_SKIP() << "root (reads the memory of another process)";
    if (best_protection() != Protection::memfd_secret) GTEST_SKIP() << "memfd_secret (boot with secretmem.enable=1)";
    start();
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(ask(), "released");
    const int pid = bus_->pid_of("io.cloudtaser.Gate1");
    ASSERT_TRUE(lies_in_ordinary_memory(pid, "node.test")) << "the search itself works";
    EXPECT_FALSE(lies_in_ordinary_memory(pid, vault_token_)) << "the gate's own credential";
    EXPECT_FALSE(lies_in_ordinary_memory(pid, last_.token.text())) << "a token that it made";
    EXPECT_FALSE(lies_in_ordinary_memory(pid, gate_.key_pem.text().substr(40, 60))) << "its private key";
}

// Tampering by the node or on its machine.

struct Spoilt {
    std::string name, reason;
    Tampering tampering;
};
class SpoiltExchange : public GateRig, public testing::WithParamInterface<Spoilt> {};

TEST_P(SpoiltExchange, IsRefusedWithTheSameReasonAtBothEnds) {
    start();
    EXPECT_EQ(ask(GetParam().tampering), GetParam().reason) << bus_->log();
    expect_on_record(GetParam().reason);
    EXPECT_EQ(last_.refusal->record, records().back().id);
    EXPECT_EQ(ask(), "released") << "the next one in order is not held back";
}

INSTANTIATE_TEST_SUITE_P(
    Table, SpoiltExchange,
    testing::Values(
        Spoilt{"WrongNonce",
               "evidence_nonce_mismatch",
               {.hello = {}, .challenge = {}, .binding = [](Sha512& r) { r[0] ^= 1; }, .proof = {}}},
        Spoilt{
            "ChallengeOfAnother",
            "evidence_nonce_mismatch",
            {.hello = {}, .challenge = [](attest::Challenge& c) { c.challenge[5] ^= 1; }, .binding = {}, .proof = {}}},
        Spoilt{
            "EpochMadeUp",
            "evidence_nonce_mismatch",
            {.hello = {}, .challenge = [](attest::Challenge& c) { c.policy_epoch = 99; }, .binding = {}, .proof = {}}},
        Spoilt{
            "WorkloadUnknown",
            "workload_unknown",
            {.hello = [](attest::Hello& h) { h.workload = "unheard"; }, .challenge = {}, .binding = {}, .proof = {}}},
        Spoilt{
            "NoIntroduction",
            "evidence_kind_not_allowed",
            {.hello = [](attest::Hello& h) { h.introductions.clear(); }, .challenge = {}, .binding = {}, .proof = {}}},
        Spoilt{"OtherVersion",
               "protocol_version",
               {.hello = [](attest::Hello& h) { h.version = 2; }, .challenge = {}, .binding = {}, .proof = {}}},
        Spoilt{"EvidenceCutShort",
               "evidence_malformed",
               {.hello = {},
                .challenge = {},
                .binding = {},
                .proof = [](attest::Proof& p) { p.evidence[0].body.pop_back(); }}},
        Spoilt{"EvidenceMissing",
               "evidence_kind_not_allowed",
               {.hello = {}, .challenge = {}, .binding = {}, .proof = [](attest::Proof& p) { p.evidence.clear(); }}},
        Spoilt{"EvidenceOfNoKind",
               "evidence_kind_not_allowed",
               {.hello = {},
                .challenge = {},
                .binding = {},
                .proof = [](attest::Proof& p) { p.evidence.push_back({"paper", {1}}); }}}),
    [](const auto& row) { return row.param.name; });

TEST_F(GateRig, AQuoteOfAnEarlierExchangeIsAReplay) {
    start();
    ASSERT_EQ(ask(), "released");
    const auto old = last_.proof;
    EXPECT_EQ(ask({.hello = {}, .challenge = {}, .binding = {}, .proof = [&](attest::Proof& proof) { proof = old; }}),
              "evidence_replayed");
    expect_on_record("evidence_replayed");
    // Slightly changed, so that it is not the same bytes: then it is made for another binding, or not signed.
    auto changed = old;
    changed.evidence.insert(changed.evidence.begin(), attest::KindBlob{"paper", {}});
    EXPECT_EQ(
        ask({.hello = {}, .challenge = {}, .binding = {}, .proof = [&](attest::Proof& proof) { proof = changed; }}),
        "evidence_kind_not_allowed");
}

TEST_F(GateRig, AChallengeIsGoodForOneProof) {
    start();
    auto client = GateClient::connect(port_, node_, {gate_.spki});
    ASSERT_TRUE(client) << client.error().to_string();
    const auto first = ask_gate(*client, *machine_->collector, "payments", who_);
    ASSERT_TRUE(first) << first.error().to_string();
    EXPECT_EQ(first->reason(), "released");
    ASSERT_TRUE(client->send(first->proof));
    const auto second = client->receive();
    ASSERT_TRUE(second) << second.error().to_string();
    EXPECT_EQ(std::get<attest::Refusal>(*second).reason, "challenge_reused");
    expect_on_record("challenge_reused");
}

TEST_F(GateRig, AForeignKeyDoesNotCount) {
    start();
    const auto other = Machine::make();
    ASSERT_TRUE(other) << other.error().to_string();
    EXPECT_EQ(ask_as(node_, *(*other)->collector), "evidence_key_untrusted");
    expect_on_record("evidence_key_untrusted");
}

TEST_F(GateRig, OneDigitOfOnePcrIsEnough) {
    auto value = machine_->pcrs.at(7);
    value[20] = value[20] == 'a' ? 'b' : 'a';
    start({.pcrs = {{7, value}}});
    EXPECT_EQ(ask(), "evidence_measurement_mismatch");
    expect_on_record("evidence_measurement_mismatch");
    EXPECT_EQ(counter("releases"), 0U);
    // And the right digit again, without a restart.
    write_policy({});
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "released");
}

TEST_F(GateRig, AnEventLogThatDoesNotReplayIsRefused) {
    start();
    auto log = machine_->tpm->event_log();
    log[log.size() - 40] ^= 1;
    const auto file = folder_.write("log", as_text(log));
    EXPECT_EQ(ask_as(node_, *machine_->with_event_log(file)), "evidence_event_log_mismatch");
    expect_on_record("evidence_event_log_mismatch");
    EXPECT_EQ(ask_as(node_, *machine_->with_event_log(folder_.file("nowhere"))), "evidence_event_log_missing");
    expect_on_record("evidence_event_log_missing");
}

TEST_F(GateRig, ThePolicyOfTheMomentCounts) {
    start();
    EXPECT_EQ(ask({.hello = {},
                   .challenge =
                       [&](attest::Challenge&) {
                           write_policy({.epoch = 2});
                           EXPECT_TRUE(reload());
                       },
                   .binding = {},
                   .proof = {}}),
              "policy_epoch_stale");
    expect_on_record("policy_epoch_stale");
    EXPECT_EQ(ask(), "released");
}

TEST_F(GateRig, CallersAreHeldAgainstTheLists) {
    start({.workload = "uids = [1002]\n"});
    EXPECT_EQ(ask(), "caller_not_allowed");
    expect_on_record("caller_not_allowed");
    write_policy({.workload = "executables = [\"" + std::string(64, '0') + "\"]\n"});
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "executable_not_allowed");
    expect_on_record("executable_not_allowed");
    write_policy({.workload = "nodes = [\"another\"]\n"});
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "policy_denied");
    expect_on_record("policy_denied");
}

// Who is at the other end.

TEST_F(GateRig, ANodeThatPinsAnotherGateLeavesByItself) {
    start();
    const auto client = GateClient::connect(port_, node_, {Sha256{1}});
    ASSERT_FALSE(client);
    EXPECT_EQ(client.error().reason, Reason::tls_peer_pin_mismatch);
    // The gate has no verdict about it, only a failed handshake; that it is over is seen by asking once more.
    EXPECT_EQ(ask(), "released");
    EXPECT_EQ(counter("handshakes_failed"), 1U);
    EXPECT_EQ(records().size(), 1U);
}

TEST_F(GateRig, AStrangerIsToldSo) {
    start();
    const auto stranger = make_identity("stranger");
    EXPECT_EQ(ask_as(stranger, *machine_->collector), "node_unknown");
    expect_on_record("node_unknown");
    EXPECT_EQ(records().back().facts.hello, std::nullopt) << "unread";
    EXPECT_NE(last_.refusal->detail.find(hex_encode(stranger.spki)), std::string::npos) << "what to enrol";
}

TEST_F(GateRig, StrangersDoNotFillTheDisk) {
    start();
    const auto stranger = make_identity("stranger");
    constexpr std::size_t kTries = 60;
    const auto begin = std::chrono::steady_clock::now();
    std::size_t unrecorded = 0;
    for (std::size_t i = 0; i < kTries; ++i) {
        ASSERT_EQ(ask_as(stranger, *machine_->collector), "node_unknown");
        if (last_.refusal->record.empty()) ++unrecorded;
    }
    // Thirty at once, and one more for every two seconds that this took.
    const auto seconds = std::chrono::ceil<Seconds>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_GE(records().size(), 30U);
    EXPECT_LE(records().size(), 31U + static_cast<std::size_t>(seconds) / 2);
    if (seconds > 50) GTEST_SKIP() << "this machine is too slow for it: " << seconds << " s";
    EXPECT_EQ(unrecorded, kTries - records().size()) << "answered, but not recorded, and told so";
    EXPECT_EQ(counter("refusals"), kTries);
    EXPECT_EQ(counter("refusals_unrecorded") + records().size(), kTries);
    const auto log = bus_->log();
    std::size_t lines = 0;
    for (auto at = log.find("refused 127.0.0.1"); at != std::string::npos; at = log.find("refused 127.0.0.1", at + 1))
        ++lines;
    EXPECT_GE(lines, 30U);
    EXPECT_LE(lines, 31U + static_cast<std::size_t>(seconds) / 2) << "nor the journal";
}

TEST_F(GateRig, ARevokedNodeAndAnExpiredCertificateAreRefused) {
    const auto expired = make_identity("old.test", -1h);
    write_nodes({{"node.test", node_.spki}, {"old.test", expired.spki}});
    start();
    EXPECT_EQ(ask_as(expired, *machine_->collector), "tls_certificate_expired");
    expect_on_record("tls_certificate_expired");
    EXPECT_EQ(ask(), "released");
    write_nodes({{"node.test", node_.spki}}, "revoked = true\n");
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "node_revoked");
    expect_on_record("node_revoked");
}

TEST_F(GateRig, ConnectionsOfOneAddressAreBounded) {
    start({}, "[limits]\nconnections_per_address = 2\n");
    auto one = GateClient::connect(port_, node_, {gate_.spki});
    auto two = GateClient::connect(port_, node_, {gate_.spki});
    ASSERT_TRUE(one && two);
    EXPECT_FALSE(GateClient::connect(port_, node_, {gate_.spki}));
    EXPECT_EQ(counter("connections_refused"), 1U);
    const auto answer = ask_gate(*one, *machine_->collector, "payments", who_);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->reason(), "released") << "those inside are served";
}

// What a client says first, and one byte of its next record.
Result<Bytes> half_a_handshake(const crypto::MadeIdentity& identity) {
    CT_TRY(const auto context, crypto::TlsContext::create(crypto::TlsContext::Role::client, identity.certificate_pem,
                                                          identity.key_pem.bytes()));
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) != 0)
        return fail_errno(Reason::io_failed, "socketpair");
    const Fd far(ends[1]);
    CT_TRY(auto stream, crypto::TlsStream::create(context, Fd(ends[0]), [](const auto&) { return Status{}; }));
    CT_CHECK(stream.handshake());
    Bytes said(4096);
    const auto size = ::read(far.get(), said.data(), said.size());
    if (size <= 0) return fail_errno(Reason::io_failed, "read");
    said.resize(static_cast<std::size_t>(size));
    said.push_back(0x16);
    return said;
}

// A connection from 127.0.0.HOST that says this and then nothing.
Fd say(const Bytes& what, std::uint16_t port, std::uint8_t host) {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in from{}, to{};
    from.sin_family = to.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + host);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&from), sizeof from), 0);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    // It may have been turned away already.
    (void)!::send(socket.get(), what.data(), what.size(), MSG_NOSIGNAL);
    return socket;
}

// Bytes that a process has locked, secret memory among them.
std::size_t locked_bytes(int pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmLck:")) return std::stoul(line.substr(6)) << 10U;
    return 0;
}

TEST_F(GateRig, HandshakesThatNobodyFinishesLeaveRoomForOthers) {
    constexpr std::size_t kHosts = 7, kTries = 60, kOfOne = 32, kOfAll = 256;
    start();
    ASSERT_EQ(ask(), "released");
    const auto half = half_a_handshake(node_);
    ASSERT_TRUE(half) << half.error().to_string();
    const auto pid = bus_->pid_of("io.cloudtaser.Gate1");
    const auto before = locked_bytes(pid);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<Fd> open;
    const auto connect = [&](std::uint8_t host) {
        for (std::size_t i = 0; i < kTries; ++i)
            open.push_back(say(*half, port_, host));
    };
    for (std::uint8_t host = 2; host < 2 + kHosts; ++host)
        connect(host);
    EXPECT_EQ(ask(), "released") << "there is room for others";
    const auto locked = locked_bytes(pid) - before;
    connect(2 + kHosts);
    const auto more = ask();
    auto held = property("io.cloudtaser.Gate1.Manager", "Connections");
    ASSERT_TRUE(held && held->enter('v', "u"));
    const auto refused = counter("connections_refused");
    // Then the first of them are over: the gate waits kGateHandshake for each.
    if (std::chrono::steady_clock::now() - begin > 8s) GTEST_SKIP() << "this machine is too slow for it";
    EXPECT_TRUE(more.starts_with("connect: ")) << more << ": all together have a bound, too";
    EXPECT_EQ(held->read<std::uint32_t>(), kOfAll);
    EXPECT_EQ(refused, (kHosts + 1) * (kTries - kOfOne) + 1);
    EXPECT_LT(locked, 32U << 20U) << "of the 128 MiB that the unit has";
}

// OpenBao.

TEST_F(GateRig, ACredentialThatMayNotMintIsDenied) {
    vault_token_ = bao_->make_token(R"({"policies":["default"],"ttl":"1h"})");
    start();
    EXPECT_EQ(ask(), "mint_denied");
    expect_on_record("mint_denied");
}

TEST_F(GateRig, ARevokedCredentialIsDeniedUntilANewOneIsThere) {
    start();
    ASSERT_EQ(ask(), "released");
    ASSERT_EQ(bao_->admin("POST", "auth/token/revoke", "{\"token\":\"" + vault_token_ + "\"}").status, 204);
    EXPECT_EQ(ask(), "mint_denied");
    expect_on_record("mint_denied");
    vault_token_ = bao_->gate_token();
    write_config();
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "released");
}

TEST_F(GateRig, ASealedOpenBaoIsToldApartFromADeadAndASilentOne) {
    auto own = Bao::start(Bao::Options{.kind = Bao::Kind::empty, .version = {}});
    ASSERT_TRUE(own) << own.error().to_string();
    auto& bao = **own;
    bao.initialize();
    bao.unseal();
    bao.seal();
    vault_address_ = bao.host_port();
    vault_ca_ = bao.ca_file();
    start();
    EXPECT_EQ(ask(), "vault_sealed");
    expect_on_record("vault_sealed");
    auto state = property("io.cloudtaser.Daemon1", "State");
    ASSERT_TRUE(state && state->enter('v', "s"));
    EXPECT_EQ(*state->read<std::string>(), "degraded");

    bao.pause();
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(ask(), "vault_timeout");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 6s) << "2 s are configured";
    bao.resume();
    expect_on_record("vault_timeout");

    bao.stop();
    EXPECT_EQ(ask(), "vault_unreachable");
    expect_on_record("vault_unreachable");
}

TEST_F(GateRig, AnOpenBaoWithAnotherAuthorityGetsNoCredential) {
    auto own = Bao::start();
    ASSERT_TRUE(own) << own.error().to_string();
    vault_ca_ = (*own)->ca_file();
    start();
    EXPECT_EQ(ask(), "vault_tls_failed");
    expect_on_record("vault_tls_failed");
}

// The record.

TEST_F(GateRig, WithoutRoomForTheRecordNothingIsReleased) {
    std::filesystem::create_directories(folder_.file("records/released"));
    // One large record, still young: it may not be dropped.
    std::ofstream(folder_.file("records/released/29990101T000000.000000Z-0000000000000000.cbor"))
        << std::string(1 << 20, 'x');
    start({}, "most_mib = 1\n");
    EXPECT_EQ(ask(), "audit_unavailable");
    EXPECT_EQ(last_.refusal->record, "");
    EXPECT_TRUE(last_.token.empty());
    EXPECT_EQ(counter("releases"), 0U);
    auto state = property("io.cloudtaser.Daemon1", "Reason");
    ASSERT_TRUE(state && state->enter('v', "s"));
    EXPECT_NE(state->read<std::string>()->find("is full"), std::string::npos);
    write_config("most_mib = 1\nwhen_full = \"drop-oldest\"\n");
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "released");
}

// The bus.

TEST_F(GateRig, VerdictsAreSignalled) {
    start();
    std::vector<std::string> heard;
    auto loop = EventLoop::create();
    ASSERT_TRUE(loop);
    auto listener = bus::Connection::open_system("listener");
    ASSERT_TRUE(listener && listener->attach(*loop));
    const auto slot = listener->subscribe(kManager, "Verdict", [&](bus::Message& signal) {
        const auto workload = signal.read<std::string>();
        const auto granted = signal.read<bool>();
        const auto reason = signal.read<std::string>();
        const auto kinds = signal.read<std::string>();
        const auto record = signal.read<std::string>();
        ASSERT_TRUE(workload && granted && reason && kinds && record);
        heard.push_back(*workload + (*granted ? " granted " : " refused ") + *reason + *kinds);
        EXPECT_EQ(record->size(), 40U);
    });
    ASSERT_TRUE(slot);
    ASSERT_EQ(ask(), "released");
    ASSERT_EQ(ask({}, "unheard"), "workload_unknown");
    for (int i = 0; i < 200 && heard.size() < 2; ++i)
        ASSERT_TRUE(loop->run_once(10s) || true);
    EXPECT_EQ(heard, (std::vector<std::string>{"payments granted tpm2", "unheard refused workload_unknown"}));
}

TEST_F(GateRig, TheFaceShowsPolicyNodesAndListeners) {
    start({.epoch = 7});
    const auto text = [&](const char* name) {
        auto reply = property("io.cloudtaser.Gate1.Manager", name);
        EXPECT_TRUE(reply && reply->enter('v', "s"));
        return reply ? reply->read<std::string>().value_or("?") : "?";
    };
    EXPECT_EQ(text("Fingerprint"), hex_encode(gate_.spki));
    EXPECT_EQ(text("PolicyHash").size(), 64U);
    auto epoch = property("io.cloudtaser.Gate1.Manager", "PolicyEpoch");
    ASSERT_TRUE(epoch && epoch->enter('v', "t"));
    EXPECT_EQ(*epoch->read<std::uint64_t>(), 7U);
    auto listeners = property("io.cloudtaser.Gate1.Manager", "Listeners");
    ASSERT_TRUE(listeners && listeners->enter('v', "as"));
    EXPECT_EQ(*listeners->read<std::vector<std::string>>(),
              std::vector<std::string>{"127.0.0.1:" + std::to_string(port_)});
    auto call = client_->new_call(kManager, "ListNodes");
    auto nodes = client_->call(*call);
    ASSERT_TRUE(nodes) << nodes.error().to_string();
    ASSERT_TRUE(*nodes->enter('a', "(sss)") && *nodes->enter('r', "sss"));
    EXPECT_EQ(*nodes->read<std::string>(), "node.test");
    EXPECT_EQ(*nodes->read<std::string>(), hex_encode(node_.spki));
    EXPECT_EQ(*nodes->read<std::string>(), "enrolled");
}

TEST_F(GateRig, AReloadWithAMistakeKeepsWhatWasThere) {
    start();
    folder_.write("policy.d/zz.toml", "[workload.payments]\n");
    const auto status = reload();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::config_invalid);
    EXPECT_NE(status.error().context.find("payments.toml:2"), std::string::npos) << status.error().context;
    EXPECT_EQ(ask(), "released");
    std::filesystem::remove(folder_.file("policy.d/zz.toml"));
    ASSERT_TRUE(reload());
    // A new certificate for the same key, and another port.
    const auto old_port = port_;
    port_ = free_port();
    write_config();
    ASSERT_TRUE(reload());
    EXPECT_EQ(ask(), "released");
    EXPECT_EQ(GateClient::connect(old_port, node_, {gate_.spki}).error().reason, Reason::gate_unreachable);
}

TEST_F(GateRig, AReleasedTokenEndsWithWhatItRestsOnAlsoAfterARestart) {
    start();
    const auto leases = [&] {
        auto reply = property("io.cloudtaser.Gate1.Manager", "Leases");
        return reply && reply->enter('v', "u") ? reply->read<std::uint32_t>().value_or(99) : 99;
    };
    const auto wait_for_ended = [&](std::uint64_t count) {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (counter("leases_ended") < count && std::chrono::steady_clock::now() < until) {
        }
        EXPECT_EQ(counter("leases_ended"), count);
    };
    const auto valid = [&](const std::string& token) {
        return bao_->call(token, "GET", "kv/data/payments").status == 200;
    };
    const auto open = [&] {
        EXPECT_EQ(ask(), "released") << bus_->log();
        const auto opened = bao_->call(std::string(last_.token.text()), "POST", "sys/wrapping/unwrap", "");
        return opened.text("client_token");
    };
    const auto first = open(), second = open();
    ASSERT_TRUE(valid(first) && valid(second));
    EXPECT_EQ(leases(), 2U);
    // A reload that changes nothing ends nothing.
    ASSERT_TRUE(reload());
    EXPECT_TRUE(valid(first) && valid(second));
    write_policy({.epoch = 2});
    ASSERT_TRUE(reload());
    wait_for_ended(2);
    EXPECT_FALSE(valid(first) || valid(second));
    EXPECT_EQ(leases(), 0U);
    EXPECT_NE(audit().find("policy_epoch_stale: attested under policy epoch 1"), std::string::npos);
    // What it released before a restart it knows again from its records.
    const auto third = open();
    ASSERT_TRUE(valid(third));
    ASSERT_TRUE(bus_->kill("io.cloudtaser.Gate1", SIGKILL));
    EXPECT_EQ(leases(), 1U);
    wait_for_ended(2);  // the two that had ended: it cannot know whether OpenBao was told
    EXPECT_TRUE(valid(third));
    write_nodes({{"node.test", node_.spki}}, "revoked = true\n");
    ASSERT_TRUE(reload());
    wait_for_ended(3);
    EXPECT_FALSE(valid(third));
}

TEST_F(GateRig, ARecordThatCannotBeReadAfterARestartIsSaidByName) {
    start();
    ASSERT_EQ(ask(), "released");
    const auto path = folder_.file("records/released/" + last_.release->record + ".cbor");
    const auto end = std::filesystem::last_write_time(path);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
    std::filesystem::last_write_time(path, end);
    ASSERT_TRUE(bus_->kill("io.cloudtaser.Gate1", SIGKILL));
    auto state = property("io.cloudtaser.Daemon1", "State");
    ASSERT_TRUE(state && state->enter('v', "s"));
    EXPECT_EQ(*state->read<std::string>(), "degraded");
    auto reason = property("io.cloudtaser.Daemon1", "Reason");
    ASSERT_TRUE(reason && reason->enter('v', "s"));
    EXPECT_NE(reason->read<std::string>()->find(path), std::string::npos);
    EXPECT_NE(bus_->log().find(path), std::string::npos) << bus_->log();
    EXPECT_EQ(ask(), "released") << "others are not kept waiting";
    // Told no longer than what was released may live.
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + 3s);
    ASSERT_TRUE(bus_->kill("io.cloudtaser.Gate1", SIGKILL));
    const auto until = std::chrono::steady_clock::now() + 20s;
    std::string told = path;
    while (told.find(path) != std::string::npos && std::chrono::steady_clock::now() < until) {
        auto now = property("io.cloudtaser.Daemon1", "Reason");
        ASSERT_TRUE(now && now->enter('v', "s"));
        told = *now->read<std::string>();
    }
    EXPECT_EQ(told.find(path), std::string::npos) << told;
}

TEST_F(GateRig, CollateralIsSignedAndNeverGoesBack) {
    const Company company(1);
    const auto now = std::chrono::floor<Seconds>(std::chrono::system_clock::now());
    const auto write = [&](std::uint64_t serial, std::chrono::hours until) {
        folder_.write("collateral",
                      company.sign_text({.serial = serial, .made = now - 2h, .until = now + until, .items = {}}));
    };
    const auto serial = [&] {
        auto reply = property("io.cloudtaser.Gate1.Manager", "CollateralSerial");
        return reply && reply->enter('v', "t") ? reply->read<std::uint64_t>().value_or(0) : 0;
    };
    const auto state = [&] {
        auto reply = property("io.cloudtaser.Daemon1", "Reason");
        return reply && reply->enter('v', "s") ? reply->read<std::string>().value_or("?") : "?";
    };
    write(5, 30 * 24h);
    start({}, company.toml("collateral", folder_.file("collateral")));
    EXPECT_EQ(serial(), 5U);
    EXPECT_EQ(state().find("collateral"), std::string::npos) << state();
    write(4, 90 * 24h);
    const auto older = reload();
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().reason, Reason::config_invalid);
    EXPECT_NE(older.error().context.find("this gate has had 5"), std::string::npos) << older.error().context;
    EXPECT_EQ(serial(), 5U);
    write(6, 1h);
    ASSERT_TRUE(reload());
    EXPECT_EQ(serial(), 6U);
    EXPECT_TRUE(state().starts_with("the collateral bundle ends in")) << state();
    write(7, -1h);
    ASSERT_TRUE(reload());
    EXPECT_TRUE(state().starts_with("the collateral bundle has ended")) << state();
    // What needs nothing of it goes on.
    EXPECT_EQ(ask(), "released");
    EXPECT_NE(audit().find("\"collateral_serial\":\"7\""), std::string::npos) << audit();
}

TEST_F(GateRig, StopsWithAConnectionOpenAndLeavesNothing) {
    start();
    ASSERT_EQ(ask(), "released");
    auto client = GateClient::connect(port_, node_, {gate_.spki});
    ASSERT_TRUE(client);
    ASSERT_TRUE(bus_->kill("io.cloudtaser.Gate1", SIGTERM));
    const auto answer = client->receive();
    ASSERT_FALSE(answer);
    EXPECT_EQ(bus_->log().find("Sanitizer"), std::string::npos) << bus_->log();
    EXPECT_NE(audit().find("daemon_stopping"), std::string::npos);
}

}  // namespace
}  // namespace ct::test
