// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp/chain.h"

#include <algorithm>

#include "attest/verify/known.h"

namespace ct::attest::snp {
namespace {

std::vector<crypto::Certificate> intermediates(const Chain& chain) {
    std::vector<crypto::Certificate> all(chain.sent.begin(), chain.sent.end());
    all.insert(all.end(), chain.authority.intermediates.begin(), chain.authority.intermediates.end());
    return all;
}

}  // namespace

WallTime check_chain(const Chain& chain, WallTime at, Memo* memo, std::vector<Finding>& findings) {
    const auto between = intermediates(chain);
    if (const auto sound = known_chain(memo, chain.leaf, between, chain.authority.roots, at); !sound)
        findings.push_back({sound.error().reason, "signing key: " + sound.error().context});
    WallTime until = chain.leaf.not_after();
    for (const auto& certificate : between)
        until = std::min(until, certificate.not_after());
    for (const auto& root : chain.authority.roots)
        until = std::min(until, root.not_after());
    return until;
}

// AMD revokes intermediates only: the serial number of every leaf is 0.
WallTime check_revocation(const Chain& chain, const RevocationItem& crl, WallTime at, Memo* memo,
                          std::vector<Finding>& findings) {
    const auto find = [&](Reason reason, std::string detail) {
        findings.push_back({reason, std::move(detail)});
        return at;
    };
    if (crl.der.empty())
        return find(Reason::evidence_revocation_unknown, "no revocation list of AMD's for this product");
    std::shared_ptr<const crypto::RevocationList> list;
    for (const crypto::Certificate& root : chain.authority.roots) {
        const auto known = known_list(memo, crl.der, crl.digest, root);
        if (known) list = *known;
        if (!known && known.error().reason == Reason::malformed)
            return find(Reason::evidence_collateral_invalid, "revocation list: " + known.error().context);
    }
    if (!list) return find(Reason::evidence_collateral_invalid, "a revocation list that the root did not sign");
    if (at < list->this_update() || at > list->next_update())
        return find(Reason::evidence_revocation_unknown, "the revocation list is out of its time");
    for (const auto& certificate : intermediates(chain))
        if (list->revokes(certificate)) return find(Reason::evidence_certificate_revoked, certificate.subject());
    return list->next_update();
}

}  // namespace ct::attest::snp
