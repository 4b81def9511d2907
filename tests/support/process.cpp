// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>  // NOLINT: pidfd_send_signal wants SIG*
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace ct::test {
namespace {

using Steady = std::chrono::steady_clock;

int remaining(Steady::time_point deadline) {
    const auto left = std::chrono::ceil<Millis>(deadline - Steady::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

}  // namespace

TempDir::TempDir() {
    const char* base = std::getenv("TMPDIR");
    path_ = std::string(base != nullptr ? base : "/tmp") + "/ct-test-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) std::abort();
}

TempDir::~TempDir() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(const std::string& name, std::string_view content, unsigned mode) const {
    std::string path = file(name);
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd || !write_all(fd.get(), content.data(), content.size())) std::abort();
    return path;
}

std::uint16_t free_port(int more) {
    const auto bind_to = [](std::uint16_t port) -> std::pair<Fd, std::uint16_t> {
        Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the socket API
        if (::bind(fd.get(), generic, size) < 0 || ::getsockname(fd.get(), generic, &size) < 0) return {};
        return {std::move(fd), ntohs(address.sin_port)};
    };
    while (true) {
        const auto [first, port] = bind_to(0);
        std::vector<Fd> held;
        for (int i = 1; i <= more; ++i)
            if (auto next = bind_to(static_cast<std::uint16_t>(port + i)); next.first)
                held.push_back(std::move(next.first));
        if (port != 0 && held.size() == static_cast<std::size_t>(more)) return port;
    }
}

Result<Child> Child::start(const Launch& launch) {
    // Everything that allocates is done before fork.
    std::vector<std::string> pairs;
    for (const auto& [name, value] : launch.environment)
        pairs.push_back(name + "=" + value);
    std::vector<char*> argv, envp;
    for (const auto& word : launch.argv)
        argv.push_back(const_cast<char*>(word.c_str()));  // NOLINT: exec's signature
    for (const auto& pair : pairs)
        envp.push_back(const_cast<char*>(pair.c_str()));  // NOLINT: exec's signature
    argv.push_back(nullptr);
    envp.push_back(nullptr);

    Fd read_end, write_end;
    if (launch.output.empty()) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "pipe");
        read_end = Fd(ends[0]);
        write_end = Fd(ends[1]);
    } else {
        write_end = Fd(::open(launch.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        if (!write_end) return fail_errno(Reason::io_failed, launch.output);
    }
    const Fd input(::open(launch.input.empty() ? "/dev/null" : launch.input.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input) return fail_errno(Reason::io_failed, launch.input);
    std::vector<std::pair<Fd, int>> passed;
    for (const auto& [ours, number] : launch.fds) {
        // Out of the way of the numbers that the child will have.
        Fd high(::fcntl(ours, F_DUPFD_CLOEXEC, 200));
        if (!high) return fail_errno(Reason::io_failed, "F_DUPFD");
        passed.emplace_back(std::move(high), number);
    }

    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return fail_errno(Reason::io_failed, "fork");
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(127);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::dup2(input.get(), 0);
        ::dup2(write_end.get(), 1);
        ::dup2(write_end.get(), 2);
        for (const auto& [high, number] : passed)
            ::dup2(high.get(), number);
        if (!launch.directory.empty() && ::chdir(launch.directory.c_str()) < 0) ::_exit(126);
        ::execvpe(argv[0], argv.data(), envp.data());
        ::_exit(127);
    }
    CT_TRY(Fd pidfd, pidfd_open(pid));
    return Child(pid, std::move(pidfd), std::move(read_end));
}

Child& Child::operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(pidfd_, other.pidfd_);
    std::swap(pipe_, other.pipe_);
    std::swap(status_, other.status_);
    return *this;
}

Child::~Child() {
    if (!pidfd_ || status_) return;
    signal(SIGKILL);
    static_cast<void>(wait(Millis(60'000)));
}

std::optional<int> Child::wait(Millis most) {
    if (status_) return status_;
    pollfd ended{pidfd_.get(), POLLIN, 0};
    const auto deadline = Steady::now() + most;
    while (true) {
        const int ready = ::poll(&ended, 1, remaining(deadline));
        if (ready == 0) return std::nullopt;
        if (ready > 0) break;
        if (errno != EINTR) return std::nullopt;
    }
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED) < 0) return std::nullopt;
    status_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    return status_;
}

void Child::signal(int number) const { ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0); }

int Child::stop(Millis most) {
    if (!status_) signal(SIGTERM);
    if (auto code = wait(most)) return *code;
    signal(SIGKILL);
    return wait(Millis(60'000)).value_or(-1);
}

std::string Child::output(Millis most) {
    std::string out;
    std::array<char, 4096> buffer{};
    const auto deadline = Steady::now() + most;
    while (pipe_) {
        pollfd readable{pipe_.get(), POLLIN, 0};
        const int ready = ::poll(&readable, 1, remaining(deadline));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) break;
        const ssize_t got = ::read(pipe_.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return out;
}

Ran run(const Launch& launch, Millis most) {
    auto child = Child::start(launch);
    if (!child) return {-1, child.error().to_string()};
    Ran ran;
    ran.output = child->output(most);
    ran.code = child->wait(Millis(1000)).value_or(-1);
    return ran;
}

bool wait_for_text(const std::string& file, std::string_view text, const Child& child, Millis most, std::size_t from) {
    const Fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch || ::inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY) < 0) return false;
    const auto deadline = Steady::now() + most;
    bool ended = false;
    while (true) {
        const auto content = read_file(file, 64 << 20);
        if (content && content->find(text, from) != std::string::npos) return true;
        if (ended || remaining(deadline) == 0) return false;
        std::array<pollfd, 2> events{pollfd{watch.get(), POLLIN, 0}, pollfd{child.pidfd(), POLLIN, 0}};
        ::poll(events.data(), events.size(), remaining(deadline));
        ended = events[1].revents != 0;  // then look once more
        alignas(inotify_event) std::array<char, 4096> drop{};
        while (::read(watch.get(), drop.data(), drop.size()) > 0) {
        }
    }
}

}  // namespace ct::test
