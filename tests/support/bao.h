// SPDX-License-Identifier: Apache-2.0
// A real OpenBao server for tests, on loopback with TLS 1.3 and its own certificate authority. A test dependency only:
// `deps/fetch-bao` brings it. Prepared with the files that users get, docs/examples/openbao.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "support/authority.h"
#include "support/process.h"

namespace ct::test {

class Bao {
public:
    enum class Kind {
        ready,  // in memory, unseals itself, prepared and audited: up in 0.2 s
        empty,  // in memory, uninitialised, Shamir seal: call initialize() and unseal()
        raft,   // as ready, but on disk and able to take a standby: up in 3 s
    };
    struct Options {
        Kind kind = Kind::ready;
        std::string version;  // default: $CT_BAO_VERSION, else the first one of deps/openbao.lock
        std::map<std::string, std::string> replace = {};  // words in the configuration, e.g. for expired certificates
    };

    // Why there is no server to be had, in words for GTEST_SKIP; nullopt if there is one.
    static std::optional<std::string> missing(const std::string& version = {});
    // The program of the default version, for those who start it themselves.
    static std::string default_binary();

    static Result<std::unique_ptr<Bao>> start(const Options& options);
    static Result<std::unique_ptr<Bao>> start() { return start(Options{}); }
    // A second node of a raft server; answers as standby when this returns.
    [[nodiscard]] Result<std::unique_ptr<Bao>> start_standby() const;

    [[nodiscard]] const std::string& version() const { return version_; }
    [[nodiscard]] const std::string& binary() const { return binary_; }
    [[nodiscard]] const std::string& administrator() const { return admin_token_; }
    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string host() const { return "127.0.0.1"; }
    [[nodiscard]] std::string host_port() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string url() const { return "https://" + host_port(); }
    [[nodiscard]] std::string ca_file() const { return authority_->file("ca.pem"); }
    [[nodiscard]] const Authority& authority() const { return *authority_; }
    [[nodiscard]] std::string log() const;
    [[nodiscard]] std::string audit_log() const;
    [[nodiscard]] const Child& process() const { return *child_; }

    // For the clients under test.
    [[nodiscard]] http::Options http_options() const;
    [[nodiscard]] http::Dial dial() const;

    struct Answer {
        int status = 0;  // 0: no answer
        std::string body;
        std::map<std::string, std::string> headers;  // names in lower case
        // The text of a string member anywhere in the body, by its key: enough for tests.
        [[nodiscard]] std::string text(const std::string& key) const;
    };
    // A request as an administrator would make it; waits for the answer. Ordinary memory: not for marked secrets.
    Answer admin(const std::string& method, const std::string& path, const std::string& body = {}) const;
    Answer call(const std::string& token, const std::string& method, const std::string& path,
                const std::string& body = {}, const std::vector<std::string>& headers = {}) const;

    // Shorthands of administration. They end the test process when the server refuses: nothing after it makes sense.
    void put_kv(const std::string& path, const std::string& fields_json) const;   // kv/PATH, version 2
    void put_kv1(const std::string& path, const std::string& fields_json) const;  // kv1/PATH, version 1
    [[nodiscard]] std::string make_token(const std::string& request_json) const;  // auth/token/create
    [[nodiscard]] std::string gate_token() const;                                 // as setup.sh makes it
    void put_policy(const std::string& name, const std::string& hcl) const;
    // Policy, role and the gate's leave for a further workload, from the example's files.
    void add_workload(const std::string& name);

    // Kind::empty. initialize() keeps the key and the root token.
    void initialize();
    void unseal() const;
    void seal() const;  // Kind::empty or raft; a static seal opens again by restart() only

    void stop();          // SIGTERM and wait
    void kill();          // SIGKILL and wait
    void pause() const;   // SIGSTOP: accepts connections, says nothing
    void resume() const;  // SIGCONT
    Status restart();     // same port and files; what was in memory is gone

private:
    Bao() = default;
    Status launch(const std::string& config);
    Status wait_ready(std::size_t log_from);

    std::string version_, binary_;
    Kind kind_ = Kind::ready;
    TempDir home_;
    std::shared_ptr<const Authority> authority_;
    std::uint16_t port_ = 0;
    std::string admin_token_ = "rig-administrator";
    std::string unseal_key_;
    std::vector<std::string> workloads_ = {"payments"};
    std::unique_ptr<Child> child_;
};

// Connects to 127.0.0.1:port each time; answers from within the call.
http::Dial dial_loopback(std::uint16_t port);

// GTEST_SKIP with the reason when there is no server.
#define CT_NEEDS_BAO()                                                                                                 \
    do {                                                                                                               \
        if (const auto why = ::ct::test::Bao::missing()) GTEST_SKIP() << *why;                                         \
    } while (false)

}  // namespace ct::test
