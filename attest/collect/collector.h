// SPDX-License-Identifier: Apache-2.0
// The node's side of a technology: talks to the device, decides nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest {

class Collector {
public:
    virtual ~Collector() = default;
    [[nodiscard]] virtual std::string_view kind() const = 0;
    // What the gate must know before it can ask (public keys, certificates). evidence_device_absent, evidence_device_failed.
    virtual Result<Bytes> introduction() = 0;
    // Evidence over `binding` as the gate's `request` asks for it. Blocks for as long as the device takes.
    virtual Result<Bytes> collect(ByteView request, const Sha512& binding) = 0;
    // How policies name this machine, by role: its keys ("ak" -> "sha256:HEX") and its measurements ("mrtd" -> "HEX"). Public facts, for
    // an admin to copy.
    virtual Result<std::map<std::string, std::string>> fingerprints() = 0;
    // Lets go of the device until the next call: others may need it too.
    virtual void release() = 0;
};

}  // namespace ct::attest
