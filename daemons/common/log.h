// SPDX-License-Identifier: Apache-2.0
// The daemon's log: to the journal natively where there is one, to stderr otherwise. Only daemons log, and each thing once;
// libraries return errors. Levels are set by configuration, --log-level and org.freedesktop.LogControl1. Audit is elsewhere
// (audit/event.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace ct::log {

enum class Level : int { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };  // as syslog(3)
enum class Target { automatic, journal, console, null };

std::optional<Level> level_from(std::string_view word);  // "err", "error", "warning", "notice", "info", "debug"
std::string_view to_string(Level level);                 // the spelling of LogControl1: "err", "warning", ...
std::optional<Target> target_from(std::string_view word);
std::string_view to_string(Target target);

// Once, before anything is logged; `identifier` must outlive the program (a literal).
void open(const char* identifier);
const char* identifier();
void set_level(Level level);
Level level();
void set_target(Target target);
Target target();

void write(Level level, std::string_view message);
// "what: reason: context", with CT_REASON in the journal.
void write(Level level, std::string_view what, const Error& error);

inline void error(std::string_view message) { write(Level::error, message); }
inline void error(std::string_view what, const Error& why) { write(Level::error, what, why); }
inline void warning(std::string_view message) { write(Level::warning, message); }
inline void warning(std::string_view what, const Error& why) { write(Level::warning, what, why); }
inline void notice(std::string_view message) { write(Level::notice, message); }
inline void info(std::string_view message) { write(Level::info, message); }
inline void debug(std::string_view message) { write(Level::debug, message); }

}  // namespace ct::log
