// SPDX-License-Identifier: Apache-2.0
// What a file says, by the names that its specification uses. What it is read from may be hostile: names and values are data
// until one of the two writers below has made them safe for its reader.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"

namespace ct::attest_tool {

struct Field;
using Fields = std::vector<Field>;

struct Field {
    std::string name;  // one of its kind among its neighbours
    std::variant<std::string, std::uint64_t, bool, Fields, std::vector<Fields>> value;
};

// Bytes as they are spelled everywhere here: hexadecimal; what is longer than `most` is cut and its size told.
std::string hex(ByteView bytes, std::size_t most = 512);

// Indented lines; safe for a terminal.
std::string as_lines(const Fields& fields);
// One JSON object.
std::string as_json(const Fields& fields);

}  // namespace ct::attest_tool
