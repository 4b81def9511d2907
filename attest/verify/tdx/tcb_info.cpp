// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/tdx/tcb_info.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "base/limits.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/timestamp.h"

namespace ct::attest::tdx {
namespace {

using json::Type;
using json::Value;

constexpr json::Limits kLimits{.size = limits::kTdxCollateral, .depth = 8, .values = 16384};
constexpr std::size_t kMostAdvisory = 64;
constexpr std::string_view kModulePrefix = "TDX_";

std::unexpected<Error> invalid(std::string_view what) {
    return fail(Reason::evidence_collateral_invalid, "Intel's collateral: " + std::string(what));
}

Result<Value> member(Value object, std::string_view key, Type type) {
    const auto found = object.find(key, type);
    if (!found) return invalid("no " + std::string(key) + ", or not of its type");
    return *found;
}

Result<std::string_view> text(Value object, std::string_view key) {
    CT_TRY(const Value value, member(object, key, Type::string));
    return value.text();
}

template <class T>
Status number(Value object, std::string_view key, T& into) {
    CT_TRY(const Value value, member(object, key, Type::number));
    const auto read = value.uint();
    if (!read || *read > std::numeric_limits<T>::max()) return invalid(std::string(key) + " is out of range");
    into = static_cast<T>(*read);
    return {};
}

template <std::size_t N>
Status hex(Value object, std::string_view key, ByteArray<N>& into) {
    CT_TRY(const std::string_view digits, text(object, key));
    if (!hex_decode_into(digits, into)) return invalid(std::string(key) + " is not hexadecimal of its size");
    return {};
}

Status time(Value object, std::string_view key, WallTime& into) {
    CT_TRY(const std::string_view word, text(object, key));
    const auto read = parse_timestamp(word);
    if (!read) return invalid(std::string(key) + " is no time");
    into = *read;
    return {};
}

Status advisories(Value level, std::vector<std::string>& into) {
    if (!level.find("advisoryIDs")) return {};
    CT_TRY(const Value list, member(level, "advisoryIDs", Type::array));
    for (auto one = list.first(); one; one = one->next()) {
        if (!one->is(Type::string) || one->text().empty() || one->text().size() > kMostAdvisory)
            return invalid("an advisory that is no word");
        into.emplace_back(one->text());
    }
    return {};
}

Result<TcbStatus> status_in(Value level) {
    CT_TRY(const std::string_view word, text(level, "tcbStatus"));
    const auto status = tcb_status_from(word);
    // That a relaunch is advised is a conclusion from what the quote says.
    if (!status || *status == TcbStatus::td_relaunch_advised ||
        *status == TcbStatus::td_relaunch_advised_configuration_needed)
        return invalid("a status that is not known");
    return *status;
}

Status isv_levels(Value holder, std::vector<IsvLevel>& into) {
    CT_TRY(const Value list, member(holder, "tcbLevels", Type::array));
    for (auto one = list.first(); one; one = one->next()) {
        IsvLevel level;
        CT_TRY(const Value tcb, member(*one, "tcb", Type::object));
        CT_CHECK(number(tcb, "isvsvn", level.isv_svn));
        CT_TRY(level.status, status_in(*one));
        if (level.status != TcbStatus::up_to_date && level.status != TcbStatus::out_of_date &&
            level.status != TcbStatus::revoked)
            return invalid("a status that modules and enclaves do not have");
        CT_CHECK(advisories(*one, level.advisories));
        into.push_back(std::move(level));
    }
    if (into.empty()) return invalid("no tcbLevels");
    std::ranges::stable_sort(into, std::greater{}, &IsvLevel::isv_svn);
    return {};
}

Status components(Value tcb, std::string_view key, std::array<std::uint8_t, kComponents>& into) {
    CT_TRY(const Value list, member(tcb, key, Type::array));
    if (list.size() != kComponents) return invalid(std::string(key) + " are not 16");
    std::size_t at = 0;
    for (auto one = list.first(); one; one = one->next())
        CT_CHECK(number(*one, "svn", into[at++]));
    return {};
}

Status tcb_levels(Value holder, std::vector<TcbLevel>& into) {
    CT_TRY(const Value list, member(holder, "tcbLevels", Type::array));
    for (auto one = list.first(); one; one = one->next()) {
        TcbLevel level;
        CT_TRY(const Value tcb, member(*one, "tcb", Type::object));
        CT_CHECK(components(tcb, "sgxtcbcomponents", level.sgx));
        CT_CHECK(components(tcb, "tdxtcbcomponents", level.tdx));
        CT_CHECK(number(tcb, "pcesvn", level.pce_svn));
        CT_TRY(level.status, status_in(*one));
        CT_CHECK(advisories(*one, level.advisories));
        into.push_back(std::move(level));
    }
    if (into.empty()) return invalid("no tcbLevels");
    const auto order = [](const TcbLevel& level) { return std::tie(level.sgx, level.tdx, level.pce_svn); };
    std::ranges::stable_sort(into, std::greater{}, order);
    return {};
}

Status module_signer(Value holder, ModuleSigner& into) {
    CT_CHECK(hex(holder, "mrsigner", into.mr_signer));
    CT_CHECK(hex(holder, "attributes", into.attributes));
    return hex(holder, "attributesMask", into.attributes_mask);
}

Status modules(Value info, std::vector<ModuleIdentity>& into) {
    if (!info.find("tdxModuleIdentities")) return {};
    CT_TRY(const Value list, member(info, "tdxModuleIdentities", Type::array));
    for (auto one = list.first(); one; one = one->next()) {
        ModuleIdentity identity;
        CT_TRY(const std::string_view id, text(*one, "id"));
        const auto version = hex_decode_array<1>(id.substr(std::min(id.size(), kModulePrefix.size())));
        if (!id.starts_with(kModulePrefix) || !version) return invalid("a module identity without its version");
        identity.version = version->front();
        CT_CHECK(module_signer(*one, identity.signer));
        CT_CHECK(isv_levels(*one, identity.levels));
        into.push_back(std::move(identity));
    }
    return {};
}

// What both documents begin with.
template <class T>
Status head(Value root, std::string_view id, std::uint32_t version, T& into) {
    CT_TRY(const std::string_view found, text(root, "id"));
    std::uint32_t number_of = 0;
    CT_CHECK(number(root, "version", number_of));
    if (found != id || number_of != version) return invalid("another document, or another version of it");
    CT_CHECK(time(root, "issueDate", into.issued));
    CT_CHECK(time(root, "nextUpdate", into.next_update));
    return number(root, "tcbEvaluationDataNumber", into.evaluation);
}

Result<json::Document> document(ByteView bytes) {
    CT_TRY(SecretBuffer buffer, SecretBuffer::copy_of(bytes));
    auto parsed = json::Document::parse(std::move(buffer), kLimits);
    if (!parsed) return invalid(parsed.error().context);
    return parsed;
}

}  // namespace

Result<TcbInfo> parse_tcb_info(ByteView bytes) {
    CT_TRY(const json::Document parsed, document(bytes));
    const Value root = parsed.root();
    TcbInfo out;
    CT_CHECK(head(root, "TDX", 3, out));
    CT_CHECK(hex(root, "fmspc", out.fmspc));
    CT_CHECK(hex(root, "pceId", out.pce_id));
    std::uint32_t type = 0;
    CT_CHECK(number(root, "tcbType", type));
    if (type != 0) return invalid("components are to be compared in a way that is not known");
    CT_TRY(const Value module, member(root, "tdxModule", Type::object));
    CT_CHECK(module_signer(module, out.module));
    CT_CHECK(modules(root, out.modules));
    CT_CHECK(tcb_levels(root, out.levels));
    return out;
}

Result<QeIdentity> parse_qe_identity(ByteView bytes) {
    CT_TRY(const json::Document parsed, document(bytes));
    const Value root = parsed.root();
    QeIdentity out;
    CT_CHECK(head(root, "TD_QE", 2, out));
    CT_CHECK(hex(root, "miscselect", out.misc_select));
    CT_CHECK(hex(root, "miscselectMask", out.misc_select_mask));
    CT_CHECK(hex(root, "attributes", out.attributes));
    CT_CHECK(hex(root, "attributesMask", out.attributes_mask));
    CT_CHECK(hex(root, "mrsigner", out.mr_signer));
    CT_CHECK(number(root, "isvprodid", out.isv_prod_id));
    CT_CHECK(isv_levels(root, out.levels));
    return out;
}

}  // namespace ct::attest::tdx
