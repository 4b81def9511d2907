// SPDX-License-Identifier: Apache-2.0
// A certificate, with what AMD (57230) or Intel (PCK Certificate Profile) say of the processor in it.
#include "attest/evidence/snp_endorsement.h"
#include "attest/evidence/tdx_pck.h"
#include "clients/attest/formats.h"
#include "codec/timestamp.h"
#include "crypto/x509.h"

namespace ct::attest_tool {
namespace {

namespace snp = attest::snp;
namespace tdx = attest::tdx;

constexpr std::string_view kPem = "-----BEGIN CERTIFICATE-----";
constexpr std::size_t kMostPem = 16;

Fields endorsement_of(const snp::Endorsement& said) {
    Fields out{{"product", std::string(snp::to_string(said.product))},
               {"key", said.key == snp::SigningKey::vlek ? std::string("VLEK") : std::string("VCEK")}};
    if (said.product == snp::Product::turin) out.push_back({"fmcSPL", std::uint64_t{said.tcb.fmc}});
    out.push_back({"blSPL", std::uint64_t{said.tcb.boot_loader}});
    out.push_back({"teeSPL", std::uint64_t{said.tcb.tee}});
    out.push_back({"snpSPL", std::uint64_t{said.tcb.snp}});
    out.push_back({"ucodeSPL", std::uint64_t{said.tcb.microcode}});
    if (!said.chip_id.empty()) out.push_back({"hwID", hex(said.chip_id)});
    if (!said.csp_id.empty()) out.push_back({"csp_id", said.csp_id});
    return out;
}

}  // namespace

Result<Bytes> der_of(ByteView certificate) {
    if (!as_text(certificate).contains(kPem)) return to_vector(certificate);
    CT_TRY(const auto chain, crypto::Certificate::chain_from_pem(as_text(certificate), kMostPem));
    return chain.front().der();
}

Result<Fields> describe_certificate(ByteView bytes) {
    CT_TRY(const Bytes der, der_of(bytes));
    CT_TRY(const auto certificate, crypto::Certificate::from_der(der));
    Fields out{{"subject", certificate.subject()},
               {"issuer CN", certificate.issuer_name()},
               {"not before", format_timestamp(certificate.not_before())},
               {"not after", format_timestamp(certificate.not_after())}};
    if (const auto spki = certificate.spki_sha256()) out.push_back({"public key sha256", hex(*spki)});
    if (const auto said = snp::parse_endorsement(certificate)) out.push_back({"AMD", endorsement_of(*said)});
    if (const auto pck = tdx::parse_pck(certificate))
        out.push_back({"Intel SGX", Fields{{"PPID", hex(pck->ppid)},
                                           {"FMSPC", hex(pck->fmspc)},
                                           {"PCEID", hex(pck->pce_id)},
                                           {"SGX TCB components", hex(pck->components)},
                                           {"PCESVN", std::uint64_t{pck->pce_svn}}}});
    return out;
}

}  // namespace ct::attest_tool
