// SPDX-License-Identifier: Apache-2.0
// Files that a test answers for itself (FUSE), for whoever opens them by their path: a daemon.
#pragma once

#define FUSE_USE_VERSION 35
#include <fuse3/fuse.h>

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "support/process.h"

namespace ct::test {

class FuseMount {
public:
    // What this machine lacks for it, in words for GTEST_SKIP.
    static std::optional<std::string> missing();
    // The first one moves the calling thread, and what it starts, into a mount namespace of its own: no mount outlives the test.
    // A child serves, with `session` (its fuse_context's private_data) as it is now: a process that died over a file that it serves
    // itself could never end. Make it before this process has anything in secret memory: the two would share those pages.
    static Result<std::unique_ptr<FuseMount>> serve(const fuse_operations& operations, void* session);
    FuseMount(const FuseMount&) = delete;
    FuseMount& operator=(const FuseMount&) = delete;
    ~FuseMount();

    [[nodiscard]] std::string path() const { return folder_.path(); }

private:
    FuseMount() = default;
    TempDir folder_;
    int server_ = -1;
};

}  // namespace ct::test
