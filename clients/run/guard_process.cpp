// SPDX-License-Identifier: Apache-2.0
#include "clients/run/guard_process.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <csignal>

#include "clients/run/guard.h"
#include "clients/run/session_line.h"

namespace ct::run {
namespace {

constexpr auto kForever = std::chrono::hours(1);

void log(const Error& error, int pid) {
    const std::string text = error.to_string();
    sd_journal_send("MESSAGE=process %d: %s", pid, text.c_str(), "PRIORITY=4", "SYSLOG_IDENTIFIER=cloudtaser-guard",
                    "OBJECT_PID=%d", pid, "CT_REASON=%s", std::string(to_string(error.reason)).c_str(), nullptr);
}

void say_and_go_silent(const Error* error) {
    if (error != nullptr) {
        const std::string line = "cloudtaser-run: " + error->to_string() + "\n";
        static_cast<void>(write_all(STDERR_FILENO, line.data(), line.size()));
    }
    // The program's standard error is not held open any longer than it takes to start it.
    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (null) ::dup2(null.get(), STDERR_FILENO);
}

Result<Armed> arm_first(EventLoop& loop, Armory& armory, int program) {
    CT_TRY(const Fd pidfd, pidfd_open(program));
    std::optional<Result<Armed>> answer;
    armory.arm(pidfd, [&](Result<Armed> armed) { answer.emplace(std::move(armed)); });
    while (!answer)
        CT_CHECK(loop.run_once(kForever));  // the call has a timeout of its own
    return std::move(*answer);
}

std::vector<std::string> names_of(const Armed& armed) {
    std::vector<std::string> names;
    for (const auto& entry : armed.entries)
        names.push_back(entry.name);
    return names;
}

Status guard_tree(GuardProcess& setup) {
    CT_TRY(auto loop, EventLoop::create());
    CT_TRY(auto memory, GuardMemory::create());
    if (!setup.line) {
        CT_TRY(setup.line, setup.channel.line());
    }
    CT_TRY(const auto armory, SessionLine::open(loop, std::move(setup.line)));
    CT_TRY(auto first, arm_first(loop, *armory, setup.program));
    const auto names = names_of(first);
    Source orphaned;  // before what it watches: setup.report
    CT_TRY(auto listener, setup.channel.listener());
    Guard::Setup parts{std::move(memory),
                       std::move(listener),
                       setup.program,
                       std::move(first),
                       {[&](const Error& error, bool started) {
                            if (started)
                                say_and_go_silent(&error);
                            else
                                setup.channel.send_refusal(error);
                        },
                        [&] {
                            say_and_go_silent(nullptr);
                            setup.channel.close();
                        },
                        log},
                       [&](int pid, int status) {
                           if (pid != setup.program || !setup.report) return;
                           orphaned.reset();
                           static_cast<void>(write_all(setup.report.get(), &status, sizeof status));
                           setup.report.reset();
                       }};
    CT_TRY(const auto guard, Guard::create(loop, *armory, std::move(parts)));
    // The launcher of parent mode was killed: its program goes with it, as it would have been the one to be killed.
    if (setup.report) {
        CT_TRY(orphaned, loop.add_io(setup.report.get(), EPOLLIN, [&](std::uint32_t) {
            ::kill(setup.program, SIGKILL);
            orphaned.reset();
        }));
    }
    CT_CHECK(setup.channel.send_names(names));
    CT_CHECK(loop.run());
    return {};
}

}  // namespace

void run_guard(GuardProcess setup) {
    Status outcome =
        become_guard(setup.command_line, {STDERR_FILENO, setup.channel.fd(), setup.line.get(), setup.report.get()});
    if (outcome) outcome = guard_tree(setup);
    if (!outcome) setup.channel.send_refusal(outcome.error());
    ::_exit(outcome ? 0 : 1);  // nothing of the launcher's is to be run or flushed here
}

Result<LauncherEnd> start_detached_guard(const CommandLine& command_line) {
    CT_TRY(auto channel, open_channel());
    const int program = ::getpid();
    // No exit signal: a SIGCHLD that the program has blocked would be pending for it after the exec.
    const auto middle = static_cast<pid_t>(::syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0));
    if (middle < 0) return fail_errno(Reason::guard_failed, "starting the exec guard");
    if (middle == 0) {
        const pid_t guard = ::fork();
        if (guard == 0) run_guard({std::move(channel.guard), Fd(), Fd(), program, command_line});
        ::_exit(guard < 0 ? 1 : 0);
    }
    // Gone before the exec, after which it would be the program's to wait for.
    int status = 0;
    while (::waitpid(middle, &status, __WALL) < 0)
        if (errno != EINTR) return fail_errno(Reason::guard_failed, "starting the exec guard");
    if (status != 0)
        return fail(Reason::guard_failed, "no process for the exec guard: the limit of processes is reached");
    return std::move(channel.launcher);
}

}  // namespace ct::run
