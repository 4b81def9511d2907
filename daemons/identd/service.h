// SPDX-License-Identifier: Apache-2.0
// io.cloudtaser.Identity1.Manager: one method, for secretd only.
#pragma once

#include <memory>

#include "bus/connection.h"
#include "daemons/common/daemon.h"
#include "daemons/identd/digest_cache.h"

namespace ct::identd {

class IdentityService final : public daemon::Service {
public:
    static Result<std::unique_ptr<daemon::Service>> create(daemon::Daemon& daemon);
    explicit IdentityService(daemon::Daemon& daemon) : daemon_(daemon) {}
    Status reload(const config::Document& document) override;

private:
    void describe_process(bus::Call call);
    daemon::Daemon& daemon_;
    DigestCache cache_;
    bus::Slot object_;
};

}  // namespace ct::identd
