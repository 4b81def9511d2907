// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm_signature.h"

#include "attest/evidence/cursor.h"
#include "attest/evidence/tpm_algorithms.h"
#include "base/limits.h"

namespace ct::attest::tpm {
namespace {

constexpr std::size_t kMostRsa = 512;        // RSA-4096
constexpr std::size_t kMostCoordinate = 66;  // P-521

}  // namespace

Result<Signature> parse_signature(ByteView bytes) {
    if (bytes.size() > limits::kTpmSignature) return fail(Reason::evidence_too_large, "TPMT_SIGNATURE");
    Cursor in(bytes);
    Signature signature;
    signature.scheme = in.be16();
    signature.hash = in.be16();
    if (!in.ok()) return fail(Reason::evidence_malformed, "TPMT_SIGNATURE ends early");
    switch (signature.scheme) {
        case alg::kRsaSsa:
        case alg::kRsaPss:
            signature.rsa = in.tpm2b(kMostRsa);
            break;
        case alg::kEcdsa:
            signature.r = in.tpm2b(kMostCoordinate);
            signature.s = in.tpm2b(kMostCoordinate);
            break;
        default:
            return fail(Reason::evidence_algorithm_weak, "TPMT_SIGNATURE: not RSASSA, RSAPSS or ECDSA");
    }
    if (!in.finished()) return fail(Reason::evidence_malformed, "TPMT_SIGNATURE: not exactly one signature");
    return signature;
}

}  // namespace ct::attest::tpm
