// SPDX-License-Identifier: Apache-2.0
#include "bus/polkit.h"

#include <memory>

#include "base/limits.h"
#include "bus/internal.h"

namespace ct::bus {
namespace {

const Destination kAuthority{"org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                             "org.freedesktop.PolicyKit1.Authority"};
constexpr std::uint32_t kAllowUserInteraction = 1;
constexpr Millis kInteractive{120'000};  // a person types a password
constexpr Millis kUnattended{10'000};

Status ask(Connection& connection, const Sender& sender, const std::string& action, bool interactive,
           std::function<void(Result<Message>)> done) {
    CT_TRY(Message call, connection.new_call(kAuthority, "CheckAuthorization", {.interactive = interactive}));
    // (sa{sv}) subject, s action, a{ss} details, u flags, s cancellation id
    CT_CHECK(call.open('r', "sa{sv}"));
    CT_CHECK(call.append("system-bus-name"));
    std::map<std::string, OptionValue> subject;
    subject.emplace("name", sender.name);
    CT_CHECK(append_options(call, subject));
    CT_CHECK(call.close());
    CT_CHECK(call.append_all(action, StringMap{}, interactive ? kAllowUserInteraction : 0U, ""));
    return connection.call_detached(call, std::move(done), interactive ? kInteractive : kUnattended);
}

Status judge(Result<Message> reply, const std::string& action) {
    const auto denied = [&](const std::string& why) { return fail(Reason::caller_not_allowed, action + ": " + why); };
    if (!reply) return denied("polkit: " + reply.error().context);
    const auto entered = reply->enter('r', "bba{ss}");
    if (!entered || !*entered) return denied("polkit gave an unknown answer");
    const auto authorized = reply->read<bool>();
    const auto challenge = reply->read<bool>();
    if (!authorized || !challenge) return denied("polkit gave an unknown answer");
    if (*authorized) return {};
    return denied(*challenge ? "authentication is required" : "polkit denies it");
}

}  // namespace

void check_polkit(Connection& connection, const Sender& sender, const std::string& action, bool interactive,
                  std::function<void(Status)> done) {
    if (sender.name.empty()) return done(fail(Reason::caller_not_allowed, action + ": not a caller on the bus"));
    Tally& open = connection.state().lock()->polkit_questions;
    if (open.of(sender.uid) >= limits::kPolkitQuestionsPerCaller)
        return done(fail(Reason::quota_exceeded, action + ": too many open questions to polkit about this user"));
    struct Question {
        std::function<void(Status)> done;
        Tally::Ticket place;
    };
    const auto question = std::make_shared<Question>(std::move(done), open.take(sender.uid));
    const Status asked = ask(connection, sender, action, interactive, [question, action](Result<Message> reply) {
        question->place = {};
        question->done(judge(std::move(reply), action));
    });
    if (!asked) question->done(fail(Reason::caller_not_allowed, action + ": polkit: " + asked.error().context));
}

}  // namespace ct::bus
