// SPDX-License-Identifier: Apache-2.0
#include "clients/run/placement.h"

#include <gtest/gtest.h>
#include <linux/auxvec.h>

#include <cstring>

namespace ct::run {
namespace {

using Strings = std::vector<std::string>;

TEST(Placeholders, TakeThePlaceOfWhatWasSetAndFollowOtherwise) {
    struct Case {
        Strings environment, names, expected;
    };
    for (const auto& [environment, names, expected] : std::vector<Case>{
             {{}, {}, {}},
             {{"A=1"}, {}, {"A=1"}},
             {{"A=1"}, {"S"}, {"A=1", "S="}},
             {{"A=1", "S=mine", "B=2"}, {"S"}, {"A=1", "S=", "B=2"}},
             {{"S=mine", "S=twice"}, {"S"}, {"S="}},
             {{"SX=1", "S"}, {"S"}, {"SX=1", "S="}},  // a name is whole; a string without '=' is one as well
             {{"T=1"}, {"S", "T"}, {"T=", "S="}},
             {{"odd", "=x"}, {"S"}, {"odd", "=x", "S="}},
         })
        EXPECT_EQ(with_placeholders(environment, names), expected);
}

TEST(RenameProcess, OnlyWhatNamesThisProcessFollows) {
    Strings environment{"LISTEN_PID=12", "WATCHDOG_PID=12", "LISTEN_FDS=12", "MAINPID=12", "LISTEN_PID=123"};
    rename_process(environment, 12, 99);
    EXPECT_EQ(environment,
              (Strings{"LISTEN_PID=99", "WATCHDOG_PID=99", "LISTEN_FDS=12", "MAINPID=12", "LISTEN_PID=123"}));
}

TEST(StandIn, CarriesTheCallersPointersAndNamesInPlaceOfSecrets) {
    const CallerEnvironment caller{{0x1000, 0x2000, 0x3000}, {{1, "DB_PASSWORD", 0}, {2, "ALIAS", 0}}};
    const Mark mark{1, 2, 3};
    constexpr std::uint64_t kBase = 0x7000000;
    const StandIn stand = stand_in(caller, kBase, mark);
    EXPECT_EQ(stand.image.size(), stand_in_size(caller));
    EXPECT_EQ(stand.envp, kBase + 16);
    EXPECT_EQ(std::memcmp(stand.image.data(), mark.data(), mark.size()), 0);
    std::array<std::uint64_t, 4> pointers;
    std::memcpy(pointers.data(), stand.image.data() + 16, sizeof pointers);
    EXPECT_EQ(pointers[0], 0x1000U);
    EXPECT_EQ(pointers[3], 0U);
    const auto text = [&](std::uint64_t pointer) {
        return std::string(reinterpret_cast<const char*>(stand.image.data() + (pointer - kBase)));
    };
    EXPECT_EQ(text(pointers[1]), "DB_PASSWORD=");
    EXPECT_EQ(text(pointers[2]), "ALIAS=");
}

class Pages : public testing::Test {
protected:
    Pages() {
        for (const auto& [name, value, rearm] : std::vector<std::tuple<std::string, std::string, bool>>{
                 {"A", "alpha", true}, {"EMPTY", "", true}, {"C", "charlie", false}}) {
            armed_.entries.push_back({name, text_.size(), name.size() + value.size() + 2, rearm});
            text_.append(name).append("=").append(value).push_back('\0');
        }
        armed_.size = text_.size();
    }
    Grant grant(std::size_t index, std::string name, std::size_t entry) const {
        return {index, std::move(name), entry, &armed_.entries[entry]};
    }
    std::string text_;
    Armed armed_;
};

TEST_F(Pages, AsArmedServesOnlyWhoGetsAllUnderTheirOwnNames) {
    EXPECT_FALSE(needs_own_page(std::vector{grant(0, "A", 0), grant(1, "EMPTY", 1), grant(2, "C", 2)}, armed_));
    EXPECT_TRUE(needs_own_page(std::vector{grant(0, "A", 0), grant(1, "EMPTY", 1)}, armed_))
        << "C must stay out of reach";
    EXPECT_TRUE(needs_own_page(std::vector{grant(0, "A", 0), grant(1, "EMPTY", 1), grant(2, "OTHER", 2)}, armed_));
}

TEST_F(Pages, AnOwnPageHoldsTheGrantedStringsAndNothingElse) {
    const std::vector grants{grant(4, "C", 2), grant(7, "LONGER_NAME", 0), grant(9, "X", 1)};
    const PageLayout layout = own_page_layout(grants);
    Bytes page(layout.size, 0xee);
    fill_own_page(grants, layout, as_bytes(text_), page);
    EXPECT_EQ(as_text(page), std::string_view("C=charlie\0LONGER_NAME=alpha\0X=\0", 31));
    EXPECT_EQ(layout.offsets, (std::vector<std::size_t>{0, 10, 28}));
    EXPECT_EQ(armed_page_layout(grants).offsets, (std::vector<std::size_t>{15, 0, 8}));
}

TEST_F(Pages, EntriesOutsideOfThePageOrWithOddNamesAreMalformed) {
    EXPECT_TRUE(check_entries(armed_));
    const auto broken = [&](auto change) {
        Armed armed{Fd(), armed_.size, armed_.entries};
        change(armed.entries[1]);
        return check_entries(armed).has_value();
    };
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.name = ""; }));
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.name = "A=B"; }));
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.name = std::string("A\0B", 3); }));
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.name = std::string(257, 'n'); }));
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.length = entry.name.size() + 1; }));
    EXPECT_FALSE(broken([&](ArmedEntry& entry) { entry.offset = armed_.size - entry.length + 1; }));
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.offset = ~std::size_t{0}; }));
    EXPECT_FALSE(broken([](ArmedEntry& entry) { entry.length = ~std::size_t{0}; }));
    Armed many{Fd(), armed_.size, std::vector<ArmedEntry>(257, armed_.entries[0])};
    EXPECT_FALSE(check_entries(many));
}

TEST_F(Pages, TheDirectorySaysWhereEachStringLies) {
    const std::vector grants{grant(4, "C", 2), grant(7, "LONGER_NAME", 0)};
    EXPECT_EQ(directory_of(grants, own_page_layout(grants)),
              (std::vector<DirectoryEntry>{{0, 2, "C"}, {10, 0, "LONGER_NAME"}}));
}

TEST(Stack, EnvironmentAndAuxiliaryVectorFollowTheArguments) {
    // argc, argv[2], null, envp[3], null, auxv
    EXPECT_EQ(envp_on_stack(0x1000, 2), 0x1000U + 4 * 8);
    EXPECT_EQ(auxv_on_stack(0x1000, 2, 3), 0x1000U + 8 * 8);
    EXPECT_EQ(envp_on_stack(0x1000, 0), 0x1000U + 2 * 8);
}

TEST(Auxiliary, FindsTheVdsoAndTellsSetIdImages) {
    const std::vector<std::uint64_t> plain{AT_SYSINFO_EHDR, 0x7fff1000, AT_UID,  5, AT_EUID, 5,
                                           AT_GID,          6,          AT_EGID, 6, AT_NULL, 0};
    EXPECT_EQ(read_auxiliary(plain)->vdso, 0x7fff1000U);
    EXPECT_FALSE(read_auxiliary(plain)->set_id);
    auto set_uid = plain, set_gid = plain;
    set_uid[5] = 0;
    set_gid[9] = 0;
    EXPECT_TRUE(read_auxiliary(set_uid)->set_id);
    EXPECT_TRUE(read_auxiliary(set_gid)->set_id);
    EXPECT_EQ(read_auxiliary(std::span(plain).first(8)).error().reason, Reason::malformed);
    EXPECT_EQ(read_auxiliary({}).error().reason, Reason::malformed);
}

TEST(FindSyscall, AnyOffsetWillDo) {
    EXPECT_EQ(find_syscall(Bytes{0x90, 0x0f, 0x0f, 0x05, 0xc3}), 2U);
    EXPECT_EQ(find_syscall(Bytes{0x0f, 0x05}), 0U);
    EXPECT_EQ(find_syscall(Bytes{0x05, 0x0f}), std::nullopt);
    EXPECT_EQ(find_syscall({}), std::nullopt);
}

}  // namespace
}  // namespace ct::run
