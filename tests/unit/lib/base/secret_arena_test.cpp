// SPDX-License-Identifier: Apache-2.0
#include "base/secret_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <thread>

namespace ct {
namespace {

SecretArena& arena() { return SecretArena::process(); }
MutableBytes view(void* block, std::size_t size) { return {static_cast<std::uint8_t*>(block), size}; }
bool all_zero(ByteView bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

class ArenaOfSize : public testing::TestWithParam<std::size_t> {};

// A freed block goes to the head of its size class, so the next request of that size gets the same memory and can look
// at what the last owner left. Nothing clears a block when it is handed out.
TEST_P(ArenaOfSize, AFreedBlockIsWiped) {
    const std::size_t size = GetParam();
    void* first = arena().allocate(size);
    ASSERT_NE(first, nullptr);
    std::memset(first, 0x5A, size);
    arena().release(first);
    void* second = arena().allocate(size);
    EXPECT_EQ(second, first);
    EXPECT_TRUE(all_zero(view(second, size)));
    arena().release(second);
}

TEST_P(ArenaOfSize, BlocksAreAlignedAndDisjoint) {
    const std::size_t size = GetParam();
    std::vector<void*> blocks;
    for (int i = 0; i < 20; ++i) {
        blocks.push_back(arena().allocate(size));
        ASSERT_NE(blocks.back(), nullptr);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back()) % 16, 0U);  // NOLINT: the address as a number
        std::memset(blocks.back(), i, size);
    }
    for (int i = 0; i < 20; ++i) {
        const auto bytes = view(blocks[static_cast<std::size_t>(i)], size);
        EXPECT_TRUE(std::ranges::all_of(bytes, [&](std::uint8_t byte) { return byte == i; }));
        arena().release(blocks[static_cast<std::size_t>(i)]);
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ArenaOfSize, testing::Values(1, 31, 32, 33, 200, 4096, 16384, 65504));

TEST(Arena, ABigBlockIsUnmappedWhenItIsFreed) {
    const auto before = arena().report();
    void* block = arena().allocate(300'000);
    ASSERT_NE(block, nullptr);
    EXPECT_GT(arena().report().mapped, before.mapped);
    arena().release(block);
    EXPECT_EQ(arena().report().mapped, before.mapped);
    EXPECT_EQ(arena().report().in_use, before.in_use);
}

TEST(Arena, AMovedBlockLeavesNothingBehind) {
    void* small = arena().allocate(100);
    std::memset(small, 0x5A, 100);
    void* big = arena().reallocate(small, 1000);
    ASSERT_NE(big, nullptr);
    EXPECT_NE(big, small);
    EXPECT_TRUE(std::ranges::all_of(view(big, 100), [](std::uint8_t byte) { return byte == 0x5A; }));
    void* again = arena().allocate(100);
    EXPECT_EQ(again, small);
    EXPECT_TRUE(all_zero(view(again, 100)));
    arena().release(again);
    arena().release(big);
}

TEST(Arena, GrowingInPlaceWipesTheGrownPartToo) {
    void* block = arena().allocate(70);  // of a 96-byte block
    void* grown = arena().reallocate(block, 90);
    EXPECT_EQ(grown, block);
    std::memset(grown, 0x5A, 90);
    arena().release(grown);
    void* again = arena().allocate(90);
    EXPECT_EQ(again, block);
    EXPECT_TRUE(all_zero(view(again, 90)));
    arena().release(again);
}

TEST(Arena, ShrinkingLeavesNothingBehind) {
    void* block = arena().allocate(500);
    std::memset(block, 0x5A, 500);
    void* shrunk = arena().reallocate(block, 10);
    ASSERT_NE(shrunk, nullptr);
    arena().release(shrunk);
    void* again = arena().allocate(500);
    EXPECT_TRUE(all_zero(view(again, 500)));
    arena().release(again);
}

TEST(Arena, NothingAndZeroAreLikeMalloc) {
    arena().release(nullptr);
    void* none = arena().allocate(0);
    EXPECT_NE(none, nullptr);
    none = arena().reallocate(none, 10);
    EXPECT_NE(none, nullptr);
    arena().release(none);
    void* fresh = arena().reallocate(nullptr, 10);
    EXPECT_NE(fresh, nullptr);
    arena().release(fresh);
}

TEST(ArenaDeathTest, ADoubleFreeEndsTheProcess) {
    void* block = arena().allocate(10);
    arena().release(block);
    EXPECT_EXIT(arena().release(block), testing::KilledBySignal(SIGABRT), "");
}

TEST(Arena, ServesThreads) {
    std::vector<std::thread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([t] {
            for (int i = 0; i < 2000; ++i) {
                const auto size = static_cast<std::size_t>(1 + (i * 37 + t) % 3000);
                void* block = arena().allocate(size);
                std::memset(block, t, size);
                ASSERT_EQ(view(block, size)[size - 1], t);
                arena().release(block);
            }
        });
    for (auto& thread : threads)
        thread.join();
}

TEST(Arena, ReportsTheProtectionItGot) { EXPECT_EQ(arena().report().protection, best_protection()); }

TEST(SecretBuffer, IsWipedWhenItEnds) {
    const std::uint8_t* at = nullptr;
    {
        auto buffer = SecretBuffer::copy_of(as_bytes("a secret of some length"));
        ASSERT_TRUE(buffer);
        EXPECT_EQ(buffer->text(), "a secret of some length");
        at = buffer->bytes().data();
    }
    auto next = SecretBuffer::create(23);
    ASSERT_TRUE(next);
    EXPECT_EQ(next->bytes().data(), at);
    EXPECT_TRUE(all_zero(next->bytes()));
}

TEST(SecretBuffer, TruncateWipesTheRest) {
    auto buffer = SecretBuffer::copy_of(as_bytes("0123456789"));
    ASSERT_TRUE(buffer);
    const MutableBytes whole = buffer->bytes();
    buffer->truncate(4);
    EXPECT_EQ(buffer->text(), "0123");
    EXPECT_TRUE(all_zero(whole.subspan(4)));
    buffer->truncate(100);  // never grows
    EXPECT_EQ(buffer->size(), 4U);
}

TEST(SecretBuffer, AppendGrowsAndKeepsContent) {
    SecretBuffer buffer;
    std::string expected;
    for (int i = 0; i < 200; ++i) {
        const std::string part(static_cast<std::size_t>(i), static_cast<char>('a' + i % 26));
        ASSERT_TRUE(buffer.append(as_bytes(part)));
        expected += part;
    }
    EXPECT_EQ(buffer.text(), expected);
}

TEST(SecretBuffer, MovesAndSelfMoves) {
    auto a = SecretBuffer::copy_of(as_bytes("one"));
    SecretBuffer b = std::move(*a);
    EXPECT_TRUE(a->empty());
    EXPECT_EQ(b.text(), "one");
    SecretBuffer& alias = b;
    b = std::move(alias);
    EXPECT_EQ(b.text(), "one");
    EXPECT_TRUE(SecretBuffer::create(0)->empty());
}

TEST(SecretString, LivesInTheArenaEvenWhenShortBufferWouldNot) {
    const auto before = arena().report().in_use;
    const SecretString text(100, 's');
    EXPECT_GT(arena().report().in_use, before);
}

TEST(SecretString, ThatIsDiscardedGivesItsBlockBack) {
    const auto before = arena().report().in_use;
    SecretString text(100, 's');
    discard(text);
    EXPECT_EQ(text, "");
    EXPECT_EQ(arena().report().in_use, before);
}

}  // namespace
}  // namespace ct
