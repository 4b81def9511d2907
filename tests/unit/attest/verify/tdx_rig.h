// SPDX-License-Identifier: Apache-2.0
// One simulated platform and its maker, made anew for each verdict, which a test bends before or after things are signed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "attest/evidence/tdx_bundle.h"
#include "attest/verify/tdx/chain.h"
#include "attest/verify/tdx/policy.h"
#include "attest/verify/tdx/quote_checks.h"
#include "attest/verify/verifier.h"
#include "codec/hex.h"
#include "config/tree.h"
#include "support/print_reason.h"
#include "support/tdx_collateral.h"
#include "support/tdx_maker.h"

namespace ct::attest::tdx {

using Reasons = std::vector<Reason>;

inline WallTime day(int year, unsigned month, unsigned of_month) {
    return std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(of_month));
}

inline Sha512 some_binding() {
    Sha512 out;
    for (std::uint8_t i = 0; i < out.size(); ++i)
        out[i] = i;
    return out;
}

inline Reasons reasons(const Verdict& verdict) {
    Reasons out;
    for (const Finding& finding : verdict.findings)
        out.push_back(finding.reason);
    return out;
}
inline std::string words(const Verdict& verdict) {
    std::string out;
    for (const Finding& finding : verdict.findings)
        out.append(to_string(finding.reason)).append(": ").append(finding.detail).append("\n");
    return out;
}

// The keys of a policy table as TOML lines.
inline Result<std::shared_ptr<const KindPolicy>> parse(std::string_view kind, const std::string& lines,
                                                       const Attachments& attachments = {}) {
    auto document = config::Document::parse("[t]\n" + lines, "p.toml");
    if (!document) return std::unexpected(document.error());
    return find_verifier(kind)->parse_policy(*document->root().get("t"), attachments);
}

using test::IsvFields, test::LevelFields, test::ModuleFields, test::TcbInfoFields, test::QeIdentityFields;

// Everything that was said in one exchange; a Subject is a view of it.
struct Exchange {
    std::string kind = std::string(kSimulatedKind);
    Bytes quote, event_log;
    Collateral collateral;
    Sha512 binding = some_binding();
    WallTime at;
    std::shared_ptr<const KindPolicy> rules;

    [[nodiscard]] Verdict judge(bool with_collateral = true) const {
        const Bytes introduction = encode_introduction(), evidence = encode(Evidence{quote, event_log});
        CollateralReader reader(collateral);
        const Subject subject{introduction, {}, evidence, binding, at, {}, with_collateral ? &reader : nullptr};
        return find_verifier(kind)->verify(subject, *rules);
    }
};

struct Rig {
    using Signer = test::Signer;
    struct Dates {
        WallTime from = day(2026, 1, 1), until = day(2026, 1, 29);
    };
    WallTime at = day(2026, 1, 15);
    test::SgxFields sgx;
    test::QuoteFields quote;
    TcbInfoFields info;
    QeIdentityFields qe;
    Signer::Fields root{"Simulated Root CA", day(2020, 1, 1), day(2040, 1, 1), true, 1, {}};
    Signer::Fields authority{"Intel SGX PCK Platform CA", day(2020, 1, 1), day(2035, 1, 1), true, 2, {}};
    Signer::Fields pck{"Intel SGX PCK Certificate", day(2024, 1, 1), day(2031, 1, 1), false, 3, {}};
    Signer::Fields signer{"Intel SGX TCB Signing", day(2024, 1, 1), day(2032, 1, 1), false, 4, {}};
    std::vector<long> revoked_by_root, revoked_by_authority;
    Dates root_list, pck_list;
    bool other_root = false;  // the policy names another root than the platform's
    std::string lines = "mrtd = '" + hex_encode(test::TdFields{}.mr_td) + "'\n";

    struct Keys {
        Signer root, authority, pck, signer, attestation;
    };
    std::function<void(test::QuoteFields&, const Keys&)> after_signing = [](auto&, const auto&) {};
    std::function<void(Collateral&, const Keys&)> bend_collateral = [](auto&, const auto&) {};

    [[nodiscard]] Exchange make() const {
        const Signer own = Signer::make(nullptr, root), ca = Signer::make(&own, authority);
        Signer::Fields leaf = pck;
        leaf.sgx_extension = sgx.der();
        const Keys keys{own, ca, Signer::make(&ca, leaf), Signer::make(&own, signer), Signer::make(nullptr, pck)};
        Exchange out;
        out.at = at;
        test::QuoteFields fields = quote;
        fields.td.report_data = Bytes(out.binding.begin(), out.binding.end());
        test::sign_quote(fields, keys.pck, keys.attestation, keys.pck.pem() + ca.pem() + own.pem());
        after_signing(fields, keys);
        out.quote = fields.bytes();
        out.collateral = {
            {"intel/tcb-info/" + hex_encode(sgx.fmspc), test::signed_document(keys.signer, "tcbInfo", info.json())},
            {"intel/td-qe-identity", test::signed_document(keys.signer, "enclaveIdentity", qe.json())},
            {"intel/tcb-signing-chain", to_vector(as_bytes(keys.signer.pem() + own.pem()))},
            {"intel/pck-crl/platform", ca.crl(revoked_by_authority, pck_list.from, pck_list.until)},
            {"intel/root-crl", own.crl(revoked_by_root, root_list.from, root_list.until)}};
        bend_collateral(out.collateral, keys);
        const std::string anchor = other_root ? Signer::make(nullptr, root).pem() : own.pem();
        auto parsed = parse(kSimulatedKind, lines + "roots = 'maker.pem'\n", {{"maker.pem", anchor}});
        EXPECT_TRUE(parsed) << parsed.error().to_string();
        if (parsed) out.rules = *parsed;
        return out;
    }
};

// Flips every single bit of what is signed or bound to what is signed, and says how many.
inline std::size_t expect_every_flip_refused(Bytes bytes) {
    const auto sound = parse_quote(bytes);
    const auto chain = sound ? parse_pck_chain(sound->pck_chain) : fail(Reason::internal);
    EXPECT_TRUE(chain);
    if (!chain) return 0;
    const auto key = chain->leaf.public_key();
    const auto refused = [&] {
        const auto quote = parse_quote(bytes);
        if (!quote) return true;
        Findings findings;
        check_signature(*quote, findings);
        if (findings.empty()) check_qe_signature(*quote, *key, findings);
        return !findings.empty();
    };
    EXPECT_FALSE(refused());
    std::size_t flipped = 0;
    for (const ByteView part : {sound->signed_bytes, sound->signature, sound->attestation_key, sound->qe_report,
                                sound->qe_report_signature, sound->qe_auth_data}) {
        const auto from = static_cast<std::size_t>(part.data() - bytes.data());
        for (std::size_t bit = 8 * from; bit < 8 * (from + part.size()); ++bit, ++flipped) {
            bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
            EXPECT_TRUE(refused()) << "bit " << bit;
            bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
        }
    }
    return flipped;
}

}  // namespace ct::attest::tdx
