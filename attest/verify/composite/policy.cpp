// SPDX-License-Identifier: Apache-2.0
#include "attest/verify/composite/policy.h"

namespace ct::attest::composite {

Status read_halves(const config::Node& table, std::string_view key, const Verifier& hardware,
                   const Attachments& attachments, CompositePolicy& policy) {
    const auto tpm = table.get("tpm2"), other = table.get(key);
    if (!tpm || !other)
        return table.error("both halves are required: a table tpm2 and a table " + std::string(key) +
                           " below this one");
    CT_TRY(policy.tpm, tpm::parse_quote_policy(*tpm));
    CT_TRY(policy.hardware, hardware.parse_policy(*other, attachments));
    return {};
}

}  // namespace ct::attest::composite
