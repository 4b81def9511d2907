// SPDX-License-Identifier: Apache-2.0
#include "attest/measure/qemu_kernel.h"

#include <algorithm>
#include <string>

#include "attest/evidence/cursor.h"

namespace ct::attest::measure {
namespace {

// Offsets of the setup header's fields.
constexpr std::size_t kMagic = 0x202, kProtocol = 0x206, kLoader = 0x210, kLoadFlags = 0x211, kInitrd = 0x218,
                      kInitrdSize = 0x21c, kHeapEnd = 0x224, kCommandLine = 0x228, kInitrdMax = 0x22c,
                      kExtendedFlags = 0x236, kHeaderEnd = 0x268;
constexpr std::uint16_t kExtendedProtocol = 0x20c;
constexpr std::uint8_t kQemu = 0xb0, kLoadedHigh = 0x01, kCanUseHeap = 0x80;
constexpr std::uint16_t kInitrdAnywhere = 0x02;
constexpr std::uint32_t kCommandLineAt = 0x20000, kRealModeAt = 0x10000, kHeapGap = 0x200;
constexpr std::uint64_t kGigabyte = 1ULL << 30;
constexpr std::uint64_t kQ35Threshold = 0xb0000000, kQ35Low = 2 * kGigabyte, kAcpiTables = 0x28000, kPageMask = 4095;

std::uint64_t field(ByteView kernel, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = size; i > 0; --i)
        value = value << 8 | kernel[at + i - 1];
    return value;
}

void put(Bytes& kernel, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        kernel[at + i] = static_cast<std::uint8_t>(value >> 8 * i);
}

// Right below the ACPI tables, which are right below the end of the memory that is below 4 GiB.
Result<std::uint64_t> initrd_address(ByteView kernel, std::size_t size, std::uint64_t memory) {
    const std::uint64_t low = memory >= kQ35Threshold ? kQ35Low : memory;
    if (low <= kAcpiTables) return fail(Reason::invalid_argument, "the machine has too little memory");
    const bool anywhere = (field(kernel, kExtendedFlags, 2) & kInitrdAnywhere) != 0;
    const std::uint64_t most =
        std::min<std::uint64_t>(anywhere ? UINT32_MAX : field(kernel, kInitrdMax, 4), low - kAcpiTables - 1);
    if (size >= most) return fail(Reason::invalid_argument, "the initrd does not fit into the machine's memory");
    return (most - size) & ~kPageMask;
}

}  // namespace

bool has_setup_header(ByteView kernel) {
    return kernel.size() >= kHeaderEnd && as_text(kernel.subspan(kMagic, 4)) == "HdrS";
}

Result<Bytes> with_qemu_header(ByteView kernel, std::size_t initrd_size, std::string_view command_line,
                               std::uint64_t memory) {
    if (!has_setup_header(kernel)) return fail(Reason::invalid_argument, "no Linux kernel");
    if (field(kernel, kProtocol, 2) < kExtendedProtocol || (kernel[kLoadFlags] & kLoadedHigh) == 0)
        return fail(Reason::unsupported, "a kernel of before 2012");
    if (command_line.find("vga=") != std::string_view::npos)
        return fail(Reason::unsupported, "QEMU writes a video mode into the kernel where the command line has vga=");
    Bytes out = to_vector(kernel);
    put(out, kCommandLine, kCommandLineAt, 4);
    out[kLoader] = kQemu;
    out[kLoadFlags] |= kCanUseHeap;
    put(out, kHeapEnd, kCommandLineAt - kRealModeAt - kHeapGap, 2);
    if (initrd_size > 0) {
        CT_TRY(const std::uint64_t at, initrd_address(kernel, initrd_size, memory));
        put(out, kInitrd, at, 4);
        put(out, kInitrdSize, initrd_size, 4);
    }
    return out;
}

Result<Bytes> load_options(std::string_view words) {
    Bytes out;
    if (words.empty()) return out;
    for (const char c : words) {
        if (c < ' ' || c > '~') return fail(Reason::invalid_argument, "a command line of printable ASCII");
        out.push_back(static_cast<std::uint8_t>(c));
        out.push_back(0);
    }
    out.resize(out.size() + 2);
    return out;
}

Result<Bytes> ovmf_load_options(std::string_view command_line, bool with_initrd) {
    return load_options(std::string(command_line) + (with_initrd ? " initrd=initrd" : ""));
}

}  // namespace ct::attest::measure
