// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/scope.h"

namespace ct::attest {

// A composite speaks of what its processor does. A TPM says nothing of who else can read memory, and of a Nitro enclave nothing
// shows that its memory is encrypted.
Scope scope_of(std::string_view kind) {
    const bool processor = kind.contains("snp") || kind.contains("tdx");
    return {.real = !kind.starts_with("simulated-"), .encrypted_memory = processor, .instance = kind == "tpm2"};
}

std::vector<std::string_view> denied_as(std::string_view kind) {
    std::vector<std::string_view> out{kind};
    const bool composite = kind.contains("azure-") || kind.contains("gce-");
    if (composite) out.insert(out.end(), {"tpm2", kind.ends_with("snp") ? "sev-snp" : "tdx"});
    return out;
}

}  // namespace ct::attest
