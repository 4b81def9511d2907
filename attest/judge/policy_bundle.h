// SPDX-License-Identifier: Apache-2.0
// All policy files of a gate in one that people have signed: what a gate allows changes only when as many of them as it was told
// agree. docs/signed-files.md gives the layout.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "attest/judge/makers.h"
#include "attest/judge/policy.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::judge {

inline constexpr std::string_view kPolicyPurpose = "policy";
inline constexpr std::size_t kPolicyFileName = 255;

struct PolicyBundle {
    std::uint64_t serial = 0;       // ascending: a gate takes no older one than it has
    WallTime made;                  // whole seconds
    std::vector<PolicyFile> files;  // as read_policy_files() has them: in byte order of their names
};

// The payload of an Envelope with kPolicyPurpose.
Bytes encode(const PolicyBundle& bundle);
// malformed, also for a name that read_policy_files() would not have read; config_missing without any policy; too_large past
// the bounds of policy.h. A file's path is its name.
Result<PolicyBundle> decode_policy_bundle(ByteView payload);

// From the bytes of a signed file; the signatures first. malformed or too_large, evidence_signature_invalid.
Result<PolicyBundle> open_policy_bundle(ByteView file, const Signers& signers);

}  // namespace ct::judge
