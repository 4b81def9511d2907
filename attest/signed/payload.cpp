// SPDX-License-Identifier: Apache-2.0
#include "attest/signed/payload.h"

namespace ct::attest {
namespace {

constexpr std::uint64_t kMostTime = 253402300799;

}  // namespace

std::uint64_t payload_time(WallTime time) {
    return static_cast<std::uint64_t>(std::chrono::floor<Seconds>(time).time_since_epoch().count());
}

Result<WallTime> read_payload_time(cbor::Reader& in) {
    CT_TRY(const std::uint64_t value, in.uint(kMostTime));
    return WallTime(Seconds(value));
}

}  // namespace ct::attest
