// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/body.h"

#include "base/limits.h"

namespace ct::attest {

void put_chain(cbor::Writer& out, const std::vector<ByteView>& chain) {
    out.array(chain.size());
    for (const ByteView certificate : chain)
        out.bytes(certificate);
}

Result<std::vector<ByteView>> get_chain(cbor::Reader& in) {
    CT_TRY(const std::size_t count, in.array(limits::kCertificateChain));
    std::vector<ByteView> chain(count);
    for (ByteView& certificate : chain) {
        CT_TRY(certificate, in.bytes(1, limits::kCertificate));
    }
    CT_CHECK(in.leave());
    return chain;
}

}  // namespace ct::attest
