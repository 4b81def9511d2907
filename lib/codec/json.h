// SPDX-License-Identifier: Apache-2.0
// JSON (RFC 8259) for answers that hold secrets. The text is parsed where it lies: strings are unescaped in place and
// every value is a view into the document, so no byte of it leaves secret memory. Numbers keep the text they came with
// ("1.10" stays "1.10"); whoever needs a number asks for one.
//
// Stricter than the RFC asks: valid UTF-8, nothing but white space behind the value, and no key twice in an object. Two
// readers that disagree on which of two "wrap_info" counts are a way around a check, and no honest server sends that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_arena.h"

namespace ct::json {

struct Limits {
    std::size_t size = 8 << 20;        // bytes of text
    std::size_t depth = 32;            // nested arrays and objects
    std::size_t values = 64UZ * 1024;  // values in all, keys not counted
};

enum class Type : std::uint8_t { null, boolean, number, string, array, object };

class Document;

// A view of one value; valid as long as its Document lives (and may be moved: the views stay good).
class Value {
public:
    [[nodiscard]] Type type() const;
    [[nodiscard]] bool is(Type type) const { return this->type() == type; }
    // The content of a string, or a number as it was written; empty for every other type.
    [[nodiscard]] std::string_view text() const;
    // The number as an unsigned integer; nullopt if it is no number, negative, too large or has a fraction or exponent.
    [[nodiscard]] std::optional<std::uint64_t> uint() const;
    [[nodiscard]] std::optional<bool> boolean() const;

    // Elements of an array or members of an object.
    [[nodiscard]] std::size_t size() const;
    // The member with this key; nullopt if there is none or this is no object.
    [[nodiscard]] std::optional<Value> find(std::string_view key) const;
    // As find(), but nullopt for a member that is of another type.
    [[nodiscard]] std::optional<Value> find(std::string_view key, Type type) const;

    // for (auto child = value.first(); child; child = child->next()): elements or members, in order.
    [[nodiscard]] std::optional<Value> first() const;
    [[nodiscard]] std::optional<Value> next() const;
    [[nodiscard]] std::string_view key() const;  // empty for an element or the root

private:
    friend class Document;
    struct Node;
    Value(const Node* nodes, std::uint32_t index) : nodes_(nodes), index_(index) {}
    [[nodiscard]] const Node& node() const;
    const Node* nodes_;
    std::uint32_t index_;
};

class Document {
public:
    // Takes the text over. malformed (with the byte offset, never the text) or too_large.
    static Result<Document> parse(SecretBuffer text, const Limits& limits = {});
    [[nodiscard]] Value root() const;

    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;
    ~Document();

private:
    friend class Value;
    struct Handler;
    using Nodes = std::vector<Value::Node, SecretAllocator<Value::Node>>;
    Document(SecretBuffer text, Nodes nodes);
    SecretBuffer text_;
    Nodes nodes_;
};

// Builds JSON text in secret memory. Commas are its business; balance of begin and end is the caller's.
class Writer {
public:
    Writer& begin_object();
    Writer& end_object();
    Writer& begin_array();
    Writer& end_array();
    Writer& key(std::string_view name);
    Writer& string(std::string_view text);  // UTF-8
    Writer& number(std::int64_t value);
    Writer& boolean(bool value);
    Writer& null();
    Writer& value(Value value);  // a whole tree, numbers as they were

    // The text, or memlock_limit if secret memory ran out on the way.
    [[nodiscard]] Result<SecretBuffer> take();

private:
    void separate();
    void put(std::string_view text);
    void put_quoted(std::string_view text);
    SecretBuffer out_;
    Status status_;
    bool comma_ = false;
};

}  // namespace ct::json
