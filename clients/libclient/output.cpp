// SPDX-License-Identifier: Apache-2.0
#include "clients/libclient/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace ct::client {
namespace {

constexpr std::size_t kLabel = 16;

// Code points; our texts have no wide or combining characters worth a table of widths.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

struct Decoded {
    char32_t point = 0;
    std::size_t size = 0;  // 0: not UTF-8
};

// RFC 3629: shortest form, no surrogates, at most U+10FFFF.
Decoded decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const std::uint8_t first = byte(0);
    if (first < 0x80) return {first, 1};
    std::size_t size = 2;
    if (first >= 0xE0) size = 3;
    if (first >= 0xF0) size = 4;
    if (first < 0xC2 || first > 0xF4 || text.size() < size) return {};
    char32_t point = first & (0x7FU >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) return {};
        point = point << 6U | (byte(i) & 0x3FU);
    }
    constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[size] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
    return {point, size};
}

// Controls (C0, DEL, C1), line and paragraph separators, and all that reorders or hides what stands beside it.
bool steers(char32_t point) {
    return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0xAD || point == 0x61C ||
           (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xE0000 && point <= 0xE007F);
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto [point, size] = decode(text);
        if (size == 0)
            out += fmt::format("\\x{:02x}", static_cast<std::uint8_t>(text[0]));
        else if (!steers(point))
            out.append(text.substr(0, size));
        else
            out += point < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(point))
                                : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(point));
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

std::string duration_text(Seconds duration) {
    const auto all = std::max<std::int64_t>(duration.count(), 0);
    const auto seconds = all % 60;
    const auto minutes = all / 60 % 60;
    const auto hours = all / 3600 % 24;
    const auto days = all / 86400;
    const auto pair = [](std::int64_t big, const char* unit, std::int64_t small, const char* small_unit) {
        return small == 0 ? fmt::format("{}{}", big, unit) : fmt::format("{}{} {}{}", big, unit, small, small_unit);
    };
    if (days > 0) return pair(days, "d", hours, "h");
    if (hours > 0) return pair(hours, "h", minutes, "min");
    if (minutes > 0) return pair(minutes, "min", seconds, "s");
    return fmt::format("{}s", seconds);
}

std::string time_text(WallTime time) {
    return fmt::format("{:%Y-%m-%d %H:%M:%SZ}",
                       fmt::gmtime(std::chrono::floor<Seconds>(time).time_since_epoch().count()));
}

std::string Table::text(bool bold_header) const {
    const auto cell = [](const std::vector<std::string>& row, std::size_t column) -> std::string {
        return column < row.size() && !row[column].empty() ? row[column] : "-";
    };
    std::vector<std::size_t> widths;
    for (std::size_t c = 0; c < header_.size(); ++c) {
        widths.push_back(width(header_[c]));
        for (const auto& row : rows_)
            widths[c] = std::max(widths[c], width(cell(row, c)));
    }
    const auto render = [&](const std::vector<std::string>& row) {
        std::string line;
        for (std::size_t c = 0; c < header_.size(); ++c) {
            const std::string text = cell(row, c);
            line += text;
            if (c + 1 < header_.size()) line.append(widths[c] - width(text) + 2, ' ');
        }
        return line;
    };
    std::string out = bold_header ? "\x1b[1m" + render(header_) + "\x1b[0m\n" : render(header_) + "\n";
    for (const auto& row : rows_)
        out += render(row) + "\n";
    return out;
}

void Output::line(std::string_view text) {
    if (is_json()) return;
    text_.append(text).push_back('\n');
}

void Output::field(std::string_view label, std::string_view value) {
    line(fmt::format("{:<{}}{}", label, kLabel, value));
}

void Output::table(const Table& table) {
    if (!is_json()) text_ += table.text(mode_ == Mode::terminal);
}

Result<std::string> Output::take() {
    if (!is_json()) return std::move(text_);
    CT_TRY(const SecretBuffer text, json_.take());
    return text.empty() ? std::string() : std::string(text.text()) + "\n";
}

}  // namespace ct::client
