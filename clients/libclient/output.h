// SPDX-License-Identifier: Apache-2.0
// What a verb says: lines and tables for a person, or one JSON value for a program. Collected first and written once, so
// that a verb which fails half way has said nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "codec/json.h"

namespace ct::client {

// Columns as wide as their widest cell, two blanks apart; the last column is not padded.
class Table {
public:
    explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
    // Missing cells are empty. An empty cell shows as "-".
    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::string text(bool bold_header) const;

private:
    std::vector<std::string> header_;
    std::vector<std::vector<std::string>> rows_;
};

class Output {
public:
    enum class Mode : std::uint8_t { plain, terminal, json };
    explicit Output(Mode mode) : mode_(mode) {}

    [[nodiscard]] bool is_json() const { return mode_ == Mode::json; }
    // For a person; nothing in JSON mode.
    void line(std::string_view text = {});
    // "label   value", aligned over calls.
    void field(std::string_view label, std::string_view value);
    void table(const Table& table);
    // For a program; only looked at in JSON mode. One value in all.
    json::Writer& json() { return json_; }
    // Everything, ending in a newline if there is anything.
    [[nodiscard]] Result<std::string> take();

private:
    Mode mode_;
    std::string text_;
    json::Writer json_;
};

// The same text, safe for a terminal: control characters, direction marks and broken UTF-8 become \xNN or \u{NNNN}. What
// comes from a daemon, a record or a certificate may have been written by somebody who would like to steer ours.
std::string printable(std::string_view text);

// "3s", "5min 2s", "2h 10min", "3d 4h"; negative (a clock was set back) is "0s".
std::string duration_text(Seconds duration);
// "2026-11-24 14:03:05Z"
std::string time_text(WallTime time);

}  // namespace ct::client
