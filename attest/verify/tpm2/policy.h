// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "attest/evidence/tpm_attest.h"
#include "attest/verify/verifier.h"
#include "crypto/x509.h"

namespace ct::attest::tpm {

// Table [workload.NAME.tpm2]:
//   bank = "sha256"                     # or sha384, sha512
//   pcrs = { "0" = "HEX", "7" = ["HEX", "HEX"] }   # each PCR with the values that are allowed; exactly these are quoted
//   ak = ["sha256:HEX"]                 # attestation keys, by SHA-256 of TPMT_PUBLIC (tpm_public.h, fingerprint_of)
//   ak_roots = "NAME.pem"               # who may certify attestation keys: an attachment, or PEM text itself
//   ek = ["sha256:HEX"]                 # endorsement keys, the same way: the AK proves that it lives in the same TPM
//   ek_roots = "NAME.pem"               # TPM makers, for endorsement key certificates
//   deny_keys = ["sha256:HEX"]          # attestation and endorsement keys that are shut out, by SHA-256 of their SPKI
//   require_event_log = false           # the firmware's log must replay to the quoted PCRs...
//   event_log_pcrs = [0, 7]             # ...to these of them; all by default
//   reset_counters = [RESET, RESTART]   # the machine must not have rebooted or resumed since
//   allow_unsafe_clock = false
// At least one of ak, ak_roots, ek, ek_roots; pcrs has at least one. NAME.pem is a file in the policy's folder.
struct Tpm2Policy final : KindPolicy {
    crypto::Hash bank = crypto::Hash::sha256;
    std::map<unsigned, std::vector<Bytes>> pcrs;
    PcrSelection selection;  // bank and mask of the above
    std::vector<Sha256> ak, ek, deny_keys;
    std::vector<crypto::Certificate> ak_roots, ek_roots;
    bool enrolled = false;  // also the keys that the node was enrolled with
    bool require_event_log = false;
    std::uint32_t event_log_mask = 0;
    struct Counters {
        std::uint32_t reset = 0, restart = 0;
    };
    std::optional<Counters> counters;
    bool allow_unsafe_clock = false;
};

// "sha256:" and the SHA-256 of a key's TPMT_PUBLIC in hex. The error says so.
Result<Sha256> parse_fingerprint(std::string_view text);

Result<std::shared_ptr<const Tpm2Policy>> parse_tpm2_policy(const config::Node& table,
                                                            const Attachments& attachments = {});
// For kinds whose hardware says which key it is: the same table without ak, ak_roots, ek, ek_roots and enrolled.
Result<std::shared_ptr<const Tpm2Policy>> parse_quote_policy(const config::Node& table);

}  // namespace ct::attest::tpm
