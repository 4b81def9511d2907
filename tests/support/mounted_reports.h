// SPDX-License-Identifier: Apache-2.0
// A simulated folder of reports as a real file system (FUSE), for whoever opens it by its path: a daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "support/process.h"
#include "support/simulated_tsm.h"

namespace ct::test {

class MountedReports {
public:
    // What this machine lacks for it, in words for GTEST_SKIP.
    static std::optional<std::string> missing();
    // The first one moves the calling thread, and what it starts, into a mount namespace of its own: no mount outlives the test.
    // A child serves, with `state` as it is now: a process that died over a file that it serves itself could never end. Make it
    // before this process has anything in secret memory: the two would share those pages.
    static Result<std::unique_ptr<MountedReports>> mount(const SimulatedReports::State& state);
    MountedReports(const MountedReports&) = delete;
    MountedReports& operator=(const MountedReports&) = delete;
    ~MountedReports();

    [[nodiscard]] std::string path() const { return folder_.path(); }

private:
    MountedReports() = default;
    TempDir folder_;
    int server_ = -1;
};

#define CT_NEEDS_MOUNTED_REPORTS()                                                                                     \
    do {                                                                                                               \
        if (const auto why = ::ct::test::MountedReports::missing()) GTEST_SKIP() << "feature: " << *why;               \
    } while (false)

}  // namespace ct::test
