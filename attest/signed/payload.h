// SPDX-License-Identifier: Apache-2.0
// What the payloads of signed files have in common: maps with fields 0, 1, 2..., times in whole seconds.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "codec/cbor.h"

namespace ct::attest {

std::uint64_t payload_time(WallTime time);
Result<WallTime> read_payload_time(cbor::Reader& in);  // until the year 9999, with which certificates end
Status expect_field(cbor::Reader& in, std::uint64_t field);

}  // namespace ct::attest
