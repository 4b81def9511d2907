// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "attest/collateral/bundle.h"
#include "codec/cbor.h"

namespace ct::attest {
namespace {

CollateralBundle some_bundle() {
    CollateralBundle bundle;
    bundle.serial = 7;
    bundle.made = WallTime(Seconds(1'790'000'000));
    bundle.until = bundle.made + std::chrono::days(30);
    bundle.items = {{"intel/root-crl", {1, 2}}, {"amd/crl/Milan", {3}}, {"amd/crl/Genoa", {4, 5, 6}}, {"z", {7}}};
    return bundle;
}

TEST(CollateralBundle, SurvivesItsEncoding) {
    const auto bundle = some_bundle();
    const Bytes bytes = encode(bundle);
    const auto again = decode_collateral(bytes);
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_EQ(again->serial, bundle.serial);
    EXPECT_EQ(again->made, bundle.made);
    EXPECT_EQ(again->until, bundle.until);
    EXPECT_EQ(again->items, bundle.items);
    EXPECT_EQ(encode(*again), bytes);
}

TEST(CollateralBundle, CutShortOrLongerIsRefused) {
    Bytes bytes = encode(some_bundle());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_collateral(ByteView(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_FALSE(decode_collateral(bytes));
}

TEST(CollateralBundle, EndsAfterItWasMade) {
    auto bundle = some_bundle();
    bundle.until = bundle.made - Seconds(1);
    EXPECT_EQ(decode_collateral(encode(bundle)).error().reason, Reason::malformed);
}

TEST(CollateralBundle, HoldsNoItemThatIsEmptyOrHuge) {
    for (const std::size_t size : {std::size_t{0}, kMostCollateralItem + 1}) {
        auto bundle = some_bundle();
        bundle.items["big"] = Bytes(size);
        EXPECT_FALSE(decode_collateral(encode(bundle))) << size;
    }
    auto bundle = some_bundle();
    bundle.items[std::string(kMostCollateralName + 1, 'n')] = {1};
    EXPECT_FALSE(decode_collateral(encode(bundle)));
    // Many items are announced, none is there: nothing is allocated for them.
    cbor::Writer out;
    out.map(4).uint(0).uint(1).uint(1).uint(1).uint(2).uint(2).uint(3).map(kMostCollateralItems + 1);
    EXPECT_FALSE(decode_collateral(out.take()));
}

}  // namespace
}  // namespace ct::attest
