// SPDX-License-Identifier: Apache-2.0
// The digests that are expected here come from a second, independent program for the same inputs.
#include "attest/measure/tdx_launch.h"

#include <gtest/gtest.h>

#include "base/fd.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/firmware_builder.h"

namespace ct::attest::measure {
namespace {

using test::FirmwareBuilder;

std::string mrtd_of(ByteView image, PageOrder order) {
    const auto firmware = parse_firmware(image);
    EXPECT_TRUE(firmware) << firmware.error().to_string();
    const auto digest = tdx_mrtd(*firmware, order);
    EXPECT_TRUE(digest) << digest.error().to_string();
    return digest ? hex_encode(*digest) : "";
}

TEST(TdxLaunch, MrtdIsThatOfTheSecondDerivation) {
    EXPECT_EQ(mrtd_of(FirmwareBuilder{}.image(), PageOrder::page_by_page),
              "5e427a9d3ac1407d579891bdd67d37766caea9fe3f40555f1002769187b3cc293541a69c64583c2fa5757aa62793cd40");
}

TEST(TdxLaunch, OfDebiansFirmwareIsThatOfTheSecondDerivationInBothOrders) {
    const auto image = read_file("/usr/share/ovmf/OVMF.fd", kMostFirmware);
    if (!image || hex_encode(crypto::sha256(as_bytes(*image))) !=
                      "7b456907dd0786d415999e801a1ac4637b8ed4d7cf5378cfc6edbe5e574dd773")
        GTEST_SKIP() << "feature: Debian's ovmf 2022.11-6+deb12u2";
    EXPECT_EQ(mrtd_of(as_bytes(*image), PageOrder::page_by_page),
              "4c7206f0f483c524f12c366c711e9049030a8d47c471ee5aa9c4999a08de4057fb887fed0744d5631a212967fb231c47");
    EXPECT_EQ(mrtd_of(as_bytes(*image), PageOrder::adds_then_extends),
              "acccbcc870a381adab0d3919d90a7f268ac3b0364771f202ed4bb4e892d045b33db3b32e6924cba830a724eed443f7e1");
}

TEST(TdxLaunch, DependsOnWhatIsMeasuredAndWhereAndOnNothingElse) {
    const auto with = [](auto bend) {
        FirmwareBuilder builder;
        bend(builder);
        return mrtd_of(builder.image(), PageOrder::page_by_page);
    };
    const std::string sound = with([](auto&) {});
    EXPECT_NE(with([](auto& b) { b.tdx[3].gpa += 4096; }), sound);
    EXPECT_NE(with([](auto& b) { b.tdx[3].size += 4096; }), sound);
    EXPECT_NE(with([](auto& b) { b.tdx[1].attributes = 1; }), sound) << "its content counts now";
    EXPECT_NE(with([](auto& b) { std::swap(b.tdx[2], b.tdx[3]); }), sound);
    // An unmeasured volume may hold anything. Its metadata are in the measured page.
    Bytes image = FirmwareBuilder{}.image();
    image[17] ^= 1;
    EXPECT_EQ(mrtd_of(image, PageOrder::page_by_page), sound);
    image[4096 + 17] ^= 1;
    EXPECT_NE(mrtd_of(image, PageOrder::page_by_page), sound);
    // What the running guest adds is not built in.
    FirmwareBuilder late;
    late.tdx.push_back({0, 0, 0x100000, 1ULL << 20, 4, 2});
    Bytes with_late = late.image(), without = FirmwareBuilder{}.image();
    std::copy(without.begin() + 4096, without.end(), with_late.begin() + 4096);
    EXPECT_EQ(mrtd_of(with_late, PageOrder::page_by_page), sound);

    FirmwareBuilder none;
    none.tdx.clear();
    const Bytes bare = none.image();
    EXPECT_EQ(tdx_mrtd(parse_firmware(bare).value(), PageOrder::page_by_page).error().reason, Reason::invalid_argument);
}

}  // namespace
}  // namespace ct::attest::measure
