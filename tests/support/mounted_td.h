// SPDX-License-Identifier: Apache-2.0
// A simulated /dev/tdx_guest as a real file (FUSE), for whoever opens it by its path: a daemon. CT_NEEDS_MOUNTED_REPORTS() says
// whether this machine can.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::test {

class FuseMount;

class MountedTd {
public:
    struct State {
        // What the TDX module reports: 1024 bytes.
        std::function<Bytes(ByteView data)> report;
        int error = 0;  // errno of a device that has none
    };
    // With `state` as it is now; else as FuseMount.
    static Result<std::unique_ptr<MountedTd>> mount(const State& state);
    MountedTd(const MountedTd&) = delete;
    MountedTd& operator=(const MountedTd&) = delete;
    ~MountedTd();

    [[nodiscard]] std::string path() const;

private:
    explicit MountedTd(std::unique_ptr<FuseMount> mount);
    std::unique_ptr<FuseMount> mount_;
};

}  // namespace ct::test
