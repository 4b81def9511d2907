// SPDX-License-Identifier: Apache-2.0
// Configuration: TOML -> tree with source positions -> typed values. Parsing has no effect; every error says file:line and
// what to write instead. Files are read in systemd's order: NAME.toml, then NAME.d/*.toml sorted by name.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ct::config {

struct Position {
    std::string file;
    unsigned line = 0;
};

// A read-only view into a parsed tree. Cheap to copy; the Document must outlive it.
class Node {
public:
    // The member of a table, or nullopt.
    [[nodiscard]] std::optional<Node> get(std::string_view key) const;
    [[nodiscard]] std::vector<Node> elements() const;  // of an array
    [[nodiscard]] const Position& position() const;

    // Typed reads; config_invalid with "file:line: KEY: expected a string".
    [[nodiscard]] Result<std::string> as_string() const;
    [[nodiscard]] Result<std::int64_t> as_integer(std::int64_t least, std::int64_t most) const;
    [[nodiscard]] Result<bool> as_bool() const;
    [[nodiscard]] Result<Seconds> as_duration() const;  // "90s", "5m", "1h", "2d", or an integer of seconds
    [[nodiscard]] Result<std::vector<std::string>> as_strings() const;
    [[nodiscard]] Result<std::vector<std::pair<std::string, Node>>> as_table() const;  // in file order
    [[nodiscard]] bool is_table() const;

    // Fails on the first member whose key is not in `known`: a typo never passes silently.
    [[nodiscard]] Status only(std::initializer_list<std::string_view> known) const;
    // "file:line: message" with reason config_invalid.
    [[nodiscard]] std::unexpected<Error> error(std::string_view message) const;

    struct Impl;
    explicit Node(const Impl* impl) : impl_(impl) {}

private:
    const Impl* impl_;
};

class Document {
public:
    static Result<Document> parse(std::string_view text, const std::string& file_name);
    // "NAME.toml", then NAME.d/*.toml by name; a later file overrides scalars and arrays, merges tables. A missing main
    // file is config_missing; a missing drop-in folder is fine.
    static Result<Document> load(const std::string& file);
    // All *.toml of a folder merged in name order; a missing folder is an empty document.
    static Result<Document> load_folder(const std::string& folder);
    [[nodiscard]] Node root() const;
    Document(Document&&) noexcept;
    Document& operator=(Document&&) noexcept;
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;
    ~Document();

private:
    explicit Document(std::unique_ptr<Node::Impl> root);
    std::unique_ptr<Node::Impl> root_;
};

}  // namespace ct::config
