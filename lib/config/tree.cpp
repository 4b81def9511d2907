// SPDX-License-Identifier: Apache-2.0
#include "config/tree.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "config/impl.h"

namespace ct::config {
namespace {

std::string found(const Node::Impl& node) {
    switch (node.kind) {
        case Kind::table:
            return "a table";
        case Kind::array:
            return "an array";
        case Kind::string:
            return "a string";
        case Kind::integer:
            return "an integer";
        case Kind::boolean:
            return "true or false";
        case Kind::other:
            return node.text;
    }
    return {};
}

std::unexpected<Error> wrong_type(const Node& node, const Node::Impl& impl, const char* wanted) {
    return node.error(std::string("expected ") + wanted + ", found " + found(impl));
}

constexpr std::int64_t kLongestDuration = 10LL * 366 * 86'400;  // ten years, in seconds

}  // namespace

std::optional<Node> Node::get(std::string_view key) const {
    for (const auto& [name, child] : impl_->members)
        if (name == key) return Node(child.get());
    return std::nullopt;
}

Result<std::vector<std::pair<std::string, Node>>> Node::as_table() const {
    if (!is_table()) return wrong_type(*this, *impl_, "a table");
    std::vector<std::pair<std::string, Node>> out;
    for (const auto& [name, child] : impl_->members)
        out.emplace_back(name, Node(child.get()));
    return out;
}

std::vector<Node> Node::elements() const {
    std::vector<Node> out;
    for (const auto& child : impl_->elements)
        out.emplace_back(child.get());
    return out;
}

const Position& Node::position() const { return impl_->position; }
bool Node::is_table() const { return impl_->kind == Kind::table; }

Result<std::string> Node::as_string() const {
    if (impl_->kind != Kind::string) return wrong_type(*this, *impl_, "a string in quotes");
    // TOML can write \u0000; every consumer down to the kernel would cut the string there.
    if (impl_->text.find('\0') != std::string::npos) return error("a string may not hold a NUL character");
    return impl_->text;
}

Result<std::int64_t> Node::as_integer(std::int64_t least, std::int64_t most) const {
    if (impl_->kind != Kind::integer) return wrong_type(*this, *impl_, "an integer");
    if (impl_->integer < least || impl_->integer > most)
        return error("expected a number from " + std::to_string(least) + " to " + std::to_string(most));
    return impl_->integer;
}

Result<bool> Node::as_bool() const {
    if (impl_->kind != Kind::boolean) return wrong_type(*this, *impl_, "true or false, without quotes");
    return impl_->boolean;
}

Result<Seconds> Node::as_duration() const {
    if (impl_->kind != Kind::string && impl_->kind != Kind::integer)
        return wrong_type(*this, *impl_, R"(a duration such as "90s", "5m", "1h" or "2d")");
    std::int64_t count = impl_->integer;
    std::int64_t unit = 1;
    if (impl_->kind == Kind::string) {
        const char* const first = impl_->text.data();
        const char* const last = first + impl_->text.size();
        const auto [rest, code] = std::from_chars(first, last, count);
        const std::string_view suffix(rest, last);
        if (suffix == "m") unit = 60;
        if (suffix == "h") unit = 3'600;
        if (suffix == "d") unit = 86'400;
        if (code != std::errc{} || (unit == 1 && suffix != "s"))
            return error(R"(expected a duration such as "90s", "5m", "1h" or "2d")");
    }
    if (count < 0 || count > kLongestDuration / unit) return error("expected a duration from 0s to ten years");
    return Seconds(count * unit);
}

Result<std::vector<std::string>> Node::as_strings() const {
    if (impl_->kind != Kind::array) return wrong_type(*this, *impl_, R"(an array of strings such as ["a", "b"])");
    std::vector<std::string> out;
    for (const auto& child : impl_->elements) {
        CT_TRY(std::string text, Node(child.get()).as_string());
        out.push_back(std::move(text));
    }
    return out;
}

Status Node::only(std::initializer_list<std::string_view> known) const {
    if (!is_table()) return wrong_type(*this, *impl_, "a table");
    for (const auto& [name, child] : impl_->members) {
        if (std::ranges::find(known, name) != known.end()) continue;
        std::string words = "unknown key; known here:";
        for (const auto& key : known)
            words.append(" ").append(key);
        return Node(child.get()).error(words);
    }
    return {};
}

std::unexpected<Error> Node::error(std::string_view message) const {
    std::string where = impl_->position.file + ":" + std::to_string(impl_->position.line) + ": ";
    if (!impl_->path.empty()) where += impl_->path + ": ";
    return fail(Reason::config_invalid, where.append(message));
}

}  // namespace ct::config
