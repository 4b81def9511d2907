// SPDX-License-Identifier: Apache-2.0
// From what makers publish to what a gate judges by, as `cloudtaserctl collateral pack` and `sign` make it and the gate loads it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "attest/verify/verifier.h"
#include "base/clock.h"
#include "base/result.h"
#include "daemons/gate/core.h"
#include "support/process.h"

namespace ct::test {

class CompanyDesk {
public:
    // `makers`: PEM of who signs for the items.
    static Result<CompanyDesk> open(const std::string& makers);

    // A signed file; its path. `until` is not for pack to choose where it is given.
    Result<std::string> bundle(const attest::Collateral& items, WallTime now, unsigned days,
                               std::optional<WallTime> until = std::nullopt);
    // gate.toml, policy and nodes of a gate that takes it, read as the gate reads them.
    Result<std::shared_ptr<const gate::Rules>> load(const std::string& bundle, const std::string& policy,
                                                    const attest::Attachments& roots, const std::string& nodes) const;
    [[nodiscard]] const TempDir& folder() const { return folder_; }

private:
    TempDir folder_;
    std::string signer_;  // as gate.toml names it
    int bundles_ = 0;
};

}  // namespace ct::test
