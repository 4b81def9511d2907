// SPDX-License-Identifier: Apache-2.0
// One exchange of kind "tpm2" between a real collector on a software TPM and the verifier, which a test then bends.
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "attest/collect/tpm2/settings.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_algorithms.h"
#include "attest/evidence/tpm_public.h"
#include "attest/verify/verifier.h"
#include "codec/cbor.h"
#include "codec/hex.h"
#include "config/tree.h"
#include "support/certificate_issuer.h"
#include "support/print_reason.h"
#include "support/swtpm.h"

namespace ct::attest::tpm {

inline WallTime now() {
    static const auto start = std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
    return start;
}
inline constexpr std::chrono::hours kDay{24};

inline Sha512 some_binding(std::uint8_t first = 0) {
    Sha512 out;
    for (auto& byte : out)
        byte = first++;
    return out;
}

inline const Verifier& verifier() { return *find_verifier("tpm2"); }

// The keys of a policy table as TOML lines.
inline Result<std::shared_ptr<const KindPolicy>> parse(const std::string& lines, const Attachments& attachments = {}) {
    auto document = config::Document::parse("[t]\n" + lines, "p.toml");
    if (!document) return std::unexpected(document.error());
    return verifier().parse_policy(*document->root().get("t"), attachments);
}
inline std::shared_ptr<const KindPolicy> policy(const std::string& lines, const Attachments& attachments = {}) {
    auto parsed = parse(lines, attachments);
    if (!parsed) {
        ADD_FAILURE() << parsed.error().to_string() << "\n" << lines;
        return nullptr;
    }
    return *parsed;
}

inline std::string fingerprint(ByteView tpmt_public) { return "sha256:" + hex_encode(crypto::sha256(tpmt_public)); }

// Everything that was said in one exchange; a Subject is a view of it.
struct Exchange {
    Bytes introduction, kept, evidence;
    Sha512 binding = some_binding();
    WallTime at = now();
    std::vector<std::string> enrolled = {};
    [[nodiscard]] Verdict judge(const KindPolicy& rules) const {
        return verifier().verify({introduction, kept, evidence, binding, at, enrolled}, rules);
    }
};

inline std::vector<Reason> reasons(const Verdict& verdict) {
    std::vector<Reason> out;
    for (const Finding& finding : verdict.findings)
        out.push_back(finding.reason);
    return out;
}

// Evidence taken apart, to be put together again with something changed.
struct Parts {
    Bytes attest, signature, event_log, secret;
    std::map<unsigned, Bytes> pcrs;

    explicit Parts(ByteView evidence) {
        const auto decoded = decode_evidence(evidence);
        EXPECT_TRUE(decoded);
        if (!decoded) return;
        attest = to_vector(decoded->attest);
        signature = to_vector(decoded->signature);
        event_log = to_vector(decoded->event_log);
        secret = to_vector(decoded->secret);
        for (unsigned i = 0; i < kPcrs; ++i) {
            if ((decoded->pcr_mask >> i & 1) != 0) pcrs[i] = to_vector(decoded->pcr_values[i]);
        }
    }
    [[nodiscard]] Bytes bytes() const {
        Evidence out{.attest = attest,
                     .signature = signature,
                     .pcr_mask = 0,
                     .pcr_values = {},
                     .event_log = event_log,
                     .secret = secret};
        for (const auto& [index, value] : pcrs) {
            out.pcr_mask |= 1U << index;
            out.pcr_values[index] = value;
        }
        return encode(out);
    }
};

// What the gate keeps when it needs no credential, for introductions that request() itself would refuse.
inline Bytes kept_for(ByteView introduction) {
    cbor::Writer out;
    out.map(1).uint(0).bytes(crypto::sha256(introduction));
    return out.take();
}

// A software TPM that booted: PCR 0 and 7 measured, PCR 4 untouched.
class Tpm2Rig {
public:
    static std::unique_ptr<Tpm2Rig> start(TpmKeyType ak = TpmKeyType::ecc, TpmKeyType ek = TpmKeyType::rsa) {
        std::signal(SIGPIPE, SIG_IGN);
        ::setenv("TSS2_LOG", "all+none", 1);  // NOLINT(concurrency-mt-unsafe): one thread
        auto tpm = test::Swtpm::start();
        if (!tpm) return nullptr;
        auto out = std::make_unique<Tpm2Rig>();
        out->tpm = std::move(*tpm);
        EXPECT_TRUE(out->tpm->measure(0, "firmware 1.0"));
        EXPECT_TRUE(out->tpm->measure(7, "secure boot on"));
        EXPECT_TRUE(out->tpm->measure(7, "db"));
        for (const unsigned pcr : {0, 4, 7})
            out->pcrs[pcr] = hex_encode(out->tpm->pcr_value(pcr).value());
        out->settings.tcti = out->tpm->tcti();
        out->settings.ak_type = ak;
        out->settings.ek_type = ek;
        out->settings.event_log = out->tpm->write_event_log();
        out->collector = make_tpm2_collector(out->settings);
        out->introduction = out->collector->introduction().value();
        const auto keys = decode_introduction(out->introduction);
        out->ak = to_vector(keys->ak_public);
        out->ek = to_vector(keys->ek_public);
        return out;
    }

    [[nodiscard]] std::string pcr_lines() const {
        return "pcrs = { '0' = '" + pcrs.at(0) + "', '4' = '" + pcrs.at(4) + "', '7' = '" + pcrs.at(7) + "' }\n";
    }
    [[nodiscard]] std::string ak_lines() const { return "ak = ['" + fingerprint(ak) + "']\n"; }
    [[nodiscard]] std::string ek_lines() const { return "ek = ['" + fingerprint(ek) + "']\n"; }

    // request() and collect() under `rules`, with another introduction where one is given.
    [[nodiscard]] Result<Exchange> exchange(const KindPolicy& rules, const Sha512& binding = some_binding(),
                                            std::optional<Bytes> other_introduction = std::nullopt,
                                            const std::vector<std::string>& enrolled = {}) const {
        Exchange out;
        out.enrolled = enrolled;
        out.introduction = other_introduction.value_or(introduction);
        out.binding = binding;
        const ByteArray<32> entropy{1, 2, 3};
        CT_TRY(auto request, verifier().request(out.introduction, rules, entropy, now(), enrolled));
        out.kept = request.kept;
        CT_TRY(out.evidence, collector->collect(request.for_collector, binding));
        return out;
    }
    [[nodiscard]] Exchange genuine(const KindPolicy& rules) const {
        auto out = exchange(rules);
        EXPECT_TRUE(out) << out.error().to_string();
        return out ? *out : Exchange{};
    }

    [[nodiscard]] Bytes with_certificates(std::vector<Bytes> ak_chain, std::vector<Bytes> ek_chain) const {
        return encode(Introduction{ak, ek, {ak_chain.begin(), ak_chain.end()}, {ek_chain.begin(), ek_chain.end()}});
    }
    [[nodiscard]] crypto::PublicKey ak_key() const { return key_of(parse_public(ak).value()).value(); }
    [[nodiscard]] crypto::PublicKey ek_key() const { return key_of(parse_public(ek).value()).value(); }

    std::unique_ptr<test::Swtpm> tpm;
    Tpm2Settings settings;
    std::unique_ptr<Collector> collector;
    Bytes introduction, ak, ek;
    std::map<unsigned, std::string> pcrs;
};

}  // namespace ct::attest::tpm
