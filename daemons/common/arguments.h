// SPDX-License-Identifier: Apache-2.0
// The five options of every daemon.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "daemons/common/daemon.h"
#include "daemons/common/log.h"

namespace ct::daemon {

struct Arguments {
    std::string config_file;
    bool config_given = false;
    bool check_config = false;
    bool version = false;
    bool help = false;
    std::optional<log::Level> log_level;
};

// invalid_argument with words for the person at the terminal.
Result<Arguments> parse_arguments(int argc, char** argv, const Spec& spec);
std::string help_text(const Spec& spec);

}  // namespace ct::daemon
