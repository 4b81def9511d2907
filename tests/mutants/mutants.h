// SPDX-License-Identifier: Apache-2.0
// Evidence that differs from a good one in a single bit, judged as a whole. What is signed takes no change; what is not signed
// turns no refusal into anything else.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <string>

#include "base/bytes.h"
#include "support/tell.h"

namespace ct::test {

inline void tell_count(const std::string& line) { tell("mutants", line); }

struct Count {
    std::size_t flips = 0, accepted = 0;
};

// Flips each bit of `part`, which lies in what `accepted` judges, and puts it back.
inline Count flip_each_bit(const std::string& what, MutableBytes part, const std::function<bool()>& accepted) {
    Count count;
    for (std::size_t bit = 0; bit < 8 * part.size(); ++bit, ++count.flips) {
        const auto mask = static_cast<std::uint8_t>(1U << bit % 8);
        part[bit / 8] ^= mask;
        if (accepted() && ++count.accepted == 1)
            std::cout << what << ": accepted with bit " << bit % 8 << " of byte " << bit / 8 << std::endl;
        part[bit / 8] ^= mask;
    }
    tell_count(what + ": " + std::to_string(count.flips) + " flips, " + std::to_string(count.accepted) + " accepted");
    return count;
}

inline void expect_no_mutant_accepted(const std::string& evidence, const std::string& region, MutableBytes part,
                                      const std::function<bool()>& accepted) {
    const Count count = flip_each_bit(evidence + ", " + region, part, accepted);
    EXPECT_GT(count.flips, 0U) << evidence << ", " << region;
    EXPECT_EQ(count.accepted, 0U) << evidence << ", " << region;
}

// The bytes of `whole` that a parser's view shows, to be changed.
inline MutableBytes mutable_part(Bytes& whole, ByteView view) {
    return MutableBytes(whole).subspan(static_cast<std::size_t>(view.data() - whole.data()), view.size());
}

}  // namespace ct::test
