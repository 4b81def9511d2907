// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/audit_recorder.h"

#include "audit/event.h"
#include "codec/hex.h"

namespace ct::gate {
namespace {

// What is not a mistake of somebody's, but an attack or a broken server.
audit::Severity severity(const Verdict& verdict) {
    if (verdict.released) return audit::Severity::routine;
    switch (verdict.reason) {
        case Reason::challenge_reused:
        case Reason::evidence_replayed:
        case Reason::mint_not_wrapped:
        case Reason::wrapping_path_mismatch:
            return audit::Severity::alarm;
        default:
            return audit::Severity::warning;
    }
}

// A record of so many bytes more takes one more of an allowance.
constexpr double kRecordUnit = 512 << 10;

}  // namespace

Status AuditRecorder::write_event(const action::Store& what, const std::string& address) {
    const auto& verdict = what.verdict;
    audit::Event event(sink_, audit::Type::verdict);
    event.severity(severity(verdict))
        .set(audit::Field::workload, verdict.workload)
        .set(audit::Field::node, verdict.node)
        .set(audit::Field::address, address)
        .set(audit::Field::evidence_kind, verdict.kinds)
        .set(audit::Field::policy_epoch, verdict.policy_epoch)
        .set(audit::Field::policy_hash, hex_encode(verdict.policy_hash))
        .set(audit::Field::record, verdict.record)
        .set(audit::Field::record_sha256, verdict.record_sha256);
    if (!verdict.accessor.empty()) event.set(audit::Field::accessor, verdict.accessor);
    if (!verdict.released) return event.failure({verdict.reason, verdict.detail, 0});
    event.set(audit::Field::lifetime, static_cast<std::uint64_t>(verdict.lifetime.count()));
    return event.success();
}

bool AuditRecorder::affordable(const action::Store& what) {
    const auto now = std::chrono::duration<double>(loop_.now().time_since_epoch()).count();
    if (what.verdict.released || what.token_asked) return true;
    if (what.stranger) return strangers_.take(now);
    const auto reason = what.verdict.reason;
    if (reason == Reason::node_revoked || reason == Reason::tls_certificate_expired)
        return shut_out_.take(what.node_spki, now);
    auto& allowance = reason == Reason::judge_unavailable                ? broken_
                      : severity(what.verdict) == audit::Severity::alarm ? alarms_
                                                                         : refusals_;
    return allowance.take(what.node_spki, now, 1 + static_cast<double>(what.record.size()) / kRecordUnit);
}

Status AuditRecorder::store(const action::Store& what, const std::string& address) {
    if (!affordable(what)) {
        ++unrecorded_;
        return fail(Reason::quota_exceeded, "too many refusals");
    }
    const auto& verdict = what.verdict;
    CT_CHECK(store_.write(verdict.record, what.record, verdict.released, loop_.wall_now(), verdict.lifetime));
    auto written = write_event(what, address);
    // A record of a release that will not happen would be a lie.
    if (!written) store_.remove(verdict.record, verdict.released);
    return written;
}

}  // namespace ct::gate
