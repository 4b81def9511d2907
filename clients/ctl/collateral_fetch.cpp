// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/collateral_fetch.h"

#include <algorithm>
#include <map>
#include <optional>

namespace ct::ctl {
namespace {

using Outcome = Fetched::Outcome;

constexpr Seconds kFirstPause{5}, kLongestPause{300};
constexpr std::string_view kVcek = "amd/vcek/";

bool may_pass(int status) { return status == 429 || status == 500 || status == 502 || status == 503 || status == 504; }
bool is_imposter(Reason reason) { return reason == Reason::tls_failed || reason == Reason::tls_certificate_expired; }
bool may_pass(Reason reason) {
    return reason == Reason::timed_out || reason == Reason::io_failed || reason == Reason::upstream_unreachable;
}

struct Round {
    CollateralFolder& folder;
    const FetchRules& rules;
    const FetchPorts& ports;
    const attest::OtherMakers& others;

    struct Patience {
        Seconds left;
        std::string out = {};               // why the service is out
        std::optional<WallTime> last = {};  // request
    };
    std::map<Service, Patience> patience = {};

    [[nodiscard]] bool is_fresh(const std::string& name, const attest::ItemState& state) const;
    Result<http::Document> ask(Service service, const std::string& path);
    // Stores what was asked for; the error says why not.
    Status fetch(const Wanted& wanted, const Source& source);
    [[nodiscard]] Status examine(const attest::Collateral& fresh) const;
    Result<Fetched> bring(const Wanted& wanted);
};

bool Round::is_fresh(const std::string& name, const attest::ItemState& state) const {
    const auto stored = folder.stored(name);
    const WallTime now = ports.now();
    if (!stored || !state.findings.empty() || state.until - now < rules.ahead) return false;
    return name.starts_with(kVcek) || now - *stored < rules.age;
}

// An answer of status 200. A service that does not give one in time, or is not who it should be, is out for this round.
Result<http::Document> Round::ask(Service service, const std::string& path) {
    Patience& mine = patience.try_emplace(service, Patience{rules.patience}).first->second;
    const auto out = [&](Reason reason, std::string why) {
        mine.out = std::move(why);
        return fail(reason, mine.out);
    };
    if (!mine.out.empty()) return fail(Reason::upstream_unreachable, mine.out);
    Seconds pause = kFirstPause;
    for (int attempt = 1;; ++attempt) {
        if (service == Service::amd && mine.last) {
            const auto left = rules.pace - std::chrono::floor<Seconds>(ports.now() - *mine.last);
            if (left > Seconds(0)) ports.wait(std::min(left, rules.pace), "AMD's key server takes a request at a time");
        }
        auto answer = ports.get(service, path);
        mine.last = ports.now();
        if (!answer && is_imposter(answer.error().reason))
            return out(answer.error().reason, answer.error().to_string());
        if (!answer && !may_pass(answer.error().reason)) return answer;
        if (answer && answer->status == 200) return answer;
        const std::string said = answer ? "status " + std::to_string(answer->status) : answer.error().to_string();
        if (answer && !may_pass(answer->status)) return fail(Reason::upstream_unreachable, said);
        const Seconds wait = answer ? std::max(answer->retry_after, pause) : pause;
        if (attempt == rules.tries || wait > mine.left)
            return out(Reason::upstream_unreachable, std::string(to_string(service)) + " is out: " + said);
        ports.wait(wait, said);
        mine.left -= wait;
        pause = std::min(2 * pause, kLongestPause);
    }
}

// All of them, each beside the others: a chain is as good as what it signs.
Status Round::examine(const attest::Collateral& fresh) const {
    attest::Collateral all = folder.items();
    for (const auto& [name, content] : fresh)
        all[name] = content;
    for (const auto& [name, content] : fresh) {
        const auto state = attest::examine_item(name, all, ports.now(), others);
        if (!state.findings.empty())
            return fail(state.findings.front().reason, "the answer: " + name + ": " + state.findings.front().detail);
    }
    return {};
}

Status Round::fetch(const Wanted& wanted, const Source& source) {
    CT_TRY(const auto answer, ask(source.service, source.path));
    CT_TRY(auto fresh, items_in(wanted, source, answer));
    CT_CHECK(examine(fresh));
    for (auto& [name, content] : fresh)
        CT_CHECK(folder.store(name, std::move(content)));
    return {};
}

Result<Fetched> Round::bring(const Wanted& wanted) {
    CT_TRY(const Source source, source_of(wanted));
    const auto state_now = [&] { return attest::examine_item(wanted.name, folder.items(), ports.now(), others); };
    auto state = state_now();
    if (is_fresh(wanted.name, state)) return Fetched{wanted.name, Outcome::fresh, state.until};
    const Status fetched = fetch(wanted, source);
    if (fetched) return Fetched{wanted.name, Outcome::fetched, state_now().until};
    if (fetched.error().sys_errno != 0) return std::unexpected(fetched.error());  // the folder's
    const bool counts = folder.items().contains(wanted.name) && state.findings.empty();
    return Fetched{wanted.name, counts ? Outcome::kept : Outcome::missing, counts ? state.until : WallTime::min(),
                   fetched.error().context};
}

}  // namespace

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::fresh:
            return "fresh";
        case Outcome::fetched:
            return "fetched";
        case Outcome::kept:
            return "kept";
        case Outcome::missing:
            return "missing";
    }
    return {};
}

Result<std::vector<Fetched>> fetch_collateral(const std::vector<Wanted>& wanted, CollateralFolder& folder,
                                              const FetchRules& rules, const FetchPorts& ports,
                                              const attest::OtherMakers& others) {
    Round round{folder, rules, ports, others};
    std::vector<Fetched> out;
    for (const auto& one : wanted) {
        CT_TRY(auto row, round.bring(one));
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace ct::ctl
