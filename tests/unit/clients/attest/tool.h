// SPDX-License-Identifier: Apache-2.0
// The program, as its caller sees it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/json.h"
#include "support/process.h"
#include "support/vectors.h"

namespace ct::attest_tool::test {

using ct::test::TempDir;

inline ct::test::Ran ran(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), CT_BINARY_DIR "/bin/cloudtaser-attest");
    return ct::test::run({.argv = std::move(arguments)});
}

// The text is one JSON value, by the strictest reader we have.
inline json::Document parsed(const std::string& text) {
    auto document = json::Document::parse(SecretBuffer::copy_of(as_bytes(text)).value());
    if (document) return std::move(*document);
    ADD_FAILURE() << document.error().to_string() << "\n" << text;
    return json::Document::parse(SecretBuffer::copy_of(as_bytes("{}")).value()).value();
}

// "TD Report/MRTD": a member of a member; an index chooses from a list: "event/0/EventType". Empty if there is none.
inline std::string field(const json::Value& root, std::string_view path) {
    std::optional<json::Value> at = root;
    while (at && !path.empty()) {
        const auto dot = std::min(path.find('/'), path.size());
        const std::string name(path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
        if (!at->is(json::Type::array)) {
            at = at->find(name);
            continue;
        }
        at = at->first();
        for (auto left = std::stoul(name); at && left > 0; --left)
            at = at->next();
    }
    if (!at) return {};
    if (const auto flag = at->boolean()) return *flag ? "true" : "false";
    return std::string(at->text());
}

inline std::string vector_file(const std::string& name) { return *ct::test::vectors_folder() + "/" + name; }

}  // namespace ct::attest_tool::test
