// SPDX-License-Identifier: Apache-2.0
// ASN.1 times as our own. Private to this folder.
#pragma once

#include <openssl/asn1.h>

#include <ctime>
#include <optional>

#include "base/clock.h"

namespace ct::crypto {

// Whole numbers of days and seconds since 1970; a certificate's time has no fraction.
inline std::optional<WallTime> wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return WallTime(Seconds(::timegm(&parts)));
}

}  // namespace ct::crypto
