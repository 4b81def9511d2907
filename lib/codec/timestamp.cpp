// SPDX-License-Identifier: Apache-2.0
#include "codec/timestamp.h"

#include <ctime>
#include <optional>

namespace ct {
namespace {

// Two or four digits.
std::optional<unsigned> number(std::string_view digits) {
    unsigned value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value;
}

}  // namespace

Result<WallTime> parse_timestamp(std::string_view text) {
    const auto refuse = [] { return fail(Reason::malformed, "write a time as 2026-03-16T08:14:38Z or 2026-03-16"); };
    std::string full(text);
    if (text.size() == 10) full += "T00:00:00Z";
    if (full.size() != 20 || full[4] != '-' || full[7] != '-' || full[10] != 'T' || full[13] != ':' ||
        full[16] != ':' || full[19] != 'Z')
        return refuse();
    const std::string_view in = full;
    const auto year = number(in.substr(0, 4)), month = number(in.substr(5, 2)), day = number(in.substr(8, 2));
    const auto hour = number(in.substr(11, 2)), minute = number(in.substr(14, 2)), second = number(in.substr(17, 2));
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59)
        return refuse();
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                           std::chrono::day(*day)};
    if (!date.ok()) return refuse();
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           Seconds(*second);
}

std::string format_timestamp(WallTime time) {
    const std::time_t seconds = std::chrono::floor<Seconds>(time).time_since_epoch().count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[64];
    return {text, std::strftime(text, sizeof text, "%FT%TZ", &parts)};
}

}  // namespace ct
