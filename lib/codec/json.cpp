// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

// An assertion of rapidjson that fails means that its memory can no longer be trusted: end here, with and without NDEBUG.
#define RAPIDJSON_ASSERT(x) ((x) ? static_cast<void>(0) : std::abort())
#include <rapidjson/reader.h>

#include "base/registers.h"
#include "codec/utf8.h"

namespace ct::json {

struct Value::Node {
    Type type = Type::null;
    bool truth = false;
    std::uint32_t count = 0;  // elements or members
    std::uint32_t next = 0;   // index of the next sibling; 0: the last one
    std::uint32_t key_size = 0, text_size = 0;
    const char* key = nullptr;
    const char* text = nullptr;
};

namespace {

// rapidjson's in-situ stream with an end: the text needs no NUL behind it, and a NUL inside it is not taken for the end
// without parse() noticing.
class BoundedStream {
public:
    using Ch = char;
    BoundedStream(char* begin, char* end) : read_(begin), write_(begin), begin_(begin), end_(end) {}

    Ch Peek() const { return read_ < end_ ? *read_ : '\0'; }
    Ch Take() { return read_ < end_ ? *read_++ : '\0'; }
    std::size_t Tell() const { return static_cast<std::size_t>(read_ - begin_); }
    bool at_end() const { return read_ == end_; }

    // The write position trails the read position, as no escape is shorter than what it stands for.
    Ch* PutBegin() { return write_ = read_; }
    void Put(Ch c) { *write_++ = c; }
    std::size_t PutEnd(Ch* begin) { return static_cast<std::size_t>(write_ - begin); }
    void Flush() {}
    Ch* Push(std::size_t count) {
        Ch* at = write_;
        write_ += count;
        return at;
    }
    void Pop(std::size_t count) { write_ -= count; }

private:
    Ch* read_;
    Ch* write_;
    Ch* begin_;
    Ch* end_;
};

}  // namespace
}  // namespace ct::json

// Numbers are read from a copy of the stream, so that PutBegin() of the original still names their first digit.
template <>
struct rapidjson::StreamTraits<ct::json::BoundedStream> {
    enum { copyOptimization = 1 };
};

namespace ct::json {
namespace {

// The parser's own stack: states of open containers, no text, but cheap to keep here as well.
struct ArenaAllocator {
    [[maybe_unused]] static const bool kNeedFree = true;
    void* Malloc(std::size_t size) { return checked(SecretArena::process().allocate(size), size); }
    void* Realloc(void* block, std::size_t, std::size_t size) {
        if (size == 0) {
            SecretArena::process().release(block);
            return nullptr;
        }
        return checked(SecretArena::process().reallocate(block, size), size);
    }
    static void Free(void* block) { SecretArena::process().release(block); }

private:
    static void* checked(void* block, std::size_t size) {
        if (block == nullptr && size != 0) std::abort();  // as SecretAllocator: rapidjson knows no failure here
        return size == 0 ? nullptr : block;
    }
};

}  // namespace

// Receives rapidjson's events and lays the values down in document order. A `false` ends the parse.
struct Document::Handler {
    explicit Handler(const Limits& l) : limits(l) {}

    const Limits& limits;
    Nodes nodes;
    bool over_limit = false;
    bool key_twice = false;

    struct Open {
        std::uint32_t index;
        std::uint32_t last_child;  // 0: none yet; the root is never a child
    };
    std::vector<Open> open;
    std::string_view pending_key;

    bool add(Type type, std::string_view text = {}, bool truth = false) {
        if (nodes.size() >= limits.values) return !(over_limit = true);
        const auto index = static_cast<std::uint32_t>(nodes.size());
        if (!open.empty()) {
            Open& parent = open.back();
            ++nodes[parent.index].count;
            if (parent.last_child != 0) nodes[parent.last_child].next = index;
            parent.last_child = index;
        }
        nodes.push_back({.type = type,
                         .truth = truth,
                         .key_size = static_cast<std::uint32_t>(pending_key.size()),
                         .text_size = static_cast<std::uint32_t>(text.size()),
                         .key = pending_key.data(),
                         .text = text.data()});
        pending_key = {};
        return true;
    }
    bool begin(Type type) {
        if (open.size() >= limits.depth) return !(over_limit = true);
        if (!add(type)) return false;
        open.push_back({static_cast<std::uint32_t>(nodes.size() - 1), 0});
        return true;
    }
    bool end() {
        open.pop_back();
        return true;
    }
    [[nodiscard]] bool has_key_twice(std::uint32_t object) const {
        std::vector<std::string_view, SecretAllocator<std::string_view>> keys;
        keys.reserve(nodes[object].count);
        for (std::uint32_t at = object + 1; nodes[object].count != 0 && at != 0; at = nodes[at].next)
            keys.emplace_back(nodes[at].key, nodes[at].key_size);
        std::ranges::sort(keys);
        return std::ranges::adjacent_find(keys) != keys.end();
    }

    bool Null() { return add(Type::null); }
    bool Bool(bool b) { return add(Type::boolean, {}, b); }
    bool RawNumber(const char* text, rapidjson::SizeType size, bool) { return add(Type::number, {text, size}); }
    // rapidjson lets the escape of a lone low surrogate pass, as three bytes that are no UTF-8.
    bool String(const char* text, rapidjson::SizeType size, bool) {
        return valid_utf8({text, size}) && add(Type::string, {text, size});
    }
    bool StartObject() { return begin(Type::object); }
    bool Key(const char* text, rapidjson::SizeType size, bool) {
        pending_key = {text, size};
        return valid_utf8(pending_key);
    }
    bool EndObject(rapidjson::SizeType) {
        if (has_key_twice(open.back().index)) return !(key_twice = true);
        return end();
    }
    bool StartArray() { return begin(Type::array); }
    bool EndArray(rapidjson::SizeType) { return end(); }
    // kParseNumbersAsStringsFlag sends every number to RawNumber.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }
};

Result<Document> Document::parse(SecretBuffer text, const Limits& limits) {
    const RegisterGuard guard;
    if (text.size() > limits.size) return fail(Reason::too_large, "JSON text");
    char* begin = reinterpret_cast<char*>(text.bytes().data());  // NOLINT: char may alias
    BoundedStream stream(begin, begin + text.size());
    Handler handler(limits);
    ArenaAllocator allocator;
    rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, ArenaAllocator> reader(&allocator);
    constexpr unsigned kFlags =
        rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const auto parsed = reader.Parse<kFlags>(stream, handler);
    if (handler.over_limit) return fail(Reason::too_large, "JSON with too many or too deeply nested values");
    if (handler.key_twice) return fail(Reason::malformed, "JSON object with one key twice");
    if (parsed.IsError())
        return fail(Reason::malformed, "JSON text breaks off or is wrong at byte " + std::to_string(parsed.Offset()));
    if (!stream.at_end())
        return fail(Reason::malformed,
                    "JSON text is followed by something else at byte " + std::to_string(stream.Tell()));
    return Document(std::move(text), std::move(handler.nodes));
}

Document::Document(SecretBuffer text, Nodes nodes) : text_(std::move(text)), nodes_(std::move(nodes)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Value Document::root() const { return {nodes_.data(), 0}; }

const Value::Node& Value::node() const { return nodes_[index_]; }
Type Value::type() const { return node().type; }
std::string_view Value::text() const { return {node().text, node().text_size}; }
std::string_view Value::key() const { return {node().key, node().key_size}; }
std::size_t Value::size() const { return node().count; }

std::optional<bool> Value::boolean() const {
    if (!is(Type::boolean)) return std::nullopt;
    return node().truth;
}

std::optional<std::uint64_t> Value::uint() const {
    if (!is(Type::number)) return std::nullopt;
    std::uint64_t value = 0;
    const std::string_view digits = text();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::optional<Value> Value::first() const {
    if (node().count == 0) return std::nullopt;
    return Value(nodes_, index_ + 1);
}

std::optional<Value> Value::next() const {
    if (node().next == 0) return std::nullopt;
    return Value(nodes_, node().next);
}

std::optional<Value> Value::find(std::string_view key) const {
    if (!is(Type::object)) return std::nullopt;
    for (auto member = first(); member; member = member->next())
        if (member->key() == key) return member;
    return std::nullopt;
}

std::optional<Value> Value::find(std::string_view key, Type type) const {
    auto member = find(key);
    if (member && !member->is(type)) return std::nullopt;
    return member;
}

void Writer::put(std::string_view text) {
    if (!status_) return;
    status_ = out_.append(as_bytes(text));
}

void Writer::separate() {
    if (comma_) put(",");
    comma_ = true;
}

void Writer::put_quoted(std::string_view text) {
    put("\"");
    std::size_t plain = 0;  // start of the run that needs no escape
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        put(text.substr(plain, i - plain));
        plain = i + 1;
        if (c == '"' || c == '\\') {
            const std::array<char, 2> escape = {'\\', static_cast<char>(c)};
            put({escape.data(), escape.size()});
        } else {
            constexpr std::string_view kHex = "0123456789abcdef";
            const std::array<char, 6> escape = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
            put({escape.data(), escape.size()});
        }
    }
    put(text.substr(plain));
    put("\"");
}

Writer& Writer::begin_object() {
    separate();
    put("{");
    comma_ = false;
    return *this;
}

Writer& Writer::end_object() {
    put("}");
    comma_ = true;
    return *this;
}

Writer& Writer::begin_array() {
    separate();
    put("[");
    comma_ = false;
    return *this;
}

Writer& Writer::end_array() {
    put("]");
    comma_ = true;
    return *this;
}

Writer& Writer::key(std::string_view name) {
    separate();
    put_quoted(name);
    put(":");
    comma_ = false;
    return *this;
}

Writer& Writer::string(std::string_view text) {
    separate();
    put_quoted(text);
    return *this;
}

Writer& Writer::number(std::int64_t value) {
    separate();
    std::array<char, 24> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    put({digits.data(), static_cast<std::size_t>(end - digits.data())});
    return *this;
}

Writer& Writer::boolean(bool value) {
    separate();
    put(value ? "true" : "false");
    return *this;
}

Writer& Writer::null() {
    separate();
    put("null");
    return *this;
}

// Recursion is bounded by Limits::depth of the document.
Writer& Writer::value(Value value) {
    switch (value.type()) {
        case Type::null:
            return null();
        case Type::boolean:
            return boolean(value.boolean().value_or(false));
        case Type::number:
            separate();
            put(value.text());
            return *this;
        case Type::string:
            return string(value.text());
        case Type::array:
            begin_array();
            for (auto element = value.first(); element; element = element->next())
                this->value(*element);
            return end_array();
        case Type::object:
            begin_object();
            for (auto member = value.first(); member; member = member->next()) {
                key(member->key());
                this->value(*member);
            }
            return end_object();
    }
    return *this;
}

Result<SecretBuffer> Writer::take() {
    CT_CHECK(std::exchange(status_, Status()));
    comma_ = false;
    return std::exchange(out_, SecretBuffer());
}

}  // namespace ct::json
