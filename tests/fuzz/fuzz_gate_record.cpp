// SPDX-License-Identifier: Apache-2.0
// An audit record from an untrusted place: it decodes to what encodes to the same bytes, and can be judged again.
#include <algorithm>
#include <cstdlib>

#include "attest/judge/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ct::ByteView bytes(data, size);
    const auto record = ct::judge::decode_record(bytes);
    if (!record) return 0;
    if (!std::ranges::equal(ct::judge::encode(*record), bytes)) std::abort();
    const auto again = ct::judge::replay(*record);
    if (again && again->equal && ct::judge::encode(again->recomputed) != record->decision) std::abort();
    return 0;
}
