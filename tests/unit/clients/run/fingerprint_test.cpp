// SPDX-License-Identifier: Apache-2.0
#include "clients/run/fingerprint.h"

#include <gtest/gtest.h>

#include "codec/hex.h"

namespace ct::run {
namespace {

// vectors_sip128 of the reference implementation: key 00..0f, input 00, 01, 02... of growing length.
TEST(SipHash128, AgreesWithTheReferenceVectors) {
    ByteArray<16> key;
    for (std::size_t i = 0; i < key.size(); ++i)
        key[i] = static_cast<std::uint8_t>(i);
    for (const auto& [length, expected] :
         std::vector<std::pair<std::size_t, std::string>>{{0, "a3817f04ba25a8e66df67214c7550293"},
                                                          {1, "da87c1d86b99af44347659119b22fc45"},
                                                          {2, "8177228da4a45dc7fca38bdef60affe4"},
                                                          {7, "a1f1ebbed8dbc153c0b84aa61ff08239"},
                                                          {8, "3b62a9ba6258f5610f83e264f31497b4"},
                                                          {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
                                                          {63, "5150d1772f50834a503e069a973fbd7c"}}) {
        Bytes input;
        for (std::size_t i = 0; i < length; ++i)
            input.push_back(static_cast<std::uint8_t>(i));
        SipHash128 hash(key);
        hash.update(input);
        EXPECT_EQ(hex_encode(hash.finish()), expected) << length;
        // In pieces it is the same.
        SipHash128 pieces(key);
        for (const auto byte : input)
            pieces.update({&byte, 1});
        EXPECT_EQ(hex_encode(pieces.finish()), expected) << length;
    }
}

class FingerprintTable : public testing::Test {
protected:
    std::optional<std::size_t> find(std::string_view value, std::optional<std::size_t> prefers = std::nullopt) const {
        SipHash128 hash = table_->hasher();
        hash.update(as_bytes(value));
        return table_->find(value.size(), hash.finish(), prefers);
    }
    void remember(std::size_t id, std::string_view value) { ASSERT_TRUE(table_->remember(id, as_bytes(value))); }
    Result<Fingerprints> table_ = Fingerprints::create(best_protection());
};

TEST_F(FingerprintTable, KnowsEveryValueOfEverySecretThatItWasTold) {
    remember(0, "first value");
    remember(1, "second");
    remember(0, "rotated");
    EXPECT_EQ(find("first value"), 0U);
    EXPECT_EQ(find("rotated"), 0U);
    EXPECT_EQ(find("second"), 1U);
    EXPECT_EQ(find("second "), std::nullopt);
    EXPECT_EQ(find("Second"), std::nullopt);
    EXPECT_EQ(find(""), std::nullopt);
    EXPECT_TRUE(table_->knows_length(6));
    EXPECT_FALSE(table_->knows_length(5));
    EXPECT_EQ(table_->longest(), 11U);
}

TEST_F(FingerprintTable, OfEqualSecretsTheOneThatIsAskedForWins) {
    remember(0, "same");
    remember(1, "same");
    remember(2, "same");
    EXPECT_EQ(find("same", 1), 1U);
    EXPECT_EQ(find("same", 2), 2U);
    EXPECT_EQ(find("same", 9), 0U);
    EXPECT_EQ(find("same"), 0U);
}

TEST_F(FingerprintTable, GrowsOverItsPages) {
    for (std::size_t i = 0; i < 1000; ++i)
        remember(i, "value " + std::to_string(i));
    for (std::size_t i = 0; i < 1000; i += 37)
        EXPECT_EQ(find("value " + std::to_string(i)), i);
}

TEST_F(FingerprintTable, HasAKeyOfItsOwn) {
    const auto other = Fingerprints::create(best_protection());
    SipHash128 mine = table_->hasher(), theirs = other->hasher();
    EXPECT_NE(mine.finish(), theirs.finish());
}

}  // namespace
}  // namespace ct::run
