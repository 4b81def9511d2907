// SPDX-License-Identifier: Apache-2.0
// Intel's signed documents as its provisioning certification service gives them. Intel SGX and TDX PCS API v4.
#pragma once

#include <string_view>

#include "attest/evidence/tdx_pck.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::tdx {

// Names in Subject::collateral; FMSPC in lower-case hex.
inline constexpr std::string_view kTcbInfo = "intel/tcb-info/";          // + FMSPC: {"tcbInfo":...,"signature":"HEX"}
inline constexpr std::string_view kQeIdentity = "intel/td-qe-identity";  // {"enclaveIdentity":...,"signature":"HEX"}
inline constexpr std::string_view kSigner = "intel/tcb-signing-chain";   // PEM, the signer first
inline constexpr std::string_view kPckList = "intel/pck-crl/";           // + "platform" or "processor": DER
inline constexpr std::string_view kRootList = "intel/root-crl";          // DER

// The bytes of the one signed member of a document, {"NAME":BYTES,"signature":"HEX"}, once their signature has verified: nothing
// is parsed before. evidence_collateral_invalid.
Result<ByteView> open_document(ByteView document, std::string_view name, const crypto::PublicKey& signer);

}  // namespace ct::attest::tdx
