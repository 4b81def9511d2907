// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>

#include "attest/collateral/bundle.h"
#include "attest/judge/ear.h"
#include "attest/judge/makers.h"
#include "attest/judge/policy_files.h"
#include "attest/signed/envelope.h"
#include "base/fd.h"
#include "clients/attest/appraise.h"
#include "clients/attest/commands.h"
#include "clients/libclient/files.h"
#include "clients/libclient/output.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "crypto/digest.h"

namespace ct::attest_tool {
namespace {

constexpr std::size_t kMostKey = 16UZ * 1024;
constexpr std::size_t kBinding = 64;
constexpr std::size_t kMostExpected = 1024;  // of a Nitro document's nonce

std::unexpected<Error> wrong(std::string what) { return fail(Reason::invalid_argument, std::move(what)); }

Result<Bytes> read_bytes(const std::string& path, std::size_t most = kMostFile) {
    if (path.empty()) return Bytes{};
    CT_TRY(const auto text, path == "-" ? read_fd(STDIN_FILENO, most) : read_file(path, most));
    return to_vector(as_bytes(text));
}

// Exactly one of four has been said: a verdict whose freshness was forgotten must not exist.
Result<Expected> expected_of(const VerifyOptions& options) {
    using enum Expected::What;
    const struct {
        const std::string& text;
        const char* name;
        Expected::What what;
        std::size_t most;
    } rows[] = {{options.binding, "--binding", binding, kBinding},
                {options.nonce, "--nonce", nonce, kMostExpected},
                {options.report_data, "--report-data", report_data, kBinding}};
    Expected out;
    int said = options.no_freshness ? 1 : 0;
    for (const auto& row : rows) {
        if (row.text.empty()) continue;
        ++said;
        auto bytes = hex_decode(row.text, row.most);
        if (!bytes || bytes->empty())
            return wrong(std::string(row.name) + ": write up to " + std::to_string(row.most) + " bytes in hexadecimal");
        if (row.what == binding && bytes->size() != kBinding) return wrong("--binding: R is 64 bytes");
        out = {row.what, std::move(*bytes)};
    }
    if (said != 1)
        return wrong(
            "say what the evidence must be over, by one of --report-data, --nonce and --binding; "
            "or, knowing that it may be of any age, --no-freshness");
    return out;
}

Result<Beside> beside_of(const VerifyOptions& options) {
    Beside out;
    for (const auto& path : options.certificates) {
        CT_TRY(const auto bytes, read_bytes(path));
        CT_TRY(auto der, der_of(bytes));
        out.certificates.push_back(std::move(der));
    }
    CT_TRY(out.signature, read_bytes(options.signature));
    CT_TRY(out.ak, read_bytes(options.ak));
    CT_TRY(out.pcrs, read_bytes(options.pcrs));
    CT_TRY(out.event_log, read_bytes(options.event_log));
    return out;
}

// From a signed bundle; its end is a matter of the verdict.
Result<judge::Makers> makers_of_bundle(const VerifyOptions& options) {
    judge::Signers signers{{}, options.needed};
    for (const auto& word : options.signers) {
        auto key = judge::parse_signer(word);
        if (!key) return wrong("--signer: " + key.error().context);
        signers.keys.push_back(std::move(*key));
    }
    if (signers.keys.empty())
        return wrong("--bundle needs at least one --signer: a file that nobody signed says nothing");
    CT_TRY(const auto bytes, read_bytes(options.bundle, attest::kMostEnvelope));
    auto makers = judge::open_makers(bytes, signers);
    if (!makers) return fail(makers.error().reason, options.bundle + ": " + makers.error().to_string());
    return makers;
}

// Or files by the names that a bundle would have them under: every one of them is signed by its maker.
Result<judge::Makers> makers_of_items(const VerifyOptions& options, WallTime at) {
    attest::CollateralBundle bundle;
    for (const auto& item : options.items) {
        const auto equals = item.find('=');
        if (equals == std::string::npos || equals == 0)
            return wrong("--item: write NAME=FILE, such as amd/crl/Milan=crl.der");
        CT_TRY(auto content, read_bytes(item.substr(equals + 1), attest::kMostCollateralItem));
        bundle.items.insert_or_assign(item.substr(0, equals), std::move(content));
    }
    const Sha256 hash = bundle.items.empty() ? Sha256{} : crypto::sha256(attest::encode(bundle));
    return judge::Makers{hash, at, WallTime::max(), std::move(bundle.items), 0};
}

struct Judged {
    judge::Decision decision;
    judge::EarFacts facts;
    judge::Tier status;
    Format format;
};

std::string freshness_text(const Judged& judged) {
    if (!judged.facts.fresh) return "NOT CHECKED: this evidence may be of any age, and of any exchange";
    return "over " + hex(judged.facts.nonce);
}

std::string expiry_text(const judge::Decision& decision) {
    return decision.expires == WallTime::max() ? "never" : format_timestamp(decision.expires);
}

std::string lines_of(const Judged& judged) {
    const auto& decision = judged.decision;
    client::Output out(client::Output::Mode::plain);
    if (!judged.facts.fresh) out.line("!! --no-freshness: nothing shows when, or for whom, this evidence was made");
    out.field("Status", to_string(judged.status));
    out.field("Evidence", decision.kinds + " (" + std::string(to_string(judged.format)) + ")");
    out.field("Freshness", freshness_text(judged));
    out.field("Policy", "sha256 " + hex_encode(decision.policy_hash));
    if (!decision.collateral.empty()) out.field("Collateral", "sha256 " + hex_encode(decision.collateral_hash));
    out.field("Judged at", format_timestamp(decision.at));
    if (decision.granted()) out.field("Expires", expiry_text(decision));
    if (!decision.findings.empty()) {
        client::Table table({"FINDING", "DETAIL"});
        for (const auto& finding : decision.findings)
            table.add({std::string(to_string(finding.reason)), client::printable(finding.detail)});
        out.line();
        out.table(table);
    }
    client::Table claims({"CLAIM", "VALUE"});
    for (const auto& [kind, values] : decision.claims)
        for (const auto& [name, value] : values)
            claims.add({client::printable(name), client::printable(value)});
    if (!claims.empty()) {
        out.line();
        out.table(claims);
    }
    return out.take().value_or("");
}

Fields fields_of(const Judged& judged) {
    const auto& decision = judged.decision;
    std::vector<Fields> findings;
    for (const auto& finding : decision.findings)
        findings.push_back({{"reason", std::string(to_string(finding.reason))}, {"detail", finding.detail}});
    Fields claims;
    for (const auto& [kind, values] : decision.claims)
        for (const auto& [name, value] : values)
            claims.push_back({name, value});
    return {{"status", std::string(to_string(judged.status))},
            {"kind", decision.kinds},
            {"format", std::string(to_string(judged.format))},
            {"fresh", judged.facts.fresh},
            {"policy_sha256", hex_encode(decision.policy_hash)},
            {"collateral_sha256", decision.collateral.empty() ? std::string() : hex_encode(decision.collateral_hash)},
            {"at", format_timestamp(decision.at)},
            {"expires", expiry_text(decision)},
            {"findings", std::move(findings)},
            {"claims", std::move(claims)}};
}

Result<std::string> token_of(const Judged& judged, const std::string& key_file) {
    CT_TRY(const auto pem, client::read_secret_file(key_file, kMostKey));
    const auto key = crypto::JwsKey::from_pem(pem.bytes());
    if (!key) return fail(key.error().reason, key_file + ": " + key.error().context);
    return judge::sign_ear(judge::ear_claims(judged.decision, judged.facts), *key);
}

int code_of(judge::Tier status) {
    if (status == judge::Tier::affirming) return kAffirming;
    return status == judge::Tier::warning ? kWarning : kRefused;
}

}  // namespace

Result<Told> verify(const VerifyOptions& options, WallTime now) {
    CT_TRY(const auto expected, expected_of(options));
    WallTime at = now;
    if (!options.at.empty()) {
        const auto told = parse_timestamp(options.at);
        if (!told) return wrong("--at: write 2026-03-16 or 2026-03-16T08:14:38Z");
        at = *told;
    }
    if (!options.bundle.empty() && !options.items.empty()) return wrong("--bundle or --item, not both");
    CT_TRY(const auto makers, options.bundle.empty() ? makers_of_items(options, at) : makers_of_bundle(options));
    CT_TRY(const auto beside, beside_of(options));
    CT_TRY(const auto bytes, read_bytes(options.file));
    auto exhibit = exhibit_of(bytes, beside, expected);
    if (!exhibit) return fail(exhibit.error().reason, options.file + ": " + exhibit.error().context);
    CT_TRY(auto files, judge::read_policy_files(options.policy));
    CT_TRY(const auto rules, load_rules(std::move(files), options.workload, exhibit->kind, options.kind));

    attest::DenyList denied;
    if (const auto list = makers.items.find(attest::kDenyList); list != makers.items.end()) {
        CT_TRY(denied, attest::DenyList::parse(list->second));
    }
    Judged judged{appraise(*exhibit, rules, makers, at, denied),
                  {.record = {}, .nonce = exhibit->nonce, .fresh = exhibit->fresh},
                  {},
                  recognise(bytes)};
    judged.status = judge::ear_status(judged.decision, judged.facts);
    Told told{code_of(judged.status), {}, {}};
    std::string token;
    if (!options.ear.empty()) {
        CT_TRY(token, token_of(judged, options.ear));
    }
    if (options.json) {
        auto fields = fields_of(judged);
        if (!token.empty()) fields.push_back({"ear", token});
        told.out = as_json(fields) + "\n";
    } else if (!token.empty()) {
        told.out = token + "\n";
        told.error = lines_of(judged);
    } else {
        told.out = lines_of(judged);
    }
    return told;
}

}  // namespace ct::attest_tool
