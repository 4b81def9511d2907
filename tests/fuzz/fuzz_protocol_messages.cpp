// SPDX-License-Identifier: Apache-2.0
// The release protocol: a message that decodes has one encoding, and frames come out the same however they arrive.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/protocol/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const ByteView input(data, size);
    if (const auto message = attest::decode(input)) {
        if (!std::ranges::equal(attest::encode(*message), input)) std::abort();
    }
    if (size < 2) return 0;
    attest::FrameReader at_once, in_steps;
    const ByteView stream = input.subspan(1);
    const std::size_t step = std::size_t{1} + data[0];
    const bool good = at_once.feed(stream).has_value();
    bool good_in_steps = true;
    for (std::size_t at = 0; good_in_steps && at < stream.size(); at += step) {
        good_in_steps = in_steps.feed(stream.subspan(at, std::min(step, stream.size() - at))).has_value();
    }
    if (good != good_in_steps) std::abort();
    if (!good) return 0;
    while (const auto frame = at_once.next()) {
        const auto other = in_steps.next();
        if (!other || *other != *frame) std::abort();
    }
    if (in_steps.next()) std::abort();
    return 0;
}
