// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "base/limits.h"
#include "bus/connection.h"
#include "bus/polkit.h"
#include "support/private_bus.h"

namespace ct::bus {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kStranger = 65534;
const char* const kName = "io.cloudtaser.Test1";
const Destination kThing{kName, "/io/cloudtaser/Test1", "io.cloudtaser.Test1.Thing"};

class SystemBus : public testing::Test {
protected:
    SystemBus() {
        auto bus = test::PrivateBus::start({});
        EXPECT_TRUE(bus) << bus.error().to_string();
        bus_.emplace(std::move(*bus));
        bus_->adopt();
        server_.emplace(std::move(*Connection::open_system("server")));
        EXPECT_TRUE(server_->attach(loop_));
        EXPECT_TRUE(server_->request_name(kName));
    }

    void serve(const Access& access, std::function<void(Call)> handler) {
        Interface thing(kThing.interface);
        thing.method({.name = "M", .access = access}, std::move(handler));
        auto slot = server_->serve(kThing.path, thing);
        ASSERT_TRUE(slot);
        object_ = std::move(*slot);
    }

    // Calls M from a process of this user while our loop serves; the outcome, as "ok" or the error's text.
    std::string call_as(unsigned uid, bool interactive = false) {
        auto pair = std::move(*socket_pair());
        const pid_t child = ::fork();
        if (child == 0) {
            ::_exit(test::as_user(uid, [&] {
                auto client = Connection::open_system("client");
                std::string text = client ? "" : client.error().to_string();
                if (client) {
                    auto call = client->new_call(kThing, "M", {.interactive = interactive});
                    const auto reply = client->call(*call, 10s);
                    text = reply ? "ok" : reply.error().to_string();
                }
                return write_all(pair.theirs.get(), text.data(), text.size()) ? 0 : 1;
            }));
        }
        pair.theirs.reset();
        std::string text;
        const auto pidfd = std::move(*pidfd_open(child));
        bool ended = false;
        const auto source = loop_.add_pidfd(pidfd.get(), [&] { ended = true; });
        while (!ended)
            EXPECT_TRUE(loop_.run_once(20s).value());
        int status = 0;
        EXPECT_EQ(::waitpid(child, &status, 0), child);
        if (WEXITSTATUS(status) == 255) return "not permitted";
        return read_fd(pair.ours.get(), 4096).value();
    }

    EventLoop loop_ = std::move(*EventLoop::create());
    std::optional<test::PrivateBus> bus_;
    std::optional<Connection> server_;
    Slot object_;
};

TEST_F(SystemBus, CallsBeyondWhatTheBusLetsWaitGoOutAsAnswersCome) {
    constexpr int kCalls = 300;
    std::vector<Call> held;
    serve(Access::anyone(), [&](Call call) { held.push_back(std::move(call)); });
    auto client = std::move(*Connection::open_system("client"));
    ASSERT_TRUE(client.attach(loop_));
    // The server answers when nobody calls any more.
    const auto answered_well = [&](const auto& send) {
        int good = 0, bad = 0;
        for (int i = 0; i < kCalls; ++i) {
            auto call = client.new_call(kThing, "M");
            send(*call, [&](const Result<Message>& reply) { ++(reply ? good : bad); });
        }
        while (good + bad < kCalls)
            if (!loop_.run_once(100ms).value())
                for (auto& call : std::exchange(held, {}))
                    call.reply();
        return good;
    };
    std::vector<Slot> slots;
    EXPECT_LT(answered_well([&](auto& call, auto done) { slots.push_back(*client.call_async(call, done, 20s)); }),
              kCalls)
        << "this bus has no limit that could be tested";
    EXPECT_EQ(answered_well([&](auto& call, auto done) { EXPECT_TRUE(client.call_detached(call, done, 20s)); }),
              kCalls);
}

TEST_F(SystemBus, ANameHasOneOwner) {
    auto other = std::move(*Connection::open_system("other"));
    const auto taken = other.request_name(kName);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().sys_errno, EEXIST);
    EXPECT_NE(other.unique_name(), server_->unique_name());
}

TEST_F(SystemBus, WithoutABusThereIsAnErrorAndNoWait) {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus", 1);
    EXPECT_EQ(Connection::open_system("x").error().reason, Reason::daemon_unavailable);
}

TEST_F(SystemBus, TheSenderIsWhoTheBusSaysItIs) {
    std::optional<Sender> seen;
    serve(Access::anyone(), [&](Call call) {
        seen = call.sender();
        call.reply();
    });
    EXPECT_EQ(call_as(::getuid()), "ok");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->uid, ::getuid());
    EXPECT_NE(seen->pid, ::getpid());
    EXPECT_TRUE(seen->name.starts_with(":1."));
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    EXPECT_EQ(call_as(kStranger), "ok");
    EXPECT_EQ(seen->uid, kStranger);
}

struct Rule {
    const char* name;
    Access access;
    unsigned uid;
    const char* outcome;
};
class AccessRules : public SystemBus, public testing::WithParamInterface<Rule> {};
TEST_P(AccessRules, AreEnforcedBeforeTheHandler) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    bool reached = false;
    std::string refused;
    server_->on_refused([&](const Call& call, const Error& error) {
        refused = std::string(call.member()) + " " + std::to_string(call.sender().uid) + " " + error.to_string();
    });
    serve(GetParam().access, [&](Call call) {
        reached = true;
        call.reply();
    });
    const std::string outcome = call_as(GetParam().uid);
    EXPECT_EQ(outcome, GetParam().outcome);
    EXPECT_EQ(reached, outcome == "ok");
    EXPECT_EQ(refused, reached ? "" : "M " + std::to_string(GetParam().uid) + " " + outcome);
}
INSTANTIATE_TEST_SUITE_P(
    All, AccessRules,
    testing::Values(
        Rule{"anyone", Access::anyone(), kStranger, "ok"}, Rule{"default_root", Access{}, 0, "ok"},
        Rule{"default_stranger", Access{}, kStranger, "caller_not_allowed: uid 65534 may not call M"},
        Rule{"listed", Access::only({"nobody"}), kStranger, "ok"},
        Rule{"listed_by_number", Access::only({"65534"}), kStranger, "ok"},
        Rule{"not_listed", Access::only({"daemon"}), kStranger, "caller_not_allowed: uid 65534 may not call M"},
        Rule{"unknown_user", Access::only({"no-such-user"}), kStranger, "caller_not_allowed: uid 65534 may not call M"},
        Rule{"root_passes", Access::only({"daemon"}), 0, "ok"},
        Rule{"polkit_root", Access::polkit("io.cloudtaser.manage"), 0, "ok"},
        Rule{"polkit_absent", Access::polkit("io.cloudtaser.manage"), kStranger,
             "caller_not_allowed: io.cloudtaser.manage: polkit: org.freedesktop.DBus.Error.ServiceUnknown: The name "
             "org.freedesktop.PolicyKit1 was not provided by any .service files"}),
    [](const auto& param) { return param.param.name; });

// The test plays polkit.
struct Verdict {
    const char* name;
    bool interactive;
    bool authorized, challenge;
    const char* outcome;
};
class Polkit : public SystemBus, public testing::WithParamInterface<Verdict> {};
TEST_P(Polkit, IsAskedForTheCallerByItsBusName) {
    if (::getuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    auto polkit = std::move(*Connection::open_system("polkit"));
    ASSERT_TRUE(polkit.attach(loop_));
    ASSERT_TRUE(polkit.request_name("org.freedesktop.PolicyKit1"));
    std::string kind, subject, action;
    std::uint32_t flags = 9;
    Interface authority("org.freedesktop.PolicyKit1.Authority");
    authority.method(
        {.name = "CheckAuthorization", .in = "(sa{sv})sa{ss}us", .out = "(bba{ss})", .access = Access::anyone()},
        [&](Call call) {
            auto& m = call.message();
            ASSERT_TRUE(m.enter('r', "sa{sv}").value());
            kind = m.read<std::string>().value();
            const auto details = Options::read(m, {{"name", "s"}});
            ASSERT_TRUE(details && details->get<std::string>("name"));
            subject = *details->get<std::string>("name");
            ASSERT_TRUE(m.exit());
            action = m.read<std::string>().value();
            ASSERT_TRUE(m.read<StringMap>());
            flags = m.read<std::uint32_t>().value();
            auto reply = call.new_reply();
            ASSERT_TRUE(reply->open('r', "bba{ss}"));
            ASSERT_TRUE(reply->append_all(GetParam().authorized, GetParam().challenge, StringMap{}));
            ASSERT_TRUE(reply->close());
            call.send(*reply);
        });
    const auto slot = polkit.serve("/org/freedesktop/PolicyKit1/Authority", authority);
    ASSERT_TRUE(slot);
    std::string sender;
    serve(Access::polkit("io.cloudtaser.secret.list"), [&](Call call) {
        sender = call.sender().name;
        call.reply();
    });
    EXPECT_EQ(call_as(kStranger, GetParam().interactive), GetParam().outcome);
    EXPECT_EQ(kind, "system-bus-name");
    EXPECT_EQ(action, "io.cloudtaser.secret.list");
    EXPECT_EQ(flags, GetParam().interactive ? 1U : 0U);
    if (!GetParam().authorized) return;
    EXPECT_EQ(subject, sender);
}
INSTANTIATE_TEST_SUITE_P(
    All, Polkit,
    testing::Values(Verdict{"yes", false, true, false, "ok"}, Verdict{"yes_after_a_question", true, true, false, "ok"},
                    Verdict{"no", false, false, false,
                            "caller_not_allowed: io.cloudtaser.secret.list: polkit denies it"},
                    Verdict{"challenge", false, false, true,
                            "caller_not_allowed: io.cloudtaser.secret.list: authentication is required"}),
    [](const auto& param) { return param.param.name; });

// A question may stay open for as long as a person thinks: one user's must not take the room of everybody's calls.
TEST_F(SystemBus, OneUserHasOnlySoManyQuestionsOpenAtPolkit) {
    auto polkit = std::move(*Connection::open_system("polkit"));
    ASSERT_TRUE(polkit.attach(loop_));
    ASSERT_TRUE(polkit.request_name("org.freedesktop.PolicyKit1"));
    std::vector<Call> asked;
    Interface authority("org.freedesktop.PolicyKit1.Authority");
    authority.method(
        {.name = "CheckAuthorization", .in = "(sa{sv})sa{ss}us", .out = "(bba{ss})", .access = Access::anyone()},
        [&](Call call) { asked.push_back(std::move(call)); });
    const auto slot = polkit.serve("/org/freedesktop/PolicyKit1/Authority", authority);
    ASSERT_TRUE(slot);

    std::vector<std::string> answers;
    const auto ask = [&](uid_t uid) {
        check_polkit(*server_, Sender{uid, 1, ":1.77"}, "io.cloudtaser.manage", true, [&](const Status& status) {
            answers.emplace_back(status ? "ok" : std::string(to_string(status.error().reason)));
        });
    };
    const auto turn_until = [&](std::size_t questions, std::size_t told) {
        while (asked.size() < questions || answers.size() < told)
            ASSERT_TRUE(loop_.run_once(10s).value());
    };
    for (std::size_t i = 0; i < limits::kPolkitQuestionsPerCaller; ++i)
        ask(kStranger);
    turn_until(limits::kPolkitQuestionsPerCaller, 0);
    ask(kStranger);
    EXPECT_EQ(answers, std::vector<std::string>{"quota_exceeded"}) << "at once";
    ask(1);
    turn_until(limits::kPolkitQuestionsPerCaller + 1, 1);

    asked.front().fail(Error{Reason::internal, "answered"});
    turn_until(0, 2);
    EXPECT_EQ(answers.back(), "caller_not_allowed");
    ask(kStranger);
    turn_until(limits::kPolkitQuestionsPerCaller + 2, 2);
    EXPECT_EQ(answers.size(), 2U) << "there is room again";
}

TEST_F(SystemBus, CallsOfOneSenderKeepTheirOrderWhileItsCredentialsAreAsked) {
    std::string order;
    Interface thing(kThing.interface);
    thing.method({.name = "M", .in = "s", .in_names = {"text"}, .access = Access::anyone()}, [&](Call call) {
        order += call.read<std::string>().value();
        call.reply();
    });
    object_ = std::move(*server_->serve(kThing.path, thing));
    auto client = std::move(*Connection::open_system("client"));
    ASSERT_TRUE(client.attach(loop_));
    int answers = 0;
    std::vector<Slot> slots;
    for (char c = 'a'; c <= 'h'; ++c) {
        auto call = client.new_call(kThing, "M");
        ASSERT_TRUE(call->append(std::string(1, c)));
        slots.push_back(std::move(*client.call_async(*call, [&](Result<Message>) { ++answers; })));
        // A turn between the calls, so that some arrive before and some after the answer of the bus.
        ASSERT_TRUE(loop_.run_once(1ms));
    }
    while (answers < 8)
        ASSERT_TRUE(loop_.run_once(10s).value());
    EXPECT_EQ(order, "abcdefgh");
}

TEST_F(SystemBus, ACallThatWaitsForCredentialsIsAnsweredWhenTheObjectGoes) {
    serve(Access::anyone(), [](Call call) { call.reply(); });
    auto client = std::move(*Connection::open_system("client"));
    ASSERT_TRUE(client.attach(loop_));
    const auto call = client.new_call(kThing, "M");
    std::optional<Result<Message>> reply;
    const auto slot = client.call_async(*call, [&](Result<Message> r) { reply = std::move(r); });
    // The object goes at each possible moment between the arrival of the call and its answer.
    for (int turns = 0; !reply; ++turns) {
        ASSERT_TRUE(loop_.run_once(10s).value());
        if (turns == 1) object_.reset();
    }
    EXPECT_TRUE(*reply || reply->error().reason == Reason::cancelled || reply->error().reason == Reason::unsupported);
}

// What a launcher does while it waits: its call is on its way by then, and the answer is taken afterwards.
TEST_F(SystemBus, ACallerWorksWhileItsCallIsAnswered) {
    auto ends = std::move(*socket_pair());
    bool arrived_first = false;
    std::vector<Call> never;
    Interface thing(kThing.interface);
    thing
        .method({.name = "M", .access = Access::anyone()},
                [&](Call call) {
                    char word = 0;
                    arrived_first = ::recv(ends.ours.get(), &word, 1, 0) == 1;  // the caller goes on without an answer
                    call.reply();
                })
        .method({.name = "Never", .access = Access::anyone()}, [&](Call call) { never.push_back(std::move(call)); });
    object_ = std::move(*server_->serve(kThing.path, thing));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        ends.ours.reset();
        const auto outcome = [](const Result<Message>& reply) {
            return reply ? std::string("ok") : std::string(to_string(reply.error().reason));
        };
        std::string said;
        auto client = Connection::open_system("client");
        const std::pair<const char*, Millis> calls[] = {{"M", 10s}, {"Unknown", 10s}, {"Never", 200ms}};
        for (const auto& [member, timeout] : calls) {
            const auto call = client->new_call(kThing, member);
            const auto reply = client->call(*call, timeout, [&] {
                if (said.empty()) static_cast<void>(write_all(ends.theirs.get(), "w", 1));
            });
            said += outcome(reply) + " ";
        }
        ::_exit(write_all(ends.theirs.get(), said.data(), said.size()) ? 0 : 1);
    }
    ends.theirs.reset();
    bool ended = false;
    const auto pidfd = std::move(*pidfd_open(child));
    const auto source = loop_.add_pidfd(pidfd.get(), [&] { ended = true; });
    while (!ended)
        ASSERT_TRUE(loop_.run_once(10s).value());
    EXPECT_TRUE(arrived_first);
    EXPECT_EQ(read_fd(ends.ours.get(), 256).value(), "ok unsupported timed_out ");
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST_F(SystemBus, TheEndOfTheBusIsSeen) {
    bool closed = false;
    ASSERT_TRUE(server_->on_closed([&] { closed = true; }));
    bus_.reset();
    while (!closed)
        ASSERT_TRUE(loop_.run_once(10s).value());
}

}  // namespace
}  // namespace ct::bus
