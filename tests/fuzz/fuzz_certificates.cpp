// SPDX-License-Identifier: Apache-2.0
// Certificates and keys as evidence brings them. The first byte chooses the reader.
#include <cstdlib>

#include "crypto/x509.h"

namespace {

using namespace ct;
using namespace ct::crypto;

void must(bool truth) {
    if (!truth) std::abort();
}

void use(const Certificate& certificate) {
    (void)certificate.subject();
    (void)certificate.spki_sha256();
    // What was accepted is complete: its own encoding is accepted again.
    const auto der = certificate.der();
    must(der.has_value());
    must(Certificate::from_der(*der).has_value() || der->size() > 4096);
    const std::vector<Certificate> itself = {certificate};
    (void)verify_chain(certificate, itself, itself, certificate.not_before());
    (void)verify_chain(certificate, itself, {}, certificate.not_before());
}

void use(const PublicKey& key) {
    must(key.spki_der().has_value());
    const ByteArray<70> signature{0x30, 0x44, 0x02, 0x20};
    for (const auto scheme : {SignatureScheme::rsa_pkcs1, SignatureScheme::rsa_pss, SignatureScheme::ecdsa_der})
        must(!key.verify(scheme, Hash::sha256, signature, signature));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView input(data + 1, size - 1);
    switch (data[0] % 5) {
        case 0:
            if (const auto certificate = Certificate::from_der(input)) use(*certificate);
            break;
        case 1:
            if (const auto chain = Certificate::chain_from_pem(as_text(input), 5))
                for (const auto& certificate : *chain)
                    use(certificate);
            break;
        case 2:
            if (const auto key = PublicKey::from_spki_der(input)) use(*key);
            break;
        case 3:
            if (const auto key = PublicKey::from_pem(as_text(input))) use(*key);
            break;
        default: {
            const std::size_t half = input.size() / 2;
            (void)ecdsa_to_der(input.first(half), input.subspan(half));
            (void)PublicKey::from_rsa(input, 65537);
            if (const auto key = PublicKey::from_ec("P-256", input.first(half), input.subspan(half))) use(*key);
            break;
        }
    }
    return 0;
}
