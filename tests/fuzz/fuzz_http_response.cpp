// SPDX-License-Identifier: Apache-2.0
// Any bytes as a TLS server's answer to the HTTP client, in pieces whose size the first byte gives: status line, headers,
// framing, body, as libcurl and the code on top of it take them. One handshake an input, so a few hundred a second.
#include <fcntl.h>
#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "openbao/answer.h"
#include "support/authority.h"
#include "support/http_rig.h"

namespace {

using namespace ct;  // NOLINT(google-build-using-namespace): a harness

struct Fixture {
    Fixture() {
        if (!crypto::use_secret_arena() || !http::use_secret_arena()) std::abort();
        auto made = test::Authority::create();
        if (!made) std::abort();
        authority = std::make_unique<test::Authority>(std::move(*made));
        context = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
        SSL_CTX_set_num_tickets(context, 0);
        const auto server = authority->server();
        if (SSL_CTX_use_certificate_file(context, server.certificate_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, server.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
            std::abort();
        loop = std::make_unique<EventLoop>(std::move(EventLoop::create().value()));
    }
    std::unique_ptr<test::Authority> authority;
    SSL_CTX* context = nullptr;
    std::unique_ptr<EventLoop> loop;
};

// The server's side, turned by hand between the turns of the client's loop.
class Server {
public:
    Server(SSL_CTX* context, Fd fd, ByteView bytes, std::size_t piece)
        : fd_(std::move(fd)), ssl_(SSL_new(context)), bytes_(bytes), piece_(piece) {
        ::fcntl(fd_.get(), F_SETFL, O_NONBLOCK);
        SSL_set_fd(ssl_, fd_.get());
        SSL_set_accept_state(ssl_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() { SSL_free(ssl_); }

    void turn() {
        if (!fd_) return;
        if (!asked_) {
            std::array<char, 4096> request{};
            asked_ = SSL_read(ssl_, request.data(), static_cast<int>(request.size())) > 0;
            if (!asked_ && SSL_get_error(ssl_, -1) != SSL_ERROR_WANT_READ) fd_.reset();
            return;
        }
        while (!bytes_.empty()) {
            const std::size_t size = std::min(piece_, bytes_.size());
            if (SSL_write(ssl_, bytes_.data(), static_cast<int>(size)) <= 0) break;
            bytes_ = bytes_.subspan(size);
        }
        SSL_shutdown(ssl_);
        fd_.reset();
    }

private:
    Fd fd_;
    SSL* ssl_;
    ByteView bytes_;
    std::size_t piece_;
    bool asked_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Fixture fixture;
    if (size < 1 || size > 32 * 1024) return 0;
    http::Options options;
    options.host = "localhost";
    options.ca_file = fixture.authority->ca_file();
    options.timeout = Millis(2000);
    options.reply_limit = 16 * 1024;
    std::unique_ptr<Server> server;
    http::Client client(*fixture.loop, options, [&](const std::function<void(Result<Fd>)>& answer) {
        auto pair = socket_pair();
        if (!pair) return answer(std::unexpected(pair.error()));
        const std::size_t piece = data[0] == 0 ? size : data[0];
        server = std::make_unique<Server>(fixture.context, std::move(pair->ours), ByteView(data + 1, size - 1), piece);
        answer(std::move(pair->theirs));
    });
    std::optional<Result<http::Response>> got;
    client.send(http::Request{.method = "GET", .path = "/v1/kv/data/x", .headers = {}, .body = {}, .idempotent = false},
                [&](Result<http::Response> response) { got.emplace(std::move(response)); });
    while (!got) {  // without a wait: the next move is the server's, below
        if (!fixture.loop->run_once(Millis(server ? 0 : 100))) std::abort();
        if (server) server->turn();
    }
    if (*got) {
        if ((*got)->body.size() > options.reply_limit || (*got)->status < 200 || (*got)->status > 599) std::abort();
        static_cast<void>(openbao::index_of(**got));
        static_cast<void>(openbao::retry_after(**got));
        static_cast<void>(openbao::kv_secret(std::move(**got), 2));
    }
    return 0;
}
