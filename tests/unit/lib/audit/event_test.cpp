// SPDX-License-Identifier: Apache-2.0
#include "audit/event.h"

#include <gtest/gtest.h>

#include <set>

#include "base/fd.h"

namespace ct::audit {
namespace {

class Memory final : public Sink {
public:
    Status write(const Record& record) override {
        records.push_back(record);
        return answer;
    }
    std::vector<Record> records;
    Status answer;
};

Status work(Sink& sink, bool stop_early) {
    Event event(sink, Type::session_opened);
    event.set(Field::workload, "payments");
    if (stop_early) return fail(Reason::caller_not_allowed);
    return event.success();
}

TEST(AuditEvent, AnEarlyReturnIsRecordedAsAFailure) {
    Memory sink;
    EXPECT_FALSE(work(sink, true));
    ASSERT_EQ(sink.records.size(), 1U);
    EXPECT_EQ(sink.records[0].outcome, Outcome::failure);
    EXPECT_EQ(sink.records[0].severity, Severity::warning);
    EXPECT_EQ(sink.records[0].reason, Reason::internal);
    EXPECT_EQ(sink.records[0].fields, (std::vector<std::pair<Field, std::string>>{{Field::workload, "payments"}}));
}

TEST(AuditEvent, SuccessIsRecordedOnceAndCarriesNoReason) {
    Memory sink;
    EXPECT_TRUE(work(sink, false));
    ASSERT_EQ(sink.records.size(), 1U);
    EXPECT_EQ(sink.records[0].outcome, Outcome::success);
    EXPECT_EQ(sink.records[0].severity, Severity::routine);
    EXPECT_FALSE(sink.records[0].reason);
}

TEST(AuditEvent, ASuccessThatCannotBeRecordedIsAnError) {
    Memory sink;
    sink.answer = fail(Reason::audit_unavailable);
    const auto status = work(sink, false);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::audit_unavailable);
}

TEST(AuditEvent, AFailureTellsItsReasonAndWords) {
    Memory sink;
    {
        Event event(sink, Type::verdict);
        event.because({Reason::evidence_replayed, "challenge 12", 0});
    }
    {
        Event event(sink, Type::verdict);
        ASSERT_TRUE(event.failure({Reason::vault_sealed, "", 0}));
    }
    ASSERT_EQ(sink.records.size(), 2U);
    EXPECT_EQ(sink.records[0].reason, Reason::evidence_replayed);
    EXPECT_EQ(sink.records[0].detail, "challenge 12");
    EXPECT_EQ(sink.records[1].reason, Reason::vault_sealed);
    EXPECT_EQ(sink.records[1].detail, "");
}

TEST(AuditEvent, AnAlarmStaysAnAlarmWhetherItSucceedsOrNot) {
    Memory sink;
    {
        Event(sink, Type::wrapping_token_reused).severity(Severity::alarm);
    }
    EXPECT_EQ(sink.records.at(0).severity, Severity::alarm);
}

TEST(AuditEvent, MovingAndDismissingLeaveNoSecondRecord) {
    Memory sink;
    {
        Event first(sink, Type::verdict);
        Event second(std::move(first));
        Event third(sink, Type::verdict);
        third.dismiss();
    }
    EXPECT_EQ(sink.records.size(), 1U);
}

TEST(AuditEvent, SettingAFieldAgainReplacesIt) {
    Memory sink;
    {
        Event(sink, Type::verdict).set(Field::uid, 5U).set(Field::uid, 6U);
    }
    EXPECT_EQ(sink.records.at(0).fields, (std::vector<std::pair<Field, std::string>>{{Field::uid, "6"}}));
}

TEST(AuditTypes, EveryTypeHasItsOwnIdAndIsExplainedInTheCatalog) {
    const auto catalog = read_file(CT_SOURCE_DIR "/lib/audit/cloudtaser.catalog", 1 << 20);
    ASSERT_TRUE(catalog);
    std::set<std::string_view> ids;
#define CT_X(name, id, words) Type::name,
    for (const Type type : {CT_AUDIT_TYPES(CT_X)}) {
#undef CT_X
        EXPECT_EQ(message_id(type).size(), 32U);
        EXPECT_TRUE(ids.insert(message_id(type)).second) << to_string(type);
        EXPECT_NE(catalog->find("\n-- " + std::string(message_id(type)) + "\nSubject: "), std::string::npos)
            << to_string(type);
    }
    std::size_t entries = 0;
    for (auto at = catalog->find("\n-- "); at != std::string::npos; at = catalog->find("\n-- ", at + 1))
        ++entries;
    EXPECT_EQ(entries, ids.size()) << "the catalog explains something that does not exist";
}

TEST(AuditTypes, TheCatalogNamesOnlyFieldsThatExist) {
    const auto catalog = read_file(CT_SOURCE_DIR "/lib/audit/cloudtaser.catalog", 1 << 20);
    ASSERT_TRUE(catalog);
    std::set<std::string> known{"EVENT", "OUTCOME", "REASON", "DETAIL"};
#define CT_X(name) to_string(Field::name),
    for (const std::string_view view : {CT_AUDIT_FIELDS(CT_X) std::string_view{}}) {
#undef CT_X
        std::string field(view);
        for (char& c : field)
            c = static_cast<char>(::toupper(c));
        known.insert(field);
    }
    for (auto at = catalog->find("@CT_"); at != std::string::npos; at = catalog->find("@CT_", at + 4)) {
        const auto end = catalog->find('@', at + 4);
        EXPECT_TRUE(known.contains(catalog->substr(at + 4, end - at - 4))) << catalog->substr(at, 30);
    }
}

}  // namespace
}  // namespace ct::audit
