// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/known.h"

#include <algorithm>

#include "crypto/digest.h"

namespace ct::attest {
namespace {

// When all of these are good.
struct Window {
    WallTime from = WallTime::min(), until = WallTime::max();
};

Window window_of(const crypto::Certificate& leaf, std::span<const crypto::Certificate> intermediates,
                 std::span<const crypto::Certificate> roots) {
    Window out{leaf.not_before(), leaf.not_after()};
    for (const auto others : {intermediates, roots})
        for (const auto& certificate : others) {
            out.from = std::max(out.from, certificate.not_before());
            out.until = std::min(out.until, certificate.not_after());
        }
    return out;
}

// Names a set of certificates, in order.
Result<Bytes> names_of(std::span<const crypto::Certificate> certificates) {
    Bytes out;
    for (const auto& certificate : certificates) {
        CT_TRY(const auto der, certificate.der());
        append(out, crypto::sha256(der));
    }
    return out;
}

}  // namespace

Result<std::shared_ptr<const crypto::Certificate>> known_certificate(Memo* memo, ByteView der) {
    return remember<crypto::Certificate>(memo, "certificate", {der},
                                         [&] { return crypto::Certificate::from_der(der); });
}

Status known_chain(Memo* memo, const crypto::Certificate& leaf, std::span<const crypto::Certificate> intermediates,
                   std::span<const crypto::Certificate> roots, WallTime at) {
    const auto window = window_of(leaf, intermediates, roots);
    // Outside of it OpenSSL says what is wrong, and that is not kept.
    if (memo == nullptr || at < window.from || at >= window.until)
        return crypto::verify_chain(leaf, intermediates, roots, at);
    CT_TRY(const auto own, leaf.der());
    CT_TRY(const auto between, names_of(intermediates));
    CT_TRY(const auto anchors, names_of(roots));
    CT_TRY([[maybe_unused]] const auto sound,
           remember<bool>(memo, "chain", {own, between, anchors}, [&]() -> Result<bool> {
               CT_CHECK(crypto::verify_chain(leaf, intermediates, roots, at));
               return true;
           }));
    return {};
}

Result<std::shared_ptr<const crypto::RevocationList>> known_list(Memo* memo, ByteView der, const Sha256& digest,
                                                                 const crypto::Certificate& issuer) {
    CT_TRY(const auto by, issuer.der());
    return remember<crypto::RevocationList>(memo, "list", {digest, by}, [&]() -> Result<crypto::RevocationList> {
        CT_TRY(auto list, crypto::RevocationList::from_der(der));
        CT_CHECK(list.check_issuer(issuer));
        return list;
    });
}

}  // namespace ct::attest
