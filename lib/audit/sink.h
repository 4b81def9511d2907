// SPDX-License-Identifier: Apache-2.0
// Where audit records go: a port with two adapters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "audit/types.h"
#include "base/clock.h"
#include "base/reason.h"
#include "base/result.h"
#include "config/tree.h"

namespace ct::audit {

enum class Outcome : std::uint8_t { success, failure };
enum class Severity : std::uint8_t { routine, warning, alarm };  // journal priorities 5, 4, 1

struct Record {
    Type type{};
    Outcome outcome = Outcome::failure;
    Severity severity = Severity::routine;
    std::optional<Reason> reason;  // why not, or why it ended
    std::string detail;            // words
    std::vector<std::pair<Field, std::string>> fields;
};

class Sink {
public:
    virtual ~Sink() = default;
    // When it returns success the record is with the journal or in the file. audit_unavailable otherwise, and then what
    // the record would have told must not happen.
    virtual Status write(const Record& record) = 0;
};

// The journal, natively (sd_journal_sendv): MESSAGE, MESSAGE_ID, PRIORITY, SYSLOG_IDENTIFIER, CT_EVENT, CT_OUTCOME,
// CT_REASON, CT_DETAIL and CT_<FIELD>. audit_unavailable while journald's socket is absent.
std::unique_ptr<Sink> journal_sink(std::string identifier);
// One JSON object a line, appended with one write(2) each; the file is made with mode 0600.
Result<std::unique_ptr<Sink>> file_sink(const std::string& path, std::string identifier);

// From a daemon's [audit] table: file = "/path" for the file, otherwise the journal.
Result<std::unique_ptr<Sink>> open_sink(std::optional<config::Node> table, const std::string& identifier);

}  // namespace ct::audit
