// SPDX-License-Identifier: Apache-2.0
// The only file that sees toml++ (3.3, TOML v1.0.0).
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include <algorithm>

#include "config/impl.h"

namespace ct::config {
namespace {

// toml++ bounds nested values but not the parts of a dotted key, and every part is a level of recursion. So dots are
// bounded here, before it sees the text.
constexpr std::ptrdiff_t kDotsPerLine = 128;

Status check_lines(std::string_view text, const std::string& file_name) {
    unsigned line_number = 0;
    while (!text.empty()) {
        ++line_number;
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (std::ranges::count(line, '.') > kDotsPerLine)
            return fail(Reason::config_invalid, file_name + ":" + std::to_string(line_number) +
                                                    ": more than 128 dots in a line: break it into several lines");
    }
    return {};
}

std::string join(const std::string& path, std::string_view key) {
    return path.empty() ? std::string(key) : path + "." + std::string(key);
}

struct Converter {
    const std::string& file;

    Tree convert(const toml::node& from, std::string path) const {
        auto to = std::make_unique<Node::Impl>();
        to->position = Position{file, static_cast<unsigned>(from.source().begin.line)};
        to->path = std::move(path);
        if (const auto* table = from.as_table()) {
            fill(*to, *table);
        } else if (const auto* array = from.as_array()) {
            to->kind = Kind::array;
            for (const toml::node& element : *array)
                to->elements.push_back(convert(element, to->path + "[" + std::to_string(to->elements.size()) + "]"));
        } else if (const auto* text = from.as_string()) {
            to->kind = Kind::string;
            to->text = text->get();
        } else if (const auto* integer = from.as_integer()) {
            to->kind = Kind::integer;
            to->integer = integer->get();
        } else if (const auto* boolean = from.as_boolean()) {
            to->kind = Kind::boolean;
            to->boolean = boolean->get();
        } else {
            to->kind = Kind::other;
            to->text = from.is_floating_point() ? "a number with a fraction" : "a date or a time";
        }
        return to;
    }

    // toml++ sorts keys by name; a reader of an error expects the order of the file.
    void fill(Node::Impl& to, const toml::table& from) const {
        struct Member {
            toml::source_position at;
            std::string_view key;
            const toml::node* node;
        };
        std::vector<Member> sorted;
        for (const auto& [key, node] : from)
            sorted.push_back({key.source().begin, key.str(), &node});
        std::ranges::stable_sort(sorted, [](const Member& a, const Member& b) { return a.at < b.at; });
        for (const auto& member : sorted) {
            auto child = convert(*member.node, join(to.path, member.key));
            // A table made by a longer header, as [a.b] makes a, has no position of its own.
            if (child->position.line == 0) child->position.line = static_cast<unsigned>(member.at.line);
            to.members.emplace_back(member.key, std::move(child));
        }
    }
};

}  // namespace

Result<Tree> parse_toml(std::string_view text, const std::string& file_name) {
    if (text.size() > kFileLimit) return fail(Reason::config_invalid, file_name + ": longer than 256 KiB");
    CT_CHECK(check_lines(text, file_name));
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        const auto& error = parsed.error();
        return fail(Reason::config_invalid, file_name + ":" + std::to_string(error.source().begin.line) + ": " +
                                                std::string(error.description()));
    }
    return Converter{file_name}.convert(parsed.table(), {});
}

}  // namespace ct::config
