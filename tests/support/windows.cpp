// SPDX-License-Identifier: Apache-2.0
#include "support/windows.h"

#include <cstdlib>
#include <cstring>

namespace ct::test {
namespace {

std::uint64_t load(const std::uint8_t* at) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    return word;
}

std::size_t slot(std::uint64_t word) { return (word * 0x9E3779B97F4A7C15ULL) >> 42; }

}  // namespace

void Windows::add(Bytes needle) {
    if (needle.size() < kSize) std::abort();
    for (std::size_t i = 0; i + kSize <= needle.size(); ++i) {
        const std::uint64_t first = load(&needle[i]);
        filter_[slot(first) / 64] |= 1ULL << slot(first) % 64;
        places_.emplace(first, Place{needles_.size(), i});
    }
    needles_.push_back(std::move(needle));
}

Windows::Run Windows::longest_at(ByteView bytes, std::size_t at, std::uint64_t first) const {
    Run best;
    for (auto [place, end] = places_.equal_range(first); place != end; ++place) {
        const auto [number, offset] = place->second;
        const Bytes& needle = needles_[number];
        std::size_t length = 0;
        while (offset + length < needle.size() && at + length < bytes.size() &&
               (bytes[at + length] ^ mask_) == needle[offset + length])
            ++length;
        if (length > best.length) best = {number, offset, length, at};
    }
    return best;
}

void Windows::search(ByteView bytes, const std::function<void(const Run&)>& visit) const {
    const std::uint64_t mask = 0x0101010101010101ULL * mask_;
    for (std::size_t at = 0; at + kSize <= bytes.size(); ++at) {
        const std::uint64_t first = load(&bytes[at]) ^ mask;
        if ((filter_[slot(first) / 64] >> slot(first) % 64 & 1) == 0) continue;
        const Run run = longest_at(bytes, at, first);
        if (run.length < kSize) continue;
        visit(run);
        at += run.length - kSize;
    }
}

}  // namespace ct::test
