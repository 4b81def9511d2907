// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/tcb_status.h"

#include <algorithm>
#include <array>
#include <functional>

#include "attest/verify/tdx/tcb_info.h"

namespace ct::attest::tdx {
namespace {

constexpr std::array<std::string_view, 9> kWords{"UpToDate",
                                                 "SWHardeningNeeded",
                                                 "ConfigurationNeeded",
                                                 "ConfigurationAndSWHardeningNeeded",
                                                 "TDRelaunchAdvised",
                                                 "TDRelaunchAdvisedConfigurationNeeded",
                                                 "OutOfDate",
                                                 "OutOfDateConfigurationNeeded",
                                                 "Revoked"};

using enum TcbStatus;

bool sgx_reaches(const Pck& pck, const TcbLevel& level) {
    return std::ranges::equal(pck.components, level.sgx, std::ranges::greater_equal{}) && pck.pce_svn >= level.pce_svn;
}

// From version 1 on the module has levels of its own, and the first two components speak of it.
bool tdx_reaches(ByteView tee_tcb_svn, const TcbLevel& level) {
    const std::size_t from = tee_tcb_svn[1] > 0 ? 2 : 0;
    return std::ranges::equal(tee_tcb_svn.subspan(from), std::span(level.tdx).subspan(from),
                              std::ranges::greater_equal{});
}

const IsvLevel* level_of(const std::vector<IsvLevel>& levels, std::uint16_t svn) {
    const auto found = std::ranges::find_if(levels, [&](const IsvLevel& level) { return level.isv_svn <= svn; });
    return found == levels.end() ? nullptr : &*found;
}

// What the status of a part (module, QE) does to that of the whole.
TcbStatus converge(TcbStatus whole, TcbStatus part) {
    if (part == revoked) return revoked;
    if (part != out_of_date) return whole;
    switch (whole) {
        case up_to_date:
        case sw_hardening_needed:
            return out_of_date;
        case configuration_needed:
        case configuration_and_sw_hardening_needed:
            return out_of_date_configuration_needed;
        default:
            return whole;
    }
}

bool configuration_needed_in(TcbStatus status) {
    return status == configuration_needed || status == configuration_and_sw_hardening_needed ||
           status == out_of_date_configuration_needed;
}

// Whether the module that runs now is the latest, so that a TD launched anew would be under it. nullopt: Intel does not know it.
std::optional<bool> latest_module_runs(const TcbInfo& info, ByteView tee_tcb_svn2) {
    const TcbLevel& latest = info.levels.front();
    const bool loader = tee_tcb_svn2[2] >= latest.tdx[2];
    if (tee_tcb_svn2[1] == 0) return loader && tee_tcb_svn2[0] >= latest.tdx[0];
    const ModuleIdentity* identity = find_module(info, tee_tcb_svn2[1]);
    if (identity == nullptr) return std::nullopt;
    return loader && tee_tcb_svn2[0] >= identity->levels.front().isv_svn;
}

// What a TD that was launched under an older module than the one that runs now should do.
std::optional<TcbStatus> after_relaunch(const TcbInfo& info, const TdReport& td, TcbStatus sgx, TcbStatus whole) {
    const bool outdated = whole == out_of_date || whole == out_of_date_configuration_needed;
    if (!outdated || sgx > configuration_and_sw_hardening_needed) return whole;
    const auto latest = latest_module_runs(info, td.tee_tcb_svn2);
    if (!latest) return std::nullopt;
    if (!*latest) return whole;
    return configuration_needed_in(sgx) || configuration_needed_in(whole) ? td_relaunch_advised_configuration_needed
                                                                          : td_relaunch_advised;
}

}  // namespace

std::string_view to_string(TcbStatus status) { return kWords[static_cast<std::size_t>(status)]; }

std::optional<TcbStatus> tcb_status_from(std::string_view word) {
    const auto* const found = std::ranges::find(kWords, word);
    if (found == kWords.end()) return std::nullopt;
    return static_cast<TcbStatus>(found - kWords.begin());
}

const ModuleIdentity* find_module(const TcbInfo& info, std::uint8_t version) {
    const auto found = std::ranges::find(info.modules, version, &ModuleIdentity::version);
    return found == info.modules.end() ? nullptr : &*found;
}

Assessment assess(const TcbInfo& info, const QeIdentity& qe_identity, const Pck& pck, const TdReport& td,
                  std::uint16_t qe_svn) {
    Assessment out;
    const auto carry = [&](const auto& level) {
        out.advisories.insert(level.advisories.begin(), level.advisories.end());
        return level.status;
    };
    const auto sgx = std::ranges::find_if(info.levels, [&](const auto& level) { return sgx_reaches(pck, level); });
    const auto tdx = std::find_if(sgx, info.levels.end(), [&](const auto& level) {
        return sgx_reaches(pck, level) && tdx_reaches(td.tee_tcb_svn, level);
    });
    if (tdx != info.levels.end()) out.platform = carry(*tdx);

    const std::uint8_t version = td.tee_tcb_svn[1];
    const ModuleIdentity* identity = version > 0 ? find_module(info, version) : nullptr;
    const IsvLevel* module_level = identity != nullptr ? level_of(identity->levels, td.tee_tcb_svn[0]) : nullptr;
    if (module_level != nullptr) out.module = carry(*module_level);

    const IsvLevel* qe_level = level_of(qe_identity.levels, qe_svn);
    if (qe_level != nullptr) out.qe = carry(*qe_level);

    if (!out.platform || !out.qe || (version > 0 && !out.module)) return out;
    out.status = converge(*out.platform, out.module.value_or(up_to_date));
    if (!td.tee_tcb_svn2.empty() && out.module == out_of_date && out.qe == up_to_date)
        out.status = after_relaunch(info, td, sgx->status, *out.status);
    if (out.status) out.status = converge(*out.status, *out.qe);
    return out;
}

}  // namespace ct::attest::tdx
