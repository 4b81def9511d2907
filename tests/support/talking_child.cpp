// SPDX-License-Identifier: Apache-2.0
#include "support/talking_child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>

namespace ct::test {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (const auto& string : strings)
        result.push_back(const_cast<char*>(string.c_str()));  // NOLINT: exec's signature
    result.push_back(nullptr);
    return result;
}

bool wait_readable(int fd, Millis most) {
    pollfd ready{fd, POLLIN, 0};
    const auto deadline = std::chrono::steady_clock::now() + most;
    for (;;) {
        const auto left = std::chrono::duration_cast<Millis>(deadline - std::chrono::steady_clock::now());
        const int count = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
        if (count >= 0 || errno != EINTR) return count > 0;
    }
}

}  // namespace

Result<TalkingChild> TalkingChild::start(const Start& start) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "pipe");
    Fd child_input(in[0]), input(in[1]);
    if (::pipe2(out, O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "pipe");
    Fd output(out[0]), child_output(out[1]);
    std::vector<std::string> environment;
    for (const auto& [name, value] : start.environment)
        environment.push_back(name + "=" + value);
    const auto argv = pointers(start.command), envp = pointers(environment);
    const int pid = ::fork();
    if (pid < 0) return fail_errno(Reason::io_failed, "fork");
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(child_input.get(), 0);
        ::dup2(child_output.get(), 1);
        if (start.merge_stderr) ::dup2(child_output.get(), 2);
        start.before_exec();
        ::execvpe(argv[0], argv.data(), envp.data());
        ::_exit(errno == ENOENT ? 127 : 126);
    }
    CT_TRY(Fd pidfd, pidfd_open(pid));
    return TalkingChild(pid, std::move(pidfd), std::move(input), std::move(output));
}

TalkingChild::~TalkingChild() {
    if (!pidfd_ || (end_ && end_->signal >= 0)) return;
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    end_.reset();
    static_cast<void>(wait());
}

void TalkingChild::say(const std::string& text) const {
    static_cast<void>(write_all(input_.get(), text.data(), text.size()));
}

bool TalkingChild::read_more(Millis most) {
    if (!wait_readable(output_.get(), most)) return false;
    char chunk[65536];
    const ssize_t got = ::read(output_.get(), chunk, sizeof chunk);
    if (got <= 0) return false;
    text_.append(chunk, static_cast<std::size_t>(got));
    return true;
}

std::optional<std::string> TalkingChild::line(Millis most) {
    std::size_t newline = text_.find('\n');
    while (newline == std::string::npos) {
        if (!read_more(most)) return std::nullopt;
        newline = text_.find('\n');
    }
    std::string line = text_.substr(0, newline);
    text_.erase(0, newline + 1);
    return line;
}

bool TalkingChild::line_comes(std::string_view expected, Millis most) {
    for (auto next = line(most); next; next = line(most))
        if (*next == expected) return true;
    return false;
}

TalkingChild::End TalkingChild::wait(Millis most) {
    if (end_) return *end_;
    if (!wait_readable(pidfd_.get(), most)) return {-1, -1, {}};
    siginfo_t info{};
    ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED);
    const bool exited = info.si_code == CLD_EXITED;
    end_ = End{exited ? info.si_status : -1, exited ? 0 : info.si_status, {}};
    return *end_;
}

TalkingChild::End TalkingChild::end(Millis most) {
    close_input();
    while (read_more(most)) {
    }
    End end = wait(most);
    end.rest = std::exchange(text_, {});
    return end;
}

}  // namespace ct::test
