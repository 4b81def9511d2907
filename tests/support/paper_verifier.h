// SPDX-License-Identifier: Apache-2.0
// An evidence technology made of words, for tests of the parts that must not know any real one. Kind "paper" (or any other
// word): the evidence is "STAMP KEPT-HEX BINDING-HEX [SECONDS]", and each part can be wrong on its own.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "attest/verify/verifier.h"
#include "codec/hex.h"

namespace ct::test {

class PaperVerifier final : public attest::Verifier {
public:
    struct Policy final : attest::KindPolicy {
        std::string stamp;
        bool sealed = false;  // the node must be enrolled with "seal:STAMP"
        std::string pattern;  // the collateral of this name must be the stamp
    };

    explicit PaperVerifier(std::string kind = "paper") : kind_(std::move(kind)) {}
    [[nodiscard]] std::string_view kind() const override { return kind_; }

    [[nodiscard]] Result<std::shared_ptr<const attest::KindPolicy>> parse_policy(
        const config::Node& table, const attest::Attachments& attachments = {}) const override {
        CT_CHECK(table.only({"stamp", "sealed", "pattern"}));
        auto out = std::make_shared<Policy>();
        const auto stamp = table.get("stamp");
        if (!stamp) return table.error("stamp is required");
        CT_TRY(out->stamp, stamp->as_string());
        if (const auto file = attachments.find(out->stamp); file != attachments.end()) out->stamp = file->second;
        if (const auto sealed = table.get("sealed")) {
            CT_TRY(out->sealed, sealed->as_bool());
        }
        if (const auto pattern = table.get("pattern")) {
            CT_TRY(out->pattern, pattern->as_string());
        }
        return out;
    }

    [[nodiscard]] Status check_key(std::string_view word) const override {
        if (word.starts_with("seal:")) return {};
        return fail(Reason::malformed, "write seal:STAMP");
    }

    // An introduction "ink" is what it takes; what is kept is the entropy, and the collector is told it.
    [[nodiscard]] Result<attest::EvidenceRequest> request(ByteView introduction, const attest::KindPolicy&,
                                                          const ByteArray<32>& entropy, WallTime,
                                                          attest::EnrolledKeys) const override {
        if (as_text(introduction) != "ink") return fail(Reason::evidence_key_untrusted, "paper needs ink");
        return attest::EvidenceRequest{Bytes(entropy.begin(), entropy.end()), Bytes(entropy.begin(), entropy.end())};
    }

    [[nodiscard]] attest::Verdict verify(const attest::Subject& subject,
                                         const attest::KindPolicy& policy) const override {
        attest::Verdict out;
        out.expires = subject.at + std::chrono::hours{1};
        std::istringstream in{std::string(as_text(subject.evidence))};
        std::string stamp, kept, binding;
        if (!(in >> stamp >> kept >> binding)) {
            out.findings.push_back({Reason::evidence_malformed, "three words are needed"});
            return out;
        }
        if (long long seconds = 0; in >> seconds) out.expires = subject.at + Seconds{seconds};
        if (kept != hex_encode(subject.kept)) out.findings.push_back({Reason::evidence_key_untrusted, "wrong answer"});
        if (binding != hex_encode(subject.binding))
            out.findings.push_back({Reason::evidence_nonce_mismatch, "made for another binding"});
        const auto& wanted = dynamic_cast<const Policy&>(policy).stamp;
        if (stamp != wanted)
            out.findings.push_back({Reason::evidence_measurement_mismatch, "stamp is " + stamp + ", not " + wanted});
        if (dynamic_cast<const Policy&>(policy).sealed &&
            std::ranges::find(subject.enrolled, "seal:" + stamp) == subject.enrolled.end())
            out.findings.push_back({Reason::evidence_key_untrusted, "not enrolled with the seal of " + stamp});
        if (const auto& pattern = dynamic_cast<const Policy&>(policy).pattern; !pattern.empty()) {
            const ByteView made = subject.collateral == nullptr ? ByteView{} : subject.collateral->find(pattern);
            if (as_text(made) != stamp)
                out.findings.push_back({Reason::evidence_collateral_missing, "no pattern of it"});
        }
        out.claims["stamp"] = stamp;
        return out;
    }

    static Bytes evidence(std::string_view stamp, ByteView kept, const Sha512& binding, std::string_view more = {}) {
        auto text = std::string(stamp) + " " + hex_encode(kept) + " " + hex_encode(binding);
        if (!more.empty()) text.append(" ").append(more);
        return to_vector(as_bytes(text));
    }

private:
    std::string kind_;
};

// Knows "paper" and "parchment".
inline const attest::Verifier* find_paper(std::string_view kind) {
    static const PaperVerifier paper("paper");
    static const PaperVerifier parchment("parchment");
    if (kind == "paper") return &paper;
    if (kind == "parchment") return &parchment;
    return nullptr;
}

}  // namespace ct::test
