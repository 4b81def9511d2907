// SPDX-License-Identifier: Apache-2.0
// The whole of lib/bus that needs no message bus, over a socket pair: real sd-bus on both ends, one loop.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "bus/connection.h"

namespace ct::bus {
namespace {

using namespace std::chrono_literals;

const Destination kThing{"", "/io/cloudtaser/Test1", "io.cloudtaser.Test1.Thing"};
const Destination kProperties{"", "/io/cloudtaser/Test1", "org.freedesktop.DBus.Properties"};

const Destination kPing{"", "/", "org.freedesktop.DBus.Peer"};

ino_t inode(int fd) {
    struct stat info{};
    EXPECT_EQ(::fstat(fd, &info), 0);
    return info.st_ino;
}

class Peers : public testing::Test {
protected:
    Peers() {
        auto pair = std::move(*socket_pair());
        server_.emplace(std::move(*Connection::serve_peer(std::move(pair.ours))));
        client_.emplace(std::move(*Connection::open_peer(std::move(pair.theirs))));
        EXPECT_TRUE(server_->attach(loop_));
        EXPECT_TRUE(client_->attach(loop_));
        // Both ends have one thread here: a descriptor sent before the handshake would wait for itself.
        EXPECT_TRUE(ask(kPing, "Ping"));
    }

    void serve(Interface interface) {
        auto slot = server_->serve(kThing.path, interface);
        ASSERT_TRUE(slot) << slot.error().to_string();
        object_ = std::move(*slot);
    }

    // The reply to a call, or its error; runs the loop meanwhile.
    template <class... T>
    Result<Message> ask(const Destination& to, const char* member, const T&... arguments) {
        CT_TRY(Message call, client_->new_call(to, member));
        CT_CHECK(call.append_all(arguments...));
        return ask(call);
    }
    Result<Message> ask(const Message& call, std::chrono::microseconds timeout = 5s) {
        std::optional<Result<Message>> reply;
        CT_TRY(const Slot slot, client_->call_async(call, [&](Result<Message> r) { reply = std::move(r); }, timeout));
        while (!reply)
            CT_CHECK(turn());
        return std::move(*reply);
    }
    Status turn() {
        CT_TRY(const bool ran, loop_.run_once(10s));
        if (!ran) return fail(Reason::timed_out, "nothing happens");
        return {};
    }

    EventLoop loop_ = std::move(*EventLoop::create());
    std::optional<Connection> server_, client_;
    Slot object_;
};

Method row(const char* name, const char* in, const char* out) {
    Method method{.name = name, .in = in, .in_names = {}, .out = out, .out_names = {}, .access = Access::anyone()};
    return method;
}

TEST_F(Peers, EveryTypeGoesThereAndBack) {
    Interface thing(kThing.interface);
    thing.method(row("Echo", "soutixbayasa{ss}", "soutixbayasa{ss}"), [](Call call) {
        const auto s = call.read<std::string>();
        const auto o = call.read<ObjectPath>();
        const auto u = call.read<std::uint32_t>();
        const auto t = call.read<std::uint64_t>();
        const auto i = call.read<std::int32_t>();
        const auto x = call.read<std::int64_t>();
        const auto b = call.read<bool>();
        const auto ay = call.read<Bytes>();
        const auto as = call.read<std::vector<std::string>>();
        const auto map = call.read<StringMap>();
        ASSERT_TRUE(s && o && u && t && i && x && b && ay && as && map);
        call.reply(*s, *o, *u, *t, *i, *x, *b, *ay, *as, *map);
    });
    serve(std::move(thing));
    const Bytes bytes{0, 1, 255};
    const std::vector<std::string> strings{"", "ä"};
    const StringMap map{{"k", "v"}, {"k2", ""}};
    auto reply = ask(kThing, "Echo", "text", ObjectPath{"/a"}, 7U, std::uint64_t{1} << 63, -5, std::int64_t{-6}, true,
                     bytes, strings, map);
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(reply->read<std::string>().value(), "text");
    EXPECT_EQ(reply->read<ObjectPath>().value().text, "/a");
    EXPECT_EQ(reply->read<std::uint32_t>().value(), 7U);
    EXPECT_EQ(reply->read<std::uint64_t>().value(), std::uint64_t{1} << 63);
    EXPECT_EQ(reply->read<std::int32_t>().value(), -5);
    EXPECT_EQ(reply->read<std::int64_t>().value(), -6);
    EXPECT_TRUE(reply->read<bool>().value());
    EXPECT_EQ(reply->read<Bytes>().value(), bytes);
    EXPECT_EQ(reply->read<std::vector<std::string>>().value(), strings);
    EXPECT_EQ(reply->read<StringMap>().value(), map);
    EXPECT_TRUE(reply->at_end().value());
}

TEST_F(Peers, ADescriptorArrivesAsItsOwnAndIsClosedOnExec) {
    Fd kept;
    Interface thing(kThing.interface);
    thing.method(row("Give", "h", "h"), [&](Call call) {
        auto fd = call.read<Fd>();
        ASSERT_TRUE(fd);
        kept = std::move(*fd);
        call.reply(kept);
    });
    serve(std::move(thing));
    auto pair = std::move(*socket_pair());
    const auto sent = inode(pair.ours.get());
    auto reply = ask(kThing, "Give", pair.ours);
    ASSERT_TRUE(reply) << reply.error().to_string();
    pair.ours.reset();
    const auto got = reply->read<Fd>();
    ASSERT_TRUE(got);
    EXPECT_EQ(inode(kept.get()), sent);
    EXPECT_EQ(inode(got->get()), sent);
    EXPECT_EQ(::fcntl(kept.get(), F_GETFD), FD_CLOEXEC);
    EXPECT_EQ(::fcntl(got->get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(Peers, MessagesKeepNoDescriptorOnceTheyAreGone) {
    Interface thing(kThing.interface);
    thing.method(row("Take", "h", ""), [](Call call) {
        (void)call.read<Fd>();
        call.reply();
    });
    serve(std::move(thing));
    auto pair = std::move(*socket_pair());
    {
        ASSERT_TRUE(ask(kThing, "Take", pair.ours));
    }
    pair.ours.reset();
    char byte = 0;
    EXPECT_EQ(::recv(pair.theirs.get(), &byte, 1, MSG_DONTWAIT), 0) << "somebody still holds the descriptor";
}

TEST_F(Peers, AHandlerMayAnswerLaterAndOutOfOrder) {
    std::vector<Call> held;
    Interface thing(kThing.interface);
    thing.method(row("Hold", "s", "s"), [&](Call call) { held.push_back(call); });
    serve(std::move(thing));
    std::string order;
    std::vector<Slot> slots;
    for (const char* name : {"a", "b"}) {
        auto call = client_->new_call(kThing, "Hold");
        ASSERT_TRUE(call->append(name));
        slots.push_back(std::move(
            *client_->call_async(*call, [&](Result<Message> reply) { order += reply->read<std::string>().value(); })));
    }
    while (held.size() < 2)
        ASSERT_TRUE(turn());
    for (const std::size_t i : {1U, 0U})
        held[i].reply(held[i].read<std::string>().value());
    while (order.size() < 2)
        ASSERT_TRUE(turn());
    EXPECT_EQ(order, "ba");
}

TEST_F(Peers, ARefusalArrivesAsTheSameReasonAndWords) {
    Interface thing(kThing.interface);
    thing.method(row("Refuse", "", ""), [](Call call) { call.fail({Reason::vault_sealed, "the vault", 0}); });
    serve(std::move(thing));
    const auto reply = ask(kThing, "Refuse");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().to_string(), "vault_sealed: the vault");
}

TEST_F(Peers, ACallThatIsDroppedIsAnsweredWithInternal) {
    Interface thing(kThing.interface);
    thing.method(row("Drop", "", ""), [](Call) {});
    serve(std::move(thing));
    const auto reply = ask(kThing, "Drop");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().reason, Reason::internal);
}

TEST_F(Peers, OnlyTheFirstAnswerCounts) {
    Interface thing(kThing.interface);
    thing.method(row("Twice", "", "s"), [](Call call) {
        call.reply("first");
        call.reply("second");
        call.fail({Reason::internal, "third", 0});
    });
    serve(std::move(thing));
    auto reply = ask(kThing, "Twice");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->read<std::string>().value(), "first");
}

TEST_F(Peers, AnAnswerThatCannotBeBuiltBecomesItsError) {
    Interface thing(kThing.interface);
    thing.method(row("Bad", "", "s"), [](Call call) { call.reply(std::string("\xff")); });
    thing.method(row("Nul", "", "s"), [](Call call) { call.reply(std::string("a\0b", 3)); });
    serve(std::move(thing));
    EXPECT_EQ(ask(kThing, "Bad").error().to_string(), "invalid_argument: not UTF-8");
    EXPECT_EQ(ask(kThing, "Nul").error().to_string(), "invalid_argument: a NUL in a D-Bus string");
}

TEST_F(Peers, TheSenderOfAPeerLineIsWhoMadeIt) {
    std::optional<Sender> seen;
    Interface thing(kThing.interface);
    thing.method(row("Who", "", ""), [&](Call call) {
        seen = call.sender();
        call.reply();
    });
    serve(std::move(thing));
    ASSERT_TRUE(ask(kThing, "Who"));
    EXPECT_EQ(seen->uid, ::geteuid());
    EXPECT_EQ(seen->pid, ::getpid());
    EXPECT_EQ(seen->name, "");
}

TEST_F(Peers, AWrongSignatureNeverReachesTheHandler) {
    bool reached = false;
    Interface thing(kThing.interface);
    thing.method(row("M", "s", ""), [&](Call call) {
        reached = true;
        call.reply();
    });
    serve(std::move(thing));
    EXPECT_EQ(ask(kThing, "M", 5U).error().reason, Reason::invalid_argument);
    EXPECT_EQ(ask(kThing, "None").error().reason, Reason::unsupported);
    EXPECT_FALSE(reached);
}

TEST_F(Peers, ReadsOfTheWrongTypeAreRefused) {
    std::string errors;
    Interface thing(kThing.interface);
    thing.method(row("M", "u", ""), [&](Call call) {
        errors = call.read<std::string>().error().to_string();
        EXPECT_EQ(call.read<std::uint32_t>().value(), 5U);
        EXPECT_EQ(call.read<std::uint32_t>().error().reason, Reason::malformed);
        call.reply();
    });
    serve(std::move(thing));
    ASSERT_TRUE(ask(kThing, "M", 5U));
    EXPECT_EQ(errors, "malformed: expected a string");
}

TEST_F(Peers, ReadsAreBounded) {
    std::vector<std::string> errors;
    Interface thing(kThing.interface);
    thing.method(row("M", "sayas", ""), [&](Call call) {
        const auto note = [&](const auto& result) { errors.push_back(result ? "" : result.error().to_string()); };
        note(call.read<std::string>());
        note(call.read<Bytes>());
        note(call.read<std::vector<std::string>>());
        call.reply();
    });
    serve(std::move(thing));
    ASSERT_TRUE(
        ask(kThing, "M", std::string(kTextLimit, 'a'), Bytes(kBytesLimit), std::vector<std::string>(kArrayLimit)));
    EXPECT_EQ(errors, (std::vector<std::string>{"", "", ""}));
    errors.clear();
    ASSERT_TRUE(ask(kThing, "M", std::string(kTextLimit + 1, 'a'), Bytes(kBytesLimit + 1),
                    std::vector<std::string>(kArrayLimit + 1)));
    EXPECT_EQ(errors,
              (std::vector<std::string>{"too_large: a string over 64 KiB", "too_large: an array of bytes over 4 MiB",
                                        "too_large: an array of over 4096 strings"}));
}

TEST_F(Peers, APropertyIsReadWithItsGetterAndItsErrors) {
    Interface thing(kThing.interface);
    std::string state = "ready";
    thing.property({"State", "s", Emits::change}, [&](Message& reply) { return reply.append(state); });
    thing.property({"Broken", "s", Emits::no}, [](Message&) -> Status { return fail(Reason::io_failed, "no"); });
    serve(std::move(thing));
    auto reply = ask(kProperties, "Get", kThing.interface, "State");
    ASSERT_TRUE(reply) << reply.error().to_string();
    ASSERT_TRUE(reply->enter('v', "s").value());
    EXPECT_EQ(reply->read<std::string>().value(), "ready");
    EXPECT_EQ(ask(kProperties, "Get", kThing.interface, "Broken").error().to_string(), "io_failed: no");
}

TEST_F(Peers, AWritablePropertyIsWrittenByItsOwner) {
    std::string level = "info";
    Interface thing(kThing.interface);
    thing.property(
        {"Level", "s"}, [&](Message& reply) { return reply.append(level); },
        [&](Message& value) -> Status {
            CT_TRY(level, value.read<std::string>());
            return {};
        });
    serve(std::move(thing));
    auto call = client_->new_call(kProperties, "Set");
    ASSERT_TRUE(call->append_all(kThing.interface, "Level"));
    ASSERT_TRUE(call->open('v', "s"));
    ASSERT_TRUE(call->append("debug"));
    ASSERT_TRUE(call->close());
    const auto reply = ask(*call);
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(level, "debug");
}

TEST_F(Peers, SignalsAndPropertyChangesArrive) {
    std::string name = "old";
    Interface thing(kThing.interface);
    thing.property({"Name", "s", Emits::change}, [&](Message& reply) { return reply.append(name); });
    thing.signal({"Rotated", "su", {"name", "version"}});
    serve(std::move(thing));
    std::string got, changed;
    const auto a = client_->subscribe(kThing, "Rotated", [&](Message& message) {
        const auto text = message.read<std::string>();
        const auto version = message.read<std::uint32_t>();
        ASSERT_TRUE(text && version) << text.error().to_string();
        got = *text + std::to_string(*version);
    });
    const auto b = client_->subscribe(kProperties, "PropertiesChanged", [&](Message& message) {
        const auto text = message.read<std::string>();
        ASSERT_TRUE(text) << text.error().to_string();
        changed = *text;
    });
    ASSERT_TRUE(a && b);
    ASSERT_TRUE(
        server_->emit(kThing.path, kThing.interface, "Rotated", [](Message& m) { return m.append_all("db", 2U); }));
    name = "new";
    ASSERT_TRUE(server_->emit_changed(kThing.path, kThing.interface, {"Name"}));
    while (got.empty() || changed.empty())
        ASSERT_TRUE(turn());
    EXPECT_EQ(got, "db2");
    EXPECT_EQ(changed, kThing.interface);
}

TEST_F(Peers, EachEndLearnsOnceThatTheOtherIsGone) {
    int server_saw = 0;
    ASSERT_TRUE(server_->on_closed([&] { ++server_saw; }));
    ASSERT_TRUE(client_->flush());
    client_.reset();
    while (server_saw == 0)
        ASSERT_TRUE(turn());
    while (loop_.run_once(0ms).value()) {
    }
    EXPECT_EQ(server_saw, 1);
}

TEST_F(Peers, AConnectionMayBeDestroyedFromItsOwnCloseHandler) {
    bool saw = false;
    ASSERT_TRUE(server_->on_closed([&] {
        server_.reset();
        saw = true;
    }));
    client_.reset();
    while (!saw)
        ASSERT_TRUE(turn());
}

TEST_F(Peers, AConnectionMayBeDestroyedFromAMethodHandler) {
    Interface thing(kThing.interface);
    thing.method(row("Bye", "", ""), [&](Call call) {
        call.reply();
        object_.reset();
        server_.reset();
    });
    serve(std::move(thing));
    const auto reply = ask(kThing, "Bye");
    EXPECT_TRUE(reply) << reply.error().to_string();
}

TEST_F(Peers, GarbageInsteadOfDBusClosesTheLine) {
    auto pair = std::move(*socket_pair());
    auto server = std::move(*Connection::serve_peer(std::move(pair.ours)));
    ASSERT_TRUE(server.attach(loop_));
    bool closed = false;
    ASSERT_TRUE(server.on_closed([&] { closed = true; }));
    ASSERT_TRUE(write_all(pair.theirs.get(), "GET / HTTP/1.1\r\n\r\n", 18));
    while (!closed)
        ASSERT_TRUE(turn());
}

TEST_F(Peers, ATimeoutIsOneAndADeadPeerIsAnother) {
    std::vector<Call> held;
    Interface thing(kThing.interface);
    thing.method(row("Hold", "", ""), [&](Call call) { held.push_back(call); });
    serve(std::move(thing));
    auto call = client_->new_call(kThing, "Hold");
    EXPECT_EQ(ask(*call, 20ms).error().reason, Reason::timed_out);

    auto second = client_->new_call(kThing, "Hold");
    std::optional<Result<Message>> reply;
    const auto slot = client_->call_async(*second, [&](Result<Message> r) { reply = std::move(r); });
    while (held.size() < 2)
        ASSERT_TRUE(turn());
    object_.reset();
    held.clear();
    server_.reset();
    while (!reply)
        ASSERT_TRUE(turn());
    ASSERT_FALSE(*reply);
}

TEST_F(Peers, ADroppedSlotNeverCallsBack) {
    Interface thing(kThing.interface);
    bool served = false;
    thing.method(row("M", "", ""), [&](Call call) {
        call.reply();
        served = true;
    });
    serve(std::move(thing));
    bool answered = false;
    {
        const auto call = client_->new_call(kThing, "M");
        const auto slot = client_->call_async(*call, [&](Result<Message>) { answered = true; });
        ASSERT_TRUE(slot);
        while (!served)
            ASSERT_TRUE(turn());
    }
    while (loop_.run_once(10ms).value()) {
    }
    EXPECT_FALSE(answered);
}

TEST_F(Peers, ADetachedCallIsAnsweredWithoutAHandle) {
    Interface thing(kThing.interface);
    thing.method(row("M", "", ""), [](Call call) { call.reply(); });
    serve(std::move(thing));
    bool answered = false;
    const auto call = client_->new_call(kThing, "M");
    ASSERT_TRUE(client_->call_detached(*call, [&](Result<Message> reply) { answered = reply.has_value(); }));
    while (!answered)
        ASSERT_TRUE(turn());
}

TEST_F(Peers, AnObjectThatIsNotServedAnyMoreIsUnknown) {
    Interface thing(kThing.interface);
    thing.method(row("M", "", ""), [](Call call) { call.reply(); });
    serve(std::move(thing));
    ASSERT_TRUE(ask(kThing, "M"));
    object_.reset();
    EXPECT_EQ(ask(kThing, "M").error().reason, Reason::unsupported);
}

// Options.

struct OptionsCase {
    const char* name;
    std::function<Status(Message&)> fill;
    const char* error;  // "" when fine
};
class OptionsTable : public Peers, public testing::WithParamInterface<OptionsCase> {};

Status put(Message& m, const char* key, const char* signature, const auto& value) {
    CT_CHECK(m.open('e', "sv"));
    CT_CHECK(m.append(key));
    CT_CHECK(m.open('v', signature));
    CT_CHECK(m.append(value));
    CT_CHECK(m.close());
    return m.close();
}

TEST_P(OptionsTable, AreReadStrictly) {
    std::string error;
    Interface thing(kThing.interface);
    thing.method(row("M", "a{sv}", ""), [&](Call call) {
        const auto options = call.read_options({{"env", "a{ss}"}, {"count", "u"}, {"stream", "h"}});
        if (!options) error = options.error().to_string();
        call.reply();
    });
    serve(std::move(thing));
    auto call = client_->new_call(kThing, "M");
    ASSERT_TRUE(call->open('a', "{sv}"));
    ASSERT_TRUE(GetParam().fill(*call));
    ASSERT_TRUE(call->close());
    ASSERT_TRUE(ask(*call));
    EXPECT_EQ(error, GetParam().error);
}
INSTANTIATE_TEST_SUITE_P(All, OptionsTable,
                         testing::Values(OptionsCase{"empty", [](Message&) -> Status { return {}; }, ""},
                                         OptionsCase{"known", [](Message& m) { return put(m, "count", "u", 5U); }, ""},
                                         OptionsCase{"unknown", [](Message& m) { return put(m, "colour", "s", "red"); },
                                                     "invalid_argument: unknown option: colour"},
                                         OptionsCase{"wrong_type", [](Message& m) { return put(m, "count", "s", "5"); },
                                                     "invalid_argument: option count must be of type u"},
                                         OptionsCase{"twice",
                                                     [](Message& m) -> Status {
                                                         CT_CHECK(put(m, "count", "u", 5U));
                                                         return put(m, "count", "u", 6U);
                                                     },
                                                     "invalid_argument: option given twice: count"}),
                         [](const auto& param) { return param.param.name; });

TEST_F(Peers, OptionsKeepEveryTypeTheyCarry) {
    Interface thing(kThing.interface);
    std::optional<Options> got;
    thing.method(row("M", "a{sv}", ""), [&](Call call) {
        auto options = call.read_options({{"b", "b"},
                                          {"u", "u"},
                                          {"t", "t"},
                                          {"s", "s"},
                                          {"ay", "ay"},
                                          {"as", "as"},
                                          {"map", "a{ss}"},
                                          {"h", "h"},
                                          {"absent", "s"}});
        ASSERT_TRUE(options) << options.error().to_string();
        got = std::move(*options);
        call.reply();
    });
    serve(std::move(thing));
    auto pair = std::move(*socket_pair());
    const auto sent = inode(pair.ours.get());
    std::map<std::string, OptionValue> options;
    options.emplace("b", true);
    options.emplace("u", 1U);
    options.emplace("t", std::uint64_t{2});
    options.emplace("s", std::string("three"));
    options.emplace("ay", Bytes{4});
    options.emplace("as", std::vector<std::string>{"5"});
    options.emplace("map", StringMap{{"6", "7"}});
    options.emplace("h", std::move(pair.ours));
    auto call = client_->new_call(kThing, "M");
    ASSERT_TRUE(append_options(*call, options));
    ASSERT_TRUE(ask(*call));
    ASSERT_TRUE(got);
    EXPECT_TRUE(*got->get<bool>("b"));
    EXPECT_EQ(*got->get<std::uint32_t>("u"), 1U);
    EXPECT_EQ(*got->get<std::uint64_t>("t"), 2U);
    EXPECT_EQ(*got->get<std::string>("s"), "three");
    EXPECT_EQ(*got->get<Bytes>("ay"), Bytes{4});
    EXPECT_EQ(*got->get<std::vector<std::string>>("as"), std::vector<std::string>{"5"});
    EXPECT_EQ(*got->get<StringMap>("map"), (StringMap{{"6", "7"}}));
    EXPECT_EQ(inode(got->get<Fd>("h")->get()), sent);
    EXPECT_EQ(got->get<std::string>("absent"), nullptr);
}

}  // namespace
}  // namespace ct::bus
