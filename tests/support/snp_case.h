// SPDX-License-Identifier: Apache-2.0
// A release on a simulated SEV-SNP guest, judged by a policy that needs a revocation list from the gate's collateral.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "attest/evidence/snp_bundle.h"
#include "attest/judge/record.h"
#include "codec/hex.h"
#include "support/judge_case.h"
#include "support/simulated_snp.h"

namespace ct::test {

inline constexpr std::string_view kSnpKind = "simulated-sev-snp";

struct SnpCase {
    SimulatedSnp chip{{.at = kNow}};
    judge::Makers makers{filled<32>(0xc0), kNow - std::chrono::days(1), kNow + std::chrono::days(30), {}, 9};
    std::vector<judge::PolicyFile> files;
    judge::Case facts = paper_connection();

    // `bend` changes the report before it is signed, `more` are lines of the kind's table.
    explicit SnpCase(const std::function<void(SnpReport&)>& bend = {}, const std::string& more = {}) {
        const Bytes crl = chip.revocation_list({}, kNow - std::chrono::days(1), kNow + std::chrono::days(7));
        makers.items = {{"amd/crl/Milan", crl}, {"amd/crl/Genoa", Bytes{1}}, {"deny", Bytes{'#'}}};
        files = {
            {"maker.pem", chip.root_pem(), "maker.pem"},
            {"policy.toml",
             "epoch = 7\n[workload.payments]\nevidence = [\"simulated-sev-snp\"]\ntoken_role = \"wl-payments\"\n"
             "token_ttl = \"5m\"\nlifetime = \"10m\"\n[workload.payments.simulated-sev-snp]\nroots = \"maker.pem\"\n"
             "measurement = \"" +
                 hex_encode(Bytes(48, 0xaa)) + "\"\n" + more,
             "policy.toml"}};
        facts.hello = paper_hello();
        facts.hello->introductions = {{std::string(kSnpKind), attest::snp::encode(attest::snp::Introduction{})}};
        auto opening = judge::open(policy(), facts);
        if (!opening.findings.empty()) throw std::runtime_error(opening.findings.front().detail);
        facts.challenged =
            judge::Challenged{{filled<32>(0x44), 7, std::move(opening.requests)}, kNow, std::move(opening.kept), false};
        auto report = chip.fields();
        report.report_data = judge::case_binding(facts);
        if (bend) bend(report);
        const Bytes signed_report = chip.sign(report), leaf = chip.signing_key_certificate(),
                    intermediate = chip.intermediate_certificate();
        facts.proof =
            attest::Proof{{{std::string(kSnpKind), attest::snp::encode({signed_report, {leaf, intermediate}})}}};
    }

    [[nodiscard]] judge::Policy policy(bool with_collateral = true) const {
        auto out = judge::Policy::parse(files);
        if (!out) throw std::runtime_error(out.error().to_string());
        if (with_collateral && !out->rest_on(std::make_shared<judge::Makers>(makers)))
            throw std::runtime_error("the deny list");
        return std::move(*out);
    }
    [[nodiscard]] judge::Record record(bool with_collateral = true) const {
        const auto rules = policy(with_collateral);
        const auto decision = judge::appraise(rules, facts);
        judge::Outcome outcome{decision.granted(), Reason::internal, decision.granted() ? "accessor" : ""};
        if (!decision.granted()) outcome.reason = decision.findings.front().reason;
        return {judge::record_id(facts), facts,  rules.files(), judge::makers_of(rules, decision),
                encode(decision),        outcome};
    }
};

}  // namespace ct::test
