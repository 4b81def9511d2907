// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/record_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "attest/judge/record.h"
#include "base/fd.h"
#include "support/judge_case.h"
#include "support/process.h"

namespace ct::gate {
namespace {

namespace fs = std::filesystem;
using test::kNow;

std::string id_at(WallTime time, std::uint8_t seed = 1) {
    judge::Case facts;
    facts.at = time;
    facts.seed.fill(seed);
    return judge::record_id(facts);
}

class Records : public testing::Test {
protected:
    Records() {
        settings_.folder = folder_.file("records");
        settings_.most_bytes = 4 << 20;
        settings_.most_age = std::chrono::hours{24};
    }
    RecordStore open() { return std::move(*RecordStore::open(settings_)); }
    [[nodiscard]] std::vector<std::string> names(const std::string& which) const {
        std::vector<std::string> out;
        for (const auto& file : fs::directory_iterator(settings_.folder + "/" + which))
            out.push_back(file.path().filename());
        std::ranges::sort(out);
        return out;
    }
    test::TempDir folder_;
    RecordSettings settings_;
    Bytes record_ = Bytes(1 << 20, 0x42);
};

TEST_F(Records, AreWrittenWholeEachInItsFolder) {
    auto store = open();
    ASSERT_TRUE(store.write(id_at(kNow, 1), record_, true, kNow));
    ASSERT_TRUE(store.write(id_at(kNow, 2), as_bytes("no"), false, kNow));
    EXPECT_EQ(names("released"), std::vector<std::string>{id_at(kNow, 1) + ".cbor"});
    EXPECT_EQ(names("refused"), std::vector<std::string>{id_at(kNow, 2) + ".cbor"});
    const auto path = settings_.folder + "/released/" + id_at(kNow, 1) + ".cbor";
    EXPECT_EQ(as_text(record_), *read_file(path, 2 << 20));
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0137U, 0U) << "not for others";
}

TEST_F(Records, AreNeverOverwritten) {
    auto store = open();
    ASSERT_TRUE(store.write(id_at(kNow), as_bytes("one"), true, kNow));
    const auto again = store.write(id_at(kNow), as_bytes("two"), true, kNow);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().reason, Reason::audit_unavailable);
    EXPECT_EQ(*read_file(settings_.folder + "/released/" + id_at(kNow) + ".cbor", 10), "one");
    EXPECT_EQ(names("released").size(), 1U) << "nothing half-written stays";
}

TEST_F(Records, OfReleasesFillTheirRoomAndThenNothingIsReleased) {
    auto store = open();
    for (std::uint8_t i = 0; i < 4; ++i)
        ASSERT_TRUE(store.write(id_at(kNow, i), record_, true, kNow)) << int{i};
    const auto full = store.write(id_at(kNow, 9), record_, true, kNow);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().reason, Reason::audit_unavailable);
    EXPECT_FALSE(store.ready(kNow));
    EXPECT_EQ(names("released").size(), 4U);
    EXPECT_TRUE(store.write(id_at(kNow, 9), as_bytes("no"), false, kNow)) << "refusals have room of their own";
}

TEST_F(Records, MayDropTheOldestIfPolicySaysSo) {
    settings_.drop_oldest = true;
    auto store = open();
    for (std::uint8_t i = 0; i < 6; ++i)
        ASSERT_TRUE(store.write(id_at(kNow + Seconds{i}), record_, true, kNow));
    EXPECT_EQ(store.dropped(), 2U);
    EXPECT_EQ(names("released").size(), 4U);
    EXPECT_EQ(names("released").front(), id_at(kNow + Seconds{2}) + ".cbor");
}

TEST_F(Records, OfRefusalsNeverCrowdOutReleases) {
    auto store = open();
    ASSERT_TRUE(store.write(id_at(kNow), record_, true, kNow));
    for (std::uint8_t i = 0; i < 5; ++i)
        ASSERT_TRUE(store.write(id_at(kNow + Seconds{i}), record_, false, kNow));
    EXPECT_EQ(names("released").size(), 1U);
    EXPECT_EQ(names("refused"), std::vector<std::string>{id_at(kNow + Seconds{4}) + ".cbor"});
}

TEST_F(Records, GoWhenTheyAreOldEnough) {
    auto store = open();
    ASSERT_TRUE(store.write(id_at(kNow), record_, true, kNow));
    ASSERT_TRUE(store.write(id_at(kNow + std::chrono::hours{23}), record_, true, kNow + std::chrono::hours{23}));
    ASSERT_TRUE(store.ready(kNow + std::chrono::hours{25}));
    EXPECT_EQ(names("released"), std::vector<std::string>{id_at(kNow + std::chrono::hours{23}) + ".cbor"});
    EXPECT_EQ(store.dropped(), 0U);
}

TEST_F(Records, AreCountedAgainAfterARestartWithoutWhatACrashLeft) {
    {
        auto store = open();
        for (std::uint8_t i = 0; i < 3; ++i)
            ASSERT_TRUE(store.write(id_at(kNow, i), record_, true, kNow));
    }
    folder_.write("records/released/" + id_at(kNow, 7) + ".cbor.tmp", "half");
    auto store = open();
    EXPECT_EQ(store.bytes(true), 3U << 20);
    EXPECT_EQ(names("released").size(), 3U);
    ASSERT_TRUE(store.write(id_at(kNow, 8), record_, true, kNow));
    EXPECT_FALSE(store.write(id_at(kNow, 9), record_, true, kNow));
}

TEST_F(Records, OfReleasesThatMayStillLiveAreReadAfterARestart) {
    {
        auto store = open();
        ASSERT_TRUE(store.write(id_at(kNow, 1), as_bytes("minutes"), true, kNow, Seconds{600}));
        ASSERT_TRUE(store.write(id_at(kNow + Seconds{1}, 2), as_bytes("an hour"), true, kNow, Seconds{3600}));
        ASSERT_TRUE(store.write(id_at(kNow, 3), as_bytes("refused"), false, kNow, Seconds{3600}));
        ASSERT_TRUE(store.write(id_at(kNow, 4), as_bytes("no life"), true, kNow));
    }
    const auto live_at = [store = open()](WallTime time) {
        std::vector<std::string> out;
        store.each_live_release(time, [&](const auto& release) { out.push_back(release.bytes.value_or("?")); });
        return out;
    };
    EXPECT_EQ(live_at(kNow + Seconds{599}), (std::vector<std::string>{"minutes", "an hour"}));
    EXPECT_EQ(live_at(kNow + Seconds{600}), std::vector<std::string>{"an hour"});
    EXPECT_TRUE(live_at(kNow + Seconds{3600}).empty());
}

TEST_F(Records, OfLiveReleasesThatCannotBeReadAreNotLeftOut) {
    auto store = open();
    ASSERT_TRUE(store.write(id_at(kNow), as_bytes("one"), true, kNow, Seconds{600}));
    const auto path = settings_.folder + "/released/" + id_at(kNow) + ".cbor";
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    fs::resize_file(path, judge::kRecordSize + 1);
    const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
    std::size_t seen = 0;
    store.each_live_release(kNow, [&](const auto& release) {
        ++seen;
        EXPECT_EQ(release.path, path);
        EXPECT_EQ(release.end, kNow + Seconds{600});
        ASSERT_FALSE(release.bytes);
        EXPECT_EQ(release.bytes.error().reason, Reason::too_large);
    });
    EXPECT_EQ(seen, 1U);
}

TEST_F(Records, ThatWereNotCarriedOutAreTakenBack) {
    auto store = open();
    ASSERT_TRUE(store.write(id_at(kNow), record_, true, kNow));
    store.remove(id_at(kNow), true);
    EXPECT_TRUE(names("released").empty());
    EXPECT_EQ(store.bytes(true), 0U);
}

TEST_F(Records, AFullDiskLeavesNothingBehind) {
    auto store = open();
    // The nearest thing to a full disk that needs no disk: files of this process may not grow beyond this.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    auto* const old = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto status = store.write(id_at(kNow), record_, true, kNow);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, old);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::audit_unavailable);
    EXPECT_TRUE(names("released").empty());
    EXPECT_EQ(store.bytes(true), 0U);
}

TEST_F(Records, NeedAFolder) {
    settings_.folder = folder_.write("file", "x");
    EXPECT_FALSE(RecordStore::open(settings_));
}

}  // namespace
}  // namespace ct::gate
