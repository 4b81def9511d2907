// SPDX-License-Identifier: Apache-2.0
// CBOR (RFC 8949) in its core deterministic form (section 4.2.1) both ways: shortest heads, definite lengths, map keys in
// ascending order. One value has one encoding, so a digest over an encoding is a digest over the value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::cbor {

// Appends items one after the other. The caller writes map keys in ascending order of their encodings (integers by
// value, texts by length and then by bytes): Reader refuses anything else.
class Writer {
public:
    Writer& uint(std::uint64_t value);
    Writer& integer(std::int64_t value);
    Writer& bytes(ByteView value);
    Writer& text(std::string_view value);  // UTF-8
    Writer& boolean(bool value);
    Writer& null();
    Writer& array(std::uint64_t items);  // then `items` items
    Writer& map(std::uint64_t pairs);    // then `pairs` times key, value
    [[nodiscard]] Bytes take() { return std::move(out_); }

private:
    void head(unsigned major, std::uint64_t value);
    Bytes out_;
};

enum class Type : std::uint8_t { uint, negative, bytes, text, array, map, boolean, null };

// A pull parser over libcbor's streaming decoder. It allocates nothing: strings are views into the input, which must
// outlive them. Every error is `malformed` (or `too_large` where a stated bound is passed) and says the byte offset;
// after an error the reader is of no further use. Indefinite lengths, tags, floating point, undefined, other simple
// values, invalid UTF-8, longer heads than needed and keys that repeat or do not ascend are refused.
class Reader {
public:
    static constexpr std::size_t kDepth = 8;  // nested arrays and maps

    explicit Reader(ByteView input) : input_(input) {}

    // The type of the next item, without taking it.
    [[nodiscard]] Result<Type> peek();

    [[nodiscard]] Result<std::uint64_t> uint(std::uint64_t most = UINT64_MAX);
    [[nodiscard]] Result<std::int64_t> integer();
    // least..most in bytes.
    [[nodiscard]] Result<ByteView> bytes(std::size_t least, std::size_t most);
    [[nodiscard]] Result<std::string_view> text(std::size_t least, std::size_t most);
    [[nodiscard]] Result<bool> boolean();
    [[nodiscard]] Status null();
    // Takes the key of a map's next pair, which must be `number`.
    [[nodiscard]] Status key(std::uint64_t number);
    template <std::size_t N>
    [[nodiscard]] Result<ByteArray<N>> byte_array() {
        CT_TRY(auto view, bytes(N, N));
        ByteArray<N> out;
        std::copy(view.begin(), view.end(), out.begin());
        return out;
    }

    // Opens a container of at most `most` items or pairs and returns how many it has. Every one must be taken before
    // leave().
    [[nodiscard]] Result<std::size_t> array(std::size_t most);
    [[nodiscard]] Result<std::size_t> map(std::size_t most);
    [[nodiscard]] Status leave();
    // Items or pairs not yet taken from the innermost container.
    [[nodiscard]] std::size_t remaining() const;

    // Nothing may follow, and every container must have been left.
    [[nodiscard]] Status finish() const;

private:
    struct Item {
        Type type = Type::null;
        bool known = false;  // false: a type that this reader refuses
        std::uint64_t value = 0;
        ByteView string;
    };
    struct Callbacks;
    struct Level {
        std::uint64_t left = 0;  // items still to take; pairs count twice
        bool is_map = false;
        ByteView last_key;  // its encoding
    };
    [[nodiscard]] Result<Item> decode(std::size_t& size) const;
    [[nodiscard]] Result<Item> take(Type type, std::string_view what);
    [[nodiscard]] Result<std::size_t> enter(Type type, std::size_t most);
    [[nodiscard]] std::unexpected<Error> error(Reason reason, std::string_view what) const;

    ByteView input_;
    std::size_t at_ = 0;
    std::array<Level, kDepth> levels_{};
    std::size_t depth_ = 0;
};

}  // namespace ct::cbor
