// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_machine.h"

#include <cstdlib>

#include "attest/collect/composite/collectors.h"
#include "attest/evidence/tpm2_bundle.h"
#include "attest/evidence/tpm_public.h"
#include "codec/hex.h"
#include "codec/timestamp.h"
#include "crypto/digest.h"
#include "support/certificate_issuer.h"
#include "support/hcl_builder.h"
#include "support/mounted_reports.h"
#include "support/mounted_td.h"
#include "support/nsm_socket.h"
#include "support/pem.h"
#include "support/qgs_builder.h"
#include "support/quote_service_socket.h"
#include "support/simulated_snp.h"
#include "support/swtpm.h"
#include "support/tdx_collateral.h"
#include "support/tdx_maker.h"

namespace ct::test {
namespace {

using std::chrono::days;

WallTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

std::string toml(const std::string& table, const std::string& key, const std::string& value) {
    return "[" + table + "]\n" + key + " = \"" + value + "\"\n";
}

using Items = std::map<std::string, Bytes, std::less<>>;

SimulatedSnp snp_processor() {
    static int makers = 0;  // each machine has one of its own
    return SimulatedSnp({.at = now(), .maker = makers++});
}
SnpReport snp_report(const SimulatedSnp& processor, ByteView data, unsigned level) {
    SnpReport report = processor.fields();
    std::ranges::copy(data, report.report_data.begin());
    report.vmpl = level;
    return report;
}
Result<std::shared_ptr<MountedReports>> mount_snp(const SimulatedSnp& processor) {
    SimulatedReports::State state;
    state.provider = "sev_guest";
    state.answer = [processor](ByteView data, unsigned level) {
        return SimulatedReports::Answer{processor.sign(snp_report(processor, data, level)), processor.host_table()};
    };
    return MountedReports::mount(state);
}
Items amd_collateral(const SimulatedSnp& processor) {
    return {{"amd/crl/Milan", processor.revocation_list({}, now() - days(1), now() + days(30))}};
}

// A platform and Intel, who signs for it.
struct IntelPlatform {
    WallTime from = now() - days(365), until = now() + days(365);
    SgxFields sgx;
    Signer root = Signer::make(nullptr, {"Simulated Root CA", from, until, true, 1, {}});
    Signer authority = Signer::make(&root, {"Intel SGX PCK Platform CA", from, until, true, 2, {}});
    Signer pck = Signer::make(&authority, {"Intel SGX PCK Certificate", from, until, false, 3, sgx.der()});
    Signer signer = Signer::make(&root, {"Intel SGX TCB Signing", from, until, false, 4, {}});
    Signer attestation = Signer::make(nullptr, {"attestation key", from, until, false, 5, {}});

    [[nodiscard]] Bytes quote(ByteView data) const {
        QuoteFields fields;
        fields.td.report_data = to_vector(data);
        sign_quote(fields, pck, attestation, pck.pem() + authority.pem() + root.pem());
        return fields.bytes();
    }
    [[nodiscard]] Items collateral() const {
        TcbInfoFields info;
        QeIdentityFields identity;
        info.issued = identity.issued = format_timestamp(now() - days(1));
        info.next_update = identity.next_update = format_timestamp(now() + days(29));
        const auto list = [](const Signer& issuer) { return issuer.crl({}, now() - days(1), now() + days(29)); };
        return {{"intel/tcb-info/" + hex_encode(sgx.fmspc), signed_document(signer, "tcbInfo", info.json())},
                {"intel/td-qe-identity", signed_document(signer, "enclaveIdentity", identity.json())},
                {"intel/tcb-signing-chain", to_vector(as_bytes(signer.pem() + root.pem()))},
                {"intel/pck-crl/platform", list(authority)},
                {"intel/root-crl", list(root)}};
    }
};

// A cloud's software TPM, and the files that lie beside it.
struct CloudTpm {
    std::unique_ptr<Swtpm> tpm;
    std::shared_ptr<MountedReports> reports;
    TempDir folder;
};

// Measured as firmware would, in two registers.
Result<std::shared_ptr<CloudTpm>> start_cloud_tpm() {
    ::setenv("TSS2_LOG", "all+none",
             0);  // NOLINT(concurrency-mt-unsafe): one thread; the errors that count come as values
    auto out = std::make_shared<CloudTpm>();
    CT_TRY(out->tpm, Swtpm::start());
    CT_CHECK(out->tpm->measure(0, "firmware"));
    CT_CHECK(out->tpm->measure(7, "secure boot on"));
    return out;
}

// The template of a restricted RSA key, as both clouds have it.
Bytes ak_template() {
    ByteBuilder form;
    form.be16(0x0001).be16(0x000b).be32(0x00050072).tpm2b({}).be16(0x0010).be16(0x0014).be16(0x000b);
    return form.be16(2048).be32(0).tpm2b({});
}

// The TPMT_PUBLIC of the key that attestd would use.
Result<Bytes> ak_public(const CloudTpm& cloud, attest::Tpm2Settings settings) {
    settings.tcti = cloud.tpm->tcti();
    CT_TRY(const Bytes hello, attest::make_tpm2_collector(settings)->introduction());
    CT_TRY(const auto keys, attest::tpm::decode_introduction(hello));
    return to_vector(keys.ak_public);
}

// The HCL report of a machine whose key it is, by hardware that `speak` has sign REPORT_DATA; what that returns goes into the slot.
Result<Sha512> write_hcl_report(const CloudTpm& cloud, std::uint32_t hardware,
                                const std::function<Bytes(const Sha512&)>& speak) {
    const auto settings = attest::azure_tpm();
    CT_CHECK(cloud.tpm->persist(ak_template(), settings.ak_handle));
    CT_TRY(const Bytes key, ak_public(cloud, settings));
    CT_TRY(const auto ak, attest::tpm::parse_public(key));
    HclFields hcl;
    hcl.runtime = short_hcl_runtime(ak.modulus);
    hcl.hardware = hardware;
    hcl.padding = 0;
    Sha512 data{};
    std::ranges::copy(crypto::sha256(as_bytes(hcl.runtime)), data.begin());
    hcl.report = speak(data);
    CT_CHECK(cloud.tpm->write_nv(0x01400001, hcl.bytes()));
    return data;
}

// TOML of both sides: what each says of the TPM.
std::string tpm_lines(const std::string& kind, const CloudTpm& cloud) {
    return toml(kind, "tcti", cloud.tpm->tcti()) + "event_log = \"" + cloud.tpm->write_event_log() + "\"\n";
}
Result<std::string> tpm_policy(const CloudTpm& cloud) {
    CT_TRY(const Bytes firmware, cloud.tpm->pcr_value(0));
    CT_TRY(const Bytes boot, cloud.tpm->pcr_value(7));
    return "tpm2.pcrs = { \"0\" = \"" + hex_encode(firmware) + "\", \"7\" = \"" + hex_encode(boot) +
           "\" }\ntpm2.require_event_log = true\n";
}
std::string snp_policy(const SimulatedSnp& processor) {
    return "sev-snp.measurement = \"" + hex_encode(processor.fields().measurement) +
           "\"\nsev-snp.roots = \"amd.pem\"\n";
}

SimulatedMachine tdx_machine(const IntelPlatform& platform, const std::string& attestd, std::shared_ptr<void> device) {
    return SimulatedMachine{.kind = "simulated-tdx",
                            .attestd = attestd,
                            .policy = "mrtd = \"" + hex_encode(TdFields{}.mr_td) + "\"\nroots = \"intel.pem\"\n",
                            .files = {{"intel.pem", platform.root.pem()}},
                            .collateral = platform.collateral(),
                            .device = std::move(device)};
}

}  // namespace

Result<SimulatedMachine> simulated_snp_machine() {
    const SimulatedSnp processor = snp_processor();
    CT_TRY(const auto device, mount_snp(processor));
    return SimulatedMachine{
        .kind = "simulated-sev-snp",
        .attestd = toml("simulated-sev-snp", "reports", device->path()),
        .policy = "measurement = \"" + hex_encode(processor.fields().measurement) + "\"\nroots = \"amd.pem\"\n",
        .files = {{"amd.pem", processor.root_pem()}},
        .collateral = amd_collateral(processor),
        .device = device};
}

Result<SimulatedMachine> simulated_tdx_machine() {
    const IntelPlatform platform;
    SimulatedReports::State state;
    state.answer = [platform](ByteView data, unsigned) { return SimulatedReports::Answer{platform.quote(data), {}}; };
    CT_TRY(std::shared_ptr<MountedReports> device, MountedReports::mount(state));
    return tdx_machine(platform, toml("simulated-tdx", "reports", device->path()), device);
}

Result<SimulatedMachine> simulated_tdx_device_machine() {
    struct Parts {
        std::unique_ptr<MountedTd> device;
        std::unique_ptr<LocalServer> service;
    };
    const IntelPlatform platform;
    const auto parts = std::make_shared<Parts>();
    CT_TRY(parts->device, MountedTd::mount({.report = [](ByteView data) {
               return ModuleReportFields{.data = to_vector(data)}.bytes();
           }}));
    CT_TRY(parts->service, open_quote_service_socket({.answer = [platform](ByteView report) {
               return QuoteAnswerFields{.key_name = {}, .quote = platform.quote(report.subspan(128, 64))}.bytes();
           }}));
    return tdx_machine(platform,
                       toml("simulated-tdx", "device", parts->device->path()) +
                           "quote_service = \"unix:" + parts->service->path() + "\"\n",
                       parts);
}

Result<SimulatedMachine> simulated_nitro_machine() {
    SimulatedNsm nsm(now());
    nsm.content.timestamp = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count());
    const std::string pcr0 = hex_encode(nsm.content.pcrs.at(0)), root = nsm.root_pem();
    CT_TRY(std::shared_ptr<LocalServer> device, open_nsm_socket(std::move(nsm)));
    return SimulatedMachine{.kind = "simulated-nitro",
                            .attestd = toml("simulated-nitro", "device", "unix:" + device->path()),
                            .policy = "pcrs = { \"0\" = \"" + pcr0 + "\" }\nroots = \"aws.pem\"\n",
                            .files = {{"aws.pem", root}},
                            .collateral = {},
                            .device = device};
}

Result<SimulatedMachine> simulated_azure_snp_machine() {
    const std::string kind = "simulated-azure-snp";
    const SimulatedSnp processor = snp_processor();
    CT_TRY(const auto cloud, start_cloud_tpm());
    CT_CHECK(write_hcl_report(*cloud, 2,
                              [&](const Sha512& data) { return processor.sign(snp_report(processor, data, 0)); }));
    const std::string certificates = cloud->folder.write(
        "vcek.pem", certificate_pem(processor.signing_key_certificate()) + processor.intermediate_pem());
    CT_TRY(const std::string pcrs, tpm_policy(*cloud));
    return SimulatedMachine{.kind = kind,
                            .attestd = tpm_lines(kind, *cloud) + "certificates = \"" + certificates + "\"\n",
                            .policy = pcrs + snp_policy(processor),
                            .files = {{"amd.pem", processor.root_pem()}},
                            .collateral = amd_collateral(processor),
                            .device = cloud};
}

Result<SimulatedMachine> simulated_azure_tdx_machine() {
    const std::string kind = "simulated-azure-tdx";
    const IntelPlatform platform;
    CT_TRY(const auto cloud, start_cloud_tpm());
    CT_TRY(const Sha512 data, write_hcl_report(*cloud, 4, [](const Sha512&) { return Bytes(); }));
    const std::string quote = cloud->folder.write("td-quote", as_text(platform.quote(data)));
    CT_TRY(const std::string pcrs, tpm_policy(*cloud));
    return SimulatedMachine{
        .kind = kind,
        .attestd = tpm_lines(kind, *cloud) + "quote = \"" + quote + "\"\n",
        .policy = pcrs + "tdx.mrtd = \"" + hex_encode(TdFields{}.mr_td) + "\"\ntdx.roots = \"intel.pem\"\n",
        .files = {{"intel.pem", platform.root.pem()}},
        .collateral = platform.collateral(),
        .device = cloud};
}

Result<SimulatedMachine> simulated_gce_snp_machine() {
    const std::string kind = "simulated-gce-snp";
    const SimulatedSnp processor = snp_processor();
    const Issuer google = Issuer::root("Simulated EK/AK CA Root", now() - days(365), now() + days(365));
    CT_TRY(const auto cloud, start_cloud_tpm());
    const auto settings = attest::gce_tpm();
    CT_CHECK(cloud->tpm->write_nv(settings.ak_template_nv, ak_template()));
    CT_TRY(const Bytes bytes, ak_public(*cloud, settings));
    CT_TRY(const auto ak, attest::tpm::parse_public(bytes));
    CT_TRY(const auto key, attest::tpm::key_of(ak));
    CT_CHECK(cloud->tpm->write_nv(settings.ak_certificate_nv, google.issue(key, now() - days(1), now() + days(30))));
    CT_TRY(cloud->reports, mount_snp(processor));
    CT_TRY(const std::string pcrs, tpm_policy(*cloud));
    return SimulatedMachine{.kind = kind,
                            .attestd = tpm_lines(kind, *cloud) + "reports = \"" + cloud->reports->path() + "\"\n",
                            .policy = pcrs + snp_policy(processor) + "ak_roots = \"google.pem\"\n",
                            .files = {{"amd.pem", processor.root_pem()}, {"google.pem", google.pem()}},
                            .collateral = amd_collateral(processor),
                            .device = cloud};
}

}  // namespace ct::test
