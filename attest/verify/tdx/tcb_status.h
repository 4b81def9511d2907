// SPDX-License-Identifier: Apache-2.0
// What Intel's assessment says of a platform, a TDX module and a quoting enclave together. Intel SGX and TDX PCS API v4, "Get
// TDX TCB Info", and the same in Intel's quote verification library (TcbLevelCheck, TdxModuleCheck, TDRelaunchCheck).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "attest/evidence/tdx_pck.h"
#include "attest/evidence/tdx_quote.h"

namespace ct::attest::tdx {

// From the best to the worst.
enum class TcbStatus : std::uint8_t {
    up_to_date,
    sw_hardening_needed,
    configuration_needed,
    configuration_and_sw_hardening_needed,
    td_relaunch_advised,
    td_relaunch_advised_configuration_needed,
    out_of_date,
    out_of_date_configuration_needed,
    revoked,
};
// Intel's words: "UpToDate", "OutOfDate".
std::string_view to_string(TcbStatus status);
std::optional<TcbStatus> tcb_status_from(std::string_view word);

struct TcbInfo;
struct QeIdentity;
struct ModuleIdentity;

// The module's own identity; nullptr where Intel knows none of this version.
const ModuleIdentity* find_module(const TcbInfo& info, std::uint8_t version);

struct Assessment {
    std::optional<TcbStatus> status;    // of all together; nullopt: at least one is below all that Intel supports
    std::optional<TcbStatus> platform;  // processor, microcode, TDX; nullopt: no level matches
    std::optional<TcbStatus> module;    // nullopt: no level matches, or a version of which the platform's level speaks
    std::optional<TcbStatus> qe;
    std::set<std::string> advisories;
};
Assessment assess(const TcbInfo& info, const QeIdentity& qe_identity, const Pck& pck, const TdReport& td,
                  std::uint16_t qe_svn);

}  // namespace ct::attest::tdx
