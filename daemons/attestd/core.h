// SPDX-License-Identifier: Apache-2.0
// What attestd decides: which calls it takes, and what this machine can prove now. Devices and the bus are elsewhere.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ct::attestd {

class Core {
public:
    static constexpr std::size_t kWaiting = 256;       // calls that wait for a device or are at it
    static constexpr std::size_t kBinding = 64;        // bytes
    static constexpr std::size_t kRequest = 64 << 10;  // bytes, as in the release protocol
    static constexpr Seconds kProbeAgain{60};          // while a device is absent

    struct Kind {
        std::string word;
        bool expected = true;  // its absence is a trouble; that of others only where nothing else is there
        bool there = true;     // by a first look
    };
    // In the order of preference: the first that is there is the primary one.
    explicit Core(const std::vector<Kind>& kinds);

    // Whether a call is taken: `unsupported` for a kind that is not enabled, invalid_argument, quota_exceeded. One that is
    // taken counts as waiting until finished().
    Status admit(std::string_view kind);
    Status admit_evidence(std::string_view kind, std::size_t binding_size, std::size_t request_size);

    // A device answered, or did not. True if kinds() changed by it.
    bool finished(std::string_view kind, const Status& status);

    // What this machine can prove now: a kind counts until its device is found to be absent.
    [[nodiscard]] std::vector<std::string> kinds() const;
    [[nodiscard]] std::string primary() const;  // empty: none
    // Words for the daemon's posture; empty while all is well.
    [[nodiscard]] std::string trouble() const;

    [[nodiscard]] bool idle() const { return waiting_ == 0; }
    // Kinds to look for again after kProbeAgain.
    [[nodiscard]] std::vector<std::string> absent() const;

private:
    struct Device {
        std::string kind;
        bool expected = true;
        std::optional<Error> error;  // of the last call
    };
    [[nodiscard]] Device* find(std::string_view kind);
    std::vector<Device> devices_;
    std::size_t waiting_ = 0;
};

}  // namespace ct::attestd
