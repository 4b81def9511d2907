// SPDX-License-Identifier: Apache-2.0
#include "daemons/attestd/core.h"

#include <gtest/gtest.h>

namespace ct::attestd {
namespace {

using Words = std::vector<std::string>;

Core core_of(const Words& words) {
    std::vector<Core::Kind> kinds;
    for (const std::string& word : words)
        kinds.push_back({word});
    return Core(kinds);
}

Status failed(Reason reason) { return fail(reason, "words"); }

TEST(AttestdCore, TakesCallsForItsKindsOnly) {
    Core core = core_of({"tpm2"});
    EXPECT_TRUE(core.admit("tpm2"));
    for (const std::string_view kind : {"", "TPM2", "tpm", "other"}) {
        const Status status = core.admit(kind);
        ASSERT_FALSE(status) << kind;
        EXPECT_EQ(status.error().reason, Reason::unsupported);
    }
}

TEST(AttestdCore, TakesABindingOf64BytesOnly) {
    Core core = core_of({"tpm2"});
    EXPECT_TRUE(core.admit_evidence("tpm2", 64, 0));
    for (const std::size_t size : {0, 32, 63, 65, 128}) {
        const Status status = core.admit_evidence("tpm2", size, 0);
        ASSERT_FALSE(status) << size;
        EXPECT_EQ(status.error().reason, Reason::invalid_argument);
    }
    EXPECT_EQ(core.admit_evidence("tpm2", 64, Core::kRequest + 1).error().reason, Reason::too_large);
    EXPECT_EQ(core.admit_evidence("other", 64, 0).error().reason, Reason::unsupported);
}

TEST(AttestdCore, LetsNoMoreWaitThanItsQuota) {
    Core core = core_of({"tpm2"});
    for (std::size_t i = 0; i < Core::kWaiting; ++i)
        ASSERT_TRUE(core.admit("tpm2"));
    EXPECT_FALSE(core.idle());
    EXPECT_EQ(core.admit("tpm2").error().reason, Reason::quota_exceeded);
    EXPECT_EQ(core.admit_evidence("tpm2", 64, 0).error().reason, Reason::quota_exceeded);
    core.finished("tpm2", {});
    EXPECT_TRUE(core.admit("tpm2")) << "one has gone";
    for (std::size_t i = 0; i < Core::kWaiting; ++i)
        core.finished("tpm2", {});
    EXPECT_TRUE(core.idle());
}

TEST(AttestdCore, CountsNoRefusedCall) {
    Core core = core_of({"tpm2"});
    EXPECT_FALSE(core.admit_evidence("tpm2", 1, 0));
    EXPECT_FALSE(core.admit("other"));
    EXPECT_TRUE(core.idle());
}

TEST(AttestdCore, CanProveAKindUntilItsDeviceIsFoundAbsent) {
    Core core = core_of({"first", "second"});
    EXPECT_EQ(core.kinds(), (Words{"first", "second"}));
    EXPECT_EQ(core.primary(), "first");
    EXPECT_TRUE(core.finished("first", failed(Reason::evidence_device_absent))) << "a change";
    EXPECT_FALSE(core.finished("first", failed(Reason::evidence_device_absent))) << "no news";
    EXPECT_EQ(core.kinds(), Words{"second"});
    EXPECT_EQ(core.primary(), "second");
    EXPECT_EQ(core.absent(), Words{"first"});
    EXPECT_EQ(core.trouble(), "first: evidence_device_absent: words");
    EXPECT_TRUE(core.finished("first", {}));
    EXPECT_EQ(core.kinds(), (Words{"first", "second"}));
    EXPECT_EQ(core.trouble(), "");
    EXPECT_TRUE(core.absent().empty());
}

TEST(AttestdCore, MissesADeviceThatIsNotExpectedOnlyWhereThereIsNoOther) {
    Core core({{.word = "snp", .expected = false, .there = false}, {.word = "tpm2", .expected = false}});
    EXPECT_EQ(core.kinds(), Words{"tpm2"}) << "a first look was enough";
    EXPECT_EQ(core.absent(), Words{"snp"});
    EXPECT_EQ(core.trouble(), "");
    EXPECT_TRUE(core.finished("tpm2", failed(Reason::evidence_device_absent)));
    EXPECT_TRUE(core.kinds().empty());
    EXPECT_NE(core.trouble().find("tpm2: evidence_device_absent: words"), std::string::npos) << core.trouble();
    EXPECT_TRUE(core.finished("snp", {}));
    EXPECT_EQ(core.primary(), "snp");
    EXPECT_EQ(core.trouble(), "");
    core.finished("tpm2", failed(Reason::evidence_device_failed));
    EXPECT_NE(core.trouble(), "") << "it is there, and does not work";
}

TEST(AttestdCore, MissesADeviceThatIsExpectedWhateverElseThereIs) {
    Core core({{.word = "snp", .expected = true, .there = false}, {.word = "tpm2", .expected = false}});
    EXPECT_EQ(core.kinds(), Words{"tpm2"});
    EXPECT_NE(core.trouble(), "");
}

TEST(AttestdCore, CanStillProveAKindWhoseDeviceFailed) {
    Core core = core_of({"tpm2"});
    EXPECT_FALSE(core.finished("tpm2", failed(Reason::evidence_device_failed)));
    EXPECT_EQ(core.kinds(), Words{"tpm2"});
    EXPECT_NE(core.trouble(), "");
    core.finished("tpm2", {});
    EXPECT_EQ(core.trouble(), "");
}

TEST(AttestdCore, DoesNotBlameADeviceForACallersMistake) {
    Core core = core_of({"tpm2"});
    EXPECT_FALSE(core.finished("tpm2", failed(Reason::invalid_argument)));
    EXPECT_EQ(core.trouble(), "");
    core.finished("tpm2", failed(Reason::evidence_device_absent));
    EXPECT_FALSE(core.finished("tpm2", failed(Reason::invalid_argument))) << "nor does it clear what is known";
    EXPECT_TRUE(core.kinds().empty());
    EXPECT_EQ(core.primary(), "");
}

TEST(AttestdCore, WithoutAnyKindSaysSo) {
    const Core core({});
    EXPECT_TRUE(core.kinds().empty());
    EXPECT_EQ(core.trouble(), "no kind of evidence is enabled");
}

}  // namespace
}  // namespace ct::attestd
