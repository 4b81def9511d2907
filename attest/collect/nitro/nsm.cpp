// SPDX-License-Identifier: Apache-2.0
#include "attest/collect/nitro/nsm.h"

#include <linux/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attest/collect/device_file.h"
#include "attest/evidence/nsm_messages.h"
#include "base/fd.h"

namespace ct::attest::nitro {
namespace {

// Of the kernel's <linux/nsm.h>, which Linux has since 6.8.
struct NsmVector {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
};
struct NsmRaw {
    NsmVector request, response;
};
static_assert(sizeof(NsmRaw) == 32);
constexpr unsigned long kNsmRaw = _IOWR(0x0a, 0x0, NsmRaw);
static_assert(kNsmRaw == 0xc0200a00);

std::uint64_t address_of(const std::uint8_t* bytes) { return reinterpret_cast<std::uintptr_t>(bytes); }

std::unexpected<Error> failed(std::string what, int error) {
    if (error == ENOENT || error == ENODEV || error == ENXIO)
        return fail_errno(Reason::evidence_device_absent, std::move(what), error);
    if (error == ETIMEDOUT || error == EBUSY || error == EAGAIN)
        what += ": the Nitro hypervisor is busy or holds requests back";
    return fail_errno(Reason::evidence_device_failed, std::move(what), error);
}

class NsmFile final : public Nsm {
public:
    explicit NsmFile(std::string path) : file_(std::move(path)) {}

    Result<Bytes> exchange(ByteView request) override {
        if (request.size() > kMostNsmRequest) return fail(Reason::invalid_argument, "request to the NSM");
        Bytes response(kMostNsmResponse);
        NsmRaw raw{{address_of(request.data()), request.size()}, {address_of(response.data()), response.size()}};
        if (const Status asked = file_.call(kNsmRaw, &raw); !asked)
            return failed("the NSM at " + asked.error().context, asked.error().sys_errno);
        if (raw.response.size > response.size())
            return fail(Reason::evidence_device_failed, "the NSM answers more than it may");
        response.resize(raw.response.size);
        return response;
    }

private:
    DeviceFile file_;
};

class NsmSocket final : public Nsm {
public:
    explicit NsmSocket(std::string path) : path_(std::move(path)) {}

    Result<Bytes> exchange(ByteView request) override {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        if (path_.size() >= sizeof(address.sun_path)) return fail(Reason::invalid_argument, path_);
        path_.copy(address.sun_path, path_.size());
        const Fd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        if (!socket) return failed("socket", errno);
        const timeval patience{.tv_sec = 10, .tv_usec = 0};
        if (::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0 ||
            ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
            return failed("opening " + path_, errno == ECONNREFUSED ? ENOENT : errno);
        Bytes response(kMostNsmResponse);
        if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
            return failed("asking " + path_, errno);
        const ssize_t got = ::recv(socket.get(), response.data(), response.size(), 0);
        if (got < 0) return failed("asking " + path_, errno);
        response.resize(static_cast<std::size_t>(got));
        return response;
    }

private:
    std::string path_;
};

}  // namespace

std::unique_ptr<Nsm> simulated_nsm_at(std::string path) { return std::make_unique<NsmSocket>(std::move(path)); }
std::unique_ptr<Nsm> nsm_at(std::string path) { return std::make_unique<NsmFile>(std::move(path)); }

}  // namespace ct::attest::nitro
