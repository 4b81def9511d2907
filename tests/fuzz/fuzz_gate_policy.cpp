// SPDX-License-Identifier: Apache-2.0
// A gate's policy, one file of it: whatever it holds, it is a policy or an error with its place.
#include <cstdlib>

#include "attest/judge/policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto policy =
        ct::judge::Policy::parse({{"policy.toml", text, "policy.toml"}, {"roots.pem", text, "roots.pem"}});
    if (!policy) {
        if (policy.error().context.empty()) std::abort();
        return 0;
    }
    // What is accepted is within bounds.
    for (const auto& [name, workload] : policy->workloads()) {
        const bool sound = !name.empty() && !workload.token_role.empty() && !workload.evidence.empty() &&
                           workload.kinds.size() == workload.evidence.size() && workload.wrap_ttl.count() > 0 &&
                           workload.wrap_ttl <= workload.token_ttl && workload.terms.lifetime.count() > 0 &&
                           !workload.terms.tiers.empty();
        if (!sound) std::abort();
    }
    return 0;
}
