// SPDX-License-Identifier: Apache-2.0
// That a real machine boots with these very values is shown in tests/vm/measure_test.cpp.
#include "attest/measure/qemu_kernel.h"

#include <gtest/gtest.h>

#include <map>

#include "support/pe_builder.h"

namespace ct::attest::measure {
namespace {

using test::PeBuilder;

constexpr std::uint64_t kMebibyte = 1 << 20;

// A setup header of protocol 2.15, as Linux 6.1 has it.
Bytes kernel() {
    Bytes out(0x1000);
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(i * 7);
    PeBuilder::put(out, 0x202, 0x53726448, 4);
    PeBuilder::put(out, 0x206, 0x20f, 2);
    PeBuilder::put(out, 0x210, 0, 1);
    PeBuilder::put(out, 0x211, 0x01, 1);
    PeBuilder::put(out, 0x218, 0, 8);
    PeBuilder::put(out, 0x224, 0, 8);
    PeBuilder::put(out, 0x22c, 0x7fffffff, 4);
    PeBuilder::put(out, 0x236, 0x3f, 2);
    return out;
}

std::map<std::size_t, int> changed(const Bytes& loaded, const Bytes& file = kernel()) {
    std::map<std::size_t, int> out;
    for (std::size_t i = 0; i < file.size(); ++i)
        if (loaded[i] != file[i]) out[i] = loaded[i];
    return out;
}

TEST(QemuKernel, HasItsLoaderHeapAndCommandLineInItsHeader) {
    const auto loaded = with_qemu_header(kernel(), 0, "quiet", 512 * kMebibyte);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(changed(*loaded),
              (std::map<std::size_t, int>{{0x210, 0xb0}, {0x211, 0x81}, {0x225, 0xfe}, {0x22a, 0x02}}));
}

TEST(QemuKernel, HasItsInitrdBelowTheAcpiTables) {
    const auto address = [](std::size_t size, std::uint64_t memory, const Bytes& file = kernel()) {
        const Bytes loaded = with_qemu_header(file, size, "", memory).value();
        std::uint64_t at = 0, told = 0;
        for (std::size_t i = 4; i-- > 0;) {
            at = at << 8 | loaded[0x218 + i];
            told = told << 8 | loaded[0x21c + i];
        }
        EXPECT_EQ(told, size);
        return at;
    };
    EXPECT_EQ(address(1, 512 * kMebibyte), 0x1ffd7000U);
    EXPECT_EQ(address(0x1234567, 512 * kMebibyte), 0x1eda3000U);
    EXPECT_EQ(address(1, 2815 * kMebibyte), 0xafed7000U) << "all of it below 4 GiB";
    EXPECT_EQ(address(1, 2816 * kMebibyte), 0x7ffd7000U) << "2 GiB of it";
    EXPECT_EQ(address(1, 64ULL << 30), 0x7ffd7000U);
    Bytes low = kernel();
    PeBuilder::put(low, 0x236, 0x3d, 2);
    PeBuilder::put(low, 0x22c, 0x37ffffff, 4);
    EXPECT_EQ(address(1, 2000 * kMebibyte, low), 0x37fff000U) << "a kernel that wants it low";
}

TEST(QemuKernel, WhatIsNotKnownIsNotGuessed) {
    const auto reason = [](const Bytes& file, std::size_t initrd, std::string_view words, std::uint64_t memory) {
        const auto loaded = with_qemu_header(file, initrd, words, memory);
        return loaded ? Reason::internal : loaded.error().reason;
    };
    EXPECT_EQ(reason(kernel(), 1, "", 512 * kMebibyte), Reason::internal);
    EXPECT_EQ(reason(Bytes(0x1000), 1, "", 512 * kMebibyte), Reason::invalid_argument);
    EXPECT_EQ(reason(Bytes(0x200), 1, "", 512 * kMebibyte), Reason::invalid_argument);
    EXPECT_EQ(reason(kernel(), 1, "quiet vga=791", 512 * kMebibyte), Reason::unsupported);
    EXPECT_EQ(reason(kernel(), 512 * kMebibyte, "", 512 * kMebibyte), Reason::invalid_argument);
    EXPECT_EQ(reason(kernel(), 1, "", 0), Reason::invalid_argument);
    Bytes old = kernel();
    PeBuilder::put(old, 0x206, 0x20b, 2);
    EXPECT_EQ(reason(old, 1, "", 512 * kMebibyte), Reason::unsupported);
    Bytes small = kernel();
    PeBuilder::put(small, 0x211, 0, 1);
    EXPECT_EQ(reason(small, 1, "", 512 * kMebibyte), Reason::unsupported) << "a kernel that is loaded low";
}

TEST(QemuKernel, ItsLoadOptionsAreTheCommandLineAndWhereTheInitrdIs) {
    EXPECT_EQ(load_options("a b").value(), (Bytes{'a', 0, ' ', 0, 'b', 0, 0, 0}));
    EXPECT_EQ(load_options("").value(), Bytes{}) << "there are none then";
    EXPECT_EQ(ovmf_load_options("a", false).value(), load_options("a").value());
    EXPECT_EQ(ovmf_load_options("a", true).value(), load_options("a initrd=initrd").value());
    EXPECT_EQ(ovmf_load_options("", true).value(), load_options(" initrd=initrd").value());
    EXPECT_EQ(load_options("caf\xc3\xa9").error().reason, Reason::invalid_argument);
    EXPECT_EQ(load_options("a\nb").error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace ct::attest::measure
