// SPDX-License-Identifier: Apache-2.0
// Who signed a document: its key, and from there to a root.
#pragma once

#include <span>
#include <vector>

#include "attest/evidence/nitro_document.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::nitro {

// The one root of real devices, built in (attest/roots).
std::span<const crypto::Certificate> aws_root();

// Until when the chain is good: the document's certificate, its bundle from the end to the second, and one of `roots`. The
// first of the bundle is the root by its maker's word only, and is not looked at.
WallTime check_chain(const Document& document, const crypto::Certificate& leaf,
                     std::span<const crypto::Certificate> roots, WallTime at, Memo* memo,
                     std::vector<Finding>& findings);

// That the certificate's key signed the document, and may.
void check_signature(const Document& document, const crypto::Certificate& leaf, std::vector<Finding>& findings);

}  // namespace ct::attest::nitro
