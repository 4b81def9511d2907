// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "clients/ctl/output.h"

namespace ct::ctl::test {

// What `verb` says in this mode, and its exit code; an error is told by its words, with -1.
struct Told {
    int code = 0;
    std::string text;
};
template <class Verb>
Told told(Verb verb, Output::Mode mode = Output::Mode::plain) {
    Output out(mode);
    Result<int> result = verb(out);
    if (!result) return {-1, result.error().to_string()};
    return {*result, out.take().value()};
}

// The text is JSON, by the strictest reader we have.
inline json::Document parsed(const std::string& text) {
    auto document = json::Document::parse(SecretBuffer::copy_of(as_bytes(text)).value());
    if (!document) ADD_FAILURE() << document.error().to_string() << "\n" << text;
    return std::move(*document);
}

}  // namespace ct::ctl::test
