// SPDX-License-Identifier: Apache-2.0
// io.cloudtaser.Attest1.Manager: evidence of what this machine is. The bus face; decisions are in core.h, devices behind
// attest/collect on the worker's thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bus/connection.h"
#include "daemons/attestd/core.h"
#include "daemons/attestd/devices.h"
#include "daemons/attestd/settings.h"
#include "daemons/attestd/worker.h"
#include "daemons/common/daemon.h"

namespace ct::attestd {

class AttestService final : public daemon::Service {
public:
    static Result<std::unique_ptr<daemon::Service>> create(daemon::Daemon& daemon);
    explicit AttestService(daemon::Daemon& daemon);
    Status reload(const config::Document& document) override;

private:
    using Collectors = std::map<std::string, Device>;  // by kind

    [[nodiscard]] Status serve();
    void introduce(bus::Call call);
    void get_evidence(bus::Call call);
    void deliver(const std::string& kind, bus::Call call, Result<Bytes> evidence);
    // Looks whether the device is there, and learns how policies name its keys.
    void probe(const std::string& kind);
    void take_over(const Settings& settings);
    void finish(const std::string& kind, const Status& status);
    void arm_timers();
    void release_devices();

    daemon::Daemon& daemon_;
    Core core_;
    std::optional<Seconds> idle_release_;
    std::uint64_t& produced_;
    std::uint64_t& failed_;
    // Used on the worker's thread only, by jobs that share in it: a reload may take the place of it while one runs.
    std::shared_ptr<Collectors> collectors_;
    bus::StringMap fingerprints_;  // "tpm2.ak" -> "sha256:HEX"
    std::unique_ptr<Worker> worker_;
    Source idle_timer_, probe_timer_;
    bus::Slot object_;
};

}  // namespace ct::attestd
