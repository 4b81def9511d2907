// SPDX-License-Identifier: Apache-2.0
// Any text is a document or a refusal with a position; every node of a document can be read as every type.
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "config/tree.h"

namespace {

void visit(const ct::config::Node& node) {
    (void)node.as_string();
    (void)node.as_integer(-5, 5);
    (void)node.as_bool();
    (void)node.as_duration();
    (void)node.as_strings();
    (void)node.only({"a", "b"});
    const auto members = node.as_table();
    if (members.has_value() != node.is_table()) std::abort();
    if (members) {
        for (const auto& [key, child] : *members) {
            if (!node.get(key)) std::abort();
            visit(child);
        }
    }
    for (const auto& child : node.elements())
        visit(child);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto document = ct::config::Document::parse(ct::as_text({data, size}), "fuzz.toml");
    if (document)
        visit(document->root());
    else if (!document.error().context.starts_with("fuzz.toml:"))
        std::abort();
    return 0;
}
