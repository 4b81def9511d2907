// SPDX-License-Identifier: Apache-2.0
// The certificates of a TDX quote, without the armour (PEM) that they travel in: nothing signs that.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/x509.h"
#include "support/pem.h"

namespace ct::test {

struct PckArmour {
    MutableBytes chain;  // in the quote
    std::vector<Bytes> ders;

    explicit PckArmour(MutableBytes pem) : chain(pem) {
        const auto certificates = crypto::Certificate::chain_from_pem(as_text(chain), 4).value();
        for (const auto& certificate : certificates)
            ders.push_back(certificate.der().value());
    }
    // Writes it anew around what `ders` are now. Where the quote's own is longer (it may end with a zero), the rest stays as it is.
    void refill() const {
        std::string out;
        for (const Bytes& der : ders)
            out += certificate_pem(der);
        ASSERT_LE(out.size(), chain.size());
        std::ranges::copy(as_bytes(out), chain.begin());
    }
};

}  // namespace ct::test
