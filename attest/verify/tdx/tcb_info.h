// SPDX-License-Identifier: Apache-2.0
// What Intel publishes about TDX platforms, parsed: TCB info (version 3) and the identity of the TD quoting enclave (version
// 2). Intel SGX and TDX PCS API v4, "Get TDX TCB Info", "Get TDX QE Identity". Give only bytes whose signature was verified.
#pragma once

#include <string>
#include <vector>

#include "attest/verify/tdx/tcb_status.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::attest::tdx {

// Of one security version of a module or enclave.
struct IsvLevel {
    std::uint16_t isv_svn = 0;
    TcbStatus status = TcbStatus::revoked;
    std::vector<std::string> advisories;
};

// Who signs a TDX module, and with which attributes it runs.
struct ModuleSigner {
    ByteArray<48> mr_signer{};
    ByteArray<8> attributes{}, attributes_mask{};
};

struct ModuleIdentity {
    std::uint8_t version = 0;  // "TDX_01"
    ModuleSigner signer;
    std::vector<IsvLevel> levels;  // latest first; at least one
};

struct TcbLevel {
    std::array<std::uint8_t, kComponents> sgx{}, tdx{};
    std::uint16_t pce_svn = 0;
    TcbStatus status = TcbStatus::revoked;
    std::vector<std::string> advisories;
};

struct TcbInfo {
    WallTime issued, next_update;
    ByteArray<6> fmspc{};
    ByteArray<2> pce_id{};
    std::uint32_t evaluation = 0;  // tcbEvaluationDataNumber
    ModuleSigner module;           // of version 0
    std::vector<ModuleIdentity> modules;
    std::vector<TcbLevel> levels;  // latest first; at least one
};
// evidence_collateral_invalid.
Result<TcbInfo> parse_tcb_info(ByteView json);

struct QeIdentity {
    WallTime issued, next_update;
    std::uint32_t evaluation = 0;
    ByteArray<4> misc_select{}, misc_select_mask{};  // as in the report: little-endian
    ByteArray<16> attributes{}, attributes_mask{};
    ByteArray<32> mr_signer{};
    std::uint16_t isv_prod_id = 0;
    std::vector<IsvLevel> levels;  // latest first; at least one
};
Result<QeIdentity> parse_qe_identity(ByteView json);

}  // namespace ct::attest::tdx
