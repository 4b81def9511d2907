// SPDX-License-Identifier: Apache-2.0
// Plays Intel in tests: certificates, revocation lists, signed collateral and quotes, with keys made at test time.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "support/tdx_builder.h"

struct evp_pkey_st;
struct x509_st;

namespace ct::test {

// The SGX extension of a PCK certificate.
struct SgxFields {
    Bytes ppid = Bytes(16, 0x99), fmspc = {0x90, 0xc0, 0x6f, 0, 0, 0}, pce_id = {0, 0};
    std::array<unsigned, 16> components = {4, 4, 2, 2, 4, 1, 0, 5};
    unsigned pce_svn = 13;
    // Members, by their arcs: "4", "2.17".
    std::string leave_out, twice;
    std::map<std::string, std::string> renamed = {};  // to another arc
    std::map<std::string, Bytes> values = {};         // another value, in DER

    [[nodiscard]] Bytes der() const;
};

// A P-256 key and its certificate.
class Signer {
public:
    struct Fields {
        std::string name;
        WallTime from, until;
        bool authority = false;
        long serial = 1;
        Bytes sgx_extension;  // none if empty
        bool twice = false;   // that extension
    };
    // Self-signed without an issuer.
    static Signer make(const Signer* issuer, const Fields& fields);
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] Bytes sign(ByteView message) const;  // r, s
    [[nodiscard]] Bytes point() const;                 // x, y
    // A revocation list in DER.
    [[nodiscard]] Bytes crl(const std::vector<long>& revoked, WallTime from, WallTime until) const;

private:
    Signer() = default;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
};

// {"NAME":JSON,"signature":"HEX"}, as Intel's provisioning certification service answers.
Bytes signed_document(const Signer& signer, const std::string& name, const std::string& json);

// Fills in keys, certificates and signatures: all that makes `fields` a sound quote of the platform whose PCK this is.
void sign_quote(QuoteFields& fields, const Signer& pck, const Signer& attestation, const std::string& chain);

}  // namespace ct::test
