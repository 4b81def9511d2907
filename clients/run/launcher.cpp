// SPDX-License-Identifier: Apache-2.0
#include "clients/run/launcher.h"

#include <sys/prctl.h>
#include <unistd.h>

#include "clients/run/placement.h"
#include "clients/run/seccomp.h"

namespace ct::run {
namespace {

// For execve, which takes no const. The strings must stay.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const auto& string : strings)
        result.push_back(const_cast<char*>(string.c_str()));  // NOLINT: execve changes nothing
    result.push_back(nullptr);
    return result;
}

Error exec_error(LauncherEnd& guard, const std::string& path, int error_number) {
    if (auto refused = guard.refusal()) return std::move(*refused);
    const Reason reason = error_number == ENOENT ? Reason::target_not_found : Reason::target_not_executable;
    return {reason, "'" + path + "'", error_number};
}

Result<std::vector<std::string>> come_under_guard(LauncherEnd& guard) {
    // The line is the guard's alone by now; and a guard without privileges may hold only what is dumpable.
    if (::prctl(PR_SET_DUMPABLE, 1) < 0) return fail_errno(Reason::guard_failed, "PR_SET_DUMPABLE");
    CT_TRY(auto listener, install_exec_filter());
    CT_CHECK(guard.send_listener(std::move(listener)));
    return guard.names();
}

}  // namespace

int exit_code(const Error& error) {
    switch (error.reason) {
        case Reason::target_not_found:
            return 127;
        case Reason::target_not_executable:
            return 126;
        default:
            return 125;
    }
}

int say(const Error& error) {
    const std::string line = "cloudtaser-run: " + error.to_string() + "\n";
    static_cast<void>(write_all(STDERR_FILENO, line.data(), line.size()));
    return exit_code(error);
}

std::vector<std::string> own_environment() {
    std::vector<std::string> variables;
    for (char** variable = environ; variable != nullptr && *variable != nullptr; ++variable)
        variables.emplace_back(*variable);
    return variables;
}

int become_program(LauncherEnd guard, const Program& program) {
    const auto names = come_under_guard(guard);
    if (!names) return say(names.error());
    const auto environment = with_placeholders(program.environment, *names);
    const auto envp = pointers(environment);
    ::execve(program.path.c_str(), pointers(program.command).data(), envp.data());
    if (errno == ENOEXEC) {  // a script without "#!": the shell's business, as execvp has it
        auto command = program.command;
        command.front() = program.path;
        command.insert(command.begin(), "/bin/sh");
        ::execve("/bin/sh", pointers(command).data(), envp.data());
    }
    return say(exec_error(guard, program.path, errno));
}

}  // namespace ct::run
