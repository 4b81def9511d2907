// SPDX-License-Identifier: Apache-2.0
#include "support/scripted_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>  // NOLINT: SIGPIPE
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace ct::test {

ScriptedHttp::ScriptedHttp(const Authority::Identity& identity, std::vector<Script> scripts, bool tls13)
    : scripts_(std::move(scripts)) {
    ::signal(SIGPIPE, SIG_IGN);
    context_ = SSL_CTX_new(TLS_server_method());
    if (tls13)
        SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
    else
        SSL_CTX_set_max_proto_version(context_, TLS1_2_VERSION);
    if (SSL_CTX_use_certificate_file(context_, identity.certificate_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context_, identity.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
        std::abort();
    listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the socket API
    if (::bind(listener_.get(), generic, size) < 0 || ::listen(listener_.get(), 64) < 0 ||
        ::getsockname(listener_.get(), generic, &size) < 0)
        std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

ScriptedHttp::~ScriptedHttp() {
    ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept()
    join();
    SSL_CTX_free(context_);
}

void ScriptedHttp::join() {
    if (thread_.joinable()) thread_.join();
}

std::vector<std::string> ScriptedHttp::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

void ScriptedHttp::serve() {
    for (const auto& script : scripts_) {
        const Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!fd) return;
        const timeval limit{20, 0};
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        ++connections_;
        SSL* ssl = SSL_new(context_);
        SSL_set_fd(ssl, fd.get());
        if (SSL_accept(ssl) == 1) {
            Peer peer(*this, fd.get(), ssl);
            script(peer);
            SSL_shutdown(ssl);
        }
        SSL_free(ssl);
    }
    finished_ = true;
}

std::string ScriptedHttp::Peer::read_request() {
    const auto more = [&] {
        std::array<char, 16384> buffer{};
        const int got = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
        if (got > 0) pending_.append(buffer.data(), static_cast<std::size_t>(got));
        return got > 0;
    };
    std::size_t end = 0;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos)
        if (!more()) return {};
    std::size_t size = end + 4;
    const std::size_t length = pending_.find("Content-Length: ");
    if (length < end) size += std::strtoul(pending_.c_str() + length + 16, nullptr, 10);
    while (pending_.size() < size)
        if (!more()) return {};
    std::string request = pending_.substr(0, size);
    pending_.erase(0, size);
    const std::scoped_lock lock(server_.mutex_);
    server_.requests_.push_back(request);
    return request;
}

void ScriptedHttp::Peer::write(std::string_view bytes) {
    if (!bytes.empty()) SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
}

void ScriptedHttp::Peer::answer(int status, std::string_view body, std::string_view more_headers) {
    write("HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
          std::string(more_headers) + "\r\n" + std::string(body));
}

bool ScriptedHttp::Peer::wait_closed() {
    std::array<char, 4096> buffer{};
    while (true) {
        const int got = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
        if (got <= 0) return errno != EAGAIN && errno != EWOULDBLOCK;
    }
}

void ScriptedHttp::Peer::shut() {
    SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_WR);
}

void ScriptedHttp::Peer::reset() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    SSL_set_quiet_shutdown(ssl_, 1);
}

}  // namespace ct::test
