// SPDX-License-Identifier: Apache-2.0
// A simulated NSM at a socket, for whoever opens it by its path: a daemon.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "base/fd.h"
#include "base/result.h"
#include "support/process.h"
#include "support/simulated_nsm.h"

namespace ct::test {

class NsmSocket {
public:
    static Result<std::unique_ptr<NsmSocket>> open(SimulatedNsm nsm);
    NsmSocket(const NsmSocket&) = delete;
    NsmSocket& operator=(const NsmSocket&) = delete;
    ~NsmSocket();

    [[nodiscard]] std::string path() const { return folder_.file("nsm"); }

private:
    explicit NsmSocket(SimulatedNsm nsm) : nsm_(std::move(nsm)) {}
    void serve();
    TempDir folder_;
    SimulatedNsm nsm_;  // the thread's
    Fd listener_;
    std::thread thread_;
};

}  // namespace ct::test
