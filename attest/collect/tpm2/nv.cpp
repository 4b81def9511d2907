// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tpm2/nv.h"

#include "attest/collect/tpm2/device.h"

namespace ct::attest::tss {

Result<Bytes> read_nv(const std::string& tcti, std::uint32_t index, std::size_t most) {
    CT_TRY(const auto device, Device::open(tcti));
    return device->read_nv(index, most);
}

Status write_nv(const std::string& tcti, std::uint32_t index, ByteView content) {
    CT_TRY(const auto device, Device::open(tcti));
    return device->write_nv(index, content);
}

}  // namespace ct::attest::tss
