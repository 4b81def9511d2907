// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "attest/protocol/messages.h"
#include "base/limits.h"

namespace ct::attest {
namespace {

TEST(Frame, ComesOutWholeHoweverItArrives) {
    const Bytes first{1, 2, 3}, second{4};
    Bytes stream = frame(first);
    append(stream, frame(second));
    for (std::size_t step = 1; step <= stream.size(); ++step) {
        FrameReader reader;
        std::vector<Bytes> got;
        for (std::size_t at = 0; at < stream.size(); at += step) {
            ASSERT_TRUE(reader.feed(ByteView(stream).subspan(at, std::min(step, stream.size() - at))));
            while (auto message = reader.next())
                got.push_back(*message);
        }
        EXPECT_EQ(got, (std::vector<Bytes>{first, second})) << "in steps of " << step;
        EXPECT_FALSE(reader.mid_frame());
    }
}

TEST(Frame, HasItsLengthInBigEndian) {
    EXPECT_EQ(frame(Bytes(258, 9)).size(), 262u);
    const Bytes framed = frame(Bytes(258, 9));
    EXPECT_EQ(Bytes(framed.begin(), framed.begin() + 4), (Bytes{0, 0, 1, 2}));
}

TEST(Frame, TellsThatAStreamWasCutShort) {
    FrameReader reader;
    ASSERT_TRUE(reader.feed(Bytes{0, 0, 0, 2, 7}));
    EXPECT_FALSE(reader.next());
    EXPECT_TRUE(reader.mid_frame());
}

TEST(Frame, IsRefusedAtItsHeaderWhenItAnnouncesTooMuch) {
    FrameReader reader;
    const auto size = static_cast<std::uint32_t>(limits::kGateMessage + 1);
    const Bytes header{static_cast<std::uint8_t>(size >> 24), static_cast<std::uint8_t>(size >> 16),
                       static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
    ASSERT_TRUE(reader.feed(ByteView(header).first(3)));
    const Status status = reader.feed(ByteView(header).subspan(3));
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::too_large);
}

TEST(Frame, IsRefusedWhenItIsTheSecondAndAnnouncesTooMuch) {
    FrameReader reader;
    const Status status = reader.feed(Bytes{0, 0, 0, 1, 7, 0xff, 0xff, 0xff, 0xff});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::too_large);
}

TEST(Frame, IsRefusedWhenEmpty) {
    FrameReader reader;
    const Status status = reader.feed(Bytes{0, 0, 0, 0});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::protocol_violation);
}

TEST(Frame, OfTheLargestSizePasses) {
    FrameReader reader;
    const Bytes message(limits::kGateMessage, 5);
    ASSERT_TRUE(reader.feed(frame(message)));
    EXPECT_EQ(reader.next(), message);
}

TEST(Frame, ThatNobodyTakesDoesNotPileUp) {
    FrameReader reader;
    const Bytes one = frame(Bytes(1 << 20, 1));
    Status status;
    std::size_t fed = 0;
    while ((status = reader.feed(one)))
        ASSERT_LE(fed += one.size(), limits::kGateMessage + 4);
    EXPECT_EQ(status.error().reason, Reason::too_large);
}

}  // namespace
}  // namespace ct::attest
