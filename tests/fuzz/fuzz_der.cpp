// SPDX-License-Identifier: Apache-2.0
// DER inside certificate extensions, as a hostile node may send them: each tag is tried at each place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/der.h"

namespace {

void walk(ct::ByteView input, int depth) {
    ct::der::Reader in(input);
    while (!in.empty()) {
        ct::der::Reader number = in;
        static_cast<void>(number.number());
        const auto content = in.take(input[0]);
        if (!content) return;
        if (content->size() + 2 > input.size()) std::abort();
        if (depth < 4) walk(*content, depth + 1);
        input = input.subspan(static_cast<std::size_t>(content->data() + content->size() - input.data()));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    walk({data, size}, 0);
    return 0;
}
