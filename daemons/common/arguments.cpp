// SPDX-License-Identifier: Apache-2.0
#include "daemons/common/arguments.h"

#include <span>

namespace ct::daemon {

Result<Arguments> parse_arguments(int argc, char** argv, const Spec& spec) {
    Arguments out;
    out.config_file = spec.config_file;
    const std::span<char*> words(argv, static_cast<std::size_t>(argc));
    for (std::size_t i = 1; i < words.size(); ++i) {
        std::string_view word(words[i]);
        std::optional<std::string_view> value;
        if (const auto equals = word.find('='); word.starts_with("--") && equals != std::string_view::npos) {
            value = word.substr(equals + 1);
            word = word.substr(0, equals);
        }
        const bool takes_value = word == "--config" || word == "--log-level";
        if (takes_value && !value) {
            if (i + 1 == words.size()) return fail(Reason::invalid_argument, std::string(word) + " needs a value");
            value = words[++i];
        }
        if (!takes_value && value) return fail(Reason::invalid_argument, std::string(word) + " takes no value");
        if (word == "--config") {
            out.config_file = *value;
            out.config_given = true;
        } else if (word == "--log-level") {
            out.log_level = log::level_from(*value);
            if (!out.log_level)
                return fail(Reason::invalid_argument, "--log-level is one of err, warning, notice, info, debug");
        } else if (word == "--check-config") {
            out.check_config = true;
        } else if (word == "--version") {
            out.version = true;
        } else if (word == "--help" || word == "-h") {
            out.help = true;
        } else {
            return fail(Reason::invalid_argument, "unknown argument: " + std::string(word));
        }
    }
    return out;
}

std::string help_text(const Spec& spec) {
    const std::string name = spec.name;
    std::string out = "Usage: " + name + " [OPTION...]\n\n" + name + " " + spec.purpose + ".\n\n";
    out += "  --config FILE      configuration (default " + std::string(spec.config_file) + ")\n";
    out +=
        "  --check-config     say whether the configuration is valid, and exit\n"
        "  --log-level LEVEL  err, warning, notice, info or debug\n"
        "  --version          print the version, and exit\n"
        "  --help             print this text, and exit\n\n"
        "It is started by systemd or by the first call on the bus, as ";
    out += std::string(spec.bus_name) + ".\n";
    return out;
}

}  // namespace ct::daemon
