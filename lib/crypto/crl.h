// SPDX-License-Identifier: Apache-2.0
// Certificate revocation lists (RFC 5280 section 5), parsed and verified by OpenSSL.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/x509.h"

struct X509_crl_st;

namespace ct::crypto {

class RevocationList {
public:
    // No trailing bytes; at most limits::kRevocationList. malformed also without a nextUpdate (nobody could tell its age), with a
    // critical extension (such a list is not the whole one), and of other algorithms inside and outside of what is signed.
    static Result<RevocationList> from_der(ByteView der);

    // That this issuer signed it: names and signature. evidence_collateral_invalid.
    [[nodiscard]] Status check_issuer(const Certificate& issuer) const;
    // By serial number. Ask only of certificates of the issuer that check_issuer() was given.
    [[nodiscard]] bool revokes(const Certificate& certificate) const;
    [[nodiscard]] WallTime this_update() const { return this_update_; }
    [[nodiscard]] WallTime next_update() const { return next_update_; }

private:
    RevocationList(std::shared_ptr<X509_crl_st> crl, WallTime from, WallTime until)
        : crl_(std::move(crl)), this_update_(from), next_update_(until) {}
    std::shared_ptr<X509_crl_st> crl_;
    WallTime this_update_, next_update_;
};

}  // namespace ct::crypto
