// SPDX-License-Identifier: Apache-2.0
#include "attest/protocol/messages.h"
#include "base/limits.h"

namespace ct::attest {
namespace {

constexpr std::size_t kHeader = 4;  // u32be

std::size_t announced(ByteView header) {
    return std::size_t{header[0]} << 24 | std::size_t{header[1]} << 16 | std::size_t{header[2]} << 8 | header[3];
}

}  // namespace

Bytes frame(ByteView message) {
    const auto size = static_cast<std::uint32_t>(message.size());
    Bytes out;
    out.reserve(kHeader + message.size());
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(size >> shift));
    append(out, message);
    return out;
}

Status FrameReader::feed(ByteView bytes) {
    const std::size_t total = pending_.size() + bytes.size();
    if (total > kHeader + limits::kGateMessage)
        return fail(Reason::too_large, "more than one largest frame is waiting");
    const auto at = [&](std::size_t i) { return i < pending_.size() ? pending_[i] : bytes[i - pending_.size()]; };
    std::size_t checked = checked_;
    while (checked + kHeader <= total) {
        const ByteArray<kHeader> header{at(checked), at(checked + 1), at(checked + 2), at(checked + 3)};
        const std::size_t size = announced(header);
        if (size > limits::kGateMessage) return fail(Reason::too_large, "a frame announces more than the limit");
        if (size == 0) return fail(Reason::protocol_violation, "an empty frame");
        checked += kHeader + size;
    }
    checked_ = checked;
    append(pending_, bytes);
    return {};
}

std::optional<Bytes> FrameReader::next() {
    if (pending_.size() < kHeader) return std::nullopt;
    const std::size_t size = announced(pending_);
    if (pending_.size() - kHeader < size) return std::nullopt;
    const auto begin = pending_.begin() + kHeader;
    Bytes message(begin, begin + static_cast<std::ptrdiff_t>(size));
    pending_.erase(pending_.begin(), begin + static_cast<std::ptrdiff_t>(size));
    checked_ -= kHeader + size;
    return message;
}

}  // namespace ct::attest
