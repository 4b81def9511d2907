// SPDX-License-Identifier: Apache-2.0
// Which of the known formats a file has, by what can't be mistaken in it: sizes, magic numbers, version words.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "clients/attest/fields.h"

namespace ct::attest_tool {

enum class Format : std::uint8_t {
    snp_report,
    snp_extended_report,
    tdx_quote,
    nitro_document,
    tpm_attest,
    tpm_signature,
    tpm_public,
    event_log,
    ccel,
    certificate,
    evidence_file,
    audit_record,
    signed_file,
    unknown
};

inline constexpr std::size_t kMostFile = 32UZ << 20;  // an envelope is the largest of them

Format recognise(ByteView bytes);
std::string_view to_string(Format format);  // "sev-snp report"

// Every field, in the order of the specification. evidence_malformed and its like where the file is not what it looks like,
// malformed also for a format that is not known.
Result<Fields> describe(ByteView bytes);

// One format each; describe() chooses.
Result<Fields> describe_snp_report(ByteView bytes);
Result<Fields> describe_snp_extended_report(ByteView bytes);  // with the host's table of certificates behind it
Result<Fields> describe_tdx_quote(ByteView bytes);
Result<Fields> describe_nitro_document(ByteView bytes);
Result<Fields> describe_tpm_attest(ByteView bytes);
Result<Fields> describe_tpm_signature(ByteView bytes);
Result<Fields> describe_tpm_public(ByteView bytes);
Result<Fields> describe_event_log(ByteView bytes);
Result<Fields> describe_certificate(ByteView bytes);
Result<Fields> describe_evidence_file(ByteView bytes);
Result<Fields> describe_audit_record(ByteView bytes);
Result<Fields> describe_signed_file(ByteView bytes);
// What a collector made, as it travels in a proof.
Result<Fields> describe_evidence(std::string_view kind, ByteView body);

// TPMT_PUBLIC without the size that TPM2B_PUBLIC puts before it.
ByteView without_size(ByteView tpm_public);
// A certificate in DER, from DER or the first of PEM.
Result<Bytes> der_of(ByteView certificate);

}  // namespace ct::attest_tool
