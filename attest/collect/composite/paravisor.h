// SPDX-License-Identifier: Apache-2.0
// What an Azure machine's paravisor keeps in the TPM that it plays: a report of the hardware (NV index 0x01400001), made anew
// after something was written for it to include (0x01400002).
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::azure {

// As thin as can be, so that a test can stand in for it.
class Paravisor {
public:
    virtual ~Paravisor() = default;
    // evidence_device_absent where there is none.
    virtual Result<Bytes> report() = 0;
    virtual Status include(const ByteArray<64>& data) = 0;
};

// Behind the TPM by this name, in the words of tpm2-tss.
std::unique_ptr<Paravisor> open_paravisor(std::string tcti);

}  // namespace ct::attest::azure
