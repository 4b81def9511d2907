// SPDX-License-Identifier: Apache-2.0
// Quote by the names of Intel's TDX DCAP Quoting Library API, Appendix A.
#include "attest/evidence/cursor.h"
#include "attest/evidence/tdx_pck.h"
#include "attest/evidence/tdx_quote.h"
#include "base/limits.h"
#include "clients/attest/formats.h"

namespace ct::attest_tool {
namespace {

namespace tdx = attest::tdx;

std::string little_endian(std::uint64_t value) {
    ByteArray<8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(value >> 8 * i);
    return hex(bytes);
}

Fields header_of(ByteView bytes) {
    attest::Cursor in(bytes);
    Fields out{{"Version", std::uint64_t{in.le16()}}, {"Attestation Key Type", std::uint64_t{in.le16()}}};
    out.push_back({"TEE Type", std::uint64_t{in.le32()}});
    in.take(4);  // reserved; QE and PCE version in older ones
    out.push_back({"QE Vendor ID", hex(in.take(16))});
    out.push_back({"User Data", hex(in.take(20))});
    return out;
}

Fields td_of(const tdx::TdReport& td) {
    Fields out{{"TEE_TCB_SVN", hex(td.tee_tcb_svn)},
               {"MRSEAM", hex(td.mr_seam)},
               {"MRSIGNERSEAM", hex(td.mr_signer_seam)},
               {"SEAMATTRIBUTES", hex(td.seam_attributes)},
               {"TDATTRIBUTES", little_endian(td.attributes)},
               {"XFAM", little_endian(td.xfam)},
               {"MRTD", hex(td.mr_td)},
               {"MRCONFIGID", hex(td.mr_config_id)},
               {"MROWNER", hex(td.mr_owner)},
               {"MROWNERCONFIG", hex(td.mr_owner_config)}};
    for (std::size_t i = 0; i < tdx::kRegisters; ++i)
        out.push_back({"RTMR" + std::to_string(i), hex(td.rtmr[i])});
    out.push_back({"REPORTDATA", hex(td.report_data)});
    if (!td.tee_tcb_svn2.empty()) {
        out.push_back({"TEE_TCB_SVN_2", hex(td.tee_tcb_svn2)});
        out.push_back({"MRSERVICETD", hex(td.mr_service_td)});
    }
    return out;
}

Fields qe_of(const tdx::EnclaveReport& qe) {
    return {{"CPUSVN", hex(qe.cpu_svn)},           {"MISCSELECT", hex(qe.misc_select)},
            {"ATTRIBUTES", hex(qe.attributes)},    {"MRENCLAVE", hex(qe.mr_enclave)},
            {"MRSIGNER", hex(qe.mr_signer)},       {"ISVPRODID", std::uint64_t{qe.isv_prod_id}},
            {"ISVSVN", std::uint64_t{qe.isv_svn}}, {"REPORTDATA", hex(qe.report_data)}};
}

std::vector<Fields> chain_of(std::string_view pem) {
    std::vector<Fields> out;
    const auto chain = crypto::Certificate::chain_from_pem(pem, limits::kCertificateChain);
    if (!chain) return {{{"error", chain.error().to_string()}}};
    for (const auto& certificate : *chain) {
        const auto der = certificate.der();
        auto fields = der ? describe_certificate(*der) : std::unexpected(der.error());
        out.push_back(fields ? std::move(*fields) : Fields{{"error", fields.error().to_string()}});
    }
    return out;
}

}  // namespace

Result<Fields> describe_tdx_quote(ByteView bytes) {
    CT_TRY(const auto quote, tdx::parse_quote(bytes));
    const ByteView chain = as_bytes(quote.pck_chain);
    return Fields{
        {"Header", header_of(bytes)},
        {"TD Report", td_of(quote.td)},
        {"Signature", hex(quote.signature)},
        {"Attestation Key", hex(quote.attestation_key)},
        {"QE Report", qe_of(quote.qe)},
        {"QE Report Signature", hex(quote.qe_report_signature)},
        {"QE Authentication Data", hex(quote.qe_auth_data)},
        {"PCK chain", chain_of(quote.pck_chain)},
        {"trailing bytes", static_cast<std::uint64_t>(bytes.data() + bytes.size() - (chain.data() + chain.size()))}};
}

}  // namespace ct::attest_tool
