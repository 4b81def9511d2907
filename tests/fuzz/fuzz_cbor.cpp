// SPDX-License-Identifier: Apache-2.0
// CBOR: whatever the reader takes, the writer writes back byte by byte.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/cbor.h"

namespace {

using namespace ct;

constexpr std::size_t kMost = 1 << 20;

Status copy_item(cbor::Reader& in, cbor::Writer& out);

Status copy_items(cbor::Reader& in, cbor::Writer& out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        if (in.remaining() == 0) std::abort();
        CT_CHECK(copy_item(in, out));
    }
    return in.leave();
}

Status copy_item(cbor::Reader& in, cbor::Writer& out) {
    CT_TRY(const auto type, in.peek());
    switch (type) {
        case cbor::Type::uint: {
            CT_TRY(const auto value, in.uint());
            out.uint(value);
            return {};
        }
        case cbor::Type::negative: {
            CT_TRY(const auto value, in.integer());
            if (value >= 0) std::abort();
            out.integer(value);
            return {};
        }
        case cbor::Type::bytes: {
            CT_TRY(const auto value, in.bytes(0, kMost));
            out.bytes(value);
            return {};
        }
        case cbor::Type::text: {
            CT_TRY(const auto value, in.text(0, kMost));
            out.text(value);
            return {};
        }
        case cbor::Type::boolean: {
            CT_TRY(const auto value, in.boolean());
            out.boolean(value);
            return {};
        }
        case cbor::Type::null: {
            CT_CHECK(in.null());
            out.null();
            return {};
        }
        case cbor::Type::array: {
            CT_TRY(const auto count, in.array(kMost));
            out.array(count);
            return copy_items(in, out, count);
        }
        case cbor::Type::map: {
            CT_TRY(const auto count, in.map(kMost));
            out.map(count);
            return copy_items(in, out, 2 * count);
        }
    }
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    cbor::Reader in(input);
    cbor::Writer out;
    if (!copy_item(in, out) || !in.finish()) return 0;
    if (!std::ranges::equal(out.take(), input)) std::abort();
    return 0;
}
