// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/policy.h"

#include "attest/verify/attachments.h"

namespace ct::attest::tdx {
namespace {

using config::Node;

constexpr std::size_t kMostAdvisories = 256;
constexpr std::size_t kFmspcSize = 6, kPpidSize = 16;
constexpr std::string_view kMeasurements[] = {"mrtd",   "rtmr0",      "rtmr1",   "rtmr2",         "rtmr3",
                                              "mrseam", "mrconfigid", "mrowner", "mrownerconfig", "mrservicetd"};

Status read_measurements(const Node& table, TdxPolicy& policy) {
    for (const std::string_view name : kMeasurements) {
        CT_TRY(auto values, read_allowed(table, name, kMeasurementSize));
        if (!values.empty()) policy.measurements.emplace(name, std::move(values));
    }
    if (!policy.measurements.contains("mrtd"))
        return table.error("mrtd is required: the launch measurements that are allowed, 96 hexadecimal digits each");
    return {};
}

Status read_statuses(const Node& table, TdxPolicy& policy) {
    const auto node = table.get("statuses");
    if (!node) return {};
    policy.statuses.clear();
    for (const Node& value : node->elements()) {
        CT_TRY(const std::string word, value.as_string());
        const auto status = tcb_status_from(word);
        if (!status) return value.error(R"(write Intel's words, such as "UpToDate" or "SWHardeningNeeded")");
        if (*status == TcbStatus::revoked)
            return value.error("a revoked platform keeps no secret: it cannot be accepted");
        policy.statuses.insert(*status);
    }
    if (policy.statuses.empty()) return node->error("write a list of at least one status");
    return {};
}

// Unlike other lists this one may be empty: no advisory may be open.
Status read_advisories(const Node& table, TdxPolicy& policy) {
    const auto node = table.get("advisories");
    if (!node) return {};
    CT_TRY(const auto words, node->as_strings());
    if (words.size() > kMostAdvisories)
        return node->error("more than " + std::to_string(kMostAdvisories) + " advisories");
    policy.advisories.emplace(words.begin(), words.end());
    return {};
}

Status read_flag(const Node& table, std::string_view key, bool& flag) {
    if (const auto node = table.get(key)) {
        CT_TRY(flag, node->as_bool());
    }
    return {};
}

Status read_event_log(const Node& table, TdxPolicy& policy) {
    CT_CHECK(read_flag(table, "require_event_log", policy.require_event_log));
    const auto node = table.get("event_log_rtmrs");
    if (!node) return {};
    if (!policy.require_event_log) return node->error("event_log_rtmrs has no effect without require_event_log = true");
    policy.event_log_rtmrs.clear();
    for (const Node& element : node->elements()) {
        CT_TRY(const std::int64_t index, element.as_integer(0, kRegisters - 1));
        policy.event_log_rtmrs.insert(static_cast<unsigned>(index));
    }
    if (policy.event_log_rtmrs.empty()) return node->error("write a list of at least one RTMR");
    return {};
}

}  // namespace

Result<std::shared_ptr<const TdxPolicy>> parse_tdx_policy(const Node& table, const Attachments& attachments,
                                                          bool simulated) {
    CT_CHECK(table.only({"mrtd",
                         "rtmr0",
                         "rtmr1",
                         "rtmr2",
                         "rtmr3",
                         "mrseam",
                         "mrconfigid",
                         "mrowner",
                         "mrownerconfig",
                         "mrservicetd",
                         "statuses",
                         "advisories",
                         "evaluation_floor",
                         "require_crl",
                         "allow_sept_ve",
                         "require_event_log",
                         "event_log_rtmrs",
                         "fmspcs",
                         "deny_fmspcs",
                         "ppids",
                         "deny_ppids",
                         "roots"}));
    auto policy = std::make_shared<TdxPolicy>();
    CT_CHECK(read_measurements(table, *policy));
    CT_CHECK(read_statuses(table, *policy));
    CT_CHECK(read_advisories(table, *policy));
    if (const auto node = table.get("evaluation_floor")) {
        CT_TRY(const std::int64_t floor, node->as_integer(0, UINT32_MAX));
        policy->evaluation_floor = static_cast<std::uint32_t>(floor);
    }
    CT_CHECK(read_flag(table, "require_crl", policy->require_crl));
    CT_CHECK(read_flag(table, "allow_sept_ve", policy->allow_sept_ve));
    CT_CHECK(read_event_log(table, *policy));
    CT_TRY(policy->fmspcs, read_allowed(table, "fmspcs", kFmspcSize));
    CT_TRY(policy->deny_fmspcs, read_allowed(table, "deny_fmspcs", kFmspcSize));
    CT_TRY(policy->ppids, read_allowed(table, "ppids", kPpidSize));
    CT_TRY(policy->deny_ppids, read_allowed(table, "deny_ppids", kPpidSize));
    CT_TRY(policy->roots, read_roots(table, "roots", attachments));
    if (simulated == policy->roots.empty())
        return table.error(simulated ? "roots is required: a simulated device is signed for by nobody else"
                                     : "roots is for simulated devices: Intel's root key is built in");
    return policy;
}

}  // namespace ct::attest::tdx
