// SPDX-License-Identifier: Apache-2.0
// The command line, and the file that may say the same (docs/man/cloudtaser-run.1.md).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace ct::run {

struct Options {
    enum class Action { run, help, version };
    Action action = Action::run;
    std::string workload;
    std::map<std::string, std::string> environment;  // NAME -> mount/path#field
    Seconds timeout{25};
    Seconds wait{0};                   // for what can't be reached
    std::vector<std::string> command;  // program and its arguments
};

// invalid_argument with words, config_invalid with file:line, config_missing. Options given on the command line win over the
// file's.
Result<Options> parse_options(std::span<const char* const> arguments);

extern const char* const kHelp;

}  // namespace ct::run
