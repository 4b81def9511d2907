// SPDX-License-Identifier: Apache-2.0
// AMD and Intel as a test plays them: one of each item that a collateral bundle may hold, with keys made at test time.
#pragma once

#include <string>

#include "codec/timestamp.h"
#include "support/simulated_snp.h"
#include "unit/attest/verify/tdx_rig.h"

namespace ct::test {

struct SimulatedMakers {
    static constexpr std::chrono::days kDay{1};
    WallTime at;
    attest::Collateral items;  // all good a day before and 20 days after `at`, and longer where certificates are
    std::string roots;         // PEM: both roots and AMD's intermediate
    std::string chip_id, tcb, fmspc;
    std::string vcek_name, tcb_info_name;

    explicit SimulatedMakers(WallTime time) : at(std::chrono::floor<Seconds>(time)) {
        add_amd();
        add_intel();
    }

private:
    void add_amd() {
        const SimulatedSnp chip({.product = attest::snp::Product::milan, .at = at});
        chip_id = hex_encode(chip.fields().chip_id);
        tcb = hex_encode(chip.fields().reported_tcb);
        vcek_name = "amd/vcek/" + chip_id + "/" + tcb;
        items["amd/crl/Milan"] = chip.revocation_list({}, at - kDay, at + 20 * kDay);
        items[vcek_name] = chip.signing_key_certificate();
        roots += chip.root_pem() + chip.intermediate_pem();
    }
    void add_intel() {
        const WallTime from = at - kDay, until = at + 20 * kDay, long_before = at - 900 * kDay, far = at + 900 * kDay;
        attest::tdx::TcbInfoFields info;
        attest::tdx::QeIdentityFields qe;
        info.issued = qe.issued = format_timestamp(from);
        info.next_update = qe.next_update = format_timestamp(until);
        fmspc = "90c06f000000";
        tcb_info_name = "intel/tcb-info/" + fmspc;
        const Signer root = Signer::make(nullptr, {"Simulated Root CA", long_before, far, true, 1, {}});
        const Signer signer = Signer::make(&root, {"Intel SGX TCB Signing", long_before, far, false, 4, {}});
        items[tcb_info_name] = signed_document(signer, "tcbInfo", info.json());
        items["intel/td-qe-identity"] = signed_document(signer, "enclaveIdentity", qe.json());
        items["intel/tcb-signing-chain"] = to_vector(as_bytes(signer.pem() + root.pem()));
        items["intel/root-crl"] = root.crl({}, from, until);
        for (const char* name : {"Platform", "Processor"}) {
            const Signer ca =
                Signer::make(&root, {std::string("Intel SGX PCK ") + name + " CA", long_before, far, true, 2, {}});
            const std::string word = name[1] == 'l' ? "platform" : "processor";
            items["intel/pck-ca/" + word] = to_vector(as_bytes(ca.pem() + root.pem()));
            items["intel/pck-crl/" + word] = ca.crl({}, from, until);
        }
        roots += root.pem();
    }
};

}  // namespace ct::test
