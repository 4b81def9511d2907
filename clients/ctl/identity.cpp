// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/identity.h"

#include <unistd.h>

#include <array>

#include "base/fd.h"
#include "base/limits.h"

namespace ct::ctl {
namespace {

constexpr std::size_t kPem = 65536;

}  // namespace

std::string host_name() {
    std::array<char, 65> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return {};
    return name.data();
}

Result<crypto::Certificate> read_certificate(const std::string& path) {
    CT_TRY(const auto pem, read_file(path, kPem));
    auto chain = crypto::Certificate::chain_from_pem(pem, limits::kCertificateChain);
    if (!chain) return fail(chain.error().reason, path + ": " + chain.error().context);
    return std::move(chain->front());
}

}  // namespace ct::ctl
