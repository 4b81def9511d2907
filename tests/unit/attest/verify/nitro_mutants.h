// SPDX-License-Identifier: Apache-2.0
// Documents that differ from a good one in one bit. What must refuse them is the signature, with the key that the document
// names; who vouches for that key is the chain's business.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/verify/nitro/signer.h"

namespace ct::attest::nitro {

inline bool signature_holds(ByteView bytes) {
    const auto document = parse_document(bytes);
    if (!document) return false;
    const auto leaf = crypto::Certificate::from_der(document->certificate);
    if (!leaf) return false;
    std::vector<Finding> findings;
    check_signature(*document, *leaf, findings);
    return findings.empty();
}

// Flips every bit; inside of certificates, which are most of a document, one bit of each byte: a verification takes a
// millisecond. Returns how many mutants there were.
inline std::size_t expect_no_mutant_passes(Bytes bytes) {
    const auto document = parse_document(bytes);
    if (!document || !signature_holds(bytes)) {
        ADD_FAILURE() << "not a good document to begin with";
        return 0;
    }
    std::vector<bool> in_certificate(bytes.size());
    const auto mark = [&](ByteView part) {
        const auto start = in_certificate.begin() + (part.data() - bytes.data());
        std::fill(start, start + static_cast<std::ptrdiff_t>(part.size()), true);
    };
    mark(document->certificate);
    for (const ByteView certificate : document->cabundle())
        mark(certificate);
    std::size_t mutants = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (std::size_t bit = 0; bit < 8; ++bit) {
            if (in_certificate[at] && bit != at % 8) continue;
            const auto mask = static_cast<std::uint8_t>(1U << bit);
            bytes[at] ^= mask;
            EXPECT_FALSE(signature_holds(bytes)) << "byte " << at << ", bit " << bit;
            bytes[at] ^= mask;
            ++mutants;
        }
    }
    return mutants;
}

}  // namespace ct::attest::nitro
