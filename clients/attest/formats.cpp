// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/formats.h"

#include "attest/evidence/cursor.h"
#include "attest/evidence/snp_report.h"
#include "attest/evidence/tpm_public.h"
#include "attest/evidence/tpm_signature.h"
#include "attest/signed/envelope.h"
#include "clients/attest/evidence_file.h"
#include "codec/cbor.h"

namespace ct::attest_tool {
namespace {

using attest::Cursor;

constexpr std::uint32_t kTdx = 0x81, kSgx = 0;  // TEE types of a quote
constexpr std::uint32_t kTpmGenerated = 0xff544347;
constexpr std::string_view kPem = "-----BEGIN CERTIFICATE-----";

bool is_snp(ByteView bytes) {
    Cursor in(bytes);
    const std::uint32_t version = in.le32();
    in.take(0x34 - 4);
    return bytes.size() >= attest::snp::kReportSize && version >= 2 && version <= 5 && in.le32() == 1 && in.ok();
}

// SGX quotes as well: they are told from what we know better by their reader than by "unknown".
bool is_quote(ByteView bytes) {
    Cursor in(bytes);
    const std::uint16_t version = in.le16(), key_type = in.le16();
    const std::uint32_t tee = in.le32();
    return in.ok() && version >= 3 && version <= 5 && (key_type == 2 || key_type == 3) && (tee == kTdx || tee == kSgx);
}

// COSE_Sign1, tagged or not, whose protected header is {1: -35}.
bool is_cose(ByteView bytes) {
    constexpr std::uint8_t head[] = {0x84, 0x44, 0xa1, 0x01, 0x38, 0x22};
    if (!bytes.empty() && bytes[0] == 0xd2) bytes = bytes.subspan(1);
    return bytes.size() > sizeof head && std::ranges::equal(bytes.first(sizeof head), head);
}

// The first record of a crypto-agile log, and the index that it stands under; a TD's has one of a register.
Format log_of(ByteView bytes) {
    Cursor in(bytes);
    const std::uint32_t index = in.le32(), type = in.le32();
    in.take(20);
    Cursor event(in.take(in.le32()));
    if (!in.ok() || type != 3 || as_text(event.take(15)) != "Spec ID Event03") return Format::unknown;
    return index == 0 ? Format::event_log : Format::ccel;
}

// Our own files are arrays that begin with their format.
std::string_view first_text(ByteView bytes) {
    cbor::Reader in(bytes);
    if (!in.array(64)) return {};
    const auto text = in.text(0, 64);
    return text ? *text : std::string_view{};
}

}  // namespace

Format recognise(ByteView bytes) {
    if (is_snp(bytes))
        return bytes.size() == attest::snp::kReportSize ? Format::snp_report : Format::snp_extended_report;
    if (is_quote(bytes)) return Format::tdx_quote;
    if (is_cose(bytes)) return Format::nitro_document;
    if (Cursor(bytes).be32() == kTpmGenerated) return Format::tpm_attest;
    if (const Format log = log_of(bytes); log != Format::unknown) return log;
    const auto word = first_text(bytes);
    if (word == kEvidenceFormat) return Format::evidence_file;
    if (word.starts_with("cloudtaser/record/")) return Format::audit_record;
    if (as_text(bytes).substr(0, 4096).contains(kPem) || (bytes.size() > 4 && bytes[0] == 0x30 && bytes[1] == 0x82))
        return Format::certificate;
    if (attest::tpm::parse_public(without_size(bytes))) return Format::tpm_public;
    if (attest::tpm::parse_signature(bytes)) return Format::tpm_signature;
    if (attest::decode_envelope(bytes)) return Format::signed_file;
    return Format::unknown;
}

std::string_view to_string(Format format) {
    switch (format) {
        case Format::snp_report:
            return "sev-snp report";
        case Format::snp_extended_report:
            return "sev-snp extended report";
        case Format::tdx_quote:
            return "tdx quote";
        case Format::nitro_document:
            return "nitro document";
        case Format::tpm_attest:
            return "TPMS_ATTEST";
        case Format::tpm_signature:
            return "TPMT_SIGNATURE";
        case Format::tpm_public:
            return "TPMT_PUBLIC";
        case Format::event_log:
            return "event log";
        case Format::ccel:
            return "CC event log";
        case Format::certificate:
            return "certificate";
        case Format::evidence_file:
            return kEvidenceFormat;
        case Format::audit_record:
            return "audit record";
        case Format::signed_file:
            return "signed file";
        case Format::unknown:
            break;
    }
    return "unknown";
}

Result<Fields> describe(ByteView bytes) {
    switch (recognise(bytes)) {
        case Format::snp_report:
            return describe_snp_report(bytes);
        case Format::snp_extended_report:
            return describe_snp_extended_report(bytes);
        case Format::tdx_quote:
            return describe_tdx_quote(bytes);
        case Format::nitro_document:
            return describe_nitro_document(bytes);
        case Format::tpm_attest:
            return describe_tpm_attest(bytes);
        case Format::tpm_signature:
            return describe_tpm_signature(bytes);
        case Format::tpm_public:
            return describe_tpm_public(bytes);
        case Format::event_log:
        case Format::ccel:
            return describe_event_log(bytes);
        case Format::certificate:
            return describe_certificate(bytes);
        case Format::evidence_file:
            return describe_evidence_file(bytes);
        case Format::audit_record:
            return describe_audit_record(bytes);
        case Format::signed_file:
            return describe_signed_file(bytes);
        case Format::unknown:
            break;
    }
    return fail(Reason::malformed, "none of the known formats");
}

}  // namespace ct::attest_tool
