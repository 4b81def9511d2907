// SPDX-License-Identifier: Apache-2.0
// The tree behind config/tree.h. Private to this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/tree.h"

namespace ct::config {

enum class Kind : std::uint8_t { table, array, string, integer, boolean, other };

struct Node::Impl {
    Kind kind = Kind::table;
    Position position;
    std::string path;  // dotted, for messages: "workload.payments.env"; empty at the root
    std::vector<std::pair<std::string, std::unique_ptr<Impl>>> members;
    std::vector<std::unique_ptr<Impl>> elements;
    std::string text;  // of a string; of `other`, the type's name
    std::int64_t integer = 0;
    bool boolean = false;
};

using Tree = std::unique_ptr<Node::Impl>;

// The size of one file. Real ones are a few KiB; toml++ is quadratic in the number of dotted keys.
inline constexpr std::size_t kFileLimit = 256 << 10;

// TOML text to a tree; file_name goes into every position.
Result<Tree> parse_toml(std::string_view text, const std::string& file_name);
// Lays `over` on `base`: tables merge, scalars and arrays are replaced. A table never replaces a value or the reverse.
Status merge(Node::Impl& base, Tree over);

}  // namespace ct::config
