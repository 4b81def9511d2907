// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/nitro/policy.h"

#include <algorithm>
#include <charconv>

#include "attest/verify/attachments.h"

namespace ct::attest::nitro {
namespace {

using config::Node;

constexpr unsigned kImage = 0, kKernel = 1, kApplication = 2, kImageSigner = 8;  // PCRs of an enclave

bool is_zero(const AllowedValue& allowed) {
    return std::ranges::all_of(allowed.value, [](std::uint8_t byte) { return byte == 0; });
}

Status read_document(const Node& table, NitroPolicy& policy) {
    const auto node = table.get("document");
    if (!node) return {};
    CT_TRY(const std::string word, node->as_string());
    for (const Form form : {Form::enclave, Form::nitrotpm}) {
        if (word != to_string(form)) continue;
        policy.form = form;
        return {};
    }
    return node->error(R"(write "enclave" or "nitrotpm")");
}

Status read_pcrs(const Node& table, NitroPolicy& policy) {
    const auto node = table.get("pcrs");
    if (!node) return table.error(R"(pcrs is required: write pcrs = { "0" = "HEX" })");
    CT_TRY(const auto registers, node->as_table());
    for (const auto& [key, value] : registers) {
        unsigned index = kPcrs;
        const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
        const bool canonical = error == std::errc{} && end == key.data() + key.size() && std::to_string(index) == key;
        if (!canonical || index >= kPcrs) return value.error("\"" + key + "\" is not a PCR: write \"0\" to \"31\"");
        CT_TRY(policy.pcrs[index], parse_allowed(value, kPcrSize));
        const bool of_the_image = index <= kApplication || index == kImageSigner;
        if (policy.form == Form::enclave && of_the_image && std::ranges::any_of(policy.pcrs[index], is_zero))
            return value.error(
                "zero means that nothing was measured: an enclave in debug mode, or an image that nobody "
                "signed");
    }
    const auto named = [&](unsigned index) { return policy.pcrs.contains(index); };
    if (policy.pcrs.empty()) return node->error(R"(name at least one: pcrs = { "0" = "HEX" })");
    if (policy.form == Form::enclave && !named(kImage) && !named(kImageSigner) &&
        !(named(kKernel) && named(kApplication)))
        return node->error("these PCRs take any image: name 0 (the image), 8 (its signer), or 1 and 2 (its parts)");
    return {};
}

}  // namespace

Result<std::shared_ptr<const NitroPolicy>> parse_nitro_policy(const Node& table, const Attachments& attachments,
                                                              bool simulated) {
    CT_CHECK(table.only({"document", "pcrs", "roots"}));
    auto policy = std::make_shared<NitroPolicy>();
    CT_CHECK(read_document(table, *policy));
    CT_CHECK(read_pcrs(table, *policy));
    CT_TRY(policy->roots, read_roots(table, "roots", attachments));
    if (simulated == policy->roots.empty())
        return table.error(simulated ? "roots is required: a simulated device is signed for by nobody else"
                                     : "roots is for simulated devices: AWS's root key is built in");
    return policy;
}

}  // namespace ct::attest::nitro
