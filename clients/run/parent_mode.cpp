// SPDX-License-Identifier: Apache-2.0
#include "clients/run/parent_mode.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstring>

#include "clients/run/placement.h"

namespace ct::run {
namespace {

int ptrace_scope() {
    const auto text = read_file("/proc/sys/kernel/yama/ptrace_scope", 16);
    int scope = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), scope);
    return scope;
}

bool may_trace_all() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    return ::syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1U << CAP_SYS_PTRACE)) != 0;
}

// The program's process. Its pid is not the launcher's: what names it by pid follows.
[[noreturn]] void be_program(LauncherEnd guard, Program& program, int launcher, const sigset_t& mask) {
    ::sigprocmask(SIG_SETMASK, &mask, nullptr);
    rename_process(program.environment, launcher, ::getpid());
    ::_exit(become_program(std::move(guard), program));
}

// The guard's process, which first makes the program's.
[[noreturn]] void be_guard(Fd line, Program& program, const CommandLine& command_line, Fd report, int launcher,
                           const sigset_t& mask) {
    auto channel = open_channel();
    if (!channel) ::_exit(say(channel.error()));
    // Orphans of the tree come to the guard, so that it stays their ancestor.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int pid = ::fork();
    if (pid == 0) {
        report.reset();
        line.reset();
        channel->guard.close();
        be_program(std::move(channel->launcher), program, launcher, mask);
    }
    if (pid < 0) ::_exit(say(Error{Reason::guard_failed, "starting the program", errno}));
    static_cast<void>(write_all(report.get(), &pid, sizeof pid));
    run_guard({std::move(channel->guard), std::move(line), std::move(report), pid, command_line});
}

class Parent {
public:
    Parent(Fd report, Fd signals) : report_(std::move(report)), signals_(std::move(signals)) {}

    // The program's wait status; nullopt when there has been no program.
    std::optional<int> wait() {
        while (!status_) {
            pollfd ready[] = {{signals_.get(), POLLIN, 0}, {report_.get(), POLLIN, 0}};
            if (::poll(ready, report_ ? 2 : 1, -1) < 0) continue;
            if (report_ && ready[1].revents != 0) on_report();
            if (ready[0].revents != 0) on_signal();
            if (!report_ && program_ == 0) break;
        }
        return status_;
    }

private:
    void on_report() {
        int number = 0;
        if (::read(report_.get(), &number, sizeof number) != sizeof number) {
            // The guard was killed. Its program, if it lives, is our child now; execs of the tree fail from here on.
            report_.reset();
            reap();
        } else if (program_ == 0) {
            program_ = number;
            for (const auto& early : std::exchange(early_, {}))
                forward(early);
        } else {
            status_ = number;
        }
    }

    void on_signal() {
        signalfd_siginfo signal{};
        if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return;
        if (signal.ssi_signo == SIGCHLD) return reap();
        if (program_ == 0)
            early_.push_back(signal);
        else
            forward(signal);
    }

    void forward(const signalfd_siginfo& signal) const {
        const int number = static_cast<int>(signal.ssi_signo);
        // What the terminal sends goes to the whole process group: the program has it already.
        if (signal.ssi_code != SI_KERNEL) {
            if (signal.ssi_code == SI_QUEUE) {
                siginfo_t info{};
                info.si_signo = number;
                info.si_code = SI_QUEUE;
                info.si_pid = static_cast<int>(signal.ssi_pid);
                info.si_uid = signal.ssi_uid;
                info.si_value.sival_ptr =
                    reinterpret_cast<void*>(signal.ssi_ptr);  // NOLINT: a number or a pointer, as it came
                ::syscall(SYS_rt_sigqueueinfo, program_, number, &info);
            } else {
                ::kill(program_, number);
            }
        }
        if (number == SIGTSTP || number == SIGTTIN || number == SIGTTOU)
            ::raise(SIGSTOP);  // the shell must see its job stop
    }

    void reap() {
        int status = 0;
        for (int pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
            if (pid == program_) status_ = status;
    }

    Fd report_, signals_;
    int program_ = 0;
    std::vector<signalfd_siginfo> early_;
    std::optional<int> status_;
};

int exit_like(int status) {
    if (WIFEXITED(status)) return WEXITSTATUS(status);
    const int signal = WTERMSIG(status);
    if (::getpid() != 1) {  // the kernel shields PID 1 from its own signals
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_CORE, &none);  // the program's core is the one of interest
        ::signal(signal, SIG_DFL);
        sigset_t only;
        sigemptyset(&only);
        sigaddset(&only, signal);
        ::raise(signal);
        ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    }
    return 128 + signal;
}

}  // namespace

Result<Mode> mode_for(int pid, bool adopts_orphans, int scope, bool may_trace_all) {
    if (scope >= 3)
        return fail(Reason::guard_not_permitted,
                    "kernel.yama.ptrace_scope = 3 forbids all tracing, also that of the exec guard; "
                    "set it to 1 or 2 (sysctl.d) and restart the machine");
    if (scope == 2 && !may_trace_all)
        return fail(Reason::guard_not_permitted,
                    "kernel.yama.ptrace_scope = 2 lets only CAP_SYS_PTRACE trace; set it to 1, or give "
                    "the capability to the unit (AmbientCapabilities=CAP_SYS_PTRACE)");
    if (pid == 1 || adopts_orphans || (scope == 1 && !may_trace_all)) return Mode::parent;
    return Mode::in_place;
}

Result<Mode> choose_mode() {
    int adopts = 0;
    ::prctl(PR_GET_CHILD_SUBREAPER, &adopts);
    return mode_for(::getpid(), adopts != 0, ptrace_scope(), may_trace_all());
}

int run_as_parent(Fd line, Program program, const CommandLine& command_line) {
    auto report = socket_pair();
    if (!report) return say(report.error());
    sigset_t all, before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);  // what comes before the program runs is kept for it
    Fd signals(::signalfd(-1, &all, SFD_CLOEXEC));
    const int launcher = ::getpid();
    const int guard = signals ? ::fork() : -1;
    if (guard < 0) return say(Error{Reason::guard_failed, "starting the exec guard", errno});
    if (guard == 0) {
        report->ours.reset();
        be_guard(std::move(line), program, command_line, std::move(report->theirs), launcher, before);
    }
    line.reset();
    report->theirs.reset();
    ::signal(SIGCHLD, SIG_DFL);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // should the guard be killed, the program comes to us
    const auto status = Parent(std::move(report->ours), std::move(signals)).wait();
    return status ? exit_like(*status) : 125;
}

}  // namespace ct::run
