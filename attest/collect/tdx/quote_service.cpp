// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/tdx/quote_service.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <span>

#include "attest/evidence/qgs_messages.h"
#include "base/fd.h"

namespace ct::attest::tdx {
namespace {

constexpr std::string_view kUnix = "unix:", kVsock = "vsock:";

bool nobody_there(int error) {
    return error == ENOENT || error == ECONNREFUSED || error == ECONNRESET || error == ENODEV || error == ENETUNREACH ||
           error == EHOSTUNREACH || error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
}

// One question and its answer, which have to be over by a fixed time, however slowly the other side goes.
class Conversation {
public:
    Conversation(const ServiceAddress& address, Millis patience)
        : address_(address), end_(std::chrono::steady_clock::now() + patience) {}

    Status connect() {
        socket_ =
            Fd(::socket(address_.socket.empty() ? AF_VSOCK : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!socket_) return unreachable(errno);
        const int error = address_.socket.empty() ? connect_vsock() : connect_unix();
        if (error == 0) return {};
        if (error != EINPROGRESS) return unreachable(error);
        CT_CHECK(wait(POLLOUT));
        int later = 0;
        socklen_t size = sizeof(later);
        if (::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &later, &size) != 0) later = errno;
        return later == 0 ? Status{} : unreachable(later);
    }

    // In one piece where the kernel takes it: the service expects to read it as one.
    Status send(ByteView message) {
        while (!message.empty()) {
            const ssize_t sent = ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL);
            if (sent >= 0) {
                message = message.subspan(static_cast<std::size_t>(sent));
            } else {
                CT_CHECK(passing(errno, POLLOUT));
            }
        }
        return {};
    }

    Status receive(std::span<std::uint8_t> into) {
        while (!into.empty()) {
            const ssize_t got = ::recv(socket_.get(), into.data(), into.size(), 0);
            if (got == 0) return failed(0, "it hangs up in the middle of an answer");
            if (got > 0) {
                into = into.subspan(static_cast<std::size_t>(got));
            } else {
                CT_CHECK(passing(errno, POLLIN));
            }
        }
        return {};
    }

private:
    int connect_unix() {
        sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
        if (address_.socket.size() >= sizeof(to.sun_path)) return ENAMETOOLONG;
        address_.socket.copy(to.sun_path, address_.socket.size());
        return connect_to(to);
    }
    int connect_vsock() {
        sockaddr_vm to{};
        to.svm_family = AF_VSOCK;
        to.svm_cid = address_.cid;
        to.svm_port = address_.port;
        return connect_to(to);
    }
    template <class Address>
    int connect_to(const Address& to) {
        return ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 ? 0 : errno;
    }

    Status passing(int error, short event) {
        if (error == EINTR) return {};
        if (error == EAGAIN || error == EWOULDBLOCK) return wait(event);
        return failed(error, "asking it");
    }
    Status wait(short event) {
        for (;;) {
            const auto left = std::chrono::ceil<Millis>(end_ - std::chrono::steady_clock::now());
            pollfd one{.fd = socket_.get(), .events = event, .revents = 0};
            const int ready = left.count() > 0 ? ::poll(&one, 1, static_cast<int>(left.count())) : 0;
            if (ready > 0) return {};
            if (ready == 0) return failed(ETIMEDOUT, "it has no answer in time");
            if (errno != EINTR) return failed(errno, "poll");
        }
    }

    [[nodiscard]] std::unexpected<Error> failed(int error, std::string_view what) const {
        std::string context = "the quote service at " + address_.words() + ": " + std::string(what);
        return error == 0 ? fail(Reason::evidence_device_failed, std::move(context))
                          : fail_errno(Reason::evidence_device_failed, std::move(context), error);
    }
    [[nodiscard]] std::unexpected<Error> unreachable(int error) const {
        std::string context = "no quote service at " + address_.words();
        if (error == EAFNOSUPPORT) context += ": AF_VSOCK is not in this kernel, or fenced off from this process";
        return fail_errno(nobody_there(error) ? Reason::evidence_device_absent : Reason::evidence_device_failed,
                          std::move(context), error);
    }

    const ServiceAddress& address_;
    std::chrono::steady_clock::time_point end_;
    Fd socket_;
};

class ServiceSocket final : public QuoteService {
public:
    ServiceSocket(ServiceAddress address, Millis patience) : address_(std::move(address)), patience_(patience) {}

    Status present() override { return Conversation(address_, patience_).connect(); }

    Result<Bytes> quote(ByteView report) override {
        Conversation with(address_, patience_);
        CT_CHECK(with.connect());
        CT_CHECK(with.send(encode_quote_request(report)));
        ByteArray<kQgsPrefix> prefix{};
        CT_CHECK(with.receive(prefix));
        CT_TRY(const std::size_t size, parse_qgs_prefix(prefix));
        Bytes answer(size);
        CT_CHECK(with.receive(answer));
        CT_TRY(const ByteView quote, parse_quote_answer(answer));
        return to_vector(quote);
    }

private:
    ServiceAddress address_;
    Millis patience_;
};

// A number that is an address, and not the word for any.
bool read_number(std::string_view text, std::uint32_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into);
    return error == std::errc{} && end == text.data() + text.size() && into != 0 && into != VMADDR_CID_ANY;
}

}  // namespace

std::string ServiceAddress::words() const {
    if (!socket.empty()) return std::string(kUnix) + socket;
    return std::string(kVsock) + std::to_string(cid) + ":" + std::to_string(port);
}

Result<ServiceAddress> parse_service_address(std::string_view words) {
    ServiceAddress out;
    if (words.starts_with("unix:/")) {
        out.socket = words.substr(kUnix.size());
        if (out.socket.size() < sizeof(sockaddr_un::sun_path)) return out;
    } else if (words.starts_with(kVsock)) {
        words.remove_prefix(kVsock.size());
        const std::size_t colon = words.find(':');
        if (colon != std::string_view::npos && read_number(words.substr(0, colon), out.cid) &&
            read_number(words.substr(colon + 1), out.port))
            return out;
    }
    return fail(Reason::invalid_argument, "write \"vsock:CID:PORT\" or \"unix:/SOCKET\"");
}

std::unique_ptr<QuoteService> open_quote_service(ServiceAddress address, Millis patience) {
    return std::make_unique<ServiceSocket>(std::move(address), patience);
}

}  // namespace ct::attest::tdx
