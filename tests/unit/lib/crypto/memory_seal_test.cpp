// SPDX-License-Identifier: Apache-2.0
#include "crypto/memory_seal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ct::crypto {
namespace {

TEST(MemorySeal, OpensWhatItSealed) {
    auto seal = MemorySeal::create();
    ASSERT_TRUE(seal) << seal.error().to_string();
    for (const std::size_t size : {0U, 1U, 16U, 4096U}) {
        const Bytes plain(size, 'p');
        const auto sealed = seal->seal(plain);
        ASSERT_TRUE(sealed);
        EXPECT_EQ(sealed->size(), size + MemorySeal::kOverhead);
        Bytes opened(size);
        ASSERT_TRUE(seal->open(*sealed, opened));
        EXPECT_EQ(opened, plain);
    }
}

TEST(MemorySeal, HoldsNothingOfThePlaintextAndNeverTheSameTwice) {
    auto seal = MemorySeal::create();
    ASSERT_TRUE(seal);
    const Bytes plain(64, 'p');
    const auto first = seal->seal(plain);
    const auto second = seal->seal(plain);
    ASSERT_TRUE(first && second);
    EXPECT_TRUE(std::ranges::search(*first, ByteView(plain).first(4)).empty());
    EXPECT_NE(*first, *second);
}

TEST(MemorySeal, RefusesEveryChangedByteAndWipesWhatItHadDecrypted) {
    auto seal = MemorySeal::create();
    ASSERT_TRUE(seal);
    const Bytes plain(20, 'p');
    const auto sealed = seal->seal(plain);
    ASSERT_TRUE(sealed);
    for (std::size_t i = 0; i < sealed->size(); ++i) {
        Bytes changed = *sealed;
        changed[i] ^= 1;
        Bytes opened(plain.size(), 'x');
        const auto status = seal->open(changed, opened);
        ASSERT_FALSE(status) << i;
        EXPECT_EQ(status.error().reason, Reason::seal_invalid);
        EXPECT_EQ(opened, Bytes(plain.size(), 0)) << i;
    }
    Bytes short_by_one(plain.size() - 1);
    EXPECT_FALSE(seal->open(*sealed, short_by_one));
    EXPECT_FALSE(seal->open(ByteView(*sealed).first(MemorySeal::kOverhead - 1), {}));
    auto other = MemorySeal::create();
    ASSERT_TRUE(other);
    Bytes opened(plain.size());
    EXPECT_FALSE(other->open(*sealed, opened)) << "another process's key";
}

}  // namespace
}  // namespace ct::crypto
