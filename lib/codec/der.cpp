// SPDX-License-Identifier: Apache-2.0
#include "codec/der.h"

namespace ct::der {
namespace {

constexpr std::size_t kLongForm = 0x80;

std::unexpected<Error> malformed(const char* what) { return fail(Reason::malformed, std::string("DER: ") + what); }

}  // namespace

Result<ByteView> Reader::take(std::uint8_t tag) {
    if (rest_.size() < 2 || rest_[0] != tag) return malformed("another element was expected");
    std::size_t size = rest_[1];
    std::size_t head = 2;
    if (size >= kLongForm) {
        const std::size_t bytes = size - kLongForm;
        // Two bytes reach 64 KiB, more than any certificate.
        if (bytes == 0 || bytes > 2 || rest_.size() < head + bytes) return malformed("length");
        size = rest_[head];
        if (bytes == 2) size = size << 8 | rest_[head + 1];
        head += bytes;
        if (size < (bytes == 1 ? kLongForm : 0x100)) return malformed("a length that is not in its shortest form");
    }
    if (size > rest_.size() - head) return malformed("an element that is longer than what holds it");
    const ByteView content = rest_.subspan(head, size);
    rest_ = rest_.subspan(head + size);
    return content;
}

Result<std::uint32_t> Reader::number(std::uint8_t tag) {
    CT_TRY(ByteView content, take(tag));
    if (content.empty() || (content[0] & 0x80) != 0) return malformed("a negative number");
    if (content.size() > 1 && content[0] == 0) {
        if ((content[1] & 0x80) == 0) return malformed("a number that is not in its shortest form");
        content = content.subspan(1);
    }
    if (content.size() > 4) return malformed("number too large");
    std::uint32_t value = 0;
    for (const std::uint8_t byte : content)
        value = value << 8 | byte;
    return value;
}

Result<bool> Reader::boolean() {
    CT_TRY(const ByteView content, take(kBoolean));
    if (content.size() != 1 || (content[0] != 0 && content[0] != 0xff)) return malformed("boolean");
    return content[0] != 0;
}

Status Reader::finish() const {
    if (!rest_.empty()) return malformed("bytes after the last element");
    return {};
}

}  // namespace ct::der
