// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/audit_recorder.h"

#include <gtest/gtest.h>

#include "support/judge_case.h"
#include "support/process.h"

namespace ct::gate {
namespace {

class CountingSink final : public audit::Sink {
public:
    Status write(const audit::Record&) override {
        ++lines;
        return {};
    }
    std::size_t lines = 0;
};

class Recording : public testing::Test {
protected:
    // How many of `tries` verdicts are recorded.
    std::size_t recorded(std::size_t tries, action::Store what) {
        std::size_t out = 0;
        for (std::size_t i = 0; i < tries; ++i) {
            judge::Case facts;
            facts.at = test::kNow;
            facts.seed[0] = static_cast<std::uint8_t>(next_);
            facts.seed[1] = static_cast<std::uint8_t>(next_++ >> 8U);
            what.verdict.record = judge::record_id(facts);
            what.record = Bytes(size_);
            if (recorder_.store(what, "192.0.2.1")) ++out;
        }
        return out;
    }
    // At once, and what time has added since.
    void expect_bound(std::size_t count, double a_minute) {
        EXPECT_GE(count, static_cast<std::size_t>(a_minute));
        const auto minutes = std::chrono::duration<double>(loop_.now() - begin_).count() / 60;
        EXPECT_LE(static_cast<double>(count), a_minute * (1 + minutes) + 1);
    }
    static action::Store refusal(Reason reason, std::uint8_t node = 1) {
        action::Store out;
        out.verdict.reason = reason;
        out.node_spki = Sha256{node};
        return out;
    }

    test::TempDir folder_;
    EventLoop loop_ = *EventLoop::create();
    const BootTime begin_ = loop_.now();
    CountingSink sink_;
    AuditRecorder recorder_{loop_, sink_, std::move(*RecordStore::open({.folder = folder_.file("records")}))};
    std::size_t next_ = 0, size_ = 8;
};

TEST_F(Recording, ANodeThatIsShutOutCostsAFewRecordsAMinute) {
    for (const auto reason : {Reason::node_revoked, Reason::tls_certificate_expired}) {
        const auto node = static_cast<std::uint8_t>(reason);
        const auto count = recorded(50, refusal(reason, node));
        expect_bound(count, 6);
    }
    EXPECT_EQ(sink_.lines + recorder_.unrecorded(), 100U) << "nor lines of the audit stream";
    EXPECT_GE(recorded(1, refusal(Reason::node_revoked, 250)), 1U) << "another node";
}

TEST_F(Recording, WhatANodeIsRefusedForIsBoundedAndItsAlarmsApart) {
    const auto others = recorded(120, refusal(Reason::protocol_violation));
    expect_bound(others, 60);
    const auto alarms = recorded(120, refusal(Reason::challenge_reused));
    expect_bound(alarms, 60);
    EXPECT_EQ(recorded(1, refusal(Reason::protocol_violation, 2)), 1U) << "another node";
    EXPECT_EQ(recorded(1, refusal(Reason::judge_unavailable)), 1U) << "nor does it hide what broke a judge";
}

TEST_F(Recording, ALargeRecordCountsForMore) {
    size_ = std::size_t{5} << 20;
    const auto large = recorded(20, refusal(Reason::protocol_violation));
    EXPECT_GE(large, 4U);
    EXPECT_LE(large, 6U);
    size_ = judge::kRecordSize;
    EXPECT_EQ(recorded(1, refusal(Reason::protocol_violation, 2)), 1U) << "the largest that there is";
}

TEST_F(Recording, AllStrangersTogetherHaveOneAllowance) {
    std::size_t count = 0;
    for (std::uint8_t key = 0; key < 100; ++key) {
        auto what = refusal(Reason::node_unknown, key);
        what.stranger = true;
        count += recorded(1, what);
    }
    expect_bound(count, 30);
}

TEST_F(Recording, WhereATokenMayExistThereIsAlwaysARecord) {
    auto cancelled = refusal(Reason::cancelled);
    cancelled.token_asked = true;
    for (const bool stranger : {false, true}) {  // one that a reload has struck off meanwhile
        cancelled.stranger = stranger;
        EXPECT_EQ(recorded(150, cancelled), 150U);
    }
    auto release = refusal(Reason::internal);
    release.verdict.released = true;
    EXPECT_EQ(recorded(150, release), 150U);
    EXPECT_EQ(recorder_.unrecorded(), 0U);
}

}  // namespace
}  // namespace ct::gate
