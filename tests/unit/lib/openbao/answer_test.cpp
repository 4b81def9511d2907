// SPDX-License-Identifier: Apache-2.0
// Answers as OpenBao 2.7.2 and 2.6.2 give them, word for word but for volatile fields.
#include "openbao/answer.h"

#include <gtest/gtest.h>

#include <string>

namespace ct::openbao {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

http::Response answer(int status, std::string_view body, Headers headers = {}) {
    return {.status = status, .headers = std::move(headers), .body = SecretBuffer::copy_of(as_bytes(body)).value()};
}

std::string kv2(std::string_view data, std::string_view version = "3") {
    return "{\"request_id\":\"r\",\"lease_id\":\"\",\"renewable\":false,\"lease_duration\":0,\"data\":{\"data\":" +
           std::string(data) +
           ",\"metadata\":{\"created_time\":\"2026-11-24T00:00:00Z\",\"custom_metadata\":null,\"deletion_time\":\"\","
           "\"destroyed\":false,\"version\":" +
           std::string(version) + "}},\"wrap_info\":null,\"warnings\":null,\"auth\":null}\n";
}

std::string_view text(const KvSecret& secret, std::string_view field) { return as_text(*secret.field(field)); }

TEST(Refusal, HasOneReasonForEachKindOfAnswer) {
    const std::string_view kPolicy = R"({"errors":["1 error occurred:\n\t* permission denied\n\n"]})";
    struct Case {
        int status;
        std::string_view body;
        Headers headers;
        Reason reason;
    };
    for (const Case& c : {
             Case{400, R"({"errors":["failed to decode JSON input: EOF"]})", {}, Reason::vault_rejected},
             Case{400, "", {}, Reason::vault_rejected},
             Case{403, R"({"errors":["permission denied"]})", {}, Reason::vault_token_invalid},
             Case{403, R"({"errors":["bad token"]})", {}, Reason::vault_token_invalid},
             Case{403, "<html>", {}, Reason::vault_token_invalid},
             Case{403, kPolicy, {}, Reason::vault_denied},
             Case{404, R"({"errors":[]})", {}, Reason::vault_not_found},
             Case{404, R"({"errors":["namespace not found"]})", {}, Reason::vault_not_found},
             Case{405, R"({"errors":[]})", {}, Reason::vault_rejected},
             Case{413, "", {}, Reason::vault_rejected},
             Case{415, "", {}, Reason::vault_rejected},
             Case{307, "", {{"location", "https://10.0.0.1:8200/v1/x"}}, Reason::vault_standby},
             Case{307, "<a href=\"/v1/x\">", {{"location", "/v1/x"}}, Reason::vault_redirect},
             Case{301, "", {}, Reason::vault_redirect},
             Case{429,
                  R"({"errors":["request path \"kv/data/p\": rate limit quota exceeded"]})",
                  {},
                  Reason::vault_rate_limited},
             Case{429,
                  R"({"errors":["request path \"p\": rate limit quota exceeded"]})",
                  {{"retry-after", "1"}, {"x-ratelimit-limit", "1"}},
                  Reason::vault_rate_limited},
             Case{429, R"({"errors":[]})", {{"retry-after", "1"}}, Reason::vault_index_behind},
             Case{429, "", {}, Reason::vault_rate_limited},
             Case{500, R"({"errors":["internal error"]})", {}, Reason::vault_failed},
             Case{501, R"({"initialized":false})", {}, Reason::vault_uninitialized},
             Case{502, "", {}, Reason::vault_failed},
             Case{503, R"({"errors":["Vault is sealed"]})", {}, Reason::vault_sealed},
             Case{503, R"({"errors":["namespace is sealed"]})", {}, Reason::vault_sealed},
             Case{503, R"({"errors":["no active node"]})", {}, Reason::vault_failed},
             Case{504, "", {}, Reason::vault_failed},
         }) {
        const Error error = refusal(answer(c.status, c.body, c.headers));
        EXPECT_EQ(to_string(error.reason), to_string(c.reason)) << c.status << " " << c.body;
        EXPECT_NE(error.context.find(std::to_string(c.status)), std::string::npos);
    }
}

TEST(Refusal, NeverQuotesTheServer) {
    const Error error = refusal(answer(403, R"({"errors":["permission denied for hunter2"]})"));
    EXPECT_EQ(error.to_string().find("hunter2"), std::string::npos);
}

TEST(NoAnswer, SpeaksOfTheVault) {
    for (const auto& [from, to] : {std::pair{Reason::upstream_unreachable, Reason::vault_unreachable},
                                   {Reason::io_failed, Reason::vault_unreachable},
                                   {Reason::timed_out, Reason::vault_timeout},
                                   {Reason::tls_failed, Reason::vault_tls_failed},
                                   {Reason::tls_certificate_expired, Reason::tls_certificate_expired},
                                   {Reason::malformed, Reason::vault_malformed},
                                   {Reason::too_large, Reason::vault_malformed},
                                   {Reason::memlock_limit, Reason::memlock_limit},
                                   {Reason::daemon_unavailable, Reason::daemon_unavailable},
                                   {Reason::upstream_unknown, Reason::upstream_unknown}})
        EXPECT_EQ(no_answer({from, "", 0}).reason, to) << to_string(from);
}

TEST(KvAnswer, GivesTextOfStringsAndNumbersAsTheyAre) {
    using namespace std::string_view_literals;
    const auto secret = kv_secret(
        answer(200, kv2(R"({"empty":"","nul":"a\u0000b\nc","num":1.10,"big":9007199254740993,"yes":true,"none":null,)"
                        R"("list":[1.50,"\u003c"],"map":{"b":{"c":"d"}},"":"no name"})")),
        2);
    ASSERT_TRUE(secret) << secret.error().to_string();
    EXPECT_EQ(secret->version(), 3U);
    EXPECT_EQ(text(*secret, "empty"), "");
    EXPECT_EQ(text(*secret, "nul"), "a\0b\nc"sv);
    EXPECT_EQ(text(*secret, "num"), "1.10");
    EXPECT_EQ(text(*secret, "big"), "9007199254740993");
    EXPECT_EQ(text(*secret, "yes"), "true");
    EXPECT_EQ(text(*secret, "none"), "null");
    EXPECT_EQ(text(*secret, "list"), R"([1.50,"<"])");
    EXPECT_EQ(text(*secret, "map"), R"({"b":{"c":"d"}})");
    EXPECT_EQ(text(*secret, ""), "no name");
    EXPECT_FALSE(secret->field("absent"));
    EXPECT_EQ(secret->names().size(), 9U);
}

TEST(KvAnswer, ReadsVersionOneAtTheTopOfData) {
    const auto secret = kv_secret(
        answer(200, R"({"lease_duration":2764800,"data":{"password":"p","data":"d","metadata":"m"},"auth":null})"), 1);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->version(), 0U);
    EXPECT_EQ(text(*secret, "password"), "p");
    EXPECT_EQ(text(*secret, "data"), "d");
}

TEST(KvAnswer, TakesASecretWithoutFields) {
    EXPECT_TRUE(kv_secret(answer(200, kv2("null")), 2)->names().empty());
    EXPECT_TRUE(kv_secret(answer(200, kv2("{}")), 2)->names().empty());
}

TEST(KvAnswer, TellsDeletedFromAbsent) {
    const std::string deleted =
        R"({"request_id":"r","data":{"data":null,"metadata":{"deletion_time":"2026-11-24T00:00:00Z","destroyed":false,)"
        R"("version":3}},"auth":null})";
    EXPECT_EQ(kv_secret(answer(404, deleted), 2).error().reason, Reason::vault_version_deleted);
    EXPECT_EQ(kv_secret(answer(404, R"({"errors":[]})"), 2).error().reason, Reason::vault_not_found);
    EXPECT_EQ(kv_secret(answer(404, R"({"errors":[]})"), 1).error().reason, Reason::vault_not_found);
    EXPECT_EQ(kv_secret(answer(404, ""), 2).error().reason, Reason::vault_not_found);
}

TEST(KvAnswer, RefusesWhatItDoesNotUnderstand) {
    for (const std::string& body :
         {std::string(), std::string("[]"), std::string("{"), std::string("{}"), std::string(R"({"data":null})"),
          std::string(R"({"data":{"password":"a v1 mount read as v2"}})"), kv2("[]"), kv2("\"x\""), kv2("{}", "\"3\""),
          kv2("{}", "-1"), kv2(R"({"a":1,"a":2})"), kv2("{}") + "x"}) {
        const auto secret = kv_secret(answer(200, body), 2);
        ASSERT_FALSE(secret) << body;
        EXPECT_EQ(secret.error().reason, Reason::vault_malformed) << body;
    }
    EXPECT_EQ(kv_secret(answer(200, R"({"data":"x"})"), 1).error().reason, Reason::vault_malformed);
    EXPECT_EQ(kv_secret(answer(204, ""), 2).error().reason, Reason::vault_rejected);
}

TEST(KvAnswer, BoundsAFieldAtOneMebibyte) {
    const std::string most(1 << 20, 'x');
    const auto secret = kv_secret(answer(200, kv2("{\"a\":\"b\",\"v\":\"" + most + "\"}")), 2);
    ASSERT_TRUE(secret);
    EXPECT_EQ(secret->field("v")->size(), most.size());
    EXPECT_EQ(text(*secret, "a"), "b");
    EXPECT_EQ(kv_secret(answer(200, kv2("{\"v\":\"" + most + "x\"}")), 2).error().reason, Reason::value_too_large);
}

constexpr std::string_view kAuth =
    R"({"request_id":"r","data":null,"wrap_info":null,"auth":{"client_token":"s.AAAA","accessor":"acc",)"
    R"("policies":["default","wl"],"token_policies":["default","wl"],"metadata":null,"lease_duration":300,)"
    R"("renewable":true,"entity_id":"","token_type":"service","orphan":true,"mfa_requirement":null,"num_uses":0}})";

TEST(TokenAnswer, ReadsTheTokenOfALogin) {
    const auto token = token_of_auth(answer(200, kAuth));
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(token->value, "s.AAAA");
    EXPECT_EQ(token->accessor, "acc");
    EXPECT_EQ(token->ttl, Seconds(300));
    EXPECT_TRUE(token->renewable);
    EXPECT_EQ(token->policies, (std::vector<std::string>{"default", "wl"}));
}

TEST(TokenAnswer, RefusesAnAnswerWithoutAToken) {
    for (const std::string_view body : {
             R"({"auth":null})",
             R"({"auth":{}})",
             R"({"auth":{"client_token":"","accessor":"a","lease_duration":1}})",
             R"({"auth":{"client_token":"t","accessor":"a","lease_duration":"1"}})",
             R"({"auth":{"client_token":"t","accessor":"a","lease_duration":-1}})",
             R"({"auth":{"client_token":"t","accessor":"a","lease_duration":99999999999999}})",
             R"({"auth":{"client_token":"t","lease_duration":1}})",
             R"({"auth":{"client_token":1,"accessor":"a","lease_duration":1}})",
         })
        EXPECT_EQ(token_of_auth(answer(200, body)).error().reason, Reason::vault_malformed) << body;
}

TEST(TokenAnswer, ReadsALookup) {
    const auto token = token_of_lookup(answer(
        200,
        R"({"data":{"accessor":"acc","id":"s.BBBB","ttl":120,"renewable":false,"policies":["wl"],"num_uses":0}})"));
    ASSERT_TRUE(token);
    EXPECT_EQ(token->value, "s.BBBB");
    EXPECT_EQ(token->ttl, Seconds(120));
    EXPECT_FALSE(token->renewable);
}

TEST(UnwrapAnswer, CallsAUsedTokenByItsName) {
    EXPECT_TRUE(unwrapped_token(answer(200, kAuth)));
    const std::string_view used = R"({"errors":["wrapping token is not valid or does not exist"]})";
    EXPECT_EQ(unwrapped_token(answer(400, used)).error().reason, Reason::wrapping_token_used);
    EXPECT_EQ(unwrapped_token(answer(500, "")).error().reason, Reason::wrapping_token_used);
    EXPECT_EQ(unwrapped_token(answer(503, R"({"errors":["Vault is sealed"]})")).error().reason, Reason::vault_sealed);
    EXPECT_EQ(unwrapped_token(answer(403, "")).error().reason, Reason::vault_token_invalid);
    EXPECT_EQ(creation_path(answer(400, used)).error().reason, Reason::wrapping_token_used);
    EXPECT_EQ(creation_path(answer(200, R"({"data":{"creation_path":"auth/token/create/wl"}})")),
              "auth/token/create/wl");
}

std::string wrapped(std::string_view data, std::string_view auth, std::string_view path = "auth/token/create/wl") {
    return R"({"request_id":"","lease_id":"","renewable":false,"lease_duration":0,"data":)" + std::string(data) +
           R"(,"wrap_info":{"token":"s.WWWW","accessor":"wa","ttl":30,"creation_time":"t","creation_path":")" +
           std::string(path) + R"(","wrapped_accessor":"inner"},"warnings":null,"auth":)" + std::string(auth) + "}";
}

TEST(MintAnswer, IsTakenOnlyWhenItIsWrapped) {
    const auto token = wrapped_token(answer(200, wrapped("null", "null")), "auth/token/create/wl");
    ASSERT_TRUE(token) << token.error().to_string();
    EXPECT_EQ(token->value, "s.WWWW");
    EXPECT_EQ(token->accessor, "wa");
    EXPECT_EQ(token->wrapped_accessor, "inner");
    EXPECT_EQ(token->ttl, Seconds(30));

    for (const std::string& body : {
             std::string(kAuth),  // in clear
             wrapped("null", R"({"client_token":"s.AAAA"})"),
             wrapped(R"({"password":"p"})", "null"),
             std::string(R"({"wrap_info":null,"auth":null,"data":null})"),
             std::string(R"({"wrap_info":{"token":""},"auth":null,"data":null})"),
             std::string(R"({"wrap_info":"s.x"})"),
             std::string("s.AAAA"),
             std::string(),
         })
        EXPECT_EQ(wrapped_token(answer(200, body), "auth/token/create/wl").error().reason, Reason::mint_not_wrapped)
            << body;
    EXPECT_EQ(wrapped_token(answer(204, ""), "x").error().reason, Reason::mint_not_wrapped);
    EXPECT_EQ(wrapped_token(answer(200, wrapped("null", "null")), "auth/token/create/other").error().reason,
              Reason::wrapping_path_mismatch);
    EXPECT_EQ(wrapped_token(answer(403, R"({"errors":["1 error occurred:\n\t* permission denied\n\n"]})"), "x")
                  .error()
                  .reason,
              Reason::vault_denied);
}

TEST(HealthAnswer, TellsTheStatesApart) {
    const auto body = [](bool initialized, bool sealed, bool standby) {
        const auto word = [](bool b) { return b ? "true" : "false"; };
        return std::string("{\"initialized\":") + word(initialized) + ",\"sealed\":" + word(sealed) +
               ",\"standby\":" + word(standby) + ",\"version\":\"2.7.2\"}";
    };
    const auto active = health_of(answer(200, body(true, false, false)));
    ASSERT_TRUE(active);
    EXPECT_TRUE(active->initialized && !active->sealed && !active->standby);
    EXPECT_EQ(active->version, "2.7.2");
    EXPECT_TRUE(health_of(answer(429, body(true, false, true)))->standby);
    const auto sealed = health_of(answer(503, body(true, true, true)));
    EXPECT_TRUE(sealed->sealed && !sealed->standby);
    const auto fresh = health_of(answer(501, body(false, true, true)));
    EXPECT_TRUE(!fresh->initialized && !fresh->standby);
    EXPECT_EQ(health_of(answer(429, R"({"errors":["request path: rate limit quota exceeded"]})")).error().reason,
              Reason::vault_rate_limited);
    EXPECT_EQ(health_of(answer(200, "{}")).error().reason, Reason::vault_malformed);
    EXPECT_EQ(health_of(answer(502, "")).error().reason, Reason::vault_failed);
}

TEST(LoginAnswer, TellsWrongCredentialsFromALockout) {
    EXPECT_TRUE(login(answer(200, kAuth)));
    EXPECT_EQ(login(answer(400, R"({"errors":["invalid role or secret ID"]})")).error().reason, Reason::vault_denied);
    EXPECT_EQ(login(answer(403, R"({"errors":["permission denied"]})")).error().reason, Reason::vault_rejected);
    EXPECT_EQ(login(answer(503, R"({"errors":["Vault is sealed"]})")).error().reason, Reason::vault_sealed);
}

TEST(LeaseAnswer, ReadsWhatTheServerGranted) {
    EXPECT_EQ(lease_duration(answer(200, R"({"lease_id":"l","renewable":true,"lease_duration":60,"data":null})")),
              Seconds(60));
    EXPECT_EQ(lease_duration(answer(400, R"({"errors":["lease not found"]})")).error().reason, Reason::vault_not_found);
    EXPECT_EQ(lease_duration(answer(400, R"({"errors":["x"]})")).error().reason, Reason::vault_rejected);
}

TEST(RevokeAnswer, IsContentWithATokenThatIsGone) {
    EXPECT_TRUE(revoked(answer(204, "")));
    EXPECT_TRUE(revoked(answer(200, R"({"warnings":["w"]})")));
    EXPECT_TRUE(revoked(answer(403, R"({"errors":["permission denied"]})")));
    EXPECT_FALSE(revoked(answer(403, R"({"errors":["1 error occurred:\n\t* permission denied\n\n"]})")));
    EXPECT_FALSE(done(answer(403, R"({"errors":["permission denied"]})")));
}

TEST(AnswerHeaders, AreBoundedAndReadStrictly) {
    EXPECT_EQ(retry_after(answer(429, "", {{"retry-after", "2"}})), Seconds(2));
    EXPECT_EQ(retry_after(answer(429, "", {{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}})), Seconds(0));
    EXPECT_EQ(retry_after(answer(429, "", {{"retry-after", "-1"}})), Seconds(0));
    EXPECT_EQ(retry_after(answer(429, "", {{"retry-after", "99999999999999"}})), Seconds(0));
    EXPECT_EQ(index_of(answer(200, "", {{"x-vault-index", "abc"}})), "abc");
    EXPECT_EQ(index_of(answer(200, "", {{"x-vault-index", std::string(1025, 'a')}})), "");
}

}  // namespace
}  // namespace ct::openbao
