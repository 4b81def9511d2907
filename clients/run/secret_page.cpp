// SPDX-License-Identifier: Apache-2.0
#include "clients/run/secret_page.h"

#include <algorithm>

#include "base/registers.h"

namespace ct::run {

Result<SecretMapping> open_page(const Armed& armed) {
    if (armed.entries.empty()) return SecretMapping();
    const RegisterGuard registers;
    CT_TRY(auto page, SecretMapping::map_read_only(armed.page.get(), armed.size));
    for (const auto& entry : armed.entries) {
        const ByteView text = ByteView(page.bytes()).subspan(entry.offset, entry.length);
        if (!as_text(text).starts_with(entry.name) || text[entry.name.size()] != '=' ||
            std::ranges::find(text, std::uint8_t{0}) != text.end() - 1)
            return fail(Reason::malformed, "a secret's page does not hold what it should");
    }
    return page;
}

ByteView value_of(const SecretMapping& page, const ArmedEntry& entry) {
    const std::size_t name = entry.name.size() + 1;
    return ByteView(page.bytes()).subspan(entry.offset + name, entry.length - name - 1);
}

}  // namespace ct::run
