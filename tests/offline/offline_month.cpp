// SPDX-License-Identifier: Apache-2.0
// A bundle is brought to a gate, and the network is gone. For thirty days two hundred hosts of four kinds attest every hour, in
// minutes, for time is a value; then the bundle ends, and whoever rests on it is refused and told why.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <map>
#include <set>
#include <thread>

#include "clients/ctl/commands.h"
#include "offline/clockless_gate.h"
#include "offline/company_desk.h"
#include "offline/fleet.h"
#include "offline/no_network.h"
#include "support/private_bus.h"
#include "support/tell.h"

namespace ct::test {
namespace {

using std::chrono::days, std::chrono::hours, std::chrono::minutes;
using Outcome = ClocklessGate::Outcome;

constexpr std::string_view kSnp = "simulated-sev-snp";

constexpr std::size_t kOfEachKind = 50;
constexpr int kDays = 30;
constexpr Seconds kBetweenHosts{18};  // two hundred of them fill an hour
constexpr minutes kLifetime{90};      // of a verdict: past the next visit, and past no second one
constexpr WallTime kFrom = std::chrono::sys_days(std::chrono::year(2027) / 3 / 1);
constexpr WallTime kEnd = kFrom + days(kDays) + minutes(20);  // of what the makers published last
constexpr WallTime kLater = kFrom + days(45);

// How a host is refused; empty: it is not.
struct Refused {
    std::string reason, words;  // words: some of the detail
};

struct Usage {
    double cpu_seconds = 0;     // since the start of each process
    std::size_t kibibytes = 0;  // resident, of the largest judge
};

double seconds_of(const timespec& time) {
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

Usage usage_of(const std::vector<int>& judges) {
    Usage out;
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    out.cpu_seconds = seconds_of(time);
    for (const int pid : judges) {
        clockid_t clock{};
        if (::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &time) == 0)
            out.cpu_seconds += seconds_of(time);
        const auto status = read_file("/proc/" + std::to_string(pid) + "/status", 65536);
        const auto at = status ? status->find("VmRSS:") : std::string::npos;
        if (at != std::string::npos)
            out.kibibytes = std::max<std::size_t>(out.kibibytes, std::strtoul(status->c_str() + at + 6, nullptr, 10));
    }
    return out;
}

// What all tests have before them.
class Scene final : public testing::Environment {
public:
    // Makers and company have the network for the last time; the gate's rules are read, and judges are started without it.
    void SetUp() override {
        fleet = std::make_unique<Fleet>(kOfEachKind, kFrom);
        std::string makers;
        for (const auto& [name, pem] : fleet->roots())
            makers += pem;
        auto opened = CompanyDesk::open(makers);
        ASSERT_TRUE(opened) << opened.error().to_string();
        desk = std::make_unique<CompanyDesk>(std::move(*opened));
        Ends ends(kLater);
        ends.amd_list = ends.tcb_info = kEnd;
        month = rules(fleet->published(kFrom, ends), kFrom);
        const auto status = lose_network();
        ASSERT_TRUE(status) << status.error().to_string();
        auto started =
            ClocklessGate::start(built("cloudtaser-judge"), std::max(2U, std::thread::hardware_concurrency()));
        ASSERT_TRUE(started) << started.error().to_string();
        gate = std::move(*started);
    }
    void TearDown() override {
        gate.reset();
        month.reset();
        desk.reset();
        fleet.reset();
    }
    // By a bundle of these items.
    [[nodiscard]] std::shared_ptr<const gate::Rules> rules(const attest::Collateral& items, WallTime now,
                                                           unsigned most_days = 31,
                                                           std::optional<WallTime> until = std::nullopt) const {
        const auto file = desk->bundle(items, now, most_days, until);
        EXPECT_TRUE(file) << file.error().to_string();
        if (!file) return nullptr;
        const std::string lifetime = std::to_string(kLifetime.count()) + "m";
        const auto loaded = desk->load(*file, Fleet::policy(lifetime), fleet->roots(), fleet->nodes());
        EXPECT_TRUE(loaded) << loaded.error().to_string();
        return loaded ? *loaded : nullptr;
    }

    std::unique_ptr<Fleet> fleet;
    std::unique_ptr<CompanyDesk> desk;
    std::shared_ptr<const gate::Rules> month;
    std::unique_ptr<ClocklessGate> gate;
};
const auto* const kScene = static_cast<const Scene*>(testing::AddGlobalTestEnvironment(new Scene));  // GoogleTest's own

class Offline : public testing::Test {
protected:
    // All hosts, one after the other, in the hour that begins then.
    template <class Check>
    void visit_all(WallTime hour, const Check& check) {
        WallTime at = hour + Seconds(1);
        for (const auto& host : fleet_.hosts()) {
            gate_.visit(*host, at, [&check, at, &host = *host](const Outcome& outcome) { check(host, at, outcome); });
            at += kBetweenHosts;
        }
        gate_.settle();
    }

    const Fleet& fleet_ = *kScene->fleet;
    ClocklessGate& gate_ = *kScene->gate;
};

// What was seen, against what must be. Of a hundred thousand complaints the first few are enough.
class Books {
public:
    void expect(bool holds, const Host& host, WallTime at, const std::string& what) {
        if (holds) return;
        if (++complaints_ <= 10)
            ADD_FAILURE() << host.name << " (" << host.kind() << "), minute " << (at - kFrom) / minutes(1) << ": "
                          << what;
    }

    void expect_released(const Host& host, WallTime at, const Outcome& outcome, WallTime end) {
        expect(outcome.released, host, at, "refused: " + outcome.reason + ", " + outcome.detail);
        if (!outcome.released) return;
        ++released;
        expect(outcome.rests_on_bundle == host.needs_collateral(), host, at, "what it rests on");
        const WallTime until = host.needs_collateral() ? std::min(at + kLifetime, end) : at + kLifetime;
        expect(outcome.expires == until, host, at,
               "its verdict ends in minute " + std::to_string((outcome.expires - kFrom) / minutes(1)));
        auto& last = until_[&host];
        expect(last == WallTime{} || last > at, host, at, "nothing of it was alive before this visit");
        last = outcome.expires;
        // Its token was made a little later than it was judged.
        (host.needs_collateral() ? resting_ : free_).insert(outcome.expires + gate::kTokenDelay);
    }

    void expect_refused(const Host& host, WallTime at, const Outcome& outcome, const Refused& how) {
        ++refused;
        expect(!outcome.released && outcome.reason == how.reason && outcome.detail.find(how.words) != std::string::npos,
               host, at, outcome.released ? "released" : "refused: " + outcome.reason + ", " + outcome.detail);
        expect(outcome.expires == at, host, at, "a refusal that lasts");
    }

    // Leases that must be alive, of hosts that rest on the bundle and in all.
    std::size_t resting(WallTime now) { return alive(resting_, now); }
    std::size_t leases(WallTime now) { return alive(resting_, now) + alive(free_, now); }

    std::size_t released = 0, refused = 0;

private:
    static std::size_t alive(std::multiset<WallTime>& ends, WallTime now) {
        ends.erase(ends.begin(), ends.upper_bound(now));
        return ends.size();
    }
    std::size_t complaints_ = 0;
    std::map<const Host*, WallTime> until_;
    std::multiset<WallTime> resting_, free_;
};

const Refused kListOfAmd{"evidence_revocation_unknown", "the revocation list is out of its time"},
    kTcbInfo{"evidence_collateral_expired", "intel/tcb-info/90c06f000000 is outside its time"},
    kBundle{"evidence_collateral_expired", "the collateral bundle has ended"}, kNone{};

// ---- the wall -------------------------------------------------------------------------------------------------------

TEST_F(Offline, ARequestForCollateralWouldNotPassUnseen) {
    const auto before = sockets_refused();
    const TempDir folder;
    const int pid = ::fork();
    if (pid == 0) {
        client::Output said(client::Output::Mode::plain);
        const auto fetched = ctl::collateral_fetch({.folder = folder.path(),
                                                    .amd = "https://192.0.2.1",
                                                    .intel = "https://192.0.2.2",
                                                    .pace = 0,
                                                    .patience = 0,
                                                    .tries = 1},
                                                   said);
        ::_exit(fetched && *fetched == 1 ? 0 : 1);  // 1: not everything is there
    }
    int status = -1;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    EXPECT_GT(sockets_refused(), before) << "it asked for nothing, or nobody saw it";
}

TEST_F(Offline, AProgramThatWantsASocketDiesOfIt) {
    auto child = Child::start({.argv = {"/bin/bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/443"}});
    ASSERT_TRUE(child) << child.error().to_string();
    EXPECT_EQ(child->wait(Millis{10'000}), 128 + SIGSYS);
}

TEST_F(Offline, NothingIsUp) { EXPECT_EQ(traffic(), "lo: 0 bytes"); }

// ---- the month ------------------------------------------------------------------------------------------------------

class OfflineMonth : public Offline {
protected:
    void pass_days();
    void pass_the_end();
    void take_a_newer_bundle();
    void tell_all() const;

    const std::size_t hosts_ = fleet_.hosts().size();
    const std::uint64_t sockets_ = sockets_refused();
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    Books books_;
};

void OfflineMonth::pass_days() {
    Usage early, now;
    for (int hour = 0; hour < 24 * kDays; ++hour) {
        const WallTime from = kFrom + hours(hour), next = from + hours(1);
        visit_all(from, [&](const Host& host, WallTime at, const Outcome& outcome) {
            books_.expect_released(host, at, outcome, kEnd);
        });
        ASSERT_EQ(gate_.leases(next), books_.leases(next)) << "hour " << hour;
        ASSERT_LE(books_.leases(next), 2 * hosts_) << "hour " << hour;
        ASSERT_FALSE(HasFailure()) << "hour " << hour;
        if ((hour + 1) % 24 != 0) continue;
        now = usage_of(gate_.judges());
        if (hour < 24 * 3) early = now;
        tell("offline", "day " + std::to_string(hour / 24 + 1) + ": " + std::to_string(books_.released) +
                            " released, " + std::to_string(gate_.leases(next)) + " leases, largest judge " +
                            std::to_string(now.kibibytes / 1024) + " MiB");
    }
    EXPECT_EQ(books_.released, 24 * kDays * hosts_);
    EXPECT_LT(now.kibibytes, early.kibibytes + 8 * 1024) << "a judge that grows";
}

// In the hour in which the bundle ends, who comes before is released for what is left of it.
void OfflineMonth::pass_the_end() {
    const WallTime last = std::chrono::floor<hours>(kEnd);
    for (const WallTime hour : {last, last + hours(1), last + hours(2)}) {
        visit_all(hour, [&](const Host& host, WallTime at, const Outcome& outcome) {
            if (at <= kEnd || !host.needs_collateral()) return books_.expect_released(host, at, outcome, kEnd);
            books_.expect_refused(host, at, outcome, host.kind() == kSnp ? kListOfAmd : kTcbInfo);
        });
        const WallTime next = hour + hours(1);
        EXPECT_EQ(books_.resting(next), 0U) << "a lease outlives what it rests on";
        EXPECT_EQ(gate_.leases(next), books_.leases(next));
    }
    EXPECT_EQ(books_.released + books_.refused, (24 * kDays + 3) * hosts_);
    EXPECT_GT(books_.refused, 2 * 2 * kOfEachKind);
}

void OfflineMonth::take_a_newer_bundle() {
    const WallTime then = std::chrono::floor<hours>(kEnd) + hours(3), end = then + days(kDays);
    gate_.judge_by(kScene->rules(fleet_.published(then, Ends(end)), then));
    Books anew;
    visit_all(then, [&](const Host& host, WallTime at, const Outcome& outcome) {
        anew.expect_released(host, at, outcome, end);
    });
    EXPECT_EQ(anew.released, hosts_);
}

void OfflineMonth::tell_all() const {
    const auto took = std::chrono::duration_cast<Seconds>(std::chrono::steady_clock::now() - begun_).count();
    const auto worked = static_cast<int>(usage_of(gate_.judges()).cpu_seconds);
    tell("offline", std::to_string(gate_.exchanges()) + " attestations of " + std::to_string(hosts_) +
                        " hosts: " + std::to_string(books_.released) + " released, " + std::to_string(books_.refused) +
                        " refused after the end of the bundle, " + std::to_string(sockets_refused() - sockets_) +
                        " requests for collateral; " + std::to_string(took) + " s, " + std::to_string(worked) +
                        " s of CPU time");
}

TEST_F(OfflineMonth, TwoHundredHostsAttestEveryHourWithoutARequestAndAreRefusedAfterTheEnd) {
    ASSERT_EQ(kScene->month->policy.makers()->until, kEnd);
    ASSERT_GT(kEnd, kFrom + days(kDays));
    gate_.judge_by(kScene->month);
    pass_days();
    if (HasFailure()) return;
    pass_the_end();
    take_a_newer_bundle();
    tell_all();
    EXPECT_EQ(sockets_refused(), sockets_);
    EXPECT_EQ(traffic(), "lo: 0 bytes");
    EXPECT_EQ(gate_.dead_judges(), 0U);
}

// ---- the ends -------------------------------------------------------------------------------------------------------

// The first thing that ends says why, of the kinds that rest on it; the others are told that the bundle, which never counts longer
// than anything in it, has ended. An end of the bundle that somebody moved is nobody's gain: makers' dates count by themselves.
struct Ending {
    const char* name;
    std::function<void(Ends&)> first;
    unsigned days;                  // as pack is told
    std::optional<WallTime> until;  // moved by hand
    WallTime end;
    Refused snp, tdx;
};
void PrintTo(const Ending& ending, std::ostream* out) { *out << ending.name; }

class OfflineEnds : public Offline, public testing::WithParamInterface<Ending> {};

TEST_P(OfflineEnds, AreNamedToTheKindsThatRestOnThem) {
    const Ending& ending = GetParam();
    Ends ends(kLater);
    ending.first(ends);
    const auto rules = kScene->rules(fleet_.published(kFrom, ends), kFrom, ending.days, ending.until);
    ASSERT_TRUE(rules != nullptr);
    ASSERT_EQ(rules->policy.makers()->until, ending.until.value_or(ending.end));
    gate_.judge_by(rules);
    Books books;
    const WallTime hour = std::chrono::floor<hours>(ending.end - Seconds(1));
    for (const WallTime from : {hour - hours(1), hour, hour + hours(1)})
        visit_all(from, [&](const Host& host, WallTime at, const Outcome& outcome) {
            const Refused& how = host.kind() == kSnp ? ending.snp : ending.tdx;
            const bool rests = host.needs_collateral() && !how.reason.empty();
            if (at > ending.end && rests) return books.expect_refused(host, at, outcome, how);
            books.expect_released(host, at, outcome, rests ? ending.end : kLater);
        });
    const std::size_t kinds = ending.snp.reason.empty() || ending.tdx.reason.empty() ? 1 : 2;
    EXPECT_GE(books.refused, kinds * kOfEachKind);
    EXPECT_EQ(books.released + books.refused, 3 * fleet_.hosts().size());
}

const auto kNothing = [](Ends&) {};
const auto kAmdList = [](Ends& ends) { ends.amd_list = kEnd; };
const auto kIntelInfo = [](Ends& ends) { ends.tcb_info = kEnd; };
const auto kIntelEnclave = [](Ends& ends) { ends.enclave_identity = kEnd; };
const auto kIntelPlatforms = [](Ends& ends) { ends.platform_list = kEnd; };
const auto kIntelRoot = [](Ends& ends) { ends.root_list = kEnd; };

INSTANTIATE_TEST_SUITE_P(
    All, OfflineEnds,
    testing::Values(Ending{"TheRevocationListOfAmd", kAmdList, 31, {}, kEnd, kListOfAmd, kBundle},
                    Ending{"IntelsTcbInfo", kIntelInfo, 31, {}, kEnd, kBundle, kTcbInfo},
                    Ending{"IntelsIdentityOfTheEnclave",
                           kIntelEnclave,
                           31,
                           {},
                           kEnd,
                           kBundle,
                           {"evidence_collateral_expired", "intel/td-qe-identity is outside its time"}},
                    Ending{
                        "IntelsListOfPlatforms",
                        kIntelPlatforms,
                        31,
                        {},
                        kEnd,
                        kBundle,
                        {"evidence_collateral_expired", "intel/pck-crl/platform: a revocation list outside its time"}},
                    Ending{"TheListOfIntelsRoot",
                           kIntelRoot,
                           31,
                           {},
                           kEnd,
                           kBundle,
                           {"evidence_collateral_expired", "intel/root-crl: a revocation list outside its time"}},
                    Ending{"TheDaysThatPackWasTold", kNothing, kDays, {}, kFrom + days(kDays), kBundle, kBundle},
                    Ending{"AmdsListInABundleThatClaimsMore", kAmdList, 31, kLater, kEnd, kListOfAmd, kNone},
                    Ending{"IntelsTcbInfoInABundleThatClaimsMore", kIntelInfo, 31, kLater, kEnd, kNone, kTcbInfo}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace ct::test
