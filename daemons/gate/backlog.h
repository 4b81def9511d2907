// SPDX-License-Identifier: Apache-2.0
// Bytes on their way to somebody who may be slow. What is written is let go of, also where something is always left behind it.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace ct::gate {

class Backlog {
public:
    void add(ByteView bytes) {
        append(bytes_, bytes);
        added_ += bytes.size();
    }
    [[nodiscard]] ByteView rest() const { return ByteView(bytes_).subspan(gone_); }
    // So many of the rest are written.
    void written(std::size_t count) {
        gone_ += count;
        if (gone_ == bytes_.size()) {
            bytes_ = Bytes();
            gone_ = 0;
        } else if (gone_ >= kLetGo && gone_ >= bytes_.size() - gone_) {
            // No more is moved than was written.
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(gone_));
            gone_ = 0;
        }
    }
    // Since it was made, in bytes.
    [[nodiscard]] std::uint64_t all_added() const { return added_; }
    [[nodiscard]] std::uint64_t all_written() const { return added_ - rest().size(); }
    // Of memory.
    [[nodiscard]] std::size_t held() const { return bytes_.capacity(); }

private:
    static constexpr std::size_t kLetGo = 256UZ << 10;
    Bytes bytes_;
    std::size_t gone_ = 0;
    std::uint64_t added_ = 0;
};

}  // namespace ct::gate
