// SPDX-License-Identifier: Apache-2.0
// What passes between a TD and the quote generation service (QGS) of its host: the one question that we ask, and its answer. Intel
// DCAP, QuoteGeneration/quote_wrapper/qgs_msg_lib, protocol 1.1: little-endian, but for the size before each message.
#pragma once

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

namespace ct::attest::tdx {

// What the TDX module signs for this platform alone (TDREPORT). Intel TDX Module ABI, TDREPORT_STRUCT.
inline constexpr std::size_t kModuleReportSize = 1024;
// Its REPORTDATA. evidence_device_failed where it is none of a TD.
Result<ByteView> module_report_data(ByteView report);

inline constexpr std::size_t kQgsPrefix = 4;       // size of the message that follows
inline constexpr std::size_t kQgsAnswerHead = 24;  // of an answer: header, size of the key's name, size of the quote
inline constexpr std::size_t kQgsKeyName = 16;     // which attestation key it is of; often left out
inline constexpr std::size_t kMostQgsAnswer = kQgsAnswerHead + kQgsKeyName + limits::kTdxQuote;

// With its prefix: asks for a quote of what `report` says, by the service's own key.
Bytes encode_quote_request(ByteView report);

// The size of the answer that follows, in bounds. evidence_device_failed.
Result<std::size_t> parse_qgs_prefix(ByteView prefix);

// The quote in the answer, which has no prefix any more. evidence_device_failed, with the service's own error where it has one.
Result<ByteView> parse_quote_answer(ByteView message);

}  // namespace ct::attest::tdx
