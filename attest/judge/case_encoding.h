// SPDX-License-Identifier: Apache-2.0
// A case and what it is judged by, as records hold them and as the gate hands them to its judge. docs/audit-record.md gives the
// layout.
#pragma once

#include <optional>
#include <vector>

#include "attest/judge/appraisal.h"
#include "attest/judge/policy.h"
#include "base/result.h"
#include "codec/cbor.h"

namespace ct::judge {

// Thirteen items.
void put_case(cbor::Writer& out, const Case& facts);
Result<Case> take_case(cbor::Reader& in);

void put_policy(cbor::Writer& out, const std::vector<PolicyFile>& files);
Result<std::vector<PolicyFile>> take_policy(cbor::Reader& in);

void put_makers(cbor::Writer& out, const std::optional<Makers>& makers);
Result<std::optional<Makers>> take_makers(cbor::Reader& in, std::size_t most);

}  // namespace ct::judge
