// SPDX-License-Identifier: Apache-2.0
#include "clients/attest/exhibit.h"

#include <algorithm>

#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/snp_certificates.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tdx_quote.h"
#include "attest/evidence/tpm2_bundle.h"
#include "clients/attest/evidence_file.h"
#include "clients/attest/pcr_file.h"
#include "crypto/digest.h"

namespace ct::attest_tool {
namespace {

namespace snp = attest::snp;
namespace tdx = attest::tdx;
namespace nitro = attest::nitro;
namespace tpm = attest::tpm;
using What = Expected::What;

Sha512 padded(ByteView bytes) {
    Sha512 out{};
    std::ranges::copy(bytes.first(std::min(bytes.size(), out.size())), out.begin());
    return out;
}

Status must_be(const Expected& expected, std::initializer_list<What> fitting, const char* instead) {
    if (expected.what == What::nothing || std::ranges::find(fitting, expected.what) != fitting.end()) return {};
    return fail(Reason::invalid_argument, instead);
}

// Reports of processors: R and any other 64 bytes are compared in the same way. `own` is what the report has.
Result<Exhibit> of_processor(std::string_view kind, const Expected& expected, ByteView own) {
    CT_CHECK(must_be(expected, {What::binding, What::report_data}, "a processor's report is over --report-data"));
    Exhibit out;
    out.kind = kind;
    out.binding = padded(expected.what == What::nothing ? own : ByteView(expected.bytes));
    return out;
}

// Documents and quotes of others have a nonce of any size, and none of the marks of a release.
void compare_nonce(Exhibit& out, const Expected& expected, ByteView nonce) {
    out.for_release = expected.what == What::binding;
    if (out.for_release) out.binding = padded(expected.bytes);
    if (expected.what == What::nonce && !crypto::equal_constant_time(nonce, expected.bytes))
        out.findings.push_back({Reason::evidence_nonce_mismatch, "the nonce is another than the one that was given"});
}

Result<Exhibit> of_snp(ByteView report, const Beside& beside, const Expected& expected) {
    const auto parsed = snp::parse_report(report);
    CT_TRY(auto out, of_processor(snp::kKind, expected, parsed ? parsed->report_data : ByteView{}));
    out.introduction = snp::encode(snp::Introduction{});
    out.evidence = snp::encode({report, {beside.certificates.begin(), beside.certificates.end()}});
    return out;
}

// With the host's certificates where the caller has none: the key's, and AMD's intermediate.
Result<Exhibit> of_extended_snp(ByteView bytes, const Beside& beside, const Expected& expected) {
    const ByteView report = bytes.first(snp::kReportSize);
    if (!beside.certificates.empty()) return of_snp(report, beside, expected);
    CT_TRY(const auto table, snp::parse_certificates(bytes.subspan(snp::kReportSize)));
    Beside with;
    for (const ByteView certificate : {table.vcek.empty() ? table.vlek : table.vcek, table.ask}) {
        if (certificate.empty()) break;
        CT_TRY(auto der, der_of(certificate));
        with.certificates.push_back(std::move(der));
    }
    return of_snp(report, with, expected);
}

Result<Exhibit> of_tdx(ByteView quote, const Expected& expected) {
    const auto parsed = tdx::parse_quote(quote);
    CT_TRY(auto out, of_processor(tdx::kKind, expected, parsed ? parsed->td.report_data : ByteView{}));
    out.introduction = tdx::encode_introduction();
    out.evidence = tdx::encode(tdx::Evidence{quote});
    return out;
}

Result<Exhibit> of_nitro(ByteView bytes, const Expected& expected) {
    CT_CHECK(must_be(expected, {What::binding, What::nonce}, "a Nitro document is over --nonce"));
    const auto document = nitro::parse_document(bytes);
    Exhibit out;
    out.kind = nitro::kKind;
    out.introduction = nitro::encode(nitro::Introduction{document ? document->form : nitro::Form::enclave});
    out.evidence = nitro::encode(nitro::Evidence{bytes});
    compare_nonce(out, expected, document ? document->nonce.value_or(ByteView{}) : ByteView{});
    return out;
}

Result<Exhibit> of_tpm(ByteView attest, const Beside& beside, const Expected& expected) {
    CT_CHECK(must_be(expected, {What::binding, What::nonce}, "a TPM's quote is over --nonce"));
    if (beside.signature.empty() || beside.ak.empty() || beside.pcrs.empty())
        return fail(Reason::invalid_argument, "a TPM's quote needs --signature, --ak and --pcrs beside it");
    if (as_text(beside.ak).starts_with("-----BEGIN"))
        return fail(Reason::invalid_argument,
                    "--ak: PEM does not say what a key may sign: give the TPM2B_PUBLIC (tpm2_readpublic -o)");
    CT_TRY(const auto pcrs, parse_pcr_file(beside.pcrs));
    const auto quote = tpm::parse_quote(attest);
    Exhibit out;
    out.kind = tpm::kKind;
    const ByteView ak = without_size(beside.ak);
    out.introduction =
        tpm::encode(tpm::Introduction{ak, {}, {beside.certificates.begin(), beside.certificates.end()}, {}});
    tpm::Evidence evidence{.attest = attest,
                           .signature = beside.signature,
                           .pcr_mask = pcrs.mask,
                           .pcr_values = {},
                           .event_log = beside.event_log,
                           .secret = {}};
    std::ranges::copy(pcrs.values, evidence.pcr_values.begin());
    out.evidence = tpm::encode(evidence);
    compare_nonce(out, expected, quote ? quote->extra_data : ByteView{});
    return out;
}

// Without an expected nonce the file's own word is taken, which shows nothing.
Result<Exhibit> of_file(ByteView bytes, const Expected& expected) {
    CT_CHECK(must_be(expected, {What::binding, What::nonce}, "evidence of this tool is over --nonce"));
    CT_TRY(auto file, decode_evidence_file(bytes));
    Exhibit out;
    out.kind = std::move(file.kind);
    out.introduction = std::move(file.introduction);
    out.evidence = std::move(file.evidence);
    out.binding = expected.what == What::binding
                      ? padded(expected.bytes)
                      : binding_of(expected.what == What::nonce ? expected.bytes : file.nonce);
    return out;
}

Result<Exhibit> by_format(ByteView file, const Beside& beside, const Expected& expected) {
    switch (const Format format = recognise(file)) {
        case Format::snp_report:
            return of_snp(file, beside, expected);
        case Format::snp_extended_report:
            return of_extended_snp(file, beside, expected);
        case Format::tdx_quote:
            return of_tdx(file, expected);
        case Format::nitro_document:
            return of_nitro(file, expected);
        case Format::tpm_attest:
            return of_tpm(file, beside, expected);
        case Format::evidence_file:
            return of_file(file, expected);
        default:
            return fail(Reason::malformed, "no evidence that could be judged: " + std::string(to_string(format)));
    }
}

}  // namespace

Result<Exhibit> exhibit_of(ByteView file, const Beside& beside, const Expected& expected) {
    CT_TRY(auto out, by_format(file, beside, expected));
    out.fresh = expected.what != What::nothing;
    out.nonce = expected.bytes;
    return out;
}

}  // namespace ct::attest_tool
