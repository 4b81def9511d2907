// SPDX-License-Identifier: Apache-2.0
// MRTD, the digest of what a TDX guest is built of. Intel TDX Module Base Architecture Specification, section "MRTD: Build-Time
// Measurement Register" (TDH.MEM.PAGE.ADD, TDH.MR.EXTEND); TDX Virtual Firmware Design Guide, section 11.
#pragma once

#include "attest/measure/firmware.h"

namespace ct::attest::measure {

// MRTD tells in which order a hypervisor did its work.
enum class PageOrder : std::uint8_t {
    page_by_page,      // each page is added, then extended: Linux 6.16 and newer
    adds_then_extends  // all pages of a section are added, then extended: what came before
};

// invalid_argument for firmware without TDX metadata.
Result<ByteArray<48>> tdx_mrtd(const Firmware& firmware, PageOrder order);

}  // namespace ct::attest::measure
