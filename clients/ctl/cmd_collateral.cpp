// SPDX-License-Identifier: Apache-2.0
// What the makers publish, from their services to a signed file that a gate takes. None of this judges anybody.
#include <algorithm>
#include <cerrno>
#include <thread>

#include "attest/collateral/bundle.h"
#include "attest/collateral/deny_list.h"
#include "base/fd.h"
#include "clients/ctl/collateral_fetch.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/files.h"
#include "clients/ctl/signed_file.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "crypto/digest.h"

namespace ct::ctl {
namespace {

using attest::CollateralBundle;

constexpr std::size_t kWantedFile = 1UZ << 20, kMakersFile = 1UZ << 20, kMakers = 64;
constexpr auto kTimeOfOneDocument = Millis(30'000);
constexpr std::size_t kAnswer = 1UZ << 20;

Result<attest::OtherMakers> read_makers(const std::string& path) {
    attest::OtherMakers out;
    if (path.empty()) return out;
    CT_TRY(const std::string pem, read_file(path, kMakersFile));
    auto all = crypto::Certificate::chain_from_pem(pem, kMakers);
    if (!all) return fail(all.error().reason, path + ": " + all.error().context);
    for (auto& one : *all) {
        const bool is_root = one.subject_name() == one.issuer_name();
        (is_root ? out.roots : out.intermediates).push_back(std::move(one));
    }
    if (out.roots.empty()) return fail(Reason::malformed, path + ": no root among the certificates");
    return out;
}

Result<WallTime> time_or(const std::string& text, WallTime now) {
    if (text.empty()) return now;
    auto time = parse_timestamp(text);
    if (!time) return fail(Reason::invalid_argument, "--at: write 2026-11-25T14:03:05Z, or 2026-11-25");
    return time;
}

std::string end_text(WallTime until) { return until == WallTime::max() ? "" : time_text(until); }

void put_time(json::Writer& to, std::string_view key, WallTime time) {
    to.key(key);
    time == WallTime::max() || time == WallTime::min() ? to.null() : to.string(format_timestamp(time));
}

// ---- fetch ----------------------------------------------------------------------------------------------------------

Result<std::vector<Wanted>> wanted_items(const CollateralFetchOptions& options) {
    std::vector<Wanted> out = always_wanted();
    const std::string path = options.folder + "/wanted";
    if (auto text = read_file(path, kWantedFile)) {
        auto more = parse_wanted(*text);
        if (!more) return fail(more.error().reason, path + ": " + more.error().context);
        std::ranges::move(*more, std::back_inserter(out));
    } else if (text.error().sys_errno != ENOENT) {
        return std::unexpected(text.error());
    }
    if (!options.only.empty())
        std::erase_if(out, [&](const Wanted& one) { return !one.name.starts_with(options.only + "/"); });
    return out;
}

FetchPorts ports_of(const CollateralFetchOptions& options, http::Downloader& downloader) {
    FetchPorts ports;
    ports.get = [&options, &downloader](Service service, const std::string& path) {
        return downloader.get((service == Service::amd ? options.amd : options.intel) + path);
    };
    ports.wait = [](Seconds time, std::string_view why) {
        const std::string line = "cloudtaserctl: waiting " + duration_text(time) + ": " + printable(why) + "\n";
        static_cast<void>(write_all(STDERR_FILENO, line.data(), line.size()));
        std::this_thread::sleep_for(time);
    };
    ports.now = [] { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); };
    return ports;
}

// ---- pack -----------------------------------------------------------------------------------------------------------

// Deny lists as one. A kind that this build does not know is a slip of the pen: it would shut out nobody.
Status add_deny_lists(const std::vector<std::string>& paths, attest::Collateral& items) {
    Bytes all = items.contains("deny") ? items["deny"] : Bytes{};
    for (const auto& path : paths) {
        CT_TRY(const std::string text, read_file(path, attest::kMostCollateralItem));
        const auto list = attest::DenyList::parse(as_bytes(text));
        if (!list) return fail(list.error().reason, path + ": " + list.error().context);
        if (!all.empty() && all.back() != '\n') all.push_back('\n');
        append(all, as_bytes(text));
    }
    if (all.empty()) return {};
    CT_TRY(const auto list, attest::DenyList::parse(all));
    const auto kinds = attest::known_kinds();
    for (const auto& [subject, values] : list.entries())
        if (const auto kind = subject.substr(0, subject.find('.'));
            subject != "node" && std::ranges::find(kinds, kind) == kinds.end())
            return fail(Reason::malformed, "deny list: there is no kind of evidence '" + kind + "'");
    items[std::string(attest::kDenyList)] = std::move(all);
    return {};
}

// Every item in order now; until when all of them are.
Result<WallTime> common_end(const attest::Collateral& items, WallTime now, const attest::OtherMakers& others) {
    WallTime until = WallTime::max();
    for (const auto& [name, content] : items) {
        const auto state = attest::examine_item(name, items, now, others);
        if (!state.findings.empty())
            return fail(state.findings.front().reason, name + ": " + state.findings.front().detail);
        until = std::min(until, state.until);
    }
    return until;
}

// ---- show and verify ------------------------------------------------------------------------------------------------

// Whether all items are in order.
bool show_items(const CollateralBundle& bundle, WallTime at, const attest::OtherMakers& others, Output& out) {
    bool sound = true;
    Table table({"ITEM", "BYTES", "SIGNED BY", "FROM", "UNTIL", "STATE"});
    json::Writer& json = out.json();
    json.key("items").begin_array();
    for (const auto& [name, content] : bundle.items) {
        const auto state = attest::examine_item(name, bundle.items, at, others);
        sound = sound && state.findings.empty();
        std::string words = state.findings.empty() ? "in order" : "";
        json.begin_object().key("name").string(printable(name));
        json.key("bytes").number(static_cast<std::int64_t>(content.size()));
        json.key("sha256").string(hex_encode(crypto::sha256(content)));
        json.key("signer").string(printable(state.signer));
        put_time(json, "from", state.from);
        put_time(json, "until", state.until);
        json.key("findings").begin_array();
        for (const auto& finding : state.findings) {
            const std::string text = std::string(to_string(finding.reason)) + ": " + printable(finding.detail);
            words.append(words.empty() ? "" : "; ").append(text);
            json.string(text);
        }
        json.end_array().end_object();
        table.add({printable(name), std::to_string(content.size()), printable(state.signer),
                   state.from == WallTime::min() ? "" : time_text(state.from), end_text(state.until), words});
    }
    json.end_array();
    out.line();
    out.table(table);
    return sound;
}

struct Opened {
    attest::Envelope envelope;
    CollateralBundle bundle;
};
Result<Opened> open_bundle(const std::string& path) {
    Opened out;
    CT_TRY(out.envelope, read_signed(path));
    auto bundle = attest::decode_collateral(out.envelope.payload);
    if (!bundle) return fail(bundle.error().reason, path + ": " + bundle.error().context);
    out.bundle = std::move(*bundle);
    return out;
}

void show_head(const Opened& file, Output& out) {
    const std::string hash = hex_encode(crypto::sha256(file.envelope.payload));
    out.field("Serial", std::to_string(file.bundle.serial));
    out.field("Made", time_text(file.bundle.made));
    out.field("Until", time_text(file.bundle.until));
    out.field("SHA-256", hash);
    out.json().key("serial").number(static_cast<std::int64_t>(file.bundle.serial));
    put_time(out.json(), "made", file.bundle.made);
    put_time(out.json(), "until", file.bundle.until);
    out.json().key("sha256").string(hash);
}

}  // namespace

Result<int> collateral_keygen(const std::string& path, Output& out) {
    CT_TRY(const auto key, crypto::Ed25519Key::generate());
    CT_TRY(const auto pem, key.pem());
    CT_TRY(const auto public_key, key.public_key());
    const auto status = write_file(path, pem.bytes(), 0600, Existing::refuse);
    if (!status && status.error().sys_errno == EEXIST)
        return fail(Reason::invalid_argument, path + " exists: a key is never overwritten");
    CT_CHECK(status);
    const std::string text = judge::signer_text(public_key);
    out.json().begin_object().key("key").string(path).key("signer").string(text).end_object();
    out.field("Key", path);
    out.field("Signer", text);
    out.line();
    out.line("Tell each gate (gate.toml): one of `signers` in [collateral] or [signed_policy].");
    return 0;
}

Result<int> collateral_fetch(const CollateralFetchOptions& options, Output& out) {
    CT_TRY(const auto others, read_makers(options.makers));
    CT_TRY(auto folder, CollateralFolder::open(options.folder));
    CT_TRY(const auto wanted, wanted_items(options));
    http::Downloader downloader({.ca_file = options.ca_file, .timeout = kTimeOfOneDocument, .limit = kAnswer});
    const FetchRules rules{.ahead = std::chrono::days(options.ahead),
                           .age = std::chrono::days(options.age),
                           .pace = Seconds(options.pace),
                           .tries = options.tries,
                           .patience = Seconds(options.patience)};
    CT_TRY(const auto rows, fetch_collateral(wanted, folder, rules, ports_of(options, downloader), others));
    Table table({"ITEM", "IS", "UNTIL", "WHY"});
    bool all = true;
    out.json().begin_array();
    for (const auto& row : rows) {
        const bool good = row.outcome == Fetched::Outcome::fresh || row.outcome == Fetched::Outcome::fetched;
        all = all && good;
        table.add({row.name, std::string(to_string(row.outcome)),
                   row.until == WallTime::min() ? "" : end_text(row.until), printable(row.why)});
        out.json().begin_object().key("name").string(row.name).key("is").string(to_string(row.outcome));
        put_time(out.json(), "until", row.until);
        if (!good) out.json().key("why").string(printable(row.why));
        out.json().end_object();
    }
    out.json().end_array();
    out.table(table);
    return all ? 0 : 1;
}

Result<int> collateral_pack(const CollateralPackOptions& options, WallTime now, Output& out) {
    CT_TRY(const auto others, read_makers(options.makers));
    CT_TRY(const auto folder, CollateralFolder::open(options.folder));
    Opened made;
    CollateralBundle& bundle = made.bundle;
    bundle.items = folder.items();
    CT_CHECK(add_deny_lists(options.deny, bundle.items));
    if (bundle.items.empty())
        return fail(Reason::config_missing, options.folder + ": no item; cloudtaserctl collateral fetch first");
    bundle.made = std::chrono::floor<Seconds>(now);
    // Ascending without anybody keeping count: two bundles are not made in one second.
    bundle.serial =
        options.serial != 0 ? options.serial : static_cast<std::uint64_t>(bundle.made.time_since_epoch() / Seconds(1));
    CT_TRY(const WallTime end, common_end(bundle.items, now, others));
    bundle.until = std::min(end, bundle.made + std::chrono::days(options.days));
    made.envelope.payload = attest::encode(bundle);
    CT_CHECK(attest::decode_collateral(made.envelope.payload));  // what a gate would not take is not handed out
    CT_CHECK(write_signed(options.file, made.envelope));
    for (const auto& name : folder.strangers())
        out.field("Left out", printable(name));
    out.json().begin_object().key("file").string(options.file);
    show_head(made, out);
    out.field("Items", std::to_string(bundle.items.size()));
    out.json().key("items").number(static_cast<std::int64_t>(bundle.items.size())).end_object();
    out.line();
    out.line("Nobody has signed it yet: cloudtaserctl collateral sign " + options.file + " --key KEY");
    return 0;
}

Result<int> collateral_sign(const SignOptions& options, Output& out) {
    CT_CHECK(open_bundle(options.file));  // nobody signs what is no bundle
    return sign_file(options.file, options.keys, attest::kCollateralPurpose, out);
}

Result<int> collateral_show(const CollateralVerifyOptions& options, WallTime now, Output& out) {
    CT_TRY(const WallTime at, time_or(options.at, now));
    CT_TRY(const auto others, read_makers(options.makers));
    CT_TRY(const auto file, open_bundle(options.file));
    CT_TRY(const auto signers, parse_signers(options.signers, options.needed));
    out.json().begin_object();
    show_head(file, out);
    const bool good = show_signatures(file.envelope, attest::kCollateralPurpose, signers, out);
    show_items(file.bundle, at, others, out);
    out.json().end_object();
    return good ? 0 : 1;
}

Result<int> collateral_verify(const CollateralVerifyOptions& options, WallTime now, Output& out) {
    CT_TRY(const WallTime at, time_or(options.at, now));
    CT_TRY(const auto others, read_makers(options.makers));
    CT_TRY(const auto file, open_bundle(options.file));
    CT_TRY(const auto signers, parse_signers(options.signers, options.needed));
    CT_TRY(const auto makers, judge::open_makers(attest::encode(file.envelope), signers));
    if (at > makers.until)
        return fail(Reason::evidence_collateral_expired, "collateral bundle " + std::to_string(makers.serial));
    out.json().begin_object();
    show_head(file, out);
    show_signatures(file.envelope, attest::kCollateralPurpose, signers, out);
    const bool sound = show_items(file.bundle, at, others, out);
    out.line();
    out.line(sound ? "In order." : "Not in order.");
    out.json().key("sound").boolean(sound).end_object();
    return sound ? 0 : 1;
}

}  // namespace ct::ctl
