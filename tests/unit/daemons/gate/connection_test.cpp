// SPDX-License-Identifier: Apache-2.0
// A connection over a real TLS session on loopback, with a paper policy, a minter and a recorder of the test's own.
#include "daemons/gate/connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "crypto/certificate_maker.h"
#include "crypto/digest.h"
#include "paper_judge.h"
#include "support/gate_client.h"
#include "support/judge_case.h"

namespace ct::gate {
namespace {

WallTime wall_now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

crypto::MadeIdentity identity(const char* name, std::chrono::hours until = std::chrono::hours{1}) {
    return std::move(*crypto::make_identity(name, wall_now() - std::chrono::hours{2}, wall_now() + until));
}

class FakeMinter final : public Minter {
public:
    explicit FakeMinter(EventLoop& loop) : loop_(loop) {}
    void mint(const action::Mint& order, std::function<void(Event)> answer) override {
        ++asked;
        if (silent) return;
        Event what = event::MintFailed{{Reason::vault_sealed, "sealed", 0}};
        if (works)
            what = event::Minted{
                *crypto::hpke::seal(order.sealing_key, as_bytes(attest::kSealInfo), order.binding, as_bytes("s.token")),
                order.order.creation_path(), "accessor"};
        later_ = std::move(*loop_.add_defer([answer, what] { answer(what); }));
    }
    bool works = true, silent = false;
    int asked = 0;

private:
    EventLoop& loop_;
    Source later_;
};

class FakeRecorder final : public Recorder {
public:
    Status store(const action::Store& what, const std::string&) override {
        if (broken) return fail(Reason::audit_unavailable, "full");
        records.push_back(what);
        return {};
    }
    bool broken = false;
    std::vector<action::Store> records;
};

// Writes what a paper policy asks for.
class PaperCollector final : public attest::Collector {
public:
    [[nodiscard]] std::string_view kind() const override { return "paper"; }
    Result<Bytes> introduction() override { return to_vector(as_bytes("ink")); }
    Result<Bytes> collect(ByteView request, const Sha512& binding) override {
        return test::PaperVerifier::evidence("red", request, binding);
    }
    Result<std::map<std::string, std::string>> fingerprints() override { return std::map<std::string, std::string>{}; }
    void release() override {}
};

class GateConnection : public testing::Test {
protected:
    GateConnection()
        : gate_key_(identity("gate")), node_key_(identity("node")), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(listener_.get(), 8), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        port_ = ntohs(address.sin_port);
        context_ = std::make_unique<crypto::TlsContext>(*crypto::TlsContext::create(
            crypto::TlsContext::Role::server, gate_key_.certificate_pem, gate_key_.key_pem.bytes()));
        enrol(node_key_.spki);
        accepting_ = std::move(*loop_.add_io(listener_.get(), EPOLLIN, [this](std::uint32_t) {
            Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            connection_ =
                std::make_shared<Connection>(around_, "127.0.0.1", [this] { ++shaken_; }, [this] { ended_ = true; });
            ASSERT_TRUE(connection_->start(*context_, std::move(socket)));
        }));
    }

    void enrol(const Sha256& key) {
        auto rules = std::make_shared<Rules>(Rules{test::paper_policy(), {}});
        const auto document =
            config::Document::parse("[[node]]\nname = \"node-1\"\nspki = \"" + hex_encode(key) + "\"\n", "gate.toml");
        ASSERT_TRUE(rules->nodes.add(document->root()));
        rules_ = std::move(rules);
    }

    // The node's side on a thread of its own; the gate's loop turns here until both are done.
    void run(std::function<void()> node) {
        std::atomic<bool> done = false;
        std::thread thread([&] {
            node();
            done = true;
        });
        const auto until = loop_.now() + std::chrono::seconds{20};
        while ((!done || (connection_ && !ended_)) && loop_.now() < until)
            (void)loop_.run_once(std::chrono::milliseconds{20});
        thread.join();
        EXPECT_TRUE(!connection_ || ended_) << "the connection must end by itself";
    }

    Result<test::GateClient> connect() { return test::GateClient::connect(port_, node_key_, {gate_key_.spki}); }

    // What a node that is in order does; `tampering` may spoil it.
    static Result<test::GateAnswer> ask(test::GateClient& client, const test::Tampering& tampering = {}) {
        PaperCollector collector;
        return test::ask_gate(client, collector, "payments", test::paper_hello().identity, tampering);
    }
    // The reason that a whole exchange ends with, as the node hears it.
    std::string outcome(const test::Tampering& tampering = {}) {
        std::string out;
        run([&] {
            auto client = connect();
            if (!client) {
                out = "connect: " + client.error().to_string();
                return;
            }
            const auto answer = ask(*client, tampering);
            out = answer ? answer->reason() : "error: " + answer.error().to_string();
        });
        return out;
    }

    EventLoop loop_ = std::move(*EventLoop::create());
    crypto::MadeIdentity gate_key_, node_key_;
    Fd listener_;
    std::uint16_t port_ = 0;
    std::unique_ptr<crypto::TlsContext> context_;
    std::shared_ptr<const Rules> rules_;
    std::shared_ptr<FakeMinter> minter_ = std::make_shared<FakeMinter>(loop_);
    FakeRecorder recorder_;
    InputBudget input_;
    SeenMessages seen_{4};
    std::vector<Verdict> verdicts_;
    std::vector<Error> failed_handshakes_;
    test::PaperJudge judge_;
    Surroundings around_{
        loop_,
        [this]() -> Judge& { return judge_; },
        recorder_,
        input_,
        seen_,
        [this] { return rules_; },
        [this]() -> std::shared_ptr<Minter> { return minter_; },
        [this](const action::Announce& said, const std::string&) { verdicts_.push_back(said.verdict); },
        [this](const Error& error, const std::string&) { failed_handshakes_.push_back(error); }};
    Source accepting_;
    std::shared_ptr<Connection> connection_;
    bool ended_ = false;
    std::atomic<int> shaken_ = 0;
};

TEST_F(GateConnection, WithoutAJudgeNothingIsReleased) {
    judge_.dead = true;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client) << client.error().to_string();
        const auto answer = ask(*client);
        ASSERT_TRUE(answer) << answer.error().to_string();
        EXPECT_EQ(answer->reason(), "judge_unavailable");
    });
    EXPECT_EQ(recorder_.records.size(), 1U);
}

TEST_F(GateConnection, ANodeInOrderGetsItsTokenOverARealConnection) {
    std::string token, creation_path, record;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client) << client.error().to_string();
        auto answer = ask(*client);
        ASSERT_TRUE(answer) << answer.error().to_string();
        ASSERT_TRUE(answer->release) << answer->reason();
        token = answer->token.text();
        creation_path = answer->release->creation_path;
        record = answer->release->record;
    });
    EXPECT_EQ(token, "s.token");
    EXPECT_EQ(creation_path, "auth/token/create/wl-payments");
    ASSERT_EQ(recorder_.records.size(), 1U);
    EXPECT_EQ(recorder_.records[0].verdict.record, record);
    ASSERT_EQ(verdicts_.size(), 1U);
    EXPECT_TRUE(verdicts_[0].released);
    EXPECT_EQ(shaken_, 1);
    EXPECT_EQ(input_.used(), 0U);
}

TEST_F(GateConnection, AStrangerHearsThatItIsOneAndIsNotRead) {
    enrol(test::filled<32>(0x77));
    EXPECT_EQ(outcome(), "node_unknown");
    ASSERT_EQ(recorder_.records.size(), 1U);
    EXPECT_TRUE(recorder_.records[0].stranger);
    EXPECT_EQ(judge::decode_record(recorder_.records[0].record)->facts.hello, std::nullopt);
}

TEST_F(GateConnection, AnExpiredCertificateIsToldSo) {
    node_key_ = identity("node", std::chrono::hours{-1});
    enrol(node_key_.spki);
    EXPECT_EQ(outcome(), "tls_certificate_expired");
}

TEST_F(GateConnection, AHandshakeIsOverBeforeAnythingIsSaid) {
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client) << client.error().to_string();
        ASSERT_TRUE(client->send(test::paper_hello()));
        ASSERT_TRUE(client->receive());
        EXPECT_EQ(shaken_, 1);
    });
    EXPECT_EQ(shaken_, 1) << "once";
}

TEST_F(GateConnection, ASealedVaultIsToldSo) {
    minter_->works = false;
    EXPECT_EQ(outcome(), "vault_sealed");
}

TEST_F(GateConnection, WithoutARecordThereIsNoRelease) {
    recorder_.broken = true;
    EXPECT_EQ(outcome(), "audit_unavailable");
    EXPECT_EQ(minter_->asked, 1);
}

TEST_F(GateConnection, ASecondProofIsToldThatItsChallengeIsSpent) {
    std::vector<std::string> reasons;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client);
        auto answer =
            ask(*client, {.hello = {}, .challenge = {}, .binding = [](Sha512& r) { r[0] ^= 1; }, .proof = {}});
        ASSERT_TRUE(answer);
        reasons.push_back(answer->reason());
        ASSERT_TRUE(client->send(answer->proof));
        const auto second = client->receive();
        ASSERT_TRUE(second) << second.error().to_string();
        reasons.push_back(std::get<attest::Refusal>(*second).reason);
        EXPECT_FALSE(client->send(answer->proof) && client->receive()) << "no third word";
    });
    EXPECT_EQ(reasons, (std::vector<std::string>{"evidence_nonce_mismatch", "challenge_reused"}));
    EXPECT_EQ(recorder_.records.size(), 2U);
}

TEST_F(GateConnection, ProofsThatComeInOneBreathAreAnsweredInTurn) {
    std::vector<std::string> reasons;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client);
        auto answer = ask(*client, {.hello = {}, .challenge = {}, .binding = {}, .proof = [&](attest::Proof& proof) {
                                        // One write ahead of the one that ask_gate() does.
                                        auto wrong = proof;
                                        wrong.evidence[0].body[0] ^= 1;
                                        ASSERT_TRUE(client->send(wrong));
                                    }});
        ASSERT_TRUE(answer);
        reasons.push_back(answer->reason());
        const auto second = client->receive();
        ASSERT_TRUE(second) << second.error().to_string();
        reasons.push_back(std::get<attest::Refusal>(*second).reason);
    });
    EXPECT_EQ(reasons, (std::vector<std::string>{"evidence_measurement_mismatch", "challenge_reused"}));
}

TEST_F(GateConnection, ARecordedProofOnANewConnectionIsAReplay) {
    attest::Proof recorded;
    EXPECT_EQ(
        outcome(
            {.hello = {}, .challenge = {}, .binding = {}, .proof = [&](attest::Proof& proof) { recorded = proof; }}),
        "released");
    ended_ = false;
    EXPECT_EQ(
        outcome(
            {.hello = {}, .challenge = {}, .binding = {}, .proof = [&](attest::Proof& proof) { proof = recorded; }}),
        "evidence_replayed");
}

TEST_F(GateConnection, GibberishIsAViolationAndIsRecorded) {
    std::string reason;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client);
        ASSERT_TRUE(client->send_raw(attest::frame(Bytes{0xFF, 0x00, 0x01})));
        const auto answer = client->receive();
        ASSERT_TRUE(answer) << answer.error().to_string();
        reason = std::get<attest::Refusal>(*answer).reason;
    });
    EXPECT_EQ(reason, "protocol_violation");
    EXPECT_EQ(recorder_.records.size(), 1U);
}

TEST_F(GateConnection, AHelloWithoutEndIsTooLarge) {
    std::string reason;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client);
        Bytes endless{0x00, 0x20, 0x00, 0x00};  // announces 2 MiB
        endless.resize(600 << 10);
        (void)client->send_raw(endless);
        const auto answer = client->receive();
        ASSERT_TRUE(answer) << answer.error().to_string();
        reason = std::get<attest::Refusal>(*answer).reason;
    });
    EXPECT_EQ(reason, "too_large");
    EXPECT_EQ(input_.used(), 0U);
}

TEST_F(GateConnection, TooManyMessagesInWorkAreRefused) {
    input_ = InputBudget(10);
    EXPECT_EQ(outcome(), "quota_exceeded");
    EXPECT_EQ(input_.used(), 0U);
}

TEST_F(GateConnection, ANodeThatHasUsedUpItsShareIsRefusedAndNoOtherOne) {
    const auto another = test::filled<32>(0x77);
    while (input_.take(another, 1 << 20))
        continue;
    const auto held = input_.used();
    EXPECT_EQ(outcome(), "released");
    while (input_.take(node_key_.spki, 1 << 20))
        continue;
    ended_ = false;
    EXPECT_EQ(outcome(), "quota_exceeded");
    EXPECT_EQ(input_.used(), 2 * held);
}

TEST_F(GateConnection, AMessageIsChargedAsLongAsItIsInWork) {
    std::vector<std::size_t> charged;
    judge_.asked = [&](const action::Ask& what) {
        charged.push_back(input_.used());
        const std::size_t proof = what.question.facts.proof ? attest::encode(*what.question.facts.proof).size() : 0;
        EXPECT_GE(charged.back(), attest::encode(*what.question.facts.hello).size() + proof);
    };
    EXPECT_EQ(outcome(), "released");
    ASSERT_EQ(charged.size(), 2U);
    EXPECT_GT(charged[1], charged[0]);
    EXPECT_EQ(input_.used(), 0U);
}

TEST_F(GateConnection, ANodeThatDoesNotKnowThisGateLeavesWithoutAVerdict) {
    run([&] {
        const auto client = test::GateClient::connect(port_, node_key_, {test::filled<32>(0x99)});
        ASSERT_FALSE(client);
        EXPECT_EQ(client.error().reason, Reason::tls_peer_pin_mismatch);
    });
    EXPECT_TRUE(verdicts_.empty());
    EXPECT_EQ(failed_handshakes_.size(), 1U);
    EXPECT_EQ(shaken_, 1);
}

TEST_F(GateConnection, ANodeThatLeavesDuringTheMintingIsOnRecord) {
    minter_->silent = true;
    run([&] {
        auto client = connect();
        ASSERT_TRUE(client);
        PaperCollector collector;
        attest::Hello hello = test::paper_hello();
        ASSERT_TRUE(client->send(hello));
        const auto challenge = std::get<attest::Challenge>(*client->receive());
        const auto binding = attest::binding_value({.role = "node",
                                                    .challenge = challenge.challenge,
                                                    .exporter = *client->exporter(),
                                                    .node_spki = client->own_spki(),
                                                    .gate_spki = client->gate_spki(),
                                                    .sealing_key = hello.sealing_key,
                                                    .workload = hello.workload,
                                                    .identity = crypto::sha256(attest::encode_identity(hello.identity)),
                                                    .policy_epoch = challenge.policy_epoch});
        ASSERT_TRUE(client->send(attest::Proof{{{"paper", *collector.collect(challenge.requests[0].body, binding)}}}));
    });
    ASSERT_EQ(verdicts_.size(), 1U);
    EXPECT_EQ(verdicts_[0].reason, Reason::cancelled);
    EXPECT_EQ(recorder_.records.size(), 1U);
}

}  // namespace
}  // namespace ct::gate
