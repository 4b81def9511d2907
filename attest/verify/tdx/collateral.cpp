// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/collateral.h"

#include "attest/verify/tdx/signature.h"
#include "base/limits.h"
#include "codec/hex.h"

namespace ct::attest::tdx {
namespace {

constexpr std::string_view kBeforeSignature = R"(,"signature":")", kEnd = R"("})", kBlanks = " \t\r\n";
constexpr std::size_t kSignatureDigits = 128;

std::unexpected<Error> invalid(std::string_view name, std::string_view what) {
    return fail(Reason::evidence_collateral_invalid, std::string(name) + ": " + std::string(what));
}

}  // namespace

Result<ByteView> open_document(ByteView document, std::string_view name, const crypto::PublicKey& signer) {
    if (document.size() > limits::kTdxCollateral) return invalid(name, "too large");
    std::string_view rest = as_text(document);
    rest = rest.substr(0, rest.find_last_not_of(kBlanks) + 1);
    const std::string head = R"({")" + std::string(name) + R"(":)";
    const std::size_t tail = kBeforeSignature.size() + kSignatureDigits + kEnd.size();
    if (rest.size() < head.size() + tail || !rest.starts_with(head) || !rest.ends_with(kEnd))
        return invalid(name, "not a document as Intel sends it");
    const std::string_view value = rest.substr(head.size(), rest.size() - head.size() - tail);
    rest.remove_prefix(head.size() + value.size());
    const auto signature = hex_decode_array<64>(rest.substr(kBeforeSignature.size(), kSignatureDigits));
    if (!rest.starts_with(kBeforeSignature) || !signature) return invalid(name, "not a document as Intel sends it");
    if (!verify_raw(signer, as_bytes(value), *signature)) return invalid(name, "its signature does not verify");
    return as_bytes(value);
}

}  // namespace ct::attest::tdx
