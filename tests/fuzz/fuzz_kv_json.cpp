// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of an OpenBao answer: every accessor of the document, then what it writes is read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/json.h"

namespace {

std::size_t visit(ct::json::Value value) {
    std::size_t sum = value.text().size() + value.key().size() + value.uint().value_or(0) % 2;
    for (auto child = value.first(); child; child = child->next())
        sum += visit(*child);
    return sum + (value.find("data") ? 1 : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = ct::SecretBuffer::copy_of({data, size});
    if (!text) return 0;
    auto document = ct::json::Document::parse(std::move(*text), {.size = 1 << 16, .depth = 16, .values = 4096});
    if (!document) return 0;
    static_cast<void>(visit(document->root()));
    auto written = ct::json::Writer().value(document->root()).take();
    if (!written) return 0;
    // Escapes may make the text longer than what was read, never invalid.
    auto again = ct::json::Document::parse(std::move(*written), {.size = 1 << 20, .depth = 16, .values = 4096});
    if (!again || visit(again->root()) != visit(document->root())) std::abort();
    return 0;
}
