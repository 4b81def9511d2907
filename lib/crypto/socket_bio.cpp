// SPDX-License-Identifier: Apache-2.0
#include "crypto/socket_bio.h"

#include <sys/socket.h>

#include <cerrno>

namespace ct::crypto {
namespace {

SocketIo& io_of(BIO* bio) { return *static_cast<SocketIo*>(BIO_get_data(bio)); }

int finish(BIO* bio, ssize_t n, std::size_t* moved, int retry_flag) {
    if (n >= 0) {
        *moved = static_cast<std::size_t>(n);
        return 1;
    }
    *moved = 0;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
    else if (SocketIo& io = io_of(bio); !io.ended && io.sys_errno == 0)
        io.sys_errno = errno;  // the first cause: OpenSSL still tries to send an alert after it
    return 0;
}

int write_some(BIO* bio, const char* data, std::size_t size, std::size_t* moved) {
    BIO_clear_retry_flags(bio);
    ssize_t n = 0;
    do
        n = ::send(io_of(bio).fd.get(), data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return finish(bio, n, moved, BIO_FLAGS_WRITE);
}

int read_some(BIO* bio, char* out, std::size_t size, std::size_t* moved) {
    BIO_clear_retry_flags(bio);
    ssize_t n = 0;
    do
        n = ::recv(io_of(bio).fd.get(), out, size, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n == 0 && size > 0) {
        io_of(bio).ended = true;
        *moved = 0;
        return 0;
    }
    return finish(bio, n, moved, BIO_FLAGS_READ);
}

long control(BIO* bio, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_FLUSH:
            return 1;
        case BIO_CTRL_EOF:
            return io_of(bio).ended ? 1 : 0;
        default:
            return 0;
    }
}

BIO_METHOD* make_method() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    if (method == nullptr || BIO_meth_set_write_ex(method, write_some) != 1 ||
        BIO_meth_set_read_ex(method, read_some) != 1 || BIO_meth_set_ctrl(method, control) != 1) {
        BIO_meth_free(method);
        return nullptr;
    }
    return method;
}

}  // namespace

BIO* socket_bio(SocketIo& io) {
    static BIO_METHOD* const method = make_method();  // never freed: streams may outlive any order of exit handlers
    BIO* bio = method == nullptr ? nullptr : BIO_new(method);
    if (bio == nullptr) return nullptr;
    BIO_set_data(bio, &io);
    BIO_set_init(bio, 1);
    return bio;
}

}  // namespace ct::crypto
