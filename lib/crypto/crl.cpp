// SPDX-License-Identifier: Apache-2.0
#include "crypto/crl.h"

#include <openssl/asn1.h>

#include <algorithm>

#include "base/limits.h"
#include "crypto/ossl.h"
#include "crypto/ossl_time.h"

namespace ct::crypto {
namespace {

struct Element {
    int tag = -1;  // none: what is there is no DER
    ByteView whole, content;
};

// Takes the next element from `rest`.
Element take(ByteView& rest) {
    const unsigned char* at = rest.data();
    long size = 0;
    int tag = 0, kind = 0;
    // 0x80: it does not fit; 0x01: of indefinite length.
    if ((ASN1_get_object(&at, &size, &tag, &kind, static_cast<long>(rest.size())) & (0x80 | 0x01)) != 0) return {};
    const auto header = static_cast<std::size_t>(at - rest.data()), length = static_cast<std::size_t>(size);
    const Element out{tag, rest.first(header + length), rest.subspan(header, length)};
    rest = rest.subspan(header + length);
    return out;
}

// RFC 5280, 5.1.1.2: the algorithm outside of what is signed is the one inside. OpenSSL verifies by the outer one alone.
bool of_one_algorithm(ByteView der) {
    ByteView list = take(der).content, fields = take(list).content;
    const Element outer = take(list);
    Element inner = take(fields);
    if (inner.tag == V_ASN1_INTEGER) inner = take(fields);  // that was the version
    return outer.tag == V_ASN1_SEQUENCE && std::ranges::equal(inner.whole, outer.whole);
}

// RFC 5280, 5.2: a list with a critical extension that we don't know (such as one for some reasons, or since another list) says
// nothing of what is not on it.
bool has_critical_extension(const X509_CRL* crl) {
    for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i)
        if (X509_EXTENSION_get_critical(X509_CRL_get_ext(crl, i)) != 0) return true;
    return false;
}

}  // namespace

Result<RevocationList> RevocationList::from_der(ByteView der) {
    if (der.size() > limits::kRevocationList) return fail(Reason::too_large, "revocation list");
    const unsigned char* at = der.data();
    std::shared_ptr<X509_CRL> crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())), X509_CRL_free);
    if (!crl) return fail_ossl(Reason::malformed, "revocation list");
    if (at != der.data() + der.size()) return fail(Reason::malformed, "bytes after the revocation list");
    const bool one_algorithm = of_one_algorithm(der);
    ERR_clear_error();  // what TLS would take for its own
    if (!one_algorithm) return fail(Reason::malformed, "revocation list of two signature algorithms");
    if (has_critical_extension(crl.get())) return fail(Reason::malformed, "revocation list with a critical extension");
    const auto from = wall_time(X509_CRL_get0_lastUpdate(crl.get()));
    const auto until = wall_time(X509_CRL_get0_nextUpdate(crl.get()));
    ERR_clear_error();
    if (!from || !until) return fail(Reason::malformed, "revocation list without its times");
    return RevocationList(std::move(crl), *from, *until);
}

Status RevocationList::check_issuer(const Certificate& issuer) const {
    CT_TRY(const PublicKey key, issuer.public_key());
    const bool named = X509_NAME_cmp(X509_CRL_get_issuer(crl_.get()), X509_get_subject_name(issuer.raw())) == 0;
    const bool signed_by = named && X509_CRL_verify(crl_.get(), key.raw()) == 1;
    ERR_clear_error();
    if (!signed_by) return fail(Reason::evidence_collateral_invalid, "a revocation list that its issuer did not sign");
    return {};
}

bool RevocationList::revokes(const Certificate& certificate) const {
    X509_REVOKED* entry = nullptr;  // the list's
    return X509_CRL_get0_by_serial(crl_.get(), &entry, X509_get0_serialNumber(certificate.raw())) == 1;
}

}  // namespace ct::crypto
