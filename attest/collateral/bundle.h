// SPDX-License-Identifier: Apache-2.0
// What a gate judges by besides policies: one file of what the makers publish, made and signed by the company, so that the gate
// needs no network. docs/collateral.md lists the names of its items.
#pragma once

#include <cstdint>

#include "attest/verify/verifier.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::attest {

inline constexpr std::string_view kCollateralPurpose = "collateral";
inline constexpr std::size_t kMostCollateralItems = 65536;  // a certificate for each chip of a fleet
inline constexpr std::size_t kMostCollateralItem = 1UZ << 20;
inline constexpr std::size_t kMostCollateralName = 256;

struct CollateralBundle {
    std::uint64_t serial = 0;  // ascending: a gate takes no older one than it has
    WallTime made;             // whole seconds, like the next
    WallTime until;            // nothing in it counts after this
    Collateral items;
};

// The payload of an Envelope with kCollateralPurpose.
Bytes encode(const CollateralBundle& bundle);
Result<CollateralBundle> decode_collateral(ByteView payload);  // malformed, too_large

}  // namespace ct::attest
