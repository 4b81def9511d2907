// SPDX-License-Identifier: Apache-2.0
// The process that is surveyed here is this one.
#include "clients/run/caller_environment.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <deque>

#include "base/limits.h"

namespace ct::run {
namespace {

constexpr std::size_t kPage = 4096;

class Survey : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(fingerprints_);
        ASSERT_TRUE(buffer_);
        ASSERT_TRUE(fingerprints_->remember(0, as_bytes("hunter2-correct-horse")));
        ASSERT_TRUE(fingerprints_->remember(1, as_bytes("short")));
        mark_ = {5, 5, 5};
    }
    void add(std::string variable) { strings_.push_back(std::move(variable)); }
    Result<CallerEnvironment> survey_pointers(std::vector<std::uint64_t> pointers, bool placeholders = false) {
        pointers.push_back(0);
        return survey(RemoteMemory(::getpid()), address(pointers.data()), true,
                      {names_, *fingerprints_, placeholders, mark_, 2 * kPage}, buffer_->bytes());
    }
    Result<CallerEnvironment> survey_strings(bool placeholders = false) {
        std::vector<std::uint64_t> pointers;
        for (const auto& string : strings_)
            pointers.push_back(address(string.c_str()));
        return survey_pointers(pointers, placeholders);
    }
    std::vector<HandedOn> found(bool placeholders = false) {
        auto caller = survey_strings(placeholders);
        EXPECT_TRUE(caller) << caller.error().to_string();
        return caller ? caller->secrets : std::vector<HandedOn>{};
    }
    static std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

    const std::vector<std::string> names_{"DB_PASSWORD", "PIN"};
    Result<Fingerprints> fingerprints_ = Fingerprints::create(best_protection());
    Result<SecretMapping> buffer_ = SecretMapping::create(4 * kPage, best_protection());
    Mark mark_{};
    std::deque<std::string> strings_;
};

using Found = std::vector<HandedOn>;

TEST_F(Survey, FindsValuesUnderTheirOwnName) {
    add("PATH=/bin");
    add("DB_PASSWORD=hunter2-correct-horse");
    add("PIN=short");
    EXPECT_EQ(found(), (Found{{1, "DB_PASSWORD", 0}, {2, "PIN", 1}}));
    EXPECT_EQ(survey_strings()->pointers.size(), 3U);
}

TEST_F(Survey, FindsALongEnoughValueUnderAnyName) {
    add("PGPASSWORD=hunter2-correct-horse");
    add("OTHER=short");  // five bytes: a coincidence
    EXPECT_EQ(found(), (Found{{0, "PGPASSWORD", 0}}));
}

TEST_F(Survey, LeavesAloneWhatTheProgramChanged) {
    add("DB_PASSWORD=hunter2-correct-horse ");
    add("DB_PASSWORD=hunter2-correct-hors");
    add("DB_PASSWORD=");
    add("DB_PASSWORD");
    add("PIN=SHORT");
    add("=hunter");
    add("");
    EXPECT_EQ(found(), Found{});
}

TEST_F(Survey, EmptyVariablesAreOursOnlyInTheLaunchersOwnExec) {
    add("DB_PASSWORD=");
    add("OTHER=");
    EXPECT_EQ(found(true), (Found{{0, "DB_PASSWORD", 0}}));
    EXPECT_EQ(found(false), Found{});
}

TEST_F(Survey, AnOldValueIsStillASecret) {
    ASSERT_TRUE(fingerprints_->remember(0, as_bytes("rotated-value")));
    add("DB_PASSWORD=hunter2-correct-horse");
    add("DB_PASSWORD=rotated-value");
    EXPECT_EQ(found(), (Found{{0, "DB_PASSWORD", 0}, {1, "DB_PASSWORD", 0}}));
}

TEST_F(Survey, LongStringsAreReadToTheirEnd) {
    const std::string value(100'000, 'v');
    ASSERT_TRUE(fingerprints_->remember(0, as_bytes(value)));
    add("DB_PASSWORD=" + value);
    add("ALIAS=" + value);
    add("DB_PASSWORD=" + value + "v");
    add("DB_PASSWORD=" + value.substr(1));
    add(std::string(300, 'N') + "=" + value);  // a name longer than a secret can have
    add("NO_EQUALS_SIGN" + std::string(200'000, 'x'));
    EXPECT_EQ(found(), (Found{{0, "DB_PASSWORD", 0}, {1, "ALIAS", 0}}));
}

TEST_F(Survey, ManyVariablesAreReadInBatches) {
    for (int i = 0; i < 1000; ++i)
        add("VARIABLE_" + std::to_string(i) + "=hunter2-correct-horsE");
    add("DB_PASSWORD=hunter2-correct-horse");
    EXPECT_EQ(found(), (Found{{1000, "DB_PASSWORD", 0}}));
}

TEST_F(Survey, StringsMayEndAtTheEndOfMemory) {
    auto* memory =
        static_cast<char*>(::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ::munmap(memory + 2 * kPage, kPage);
    const std::string text = "DB_PASSWORD=hunter2-correct-horse";
    char* last = memory + 2 * kPage - text.size() - 1;
    std::memcpy(last, text.c_str(), text.size() + 1);
    char* across = memory + kPage - 10;
    std::memcpy(across, text.c_str(), text.size() + 1);
    const auto caller = survey_pointers({address(last), address(across)});
    ASSERT_TRUE(caller) << caller.error().to_string();
    EXPECT_EQ(caller->secrets.size(), 2U);
    ::munmap(memory, 2 * kPage);
}

TEST_F(Survey, ABadPointerIsWhatExecveWouldSay) {
    add("A=1");
    EXPECT_EQ(survey_pointers({address(strings_[0].c_str()), 8}).error().sys_errno, EFAULT);
    EXPECT_EQ(survey(RemoteMemory(::getpid()), 8, true, {names_, *fingerprints_}, buffer_->bytes()).error().sys_errno,
              EFAULT);
}

TEST_F(Survey, ANullEnvironmentIsEmpty) {
    const auto caller = survey(RemoteMemory(::getpid()), 0, true, {names_, *fingerprints_}, buffer_->bytes());
    ASSERT_TRUE(caller);
    EXPECT_TRUE(caller->pointers.empty());
}

TEST_F(Survey, AnEnvironmentWithoutEndIsTooLong) {
    add("A=1");
    const std::vector<std::uint64_t> pointers(kEnvironmentCount + 1, address(strings_[0].c_str()));
    EXPECT_EQ(survey_pointers(pointers).error().sys_errno, E2BIG);
}

TEST_F(Survey, ThirtyTwoBitCallersHaveShortPointers) {
    auto* low = static_cast<char*>(
        ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
    ASSERT_NE(low, MAP_FAILED);
    const std::string text = "DB_PASSWORD=hunter2-correct-horse";
    std::memcpy(low + 64, text.c_str(), text.size() + 1);
    const std::uint32_t pointers[] = {static_cast<std::uint32_t>(address(low + 64)), 0};
    std::memcpy(low, pointers, sizeof pointers);
    const auto caller =
        survey(RemoteMemory(::getpid()), address(low), false, {names_, *fingerprints_}, buffer_->bytes());
    ASSERT_TRUE(caller) << caller.error().to_string();
    EXPECT_EQ(caller->secrets, (Found{{0, "DB_PASSWORD", 0}}));
    ::munmap(low, kPage);
}

// A region as the guard makes it: directory, then secret pages (here: pages that nobody can read).
class WithDirectory : public Survey {
protected:
    void SetUp() override {
        Survey::SetUp();
        const Bytes directory =
            make_directory({{100, 0, "DB_PASSWORD"}, {5000, 1, "ALIAS"}, {6000, 7, "UNKNOWN"}}, mark_);
        ASSERT_EQ(directory.size(), kPage);
        region_ = static_cast<std::uint8_t*>(
            ::mmap(nullptr, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        std::memcpy(region_, directory.data(), directory.size());
        ::mprotect(region_ + kPage, 2 * kPage, PROT_NONE);
        add("PATH=/bin");
    }
    void TearDown() override { ::munmap(region_, 3 * kPage); }
    std::uint64_t secret(std::size_t offset) const { return address(region_ + kPage + offset); }
    std::uint8_t* region_ = nullptr;
};

TEST_F(WithDirectory, PointersIntoSecretMemoryAreKnownByIt) {
    const auto path = address(strings_[0].c_str());
    const auto caller = survey_pointers({path, secret(5000), path, secret(100), path});
    ASSERT_TRUE(caller) << caller.error().to_string();
    EXPECT_EQ(caller->secrets, (Found{{1, "ALIAS", 1}, {3, "DB_PASSWORD", 0}}));
}

TEST_F(WithDirectory, OtherPlacesInSecretMemoryAreRefused) {
    EXPECT_EQ(survey_pointers({secret(101)}).error().sys_errno, EFAULT);
    EXPECT_EQ(survey_pointers({secret(6000)}).error().sys_errno, EFAULT) << "a secret that there is not";
}

TEST_F(WithDirectory, AnotherMarkOrAnUnlikelySizeIsNoDirectory) {
    region_[kPage - 24] ^= 1;  // the mark
    EXPECT_EQ(survey_pointers({secret(100)}).error().sys_errno, EFAULT);
    region_[kPage - 24] ^= 1;
    region_[kPage - 1] = 1;  // the size
    EXPECT_EQ(survey_pointers({secret(100)}).error().sys_errno, EFAULT);
}

}  // namespace
}  // namespace ct::run
