// SPDX-License-Identifier: Apache-2.0
#include "audit/event.h"

#include <algorithm>

namespace ct::audit {

Event::Event(Sink& sink, Type type) : sink_(&sink) {
    record_.type = type;
    record_.reason = Reason::internal;
    record_.detail = "ended without a verdict";
}
Event::Event(Event&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)), record_(std::move(other.record_)) {}
Event::~Event() { (void)commit(Outcome::failure); }

Event& Event::set(Field field, std::string_view value) {
    const auto old = std::ranges::find(record_.fields, field, &std::pair<Field, std::string>::first);
    if (old == record_.fields.end())
        record_.fields.emplace_back(field, value);
    else
        old->second = value;
    return *this;
}
Event& Event::set(Field field, std::uint64_t value) { return set(field, std::to_string(value)); }
Event& Event::severity(Severity severity) {
    record_.severity = severity;
    return *this;
}
Event& Event::because(const Error& error) {
    record_.reason = error.reason;
    record_.detail = error.to_string().substr(std::min(error.to_string().size(), to_string(error.reason).size() + 2));
    return *this;
}

Status Event::success() {
    record_.reason.reset();
    record_.detail.clear();
    return commit(Outcome::success);
}
Status Event::failure(const Error& error) {
    because(error);
    return commit(Outcome::failure);
}
void Event::dismiss() { sink_ = nullptr; }

Status Event::commit(Outcome outcome) {
    if (sink_ == nullptr) return {};
    record_.outcome = outcome;
    // A refusal is worth a look; an alarm stays one.
    if (outcome == Outcome::failure) record_.severity = std::max(record_.severity, Severity::warning);
    return std::exchange(sink_, nullptr)->write(record_);
}

}  // namespace ct::audit
