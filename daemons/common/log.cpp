// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/log.h"

#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

namespace ct::log {
namespace {

struct LevelRow {
    std::string_view word;
    Level level;
};
constexpr auto kLevels = std::to_array<LevelRow>({{"err", Level::error},
                                                  {"warning", Level::warning},
                                                  {"notice", Level::notice},
                                                  {"info", Level::info},
                                                  {"debug", Level::debug},
                                                  {"error", Level::error}});  // also understood
struct TargetRow {
    std::string_view word;
    Target target;
};
constexpr auto kTargets = std::to_array<TargetRow>(
    {{"auto", Target::automatic}, {"journal", Target::journal}, {"console", Target::console}, {"null", Target::null}});

// The one state of the process that is global on purpose: every part of a daemon logs to the same place.
struct State {
    const char* identifier = "cloudtaser";
    Level level = Level::info;
    Target target = Target::automatic;
};
State& state() {
    static State instance;
    return instance;
}

// systemd sets JOURNAL_STREAM for what it connects to the journal.
bool use_journal() {
    if (state().target != Target::automatic) return state().target == Target::journal;
    static const bool connected = ::getenv("JOURNAL_STREAM") != nullptr &&
                                  ::access("/run/systemd/journal/socket", W_OK) == 0;  // NOLINT: start-up
    return connected;
}

void to_journal(Level level, const std::string& message, const Error* error) {
    std::vector<std::string> lines{"MESSAGE=" + message, "PRIORITY=" + std::to_string(static_cast<int>(level)),
                                   std::string("SYSLOG_IDENTIFIER=") + state().identifier};
    if (error != nullptr) lines.push_back("CT_REASON=" + std::string(ct::to_string(error->reason)));
    std::vector<iovec> parts;
    for (auto& line : lines)
        parts.push_back({line.data(), line.size()});
    (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

void to_console(Level level, const std::string& message) {
    std::string line = std::string(state().identifier) + ": ";
    if (level <= Level::warning) line += level == Level::error ? "error: " : "warning: ";
    line += message;
    // One message is one line, whatever a file name or a peer's words contain.
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    line += '\n';
    (void)!::write(STDERR_FILENO, line.data(), line.size());
}

void put(Level level, const std::string& message, const Error* error) {
    if (level > state().level || state().target == Target::null) return;
    use_journal() ? to_journal(level, message, error) : to_console(level, message);
}

}  // namespace

std::optional<Level> level_from(std::string_view word) {
    for (const auto& row : kLevels)
        if (row.word == word) return row.level;
    return std::nullopt;
}
std::string_view to_string(Level level) {
    for (const auto& row : kLevels)
        if (row.level == level) return row.word;
    return "info";
}
std::optional<Target> target_from(std::string_view word) {
    for (const auto& row : kTargets)
        if (row.word == word) return row.target;
    return std::nullopt;
}
std::string_view to_string(Target target) {
    for (const auto& row : kTargets)
        if (row.target == target) return row.word;
    return "auto";
}

void open(const char* identifier) { state().identifier = identifier; }
const char* identifier() { return state().identifier; }
void set_level(Level level) { state().level = level; }
Level level() { return state().level; }
void set_target(Target target) { state().target = target; }
Target target() { return state().target; }

void write(Level level, std::string_view message) { put(level, std::string(message), nullptr); }
void write(Level level, std::string_view what, const Error& error) {
    put(level, std::string(what) + ": " + error.to_string(), &error);
}

}  // namespace ct::log
