// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/attachments.h"

namespace ct::attest {
namespace {

constexpr std::size_t kMostRoots = 64;
constexpr std::size_t kMostPem = 64 << 10;
constexpr std::string_view kPemHead = "-----BEGIN";

}  // namespace

Result<std::vector<crypto::Certificate>> read_roots(const config::Node& table, std::string_view key,
                                                    const Attachments& attachments) {
    const auto node = table.get(key);
    if (!node) return std::vector<crypto::Certificate>{};
    CT_TRY(std::string text, node->as_string());
    if (!text.starts_with(kPemHead)) {
        const auto file = attachments.find(text);
        if (file == attachments.end())
            return node->error("no \"" + text +
                               "\" beside the policy: put NAME.pem into the policy's folder and write its "
                               "name without a path, or write the PEM text itself");
        text = file->second;
    }
    if (text.size() > kMostPem) return node->error("more than " + std::to_string(kMostPem) + " bytes of certificates");
    auto roots = crypto::Certificate::chain_from_pem(text, kMostRoots);
    if (!roots) return node->error("no usable certificates: " + roots.error().to_string());
    return std::move(*roots);
}

}  // namespace ct::attest
