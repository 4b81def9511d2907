// SPDX-License-Identifier: Apache-2.0
#include "clients/run/options.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/limits.h"
#include "config/tree.h"

namespace ct::run {

const char* const kHelp =
    R"(usage: cloudtaser-run --workload NAME [options] [--] PROGRAM [ARGUMENT...]

Starts PROGRAM with the secrets of a workload in its environment. The values lie in
secret memory only; the program and what it starts see them, /proc does not.

  -w, --workload NAME      which workload this is (/etc/cloudtaser/workloads.d/)
  -e, --env NAME=MOUNT/PATH#FIELD
                           one more variable, besides those of the workload; repeatable
  -t, --timeout SECONDS    how long the release may take, 1 to 600 (default 25)
  -W, --wait SECONDS       while something can't be reached (the gate, OpenBao, the
                           daemons at boot), try again for so long (default 0)
  -c, --config FILE        read workload, timeout, wait and [env] from FILE (TOML)
  -h, --help               this text
  -V, --version            the version

Exit status: that of PROGRAM; 127 PROGRAM not found, 126 not executable, 125 refused
(the reason is on standard error, explained by: cloudtaserctl reasons).
)";

namespace {

constexpr Seconds kLongestTimeout{600}, kLongestWait{24 * 3600};

bool is_variable_name(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && name.size() <= limits::kNameLength && letter(name[0]) &&
           std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Status add_variable(std::map<std::string, std::string>& environment, const std::string& name,
                    const std::string& secret) {
    if (!is_variable_name(name)) return fail(Reason::invalid_argument, "--env: '" + name + "' is no variable name");
    const auto hash = secret.find('#');
    if (hash == std::string::npos || hash + 1 == secret.size() || secret.find('/') > hash || secret.front() == '/')
        return fail(Reason::invalid_argument, "--env: " + name + " must be given as NAME=mount/path#field");
    environment.insert({name, secret});
    return {};
}

struct Given {
    std::optional<std::string> workload, timeout, wait, config;
    std::map<std::string, std::string> environment;
};

Result<Seconds> read_seconds(const char* option, const std::string& text, Seconds least, Seconds most) {
    std::int64_t seconds = 0;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, seconds);
    if (parsed.ec != std::errc{} || parsed.ptr != end || Seconds(seconds) < least || Seconds(seconds) > most)
        return fail(Reason::invalid_argument, std::string(option) + " takes seconds, " + std::to_string(least.count()) +
                                                  " to " + std::to_string(most.count()));
    return Seconds(seconds);
}

Status read_file_options(const std::string& file, Options& options) {
    CT_TRY(const auto document, config::Document::load(file));
    const auto root = document.root();
    CT_CHECK(root.only({"workload", "timeout", "wait", "env"}));
    if (const auto node = root.get("workload")) {
        CT_TRY(options.workload, node->as_string());
    }
    if (const auto node = root.get("timeout")) {
        CT_TRY(options.timeout, node->as_duration());
        if (options.timeout < Seconds(1) || options.timeout > kLongestTimeout)
            return node->error("timeout must be 1 s to 600 s");
    }
    if (const auto node = root.get("wait")) {
        CT_TRY(options.wait, node->as_duration());
        if (options.wait < Seconds(0) || options.wait > kLongestWait) return node->error("wait must be 0 s to 24 h");
    }
    if (const auto node = root.get("env")) {
        CT_TRY(const auto variables, node->as_table());
        for (const auto& [name, value] : variables) {
            CT_TRY(const auto secret, value.as_string());
            if (!add_variable(options.environment, name, secret))
                return value.error(name + " must be NAME = \"mount/path#field\"");
        }
    }
    return {};
}

Status settle(Options& options, Given given) {
    if (given.config) CT_CHECK(read_file_options(*given.config, options));
    if (given.workload) options.workload = *given.workload;
    given.environment.merge(options.environment);  // what is given already stays
    options.environment = std::move(given.environment);
    if (given.timeout) {
        CT_TRY(options.timeout, read_seconds("--timeout", *given.timeout, Seconds(1), kLongestTimeout));
    }
    if (given.wait) {
        CT_TRY(options.wait, read_seconds("--wait", *given.wait, Seconds(0), kLongestWait));
    }
    if (options.workload.empty())
        return fail(Reason::invalid_argument, "--workload is missing; see cloudtaser-run --help");
    if (options.workload.size() > limits::kNameLength)
        return fail(Reason::invalid_argument, "--workload: the name is too long");
    if (options.command.empty())
        return fail(Reason::invalid_argument, "no program is given; see cloudtaser-run --help");
    return {};
}

struct Option {
    char letter;
    std::string_view word;
    bool takes_value;
};
constexpr Option kOptions[] = {{'w', "workload", true}, {'e', "env", true},    {'t', "timeout", true},
                               {'W', "wait", true},     {'c', "config", true}, {'h', "help", false},
                               {'V', "version", false}};

// One option as it stands at arguments[at]: "--word", "--word=value", "-l", "-lvalue".
struct Word {
    const Option* option;
    std::optional<std::string_view> value;
};
Result<Word> read_word(std::string_view argument) {
    if (argument.starts_with("--")) {
        const auto equals = argument.find('=');
        const auto word = argument.substr(2, equals == std::string_view::npos ? equals : equals - 2);
        for (const auto& option : kOptions) {
            if (option.word != word) continue;
            if (equals == std::string_view::npos) return Word{&option, std::nullopt};
            return Word{&option, argument.substr(equals + 1)};
        }
    } else {
        for (const auto& option : kOptions) {
            if (option.letter != argument[1]) continue;
            if (argument.size() == 2) return Word{&option, std::nullopt};
            return Word{&option, argument.substr(2)};
        }
    }
    return fail(Reason::invalid_argument, "unknown option " + std::string(argument.substr(0, argument.find('='))) +
                                              "; see cloudtaser-run --help");
}

}  // namespace

Result<Options> parse_options(std::span<const char* const> arguments) {
    Options options;
    Given given;
    std::size_t at = 0;
    for (; at < arguments.size(); ++at) {
        const std::string_view argument = arguments[at];
        if (argument == "--") {
            ++at;
            break;
        }
        if (argument.size() < 2 || argument[0] != '-') break;  // the program: its own options follow
        CT_TRY(auto word, read_word(argument));
        if (word.option->takes_value && !word.value) {
            if (at + 1 == arguments.size())
                return fail(Reason::invalid_argument, "--" + std::string(word.option->word) + " needs a value");
            word.value = arguments[++at];
        }
        if (!word.option->takes_value && word.value)
            return fail(Reason::invalid_argument, "--" + std::string(word.option->word) + " takes no value");
        switch (word.option->letter) {
            case 'h':
                options.action = Options::Action::help;
                return options;
            case 'V':
                options.action = Options::Action::version;
                return options;
            case 'w':
                given.workload = *word.value;
                break;
            case 't':
                given.timeout = *word.value;
                break;
            case 'W':
                given.wait = *word.value;
                break;
            case 'c':
                given.config = *word.value;
                break;
            default: {
                const auto equals = word.value->find('=');
                const auto name = word.value->substr(0, equals);
                const auto secret =
                    equals == std::string_view::npos ? std::string_view{} : word.value->substr(equals + 1);
                if (secret.empty()) return fail(Reason::invalid_argument, "--env takes NAME=mount/path#field");
                CT_CHECK(add_variable(given.environment, std::string(name), std::string(secret)));
            }
        }
    }
    options.command.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
    CT_CHECK(settle(options, std::move(given)));
    return options;
}

}  // namespace ct::run
