// SPDX-License-Identifier: Apache-2.0
// The kernel's folder of trusted security module reports (configfs-tsm), Linux 6.7 and later: each sub-folder is one report in
// the making. Linux, Documentation/ABI/testing/configfs-tsm-report.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tsm {

inline constexpr const char* kReports = "/sys/kernel/config/tsm/report";

// As thin as can be, so that a test can stand in for the kernel. Errors carry errno; evidence_device_absent where the folder
// itself is missing, evidence_device_failed else.
class Folder {
public:
    virtual ~Folder() = default;
    virtual Status make(const std::string& entry) = 0;  // one that is there already is fine
    virtual void remove(const std::string& entry) = 0;
    // Whole, in one go: each write is one step of the entry's generation.
    virtual Status write(const std::string& entry, const std::string& attribute, ByteView value) = 0;
    virtual Result<Bytes> read(const std::string& entry, const std::string& attribute, std::size_t most) = 0;
};

std::unique_ptr<Folder> open_folder(std::string path = kReports);

}  // namespace ct::attest::tsm
