// SPDX-License-Identifier: Apache-2.0
#include "bus/error.h"

#include <gtest/gtest.h>

namespace ct::bus {
namespace {

TEST(BusError, CarriesTheReasonAndItsWordsThere) {
    const Error error{Reason::evidence_nonce_mismatch, "the quote", 0};
    EXPECT_EQ(error_name(error), "io.cloudtaser.Error.EvidenceStale");
    EXPECT_EQ(error_message(error), "evidence_nonce_mismatch: the quote");
}

TEST(BusError, EveryReasonSurvivesTheWayThereAndBack) {
#define CT_X(name, bus) Reason::name,
    for (const Reason reason : {CT_REASONS(CT_X)}) {
#undef CT_X
        for (const char* words : {"", "some words: with a colon"}) {
            const Error sent{reason, words, 0};
            const Error got = error_from(error_name(sent), error_message(sent));
            EXPECT_EQ(got.reason, reason) << to_string(reason);
            EXPECT_EQ(got.context, words);
        }
    }
}

TEST(BusError, TextThatIsNoDBusStringIsMadeOne) {
    EXPECT_EQ(error_message({Reason::io_failed, "path \xff\n", 0}), "io_failed: path ??");
}

struct Foreign {
    const char* name;
    const char* message;
    Reason reason;
};
class ForeignErrors : public testing::TestWithParam<Foreign> {};
TEST_P(ForeignErrors, AreReadAsOneOfOurs) {
    const auto [name, message, reason] = GetParam();
    EXPECT_EQ(to_string(error_from(name, message).reason), to_string(reason)) << name;
}
INSTANTIATE_TEST_SUITE_P(
    All, ForeignErrors,
    testing::Values(Foreign{"org.freedesktop.DBus.Error.ServiceUnknown", "x", Reason::daemon_unavailable},
                    Foreign{"org.freedesktop.DBus.Error.NameHasNoOwner", "x", Reason::daemon_unavailable},
                    Foreign{"org.freedesktop.DBus.Error.Spawn.ChildExited", "x", Reason::daemon_unavailable},
                    Foreign{"org.freedesktop.systemd1.NoSuchUnit", "x", Reason::daemon_unavailable},
                    Foreign{"org.freedesktop.DBus.Error.NoReply", "x", Reason::daemon_unavailable},
                    Foreign{"org.freedesktop.DBus.Error.NoReply", "Method call timed out", Reason::timed_out},
                    Foreign{"org.freedesktop.DBus.Error.AccessDenied", "x", Reason::caller_not_allowed},
                    Foreign{"org.freedesktop.DBus.Error.UnknownMethod", "x", Reason::unsupported},
                    Foreign{"org.freedesktop.DBus.Error.UnknownObject", "x", Reason::unsupported},
                    Foreign{"org.freedesktop.DBus.Error.InvalidArgs", "x", Reason::invalid_argument},
                    Foreign{"org.freedesktop.DBus.Error.LimitsExceeded", "x", Reason::quota_exceeded},
                    Foreign{"org.freedesktop.DBus.Error.AccessDeniedX", "x", Reason::internal},
                    Foreign{"io.cloudtaser.Error.EvidenceStale", "no_such_code: x", Reason::internal},
                    Foreign{"io.cloudtaser.Error.EvidenceStale", "", Reason::internal},
                    Foreign{"com.example.Error", "internal: x", Reason::internal}));

}  // namespace
}  // namespace ct::bus
