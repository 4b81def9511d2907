// SPDX-License-Identifier: Apache-2.0
// What outlives secretd of a session, in systemd's descriptor store beside its line: who it was opened for, and no secret.
// docs/adr/0012 says why there, and why no more.
#pragma once

#include <map>
#include <string>

#include "attest/protocol/messages.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::secretd {

struct KeptSession {
    std::uint64_t id = 0;
    std::string workload;
    std::uint64_t caller_uid = 0;
    attest::Identity identity;
    WallTime opened;  // in whole seconds
    std::string evidence_kind, tiers;
    std::map<std::string, std::string> environment;  // NAME -> mount/path#field, asked for by the launcher
};

// One CBOR array, its version first. A secretd that finds another version than its own ends that session.
inline constexpr std::uint64_t kKeptVersion = 1;
inline constexpr std::size_t kKeptSize = 1 << 20;  // bytes, at most

Bytes encode(const KeptSession& session);
Result<KeptSession> decode_kept_session(ByteView bytes);  // malformed, too_large, protocol_version

}  // namespace ct::secretd
