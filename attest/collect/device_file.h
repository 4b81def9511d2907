// SPDX-License-Identifier: Apache-2.0
// A kernel's device of confidential machines. It is opened for each call: nothing is kept, so that one that comes or goes is seen.
#pragma once

#include <string>

#include "base/result.h"

namespace ct::attest {

// Errors carry errno; evidence_device_absent where there is no such device, evidence_device_failed else.
class DeviceFile {
public:
    explicit DeviceFile(std::string path) : path_(std::move(path)) {}
    [[nodiscard]] Status present() const;
    // ioctl(2). `argument` is the command's structure, also after an error: devices say more in it.
    [[nodiscard]] Status call(unsigned long command, void* argument) const;

private:
    std::string path_;
};

}  // namespace ct::attest
