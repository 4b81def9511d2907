// SPDX-License-Identifier: Apache-2.0
// TPM structures by the names of the TCG TPM 2.0 Library, Part 2.
#include "attest/evidence/cursor.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/evidence/tpm_attest.h"
#include "attest/evidence/tpm_public.h"
#include "attest/evidence/tpm_signature.h"
#include "clients/attest/formats.h"
#include "codec/hex.h"

namespace ct::attest_tool {
namespace {

namespace tpm = attest::tpm;

std::string algorithm(std::uint16_t id) {
    using namespace tpm::alg;
    switch (id) {
        case kRsa:
            return "TPM_ALG_RSA";
        case kEcc:
            return "TPM_ALG_ECC";
        case kSha1:
            return "TPM_ALG_SHA1";
        case kSha256:
            return "TPM_ALG_SHA256";
        case kSha384:
            return "TPM_ALG_SHA384";
        case kSha512:
            return "TPM_ALG_SHA512";
        case kAes:
            return "TPM_ALG_AES";
        case kCfb:
            return "TPM_ALG_CFB";
        case kNull:
            return "TPM_ALG_NULL";
        case kRsaSsa:
            return "TPM_ALG_RSASSA";
        case kRsaPss:
            return "TPM_ALG_RSAPSS";
        case kEcdsa:
            return "TPM_ALG_ECDSA";
        default:
            return std::to_string(id);
    }
}

std::string attributes(std::uint32_t bits) {
    constexpr std::pair<std::uint32_t, std::string_view> names[] = {
        {1U << 1, "fixedTPM"},     {1U << 2, "stClear"},
        {1U << 4, "fixedParent"},  {1U << 5, "sensitiveDataOrigin"},
        {1U << 6, "userWithAuth"}, {1U << 7, "adminWithPolicy"},
        {1U << 10, "noDA"},        {1U << 11, "encryptedDuplication"},
        {1U << 16, "restricted"},  {1U << 17, "decrypt"},
        {1U << 18, "sign"}};
    std::string out;
    for (const auto& [bit, name] : names)
        if ((bits & bit) != 0) out.append(out.empty() ? "" : " ").append(name);
    return out;
}

std::string pcr_list(std::uint32_t mask) {
    std::string out;
    for (unsigned i = 0; i < tpm::kPcrs; ++i)
        if ((mask >> i & 1) != 0) out.append(out.empty() ? "" : ",").append(std::to_string(i));
    return out;
}

}  // namespace

Result<Fields> describe_tpm_attest(ByteView bytes) {
    CT_TRY(const auto quote, tpm::parse_quote(bytes));
    ByteArray<8> firmware;
    for (std::size_t i = 0; i < firmware.size(); ++i)
        firmware[i] = static_cast<std::uint8_t>(quote.firmware_version >> (56 - 8 * i));
    std::vector<Fields> selections;
    for (const auto& selection : quote.selections())
        selections.push_back({{"hash", algorithm(selection.bank)}, {"pcrSelect", pcr_list(selection.mask)}});
    return Fields{
        {"magic", "ff544347"},
        {"type", "TPM_ST_ATTEST_QUOTE"},
        {"qualifiedSigner", hex(quote.qualified_signer)},
        {"extraData", hex(quote.extra_data)},
        {"clockInfo", Fields{{"clock", quote.clock},
                             {"resetCount", std::uint64_t{quote.reset_count}},
                             {"restartCount", std::uint64_t{quote.restart_count}},
                             {"safe", quote.clock_safe}}},
        {"firmwareVersion", hex(firmware)},
        {"attested.quote", Fields{{"pcrSelect", std::move(selections)}, {"pcrDigest", hex(quote.pcr_digest)}}}};
}

Result<Fields> describe_tpm_signature(ByteView bytes) {
    CT_TRY(const auto signature, tpm::parse_signature(bytes));
    Fields out{{"sigAlg", algorithm(signature.scheme)}, {"hash", algorithm(signature.hash)}};
    if (signature.scheme == tpm::alg::kEcdsa) {
        out.push_back({"signatureR", hex(signature.r)});
        out.push_back({"signatureS", hex(signature.s)});
    } else {
        out.push_back({"sig", hex(signature.rsa)});
    }
    return out;
}

ByteView without_size(ByteView tpm_public) {
    attest::Cursor in(tpm_public);
    const std::size_t size = in.be16();
    return size + 2 == tpm_public.size() ? tpm_public.subspan(2) : tpm_public;
}

Result<Fields> describe_tpm_public(ByteView bytes) {
    CT_TRY(const auto key, tpm::parse_public(without_size(bytes)));
    Fields out{{"type", algorithm(key.type)},
               {"nameAlg", algorithm(key.name_hash)},
               {"objectAttributes", attributes(key.attributes)},
               {"authPolicy", hex(key.auth_policy)},
               {"symmetric", algorithm(key.symmetric)},
               {"scheme", algorithm(key.scheme)},
               {"scheme.hashAlg", algorithm(key.scheme_hash)}};
    if (key.type == tpm::alg::kRsa) {
        out.push_back({"keyBits", std::uint64_t{key.key_bits}});
        out.push_back({"exponent", std::uint64_t{key.exponent}});
        out.push_back({"unique.rsa", hex(key.modulus)});
    } else {
        out.push_back({"curveID", std::uint64_t{key.curve}});
        out.push_back({"unique.ecc.x", hex(key.x)});
        out.push_back({"unique.ecc.y", hex(key.y)});
    }
    if (const auto name = tpm::name_of(key)) out.push_back({"Name", hex(*name)});
    out.push_back({"fingerprint", "sha256:" + hex_encode(tpm::fingerprint_of(key))});
    return out;
}

}  // namespace ct::attest_tool
