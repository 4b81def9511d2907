// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/cbor_cursor.h"

#include "codec/utf8.h"

namespace ct::attest {
namespace {

enum Major : unsigned { kUint = 0, kBytes = 2, kText = 3, kArray = 4, kMap = 5 };
constexpr std::uint8_t kTag = 0xc0, kNull = 0xf6, kBreak = 0xff;
constexpr unsigned kIndefinite = 31;

}  // namespace

void CborCursor::fail(std::string_view why) {
    if (ok()) why_ = why;
}

ByteView CborCursor::take(std::uint64_t size) {
    if (ok() && size > input_.size() - at_) fail("input ends early");
    if (!ok()) return {};
    const ByteView taken = input_.subspan(at_, size);
    at_ += size;
    return taken;
}

bool CborCursor::skip(std::uint8_t byte) {
    if (!ok() || at_ == input_.size() || input_[at_] != byte) return false;
    ++at_;
    return true;
}

bool CborCursor::skip_tag(std::uint8_t tag) { return skip(kTag | tag); }

// Section 3. A failure leaves the cursor where the item begins.
CborCursor::Head CborCursor::head(unsigned major, std::string_view expected) {
    const std::size_t start = at_;
    const ByteView first = take(1);
    if (first.empty()) return {};
    Head out{.major = unsigned{first[0]} >> 5, .value = first[0] & 31U, .indefinite = false};
    if (out.major != major) {
        fail(expected);
    } else if (out.value == kIndefinite && major == kMap) {
        out.indefinite = true;
    } else if (out.value >= 28) {
        fail("neither a number nor a length");
    } else if (out.value >= 24) {
        const std::size_t size = std::size_t{1} << (out.value - 24);
        out.value = 0;
        for (const std::uint8_t byte : take(size))
            out.value = out.value << 8 | byte;
        if (out.value < 24 || (size > 1 && out.value >> (4 * size) == 0)) fail("not in its shortest form");
    }
    if (ok()) return out;
    at_ = start;
    return {};
}

std::uint64_t CborCursor::uint(std::uint64_t most) {
    const Head item = head(kUint, "expected an unsigned integer");
    if (item.value > most) fail("number is out of range");
    return ok() ? item.value : 0;
}

ByteView CborCursor::string(unsigned major, std::size_t least, std::size_t most, std::string_view expected) {
    const Head item = head(major, expected);
    if (ok() && (item.value < least || item.value > most)) fail("string is too short or too long");
    return take(item.value);
}

ByteView CborCursor::bytes(std::size_t least, std::size_t most) {
    return string(kBytes, least, most, "expected a byte string");
}

std::optional<ByteView> CborCursor::bytes_or_null(std::size_t least, std::size_t most) {
    if (skip(kNull)) return std::nullopt;
    return bytes(least, most);
}

std::string_view CborCursor::text(std::size_t least, std::size_t most) {
    const auto text = as_text(string(kText, least, most, "expected a text string"));
    if (!valid_utf8(text)) fail("not UTF-8");
    return ok() ? text : std::string_view{};
}

std::size_t CborCursor::array(std::size_t most) {
    const Head item = head(kArray, "expected an array");
    if (item.value > most) fail("array has too many items");
    return ok() ? static_cast<std::size_t>(item.value) : 0;
}

CborCursor::Pairs CborCursor::map(std::size_t most, Length length) {
    const Head item = head(kMap, "expected a map");
    if (item.indefinite && length != Length::any) fail("map of indefinite length");
    if (!item.indefinite && item.value > most) fail("map has too many pairs");
    return {*this, item.indefinite ? most : item.value, item.indefinite};
}

bool CborCursor::Pairs::next() {
    if (!in_->ok()) return false;
    if (indefinite_ && in_->skip(kBreak)) return false;
    if (left_ == 0) {
        if (indefinite_) in_->fail("map has too many pairs");
        return false;
    }
    --left_;
    return true;
}

Status CborCursor::finish(std::string_view what) {
    if (at_ != input_.size()) fail("bytes follow the end");
    if (ok()) return {};
    return ct::fail(Reason::evidence_malformed,
                    std::string(what) + ": byte " + std::to_string(at_) + ": " + std::string(why_));
}

}  // namespace ct::attest
