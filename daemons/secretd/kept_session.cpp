// SPDX-License-Identifier: Apache-2.0
#include "daemons/secretd/kept_session.h"

#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::secretd {
namespace {

constexpr std::size_t kFields = 11;
constexpr std::size_t kText = 4096;

Result<std::string> text(cbor::Reader& in) {
    CT_TRY(const auto view, in.text(0, kText));
    return std::string(view);
}

}  // namespace

Bytes encode(const KeptSession& session) {
    cbor::Writer out;
    out.array(kFields).uint(kKeptVersion).uint(session.id).text(session.workload).uint(session.caller_uid);
    out.uint(session.identity.uid).text(session.identity.unit);
    if (session.identity.executable)
        out.bytes(*session.identity.executable);
    else
        out.null();
    out.uint(
        static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(session.opened.time_since_epoch()).count()));
    out.text(session.evidence_kind).text(session.tiers);
    out.array(session.environment.size() * 2);
    for (const auto& [name, source] : session.environment)
        out.text(name).text(source);
    return out.take();
}

Result<KeptSession> decode_kept_session(ByteView bytes) {
    if (bytes.size() > kKeptSize) return fail(Reason::too_large, "a kept session");
    cbor::Reader in(bytes);
    KeptSession session;
    CT_TRY(const std::size_t fields, in.array(64));
    CT_TRY(const std::uint64_t version, in.uint());
    if (version != kKeptVersion || fields != kFields)
        return fail(Reason::protocol_version, "a session kept by another version of secretd");
    CT_TRY(session.id, in.uint());
    CT_TRY(session.workload, text(in));
    CT_TRY(session.caller_uid, in.uint());
    CT_TRY(session.identity.uid, in.uint());
    CT_TRY(session.identity.unit, text(in));
    CT_TRY(const auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
    } else {
        CT_TRY(session.identity.executable, in.byte_array<32>());
    }
    CT_TRY(const std::uint64_t opened, in.uint(INT32_MAX * 64ULL));
    session.opened = WallTime(Seconds(opened));
    CT_TRY(session.evidence_kind, text(in));
    CT_TRY(session.tiers, text(in));
    CT_TRY(const std::size_t words, in.array(2 * limits::kSecretsPerWorkload));
    if (words % 2 != 0) return fail(Reason::malformed, "a kept session");
    for (std::size_t i = 0; i < words; i += 2) {
        CT_TRY(auto name, text(in));
        CT_TRY(session.environment[name], text(in));
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return session;
}

}  // namespace ct::secretd
