// SPDX-License-Identifier: Apache-2.0
// The process that becomes the program.
#pragma once

#include <string>
#include <vector>

#include "clients/run/channel.h"

namespace ct::run {

struct Program {
    std::string path;
    std::vector<std::string> command;      // argv
    std::vector<std::string> environment;  // as we have it
};

// As env(1): 127 not found, 126 not executable, 125 refused by us.
int exit_code(const Error& error);
// "cloudtaser-run: reason_code: words" on standard error; returns exit_code(error).
int say(const Error& error);

std::vector<std::string> own_environment();

// Puts itself under the guard and execs. Returns the exit code when that fails; it has been said by then.
int become_program(LauncherEnd guard, const Program& program);

}  // namespace ct::run
