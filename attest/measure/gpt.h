// SPDX-License-Identifier: Apache-2.0
// The partition table of a disk, as firmware measures it (EV_EFI_GPT_EVENT). UEFI Specification 2.10, section 5.3; TCG PC Client
// Platform Firmware Profile, UEFI_GPT_DATA.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::measure {

// The table of a disk lies in its first bytes: with 4096 entries in blocks of 4 KiB, within these.
inline constexpr std::size_t kDiskHead = 1UZ << 20;

// Header, number of the entries in use, and those entries. `head` is the beginning of the disk.
// malformed: no table, or one that firmware would not take (a wrong checksum).
Result<Bytes> gpt_event(ByteView head);

}  // namespace ct::attest::measure
