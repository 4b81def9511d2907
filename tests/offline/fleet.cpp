// SPDX-License-Identifier: Apache-2.0
#include "offline/fleet.h"

#include <algorithm>

#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tpm2_bundle.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "crypto/digest.h"
#include "support/simulated_nsm.h"
#include "support/simulated_tpm.h"
#include "support/tdx_collateral.h"

namespace ct::test {
namespace {

using std::chrono::days, std::chrono::hours;

constexpr std::string_view kSnp = "simulated-sev-snp", kTdx = "simulated-tdx", kTpm = attest::tpm::kKind;
constexpr std::string_view kNitro = attest::nitro::kSimulatedKind;
constexpr const char* kChipId = "1.3.6.1.4.1.3704.1.4";  // in a certificate of a chip's key

Bytes numbered(Bytes bytes, std::size_t number) {
    for (std::size_t i = 0; i < sizeof number && i < bytes.size(); ++i)
        bytes[bytes.size() - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return bytes;
}

// Its host hands it the certificate of its chip; or does not, and the bundle must.
class SnpHost final : public Host {
public:
    SnpHost(std::size_t number, WallTime from, bool from_bundle)
        : chip_id_(numbered(Bytes(64, 0x5c), number)),
          chip_({.at = from, .bend_certificate = [this](SnpCertificate& one) { one.extensions[kChipId] = chip_id_; }}),
          from_bundle_(from_bundle) {}
    [[nodiscard]] std::string_view kind() const override { return kSnp; }
    [[nodiscard]] bool needs_collateral() const override { return true; }
    [[nodiscard]] Bytes introduction() const override { return attest::snp::encode(attest::snp::Introduction{}); }
    [[nodiscard]] Bytes prove(ByteView request, const Sha512& binding, WallTime /*now*/) override {
        SnpReport fields = this->fields();
        fields.report_data = binding;
        fields.vmpl = attest::snp::decode_request(request).value().vmpl;
        const Bytes report = chip_.sign(fields), leaf = chip_.signing_key_certificate(),
                    between = chip_.intermediate_certificate();
        attest::snp::Evidence out{report, {}};
        if (!from_bundle_) out.certificates = {leaf, between};
        return attest::snp::encode(out);
    }
    void publish(attest::Collateral& into) const {
        const SnpReport fields = this->fields();
        if (from_bundle_)
            into["amd/vcek/" + hex_encode(fields.chip_id) + "/" + hex_encode(fields.reported_tcb)] =
                chip_.signing_key_certificate();
    }

private:
    [[nodiscard]] SnpReport fields() const {
        SnpReport out = chip_.fields();
        std::ranges::copy(chip_id_, out.chip_id.begin());
        return out;
    }
    Bytes chip_id_;
    SimulatedSnp chip_;
    bool from_bundle_;
};

class TdxHost final : public Host {
public:
    TdxHost(std::size_t number, WallTime from, const Signer& platform_ca, const Signer& root)
        : attestation_(Signer::make(nullptr, {"attestation key", from - days(1), from + days(900), false, 5, {}})) {
        SgxFields sgx;
        sgx.ppid = numbered(Bytes(16, 0x99), number);
        const Signer pck = Signer::make(&platform_ca, {"Intel SGX PCK Certificate", from - days(300), from + days(900),
                                                       false, static_cast<long>(number) + 1000, sgx.der()});
        sign_quote(quote_, pck, attestation_, pck.pem() + platform_ca.pem() + root.pem());
    }
    [[nodiscard]] std::string_view kind() const override { return kTdx; }
    [[nodiscard]] bool needs_collateral() const override { return true; }
    [[nodiscard]] Bytes introduction() const override { return attest::tdx::encode_introduction(); }
    // The quoting enclave's report was signed when it made its key; a quote takes that key's signature alone.
    [[nodiscard]] Bytes prove(ByteView /*request*/, const Sha512& binding, WallTime /*now*/) override {
        quote_.td.report_data = to_vector(binding);
        quote_.signature = attestation_.sign(quote_.signed_bytes());
        const Bytes quote = quote_.bytes();
        return attest::tdx::encode(attest::tdx::Evidence{quote});
    }

private:
    Signer attestation_;
    QuoteFields quote_;
};

class NitroHost final : public Host {
public:
    NitroHost(std::size_t number, WallTime from, const Issuer& maker) : nsm_(from, maker) {
        nsm_.content.module_id = "i-0123456789abcdef0-enc" + hex_encode(numbered(Bytes(8), number));
        nsm_.content.user_data = to_vector(as_bytes(attest::nitro::kPurpose));
    }
    [[nodiscard]] std::string_view kind() const override { return kNitro; }
    [[nodiscard]] bool needs_collateral() const override { return false; }
    [[nodiscard]] Bytes introduction() const override { return attest::nitro::encode(attest::nitro::Introduction{}); }
    // Its certificates live for hours. The hypervisor renews them; no network is asked for them.
    [[nodiscard]] Bytes prove(ByteView /*request*/, const Sha512& binding, WallTime now) override {
        nsm_.renew(now);
        nsm_.content.nonce = to_vector(binding);
        nsm_.content.timestamp = static_cast<std::uint64_t>(now.time_since_epoch() / Millis{1});
        const Bytes document = nsm_.document(nsm_.content);
        return attest::nitro::encode(attest::nitro::Evidence{document});
    }

private:
    SimulatedNsm nsm_;
};

class TpmHost final : public Host {
public:
    TpmHost(std::size_t number, WallTime from) : tpm_(static_cast<int>(number)), booted_(from - hours{1}) {}
    [[nodiscard]] std::string_view kind() const override { return kTpm; }
    [[nodiscard]] bool needs_collateral() const override { return false; }
    [[nodiscard]] std::string enrolled() const override {
        return "[node.keys]\ntpm2 = [\"ak:sha256:" + hex_encode(crypto::sha256(tpm_.ak_public())) + "\"]\n";
    }
    [[nodiscard]] Bytes introduction() const override {
        const Bytes ak = tpm_.ak_public();
        return attest::tpm::encode(attest::tpm::Introduction{ak, {}, {}, {}});
    }
    [[nodiscard]] Bytes prove(ByteView /*request*/, const Sha512& binding, WallTime now) override {
        const std::map<unsigned, Bytes> pcrs = values();
        AttestFields quote;
        quote.extra_data = Bytes(binding.begin(), binding.begin() + 32);
        quote.clock = static_cast<std::uint64_t>((now - booted_) / Millis{1});
        quote.selections = {{.bitmap = pcr_bitmap(pcrs)}};
        quote.pcr_digest = pcr_digest(pcrs);
        const Bytes attest = quote.bytes(), signature = tpm_.sign(attest);
        attest::tpm::Evidence out{attest, signature, 0, {}, {}, {}};
        for (const auto& [index, value] : pcrs) {
            out.pcr_mask |= 1U << index;
            out.pcr_values[index] = value;
        }
        return attest::tpm::encode(out);
    }
    static std::map<unsigned, Bytes> values() { return {{0, Bytes(32, 0xa0)}, {7, Bytes(32, 0xa7)}}; }

private:
    SimulatedTpm tpm_;
    WallTime booted_;
};

std::string workload(std::string_view kind, const std::string& lifetime, const std::string& rules) {
    const std::string name(kind);
    return "[workload." + name + "]\nevidence = [\"" + name + "\"]\ntoken_role = \"wl-" + name + "\"\ntoken_ttl = \"" +
           lifetime + "\"\nlifetime = \"" + lifetime + "\"\n[workload." + name + "." + name + "]\n" + rules;
}

}  // namespace

Fleet::Fleet(std::size_t of_each_kind, WallTime from)
    : amd_({.at = from}),
      aws_(SimulatedNsm::maker(from)),
      intel_root_(Signer::make(nullptr, {"Simulated Root CA", from - days(900), from + days(900), true, 1, {}})),
      intel_platform_(
          Signer::make(&intel_root_, {"Intel SGX PCK Platform CA", from - days(900), from + days(900), true, 2, {}})),
      intel_signer_(
          Signer::make(&intel_root_, {"Intel SGX TCB Signing", from - days(900), from + days(900), false, 4, {}})) {
    for (std::size_t i = 0; i < of_each_kind; ++i) {
        auto snp = std::make_unique<SnpHost>(i, from, i % 2 == 1);
        snp->publish(chip_certificates_);
        add(std::move(snp));
        add(std::make_unique<TdxHost>(i, from, intel_platform_, intel_root_));
        add(std::make_unique<NitroHost>(i, from, aws_));
        add(std::make_unique<TpmHost>(i, from));
    }
}

void Fleet::add(std::unique_ptr<Host> host) {
    host->name = "node-" + std::to_string(hosts_.size());
    host->spki = crypto::sha256(as_bytes(host->name));
    hosts_.push_back(std::move(host));
}

std::string Fleet::nodes() const {
    std::string out;
    for (const auto& host : hosts_)
        out +=
            "[[node]]\nname = \"" + host->name + "\"\nspki = \"" + hex_encode(host->spki) + "\"\n" + host->enrolled();
    return out;
}

std::string Fleet::policy(const std::string& lifetime) {
    std::string pcrs;
    for (const auto& [index, value] : TpmHost::values())
        pcrs += (pcrs.empty() ? "\"" : ", \"") + std::to_string(index) + "\" = \"" + hex_encode(value) + "\"";
    return "epoch = 1\n" +
           workload(kSnp, lifetime, "roots = \"amd.pem\"\nmeasurement = \"" + hex_encode(Bytes(48, 0xaa)) + "\"\n") +
           workload(kTdx, lifetime, "roots = \"intel.pem\"\nmrtd = \"" + hex_encode(TdFields{}.mr_td) + "\"\n") +
           workload(kNitro, lifetime,
                    "roots = \"aws.pem\"\npcrs = { \"0\" = \"" + hex_encode(NitroPayload{}.pcrs.at(0)) + "\" }\n") +
           workload(kTpm, lifetime, "enrolled = true\npcrs = { " + pcrs + " }\n");
}

attest::Attachments Fleet::roots() const {
    return {{"amd.pem", amd_.root_pem() + amd_.intermediate_pem()},
            {"intel.pem", intel_root_.pem()},
            {"aws.pem", aws_.pem()}};
}

attest::Collateral Fleet::published(WallTime now, const Ends& ends) const {
    const WallTime from = now - days(1);
    TcbInfoFields info;
    QeIdentityFields enclave;
    info.issued = enclave.issued = format_timestamp(from);
    info.next_update = format_timestamp(ends.tcb_info);
    enclave.next_update = format_timestamp(ends.enclave_identity);
    attest::Collateral out = chip_certificates_;
    out["amd/crl/Milan"] = amd_.revocation_list({}, from, ends.amd_list);
    out["intel/tcb-info/" + hex_encode(SgxFields{}.fmspc)] = signed_document(intel_signer_, "tcbInfo", info.json());
    out["intel/td-qe-identity"] = signed_document(intel_signer_, "enclaveIdentity", enclave.json());
    out["intel/tcb-signing-chain"] = to_vector(as_bytes(intel_signer_.pem() + intel_root_.pem()));
    out["intel/pck-ca/platform"] = to_vector(as_bytes(intel_platform_.pem() + intel_root_.pem()));
    out["intel/pck-crl/platform"] = intel_platform_.crl({}, from, ends.platform_list);
    out["intel/root-crl"] = intel_root_.crl({}, from, ends.root_list);
    return out;
}

}  // namespace ct::test
