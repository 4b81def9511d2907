// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/posture.h"

#include <algorithm>

namespace ct::ctl {
namespace {

// A certificate that ends sooner is worth a word: renewing it needs a person.
constexpr auto kRenewSoon = std::chrono::days(30);

std::int64_t unix_seconds(WallTime time) { return std::chrono::floor<Seconds>(time).time_since_epoch().count(); }

Seconds age(const SessionRow& session, WallTime now) { return std::chrono::floor<Seconds>(now - session.opened); }

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words)
        out.append(out.empty() ? "" : ", ").append(printable(word));
    return out;
}

std::string memory_text(const Posture& posture) {
    if (!posture.secretd_memory) return posture.kernel_memory + " (as this program sees it; secretd does not run)";
    if (*posture.secretd_memory != "memfd_secret") return printable(*posture.secretd_memory) + " (degraded)";
    return *posture.secretd_memory;
}

std::string kinds_text(const Posture& posture) {
    if (!posture.kinds) return "unknown: cloudtaser-attestd does not run";
    if (posture.kinds->empty()) return "none: no device that could prove this host";
    std::string out = joined(*posture.kinds);
    if (posture.kinds->size() > 1) out += " (primary: " + printable(posture.primary) + ")";
    return out;
}

Table session_table(const std::vector<SessionRow>& sessions, WallTime now) {
    Table table({"SESSION", "WORKLOAD", "STATE", "UID", "AGE", "EVIDENCE", "TIER"});
    for (const auto& s : sessions) {
        const auto slash = s.path.rfind('/');  // npos + 1 is 0
        table.add({printable(s.path.substr(slash + 1)), printable(s.workload), printable(s.state),
                   std::to_string(s.uid), duration_text(age(s, now)), printable(s.evidence), printable(s.tiers)});
    }
    return table;
}

void put_text(json::Writer& to, std::string_view key, std::string_view value) { to.key(key).string(value); }

void put_sessions(json::Writer& to, const std::vector<SessionRow>& sessions, WallTime now) {
    to.begin_array();
    for (const auto& s : sessions) {
        to.begin_object();
        put_text(to, "path", s.path);
        put_text(to, "workload", s.workload);
        put_text(to, "state", s.state);
        to.key("uid").number(s.uid);
        to.key("opened").number(unix_seconds(s.opened));
        to.key("age_seconds").number(std::max<std::int64_t>(age(s, now).count(), 0));
        put_text(to, "evidence_kind", s.evidence);
        put_text(to, "tiers", s.tiers);
        to.end_object();
    }
    to.end_array();
}

void put(json::Writer& to, const Posture& posture, WallTime now) {
    to.begin_object();
    put_text(to, "version", posture.version);
    to.key("secret_memory").begin_object();
    put_text(to, "kernel", posture.kernel_memory);
    to.key("secretd");
    posture.secretd_memory ? to.string(*posture.secretd_memory) : to.null();
    to.end_object();
    to.key("attestation").begin_object().key("kinds");
    if (posture.kinds) {
        to.begin_array();
        for (const auto& kind : *posture.kinds)
            to.string(kind);
        to.end_array();
    } else {
        to.null();
    }
    put_text(to, "primary", posture.primary);
    to.key("keys").begin_object();
    for (const auto& [key, fingerprint] : posture.keys)
        put_text(to, key, fingerprint);
    to.end_object().end_object();
    to.key("identity");
    if (posture.identity) {
        to.begin_object();
        put_text(to, "subject", posture.identity->subject);
        put_text(to, "pin", posture.identity->pin);
        to.key("not_after").number(unix_seconds(posture.identity->not_after)).end_object();
    } else {
        to.null();
    }
    put_text(to, "enforcement", posture.enforcement);
    to.key("daemons").begin_array();
    for (const auto& daemon : posture.daemons) {
        to.begin_object();
        put_text(to, "name", daemon.name);
        put_text(to, "state", daemon.state);
        put_text(to, "version", daemon.version);
        put_text(to, "reason", daemon.reason);
        to.end_object();
    }
    to.end_array();
    to.key("sessions");
    posture.sessions ? put_sessions(to, *posture.sessions, now) : void(to.null());
    to.key("sessions_refused");
    posture.sessions_refused ? to.string(posture.sessions_refused->to_string()) : to.null();
    to.key("shortcomings").begin_array();
    for (const auto& words : shortcomings(posture, now))
        to.string(words);
    to.end_array();
    to.end_object();
}

bool installed(const Posture& posture, std::string_view name) {
    return std::ranges::any_of(posture.daemons,
                               [&](const auto& row) { return row.name == name && row.state != "not installed"; });
}

}  // namespace

std::vector<std::string> shortcomings(const Posture& posture, WallTime now) {
    std::vector<std::string> out;
    for (const auto& row : posture.daemons)
        if (row.state != "ready" && row.state != "not running" && row.state != "not installed")
            out.push_back(row.name + " is " + row.state + (row.reason.empty() ? "" : ": " + row.reason));
    // A machine without secretd (the gate's) holds no workload's secret: the rest does not concern it.
    if (!installed(posture, "cloudtaser-secretd")) return out;
    if (posture.secretd_memory.value_or(posture.kernel_memory) != "memfd_secret")
        out.emplace_back(
            "no memfd_secret: secrets lie in locked ordinary memory, which root can read, and only where policy allows it; "
            "kernels before 6.5 need the boot option secretmem.enable=1");
    if (posture.kinds && posture.kinds->empty())
        out.emplace_back("this host can prove nothing about itself: every release will be refused");
    if (posture.identity && posture.identity->not_after < now)
        out.emplace_back(
            "this node's certificate has expired, and the gate refuses it: cloudtaserctl keygen node --renew");
    else if (posture.identity && posture.identity->not_after < now + kRenewSoon)
        out.emplace_back("this node's certificate ends in " +
                         duration_text(std::chrono::floor<Seconds>(posture.identity->not_after - now)) +
                         ": cloudtaserctl keygen node --renew");
    if (posture.enforcement != "ready")
        out.push_back("enforcement is " + posture.enforcement +
                      ": nothing keeps root on this host from tracing a program that holds secrets");
    return out;
}

void tell(const Posture& posture, WallTime now, bool all, Output& out) {
    put(out.json(), posture, now);
    out.field("Secret memory", memory_text(posture));
    out.field("Attestation", kinds_text(posture));
    for (const auto& [key, fingerprint] : posture.keys)
        out.field("  " + printable(key), printable(fingerprint));
    out.field("Enforcement", printable(posture.enforcement));
    if (posture.identity) {
        out.field("Node", printable(posture.identity->subject) + ", until " + time_text(posture.identity->not_after));
        out.field("  pin", posture.identity->pin);
    }
    out.line();
    Table daemons({"DAEMON", "STATE", "VERSION", "REASON"});
    for (const auto& row : posture.daemons)
        if (all || row.state != "not installed")
            daemons.add({printable(row.name), printable(row.state), printable(row.version), printable(row.reason)});
    if (daemons.empty())
        out.line("No CloudTaser daemon is installed on this host.");
    else
        out.table(daemons);
    out.line();
    if (posture.sessions_refused)
        out.line("Sessions are not shown: " + printable(posture.sessions_refused->to_string()));
    else if (!posture.sessions || posture.sessions->empty())
        out.line("No sessions.");
    else
        out.table(session_table(*posture.sessions, now));
    const auto notes = shortcomings(posture, now);
    if (!notes.empty()) out.line();
    for (const auto& note : notes)
        out.line("! " + printable(note));
}

void tell(const std::vector<SessionRow>& sessions, WallTime now, Output& out) {
    put_sessions(out.json(), sessions, now);
    if (sessions.empty())
        out.line("No sessions.");
    else
        out.table(session_table(sessions, now));
}

}  // namespace ct::ctl
