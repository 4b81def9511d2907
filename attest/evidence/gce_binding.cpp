// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/gce_binding.h"

#include <algorithm>
#include <string_view>

#include "crypto/digest.h"

namespace ct::attest::gce {

using namespace std::string_view_literals;

Sha512 report_data(const Sha512& binding, ByteView ak_name) {
    constexpr std::string_view domain = "cloudtaser/gce-snp/v1\0"sv;
    Sha512 out;
    std::ranges::copy(crypto::digest(crypto::Hash::sha512, {as_bytes(domain), binding, ak_name}), out.begin());
    return out;
}

}  // namespace ct::attest::gce
