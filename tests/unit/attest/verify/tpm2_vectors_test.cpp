// SPDX-License-Identifier: Apache-2.0
// Quotes and certificates of real TPMs. None of these quotes is over a binding of ours, so each is refused for that; what
// counts is that nothing else is found wrong with a good one.
#include <sstream>

#include "attest/verify/tpm2/trust.h"
#include "support/vectors.h"
#include "tpm2_rig.h"

namespace ct::attest::tpm {
namespace {

using Reasons = std::vector<Reason>;
using test::ByteBuilder;
using test::read_vector;

// The TPMT_PUBLIC of an RSA-2048 attestation key of which only the SPKI is at hand.
Bytes rsa_ak(const crypto::PublicKey& key) {
    constexpr std::size_t modulus = 256, exponent_tail = 5;  // ...modulus, INTEGER 65537
    const Bytes spki = key.spki_der().value();
    const ByteView n = ByteView(spki).subspan(spki.size() - exponent_tail - modulus, modulus);
    return ByteBuilder()
        .be16(alg::kRsa)
        .be16(alg::kSha256)
        .be32(0x00050072)
        .tpm2b({})
        .be16(alg::kNull)
        .be16(alg::kRsaSsa)
        .be16(alg::kSha256)
        .be16(2048)
        .be32(0)
        .tpm2b(n);
}

struct Captured {
    Exchange exchange;
    std::shared_ptr<const KindPolicy> rules;
};

Captured capture(const std::string& name, ByteView signature) {
    Captured out;
    const Bytes pem = read_vector("tpm/" + name + ".ak.pub.pem");
    const Bytes ak = rsa_ak(crypto::PublicKey::from_pem(as_text(pem)).value());
    out.exchange.introduction = encode(Introduction{ak, {}, {}, {}});
    out.exchange.kept = kept_for(out.exchange.introduction);
    const Bytes attest = read_vector("tpm/" + name + ".quote.msg.bin");
    std::istringstream in{std::string(as_text(read_vector("tpm/" + name + ".pcrs-sha256.txt")))};
    std::vector<Bytes> values;
    std::string lines;
    unsigned index = 0;
    for (std::string hex; in >> index >> hex;) {
        values.push_back(hex_decode(hex, 32).value());
        lines += (lines.empty() ? "pcrs = { '" : ", '") + std::to_string(index) + "' = '" + hex + "'";
    }
    Evidence evidence{.attest = attest,
                      .signature = signature,
                      .pcr_mask = 0xffffff,
                      .pcr_values = {},
                      .event_log = {},
                      .secret = {}};
    std::copy(values.begin(), values.end(), evidence.pcr_values.begin());
    out.exchange.evidence = encode(evidence);
    out.rules = policy(lines + " }\nak = ['" + fingerprint(ak) + "']\n");
    return out;
}

TEST(Tpm2Vectors, OfCloudTpmsLackOnlyOurBinding) {
    CT_NEEDS_VECTORS();
    for (const std::string name : {"azure-milan-snp", "azure-spr-tdx"}) {
        const Bytes signature = ByteBuilder()
                                    .be16(alg::kRsaSsa)
                                    .be16(alg::kSha256)
                                    .tpm2b(read_vector("tpm/" + name + ".quote.sig-rsassa.bin"));
        const auto captured = capture(name, signature);
        EXPECT_EQ(reasons(captured.exchange.judge(*captured.rules)), Reasons{Reason::evidence_nonce_mismatch}) << name;
    }
}

TEST(Tpm2Vectors, OfASoftwareTpmThatNeverBootedMatchesNoPcrPolicy) {
    CT_NEEDS_VECTORS();
    auto captured = capture("swtpm", read_vector("tpm/swtpm.quote.sig-tpmt.bin"));
    EXPECT_EQ(reasons(captured.exchange.judge(*captured.rules)), Reasons{Reason::evidence_nonce_mismatch});
    const auto key = decode_introduction(captured.exchange.introduction)->ak_public;
    std::string lines;
    for (unsigned i = 0; i < kPcrs; ++i) {
        lines += (i == 0 ? "pcrs = { '" : ", '") + std::to_string(i) + "' = '" + std::string(64, '5') + "'";
    }
    const auto booted = policy(lines + " }\nak = ['" + fingerprint(key) + "']\n");
    Reasons expected{Reason::evidence_nonce_mismatch};
    expected.insert(expected.end(), kPcrs, Reason::evidence_measurement_mismatch);
    EXPECT_EQ(reasons(captured.exchange.judge(*booted)), expected);
}

TEST(Tpm2Vectors, SignedOverSha1WithoutANonceAreRefusedForBoth) {
    CT_NEEDS_VECTORS();
    // The fields of neg-sha1-gcp-windows.json that matter, decoded: AK.Public, Quote.Quote, Quote.Signature in base64.
    const Bytes json = read_vector("tpm/neg-sha1-gcp-windows.json");
    const auto field = [&](std::string_view name, std::size_t from) {
        const std::string key = "\"" + std::string(name) + "\":\"";
        const auto start = as_text(json).find(key, from) + key.size();
        const std::string_view base64 = as_text(json).substr(start, as_text(json).find('"', start) - start);
        Bytes out;
        std::uint32_t bits = 0;
        int count = 0;
        constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (const char c : base64) {
            if (c == '=') break;
            bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
            if ((count += 6) >= 8) out.push_back(static_cast<std::uint8_t>(bits >> (count -= 8)));
        }
        return out;
    };
    const auto quote_at = as_text(json).find("\"Quote\":{");
    const Bytes ak = field("Public", 0), attest = field("Quote", quote_at + 9),
                signature = field("Signature", quote_at);
    Exchange exchange;
    exchange.introduction = encode(Introduction{ak, {}, {}, {}});
    exchange.kept = kept_for(exchange.introduction);
    exchange.evidence = encode(Evidence{
        .attest = attest, .signature = signature, .pcr_mask = 0, .pcr_values = {}, .event_log = {}, .secret = {}});
    const auto rules = policy("pcrs = { '0' = '" + std::string(64, '0') + "' }\nak = ['" + fingerprint(ak) + "']\n");
    EXPECT_EQ(reasons(exchange.judge(*rules)),
              (Reasons{Reason::evidence_algorithm_weak,  // the signature's hash
                       Reason::evidence_nonce_mismatch,  // none at all
                       Reason::evidence_algorithm_weak,  // the bank
                       Reason::evidence_measurement_missing, Reason::evidence_measurement_missing,
                       Reason::evidence_measurement_digest}));
}

WallTime day(int year, unsigned month, unsigned of_month) {
    return std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(of_month));
}

TEST(Tpm2Vectors, CertificatesOfCloudTpmsChainToTheirRootsWhileTheyLast) {
    CT_NEEDS_VECTORS();
    const auto pem_der = [](const std::string& name) {
        return crypto::Certificate::from_pem(as_text(read_vector("tpm/" + name))).value().der().value();
    };
    struct Case {
        std::string what, leaf, root;
        Bytes intermediate;
        WallTime at;
        std::optional<Reason> refused;
    };
    for (const Case& one : std::vector<Case>{
             {"Azure in its year", "azure-ak-cert-2025.der", "azure-vtpm-root-2023.pem",
              pem_der("azure-vtpm-intermediate-03.pem"), day(2026, 1, 15), std::nullopt},
             {"Azure after its year", "azure-ak-cert-2025.der", "azure-vtpm-root-2023.pem",
              pem_der("azure-vtpm-intermediate-03.pem"), day(2026, 11, 23), Reason::evidence_certificate_expired},
             {"Azure with the wrong intermediate", "azure-ak-cert-2025.der", "azure-vtpm-root-2023.pem",
              pem_der("azure-vtpm-intermediate-01-expired.pem"), day(2026, 1, 15), Reason::evidence_chain_invalid},
             {"Google", "gce-ak-cert.der", "gce-ek-ak-root.pem", read_vector("tpm/gce-ak-intermediate.der"),
              day(2026, 1, 15), std::nullopt},
             {"Google under Azure's root", "gce-ak-cert.der", "azure-vtpm-root-2023.pem",
              read_vector("tpm/gce-ak-intermediate.der"), day(2026, 1, 15), Reason::evidence_chain_invalid},
         }) {
        const Bytes leaf = read_vector("tpm/" + one.leaf);
        const Bytes ak = rsa_ak(crypto::Certificate::from_der(leaf).value().public_key().value());
        const std::vector<ByteView> chain{leaf, one.intermediate};
        const std::vector roots{crypto::Certificate::from_pem(as_text(read_vector("tpm/" + one.root))).value()};
        const auto trust =
            trust_key(parse_public(ak).value(), chain, {.keys = {}, .roots = roots, .enrolled = {}}, one.at);
        const auto refused = trust ? std::nullopt : std::optional(trust.error().reason);
        EXPECT_EQ(refused, one.refused) << one.what << (trust ? "" : ": " + trust.error().context);
    }
}

}  // namespace
}  // namespace ct::attest::tpm
