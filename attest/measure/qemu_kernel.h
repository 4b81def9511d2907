// SPDX-License-Identifier: Apache-2.0
// A kernel on QEMU's command line (-kernel, -initrd, -append), as OVMF gets it. QEMU hw/i386/x86.c, x86_load_linux; Linux
// Documentation/arch/x86/boot.rst (the header); EDK II OvmfPkg/Library/X86QemuLoadImageLib (the load options).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::measure {

// True for a Linux kernel, false for any other image: into that QEMU writes nothing.
bool has_setup_header(ByteView kernel);

// The kernel with what QEMU since 4.0 writes into its setup header, as a boot loader of old would. OVMF gets it so where QEMU is
// older than 10.0 or OVMF older than edk2-stable202502. Where the initrd goes depends on the machine: a q35 of `memory` bytes.
// unsupported: a kernel from before 2012 (protocol 2.12), words with vga=; invalid_argument: an initrd that does not fit.
Result<Bytes> with_qemu_header(ByteView kernel, std::size_t initrd_size, std::string_view command_line,
                               std::uint64_t memory);

// invalid_argument for what is not printable ASCII.
Result<Bytes> load_options(std::string_view words);
// As OVMF makes them of QEMU's command line, before edk2-stable202502: it adds where the initrd is.
Result<Bytes> ovmf_load_options(std::string_view command_line, bool with_initrd);

}  // namespace ct::attest::measure
