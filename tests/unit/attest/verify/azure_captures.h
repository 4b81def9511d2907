// SPDX-License-Identifier: Apache-2.0
// Exchanges that were captured on machines of Azure's. Their quotes are over what their makers chose and not over a binding of
// ours, so each is refused for that, at best for that alone. With CT_NEEDS_VECTORS().
#pragma once

#include <sstream>

#include "attest/evidence/hcl_report.h"
#include "attest/evidence/hcl_runtime.h"
#include "composite_rig.h"
#include "support/vectors.h"

namespace ct::attest::composite {

using test::ByteBuilder;
using test::read_vector;

// A captured exchange, as it would have come.
struct Captured {
    std::string kind, name;
    Collateral collateral;
    WallTime at;
    std::string hardware_lines;
    Bytes hcl = read_vector("tpm/" + name + ".hcl-report.bin");
    Bytes attest = read_vector("tpm/" + name + ".quote.msg.bin");
    std::function<void(Bytes&)> bend_key = [](auto&) {};

    // The TPMT_PUBLIC of the key, of which only the bare key is at hand.
    [[nodiscard]] Bytes ak_public() const {
        const auto pem = read_vector("tpm/" + name + ".ak.pub.pem");
        const Bytes spki = crypto::PublicKey::from_pem(as_text(pem)).value().spki_der().value();
        constexpr std::size_t modulus = 256, exponent_tail = 5;
        Bytes n = to_vector(ByteView(spki).subspan(spki.size() - exponent_tail - modulus, modulus));
        bend_key(n);
        ByteBuilder out;
        out.be16(0x0001).be16(0x000b).be32(0x00050072).tpm2b({}).be16(0x0010).be16(0x0014).be16(0x000b);
        return out.be16(2048).be32(0).tpm2b(n);
    }
    [[nodiscard]] Bytes introduction() const {
        const Bytes key = ak_public(), keys = encode(tpm::Introduction{key, {}, {}, {}});
        return encode(Parts{keys, {}});
    }
    // By their number, as its maker says.
    [[nodiscard]] std::map<unsigned, Bytes> pcrs() const {
        std::istringstream in{std::string(as_text(read_vector("tpm/" + name + ".pcrs-sha256.txt")))};
        std::map<unsigned, Bytes> out;
        unsigned index = 0;
        for (std::string hex; in >> index >> hex;)
            out[index] = hex_decode(hex, 32).value();
        return out;
    }
    [[nodiscard]] Bytes evidence() const {
        const Bytes signature =
            ByteBuilder().be16(0x0014).be16(0x000b).tpm2b(read_vector("tpm/" + name + ".quote.sig-rsassa.bin"));
        const auto values = pcrs();
        tpm::Evidence quoted{.attest = attest,
                             .signature = signature,
                             .pcr_mask = 0xffffff,
                             .pcr_values = {},
                             .event_log = {},
                             .secret = {}};
        for (const auto& [number, value] : values)
            quoted.pcr_values[number] = value;
        const Bytes vcek = kind == "azure-snp" ? read_vector("tpm/" + name + ".vcek.der") : Bytes{};
        const Bytes quote = kind == "azure-tdx" ? read_vector("tpm/" + name + ".td-quote.bin") : Bytes{};
        azure::Evidence hardware{hcl, {}, quote};
        if (!vcek.empty()) hardware.certificates.push_back(vcek);
        const Bytes tpm_part = encode(quoted), hardware_part = encode(hardware);
        return encode(Parts{tpm_part, hardware_part});
    }
    // Of its own PCRs and launch.
    [[nodiscard]] std::shared_ptr<const KindPolicy> rules() const {
        std::string lines;
        for (const auto& [index, value] : pcrs())
            lines += (lines.empty() ? "pcrs = { '" : ", '") + std::to_string(index) + "' = '" + hex_encode(value) + "'";
        const auto parsed = tdx::parse(kind, "[t.tpm2]\n" + lines + " }\n" + hardware_lines);
        EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().to_string());
        return parsed ? *parsed : nullptr;
    }
    [[nodiscard]] Verdict judge() const {
        const auto policy = rules();
        if (!policy) return {};
        const Bytes hello = introduction(), proof = evidence();
        CollateralReader reader(collateral);
        return find_verifier(kind)->verify({hello, {}, proof, tdx::some_binding(), at, {}, &reader}, *policy);
    }
};

inline Captured azure_snp() {
    const Bytes hcl = read_vector("tpm/azure-milan-snp.hcl-report.bin");
    const auto report = azure::parse_hcl_report(hcl);
    const std::string measurement = hex_encode(report->report.subspan(0x90, 48));
    return {"azure-snp",
            "azure-milan-snp",
            {{"amd/crl/Milan", read_vector("snp/crl-milan.der")}},
            day(2025, 6, 15),
            "[t.sev-snp]\nmeasurement = '" + measurement + "'\n"};
}

inline Captured azure_tdx(const std::string& lines) {
    const Bytes quote = read_vector("tpm/azure-spr-tdx.td-quote.bin");
    const std::string set = "tdx/collateral-2025-07", fmspc = "00806f050000";
    return {"azure-tdx",
            "azure-spr-tdx",
            {{"intel/tcb-info/" + fmspc, read_vector(set + ".tcbinfo-" + fmspc + ".json")},
             {"intel/td-qe-identity", read_vector(set + ".td-qe-identity.json")},
             {"intel/tcb-signing-chain", read_vector("tdx/tcb-signing-chain.pem")},
             {"intel/pck-crl/platform", read_vector(set + ".pck-platform.crl.der")},
             {"intel/root-crl", read_vector(set + ".root.crl.der")}},
            day(2025, 7, 20),
            "[t.tdx]\nmrtd = '" + hex_encode(tdx::parse_quote(quote)->td.mr_td) + "'\n" + lines};
}

}  // namespace ct::attest::composite
