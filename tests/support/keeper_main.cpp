// SPDX-License-Identifier: Apache-2.0
// What systemd does for a unit with Restart=always and FileDescriptorStoreMax=: runs a daemon, holds the descriptors that
// it is given, and starts the next incarnation with them. So a daemon can be killed at any moment, on a bus of a test's own.
//
// usage: keeper DAEMON ARGUMENT...
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/fd.h"

namespace {

struct Kept {
    std::string name;
    ct::Fd fd;
};
std::vector<Kept> store;

// An abstract socket of the kernel's choice.
ct::Fd notify_socket() {
    ct::Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)) != 0) std::abort();
    socklen_t size = sizeof address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) std::abort();
    address.sun_path[0] = '@';
    ::setenv("NOTIFY_SOCKET", std::string(address.sun_path, size - sizeof(sa_family_t)).c_str(), 1);
    return socket;
}

pid_t start(char** argv) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // Out of the way first: the numbers from 3 on are about to be taken.
    std::vector<int> high;
    std::string names;
    for (const auto& kept : store) {
        high.push_back(::fcntl(kept.fd.get(), F_DUPFD_CLOEXEC, 1000));
        names += (names.empty() ? "" : ":") + kept.name;
    }
    for (std::size_t i = 0; i < high.size(); ++i)
        ::dup2(high[i], 3 + static_cast<int>(i));
    if (!high.empty()) {
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", std::to_string(high.size()).c_str(), 1);
        ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
    }
    ::execv(argv[0], argv);
    ::_exit(127);
}

void take_message(int socket) {
    char text[4096] = {};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 64)] = {};
    iovec part{text, sizeof text - 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(socket, &message, MSG_CMSG_CLOEXEC) <= 0) return;
    std::vector<ct::Fd> received;
    for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t i = 0; CMSG_LEN((i + 1) * sizeof(int)) <= header->cmsg_len; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            received.emplace_back(fd);
        }
    }
    const std::string words(text);
    const auto at = words.find("FDNAME=");
    const std::string name = at == std::string::npos ? "" : words.substr(at + 7, words.find('\n', at) - at - 7);
    if (words.starts_with("FDSTOREREMOVE=1"))
        std::erase_if(store, [&](const Kept& kept) { return kept.name == name; });
    else if (words.starts_with("FDSTORE=1"))
        for (auto& fd : received)
            store.push_back({name, std::move(fd)});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGCHLD, SIGTERM})
        sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    const ct::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC));
    const ct::Fd socket = notify_socket();
    pid_t child = start(argv + 1);
    for (;;) {
        std::vector<pollfd> entries{{socket.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}};
        for (const auto& kept : store)
            entries.push_back({kept.fd.get(), 0, 0});
        if (::poll(entries.data(), entries.size(), -1) < 0) continue;
        // What the daemon said before it ended comes before its end.
        if ((entries[0].revents & POLLIN) != 0) {
            take_message(socket.get());
            continue;
        }
        for (std::size_t i = entries.size(); i-- > 2;)
            if ((entries[i].revents & (POLLHUP | POLLERR)) != 0)
                store.erase(store.begin() + static_cast<std::ptrdiff_t>(i - 2));
        if ((entries[1].revents & POLLIN) == 0) continue;
        signalfd_siginfo what{};
        if (::read(signals.get(), &what, sizeof what) != sizeof what) continue;
        if (what.ssi_signo == SIGTERM) return 0;
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        if (::kill(child, 0) != 0) child = start(argv + 1);
    }
}
