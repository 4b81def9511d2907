// SPDX-License-Identifier: Apache-2.0
#include "base/registers.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace ct {
namespace {

constexpr std::uint8_t kPattern = 0xA7;
struct alignas(64) Image {
    std::array<std::array<std::uint8_t, 64>, 32> registers{};
};

// Fills and stores are single asm statements, so that nothing the compiler emits comes between a register and its image.
#define CT_ALL16(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)
#define CT_HIGH16(X) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
#define CT_LOAD_XMM(n) "movdqu (%0), %%xmm" #n "\n\t"
#define CT_STORE_XMM(n) "movdqu %%xmm" #n ", 64*" #n "(%0)\n\t"
#define CT_LOAD_YMM(n) "vmovdqu (%0), %%ymm" #n "\n\t"
#define CT_STORE_YMM(n) "vmovdqu %%ymm" #n ", 64*" #n "(%0)\n\t"
#define CT_LOAD_ZMM(n) "vmovdqu64 (%0), %%zmm" #n "\n\t"
#define CT_STORE_ZMM(n) "vmovdqu64 %%zmm" #n ", 64*" #n "(%0)\n\t"
#define CT_LOW_CLOBBERS                                                                                                \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",         \
        "xmm13", "xmm14", "xmm15", "memory"

struct Sse {
    static bool here() { return true; }
    static constexpr std::size_t count = 16, width = 16;
    static void fill(const void* from) { asm volatile(CT_ALL16(CT_LOAD_XMM)::"r"(from) : CT_LOW_CLOBBERS); }
    static void store(void* to) { asm volatile(CT_ALL16(CT_STORE_XMM)::"r"(to) : "memory"); }
};
struct Avx {
    static bool here() { return __builtin_cpu_supports("avx") != 0; }
    static constexpr std::size_t count = 16, width = 32;
    __attribute__((target("avx"))) static void fill(const void* from) {
        asm volatile(CT_ALL16(CT_LOAD_YMM)::"r"(from) : CT_LOW_CLOBBERS);
    }
    __attribute__((target("avx"))) static void store(void* to) {
        asm volatile(CT_ALL16(CT_STORE_YMM)::"r"(to) : "memory");
    }
};
struct Avx512 {
    static bool here() { return __builtin_cpu_supports("avx512f") != 0; }
    static constexpr std::size_t count = 32, width = 64;
    __attribute__((target("avx512f"))) static void fill(const void* from) {
        asm volatile(CT_ALL16(CT_LOAD_ZMM) CT_HIGH16(CT_LOAD_ZMM)::"r"(from) : CT_LOW_CLOBBERS);
    }
    __attribute__((target("avx512f"))) static void store(void* to) {
        asm volatile(CT_ALL16(CT_STORE_ZMM) CT_HIGH16(CT_STORE_ZMM)::"r"(to) : "memory");
    }
};

// How many 8-byte lanes of the pattern are left in the image.
std::size_t lanes_left(const Image& image, std::size_t count, std::size_t width) {
    std::array<std::uint8_t, 8> lane{};
    lane.fill(kPattern);
    std::size_t left = 0;
    for (std::size_t r = 0; r < count; ++r)
        for (std::size_t at = 0; at < width; at += lane.size())
            if (std::memcmp(image.registers[r].data() + at, lane.data(), lane.size()) == 0) ++left;
    return left;
}

template <class Set>
class Registers : public testing::Test {};
using Sets = testing::Types<Sse, Avx, Avx512>;
TYPED_TEST_SUITE(Registers, Sets);

TYPED_TEST(Registers, KeepThePatternWithoutAGuard) {
    if (!TypeParam::here()) GTEST_SKIP() << "CPU without this register set";
    alignas(64) std::array<std::uint8_t, 64> pattern{};
    pattern.fill(kPattern);
    Image image;
    TypeParam::fill(pattern.data());
    TypeParam::store(image.registers.data());
    EXPECT_EQ(lanes_left(image, TypeParam::count, TypeParam::width), TypeParam::count * TypeParam::width / 8);
}

TYPED_TEST(Registers, HoldNothingAfterAGuardWentOutOfScope) {
    if (!TypeParam::here()) GTEST_SKIP() << "CPU without this register set";
    alignas(64) std::array<std::uint8_t, 64> pattern{};
    pattern.fill(kPattern);
    Image image;
    {
        const RegisterGuard guard;
        TypeParam::fill(pattern.data());
    }
    TypeParam::store(image.registers.data());
    EXPECT_EQ(lanes_left(image, TypeParam::count, TypeParam::width), 0U);
}

TEST(Wipe, ZeroesAllAndToleratesNothing) {
    std::array<std::uint8_t, 100> bytes{};
    bytes.fill(1);
    wipe(bytes.data(), bytes.size());
    EXPECT_EQ(bytes, (std::array<std::uint8_t, 100>{}));
    wipe(nullptr, 0);
}

}  // namespace
}  // namespace ct
