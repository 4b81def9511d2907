// SPDX-License-Identifier: Apache-2.0
// Machines whose TPM and hardware a test owns, of each composite kind: two of them, of one maker, that speak for themselves or
// for each other. All parts of what is said lie open, to be bent or swapped.
#pragma once

#include <array>
#include <optional>

#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/gce_binding.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "support/certificate_issuer.h"
#include "support/hcl_builder.h"
#include "support/simulated_snp.h"
#include "support/simulated_tpm.h"
#include "tdx_rig.h"

namespace ct::attest::composite {

using tdx::day;
using tdx::Reasons;
using tdx::reasons;
using tdx::words;

inline constexpr const char* kAzureSnp = "simulated-azure-snp";
inline constexpr const char* kAzureTdx = "simulated-azure-tdx";
inline constexpr const char* kGceSnp = "simulated-gce-snp";
inline const WallTime kAt = day(2026, 1, 15);

// The maker of all: what is one for all machines is made once.
struct Maker {
    using Signer = test::Signer;
    Signer intel = Signer::make(nullptr, {"Simulated Root CA", day(2020, 1, 1), day(2040, 1, 1), true, 1, {}});
    Signer pck_ca = Signer::make(&intel, {"Intel SGX PCK Platform CA", day(2020, 1, 1), day(2035, 1, 1), true, 2, {}});
    Signer tcb = Signer::make(&intel, {"Intel SGX TCB Signing", day(2024, 1, 1), day(2032, 1, 1), false, 4, {}});
    test::Issuer google = test::Issuer::root("Simulated EK/AK CA Root", day(2020, 1, 1), day(2040, 1, 1));

    static const Maker& only() {
        static const Maker maker;
        return maker;
    }
};

// Chips differ in the first byte of their id, which is in their certificates too.
inline const test::SimulatedSnp& chip_of(std::uint8_t host) {
    static std::map<std::uint8_t, test::SimulatedSnp> made;
    if (const auto found = made.find(host); found != made.end()) return found->second;
    const auto name = [host](test::SnpCertificate& certificate) {
        certificate.extensions.at("1.3.6.1.4.1.3704.1.4").front() = host;
    };
    return made.emplace(host, test::SimulatedSnp({.at = kAt, .bend_certificate = name})).first->second;
}
inline test::SnpReport report_of(std::uint8_t host, const Sha512& data) {
    auto fields = chip_of(host).fields();
    fields.chip_id.front() = host;
    fields.report_data = data;
    return fields;
}

// Everything that one node said in one exchange.
struct Said {
    std::string kind;
    Sha512 binding{};
    // the TPM's
    Bytes ak_public;
    std::vector<Bytes> ak_certificates;
    Bytes attest, signature, event_log;
    std::map<unsigned, Bytes> pcrs;
    // the hardware's
    test::HclFields hcl;              // Azure; its report is SNP's
    Bytes report;                     // GCE
    std::vector<Bytes> certificates;  // SNP
    Bytes quote;                      // TDX

    [[nodiscard]] Bytes introduction() const {
        const Bytes tpm =
            encode(tpm::Introduction{ak_public, {}, {ak_certificates.begin(), ak_certificates.end()}, {}});
        const Bytes hardware = kind == kGceSnp ? encode(snp::Introduction{}) : Bytes{};
        return encode(Parts{tpm, hardware});
    }
    [[nodiscard]] Bytes evidence() const {
        tpm::Evidence quoted{.attest = attest,
                             .signature = signature,
                             .pcr_mask = 0,
                             .pcr_values = {},
                             .event_log = event_log,
                             .secret = {}};
        for (const auto& [index, value] : pcrs) {
            quoted.pcr_mask |= 1U << index;
            quoted.pcr_values[index] = value;
        }
        const Bytes tpm = encode(quoted), hcl_report = hcl.bytes();
        const std::vector<ByteView> chain(certificates.begin(), certificates.end());
        const Bytes hardware =
            kind == kGceSnp ? encode(snp::Evidence{report, chain}) : encode(azure::Evidence{hcl_report, chain, quote});
        return encode(Parts{tpm, hardware});
    }
};

// One machine. Equal numbers are one machine.
class Host {
public:
    Host(std::string kind, std::uint8_t number) : kind_(std::move(kind)), number_(number), tpm_(number) {
        sgx_.ppid = Bytes(16, number);
        pcrs_ = {{0, Bytes(32, 0xf0)}, {7, Bytes(32, 0xf7)}};
    }

    // All of it over `binding`, as an honest machine says it; bent before it is signed.
    struct Bends {
        std::function<void(test::AttestFields&)> quote = [](auto&) {};
        std::function<void(test::SnpReport&)> report = [](auto&) {};
        std::function<void(test::TdFields&)> td = [](auto&) {};
        std::optional<Sha512> user_data;       // written into the TPM before
        const Host* certificate_of = nullptr;  // whose PCK certificate comes with the quote
    };
    [[nodiscard]] Said say(const Sha512& binding, const Bends& bends) const {
        Said out;
        out.kind = kind_;
        out.binding = binding;
        out.ak_public = tpm_.ak_public();
        out.pcrs = pcrs_;
        quote(out, bends);
        if (kind_ == kGceSnp) {
            out.ak_certificates = {Maker::only().google.issue(tpm_.ak_key(), day(2025, 1, 1), day(2030, 1, 1))};
            const auto name = tpm::name_of(tpm::parse_public(out.ak_public).value()).value();
            out.report = report(gce::report_data(binding, name), bends);
        } else {
            out.hcl.runtime = test::hcl_runtime(tpm_.ak_modulus(), hex_encode(bends.user_data.value_or(Sha512{})));
            Sha512 data{};
            std::ranges::copy(crypto::sha256(as_bytes(out.hcl.runtime)), data.begin());
            if (kind_ == kAzureSnp) {
                out.hcl.report = report(data, bends);
            } else {
                out.hcl.hardware = 4;
                out.quote = td_quote(data, bends);
            }
        }
        if (kind_ != kAzureTdx)
            out.certificates = {chip_of(number_).signing_key_certificate(),
                                chip_of(number_).intermediate_certificate()};
        return out;
    }
    [[nodiscard]] Said say(const Sha512& binding) const { return say(binding, Bends{}); }
    [[nodiscard]] Bytes td_quote(const Sha512& data) const { return td_quote(data, Bends{}); }

private:
    void quote(Said& out, const Bends& bends) const {
        test::AttestFields fields;
        fields.extra_data = Bytes(out.binding.begin(), out.binding.begin() + 32);
        fields.selections = {{0x000b, test::pcr_bitmap(pcrs_)}};
        fields.pcr_digest = test::pcr_digest(pcrs_);
        bends.quote(fields);
        out.attest = fields.bytes();
        out.signature = tpm_.sign(out.attest);
    }
    [[nodiscard]] Bytes report(const Sha512& data, const Bends& bends) const {
        auto fields = report_of(number_, data);
        bends.report(fields);
        return chip_of(number_).sign(fields);
    }
    [[nodiscard]] Bytes td_quote(const Sha512& data, const Bends& bends) const {
        test::QuoteFields fields;
        fields.td.report_data = Bytes(data.begin(), data.end());
        bends.td(fields.td);
        const Maker& maker = Maker::only();
        const Host& shown = bends.certificate_of == nullptr ? *this : *bends.certificate_of;
        static const auto attestation =
            test::Signer::make(nullptr, {"QE", day(2024, 1, 1), day(2031, 1, 1), false, 9, {}});
        test::sign_quote(fields, pck(), attestation, shown.pck().pem() + maker.pck_ca.pem() + maker.intel.pem());
        return fields.bytes();
    }
    [[nodiscard]] const test::Signer& pck() const {
        static std::map<std::uint8_t, test::Signer> made;
        if (const auto found = made.find(number_); found != made.end()) return found->second;
        const test::Signer::Fields leaf{
            "Intel SGX PCK Certificate", day(2024, 1, 1), day(2031, 1, 1), false, 100 + number_, sgx_.der()};
        return made.emplace(number_, test::Signer::make(&Maker::only().pck_ca, leaf)).first->second;
    }

    std::string kind_;
    std::uint8_t number_;
    test::SimulatedTpm tpm_;
    test::SgxFields sgx_;
    std::map<unsigned, Bytes> pcrs_;
};

struct Rules {
    std::string tpm, hardware, own;  // further lines of each table
};

inline Result<std::shared_ptr<const KindPolicy>> parse_rules(const std::string& kind, const Rules& more = {}) {
    std::string lines = more.own;
    if (kind == kGceSnp) lines += "ak_roots = 'google.pem'\n";
    lines += "[t.tpm2]\npcrs = { '0' = '" + hex_encode(Bytes(32, 0xf0)) + "', '7' = '" + hex_encode(Bytes(32, 0xf7)) +
             "' }\n" + more.tpm;
    if (kind == kAzureTdx)
        lines += "[t.tdx]\nmrtd = '" + hex_encode(test::TdFields{}.mr_td) + "'\nroots = 'intel.pem'\n";
    else
        lines += "[t.sev-snp]\nmeasurement = '" + hex_encode(Bytes(48, 0xaa)) + "'\nroots = 'amd.pem'\n";
    lines += more.hardware;
    const Maker& maker = Maker::only();
    return tdx::parse(
        kind, lines,
        {{"google.pem", maker.google.pem()}, {"intel.pem", maker.intel.pem()}, {"amd.pem", chip_of(1).root_pem()}});
}

inline Collateral collateral() {
    const Maker& maker = Maker::only();
    const tdx::Rig::Dates dates;
    return {
        {"amd/crl/Milan", chip_of(1).revocation_list({}, dates.from, dates.until)},
        {"intel/tcb-info/90c06f000000", test::signed_document(maker.tcb, "tcbInfo", tdx::TcbInfoFields{}.json())},
        {"intel/td-qe-identity", test::signed_document(maker.tcb, "enclaveIdentity", tdx::QeIdentityFields{}.json())},
        {"intel/tcb-signing-chain", to_vector(as_bytes(maker.tcb.pem() + maker.intel.pem()))},
        {"intel/pck-crl/platform", maker.pck_ca.crl({}, dates.from, dates.until)},
        {"intel/root-crl", maker.intel.crl({}, dates.from, dates.until)}};
}

inline Verdict judge(const Said& said, const KindPolicy& rules, WallTime at = kAt) {
    static const Collateral all = collateral();
    const Bytes introduction = said.introduction(), evidence = said.evidence();
    CollateralReader reader(all);
    return find_verifier(said.kind)->verify({introduction, {}, evidence, said.binding, at, {}, &reader}, rules);
}
inline Verdict judge(const Said& said, const Rules& more = {}, WallTime at = kAt) {
    const auto rules = parse_rules(said.kind, more);
    EXPECT_TRUE(rules) << (rules ? "" : rules.error().to_string());
    return rules ? judge(said, **rules, at) : Verdict{};
}

}  // namespace ct::attest::composite
