// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tdx_quote.h"

#include <algorithm>

#include "attest/evidence/cursor.h"
#include "base/limits.h"

namespace ct::attest::tdx {
namespace {

constexpr std::uint16_t kEcdsaP256 = 2;        // attestation key type
constexpr std::uint32_t kTeeTdx = 0x81;        // TEE type; 0 is SGX
constexpr std::uint16_t kTd10 = 2, kTd15 = 3;  // body type of version 5
constexpr std::uint32_t kTd10Size = 584, kTd15Size = 648;
constexpr std::uint16_t kQeCertification = 6, kPckChain = 5;  // certification data types
constexpr std::size_t kHeaderSize = 48, kDescriptorSize = 6;
constexpr ByteArray<16> kIntelQe{0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

std::unexpected<Error> wrong_type(const std::string& what) {
    return fail(Reason::evidence_wrong_type, "TDX quote: " + what);
}

Status take_header(Cursor& in, Quote& quote) {
    quote.version = in.le16();
    const std::uint16_t key_type = in.le16();
    const std::uint32_t tee = in.le32();
    in.take(4);  // SVNs of QE and PCE, which their report and the PCK certificate tell too
    const ByteView vendor = in.take(kIntelQe.size());
    in.take(20);  // user data
    if (!in.ok()) return {};
    if (quote.version != 4 && quote.version != 5) return wrong_type("version " + std::to_string(quote.version));
    if (tee != kTeeTdx) return wrong_type("of another technology (TEE type " + std::to_string(tee) + ")");
    if (key_type != kEcdsaP256) return wrong_type("attestation key type " + std::to_string(key_type));
    if (!std::ranges::equal(vendor, kIntelQe)) return wrong_type("its quoting enclave is not Intel's");
    return {};
}

// Version 5 says which report follows; version 4 has the one of TD 1.0.
Result<bool> take_descriptor(Cursor& in) {
    const std::uint16_t type = in.le16();
    const std::uint32_t size = in.le32();
    if (in.ok() && type != kTd10 && type != kTd15) return wrong_type("body type " + std::to_string(type));
    if (size != (type == kTd15 ? kTd15Size : kTd10Size)) in.fail();
    return type == kTd15;
}

TdReport take_td_report(Cursor& in, bool td15) {
    TdReport td;
    td.tee_tcb_svn = in.take(16);
    td.mr_seam = in.take(kMeasurementSize);
    td.mr_signer_seam = in.take(kMeasurementSize);
    td.seam_attributes = in.take(8);
    td.attributes = in.le64();
    td.xfam = in.le64();
    td.mr_td = in.take(kMeasurementSize);
    td.mr_config_id = in.take(kMeasurementSize);
    td.mr_owner = in.take(kMeasurementSize);
    td.mr_owner_config = in.take(kMeasurementSize);
    for (ByteView& one : td.rtmr)
        one = in.take(kMeasurementSize);
    td.report_data = in.take(64);
    if (td15) {
        td.tee_tcb_svn2 = in.take(16);
        td.mr_service_td = in.take(kMeasurementSize);
    }
    return td;
}

EnclaveReport read_enclave_report(ByteView bytes) {
    Cursor in(bytes);
    EnclaveReport out;
    out.cpu_svn = in.take(16);
    out.misc_select = in.take(4);
    in.take(28);
    out.attributes = in.take(16);
    out.mr_enclave = in.take(32);
    in.take(32);
    out.mr_signer = in.take(32);
    in.take(96);
    out.isv_prod_id = in.le16();
    out.isv_svn = in.le16();
    in.take(60);
    out.report_data = in.take(64);
    return out;
}

// Certification data of type 6: the QE's report, signed by the PCK, and the certificates of the PCK (type 5).
Status take_certification(Cursor& in, Quote& quote) {
    const std::uint16_t type = in.le16();
    const std::uint32_t size = in.le32();
    if (in.ok() && type != kQeCertification) return wrong_type("certification data type " + std::to_string(type));
    if (size != in.left()) in.fail();
    quote.qe_report = in.take(384);
    quote.qe = read_enclave_report(quote.qe_report);
    quote.qe_report_signature = in.take(64);
    quote.qe_auth_data = in.take(in.le16());
    const std::uint16_t inner_type = in.le16();
    const std::uint32_t inner_size = in.le32();
    if (in.ok() && inner_type != kPckChain)
        return wrong_type("certification data type " + std::to_string(inner_type) + " for the QE");
    std::string_view pem = as_text(in.take(inner_size));
    while (pem.ends_with('\0'))
        pem.remove_suffix(1);
    quote.pck_chain = pem;
    return {};
}

}  // namespace

Result<Quote> parse_quote(ByteView bytes) {
    if (bytes.size() > limits::kTdxQuote) return fail(Reason::evidence_too_large, "TDX quote");
    Cursor in(bytes);
    Quote quote;
    CT_CHECK(take_header(in, quote));
    std::size_t signed_size = kHeaderSize + kTd10Size;
    bool td15 = false;
    if (in.ok() && quote.version == 5) {
        CT_TRY(td15, take_descriptor(in));
        signed_size = kHeaderSize + kDescriptorSize + (td15 ? kTd15Size : kTd10Size);
    }
    quote.td = take_td_report(in, td15);
    Cursor signature(in.take(in.le32()));
    if (!in.ok()) return fail(Reason::evidence_malformed, "TDX quote: it breaks off");
    quote.signed_bytes = bytes.first(signed_size);
    quote.signature = signature.take(64);
    quote.attestation_key = signature.take(64);
    CT_CHECK(take_certification(signature, quote));
    if (!signature.finished()) return fail(Reason::evidence_malformed, "TDX quote: sizes in its signature data");
    return quote;
}

}  // namespace ct::attest::tdx
