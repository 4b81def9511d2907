// SPDX-License-Identifier: Apache-2.0
// The audit record of one verdict: everything that the decision depends on, so that anybody with this library can judge
// again, elsewhere and years later, and must come to the same bytes. It holds evidence, public keys, policy text and the
// consumed secrets of one challenge; it never holds a token. docs/audit-record.md gives the layout (canonical CBOR).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/judge/appraisal.h"
#include "attest/judge/decision.h"
#include "attest/judge/policy.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::judge {

// What became of a decision: OpenBao may still have refused to mint.
struct Outcome {
    bool released = false;
    Reason reason = Reason::internal;  // why not
    std::string accessor;              // of the token inside the wrapping, for revocation; not a secret
    bool operator==(const Outcome&) const = default;
};

struct Record {
    std::string id;
    Case facts;
    std::vector<PolicyFile> policy;
    std::optional<Makers> makers;  // of the bundle, only what the decision rests on
    Bytes decision;                // encode(Decision), as it was decided then
    Outcome outcome;
};

inline constexpr std::size_t kRecordSize = 16UZ * 1024 * 1024;

// What a record keeps of the policy's makers for this decision; nullopt when it rests on nothing of theirs. What they do not
// have is left out: that record does not replay.
std::optional<Makers> makers_of(const Policy& policy, const Decision& decision);

// "20261124T140305.123456Z-0123456789abcdef": sorts by time; the rest is SHA-256(seed), cut.
std::string record_id(const Case& facts);
bool is_record_id(std::string_view text);

Bytes encode(const Record& record);
// malformed or too_large; never more memory than a small multiple of the input.
Result<Record> decode_record(ByteView bytes);

struct Replay {
    bool equal = false;  // the bytes are the same
    Decision recorded;
    Decision recomputed;
};
// Judges the record's case by the record's policy. An error means that it could not be judged at all.
Result<Replay> replay(const Record& record, const FindVerifier& find = attest::find_verifier);

}  // namespace ct::judge
