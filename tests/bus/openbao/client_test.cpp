// SPDX-License-Identifier: Apache-2.0
// Every way in which a real OpenBao says no, and the reason that becomes of it.
#include "openbao/client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "openbao/answer.h"
#include "support/bao.h"
#include "support/http_rig.h"

namespace ct::openbao {
namespace {

using test::Bao;
using test::HttpRig;

SecretString secret(const std::string& text) {
    SecretString out;
    out.reserve(text.size() + 32);  // past the small-string buffer
    return out.append(text);
}

struct Rig : HttpRig {
    explicit Rig(const Bao& bao, Millis timeout = limits::kVaultReplyTime) : HttpRig(with(bao, timeout), bao.dial()) {}
    static http::Options with(const Bao& bao, Millis timeout) {
        auto options = bao.http_options();
        options.timeout = timeout;
        return options;
    }
    Result<KvSecret> read(const std::string& token, std::string path, int version = 2) {
        const SecretRef ref{version == 2 ? "kv" : "kv1", std::move(path), "password", version};
        return wait<KvSecret>([&](auto reply) { vault.read_kv(secret(token), ref, reply); });
    }
    Result<Health> health() {
        return wait<Health>([&](auto reply) { vault.health(reply); });
    }
    Result<WrappedToken> mint(const std::string& token, MintRequest request) {
        return wait<WrappedToken>([&](auto reply) { vault.mint(secret(token), request, reply); });
    }
    Result<Token> unwrap(const SecretString& token) {
        return wait<Token>([&](auto reply) { vault.unwrap(token, reply); });
    }
    Result<std::string> lookup(const SecretString& token) {
        return wait<std::string>([&](auto reply) { vault.wrapping_lookup(token, reply); });
    }
    Result<Token> lookup_self(const std::string& token) {
        return wait<Token>([&](auto reply) { vault.lookup_self(secret(token), reply); });
    }
    Result<Token> renew(const std::string& token, Seconds increment) {
        return wait<Token>([&](auto reply) { vault.renew_self(secret(token), increment, reply); });
    }
    Result<std::monostate> revoke_accessor(const std::string& token, const std::string& accessor) {
        return wait<std::monostate>([&](auto reply) { vault.revoke_accessor(secret(token), accessor, reply); });
    }
    Result<std::monostate> revoke(const std::string& token) {
        return wait<std::monostate>([&](auto reply) { vault.revoke_self(secret(token), reply); });
    }
    Result<Token> approle(const std::string& role, const std::string& id) {
        return wait<Token>([&](auto reply) { vault.login_approle(secret(role), secret(id), reply); });
    }
    Result<Token> jwt(const std::string& role, const std::string& token) {
        return wait<Token>([&](auto reply) { vault.login_jwt(role, secret(token), reply); });
    }
    Client vault{*client};
};

template <class T>
std::string why(const Result<T>& result) {
    return result ? "ok" : std::string(to_string(result.error().reason));
}

MintRequest payments() {
    MintRequest request;
    request.role = "wl-payments";
    return request;
}

// One server for all tests that leave it as it was.
class OpenBaoClient : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (Bao::missing()) return;
        auto started = Bao::start();
        ASSERT_TRUE(started) << started.error().to_string();
        bao = std::move(*started);
        bao->put_kv("payments", R"({"password":"hunter2"})");
        reader = bao->make_token(R"({"policies":["wl-payments"]})");
        gate = bao->gate_token();
    }
    static void TearDownTestSuite() { bao.reset(); }
    void SetUp() override { CT_NEEDS_BAO(); }
    static inline std::unique_ptr<Bao> bao;
    static inline std::string reader, gate;
};

TEST_F(OpenBaoClient, ReadsBothVersionsOfTheKvEngine) {
    Rig rig(*bao);
    bao->put_kv("payments/v2", R"({"password":"one"})");
    bao->put_kv("payments/v2", R"({"password":"two","port":5432,"on":true})");
    bao->put_kv1("payments", R"({"password":"three","rate":1.10})");
    const auto two = rig.read(reader, "payments/v2");
    ASSERT_TRUE(two) << two.error().to_string();
    EXPECT_EQ(as_text(*two->field("password")), "two");
    EXPECT_EQ(as_text(*two->field("port")), "5432");
    EXPECT_EQ(as_text(*two->field("on")), "true");
    EXPECT_EQ(two->version(), 2U);
    const auto one = rig.read(reader, "payments", 1);
    ASSERT_TRUE(one) << one.error().to_string();
    EXPECT_EQ(as_text(*one->field("password")), "three");
    EXPECT_EQ(as_text(*one->field("rate")), "1.10") << "version 1 keeps the text of numbers";
    EXPECT_EQ(one->version(), 0U);
}

TEST_F(OpenBaoClient, ReadsValuesOfEveryShape) {
    Rig rig(*bao);
    using namespace std::string_view_literals;
    const auto read_back = [&](const std::string& json) {
        bao->put_kv("payments/shape", "{\"password\":" + json + "}");
        auto got = rig.read(reader, "payments/shape");
        EXPECT_TRUE(got) << got.error().to_string();
        return got ? std::string(as_text(*got->field("password"))) : std::string();
    };
    EXPECT_EQ(read_back("\"\""), "");
    EXPECT_EQ(read_back(R"("a\u0000b\nc\td\"e\\f<>&")"), "a\0b\nc\td\"e\\f<>&"sv);
    EXPECT_EQ(read_back("\"\xE2\x82\xAC \xF0\x9F\x98\x80 \xE2\x80\xA8 \x7F\""),
              "\xE2\x82\xAC \xF0\x9F\x98\x80 \xE2\x80\xA8 \x7F");
    const std::string mebibyte(1 << 20, 'm');
    EXPECT_EQ(read_back("\"" + mebibyte + "\""), mebibyte);
    std::string controls, escaped;
    for (int i = 0; i < (1 << 20); ++i)
        controls += '\x01', escaped += "\\u0001";
    EXPECT_EQ(read_back("\"" + escaped + "\""), controls) << "six times as long on the wire";
    bao->put_kv("payments/shape", "{\"password\":\"" + mebibyte + "m\"}");
    EXPECT_EQ(why(rig.read(reader, "payments/shape")), "value_too_large");
    bao->put_kv("payments/shape", "{}");
    EXPECT_TRUE(rig.read(reader, "payments/shape")->names().empty());
}

TEST_F(OpenBaoClient, ReadsPathsWithAnyCharacter) {
    Rig rig(*bao);
    bao->put_kv("payments/a%20b%3Fc%23d%25e%C3%A9.", R"({"password":"odd"})");
    const auto got = rig.read(reader, "payments/a b?c#d%e\xC3\xA9.");
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(as_text(*got->field("password")), "odd");
    for (const std::string path : {"payments/../payments", "payments//x", "payments/", "payments/a\nb"})
        EXPECT_EQ(why(rig.read(reader, path)), "invalid_argument") << path;
}

TEST_F(OpenBaoClient, TellsTheTwoKindsOf403Apart) {
    Rig rig(*bao);
    EXPECT_EQ(why(rig.read(reader, "other")), "vault_denied");
    EXPECT_EQ(why(rig.read("s.neverexisted0000000000000", "payments")), "vault_token_invalid");
    const std::string once = bao->make_token(R"({"policies":["wl-payments"],"num_uses":1})");
    EXPECT_EQ(why(rig.read(once, "payments")), "ok");
    EXPECT_EQ(why(rig.read(once, "payments")), "vault_token_invalid") << "used up";
}

TEST_F(OpenBaoClient, TellsAbsentFromDeletedAndDestroyed) {
    Rig rig(*bao);
    EXPECT_EQ(why(rig.read(reader, "payments/never")), "vault_not_found");
    EXPECT_EQ(why(rig.read(reader, "payments/never", 1)), "vault_not_found");
    bao->put_kv("payments/gone", R"({"password":"x"})");
    ASSERT_EQ(bao->admin("DELETE", "kv/data/payments/gone").status, 204);
    EXPECT_EQ(why(rig.read(reader, "payments/gone")), "vault_version_deleted");
    ASSERT_EQ(bao->admin("PUT", "kv/destroy/payments/gone", R"({"versions":[1]})").status, 204);
    EXPECT_EQ(why(rig.read(reader, "payments/gone")), "vault_version_deleted");
    ASSERT_EQ(bao->admin("DELETE", "kv/metadata/payments/gone").status, 204);
    EXPECT_EQ(why(rig.read(reader, "payments/gone")), "vault_not_found");
}

TEST_F(OpenBaoClient, KnowsAnActiveServer) {
    Rig rig(*bao);
    const auto health = rig.health();
    ASSERT_TRUE(health) << health.error().to_string();
    EXPECT_TRUE(health->initialized && !health->sealed && !health->standby);
    EXPECT_EQ(health->version, bao->version());
}

TEST_F(OpenBaoClient, MintsThroughTheRoleAndUnwrapsOnce) {
    Rig rig(*bao);
    MintRequest request = payments();
    request.ttl = Seconds(120);
    request.display_name = "node-7";
    request.meta = {{"evidence", "tpm2"}};
    const auto wrapped = rig.mint(gate, request);
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    EXPECT_EQ(wrapped->creation_path, "auth/token/create/wl-payments");
    EXPECT_EQ(wrapped->ttl, Seconds(30));
    EXPECT_FALSE(wrapped->accessor.empty());
    EXPECT_EQ(rig.lookup(wrapped->value), "auth/token/create/wl-payments") << "a look does not open it";
    const auto token = rig.unwrap(wrapped->value);
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(token->accessor, wrapped->wrapped_accessor);
    EXPECT_EQ(token->policies, std::vector<std::string>{"wl-payments"});
    EXPECT_EQ(token->ttl, Seconds(120));
    EXPECT_FALSE(token->renewable);
    EXPECT_EQ(why(rig.read(std::string(token->value), "payments")), "ok");

    const auto before = rig.client->counters().requests;
    EXPECT_EQ(why(rig.unwrap(wrapped->value)), "wrapping_token_used");
    EXPECT_EQ(rig.client->counters().requests - before, 1U) << "an alarm, never tried again";
    EXPECT_EQ(why(rig.lookup(wrapped->value)), "wrapping_token_used");
    EXPECT_EQ(why(rig.unwrap(secret("s.neverexisted0000000000000"))), "wrapping_token_used");

    EXPECT_EQ(why(rig.revoke(std::string(token->value))), "ok");
    EXPECT_EQ(why(rig.read(std::string(token->value), "payments")), "vault_token_invalid");
    EXPECT_EQ(why(rig.revoke(std::string(token->value))), "ok") << "gone is gone";
}

TEST_F(OpenBaoClient, TheGateEndsATokenByItsAccessor) {
    Rig rig(*bao);
    const auto wrapped = rig.mint(gate, payments()).value();
    const auto token = rig.unwrap(wrapped.value);
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(why(rig.revoke_accessor(gate, token->accessor)), "ok");
    EXPECT_EQ(why(rig.read(std::string(token->value), "payments")), "vault_token_invalid");
    EXPECT_EQ(why(rig.revoke_accessor(gate, token->accessor)), "ok") << "gone is gone";
    // One that nobody has opened yet is worth nothing any more either.
    const auto unopened = rig.mint(gate, payments()).value();
    EXPECT_EQ(why(rig.revoke_accessor(gate, unopened.wrapped_accessor)), "ok");
    const auto late = rig.unwrap(unopened.value);
    if (late) {
        EXPECT_EQ(why(rig.read(std::string(late->value), "payments")), "vault_token_invalid");
    }
}

TEST_F(OpenBaoClient, OneOfTwoUnwrapsAtOnceIsAnAlarm) {
    Rig rig(*bao);
    http::Client other(rig.loop, bao->http_options(), bao->dial());
    Client thief(other);
    const auto wrapped = rig.mint(gate, payments()).value();
    ASSERT_TRUE(rig.wait<Health>([&](auto reply) { thief.health(reply); }));  // both have their connection
    std::vector<std::string> results;
    for (Client* side : {&rig.vault, &thief})
        side->unwrap(wrapped.value, [&](const Result<Token>& token) { results.push_back(why(token)); });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return results.size() == 2; }));
    std::ranges::sort(results);
    EXPECT_EQ(results, (std::vector<std::string>{"ok", "wrapping_token_used"}));
}

TEST_F(OpenBaoClient, TheGatesTokenCanDoNothingElse) {
    Rig rig(*bao);
    bao->add_workload("other");
    EXPECT_EQ(why(rig.mint(gate, payments())), "ok");
    MintRequest request = payments();
    request.wrap_ttl = Seconds(91);
    EXPECT_EQ(why(rig.mint(gate, request)), "vault_denied") << "wrapped for too long";
    request = payments();
    request.role = "wl-unknown";
    EXPECT_EQ(why(rig.mint(gate, request)), "vault_denied");
    request.role = "wl-payments/../wl-other";
    EXPECT_EQ(why(rig.mint(gate, request)), "invalid_argument");
    request = payments();
    request.wrap_ttl = Seconds(0);
    EXPECT_EQ(why(rig.mint(gate, request)), "invalid_argument") << "the server would answer in clear";
    EXPECT_EQ(why(rig.read(gate, "payments")), "vault_denied");
    request = payments();
    request.ttl = Seconds(90'000);
    const auto capped = rig.unwrap(rig.mint(gate, request)->value);
    EXPECT_EQ(capped->ttl, Seconds(900)) << "the role's cap";

    const auto refused = [&](const std::string& path, const std::string& body) {
        return bao->call(gate, "POST", path, body).status;
    };
    EXPECT_EQ(refused("auth/token/create/wl-payments", "{}"), 403) << "not wrapped";
    EXPECT_EQ(refused("auth/token/create", "{}"), 403);
    EXPECT_EQ(refused("auth/token/create-orphan", "{}"), 403);
    EXPECT_EQ(refused("auth/token/roles/wl-payments", R"({"allowed_policies":["root"]})"), 403);
    EXPECT_EQ(refused("sys/policies/acl/wl-payments", R"({"policy":"path \"*\" {capabilities=[\"read\"]}"})"), 403);
    EXPECT_EQ(
        bao->call(gate, "POST", "auth/token/create/wl-payments", R"({"policies":["rig"]})", {"X-Vault-Wrap-TTL: 30"})
            .status,
        403);
}

// What a server would do whose policy does not force wrapping, asked with a header that it ignores.
TEST_F(OpenBaoClient, DropsAnAnswerThatIsNotWrapped) {
    Rig rig(*bao);
    http::Request request;
    request.method = "POST";
    request.path = "/v1/auth/token/create/wl-payments";
    request.headers.emplace_back("x-vault-token", SecretString("rig-administrator"));
    auto clear = rig.send(std::move(request));
    ASSERT_TRUE(clear);
    ASSERT_EQ(clear->status, 200);
    EXPECT_EQ(why(wrapped_token(std::move(*clear), "auth/token/create/wl-payments")), "mint_not_wrapped");
    request = {};
    request.method = "POST";
    request.path = "/v1/auth/token/create/wl-payments";
    request.headers.emplace_back("x-vault-token", SecretString("rig-administrator"));
    request.headers.emplace_back("x-vault-wrap-ttl", SecretString("0"));
    clear = rig.send(std::move(request));
    ASSERT_TRUE(clear);
    EXPECT_EQ(why(wrapped_token(std::move(*clear), "auth/token/create/wl-payments")), "mint_not_wrapped");
}

TEST_F(OpenBaoClient, LooksUpAndRenewsItsToken) {
    Rig rig(*bao);
    const auto self = rig.lookup_self(gate);
    ASSERT_TRUE(self) << self.error().to_string();
    EXPECT_EQ(self->value, secret(gate));
    EXPECT_TRUE(self->renewable);
    EXPECT_EQ(self->policies, std::vector<std::string>{"gate"});
    const auto renewed = rig.renew(gate, Seconds(60));
    ASSERT_TRUE(renewed) << renewed.error().to_string();
    EXPECT_EQ(renewed->ttl, Seconds(24 * 3600)) << "periodic: always its period";
    const std::string fixed = bao->make_token(R"({"policies":["default"],"renewable":false,"ttl":"60s"})");
    EXPECT_EQ(why(rig.renew(fixed, Seconds(60))), "vault_rejected");
    EXPECT_EQ(why(rig.renew("s.neverexisted0000000000000", Seconds(60))), "vault_token_invalid");
    EXPECT_EQ(why(rig.lookup_self(reader)), "ok");
    const std::string bare = bao->make_token(R"({"policies":["gate"],"no_default_policy":true,"no_parent":true})");
    EXPECT_EQ(why(rig.revoke(bare)), "vault_denied") << "no policy lets it";
}

TEST_F(OpenBaoClient, LogsInWithAnAppRole) {
    Rig rig(*bao);
    ASSERT_EQ(bao->admin("POST", "sys/auth/approle", R"({"type":"approle"})").status, 204);
    ASSERT_EQ(
        bao->admin("POST", "auth/approle/role/r", R"({"token_policies":["wl-payments"],"role_id":"the-role"})").status,
        204);
    const std::string id = bao->admin("POST", "auth/approle/role/r/secret-id").text("secret_id");
    const auto token = rig.approle("the-role", id);
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(why(rig.read(std::string(token->value), "payments")), "ok");
    EXPECT_EQ(why(rig.approle("no-such-role", id)), "vault_denied");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(why(rig.approle("the-role", "wrong")), "vault_denied");
    EXPECT_EQ(why(rig.approle("the-role", id)), "vault_rejected") << "locked out for a while, and not for good";
}

TEST_F(OpenBaoClient, LogsInWithAJwt) {
    Rig rig(*bao);
    const test::TempDir directory;
    // A key and a token signed with it, by the openssl program alone.
    const auto made = test::run({.argv = {"sh", "-ec", R"sh(
openssl genrsa -out key.pem 2048 2>/dev/null
openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
now=$(date +%s)
head=$(printf '{"alg":"RS256","typ":"JWT"}' | b64)
body=$(printf '{"iss":"test","sub":"node","aud":"openbao","iat":%d,"exp":%d}' "$now" "$((now+300))" | b64)
sig=$(printf %s.%s "$head" "$body" | openssl dgst -sha256 -sign key.pem -binary | b64)
printf %s.%s.%s "$head" "$body" "$sig"
)sh"},
                                 .directory = directory.path()});
    ASSERT_EQ(made.code, 0) << made.output;
    std::string pem = read_file(directory.file("public.pem"), 4096).value(), quoted;
    for (const char c : pem)
        c == '\n' ? quoted += "\\n" : quoted += c;
    ASSERT_EQ(bao->admin("POST", "sys/auth/jwt", R"({"type":"jwt"})").status, 204);
    ASSERT_EQ(bao->admin("POST", "auth/jwt/config", "{\"jwt_validation_pubkeys\":[\"" + quoted + "\"]}").status, 204);
    ASSERT_LT(
        bao->admin(
               "POST", "auth/jwt/role/node",
               R"({"role_type":"jwt","user_claim":"sub","bound_audiences":["openbao"],"token_policies":["wl-payments"]})")
            .status,
        300);
    const auto token = rig.jwt("node", made.output);
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(why(rig.read(std::string(token->value), "payments")), "ok");
    std::string forged = made.output;
    forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
    EXPECT_EQ(why(rig.jwt("node", forged)), "vault_denied");
    EXPECT_EQ(why(rig.jwt("other", made.output)), "vault_denied");
}

TEST_F(OpenBaoClient, ReadsInANamespace) {
    ASSERT_EQ(bao->admin("POST", "sys/namespaces/team").status, 200);
    const auto in_team = [&](const std::string& method, const std::string& path, const std::string& body) {
        return bao->call("rig-administrator", method, "team/" + path, body).status;
    };
    // The administrator's policy is one of the root namespace and reaches into the new one.
    ASSERT_EQ(in_team("POST", "sys/mounts/kv", R"({"type":"kv","options":{"version":"2"}})"), 204);
    ASSERT_EQ(in_team("POST", "kv/data/payments", R"({"data":{"password":"of the team"}})"), 200);
    HttpRig http(bao->http_options(), bao->dial());
    const SecretRef ref{"kv", "payments", "password", 2};
    {
        Client vault(*http.client, "team");
        const auto got =
            http.wait<KvSecret>([&](auto reply) { vault.read_kv(secret("rig-administrator"), ref, reply); });
        ASSERT_TRUE(got) << got.error().to_string();
        EXPECT_EQ(as_text(*got->field("password")), "of the team");
    }
    Client nowhere(*http.client, "no/such/space");
    EXPECT_EQ(why(http.wait<KvSecret>([&](auto reply) { nowhere.read_kv(secret("rig-administrator"), ref, reply); })),
              "vault_not_found");
}

TEST_F(OpenBaoClient, SaysThatALeaseIsUnknown) {
    Rig rig(*bao);
    EXPECT_EQ(why(rig.wait<Seconds>([&](auto reply) {
                  rig.vault.renew_lease(secret("rig-administrator"), "database/creds/x/none", Seconds(60), reply);
              })),
              "vault_not_found");
    EXPECT_EQ(why(rig.wait<std::monostate>([&](auto reply) {
                  rig.vault.revoke_lease(secret("rig-administrator"), "database/creds/x/none", reply);
              })),
              "ok")
        << "what is not there is revoked";
}

// The one engine with renewable leases whose other end is quickly made: a few lines that answer as RabbitMQ's API does.
TEST_F(OpenBaoClient, RenewsAndRevokesALease) {
    const test::TempDir directory;
    const std::string script = R"(
import http.server
class Stub(http.server.BaseHTTPRequestHandler):
    def do(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"[]" if self.command == "GET" else b""
        self.send_response({"PUT": 201, "DELETE": 204}.get(self.command, 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_PUT = do_DELETE = do
server = http.server.HTTPServer(("127.0.0.1", 0), Stub)
print("port", server.server_port, "end", flush=True)
server.serve_forever()
)";
    const std::string log = directory.write("log", "");
    auto stub = test::Child::start({.argv = {"python3", "-c", script}, .output = log});
    ASSERT_TRUE(stub);
    ASSERT_TRUE(test::wait_for_text(log, "end", *stub, Millis(20'000)));
    const std::string port = std::to_string(std::stoi(read_file(log, 4096)->substr(5)));
    ASSERT_EQ(bao->admin("POST", "sys/mounts/rabbitmq", R"({"type":"rabbitmq"})").status, 204);
    const auto connected =
        bao->admin("POST", "rabbitmq/config/connection",
                   R"({"connection_uri":"http://127.0.0.1:)" + port + R"(","username":"admin","password":"admin"})");
    ASSERT_LT(connected.status, 300) << connected.body;
    ASSERT_LT(bao->admin("POST", "rabbitmq/config/lease", R"({"ttl":120,"max_ttl":600})").status, 300);
    ASSERT_LT(bao->admin("POST", "rabbitmq/roles/r", R"({"tags":"management"})").status, 300);
    const auto creds = bao->admin("GET", "rabbitmq/creds/r");
    ASSERT_EQ(creds.status, 200) << creds.body;
    const std::string lease = creds.text("lease_id");

    Rig rig(*bao);
    const auto renew = [&](Seconds increment) {
        return rig.wait<Seconds>(
            [&](auto reply) { rig.vault.renew_lease(secret("rig-administrator"), lease, increment, reply); });
    };
    EXPECT_EQ(renew(Seconds(300)), Seconds(300));
    const auto capped = renew(Seconds(5000));
    ASSERT_TRUE(capped) << capped.error().to_string();
    EXPECT_LE(*capped, Seconds(600)) << "what the server grants counts, not what was asked for";
    EXPECT_EQ(why(rig.wait<std::monostate>(
                  [&](auto reply) { rig.vault.revoke_lease(secret("rig-administrator"), lease, reply); })),
              "ok");
    ASSERT_TRUE(test::wait_for_text(log, "DELETE", *stub, Millis(20'000))) << "the server revokes in the background";
    EXPECT_EQ(why(renew(Seconds(60))), "vault_not_found");
    EXPECT_EQ(why(rig.wait<std::monostate>([&](auto reply) { rig.vault.revoke_lease(secret(reader), lease, reply); })),
              "vault_denied");
}

TEST_F(OpenBaoClient, NoTokenOrValueIsInTheAuditLog) {
    Rig rig(*bao);
    ASSERT_TRUE(rig.read(reader, "payments"));
    const std::string audit = bao->audit_log();
    EXPECT_TRUE(audit.contains("kv/data/payments"));
    EXPECT_FALSE(audit.contains("hunter2"));
    EXPECT_FALSE(audit.contains(reader));
}

// Tests that break the server have one of their own.

// The two ways that the documentation gives to prepare a server lead to the same.
TEST(OpenBaoSetup, TheScriptDoesWhatTheInitialiseStanzaDoes) {
    CT_NEEDS_BAO();
    const auto stanza = std::move(Bao::start().value());
    auto plain = std::move(Bao::start({.kind = Bao::Kind::empty, .version = ""}).value());
    plain->initialize();
    plain->unseal();
    std::string gate;
    for (int i = 0; i < 2; ++i) {
        const auto ran = test::run(
            {.argv = {CT_SOURCE_DIR "/docs/examples/openbao/setup.sh"},
             .environment = {{"PATH", std::filesystem::path(plain->binary()).parent_path().string() + ":/usr/bin:/bin"},
                             {"HOME", "/nonexistent"},
                             {"BAO_ADDR", plain->url()},
                             {"BAO_CACERT", plain->ca_file()},
                             {"BAO_TOKEN", plain->administrator()}}});
        ASSERT_EQ(ran.code, 0) << ran.output;
        gate = ran.output.substr(ran.output.rfind("s."));
        while (gate.ends_with('\n'))
            gate.pop_back();
    }
    for (const std::string path : {"sys/policies/acl/gate", "sys/policies/acl/wl-payments"})
        EXPECT_EQ(plain->admin("GET", path).text("policy"), stanza->admin("GET", path).text("policy")) << path;
    const auto role = [](const Bao& bao) {
        const auto body = bao.admin("GET", "auth/token/roles/wl-payments").body;
        const std::size_t data = body.find("\"data\":");
        return body.substr(data, body.find("\"wrap_info\"") - data);
    };
    EXPECT_EQ(role(*plain), role(*stanza));
    EXPECT_TRUE(role(*plain).contains("wl-payments"));

    plain->put_kv("payments", R"({"password":"p"})");
    Rig rig(*plain);
    const auto wrapped = rig.mint(gate, payments());
    ASSERT_TRUE(wrapped) << wrapped.error().to_string();
    const auto token = rig.unwrap(wrapped->value);
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(why(rig.read(std::string(token->value), "payments")), "ok");
    EXPECT_GT(rig.lookup_self(gate)->ttl, Seconds(23 * 3600));
}

TEST(OpenBaoClientFailures, SealedUninitialisedAndBack) {
    CT_NEEDS_BAO();
    auto bao = std::move(Bao::start({.kind = Bao::Kind::empty, .version = ""}).value());
    Rig rig(*bao);
    EXPECT_FALSE(rig.health()->initialized);
    EXPECT_EQ(why(rig.read("s.anything00000000000000000", "payments")), "vault_sealed");
    bao->initialize();
    EXPECT_TRUE(rig.health()->initialized);
    EXPECT_TRUE(rig.health()->sealed);
    EXPECT_EQ(why(rig.read("s.anything00000000000000000", "payments")), "vault_sealed");
    EXPECT_EQ(why(rig.unwrap(secret("s.anything00000000000000000"))), "vault_sealed") << "not taken for a used token";
    bao->unseal();
    ASSERT_EQ(bao->admin("POST", "sys/mounts/kv", R"({"type":"kv","options":{"version":"2"}})").status, 204);
    bao->put_kv("payments", R"({"password":"p"})");
    EXPECT_FALSE(rig.health()->sealed);
    const std::string token = bao->make_token("{}");
    EXPECT_EQ(why(rig.read(token, "payments")), "ok");
    bao->seal();
    EXPECT_EQ(why(rig.read(token, "payments")), "vault_sealed");
    bao->unseal();
    EXPECT_EQ(why(rig.read(token, "payments")), "ok");
}

TEST(OpenBaoClientFailures, StoppedHungAndRestarted) {
    CT_NEEDS_BAO();
    auto bao = std::move(Bao::start().value());
    bao->put_kv("payments", R"({"password":"p"})");
    const std::string token = bao->make_token(R"({"policies":["wl-payments"]})");
    Rig rig(*bao, Millis(500));
    EXPECT_EQ(why(rig.read(token, "payments")), "ok");
    bao->pause();
    const BootTime start = rig.loop.now();
    EXPECT_EQ(why(rig.read(token, "payments")), "vault_timeout") << "a connection that goes dead";
    EXPECT_EQ(why(rig.read(token, "payments")), "vault_timeout") << "a handshake that nobody answers";
    EXPECT_LT(rig.loop.now() - start, Seconds(5));
    bao->resume();
    EXPECT_EQ(why(rig.read(token, "payments")), "ok");
    bao->kill();
    EXPECT_EQ(why(rig.read(token, "payments")), "vault_unreachable");
    ASSERT_TRUE(bao->restart());
    EXPECT_EQ(why(rig.read(token, "payments")), "vault_token_invalid")
        << "all is forgotten, and the client connects anew";
}

TEST(OpenBaoClientFailures, TheWrongAuthority) {
    CT_NEEDS_BAO();
    auto bao = std::move(Bao::start().value());
    const auto foreign = test::Authority::create().value();
    auto options = bao->http_options();
    options.ca_file = foreign.ca_file();
    HttpRig rig(options, bao->dial());
    Client vault(*rig.client);
    EXPECT_EQ(why(rig.wait<Health>([&](auto reply) { vault.health(reply); })), "vault_tls_failed");
}

TEST(OpenBaoClientFailures, TheQuotaKindOf429IsTriedAgainALittle) {
    CT_NEEDS_BAO();
    auto bao = std::move(Bao::start().value());
    bao->put_kv("payments", R"({"password":"p"})");
    const std::string token = bao->make_token(R"({"policies":["wl-payments"]})");
    ASSERT_EQ(bao->admin("POST", "sys/quotas/rate-limit/q", R"({"path":"kv","rate":1,"interval":"60s"})").status, 204);
    Rig rig(*bao);
    EXPECT_EQ(why(rig.read(token, "payments")), "ok");
    const auto before = rig.client->counters().requests;
    const BootTime start = rig.loop.now();
    EXPECT_EQ(why(rig.read(token, "payments")), "vault_rate_limited");
    EXPECT_EQ(rig.client->counters().requests - before, 3U);
    EXPECT_LT(rig.loop.now() - start, limits::kVaultReplyTime);
    // The same status for health, which is no standby's.
    ASSERT_EQ(bao->admin("POST", "sys/quotas/config", R"({"enable_rate_limit_response_headers":true})").status, 204);
    ASSERT_EQ(bao->admin("POST", "sys/quotas/rate-limit/all", R"({"path":"","rate":1,"interval":"60s"})").status, 204);
    static_cast<void>(rig.health());
    EXPECT_EQ(why(rig.health()), "vault_rate_limited");
}

TEST(OpenBaoClientFailures, StandbyStaleAndBehind) {
    CT_NEEDS_BAO();
    auto active = std::move(Bao::start({.kind = Bao::Kind::raft, .version = ""}).value());
    active->put_kv("payments", R"({"password":"p"})");
    const std::string gate = active->gate_token();
    const std::string token = active->make_token(R"({"policies":["wl-payments"]})");
    auto joined = active->start_standby();
    ASSERT_TRUE(joined) << joined.error().to_string();
    const auto standby = std::move(*joined);

    Rig rig(*standby);
    const auto health = rig.health();
    ASSERT_TRUE(health) << health.error().to_string();
    EXPECT_TRUE(health->standby && !health->sealed) << "the first kind of 429";

    // Minted on one node, opened on the other at once. A node that lags does not know the token yet, and says the same as
    // of a used one; the look that comes first has the patience, as it opens nothing.
    Rig first(*active);
    for (int i = 0; i < 20; ++i) {
        const auto wrapped = first.mint(gate, payments());
        ASSERT_TRUE(wrapped) << wrapped.error().to_string();
        ASSERT_EQ(rig.lookup(wrapped->value), "auth/token/create/wl-payments") << i;
        const auto opened = rig.unwrap(wrapped->value);
        ASSERT_TRUE(opened) << i << ": " << opened.error().to_string();
        EXPECT_EQ(why(rig.read(std::string(opened->value), "payments")), "ok") << i;
    }

    // A node may not forward: the request is sent away, and nobody follows.
    http::Request request;
    request.method = "POST";
    request.path = "/v1/auth/token/renew-self";
    request.headers.emplace_back("x-vault-token", secret(gate));
    request.headers.emplace_back("x-vault-no-request-forwarding", SecretString("1"));
    const auto away = rig.send(std::move(request));
    ASSERT_TRUE(away) << away.error().to_string();
    EXPECT_EQ(away->status, 307);
    EXPECT_EQ(refusal(*away).reason, Reason::vault_standby);

    if (standby->version() >= "2.7") {
        // An index of the future: this cluster's, far ahead.
        const auto written = active->admin("POST", "kv/data/payments/x", R"({"data":{"a":"b"}})");
        const std::string index = written.headers.at("x-vault-index");
        const auto decoded =
            test::run({.argv = {"sh", "-ec",
                                "printf %s '" + index +
                                    "' | base64 -d | sed -E 's/\"value\":\"[0-9]+\"/\"value\":\"999999999\"/' | "
                                    "base64 -w0"}});
        ASSERT_EQ(decoded.code, 0);
        request = {};
        request.path = "/v1/kv/data/payments";
        request.headers.emplace_back("x-vault-token", secret(token));
        request.headers.emplace_back("x-vault-index", SecretString(decoded.output));
        const auto behind = rig.send(std::move(request));
        ASSERT_TRUE(behind) << behind.error().to_string();
        EXPECT_EQ(behind->status, 429) << decoded.output;
        EXPECT_EQ(refusal(*behind).reason, Reason::vault_index_behind);
        EXPECT_EQ(retry_after(*behind), Seconds(1));
    }

    // The active node dies: reads go on, and may be stale; changes have nowhere to go.
    active->kill();
    EXPECT_TRUE(rig.health()->standby);
    EXPECT_EQ(why(rig.read(token, "payments")), "ok");
    const auto renewed = rig.renew(gate, Seconds(60));
    EXPECT_TRUE(why(renewed) == "vault_standby" || why(renewed) == "vault_failed") << why(renewed);
}

}  // namespace
}  // namespace ct::openbao
