// SPDX-License-Identifier: Apache-2.0
// cloudtaser-run: starts a program with the secrets of a workload. This process asks for the session and then becomes the
// program; a second one, the exec guard, puts the secrets into each image of its tree (docs/delivery.md).
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <optional>

#include "clients/run/options.h"
#include "clients/run/parent_mode.h"
#include "clients/run/patience.h"
#include "clients/run/session_line.h"
#include "clients/run/target.h"

namespace ct::run {
namespace {

int print(const char* text) {
    return write_all(STDOUT_FILENO, text, std::strlen(text)) ? 0 : exit_code({Reason::io_failed, {}, 0});
}

Result<Fd> opened(const SessionRequest& request, Seconds wait, const std::function<void()>& meanwhile) {
    return with_patience(wait, [&] { return open_session(request, meanwhile); }, waiting_for_real(request.timeout));
}

int become_in_place(const SessionRequest& request, Seconds wait, const Program& program,
                    const CommandLine& command_line) {
    // What needs no secret is done while secretd fetches them.
    std::optional<Result<LauncherEnd>> guard;
    auto line = opened(request, wait, [&] {
        if (!guard) guard = start_detached_guard(command_line);
    });
    if (!line) return say(line.error());
    if (!*guard) return say(guard->error());
    if (const Status sent = (*guard)->send_line(std::move(*line)); !sent) return say(sent.error());
    return become_program(std::move(**guard), program);
}

int become_parent(const SessionRequest& request, Seconds wait, Program program, const CommandLine& command_line) {
    auto line = opened(request, wait, [] {});
    if (!line) return say(line.error());
    return run_as_parent(std::move(*line), std::move(program), command_line);
}

int run(int argc, char** argv) {
    auto options = parse_options(std::span<const char* const>(argv + 1, static_cast<std::size_t>(argc - 1)));
    if (!options) return say(options.error());
    if (options->action == Options::Action::help) return print(kHelp);
    if (options->action == Options::Action::version) return print("cloudtaser-run " CT_VERSION "\n");

    const auto path =
        find_target(options->command.front(), std::getenv("PATH"));  // NOLINT(concurrency-mt-unsafe): one thread
    if (!path) return say(path.error());
    const auto mode = choose_mode();
    if (!mode) return say(mode.error());
    // While the line is ours, no other process of this user may take it from our table. become_program() takes this back.
    if (::prctl(PR_SET_DUMPABLE, 0) < 0) return say(Error{Reason::guard_failed, "PR_SET_DUMPABLE", errno});
    const SessionRequest request{options->workload, options->environment, options->timeout};
    Program program{*path, std::move(options->command), own_environment()};
    return *mode == Mode::in_place
               ? become_in_place(request, options->wait, program, command_line(argc, argv))
               : become_parent(request, options->wait, std::move(program), command_line(argc, argv));
}

}  // namespace
}  // namespace ct::run

int main(int argc, char** argv) {
    if (argc < 1) return 125;
    return ct::run::run(argc, argv);
}
