// SPDX-License-Identifier: Apache-2.0
// The gate's verdicts, judged again from their audit records: no network, no clock, no trust in the gate.
#include <unistd.h>

#include "attest/judge/ear.h"
#include "attest/judge/policy_files.h"
#include "attest/judge/record.h"
#include "base/fd.h"
#include "clients/ctl/commands.h"
#include "clients/ctl/files.h"
#include "clients/ctl/verdict_text.h"
#include "codec/hex.h"
#include "crypto/digest.h"

namespace ct::ctl {
namespace {

// Where a record is, and which id it must have if its name says so.
struct Place {
    std::string path, id;
};

// A path, or where the gate keeps the record of this id (daemons/gate/record_store.h): never a file that lies here by chance.
Place find_record(const std::string& record, const std::string& records) {
    constexpr std::string_view suffix = ".cbor";
    if (judge::is_record_id(record)) {
        const std::string released = records + "/released/" + record + std::string(suffix);
        if (::access(released.c_str(), F_OK) == 0) return {released, record};
        return {records + "/refused/" + record + std::string(suffix), record};
    }
    std::string_view name = std::string_view(record).substr(record.rfind('/') + 1);
    if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
    return {record, judge::is_record_id(name) ? std::string(name) : std::string()};
}

std::string digest_of(ByteView bytes) { return hex_encode(crypto::sha256(bytes)); }

struct Loaded {
    judge::Record record;
    std::string sha256;  // of the whole record, as the gate's journal has it
    std::string asked;   // the id that it was looked for by
};

// As the journal writes it, as an EAR does ("sha256:" before it), or in capitals.
bool is_digest(std::string_view text, std::string_view digest) {
    constexpr std::string_view prefix = "sha256:";
    if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
    const auto wanted = hex_decode_array<32>(text);
    return wanted && hex_encode(*wanted) == digest;
}

Result<Loaded> load(const Place& place, const std::string& sha256) {
    const auto& path = place.path;
    CT_TRY(const auto bytes,
           path == "-" ? read_fd(STDIN_FILENO, judge::kRecordSize) : read_file(path, judge::kRecordSize));
    auto digest = digest_of(as_bytes(bytes));
    if (!sha256.empty() && !is_digest(sha256, digest))
        return fail(Reason::malformed,
                    path + ": its sha256 is " + digest + ": it is not the record that was asked for");
    auto record = judge::decode_record(as_bytes(bytes));
    if (!record)
        return fail(record.error().reason, path + ": not an audit record of a gate: " + record.error().context);
    return Loaded{std::move(*record), std::move(digest), place.id};
}

// What in a record does not fit together, beside its evidence and its verdict.
std::vector<std::string> contradictions(const Loaded& loaded, const judge::Decision& decision) {
    const auto& record = loaded.record;
    std::vector<std::string> out;
    if (!loaded.asked.empty() && loaded.asked != record.id)
        out.push_back("it was looked for as " + loaded.asked + " and calls itself " + printable(record.id));
    if (const auto id = judge::record_id(record.facts); id != record.id)
        out.push_back("its time and seed make it " + id + ", it calls itself " + printable(record.id));
    if (record.outcome.released && !decision.granted())
        out.emplace_back("its outcome is a release, the verdict that it holds a refusal");
    return out;
}

void tell_outcome(const judge::Outcome& outcome, Output& out) {
    if (outcome.released)
        out.field("Outcome", "released; token accessor " + printable(outcome.accessor));
    else
        out.field("Outcome", "not released: " + std::string(to_string(outcome.reason)));
}

// What another policy would have said. Nothing is compared: it may well differ.
Result<int> what_if(const judge::Record& record, const ReplayOptions& options, Output& out) {
    CT_TRY(auto files, judge::read_policy_files(options.policy));
    CT_TRY(auto policy, judge::Policy::parse(std::move(files)));
    // Of the bundle only what the verdict rested on is there: another policy may miss some of it.
    if (record.makers) CT_CHECK(policy.rest_on(std::make_shared<judge::Makers>(*record.makers)));
    const auto decision = judge::appraise(policy, record.facts);
    if (options.raw) {
        const Bytes bytes = encode(decision);
        CT_CHECK(write_all(STDOUT_FILENO, bytes.data(), bytes.size()));
        return decision.granted() ? 0 : 1;
    }
    put(out.json(), decision);
    out.field("Record", printable(record.id));
    out.field("Judged by", printable(options.policy) + " (not the policy of the record)");
    tell(decision, out);
    return decision.granted() ? 0 : 1;
}

}  // namespace

Result<int> verdict_replay(const ReplayOptions& options, Output& out) {
    CT_TRY(const auto loaded, load(find_record(options.record, options.records), options.sha256));
    const judge::Record& record = loaded.record;
    if (!options.policy.empty()) return what_if(record, options, out);
    CT_TRY(const auto replay, judge::replay(record));
    const Bytes recomputed = encode(replay.recomputed);
    const auto wrong = contradictions(loaded, replay.recorded);
    const int code = replay.equal && wrong.empty() ? 0 : 1;
    if (options.raw) {
        CT_CHECK(write_all(STDOUT_FILENO, recomputed.data(), recomputed.size()));
        return code;
    }
    json::Writer& json = out.json();
    json.begin_object().key("record").string(record.id).key("record_sha256").string(loaded.sha256);
    json.key("equal").boolean(replay.equal);
    json.key("contradictions").begin_array();
    for (const auto& words : wrong)
        json.string(words);
    json.end_array();
    json.key("recorded_sha256").string(digest_of(record.decision));
    json.key("recomputed_sha256").string(digest_of(recomputed));
    json.key("released").boolean(record.outcome.released);
    json.key("outcome_reason");
    record.outcome.released ? json.null() : json.string(to_string(record.outcome.reason));
    json.key("decision");
    put(json, replay.recomputed);
    if (!replay.equal) {
        json.key("recorded_decision");
        put(json, replay.recorded);
    }
    json.end_object();

    out.field("Record", printable(record.id));
    out.field("  sha256",
              loaded.sha256 + (options.sha256.empty() ? " (the gate's journal must say the same: CT_RECORD_SHA256)"
                                                      : " (as asked for)"));
    for (const auto& words : wrong)
        out.field("CONTRADICTION", words);
    out.field("Replay", replay.equal
                            ? "equal: the same bytes, sha256 " + digest_of(recomputed)
                            : "DIFFERENT: the record does not hold the verdict that its evidence leads to here; it was "
                              "altered, or another build of the gate made it");
    if (!replay.equal) {
        out.field("Recorded", "sha256 " + digest_of(record.decision));
        out.field("Recomputed", "sha256 " + digest_of(recomputed));
    }
    tell_outcome(record.outcome, out);
    tell(replay.recomputed, out);
    if (!replay.equal) {
        out.line();
        out.line("As recorded:");
        tell(replay.recorded, out);
    }
    return code;
}

// Only for a record whose evidence leads to its verdict: whoever signs a result vouches for it.
Result<int> verdict_ear(const EarOptions& options, Output& out) {
    constexpr std::size_t most_pem = 16UZ * 1024;
    CT_TRY(const auto loaded, load(find_record(options.record, options.records), options.sha256));
    const judge::Record& record = loaded.record;
    CT_TRY(const auto replay, judge::replay(record));
    if (!replay.equal)
        return fail(Reason::malformed,
                    "the record does not hold the verdict that its evidence leads to: "
                    "see cloudtaserctl gate verdict replay");
    if (const auto wrong = contradictions(loaded, replay.recorded); !wrong.empty())
        return fail(Reason::malformed, "the record contradicts itself: " + wrong.front());
    judge::EarFacts facts{.record = record.id, .record_sha256 = loaded.sha256, .nonce = {}};
    if (record.facts.hello && record.facts.challenged) {
        const auto binding = judge::case_binding(record.facts);
        facts.nonce.assign(binding.begin(), binding.end());
    }
    CT_TRY(const auto pem, read_secret_file(options.key, most_pem));
    CT_TRY(const auto key, crypto::JwsKey::from_pem(pem.bytes()));
    const std::string claims = judge::ear_claims(replay.recomputed, facts);
    CT_TRY(const auto token, judge::sign_ear(claims, key));
    out.line(token);
    out.json().begin_object().key("record").string(record.id).key("granted").boolean(replay.recomputed.granted());
    out.json().key("ear").string(token).end_object();
    return 0;
}

}  // namespace ct::ctl
