// SPDX-License-Identifier: Apache-2.0
#include "crypto/crl.h"

#include "base/limits.h"
#include "crypto/ossl.h"
#include "crypto/ossl_time.h"

namespace ct::crypto {

Result<RevocationList> RevocationList::from_der(ByteView der) {
    if (der.size() > limits::kRevocationList) return fail(Reason::too_large, "revocation list");
    const unsigned char* at = der.data();
    std::shared_ptr<X509_CRL> crl(d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())), X509_CRL_free);
    if (!crl) return fail_ossl(Reason::malformed, "revocation list");
    if (at != der.data() + der.size()) return fail(Reason::malformed, "bytes after the revocation list");
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
