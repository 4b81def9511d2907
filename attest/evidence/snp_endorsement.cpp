// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/snp_endorsement.h"

#include <optional>

#include "codec/der.h"

namespace ct::attest::snp {
namespace {

// Below AMD's arc 1.3.6.1.4.1.3704.1.
constexpr const char* kStructVersion = "1.3.6.1.4.1.3704.1.1";
constexpr const char* kProductName = "1.3.6.1.4.1.3704.1.2";
constexpr const char* kBootLoader = "1.3.6.1.4.1.3704.1.3.1";
constexpr const char* kTee = "1.3.6.1.4.1.3704.1.3.2";
constexpr const char* kSnp = "1.3.6.1.4.1.3704.1.3.3";
constexpr const char* kMicrocode = "1.3.6.1.4.1.3704.1.3.8";
constexpr const char* kFmc = "1.3.6.1.4.1.3704.1.3.9";
constexpr const char* kHardwareId = "1.3.6.1.4.1.3704.1.4";
constexpr const char* kCspId = "1.3.6.1.4.1.3704.1.5";
constexpr std::size_t kMostCspId = 256;

std::unexpected<Error> malformed(const char* oid, std::string_view what) {
    return fail(Reason::evidence_malformed,
                "AMD certificate, extension " + std::string(oid) + ": " + std::string(what));
}

Result<std::optional<Bytes>> find(const crypto::Certificate& certificate, const char* oid) {
    auto content = certificate.extension(oid);
    if (!content) return malformed(oid, content.error().context);
    return content;
}

Result<std::uint8_t> level(const crypto::Certificate& certificate, const char* oid) {
    CT_TRY(const auto content, find(certificate, oid));
    if (!content) return malformed(oid, "missing");
    der::Reader in(*content);
    const auto number = in.number();
    if (!number || !in.finish() || *number > 0xff) return malformed(oid, "not one INTEGER of a byte");
    return static_cast<std::uint8_t>(*number);
}

Result<std::string> text(const Bytes& content, const char* oid) {
    der::Reader in(content);
    const auto value = in.take(der::kIa5String);
    if (!value || !in.finish() || value->size() > kMostCspId) return malformed(oid, "not one IA5String");
    return std::string(as_text(*value));
}

Result<Product> product_of(const crypto::Certificate& certificate) {
    CT_TRY(const auto content, find(certificate, kProductName));
    if (!content) return malformed(kProductName, "missing");
    CT_TRY(const std::string name, text(*content, kProductName));
    const std::string_view family = std::string_view(name).substr(0, name.find('-'));  // "Milan-B0"
    for (const Product product : {Product::milan, Product::genoa, Product::turin})
        if (family == to_string(product)) return product;
    return fail(Reason::evidence_product_unknown, "AMD certificate of product '" + name + "'");
}

}  // namespace

Result<Endorsement> parse_endorsement(const crypto::Certificate& certificate) {
    Endorsement out;
    CT_TRY(out.product, product_of(certificate));
    const bool turin = out.product == Product::turin;
    CT_TRY(const std::uint8_t version, level(certificate, kStructVersion));
    if (version != (turin ? 1 : 0)) return malformed(kStructVersion, "not of its product");
    CT_TRY(out.tcb.boot_loader, level(certificate, kBootLoader));
    CT_TRY(out.tcb.tee, level(certificate, kTee));
    CT_TRY(out.tcb.snp, level(certificate, kSnp));
    CT_TRY(out.tcb.microcode, level(certificate, kMicrocode));
    if (turin) {
        CT_TRY(out.tcb.fmc, level(certificate, kFmc));
    }
    CT_TRY(auto hardware_id, find(certificate, kHardwareId));
    CT_TRY(const auto csp_id, find(certificate, kCspId));
    if (hardware_id.has_value() == csp_id.has_value())
        return malformed(kHardwareId, "a chip or a provider, one of them");
    if (csp_id) {
        out.key = SigningKey::vlek;
        CT_TRY(out.csp_id, text(*csp_id, kCspId));
        return out;
    }
    // Raw bytes, not DER: one that starts like an INTEGER is none.
    if (hardware_id->size() != (turin ? kTurinChipIdSize : kChipIdSize)) return malformed(kHardwareId, "size");
    out.chip_id = std::move(*hardware_id);
    return out;
}

}  // namespace ct::attest::snp
