// SPDX-License-Identifier: Apache-2.0
// An event that fails by default: unless success was declared, its destructor writes a FAILURE. So an early return can
// never lose a record.
//
//     audit::Event event(sink, audit::Type::session_opened);
//     event.set(audit::Field::workload, name);
//     ...                                  // any return here is recorded as a failure
//     CT_CHECK(event.success());           // not written: do not go on
#pragma once

#include <string>
#include <string_view>

#include "audit/sink.h"

namespace ct::audit {

class Event {
public:
    Event(Sink& sink, Type type);
    Event(Event&& other) noexcept;
    Event& operator=(Event&&) = delete;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    ~Event();

    Event& set(Field field, std::string_view value);
    Event& set(Field field, std::uint64_t value);
    Event& severity(Severity severity);
    // Why it will have failed, should it end without success.
    Event& because(const Error& error);

    // Writes now. audit_unavailable: what was about to happen must not.
    [[nodiscard]] Status success();
    Status failure(const Error& error);
    // Nothing happened that deserves a record.
    void dismiss();

private:
    Status commit(Outcome outcome);
    Sink* sink_;  // nullptr once written
    Record record_;
};

}  // namespace ct::audit
