// SPDX-License-Identifier: Apache-2.0
// What CloudTaser asks of an OpenBao server, with its status and retry rules (OpenBao API documentation; observed on
// 2.6.2 and 2.7.2). Tokens and values stay in secret memory; error contexts never hold text from the server's body.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_arena.h"
#include "http/client.h"

namespace ct::openbao {

// "kv/payments#password" -> mount kv, path payments, field password. The mount may hold slashes when it is configured.
struct SecretRef {
    std::string mount;
    std::string path;
    std::string field;
    int kv_version = 2;
};
// Refuses empty parts, "..", "//", control characters and over-long names (invalid_argument).
Result<SecretRef> parse_secret_ref(std::string_view text, const std::map<std::string, int>& mounts);

// One KV secret: all its fields, text of strings unescaped, numbers as the server wrote them.
class KvSecret {
public:
    [[nodiscard]] std::optional<ByteView> field(std::string_view name) const;
    [[nodiscard]] std::uint64_t version() const { return version_; }  // 0 for KV v1
    [[nodiscard]] std::vector<std::string> names() const;

    struct Field {
        std::string name;
        std::size_t offset, size;  // in storage
        bool text;                 // false: an object, array, true/false/null, kept as JSON text
    };
    KvSecret(SecretBuffer storage, std::vector<Field> fields, std::uint64_t version)
        : storage_(std::move(storage)), fields_(std::move(fields)), version_(version) {}

private:
    SecretBuffer storage_;
    std::vector<Field> fields_;
    std::uint64_t version_ = 0;
};

struct Token {
    SecretString value;
    std::string accessor;
    Seconds ttl{0};
    bool renewable = false;
    std::vector<std::string> policies;
};

struct WrappedToken {
    SecretString value;
    std::string accessor;          // of the wrapping token
    std::string wrapped_accessor;  // of the token inside
    std::string creation_path;
    Seconds ttl{0};
};

struct MintRequest {
    std::string role;  // auth/token/create/<role>
    Seconds ttl{300};
    Seconds wrap_ttl{30};
    std::string display_name;
    std::map<std::string, std::string> meta;
};

struct Health {
    bool initialized = false, sealed = true, standby = false;
    std::string version;
};

template <class T>
using Reply = std::function<void(Result<T>)>;

// Replies come from the loop, never from within a call, and exactly once; none after the Client is gone (which must happen
// before its http::Client goes). Calls that change nothing at the server are tried again, at most twice and within
// limits::kVaultReplyTime, after vault_failed, vault_rate_limited and vault_index_behind. Nothing else is.
class Client {
public:
    Client(http::Client& http, std::string namespace_path = {});
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client();

    // Sealed, standby and uninitialised are answers here, not errors.
    void health(Reply<Health> reply);
    void read_kv(const SecretString& token, const SecretRef& ref, Reply<KvSecret> reply);
    // Exactly once, never retried: wrapping_token_used is an alarm (somebody else opened it), vault_* could be retried by
    // asking for a new token. Call wrapping_lookup() first and check its answer; besides, a standby that lags says "used"
    // of a token that it does not know yet, and only the lookup may wait for it.
    void unwrap(const SecretString& wrapping_token, Reply<Token> reply);
    // Opens nothing. Tried again for wrapping_token_used, too, for half a second in all.
    void wrapping_lookup(const SecretString& wrapping_token, Reply<std::string> creation_path);
    // Response-wrapped; an answer that is not wrapped is mint_not_wrapped and its content is dropped unread.
    void mint(const SecretString& token, const MintRequest& request, Reply<WrappedToken> reply);
    void lookup_self(const SecretString& token, Reply<Token> reply);
    void renew_self(const SecretString& token, Seconds increment, Reply<Token> reply);
    // A token that is gone already is as good as revoked.
    void revoke_self(const SecretString& token, Reply<std::monostate> reply);
    // The same for a token that only its accessor is known of.
    void revoke_accessor(const SecretString& token, std::string_view accessor, Reply<std::monostate> reply);
    // vault_denied: wrong credentials. vault_rejected: refused for a while, as after too many wrong secret ids for a role id.
    void login_approle(const SecretString& role_id, const SecretString& secret_id, Reply<Token> reply);
    void login_jwt(std::string_view role, const SecretString& jwt, Reply<Token> reply);
    void renew_lease(const SecretString& token, std::string_view lease_id, Seconds increment, Reply<Seconds> reply);
    void revoke_lease(const SecretString& token, std::string_view lease_id, Reply<std::monostate> reply);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace ct::openbao
