// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp/policy.h"

#include <algorithm>

#include "attest/evidence/snp_bundle.h"
#include "attest/verify/attachments.h"

namespace ct::attest::snp {
namespace {

using config::Node;

constexpr Product kProducts[] = {Product::milan, Product::genoa, Product::turin};

std::string lower(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

Status read_flag(const Node& table, std::string_view key, bool& flag) {
    if (const auto node = table.get(key)) {
        CT_TRY(flag, node->as_bool());
    }
    return {};
}

Result<Tcb> read_floor(const Node& node, Product product) {
    Tcb floor;
    const auto component = [&node](std::string_view key, std::uint8_t& value) -> Status {
        const auto member = node.get(key);
        if (!member) return {};
        CT_TRY(const std::int64_t number, member->as_integer(0, 255));
        value = static_cast<std::uint8_t>(number);
        return {};
    };
    if (product == Product::turin) {
        CT_CHECK(node.only({"fmc", "boot_loader", "tee", "snp", "microcode"}));
        CT_CHECK(component("fmc", floor.fmc));
    } else {
        CT_CHECK(node.only({"boot_loader", "tee", "snp", "microcode"}));
    }
    CT_CHECK(component("boot_loader", floor.boot_loader));
    CT_CHECK(component("tee", floor.tee));
    CT_CHECK(component("snp", floor.snp));
    CT_CHECK(component("microcode", floor.microcode));
    return floor;
}

Status read_products(const Node& table, SnpPolicy& policy) {
    if (const auto tcb = table.get("tcb")) {
        CT_CHECK(tcb->only({"milan", "genoa", "turin"}));
        for (const Product product : kProducts) {
            const auto row = tcb->get(lower(to_string(product)));
            if (!row) continue;
            CT_TRY(policy.floors[product], read_floor(*row, product));
            policy.products.insert(product);
        }
        if (policy.floors.empty()) return tcb->error("name a product: tcb.milan = { snp = 24, microcode = 219 }");
    } else {
        policy.products = {std::begin(kProducts), std::end(kProducts)};
    }
    const auto node = table.get("products");
    if (!node) return {};
    policy.products.clear();
    for (const Node& element : node->elements()) {
        CT_TRY(const std::string name, element.as_string());
        const auto* product = std::ranges::find(kProducts, name, [](Product each) { return to_string(each); });
        if (product == std::end(kProducts)) return element.error(R"(write "Milan", "Genoa" or "Turin")");
        if (!policy.floors.empty() && !policy.floors.contains(*product))
            return element.error("tcb has no floor for " + name + ": add one, or leave the product out");
        policy.products.insert(*product);
    }
    if (policy.products.empty()) return node->error("name at least one product");
    return {};
}

Status read_signing_keys(const Node& table, SnpPolicy& policy) {
    if (const auto node = table.get("signing_keys")) {
        policy.signing_keys.clear();
        for (const Node& element : node->elements()) {
            CT_TRY(const std::string name, element.as_string());
            if (name != "vcek" && name != "vlek") return element.error(R"(write "vcek" or "vlek")");
            policy.signing_keys.insert(name == "vcek" ? SigningKey::vcek : SigningKey::vlek);
        }
        if (policy.signing_keys.empty()) return node->error("name at least one");
    }
    const auto node = table.get("csp_ids");
    if (node) {
        CT_TRY(const auto names, node->as_strings());
        policy.csp_ids.insert(names.begin(), names.end());
    }
    const bool vlek = policy.signing_keys.contains(SigningKey::vlek);
    if (vlek && policy.csp_ids.empty())
        return table.error(R"(a VLEK is of a cloud provider, not of a chip: say which by csp_ids = ["CN=..."])");
    if (!vlek && node) return node->error(R"(csp_ids has no effect without signing_keys = ["vlek"])");
    return {};
}

Status read_levels(const Node& table, SnpPolicy& policy) {
    if (const auto node = table.get("guest_svn")) {
        CT_TRY(const std::int64_t svn, node->as_integer(0, UINT32_MAX));
        policy.guest_svn = static_cast<std::uint32_t>(svn);
    }
    const auto node = table.get("vmpl");
    if (!node) return {};
    policy.vmpl.clear();
    for (const Node& element : node->elements()) {
        CT_TRY(const std::int64_t level, element.as_integer(0, kMostVmpl));
        policy.vmpl.insert(static_cast<std::uint32_t>(level));
    }
    if (policy.vmpl.empty()) return node->error("write a list of levels from 0 to 3");
    return {};
}

}  // namespace

Result<std::shared_ptr<const SnpPolicy>> parse_snp_policy(const Node& table, const Attachments& attachments,
                                                          bool simulated) {
    CT_CHECK(table.only(
        {"measurement", "host_data",  "id_key",      "author_key",       "family_id",    "image_id",
         "guest_svn",   "vmpl",       "tcb",         "products",         "signing_keys", "csp_ids",
         "chips",       "deny_chips", "allow_debug", "migration_agents", "allow_smt",    "require_single_socket",
         "require_crl", "roots"}));
    auto policy = std::make_shared<SnpPolicy>();
    CT_TRY(policy->measurement, read_allowed(table, "measurement", 48));
    if (policy->measurement.empty())
        return table.error("measurement is required: the launch digests that are allowed, 96 hexadecimal digits each");
    CT_TRY(policy->host_data, read_allowed(table, "host_data", 32));
    CT_TRY(policy->id_key, read_allowed(table, "id_key", 48));
    CT_TRY(policy->author_key, read_allowed(table, "author_key", 48));
    CT_TRY(policy->family_id, read_allowed(table, "family_id", 16));
    CT_TRY(policy->image_id, read_allowed(table, "image_id", 16));
    CT_TRY(policy->chips, read_allowed(table, "chips", kChipIdSize));
    CT_TRY(policy->deny_chips, read_allowed(table, "deny_chips", kChipIdSize));
    CT_TRY(policy->migration_agents, read_allowed(table, "migration_agents", 32));
    CT_CHECK(read_levels(table, *policy));
    CT_CHECK(read_products(table, *policy));
    CT_CHECK(read_signing_keys(table, *policy));
    CT_CHECK(read_flag(table, "allow_debug", policy->allow_debug));
    CT_CHECK(read_flag(table, "allow_smt", policy->allow_smt));
    CT_CHECK(read_flag(table, "require_single_socket", policy->require_single_socket));
    CT_CHECK(read_flag(table, "require_crl", policy->require_crl));
    CT_TRY(policy->roots, read_roots(table, "roots", attachments));
    if (simulated == policy->roots.empty())
        return table.error(simulated ? "roots is required: a simulated device is signed for by nobody else"
                                     : "roots is for simulated devices: AMD's root keys are built in");
    return policy;
}

}  // namespace ct::attest::snp
