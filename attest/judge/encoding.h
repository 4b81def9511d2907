// SPDX-License-Identifier: Apache-2.0
// The pieces that decisions and records are written in.
#pragma once

#include <string>

#include "attest/verify/verifier.h"
#include "base/clock.h"
#include "base/result.h"
#include "codec/cbor.h"

namespace ct::judge {

inline constexpr std::size_t kTextLength = 4096;  // bytes of one finding's words or one claim

// What a verifier says may quote the evidence, and evidence may hold anything: shown as '?' where it is no printable
// text, cut at kTextLength.
std::string printable(std::string_view text);

// Microseconds since 1970, UTC.
void put_time(cbor::Writer& out, WallTime time);
Result<WallTime> take_time(cbor::Reader& in);

void put_finding(cbor::Writer& out, const attest::Finding& finding);
Result<attest::Finding> take_finding(cbor::Reader& in);

Result<std::string> take_text(cbor::Reader& in, std::size_t most);
Status enter_array(cbor::Reader& in, std::size_t exactly);

}  // namespace ct::judge
