// SPDX-License-Identifier: Apache-2.0
#include "base/reason.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace ct {
namespace {

const std::vector<Reason>& all() {
    static const std::vector<Reason> list = {
#define CT_X(name, bus) Reason::name,
        CT_REASONS(CT_X)
#undef CT_X
    };
    return list;
}

TEST(Reason, EveryCodeHasItsOwnWordAndComesBackFromIt) {
    std::set<std::string_view> words;
    for (const Reason reason : all()) {
        EXPECT_TRUE(words.insert(to_string(reason)).second) << to_string(reason);
        EXPECT_EQ(reason_from_string(to_string(reason)), reason);
    }
    EXPECT_EQ(words.size(), all().size());
}

TEST(Reason, WordsAreSnakeCaseAndShortEnoughForADbusMessage) {
    for (const Reason reason : all()) {
        const std::string_view word = to_string(reason);
        EXPECT_LE(word.size(), 48U);
        EXPECT_TRUE(std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; })) << word;
    }
}

TEST(Reason, MapsOnlyToTheDocumentedBusErrors) {
    const std::set<std::string_view> documented = {
        "NotAttested",   "EvidenceStale", "EvidenceRejected", "EnforcementUnavailable",
        "PolicyDenied",  "NoSuchSecret",  "NoSuchSession",    "UpstreamUnavailable",
        "QuotaExceeded", "Unsupported",   "InvalidArgument",  "Failed"};
    for (const Reason reason : all())
        EXPECT_TRUE(documented.contains(bus_error(reason))) << bus_error(reason);
}

TEST(Reason, AWordThatIsNotInTheListIsNothing) {
    for (const std::string_view word : {"", "Internal", "internal ", "no_such_reason", "evidence_nonce"})
        EXPECT_EQ(reason_from_string(word), std::nullopt) << word;
}

Result<int> half(int n) {
    if (n % 2 != 0) return fail(Reason::invalid_argument, "odd");
    return n / 2;
}
Result<int> quarter(int n) {
    CT_TRY(const int once, half(n));
    CT_TRY(const int twice, half(once));
    return twice;
}

TEST(Result, TryHandsOnTheValueAndReturnsTheError) {
    EXPECT_EQ(quarter(12), 3);
    ASSERT_FALSE(quarter(6));
    EXPECT_EQ(quarter(6).error().to_string(), "invalid_argument: odd");
}

TEST(Result, AFailedSystemCallKeepsItsErrno) {
    errno = ENOENT;
    const Status status = fail_errno(Reason::io_failed, "/nowhere");
    EXPECT_EQ(status.error().to_string(), "io_failed: /nowhere: No such file or directory");
}

}  // namespace
}  // namespace ct
