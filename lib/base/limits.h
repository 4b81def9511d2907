// SPDX-License-Identifier: Apache-2.0
// Every bound in one place; docs/limits.md lists them with their reasons.
#pragma once

#include <chrono>
#include <cstddef>

namespace ct::limits {

using namespace std::chrono_literals;

// Secrets
inline constexpr std::size_t kSecretValue = 1 << 20;       // one value as read from OpenBao
inline constexpr std::size_t kEnvironmentString = 131072;  // MAX_ARG_STRLEN: "NAME=value" with its NUL, per the kernel
inline constexpr std::size_t kSecretsPerWorkload = 256;
inline constexpr std::size_t kNameLength = 256;      // workload names, secret names, paths' segments
inline constexpr std::size_t kVaultReply = 8 << 20;  // a 1 MiB value of control characters is 6 MiB on the wire

// Evidence (attestation: sizes are checked before parsing)
inline constexpr std::size_t kEvidence = 2 << 20;   // one evidence bundle, event log included
inline constexpr std::size_t kTpmAttest = 1024;     // TPMS_ATTEST
inline constexpr std::size_t kTpmSignature = 1024;  // TPMT_SIGNATURE
inline constexpr std::size_t kTpmPublic = 1024;     // TPMT_PUBLIC
inline constexpr std::size_t kEventLog = 1 << 20;
inline constexpr std::size_t kNitroDocument = 16 << 10;
inline constexpr std::size_t kCertificate = 4096;  // one DER certificate
inline constexpr std::size_t kCertificateChain = 5;
inline constexpr std::size_t kRevocationList = 1 << 20;
inline constexpr std::size_t kTdxQuote = 16 << 10;       // padding included
inline constexpr std::size_t kTdxCollateral = 64 << 10;  // one document or chain of Intel's
inline constexpr std::size_t kHclReport = 8 << 10;       // of an Azure machine

// Protocol
inline constexpr std::size_t kGateMessage = 4 << 20;  // one framed message; a proof holds evidence
inline constexpr auto kGateHandshake = 10s;
inline constexpr auto kGateReply = 20s;
inline constexpr auto kChallengeLife = 60s;
inline constexpr auto kVerdictTime = 5s;  // of the gate's judge, for one question
inline constexpr auto kVaultReplyTime = 10s;
inline constexpr auto kReleaseTime = 24s;               // whole release; below the 25 s D-Bus client timeout
inline constexpr std::size_t kAttestationsAtOnce = 16;  // of one node; others wait for their turn

// Quotas of a caller (uid) on secretd
inline constexpr std::size_t kSessionsPerCaller = 10000;
inline constexpr std::size_t kPendingPerCaller = 256;
inline constexpr std::size_t kWaitingPerCaller = 1024;  // calls on lines whose sessions wake after a restart

// Of a caller (uid) on any daemon
inline constexpr std::size_t kPolkitQuestionsPerCaller = 8;

}  // namespace ct::limits
