// SPDX-License-Identifier: Apache-2.0
#include "attest/collateral/items.h"

#include <algorithm>
#include <array>

#include "attest/collateral/deny_list.h"
#include "attest/evidence/snp_endorsement.h"
#include "attest/verify/snp/amd.h"
#include "attest/verify/snp/chain.h"
#include "attest/verify/tdx/chain.h"
#include "attest/verify/tdx/collateral.h"
#include "attest/verify/tdx/intel.h"
#include "attest/verify/tdx/tcb_info.h"
#include "base/limits.h"
#include "codec/hex.h"
#include "crypto/crl.h"

namespace ct::attest {
namespace {

constexpr std::string_view kAmdList = "amd/crl/", kVcek = "amd/vcek/", kPckCa = "intel/pck-ca/";
constexpr std::array kProducts = {snp::Product::milan, snp::Product::genoa, snp::Product::turin};
constexpr std::array<std::string_view, 2> kPckCas = {"platform", "processor"};
// CNs of Intel's CAs, in the order of kPckCas.
constexpr std::array<std::string_view, 2> kPckCaNames = {"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"};
constexpr std::string_view kSignerName = "Intel SGX TCB Signing";

std::optional<std::string_view> behind(std::string_view name, std::string_view prefix) {
    if (!name.starts_with(prefix)) return std::nullopt;
    return name.substr(prefix.size());
}

std::optional<snp::Product> product_of(std::string_view word) {
    const auto at = std::ranges::find(kProducts, word, [](snp::Product product) { return to_string(product); });
    return at == kProducts.end() ? std::nullopt : std::optional(*at);
}

bool is_hex(std::string_view text, std::size_t bytes) {
    const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    return text.size() == 2 * bytes && std::ranges::all_of(text, digit);  // verifiers ask in lower case
}

struct VcekName {
    ByteArray<snp::kChipIdSize> chip_id{};
    ByteArray<8> tcb{};
};
std::optional<VcekName> vcek_name(std::string_view rest) {
    const auto slash = std::min(rest.find('/'), rest.size());
    const std::string_view chip = rest.substr(0, slash), tcb = rest.substr(std::min(slash + 1, rest.size()));
    if (!is_hex(chip, snp::kChipIdSize) || !is_hex(tcb, 8)) return std::nullopt;
    return VcekName{hex_decode_array<snp::kChipIdSize>(chip).value(), hex_decode_array<8>(tcb).value()};
}

// One item at one time.
struct Examination {
    const Collateral& items;
    WallTime at;
    const OtherMakers& others;
    ItemState state = {};

    void find(const Error& error) { state.findings.push_back({error.reason, error.context}); }
    void invalid(std::string what) { find({Reason::evidence_collateral_invalid, std::move(what)}); }
    void live(WallTime from, WallTime until) {
        state.from = from;
        state.until = until;
        if (at < from || at > until) find({Reason::evidence_collateral_expired, "outside its time"});
    }
    [[nodiscard]] std::span<const crypto::Certificate> intel() const {
        return others.roots.empty() ? tdx::intel_roots() : std::span(others.roots);
    }
    [[nodiscard]] ByteView beside(std::string_view name) const {
        const auto found = items.find(name);
        return found == items.end() ? ByteView{} : ByteView(found->second);
    }

    void amd_list(ByteView der, snp::Product product);
    void vcek(ByteView der, const VcekName& name);
    void signed_list(ByteView der, std::span<const crypto::Certificate> issuers);
    // A certificate that one of Intel's roots issued, and its CN must be this.
    std::optional<crypto::Certificate> of_intel(ByteView pem, std::string_view name);
    void pck_list(ByteView der, std::size_t ca);
    template <class T>
    std::optional<T> document(ByteView bytes, std::string_view member, Result<T> (*parse)(ByteView));
    void examine(std::string_view name, ByteView bytes);
};

void Examination::signed_list(ByteView der, std::span<const crypto::Certificate> issuers) {
    const auto list = crypto::RevocationList::from_der(der);
    if (!list) return invalid(list.error().context);
    const auto issuer =
        std::ranges::find_if(issuers, [&](const auto& one) { return list->check_issuer(one).has_value(); });
    if (issuer == issuers.end())
        invalid("its issuer did not sign it");
    else
        state.signer = issuer->subject_name();
    live(list->this_update(), list->next_update());
}

void Examination::amd_list(ByteView der, snp::Product product) {
    signed_list(der, others.roots.empty() ? std::span(snp::amd(product).roots) : std::span(others.roots));
}

void Examination::vcek(ByteView der, const VcekName& name) {
    const auto certificate = crypto::Certificate::from_der(der);
    if (!certificate) return invalid(certificate.error().context);
    state.signer = certificate->issuer_name();
    state.from = certificate->not_before();
    state.until = certificate->not_after();
    const auto endorsement = snp::parse_endorsement(*certificate);
    if (!endorsement) return invalid(endorsement.error().context);
    Bytes chip = endorsement->chip_id;
    chip.resize(snp::kChipIdSize);
    if (endorsement->key != snp::SigningKey::vcek || !std::ranges::equal(chip, name.chip_id))
        invalid("of another chip than its name says");
    if (endorsement->tcb != snp::decode_tcb(name.tcb, endorsement->product))
        invalid("for other firmware than its name says");
    const snp::Authority authority =
        others.roots.empty() ? snp::amd(endorsement->product) : snp::Authority{others.roots, others.intermediates};
    snp::check_chain({*certificate, {}, authority}, at, nullptr, state.findings);
}

std::optional<crypto::Certificate> Examination::of_intel(ByteView pem, std::string_view name) {
    if (pem.size() > limits::kTdxCollateral) {
        invalid("too large");
        return std::nullopt;
    }
    auto chain = crypto::Certificate::chain_from_pem(as_text(pem), limits::kCertificateChain);
    if (!chain || chain->empty()) {
        invalid(chain ? "no certificate" : chain.error().context);
        return std::nullopt;
    }
    crypto::Certificate first = std::move(chain->front());
    if (first.subject_name() != name) invalid("of " + first.subject() + ", not of " + std::string(name));
    if (const auto status = crypto::verify_chain(first, {}, intel(), at); !status) find(status.error());
    if (const auto list = crypto::RevocationList::from_der(beside(tdx::kRootList)); list && list->revokes(first))
        find({Reason::evidence_certificate_revoked, first.subject()});
    return first;
}

void Examination::pck_list(ByteView der, std::size_t ca) {
    const std::string name = std::string(kPckCa) + std::string(kPckCas[ca]);
    if (beside(name).empty()) {
        find({Reason::evidence_collateral_missing, name + ", which signs it"});
        return signed_list(der, {});
    }
    const auto issuer = of_intel(beside(name), kPckCaNames[ca]);
    if (issuer) signed_list(der, {&*issuer, 1});
}

template <class T>
std::optional<T> Examination::document(ByteView bytes, std::string_view member, Result<T> (*parse)(ByteView)) {
    const ByteView chain = beside(tdx::kSigner);
    if (chain.empty()) {
        find({Reason::evidence_collateral_missing, std::string(tdx::kSigner) + ", whose key signs it"});
        return std::nullopt;
    }
    const auto signer = of_intel(chain, kSignerName);
    if (!signer) return std::nullopt;
    const auto read = [&]() -> Result<T> {
        CT_TRY(const auto key, signer->public_key());
        CT_TRY(const ByteView content, tdx::open_document(bytes, member, key));
        state.signer = signer->subject_name();
        return parse(content);
    };
    auto parsed = read();
    if (!parsed) {
        find(parsed.error());
        return std::nullopt;
    }
    live(parsed->issued, parsed->next_update);
    return std::move(*parsed);
}

void Examination::examine(std::string_view name, ByteView bytes) {
    if (const auto word = behind(name, kAmdList); word && product_of(*word)) return amd_list(bytes, *product_of(*word));
    if (const auto rest = behind(name, kVcek); rest && vcek_name(*rest)) return vcek(bytes, *vcek_name(*rest));
    if (const auto fmspc = behind(name, tdx::kTcbInfo); fmspc && is_hex(*fmspc, 6)) {
        const auto info = document(bytes, "tcbInfo", tdx::parse_tcb_info);
        if (info && hex_encode(info->fmspc) != *fmspc) invalid("of another platform than its name says");
        return;
    }
    if (name == tdx::kQeIdentity) {
        static_cast<void>(document(bytes, "enclaveIdentity", tdx::parse_qe_identity));
        return;
    }
    const auto chain = [&](std::string_view subject) {
        const auto first = of_intel(bytes, subject);
        if (!first) return;
        state.signer = first->issuer_name();
        state.from = first->not_before();
        state.until = first->not_after();
    };
    if (name == tdx::kSigner) return chain(kSignerName);
    for (std::size_t ca = 0; ca < kPckCas.size(); ++ca) {
        if (behind(name, kPckCa) == kPckCas[ca]) return chain(kPckCaNames[ca]);
        if (behind(name, tdx::kPckList) == kPckCas[ca]) return pck_list(bytes, ca);
    }
    if (name == tdx::kRootList) return signed_list(bytes, intel());
    if (name == kDenyList) {
        if (const auto list = DenyList::parse(bytes); !list) find(list.error());
        return;
    }
    invalid("nobody looks for an item of this name");
}

}  // namespace

ItemState examine_item(std::string_view name, const Collateral& items, WallTime at, const OtherMakers& others) {
    Examination examination{items, at, others};
    examination.examine(name, examination.beside(name));
    return std::move(examination.state);
}

bool is_item_name(std::string_view name) {
    const auto is_ca = [](std::optional<std::string_view> word) {
        return word && std::ranges::find(kPckCas, *word) != kPckCas.end();
    };
    const auto product = behind(name, kAmdList), rest = behind(name, kVcek), fmspc = behind(name, tdx::kTcbInfo);
    return (product && product_of(*product)) || (rest && vcek_name(*rest)) || (fmspc && is_hex(*fmspc, 6)) ||
           name == tdx::kQeIdentity || name == tdx::kSigner || is_ca(behind(name, kPckCa)) ||
           is_ca(behind(name, tdx::kPckList)) || name == tdx::kRootList || name == kDenyList;
}

}  // namespace ct::attest
