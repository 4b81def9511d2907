// SPDX-License-Identifier: Apache-2.0
// Times in the payloads of signed files: whole seconds.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/result.h"
#include "codec/cbor.h"

namespace ct::attest {

std::uint64_t payload_time(WallTime time);
Result<WallTime> read_payload_time(cbor::Reader& in);  // until the year 9999, with which certificates end

}  // namespace ct::attest
