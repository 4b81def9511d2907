// SPDX-License-Identifier: Apache-2.0
#include "openbao/client.h"

#include <list>
#include <random>

#include "codec/json.h"
#include "openbao/answer.h"

namespace ct::openbao {
namespace {

constexpr int kTriesAgain = 2;
constexpr Millis kFirstPause{500};
constexpr Millis kLag{150};
constexpr Seconds kLongestPause{2};

enum class Repeat : std::uint8_t {
    never,       // it leaves at most once: unwrap, login, mint
    connection,  // again if the connection is lost, not after an answer
    always,      // and after an answer that says "not now"
    patient,     // and after one that may come from a standby that lags (94 ms was the worst that was seen)
};

bool says_not_now(Repeat repeat, Reason reason) {
    if (repeat == Repeat::patient && reason == Reason::wrapping_token_used) return true;
    if (repeat != Repeat::patient && repeat != Repeat::always) return false;
    return reason == Reason::vault_failed || reason == Reason::vault_rate_limited ||
           reason == Reason::vault_index_behind;
}

std::string seconds(Seconds value) { return std::to_string(value.count()) + "s"; }

}  // namespace

struct Client::State : std::enable_shared_from_this<Client::State> {
    State(http::Client& h, std::string n) : http(h), namespace_path(std::move(n)) {}

    http::Client& http;
    const std::string namespace_path;
    // X-Vault-Index of the last change made through this client: a standby that lags forwards instead of answering with
    // a state in which the token does not exist yet (OpenBao 2.7 with raft storage; ignored elsewhere).
    std::string index;
    std::minstd_rand jitter{std::random_device{}()};
    std::list<Source> pauses;

    http::Request request(std::string method, std::string_view path, const SecretString* token) const {
        http::Request request{.method = std::move(method), .path = "/v1/" + escape_path(path)};
        if (token != nullptr) {
            // In this form and not as X-Vault-Token, because HTTP/2 libraries keep "authorization" out of the
            // compression tables on both sides (RFC 7541 section 7.1.3).
            SecretString value;
            value.reserve(token->size() + 64);
            value.append("Bearer ").append(*token);
            request.headers.emplace_back("authorization", std::move(value));
        }
        request.headers.emplace_back("x-vault-request", "true");
        if (!namespace_path.empty()) request.headers.emplace_back("x-vault-namespace", namespace_path);
        if (!index.empty()) {
            request.headers.emplace_back("x-vault-index", index);
            request.headers.emplace_back("x-vault-inconsistent", "forward-active-node");
        }
        return request;
    }

    // `make` builds the request anew for each try; `read` turns an answer into the value.
    template <class T, class Make, class Read>
    void call(Repeat repeat, Make make, Read read, Reply<T> reply) {
        const BootTime until = http.loop().now() + limits::kVaultReplyTime;
        attempt<T>(repeat, kTriesAgain, until, std::move(make), std::move(read), std::move(reply));
    }

    template <class T, class Make, class Read>
    void attempt(Repeat repeat, int tries_left, BootTime until, Make make, Read read, Reply<T> reply) {
        Result<http::Request> request = make();
        if (!request) return later<T>(std::move(reply), request.error());
        request->idempotent = repeat != Repeat::never;
        const bool changes = request->method != "GET";
        http.send(std::move(*request), [=, weak = weak_from_this()](Result<http::Response> response) mutable {
            const auto self = weak.lock();
            if (!self) return;
            if (!response) return reply(std::unexpected(no_answer(response.error())));
            if (changes && response->status < 300)
                if (std::string newer = index_of(*response); !newer.empty()) self->index = std::move(newer);
            const Seconds asked = retry_after(*response);
            Result<T> result = read(std::move(*response));
            if (result || tries_left == 0 || !says_not_now(repeat, result.error().reason))
                return reply(std::move(result));
            const bool lag = result.error().reason == Reason::wrapping_token_used;
            const auto pause =
                lag ? kLag * (kTriesAgain - tries_left + 1) : self->pause(kTriesAgain - tries_left, asked);
            if (self->http.loop().now() + pause >= until) return reply(std::move(result));
            const bool paused = self->after(pause, [=]() mutable {
                if (const auto again = weak.lock())
                    again->template attempt<T>(repeat, tries_left - 1, until, std::move(make), std::move(read),
                                               std::move(reply));
            });
            if (!paused) reply(std::move(result));
        });
    }

    std::chrono::microseconds pause(int tries_done, Seconds asked) {
        const auto spread = std::uniform_int_distribution<std::int64_t>(0, kFirstPause.count())(jitter);
        const std::chrono::microseconds own = kFirstPause * (tries_done + 1) + Millis(spread);
        return std::max<std::chrono::microseconds>(own, std::min(asked, kLongestPause));
    }

    bool after(std::chrono::microseconds delay, std::function<void()> run) {
        const auto place = pauses.emplace(pauses.end());
        auto source = http.loop().add_timer(delay, [this, place, run = std::move(run)] {
            const auto keep = shared_from_this();
            const auto action = run;  // the source, and this function with it, goes first
            pauses.erase(place);
            action();
        });
        if (source)
            *place = std::move(*source);
        else
            pauses.erase(place);
        return source.has_value();
    }

    template <class T>
    void later(Reply<T> reply, Error error) {
        const bool queued = after(std::chrono::microseconds(0), [reply, error] { reply(std::unexpected(error)); });
        static_cast<void>(queued);
    }
};

Client::Client(http::Client& http, std::string namespace_path)
    : state_(std::make_shared<State>(http, std::move(namespace_path))) {}
Client::~Client() = default;

void Client::health(Reply<Health> reply) {
    state_->call<Health>(
        Repeat::connection,
        [s = state_.get()]() -> Result<http::Request> { return s->request("GET", "sys/health", nullptr); }, health_of,
        std::move(reply));
}

void Client::read_kv(const SecretString& token, const SecretRef& ref, Reply<KvSecret> reply) {
    const auto make = [s = state_.get(), token, ref]() -> Result<http::Request> {
        CT_CHECK(check_path(ref.mount, "mount"));
        CT_CHECK(check_path(ref.path, "path"));
        return s->request("GET", ref.mount + (ref.kv_version == 2 ? "/data/" : "/") + ref.path, &token);
    };
    const auto read = [version = ref.kv_version](http::Response response) {
        return kv_secret(std::move(response), version);
    };
    state_->call<KvSecret>(Repeat::always, make, read, std::move(reply));
}

void Client::unwrap(const SecretString& wrapping_token, Reply<Token> reply) {
    // No body: a token in header and body destroys the content.
    const auto make = [s = state_.get(), wrapping_token]() -> Result<http::Request> {
        return s->request("POST", "sys/wrapping/unwrap", &wrapping_token);
    };
    state_->call<Token>(Repeat::never, make, unwrapped_token, std::move(reply));
}

void Client::wrapping_lookup(const SecretString& wrapping_token, Reply<std::string> reply) {
    const auto make = [s = state_.get(), wrapping_token]() -> Result<http::Request> {
        auto request = s->request("POST", "sys/wrapping/lookup", nullptr);
        json::Writer body;
        CT_TRY(request.body, body.begin_object().key("token").string(wrapping_token).end_object().take());
        return request;
    };
    state_->call<std::string>(Repeat::patient, make, creation_path, std::move(reply));
}

void Client::mint(const SecretString& token, const MintRequest& mint, Reply<WrappedToken> reply) {
    const std::string path = "auth/token/create/" + mint.role;
    const auto make = [s = state_.get(), token, mint, path]() -> Result<http::Request> {
        CT_CHECK(check_path(mint.role, "token role"));
        if (mint.role.contains('/')) return fail(Reason::invalid_argument, "token role has a '/'");
        // With a wrap TTL of 0 the server sends the token in clear.
        if (mint.wrap_ttl < Seconds(1)) return fail(Reason::invalid_argument, "wrap TTL is below a second");
        if (mint.ttl < Seconds(1)) return fail(Reason::invalid_argument, "TTL is below a second");
        auto request = s->request("POST", path, &token);
        request.headers.emplace_back("x-vault-wrap-ttl", seconds(mint.wrap_ttl));
        json::Writer body;
        body.begin_object().key("ttl").string(seconds(mint.ttl));
        if (!mint.display_name.empty()) body.key("display_name").string(mint.display_name);
        if (!mint.meta.empty()) {
            body.key("meta").begin_object();
            for (const auto& [key, value] : mint.meta)
                body.key(key).string(value);
            body.end_object();
        }
        CT_TRY(request.body, body.end_object().take());
        return request;
    };
    const auto read = [path](http::Response response) { return wrapped_token(std::move(response), path); };
    state_->call<WrappedToken>(Repeat::never, make, read, std::move(reply));
}

void Client::lookup_self(const SecretString& token, Reply<Token> reply) {
    const auto make = [s = state_.get(), token]() -> Result<http::Request> {
        return s->request("GET", "auth/token/lookup-self", &token);
    };
    state_->call<Token>(Repeat::always, make, token_of_lookup, std::move(reply));
}

void Client::renew_self(const SecretString& token, Seconds increment, Reply<Token> reply) {
    const auto make = [s = state_.get(), token, increment]() -> Result<http::Request> {
        auto request = s->request("POST", "auth/token/renew-self", &token);
        json::Writer body;
        CT_TRY(request.body, body.begin_object().key("increment").string(seconds(increment)).end_object().take());
        return request;
    };
    state_->call<Token>(Repeat::always, make, token_of_auth, std::move(reply));
}

void Client::revoke_self(const SecretString& token, Reply<std::monostate> reply) {
    const auto make = [s = state_.get(), token]() -> Result<http::Request> {
        return s->request("POST", "auth/token/revoke-self", &token);
    };
    state_->call<std::monostate>(Repeat::connection, make, revoked, std::move(reply));
}

void Client::revoke_accessor(const SecretString& token, std::string_view accessor, Reply<std::monostate> reply) {
    const auto make = [s = state_.get(), token, accessor = std::string(accessor)]() -> Result<http::Request> {
        auto request = s->request("POST", "auth/token/revoke-accessor", &token);
        json::Writer body;
        CT_TRY(request.body, body.begin_object().key("accessor").string(accessor).end_object().take());
        return request;
    };
    // A token that is gone already is answered with a warning.
    state_->call<std::monostate>(Repeat::connection, make, done, std::move(reply));
}

void Client::login_approle(const SecretString& role_id, const SecretString& secret_id, Reply<Token> reply) {
    const auto make = [s = state_.get(), role_id, secret_id]() -> Result<http::Request> {
        auto request = s->request("POST", "auth/approle/login", nullptr);
        json::Writer body;
        body.begin_object().key("role_id").string(role_id).key("secret_id").string(secret_id).end_object();
        CT_TRY(request.body, body.take());
        return request;
    };
    state_->call<Token>(Repeat::never, make, login, std::move(reply));
}

void Client::login_jwt(std::string_view role, const SecretString& jwt, Reply<Token> reply) {
    const auto make = [s = state_.get(), role = std::string(role), jwt]() -> Result<http::Request> {
        auto request = s->request("POST", "auth/jwt/login", nullptr);
        json::Writer body;
        body.begin_object().key("role").string(role).key("jwt").string(jwt).end_object();
        CT_TRY(request.body, body.take());
        return request;
    };
    state_->call<Token>(Repeat::never, make, login, std::move(reply));
}

void Client::renew_lease(const SecretString& token, std::string_view lease_id, Seconds increment,
                         Reply<Seconds> reply) {
    const auto make = [s = state_.get(), token, lease = std::string(lease_id), increment]() -> Result<http::Request> {
        auto request = s->request("POST", "sys/leases/renew", &token);
        json::Writer body;
        body.begin_object().key("lease_id").string(lease).key("increment").string(seconds(increment)).end_object();
        CT_TRY(request.body, body.take());
        return request;
    };
    state_->call<Seconds>(Repeat::always, make, lease_duration, std::move(reply));
}

void Client::revoke_lease(const SecretString& token, std::string_view lease_id, Reply<std::monostate> reply) {
    const auto make = [s = state_.get(), token, lease = std::string(lease_id)]() -> Result<http::Request> {
        auto request = s->request("POST", "sys/leases/revoke", &token);
        json::Writer body;
        CT_TRY(request.body, body.begin_object().key("lease_id").string(lease).end_object().take());
        return request;
    };
    state_->call<std::monostate>(Repeat::connection, make, done, std::move(reply));
}

}  // namespace ct::openbao
