// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/lease_ender.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ct::gate {
namespace {

using namespace std::chrono_literals;

// An OpenBao that answers when it is told to.
class PaperRevoker final : public Revoker {
public:
    void revoke(const std::string& accessor, std::function<void(Status)> answer) override {
        ++asked;
        open.emplace_back(accessor, std::move(answer));
    }
    void answer_all(const Status& status) {
        for (auto& [accessor, answer] : std::exchange(open, {}))
            answer(status);
    }
    std::vector<std::pair<std::string, std::function<void(Status)>>> open;
    std::size_t asked = 0;
};

class PaperSink final : public audit::Sink {
public:
    Status write(const audit::Record& record) override {
        ++(record.outcome == audit::Outcome::success ? ended : failed);
        return {};
    }
    std::size_t ended = 0, failed = 0;
};

const Status kDown = fail(Reason::vault_unreachable, "it is down");

class Ending : public testing::Test {
protected:
    void end(std::size_t count, Seconds life = 600s) {
        std::vector<Ended> leases;
        for (std::size_t i = 0; i < count; ++i) {
            Lease lease;
            lease.accessor = "accessor-" + std::to_string(i);
            lease.expires = loop_.wall_now() + life;
            leases.push_back({std::move(lease), Reason::node_revoked, "test"});
        }
        ender_.end(std::move(leases));
    }
    void wait_until_asked(std::size_t count) {
        const auto limit = loop_.now() + 20s;
        while (bao_->asked < count && loop_.now() < limit)
            ASSERT_TRUE(loop_.run_once(100ms));
        ASSERT_EQ(bao_->asked, count);
    }

    EventLoop loop_ = *EventLoop::create();
    PaperSink sink_;
    std::uint64_t ended_ = 0;
    std::string trouble_ = "nothing said yet";
    LeaseEnder ender_{loop_, sink_, [this](const std::string& trouble) { trouble_ = trouble; }, ended_};
    std::shared_ptr<PaperRevoker> bao_ = std::make_shared<PaperRevoker>();
};

TEST_F(Ending, AsksForManyAtATimeUntilAllAreGone) {
    ender_.use(bao_);
    end(200);
    std::size_t most = 0;
    while (!bao_->open.empty()) {
        most = std::max(most, bao_->open.size());
        bao_->answer_all({});
    }
    EXPECT_EQ(most, 64U);
    EXPECT_EQ(bao_->asked, 200U);
    EXPECT_EQ(ended_, 200U);
    EXPECT_EQ(sink_.ended, 200U);
    EXPECT_EQ(ender_.waiting(), 0U);
}

TEST_F(Ending, WaitsForSomebodyToAsk) {
    end(3);
    EXPECT_EQ(ender_.waiting(), 3U);
    ender_.use(bao_);
    EXPECT_EQ(bao_->open.size(), 3U);
}

TEST_F(Ending, LeavesOutWhatHasEndedByItself) {
    ender_.use(bao_);
    end(1, 0s);
    EXPECT_EQ(bao_->asked, 0U);
    EXPECT_EQ(ender_.waiting(), 0U);
}

TEST_F(Ending, TriesAgainLaterAndTellsOneFailureOfARow) {
    ender_.use(bao_);
    end(100);
    bao_->answer_all(kDown);
    EXPECT_EQ(bao_->asked, 64U) << "those behind wait, too";
    EXPECT_EQ(sink_.failed, 1U);
    EXPECT_NE(trouble_.find("it is down"), std::string::npos) << trouble_;
    EXPECT_EQ(ender_.waiting(), 100U);
    end(1);
    EXPECT_EQ(bao_->asked, 64U) << "new ones do not hurry it";
    wait_until_asked(128);
    while (!bao_->open.empty())
        bao_->answer_all({});
    EXPECT_EQ(ended_, 101U);
    EXPECT_EQ(sink_.failed, 1U);
    EXPECT_EQ(trouble_, "");
}

TEST_F(Ending, OneThatCannotBeEndedDoesNotHoldTheOthersUp) {
    ender_.use(bao_);
    end(300);
    for (int turn = 0; turn < 10 && ended_ < 299; ++turn)
        for (auto& [accessor, answer] : std::exchange(bao_->open, {}))
            answer(accessor == "accessor-0" ? kDown : Status{});
    EXPECT_EQ(ended_, 299U);
    EXPECT_EQ(ender_.waiting(), 1U);
    EXPECT_NE(trouble_, "");
}

TEST_F(Ending, AsksTheNextClientWhatTheOneBeforeDidNotAnswer) {
    ender_.use(bao_);
    end(100);
    const auto old = std::exchange(bao_, std::make_shared<PaperRevoker>());
    ender_.use(bao_);
    EXPECT_EQ(bao_->open.size(), 64U);
    old->answer_all({});
    EXPECT_EQ(ended_, 0U) << "its late answers are to questions that were asked again";
    while (!bao_->open.empty())
        bao_->answer_all({});
    EXPECT_EQ(ended_, 100U);
}

TEST_F(Ending, IsNotDisturbedByAnswersAfterItsEnd) {
    {
        LeaseEnder gone(loop_, sink_, [](const std::string&) {}, ended_);
        gone.use(bao_);
        Lease lease;
        lease.accessor = "accessor";
        lease.expires = loop_.wall_now() + 600s;
        std::vector<Ended> leases{{lease, Reason::node_revoked, "test"}};
        gone.end(std::move(leases));
    }
    ASSERT_EQ(bao_->open.size(), 1U);
    bao_->answer_all({});
    EXPECT_EQ(ended_, 0U);
}

}  // namespace
}  // namespace ct::gate
