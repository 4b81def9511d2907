// SPDX-License-Identifier: Apache-2.0
#include "codec/cbor.h"

#include <cbor.h>

#include <algorithm>
#include <limits>

#include "codec/utf8.h"

namespace ct::cbor {
namespace {

enum Major : unsigned { kUint = 0, kNegative = 1, kBytes = 2, kText = 3, kArray = 4, kMap = 5 };
constexpr std::uint8_t kFalse = 0xf4, kTrue = 0xf5, kNull = 0xf6;

// RFC 8949 section 3: bytes of the shortest head that carries `value`.
std::size_t head_size(std::uint64_t value) {
    if (value < 24) return 1;
    if (value <= 0xff) return 2;
    if (value <= 0xffff) return 3;
    if (value <= 0xffffffff) return 5;
    return 9;
}

}  // namespace

void Writer::head(unsigned major, std::uint64_t value) {
    const auto type = static_cast<std::uint8_t>(major << 5);
    const std::size_t size = head_size(value);
    if (size == 1) {
        out_.push_back(static_cast<std::uint8_t>(type | value));
        return;
    }
    const unsigned info = size == 2 ? 24 : size == 3 ? 25 : size == 5 ? 26 : 27;
    out_.push_back(static_cast<std::uint8_t>(type | info));
    for (std::size_t i = size - 1; i-- > 0;)
        out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

Writer& Writer::uint(std::uint64_t value) {
    head(kUint, value);
    return *this;
}

Writer& Writer::integer(std::int64_t value) {
    if (value >= 0) return uint(static_cast<std::uint64_t>(value));
    head(kNegative, ~static_cast<std::uint64_t>(value));  // -1 - n, without overflow at the smallest
    return *this;
}

Writer& Writer::bytes(ByteView value) {
    head(kBytes, value.size());
    append(out_, value);
    return *this;
}

Writer& Writer::text(std::string_view value) {
    head(kText, value.size());
    append(out_, as_bytes(value));
    return *this;
}

Writer& Writer::boolean(bool value) {
    out_.push_back(value ? kTrue : kFalse);
    return *this;
}

Writer& Writer::null() {
    out_.push_back(kNull);
    return *this;
}

Writer& Writer::array(std::uint64_t items) {
    head(kArray, items);
    return *this;
}

Writer& Writer::map(std::uint64_t pairs) {
    head(kMap, pairs);
    return *this;
}

// libcbor calls one of these for each decoded item. Whatever has no function of ours leaves `known` false.
struct Reader::Callbacks {
    static Item& set(void* context, Type type, std::uint64_t value) {
        auto& item = *static_cast<Item*>(context);
        item.type = type;
        item.known = true;
        item.value = value;
        return item;
    }
    template <class T>
    static void on_uint(void* context, T value) {
        set(context, Type::uint, value);
    }
    template <class T>
    static void on_negative(void* context, T value) {
        set(context, Type::negative, value);
    }
    static void on_bytes(void* context, cbor_data data, std::size_t size) {
        set(context, Type::bytes, size).string = {data, size};
    }
    static void on_text(void* context, cbor_data data, std::size_t size) {
        set(context, Type::text, size).string = {data, size};
    }
    static void on_array(void* context, std::size_t items) { set(context, Type::array, items); }
    static void on_map(void* context, std::size_t pairs) { set(context, Type::map, pairs); }
    static void on_boolean(void* context, bool value) { set(context, Type::boolean, value ? 1 : 0); }
    static void on_null(void* context) { set(context, Type::null, 0); }

    static cbor_callbacks bundle() {
        cbor_callbacks calls = cbor_empty_callbacks;
        calls.uint8 = on_uint<std::uint8_t>;
        calls.uint16 = on_uint<std::uint16_t>;
        calls.uint32 = on_uint<std::uint32_t>;
        calls.uint64 = on_uint<std::uint64_t>;
        calls.negint8 = on_negative<std::uint8_t>;
        calls.negint16 = on_negative<std::uint16_t>;
        calls.negint32 = on_negative<std::uint32_t>;
        calls.negint64 = on_negative<std::uint64_t>;
        calls.byte_string = on_bytes;
        calls.string = on_text;
        calls.array_start = on_array;
        calls.map_start = on_map;
        calls.boolean = on_boolean;
        calls.null = on_null;
        return calls;
    }
};

std::unexpected<Error> Reader::error(Reason reason, std::string_view what) const {
    std::string text = "cbor: byte ";
    text.append(std::to_string(at_)).append(": ").append(what);
    return fail(reason, std::move(text));
}

// Decodes the item at the cursor without moving it. `size` is what it takes up (of a container: its head).
Result<Reader::Item> Reader::decode(std::size_t& size) const {
    static const cbor_callbacks kCallbacks = Callbacks::bundle();
    if (at_ == input_.size()) return error(Reason::malformed, "input ends early");
    Item item;
    const ByteView rest = input_.subspan(at_);
    const cbor_decoder_result result = cbor_stream_decode(rest.data(), rest.size(), &kCallbacks, &item);
    if (result.status == CBOR_DECODER_NEDATA) return error(Reason::malformed, "input ends early");
    if (result.status != CBOR_DECODER_FINISHED) return error(Reason::malformed, "not CBOR");
    if (!item.known) return error(Reason::malformed, "a kind of item that is not allowed here");
    const bool simple = item.type == Type::boolean || item.type == Type::null;
    const std::size_t expected = (simple ? 1 : head_size(item.value)) + item.string.size();
    if (result.read != expected) return error(Reason::malformed, "not in its shortest form");
    if (item.type == Type::text && !valid_utf8(as_text(item.string))) return error(Reason::malformed, "not UTF-8");
    size = result.read;
    return item;
}

Result<Type> Reader::peek() {
    std::size_t size = 0;
    CT_TRY(auto item, decode(size));
    return item.type;
}

Result<Reader::Item> Reader::take(Type type, std::string_view what) {
    if (depth_ > 0 && levels_[depth_ - 1].left == 0)
        return error(Reason::malformed, "no further item in this container");
    std::size_t size = 0;
    CT_TRY(auto item, decode(size));
    if (item.type != type) return error(Reason::malformed, what);
    if (depth_ > 0) {
        Level& level = levels_[depth_ - 1];
        const bool is_key = level.is_map && level.left % 2 == 0;
        if (is_key) {
            const ByteView key = input_.subspan(at_, size);
            if (!level.last_key.empty() && !std::ranges::lexicographical_compare(level.last_key, key)) {
                return error(Reason::malformed, "map keys repeat or are out of order");
            }
            level.last_key = key;
        }
        --level.left;
    }
    at_ += size;
    return item;
}

Result<std::uint64_t> Reader::uint(std::uint64_t most) {
    CT_TRY(auto item, take(Type::uint, "expected an unsigned integer"));
    if (item.value > most) return error(Reason::malformed, "number is out of range");
    return item.value;
}

Status Reader::key(std::uint64_t number) {
    CT_TRY(const std::uint64_t found, uint());
    if (found != number)
        return error(Reason::malformed,
                     "field " + std::to_string(found) + " where " + std::to_string(number) + " is expected");
    return {};
}

Result<std::int64_t> Reader::integer() {
    CT_TRY(auto type, peek());
    const bool negative = type == Type::negative;
    CT_TRY(auto item, take(negative ? Type::negative : Type::uint, "expected an integer"));
    if (item.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return error(Reason::malformed, "number is out of range");
    }
    const auto value = static_cast<std::int64_t>(item.value);
    return negative ? -1 - value : value;
}

Result<ByteView> Reader::bytes(std::size_t least, std::size_t most) {
    CT_TRY(auto item, take(Type::bytes, "expected a byte string"));
    if (item.string.size() > most) return error(Reason::too_large, "byte string is too long");
    if (item.string.size() < least) return error(Reason::malformed, "byte string is too short");
    return item.string;
}

Result<std::string_view> Reader::text(std::size_t least, std::size_t most) {
    CT_TRY(auto item, take(Type::text, "expected a text string"));
    if (item.string.size() > most) return error(Reason::too_large, "text string is too long");
    if (item.string.size() < least) return error(Reason::malformed, "text string is too short");
    return as_text(item.string);
}

Result<bool> Reader::boolean() {
    CT_TRY(auto item, take(Type::boolean, "expected true or false"));
    return item.value != 0;
}

Status Reader::null() {
    CT_TRY([[maybe_unused]] auto item, take(Type::null, "expected null"));
    return {};
}

Result<std::size_t> Reader::enter(Type type, std::size_t most) {
    // A container as a map key would have to be compared as a whole; nothing here needs one.
    if (depth_ > 0 && levels_[depth_ - 1].is_map && levels_[depth_ - 1].left % 2 == 0 && levels_[depth_ - 1].left > 0) {
        return error(Reason::malformed, "a container as a map key");
    }
    if (depth_ == kDepth) return error(Reason::malformed, "nested too deep");
    CT_TRY(auto item, take(type, type == Type::map ? "expected a map" : "expected an array"));
    // Each item takes at least one byte: a count that the input cannot hold is refused before anyone reserves for it.
    const std::uint64_t each = type == Type::map ? 2 : 1;
    if (item.value > most) return error(Reason::too_large, "container has too many items");
    if (item.value > (input_.size() - at_) / each) return error(Reason::malformed, "input ends early");
    levels_[depth_++] = Level{item.value * each, type == Type::map, {}};
    return static_cast<std::size_t>(item.value);
}

Result<std::size_t> Reader::array(std::size_t most) { return enter(Type::array, most); }
Result<std::size_t> Reader::map(std::size_t most) { return enter(Type::map, most); }

Status Reader::leave() {
    if (depth_ == 0) return error(Reason::internal, "no container to leave");
    if (levels_[depth_ - 1].left != 0) return error(Reason::malformed, "container has items that are not known");
    --depth_;
    return {};
}

std::size_t Reader::remaining() const {
    if (depth_ == 0) return 0;
    const Level& level = levels_[depth_ - 1];
    return level.is_map ? (level.left + 1) / 2 : level.left;
}

Status Reader::finish() const {
    if (depth_ != 0) return error(Reason::malformed, "container is not closed");
    if (at_ != input_.size()) return error(Reason::malformed, "bytes follow the end");
    return {};
}

}  // namespace ct::cbor
