// SPDX-License-Identifier: Apache-2.0
// Memory of a TPM, for those who have no other business with it. Each call is a connection of its own.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::tss {

// Empty if there is no such index. evidence_device_absent, evidence_device_failed.
Result<Bytes> read_nv(const std::string& tcti, std::uint32_t index, std::size_t most);
// At most 512 bytes; an index that is not there is made.
Status write_nv(const std::string& tcti, std::uint32_t index, ByteView content);

}  // namespace ct::attest::tss
