// SPDX-License-Identifier: Apache-2.0
// A simulated folder of reports as a real file system (FUSE), for whoever opens it by its path: a daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "support/simulated_tsm.h"

namespace ct::test {

class FuseMount;

class MountedReports {
public:
    // What this machine lacks for it, in words for GTEST_SKIP.
    static std::optional<std::string> missing();
    // With `state` as it is now; else as FuseMount.
    static Result<std::unique_ptr<MountedReports>> mount(const SimulatedReports::State& state);
    MountedReports(const MountedReports&) = delete;
    MountedReports& operator=(const MountedReports&) = delete;
    ~MountedReports();

    [[nodiscard]] std::string path() const;

private:
    explicit MountedReports(std::unique_ptr<FuseMount> mount);
    std::unique_ptr<FuseMount> mount_;
};

#define CT_NEEDS_MOUNTED_REPORTS()                                                                                     \
    do {                                                                                                               \
        if (const auto why = ::ct::test::MountedReports::missing()) GTEST_SKIP() << "feature: " << *why;               \
    } while (false)

}  // namespace ct::test
