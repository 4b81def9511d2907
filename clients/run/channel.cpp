// SPDX-License-Identifier: Apache-2.0
#include "clients/run/channel.h"

#include <sys/socket.h>

#include <charconv>
#include <cstring>

#include "base/limits.h"

namespace ct::run {
namespace {

// Packets: 'S' with the descriptor of the session's line; 'L' with the listener's; 'N' NAME NUL NAME NUL...;
// 'E' reason NUL errno NUL context.
constexpr std::size_t kPacket = 1 + limits::kSecretsPerWorkload * (limits::kNameLength + 1);

// It says why it leaves, unless the kernel ended it.
constexpr const char* kGone =
    "the exec guard was ended: what SystemCallFilter= in a unit must allow is in cloudtaser-run(1)";

// A packet of one byte and one descriptor.
struct Descriptor {
    char tag;
    iovec body{&tag, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};

    explicit Descriptor(char what) : tag(what) {
        message.msg_iov = &body;
        message.msg_iovlen = 1;
        message.msg_control = control;
        message.msg_controllen = sizeof control;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    void put(int fd) {
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    }
    Fd take() {
        const cmsghdr* header = CMSG_FIRSTHDR(&message);
        if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return {};
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
        return Fd(fd);
    }
};

std::string field(std::string_view& rest) {
    const auto end = rest.find('\0');
    std::string result(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return result;
}

Error read_refusal(std::string_view rest) {
    Error error;
    error.reason = reason_from_string(field(rest)).value_or(Reason::guard_failed);
    const std::string number = field(rest);
    std::from_chars(number.data(), number.data() + number.size(), error.sys_errno);
    error.context = std::string(rest);
    return error;
}

Status send(int socket, std::string_view packet) {
    if (::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL) < 0)
        return fail_errno(Reason::guard_failed, "talking to the launcher");
    return {};
}

Result<std::string> receive(int socket, int flags) {
    std::string packet(kPacket, '\0');
    ssize_t size = 0;
    bool was_reset = false;
    for (;;) {
        size = ::recv(socket, packet.data(), packet.size(), flags);
        if (size >= 0 || (errno != EINTR && (errno != ECONNRESET || was_reset))) break;
        // A peer that left with something of ours unread: said once, before what it left for us.
        was_reset = errno == ECONNRESET;
    }
    if (size < 0) return fail_errno(Reason::guard_failed, "hearing from the exec guard");
    packet.resize(static_cast<std::size_t>(size));
    return packet;
}

}  // namespace

Result<Channel> open_channel() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return fail_errno(Reason::io_failed, "socketpair");
    return Channel{LauncherEnd(Fd(ends[0])), GuardEnd(Fd(ends[1]))};
}

Status LauncherEnd::send_fd(char tag, const Fd& fd) {
    Descriptor packet(tag);
    packet.put(fd.get());
    if (::sendmsg(socket_.get(), &packet.message, MSG_NOSIGNAL) < 0) {
        // A guard that could not start has said why before it left.
        if (auto why = refusal()) return std::unexpected(std::move(*why));
        return fail(Reason::guard_failed, kGone);
    }
    return {};
}

Status LauncherEnd::send_line(Fd line) { return send_fd('S', line); }
Status LauncherEnd::send_listener(Fd listener) { return send_fd('L', listener); }

Result<std::vector<std::string>> LauncherEnd::names() {
    CT_TRY(const std::string packet, receive(socket_.get(), 0));
    if (packet.empty()) return fail(Reason::guard_failed, kGone);
    std::string_view rest = packet;
    rest.remove_prefix(1);
    if (packet.front() != 'N') return std::unexpected(read_refusal(rest));
    std::vector<std::string> names;
    while (!rest.empty())
        names.push_back(field(rest));
    return names;
}

std::optional<Error> LauncherEnd::refusal() {
    const auto packet = receive(socket_.get(), MSG_DONTWAIT);
    if (!packet || packet->empty() || packet->front() != 'E') return std::nullopt;
    return read_refusal(std::string_view(*packet).substr(1));
}

Result<Fd> GuardEnd::receive_fd(char tag) {
    Descriptor packet(0);
    ssize_t size = 0;
    do
        size = ::recvmsg(socket_.get(), &packet.message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0) return fail_errno(Reason::guard_failed, "hearing from the launcher");
    Fd fd = packet.take();
    if (size == 0 || !fd) return fail(Reason::cancelled, "the launcher has ended");
    if (packet.tag != tag) return fail(Reason::guard_failed, "the launcher speaks out of turn");
    return fd;
}

Result<Fd> GuardEnd::line() { return receive_fd('S'); }
Result<Fd> GuardEnd::listener() { return receive_fd('L'); }

Status GuardEnd::send_names(const std::vector<std::string>& names) {
    std::string packet = "N";
    for (const auto& name : names)
        packet.append(name).push_back('\0');
    return send(socket_.get(), packet);
}

void GuardEnd::send_refusal(const Error& error) {
    std::string packet = "E";
    packet.append(to_string(error.reason)).push_back('\0');
    packet.append(std::to_string(error.sys_errno)).push_back('\0');
    packet.append(error.context, 0, 4096);
    static_cast<void>(send(socket_.get(), packet));
}

}  // namespace ct::run
