// SPDX-License-Identifier: Apache-2.0
// Every refusal and failure of CloudTaser carries one of these codes. The code is the contract: it travels in the
// release protocol, in D-Bus errors, in the journal and in exit messages, and it never changes its meaning. Add codes;
// do not rename them. docs/reasons.md explains each to an operator and a test keeps that page complete.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ct {

// X(name, D-Bus error it maps to). Grouped by who says it.
#define CT_REASONS(X)                                                                                                  \
    /* anywhere */                                                                                                     \
    X(internal, Failed)                                                                                                \
    X(io_failed, Failed)                                                                                               \
    X(invalid_argument, InvalidArgument)                                                                               \
    X(malformed, InvalidArgument)                                                                                      \
    X(too_large, QuotaExceeded)                                                                                        \
    X(timed_out, UpstreamUnavailable)                                                                                  \
    X(cancelled, Failed)                                                                                               \
    X(unsupported, Unsupported)                                                                                        \
    X(quota_exceeded, QuotaExceeded)                                                                                   \
    X(config_invalid, Failed)                                                                                          \
    X(config_missing, Failed)                                                                                          \
    X(judge_unavailable, Failed)                                                                                       \
    X(audit_unavailable, Failed)                                                                                       \
    /* the node's face: who asks, and for what */                                                                      \
    X(caller_not_allowed, PolicyDenied)                                                                                \
    X(caller_mismatch, PolicyDenied)                                                                                   \
    X(identity_unreadable, PolicyDenied)                                                                               \
    X(executable_not_allowed, PolicyDenied)                                                                            \
    X(workload_unknown, PolicyDenied)                                                                                  \
    X(name_not_mapped, NoSuchSecret)                                                                                   \
    X(session_unknown, NoSuchSession)                                                                                  \
    X(session_ended, NoSuchSession)                                                                                    \
    X(secret_memory_unavailable, Unsupported)                                                                          \
    X(enforcement_unavailable, EnforcementUnavailable)                                                                 \
    /* the way out */                                                                                                  \
    X(daemon_unavailable, UpstreamUnavailable)                                                                         \
    X(upstream_unknown, UpstreamUnavailable)                                                                           \
    X(upstream_unreachable, UpstreamUnavailable)                                                                       \
    /* the gate's TLS and protocol */                                                                                  \
    X(gate_unreachable, UpstreamUnavailable)                                                                           \
    X(gate_pin_mismatch, PolicyDenied)                                                                                 \
    X(gate_certificate_expired, PolicyDenied)                                                                          \
    X(tls_failed, UpstreamUnavailable)                                                                                 \
    X(tls_peer_pin_mismatch, PolicyDenied)                                                                             \
    X(tls_certificate_expired, PolicyDenied)                                                                           \
    X(protocol_violation, EvidenceRejected)                                                                            \
    X(protocol_version, Unsupported)                                                                                   \
    X(node_unknown, NotAttested)                                                                                       \
    X(node_revoked, NotAttested)                                                                                       \
    /* evidence: collecting it */                                                                                      \
    X(attester_unavailable, NotAttested)                                                                               \
    X(evidence_device_absent, NotAttested)                                                                             \
    X(evidence_device_failed, NotAttested)                                                                             \
    /* evidence: judging it (attest/verify); one code a check */                                                       \
    X(evidence_too_large, EvidenceRejected)                                                                            \
    X(evidence_malformed, EvidenceRejected)                                                                            \
    X(evidence_wrong_type, EvidenceRejected)                                                                           \
    X(evidence_kind_not_allowed, EvidenceRejected)                                                                     \
    X(evidence_algorithm_weak, EvidenceRejected)                                                                       \
    X(evidence_signature_invalid, EvidenceRejected)                                                                    \
    X(evidence_key_untrusted, EvidenceRejected)                                                                        \
    X(evidence_key_attributes, EvidenceRejected)                                                                       \
    X(evidence_chain_invalid, EvidenceRejected)                                                                        \
    X(evidence_certificate_expired, EvidenceRejected)                                                                  \
    X(evidence_nonce_mismatch, EvidenceStale)                                                                          \
    X(evidence_replayed, EvidenceStale)                                                                                \
    X(evidence_measurement_mismatch, EvidenceRejected)                                                                 \
    X(evidence_measurement_digest, EvidenceRejected)                                                                   \
    X(evidence_measurement_missing, EvidenceRejected)                                                                  \
    X(evidence_event_log_mismatch, EvidenceRejected)                                                                   \
    X(evidence_event_log_missing, EvidenceRejected)                                                                    \
    X(evidence_clock_unsafe, EvidenceRejected)                                                                         \
    X(evidence_reset_changed, EvidenceStale)                                                                           \
    X(evidence_product_unknown, EvidenceRejected)                                                                      \
    X(evidence_platform_mismatch, EvidenceRejected)                                                                    \
    X(evidence_binding_mismatch, EvidenceRejected)                                                                     \
    X(evidence_certificate_revoked, EvidenceRejected)                                                                  \
    X(evidence_revocation_unknown, EvidenceRejected)                                                                   \
    X(evidence_collateral_missing, EvidenceRejected)                                                                   \
    X(evidence_collateral_invalid, EvidenceRejected)                                                                   \
    X(evidence_collateral_expired, EvidenceRejected)                                                                   \
    X(evidence_debug, EvidenceRejected)                                                                                \
    X(evidence_migratable, EvidenceRejected)                                                                           \
    X(evidence_privilege, EvidenceRejected)                                                                            \
    X(evidence_configuration_mismatch, EvidenceRejected)                                                               \
    X(evidence_tcb_below_floor, EvidenceRejected)                                                                      \
    X(evidence_tcb_status, EvidenceRejected)                                                                           \
    X(evidence_platform_denied, EvidenceRejected)                                                                      \
    X(evidence_simulated, EvidenceRejected)                                                                            \
    X(challenge_unknown, EvidenceStale)                                                                                \
    X(challenge_expired, EvidenceStale)                                                                                \
    X(challenge_reused, EvidenceStale)                                                                                 \
    /* the gate's policy and minting */                                                                                \
    X(policy_denied, PolicyDenied)                                                                                     \
    X(policy_epoch_stale, EvidenceStale)                                                                               \
    X(mint_failed, UpstreamUnavailable)                                                                                \
    X(mint_denied, PolicyDenied)                                                                                       \
    X(mint_not_wrapped, PolicyDenied)                                                                                  \
    X(seal_invalid, EvidenceRejected)                                                                                  \
    /* OpenBao */                                                                                                      \
    X(vault_unreachable, UpstreamUnavailable)                                                                          \
    X(vault_tls_failed, UpstreamUnavailable)                                                                           \
    X(vault_timeout, UpstreamUnavailable)                                                                              \
    X(vault_sealed, UpstreamUnavailable)                                                                               \
    X(vault_uninitialized, UpstreamUnavailable)                                                                        \
    X(vault_standby, UpstreamUnavailable)                                                                              \
    X(vault_redirect, UpstreamUnavailable)                                                                             \
    X(vault_index_behind, UpstreamUnavailable)                                                                         \
    X(vault_rate_limited, QuotaExceeded)                                                                               \
    X(vault_token_invalid, PolicyDenied)                                                                               \
    X(vault_denied, PolicyDenied)                                                                                      \
    X(vault_not_found, NoSuchSecret)                                                                                   \
    X(vault_version_deleted, NoSuchSecret)                                                                             \
    X(vault_field_missing, NoSuchSecret)                                                                               \
    X(vault_rejected, UpstreamUnavailable)                                                                             \
    X(vault_failed, UpstreamUnavailable)                                                                               \
    X(vault_malformed, UpstreamUnavailable)                                                                            \
    X(wrapping_token_used, PolicyDenied)                                                                               \
    X(wrapping_path_mismatch, PolicyDenied)                                                                            \
    /* delivery into the program */                                                                                    \
    X(value_not_text, InvalidArgument)                                                                                 \
    X(value_has_nul, InvalidArgument)                                                                                  \
    X(value_too_large, InvalidArgument)                                                                                \
    X(tier_not_allowed, PolicyDenied)                                                                                  \
    X(target_not_found, InvalidArgument)                                                                               \
    X(target_not_executable, InvalidArgument)                                                                          \
    X(target_setuid, Unsupported)                                                                                      \
    X(target_file_capabilities, Unsupported)                                                                           \
    X(target_architecture, Unsupported)                                                                                \
    X(guard_not_permitted, Unsupported)                                                                                \
    X(guard_failed, Failed)                                                                                            \
    X(memlock_limit, QuotaExceeded)

enum class Reason : std::uint16_t {
#define CT_X(name, bus) name,
    CT_REASONS(CT_X)
#undef CT_X
};

// The stable snake_case spelling, e.g. "evidence_nonce_mismatch".
std::string_view to_string(Reason reason);
// The inverse, for codes that arrive over the wire; nullopt for a word that is not in the list.
std::optional<Reason> reason_from_string(std::string_view word);
// The last part of the D-Bus error name, e.g. "EvidenceStale" of io.cloudtaser.Error.EvidenceStale.
std::string_view bus_error(Reason reason);
// Somebody could not answer, as against having said no: it may pass.
bool is_outage(Reason reason);

}  // namespace ct
