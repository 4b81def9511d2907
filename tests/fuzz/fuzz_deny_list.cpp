// SPDX-License-Identifier: Apache-2.0
// A deny list out of a collateral bundle. What is in it shuts out.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/collateral/deny_list.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    const auto list = attest::DenyList::parse({data, size});
    if (!list) return 0;
    for (const auto& [subject, values] : list->entries()) {
        const auto dot = subject.find('.');
        for (const auto& value : values)
            if (dot != std::string::npos && !list->denied(subject.substr(0, dot), {{subject.substr(dot + 1), value}}))
                std::abort();
    }
    return 0;
}
