// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp/amd.h"

#include <map>

#include "attest/roots/roots.h"

namespace ct::attest::snp {
namespace {

Authority load(const std::string& product) {
    Authority out;
    const auto add = [&product](std::vector<crypto::Certificate>& to, const std::string& role) {
        // One that does not parse is missed by the first verdict that rests on it; a test reads them all.
        if (auto certificate = crypto::Certificate::from_pem(maker_certificate("amd-" + role + "-" + product)))
            to.push_back(std::move(*certificate));
    };
    add(out.roots, "ark");
    add(out.intermediates, "ask");
    add(out.intermediates, "asvk");
    return out;
}

}  // namespace

const Authority& amd(Product product) {
    static const std::map<Product, Authority> all = {
        {Product::milan, load("milan")}, {Product::genoa, load("genoa")}, {Product::turin, load("turin")}};
    return all.at(product);
}

}  // namespace ct::attest::snp
