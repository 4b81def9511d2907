// SPDX-License-Identifier: Apache-2.0
// A thread that listens at a socket in a folder of its own and serves one client after the other, until it goes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "support/process.h"

namespace ct::test {

class LocalServer {
public:
    // `type` is that of socket(2). `serve` runs in the thread; the client is closed when it returns.
    static Result<std::unique_ptr<LocalServer>> open(int type, std::function<void(const Fd& client)> serve);
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;
    ~LocalServer();

    [[nodiscard]] std::string path() const { return folder_.file("socket"); }

private:
    LocalServer() = default;
    TempDir folder_;
    Fd listener_;
    std::thread thread_;
};

}  // namespace ct::test
