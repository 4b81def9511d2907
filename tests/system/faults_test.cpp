// SPDX-License-Identifier: Apache-2.0
// Rounds of faults under load (docs/faults.md). Each start ends in the right value or in a reason, running programs are left
// alone, a healed system serves, and at the end nothing is left over.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <random>

#include "base/reason.h"
#include "system/injector.h"
#include "system/load.h"

namespace ct::test {
namespace {

using Steady = std::chrono::steady_clock;

constexpr int kServices = 20;
// Beyond cloudtaser-run's --timeout: what the guard waits for a page at most (10 s), once for each exec of a start that is
// refused in its middle, and a busy machine.
constexpr Millis kGrace{15'000};

std::uint64_t number_of(const char* variable, std::uint64_t otherwise) {
    const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe): one thread
    return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

TEST(FaultPlan, ASeedSaysAllAndEveryFaultComesUp) {
    const auto plan = plan_rounds(7, 3 * kFaultsInADeal, kServices);
    const auto again = plan_rounds(7, 3 * kFaultsInADeal, kServices);
    const auto other = plan_rounds(8, 3 * kFaultsInADeal, kServices);
    const auto text = [](const std::vector<Round>& rounds) {
        std::string all;
        for (const auto& round : rounds)
            all += to_string(round) + "\n";
        return all;
    };
    EXPECT_EQ(text(plan), text(again));
    EXPECT_NE(text(plan), text(other));
    // Whatever the machine, the compiler and the library: a seed in a report is good anywhere.
    EXPECT_EQ(to_string(plan.front()),
              "seal OpenBao, first, healed late; start 1 4 8 13; stop 3; ask 2 7 11 14 15 19; probe 19");
    std::set<std::string> kinds;
    for (int i = 0; i < kFaultsInADeal; ++i)
        kinds.insert(std::to_string(static_cast<int>(plan[static_cast<std::size_t>(i)].fault)));
    EXPECT_EQ(kinds.size(), 14U);
}

constexpr const char* kTokens =
    "curl -sS --cacert /etc/openbao/tls/vault-ca.pem -H \"X-Vault-Token: $(cat /etc/openbao/root-token)\" "
    "-X LIST https://127.0.0.1:8200/v1/auth/token/accessors | jq '.data.keys | length'";
constexpr const char* kSessions =
    "busctl --json=short call io.cloudtaser.Secret1 /io/cloudtaser/Secret1 io.cloudtaser.Secret1.Manager ListSessions";
constexpr const char* kWhatOursSaid =
    "journalctl -q --no-pager -n 100 -u 'cloudtaser-*'; journalctl -q --no-pager -n 40 -t cloudtaser-guard";
// But for the question itself and what comes and goes by itself.
constexpr const char* kProcesses = R"(ps -eo stat=,comm= | awk '{ print ($1 ~ /^Z/) ? "dead" : "", $2 }' |
    grep -v -x -E ' (ps|awk|grep|sort|sh|nsenter|systemd-udevd|\(sd-pam\)|polkitd)' | sort)";
constexpr const char* kFailedUnits = "systemctl --failed --plain --no-legend | grep -v load- || true";
constexpr const char* kFiles =
    R"(find /run /tmp /dev/shm /var/lib \( -path /run/load -o -path /run/openbao -o -path /run/udev -o -path /run/log -o \
    -path /run/systemd/units -o -path /run/systemd/transient -o -path /run/systemd/journal -o \
    -path '/var/lib/cloudtaser-gate/records/*' -o \( -path '/var/lib/*' ! -path '/var/lib/cloudtaser*' \) \) -prune -o -print |
    sed -E 's/^(.tmp.systemd-private-.*service)-[^/]*/\1/' | sort)";

// What must be the same before and after, by name.
using Inventory = std::map<std::string, std::string>;

class Faults : public ::testing::Test {
protected:
    void SetUp() override {
        CT_NEEDS_SITE();
        rounds_ = static_cast<int>(number_of("CT_FAULT_ROUNDS", kFaultsInADeal));
        seed_ = number_of("CT_FAULT_SEED", std::random_device{}());
        replay_ = "CT_FAULT_SEED=" + std::to_string(seed_) + " CT_FAULT_ROUNDS=" + std::to_string(rounds_) +
                  " ./dev test system";
        std::printf("%d rounds; again with: %s\n", rounds_, replay_.c_str());
        std::fflush(stdout);
        auto site = Injector::make_site();
        ASSERT_TRUE(site) << site.error().to_string();
        site_ = std::move(*site);
        auto load = Load::make(*site_, kServices);
        ASSERT_TRUE(load) << load.error().to_string();
        load_.emplace(std::move(*load));
    }
    void TearDown() override {
        if (!HasFailure() || !site_) return;
        std::printf("again with: %s\n%s\n%s\n", replay_.c_str(), site_->journals().c_str(),
                    site_->node().enter(kWhatOursSaid).out.c_str());
    }

    // Asks until the answer is the one wanted; each question takes a process, so this does not spin.
    static std::string until(const std::function<std::string()>& ask,
                             const std::function<bool(const std::string&)>& good, Millis most) {
        const auto deadline = Steady::now() + most;
        for (;;) {
            auto answer = ask();
            if (good(answer) || Steady::now() > deadline) return answer;
        }
    }
    [[nodiscard]] std::string tokens() const { return site_->vault().enter(kTokens).out; }
    [[nodiscard]] std::string sessions(const std::string& question) const {
        return site_->node().enter(kSessions + (" | jq '" + question + "'")).out;
    }
    void all_at_rest(const std::string& tokens_then);
    Inventory inventory() const;
    void play(const Round& round);
    std::map<int, Load::Outcome> start(const std::vector<int>& services);
    void check(const std::map<int, Load::Outcome>& outcomes, bool starts);

    int rounds_ = 0;
    std::uint64_t seed_ = 0;
    std::string replay_;
    std::unique_ptr<Site> site_;
    std::optional<Load> load_;
    std::map<Reason, std::vector<std::string>> refusals_;  // what was said
    int right_ = 0, children_ = 0, undisturbed_ = 0;
};

std::vector<int> all_services() {
    std::vector<int> all;
    for (int i = 0; i < kServices; ++i)
        all.push_back(i);
    return all;
}

std::map<int, Load::Outcome> Faults::start(const std::vector<int>& services) {
    auto started = load_->start(services);
    EXPECT_TRUE(started) << started.error().to_string();
    if (!started) return {};
    auto outcomes = load_->outcomes(std::move(*started), services);
    EXPECT_TRUE(outcomes) << outcomes.error().to_string();
    return outcomes.value_or(std::map<int, Load::Outcome>{});
}

// No program, no session, no grant: as before the first start.
void Faults::all_at_rest(const std::string& tokens_then) {
    const auto stopped = load_->stop(all_services());
    ASSERT_TRUE(stopped) << stopped.error().to_string();
    EXPECT_EQ(
        until([&] { return sessions(".data[0] | length"); }, [](const auto& n) { return n == "0\n"; }, Millis(30'000)),
        "0\n");
    const auto revoked = load_->revoke(all_services());
    EXPECT_TRUE(revoked) << revoked.error().to_string();
    // Tokens that nobody could give back end with their time.
    if (tokens_then.empty()) return;
    EXPECT_EQ(until([&] { return tokens(); }, [&](const auto& n) { return n == tokens_then; }, Millis(120'000)),
              tokens_then);
}

Inventory Faults::inventory() const {
    Inventory all;
    for (Machine* machine : {&site_->vault(), &site_->node()}) {
        const std::string host = machine == &site_->vault() ? "vault" : "node";
        all[host + ": processes"] = machine->enter(kProcesses).out;
        all[host + ": failed units"] = machine->enter(kFailedUnits).out;
        all[host + ": files"] = machine->enter(kFiles).out;
    }
    for (const char* daemon : {"secretd", "attestd", "identd", "bridge", "gate"}) {
        const Machine& home = std::string_view(daemon) == "gate" ? site_->vault() : site_->node();
        all[std::string("descriptors of ") + daemon] =
            home.enter(std::string("ls /proc/$(systemctl show -P MainPID cloudtaser-") + daemon + ")/fd | wc -l").out;
    }
    all["descriptors kept for secretd"] =
        site_->node().enter("systemctl show -P NFileDescriptorStore cloudtaser-secretd").out;
    return all;
}

void Faults::check(const std::map<int, Load::Outcome>& outcomes, bool starts) {
    for (const auto& [service, outcome] : outcomes) {
        EXPECT_FALSE(outcome.wrong) << Load::unit(service);
        if (outcome.right) {
            ++(starts ? right_ : children_);
            continue;
        }
        EXPECT_TRUE(outcome.why) << Load::unit(service) << (starts ? ", started," : ", its child,")
                                 << " has neither its value nor a reason: " << outcome.words;
        EXPECT_NE(outcome.why, Reason::internal) << outcome.words;
        if (outcome.why) refusals_[*outcome.why].push_back(outcome.words);
        if (!starts) continue;
        EXPECT_LE(outcome.took, Load::timeout_of(service) + kGrace) << Load::unit(service) << ": " << outcome.words;
    }
}

void Faults::play(const Round& round) {
    ASSERT_TRUE(load_->stop(round.stop));
    auto before = load_->running();
    ASSERT_TRUE(before) << before.error().to_string();
    std::vector<int> asked;
    for (const int service : round.ask)
        if (before->contains(service)) asked.push_back(service);
    for (const int service : round.start)
        before->erase(service);

    Injector injector(*site_);
    const auto must = [](const Status& status) { ASSERT_TRUE(status) << status.error().to_string(); };
    if (round.cold) must(load_->revoke(round.start));
    if (round.strikes_first) must(injector.strike(round));
    auto started = load_->start(round.start);
    ASSERT_TRUE(started) << started.error().to_string();
    must(load_->ask(asked));
    if (!round.strikes_first) must(injector.strike(round));
    if (round.heals_early) must(injector.heal(round));
    const auto outcomes = load_->outcomes(std::move(*started), round.start);
    ASSERT_TRUE(outcomes) << outcomes.error().to_string();
    check(*outcomes, true);
    const auto answers = load_->answers(asked);
    ASSERT_TRUE(answers) << answers.error().to_string();
    check(*answers, false);
    if (!round.heals_early) must(injector.heal(round));

    const auto after = load_->running();
    ASSERT_TRUE(after) << after.error().to_string();
    for (const auto& [service, pid] : *before) {
        const auto now = after->find(service);
        EXPECT_TRUE(now != after->end() && now->second == pid) << Load::unit(service) << " was disturbed";
        ++undisturbed_;
    }
    const auto probed = start({round.probe});
    ASSERT_TRUE(probed.contains(round.probe) && probed.at(round.probe).right)
        << "healed, and yet " << Load::unit(round.probe) << ": " << probed.at(round.probe).words;
}

TEST_F(Faults, EachStartEndsInItsValueOrAReasonAndNothingIsLeftOver) {
    const auto tokens_then = tokens();
    // Once around in peace, so that what daemons keep for later is there; it must all be there then, too.
    for (const auto& [service, outcome] : start(all_services()))
        ASSERT_TRUE(outcome.right) << Load::unit(service) << ": " << outcome.words;
    ASSERT_TRUE(load_->ask({0, 2}));
    const auto answers = load_->answers({0, 2});
    ASSERT_TRUE(answers) << answers.error().to_string();
    for (const auto& [service, outcome] : *answers)
        ASSERT_TRUE(outcome.right) << Load::unit(service) << ": " << outcome.words;
    // The daemons do live by that clock: a session opened in its tomorrow says so.
    ASSERT_TRUE(site_->node().write("/run/clock", "86400\n"));
    const auto tomorrow = start({1}).at(1);
    ASSERT_TRUE(tomorrow.right) << tomorrow.words;
    ASSERT_TRUE(site_->node().write("/run/clock", "0\n"));
    EXPECT_GT(std::atoll(sessions("[.data[0][][4]] | max").c_str()), std::time(nullptr) + 80'000);
    all_at_rest("");
    if (HasFailure()) return;
    const auto tokens_before = tokens();
    std::printf("tokens at first %s, after a start of all %s", tokens_then.c_str(), tokens_before.c_str());
    const auto before = inventory();

    const auto began = Steady::now();
    int number = 0;
    for (const auto& round : plan_rounds(seed_, rounds_, kServices)) {
        SCOPED_TRACE("round " + std::to_string(++number) + ": " + to_string(round) + "\nagain with: " + replay_);
        const auto started = Steady::now();
        play(round);
        std::printf("round %d: %s: %d ms\n", number, to_string(round).c_str(),
                    static_cast<int>(std::chrono::duration_cast<Millis>(Steady::now() - started).count()));
        std::fflush(stdout);
        if (HasFailure()) return;
    }
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(Steady::now() - began).count();

    all_at_rest(tokens_before);
    const auto after = inventory();
    for (const auto& [what, was] : before) {
        if (!what.starts_with("descriptors")) {
            EXPECT_EQ(after.at(what), was) << what;
            continue;
        }
        // A connection that is kept for a while ends by itself: there may be fewer, and for a while more.
        const int most = std::atoi(was.c_str());
        const auto now = until([&] { return inventory().at(what); },
                               [&](const auto& count) { return std::atoi(count.c_str()) <= most; }, Millis(90'000));
        EXPECT_LE(std::atoi(now.c_str()), most) << what;
    }
    std::printf("%d rounds in %d s: %d starts and %d children had their value, %d programs were left alone; refused:\n",
                rounds_, static_cast<int>(took), right_, children_, undisturbed_);
    for (const auto& [reason, said] : refusals_)
        std::printf("%5zu %s, as in\n%s\n", said.size(), std::string(to_string(reason)).c_str(), said.front().c_str());
}

}  // namespace
}  // namespace ct::test
