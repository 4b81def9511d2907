// SPDX-License-Identifier: Apache-2.0
// What the audit stream speaks of. Each type of event has a MESSAGE_ID of its own, explained in cloudtaser.catalog
// (journalctl -x). Ids and field names are a contract with whoever reads the journal: add, never change.
#pragma once

#include <cstdint>
#include <string_view>

namespace ct::audit {

// X(name, MESSAGE_ID, words). By who writes them.
#define CT_AUDIT_TYPES(X)                                                                                              \
    /* every daemon */                                                                                                 \
    X(daemon_started, "2357dd8a87cf4508b35a0fad5c6bc5e5", "daemon started")                                            \
    X(daemon_stopping, "1a81ea951f514f6faad598fcfc47256c", "daemon stopping")                                          \
    X(configuration_loaded, "861165dac8334932800e0633105cd751", "configuration loaded")                                \
    X(access_refused, "5eb6026f9f49468d96eb365eabb33ecb", "caller refused")                                            \
    /* secretd */                                                                                                      \
    X(session_opened, "09e381c4410f4a8d8e4b755c4336e6f8", "session opened")                                            \
    X(session_ended, "c95e98d555b2407c9c57d53128c9b296", "session ended")                                              \
    X(sessions_restored, "e90a1559a7ff43388192fd6919129df3", "sessions outlived a restart")                            \
    X(grant_obtained, "f16d6aef141c4a4e89b049bae76a381e", "grant obtained")                                            \
    X(grant_ended, "6ccdb5ee41c64f928112f378d369a0df", "grant ended")                                                  \
    X(secret_delivered, "17e5604cdc7e4a9f9cd70b84e5f9fd0c", "secret delivered")                                        \
    X(workload_revoked, "1d94507ffff54a048cc4238acd573780", "workload revoked")                                        \
    X(wrapping_token_reused, "336467cfd33d4ae8a2893ea8bacaf44a", "wrapping token was used by somebody else")           \
    X(protection_degraded, "886b1abb75754755a1c50742154ec2b7", "protection degraded")                                  \
    /* attestd */                                                                                                      \
    X(evidence_produced, "50c81a83fea246558aa80d114c42e252", "evidence produced")                                      \
    /* bridge */                                                                                                       \
    X(stream_opened, "69a84b5c60b9426090783b63ac5dfa57", "stream opened")                                              \
    /* gate */                                                                                                         \
    X(verdict, "54146af933944f93bb13cd674dcfcb16", "verdict")                                                          \
    X(token_minted, "5e8e93155f6a40068b1902662b3b518a", "token minted")                                                \
    X(policy_loaded, "4fdd2146c57b4101a4a09e37e84e4497", "policy loaded")                                              \
    X(lease_ended, "6da1e2cb75f64257848ccfe5a6402184", "lease ended early")                                            \
    X(node_enrolled, "27575feff41f4b19a95bf5c207027adf", "node enrolled")                                              \
    X(node_revoked, "4ecf451e651045ea90de269a4f770e81", "node revoked")                                                \
    X(evidence_replayed, "0575562cab6d485c8c2234fb7d0a1b59", "evidence replayed")

enum class Type : std::uint8_t {
#define CT_X(name, id, words) name,
    CT_AUDIT_TYPES(CT_X)
#undef CT_X
};
std::string_view to_string(Type type);   // "session_opened"
std::string_view message_id(Type type);  // 32 hex digits
std::string_view words(Type type);       // "session opened"

// X(name): journal field CT_NAME, JSON key "name". Never a secret value, never a token.
// clang-format off
#define CT_AUDIT_FIELDS(X)                                                                                             \
    X(workload) X(session) X(uid) X(pid) X(unit) X(executable) X(executable_sha256) X(caller) X(member)                \
    X(evidence_kind) X(tier) X(secret_name) X(secret_version) X(upstream) X(address) X(node) X(policy_hash) X(cause) X(collateral_hash) X(collateral_serial)            \
    X(policy_epoch) X(accessor) X(record) X(record_sha256) X(lifetime) X(count) X(round_trips) X(protection) X(version) X(file)
// clang-format on

enum class Field : std::uint8_t {
#define CT_X(name) name,
    CT_AUDIT_FIELDS(CT_X)
#undef CT_X
};
std::string_view to_string(Field field);

}  // namespace ct::audit
