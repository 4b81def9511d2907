// SPDX-License-Identifier: Apache-2.0
// Programs that never print their secret: clients that send it to a server, which the test plays, and a web server.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "matrix/rig.h"

namespace ct::test::matrix {
namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

std::string port_of(const Fd& socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);  // NOLINT: the socket API
    return std::to_string(ntohs(address.sin_port));
}

Fd listening() {
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);  // NOLINT: the socket API
    EXPECT_EQ(::listen(socket.get(), 4), 0);
    return socket;
}

bool readable(const Fd& socket) {
    pollfd ready{socket.get(), POLLIN, 0};
    return ::poll(&ready, 1, 60'000) == 1;
}

Fd accepted(const Fd& socket) {
    return Fd(readable(socket) ? ::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC) : -1);
}

// Until `text` has come, or the other side has closed.
std::string heard(const Fd& socket, std::string_view text) {
    std::string all;
    char chunk[4096];
    while (all.find(text) == std::string::npos && readable(socket)) {
        const ssize_t got = ::read(socket.get(), chunk, sizeof chunk);
        if (got <= 0) break;
        all.append(chunk, static_cast<std::size_t>(got));
    }
    return all;
}

class Clients : public Matrix {
protected:
    // The client gets the secret under the name that it knows, from a shell, as entrypoint scripts do.
    static std::vector<std::string> with_secret_as(const std::string& name, const std::string& command) {
        return {"/bin/sh", "-c", "export " + name + "=\"$DB_PASSWORD\"; unset DB_PASSWORD; exec " + command};
    }
    static void expect_delivered(const View& view) {
        EXPECT_EQ(view.shown, "");
        EXPECT_GT(view.secret_mappings, 0);
    }
};

TEST_F(Clients, PsqlSendsItToItsServer) {
    if (find_program("psql").empty()) GTEST_SKIP() << "psql is not installed";
    int codes[2];
    for (const bool guarded : {false, true}) {
        const Fd server = listening();
        auto child =
            start(with_secret_as("PGPASSWORD", "psql -h 127.0.0.1 -U user -d base -c 'select 1' -p " + port_of(server)),
                  guarded, {{"PGSSLMODE", "disable"}, {"PGGSSENCMODE", "disable"}});
        ASSERT_TRUE(child);
        const Fd client = accepted(server);
        ASSERT_TRUE(client) << child->end().rest;
        heard(client, "base");
        constexpr char kCleartextPassword[] = {'R', 0, 0, 0, 8, 0, 0, 0, 3};
        ASSERT_TRUE(write_all(client.get(), kCleartextPassword, sizeof kCleartextPassword));
        EXPECT_NE(heard(client, value + '\0').find(value + '\0'), std::string::npos);
        const View view = look_at(child->pid(), value);
        if (guarded) expect_delivered(view);
        ::shutdown(client.get(), SHUT_RDWR);
        codes[guarded] = child->end().code;
        if (guarded) note("psql", view, "exit " + std::to_string(codes[1]));
    }
    EXPECT_EQ(codes[1], codes[0]);
}

TEST_F(Clients, RedisCliSendsItToItsServer) {
    if (find_program("redis-cli").empty()) GTEST_SKIP() << "redis-cli is not installed";
    int codes[2];
    for (const bool guarded : {false, true}) {
        const Fd server = listening();
        auto child =
            start(with_secret_as("REDISCLI_AUTH", "redis-cli -h 127.0.0.1 -p " + port_of(server) + " ping"), guarded);
        ASSERT_TRUE(child);
        const Fd client = accepted(server);
        ASSERT_TRUE(client) << child->end().rest;
        EXPECT_NE(heard(client, value + "\r\n").find(value), std::string::npos);
        const View view = look_at(child->pid(), value);
        if (guarded) expect_delivered(view);
        ASSERT_TRUE(write_all(client.get(), "+OK\r\n+PONG\r\n", 12));
        const auto end = child->end();
        EXPECT_NE(end.rest.find("PONG"), std::string::npos) << end.rest;
        codes[guarded] = end.code;
        if (guarded) note("redis-cli", view, "exit " + std::to_string(codes[1]));
    }
    EXPECT_EQ(codes[1], codes[0]);
}

TEST_F(Clients, NginxHandsItToItsWorkers) {
    const std::string modules = "/usr/lib/nginx/modules/";
    if (find_program("nginx").empty() || ::access((modules + "ngx_http_lua_module.so").c_str(), R_OK) != 0)
        GTEST_SKIP() << "nginx with its Lua module is not installed";
    const TempDir folder;
    for (const bool guarded : {false, true}) {
        const std::uint16_t port = free_port();
        const auto configuration = folder.write(
            "nginx.conf",
            "load_module " + modules + "ndk_http_module.so; load_module " + modules + "ngx_http_lua_module.so;\n" +
                "daemon off; master_process on; worker_processes 2; user root; error_log stderr; env DB_PASSWORD;\npid " +
                folder.file("pid") +
                ";\nevents {}\nhttp { access_log off; server { listen 127.0.0.1:" + std::to_string(port) +
                "; location / { content_by_lua_block { ngx.say(os.getenv('DB_PASSWORD')) } } } }\n");
        auto child = start({"nginx", "-c", configuration}, guarded);
        ASSERT_TRUE(child);
        // Once it answers, its workers run.
        std::string answer;
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        View before;
        while (answer.empty() && std::chrono::steady_clock::now() < deadline) {
            const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
            const sockaddr_in address = loopback(port);
            if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
                0) {  // NOLINT: the socket API
                std::this_thread::yield();
                continue;
            }
            before = look_at(child->pid(), value);
            ASSERT_TRUE(write_all(socket.get(), "GET / HTTP/1.0\r\n\r\n", 18));
            answer = heard(socket, value);
        }
        EXPECT_NE(answer.find(value), std::string::npos) << answer;
        if (guarded) expect_delivered(before);
        ::kill(child->pid(), SIGTERM);
        EXPECT_EQ(child->wait().code, 0);
        if (guarded) note("nginx, two workers", before, "exit 0");
    }
}

}  // namespace
}  // namespace ct::test::matrix
