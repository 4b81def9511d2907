// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tpm2/certificates.h"

#include "base/limits.h"
#include "crypto/x509.h"

namespace ct::attest::tss {
namespace {

// TCG EK Credential Profile, section 2.2.1.4.
constexpr std::uint32_t kEkCertificateRsa = 0x01c00002, kEkCertificateEcc = 0x01c0000a;
constexpr std::size_t kMostPem = 64 << 10;
constexpr std::size_t kMostNv = 2 * limits::kCertificate;  // an index may be larger than what it holds

Status add_file(const std::string& path, std::vector<Bytes>& out) {
    if (path.empty()) return {};
    auto text = read_file(path, kMostPem);
    if (!text) return std::unexpected(text.error());
    const auto chain = crypto::Certificate::chain_from_pem(*text, limits::kCertificateChain);
    if (!chain) return fail(Reason::config_invalid, path + ": " + chain.error().to_string());
    for (const auto& certificate : *chain) {
        CT_TRY(Bytes der, certificate.der());
        out.push_back(std::move(der));
    }
    return {};
}

// The length that DER's outermost header states: makers leave the rest of the index zero or 0xff.
std::size_t der_size(ByteView bytes) {
    constexpr std::uint8_t sequence = 0x30, two_bytes = 0x82;
    if (bytes.size() < 4 || bytes[0] != sequence || bytes[1] != two_bytes) return bytes.size();
    return std::min(bytes.size(), std::size_t{4} + (std::size_t{bytes[2]} << 8 | bytes[3]));
}

Status add_nv(Device& device, std::uint32_t index, std::vector<Bytes>& out) {
    if (index == 0) return {};
    CT_TRY(Bytes bytes, device.read_nv(index, kMostNv));
    bytes.resize(der_size(bytes));
    if (bytes.empty() || bytes.size() > limits::kCertificate) return {};
    out.push_back(std::move(bytes));
    return {};
}

}  // namespace

Result<std::vector<Bytes>> ak_certificates(Device& device, const Tpm2Settings& settings) {
    std::vector<Bytes> out;
    CT_CHECK(add_nv(device, settings.ak_certificate_nv, out));
    CT_CHECK(add_file(settings.ak_certificates, out));
    return out;
}

Result<std::vector<Bytes>> ek_certificates(Device& device, const Tpm2Settings& settings) {
    std::vector<Bytes> out;
    if (!settings.offer_ek) return out;
    CT_CHECK(add_nv(device, settings.ek_type == TpmKeyType::rsa ? kEkCertificateRsa : kEkCertificateEcc, out));
    CT_CHECK(add_file(settings.ek_certificates, out));
    return out;
}

}  // namespace ct::attest::tss
