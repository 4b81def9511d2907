// SPDX-License-Identifier: Apache-2.0
// Whatever somebody was sent as evidence, shown: the lines are safe for a terminal, the JSON is JSON.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "clients/attest/evidence_file.h"
#include "clients/attest/formats.h"
#include "clients/attest/pcr_file.h"
#include "codec/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest_tool;
    const ByteView input(data, size);
    if (const auto fields = describe(input)) {
        for (const char c : as_lines(*fields))
            if (c != '\n' && static_cast<std::uint8_t>(c) < 0x20) std::abort();
        auto text = SecretBuffer::copy_of(as_bytes(as_json(*fields)));
        if (text && !json::Document::parse(std::move(*text), {.size = 64UZ << 20, .depth = 32, .values = 4UZ << 20}))
            std::abort();
    }
    if (const auto file = decode_evidence_file(input))
        if (encode(*file) != Bytes(data, data + size)) std::abort();
    if (const auto pcrs = parse_pcr_file(input))
        for (unsigned i = 0; i < attest::tpm::kPcrs; ++i)
            if (((pcrs->mask >> i & 1) != 0) == pcrs->values[i].empty()) std::abort();
    return 0;
}
