// SPDX-License-Identifier: Apache-2.0
// Where do sixteen or more consecutive bytes of a needle lie? One pass over the bytes, however many needles there are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace ct::test {

class Windows {
public:
    static constexpr std::size_t kSize = 16;

    // With a mask, needles come with every byte XORed with it: a search of one's own memory must not find its needles.
    explicit Windows(std::uint8_t mask = 0) : mask_(mask), filter_(kSlots / 64) {}
    // At least kSize bytes. Needles are numbered as they come.
    void add(Bytes needle);
    [[nodiscard]] std::size_t size_of(std::size_t needle) const { return needles_[needle].size(); }

    // `length` bytes of the needle, from `offset`, lie at `at`: as many as there are.
    struct Run {
        std::size_t needle = 0, offset = 0, length = 0, at = 0;
    };
    void search(ByteView bytes, const std::function<void(const Run&)>& visit) const;

private:
    static constexpr std::size_t kSlots = 1 << 22;
    struct Place {
        std::size_t needle, offset;
    };
    [[nodiscard]] Run longest_at(ByteView bytes, std::size_t at, std::uint64_t first) const;

    std::uint8_t mask_;
    std::vector<Bytes> needles_;
    std::vector<std::uint64_t> filter_;  // a bit for each slot that a window's first eight bytes fall into
    std::unordered_multimap<std::uint64_t, Place> places_;
};

}  // namespace ct::test
