// SPDX-License-Identifier: Apache-2.0
// A Nitro document of a hostile node, the bodies around it, and the answer of a hostile hypervisor: views stay inside the input,
// and a body that decodes has one encoding.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/nitro_document.h"
#include "attest/evidence/nsm_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ct;
    using namespace ct::attest::nitro;
    const ByteView input(data, size);
    const auto inside = [&](ByteView part) {
        if (!part.empty() && (part.data() < data || part.data() + part.size() > data + size)) std::abort();
    };
    if (const auto document = parse_document(input)) {
        inside(document->payload);
        inside(document->certificate);
        for (const ByteView certificate : document->cabundle())
            inside(certificate);
        for (unsigned i = 0; i < kPcrs; ++i)
            if (document->has_pcr(i) != (document->pcrs[i].size() == kPcrSize)) std::abort();
        if (signed_bytes(*document).size() <= document->payload.size()) std::abort();
    }
    if (const auto document = parse_attestation_response(input)) inside(*document);
    const auto same = [&](const auto& decoded) {
        if (decoded && !std::ranges::equal(encode(*decoded), input)) std::abort();
    };
    same(decode_introduction(input));
    same(decode_request(input));
    same(decode_evidence(input));
    return 0;
}
