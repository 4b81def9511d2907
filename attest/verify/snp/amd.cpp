// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/snp/amd.h"

namespace ct::attest::snp {

const Authority& amd(Product /*product*/) {
    static const Authority none;
    return none;
}

}  // namespace ct::attest::snp
