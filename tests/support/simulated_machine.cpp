// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_machine.h"

#include "codec/hex.h"
#include "codec/timestamp.h"
#include "support/mounted_reports.h"
#include "support/nsm_socket.h"
#include "support/simulated_snp.h"
#include "support/tdx_collateral.h"
#include "support/tdx_maker.h"

namespace ct::test {
namespace {

using std::chrono::days;

WallTime now() { return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()); }

std::string toml(const std::string& table, const std::string& key, const std::string& value) {
    return "[" + table + "]\n" + key + " = \"" + value + "\"\n";
}

}  // namespace

Result<SimulatedMachine> simulated_snp_machine() {
    static int makers = 0;  // each machine has one of its own
    const SimulatedSnp processor({.at = now(), .maker = makers++});
    SimulatedReports::State state;
    state.provider = "sev_guest";
    state.answer = [processor](ByteView data, unsigned level) {
        SnpReport report = processor.fields();
        std::ranges::copy(data, report.report_data.begin());
        report.vmpl = level;
        return SimulatedReports::Answer{processor.sign(report), processor.host_table()};
    };
    CT_TRY(std::shared_ptr<MountedReports> device, MountedReports::mount(state));
    return SimulatedMachine{
        .kind = "simulated-sev-snp",
        .attestd = toml("simulated-sev-snp", "reports", device->path()),
        .policy = "measurement = \"" + hex_encode(processor.fields().measurement) + "\"\nroots = \"amd.pem\"\n",
        .files = {{"amd.pem", processor.root_pem()}},
        .collateral = {{"amd/crl/Milan", processor.revocation_list({}, now() - days(1), now() + days(30))}},
        .device = device};
}

Result<SimulatedMachine> simulated_tdx_machine() {
    const WallTime from = now() - days(365), until = now() + days(365);
    const Signer root = Signer::make(nullptr, {"Simulated Root CA", from, until, true, 1, {}});
    const Signer authority = Signer::make(&root, {"Intel SGX PCK Platform CA", from, until, true, 2, {}});
    const SgxFields sgx;
    const Signer pck = Signer::make(&authority, {"Intel SGX PCK Certificate", from, until, false, 3, sgx.der()});
    const Signer signer = Signer::make(&root, {"Intel SGX TCB Signing", from, until, false, 4, {}});
    const Signer attestation = Signer::make(nullptr, {"attestation key", from, until, false, 5, {}});
    const std::string chain = pck.pem() + authority.pem() + root.pem();
    SimulatedReports::State state;
    state.answer = [=](ByteView data, unsigned) {
        QuoteFields fields;
        fields.td.report_data = to_vector(data);
        sign_quote(fields, pck, attestation, chain);
        return SimulatedReports::Answer{fields.bytes(), {}};
    };
    CT_TRY(std::shared_ptr<MountedReports> device, MountedReports::mount(state));

    TcbInfoFields info;
    QeIdentityFields identity;
    info.issued = identity.issued = format_timestamp(now() - days(1));
    info.next_update = identity.next_update = format_timestamp(now() + days(29));
    const auto list = [&](const Signer& issuer) { return issuer.crl({}, now() - days(1), now() + days(29)); };
    return SimulatedMachine{
        .kind = "simulated-tdx",
        .attestd = toml("simulated-tdx", "reports", device->path()),
        .policy = "mrtd = \"" + hex_encode(TdFields{}.mr_td) + "\"\nroots = \"intel.pem\"\n",
        .files = {{"intel.pem", root.pem()}},
        .collateral = {{"intel/tcb-info/" + hex_encode(sgx.fmspc), signed_document(signer, "tcbInfo", info.json())},
                       {"intel/td-qe-identity", signed_document(signer, "enclaveIdentity", identity.json())},
                       {"intel/tcb-signing-chain", to_vector(as_bytes(signer.pem() + root.pem()))},
                       {"intel/pck-crl/platform", list(authority)},
                       {"intel/root-crl", list(root)}},
        .device = device};
}

Result<SimulatedMachine> simulated_nitro_machine() {
    SimulatedNsm nsm(now());
    nsm.content.timestamp = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count());
    const std::string pcr0 = hex_encode(nsm.content.pcrs.at(0)), root = nsm.root_pem();
    CT_TRY(std::shared_ptr<NsmSocket> device, NsmSocket::open(std::move(nsm)));
    return SimulatedMachine{.kind = "simulated-nitro",
                            .attestd = toml("simulated-nitro", "device", "unix:" + device->path()),
                            .policy = "pcrs = { \"0\" = \"" + pcr0 + "\" }\nroots = \"aws.pem\"\n",
                            .files = {{"aws.pem", root}},
                            .collateral = {},
                            .device = device};
}

}  // namespace ct::test
