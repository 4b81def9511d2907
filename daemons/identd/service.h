// SPDX-License-Identifier: Apache-2.0
// io.cloudtaser.Identity1.Manager: one method, for secretd only.
#pragma once

#include <memory>

#include "bus/connection.h"
#include "daemons/common/daemon.h"
#include "daemons/identd/digests.h"
#include "daemons/identd/process.h"

namespace ct::identd {

class IdentityService final : public daemon::Service {
public:
    static Result<std::unique_ptr<daemon::Service>> create(daemon::Daemon& daemon);
    explicit IdentityService(daemon::Daemon& daemon);
    Status reload(const config::Document& document) override;

private:
    void describe(bus::Call call);
    void answer(bus::Call call, const Fd& pidfd, const Look& look, const Result<Bytes>& digest);

    std::uint64_t& described_;
    std::uint64_t& refused_;
    std::uint64_t& hashed_;
    Digests digests_;
    bus::Slot object_;
};

}  // namespace ct::identd
