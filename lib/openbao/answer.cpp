// SPDX-License-Identifier: Apache-2.0
#include "openbao/answer.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/registers.h"
#include "codec/json.h"

namespace ct::openbao {
namespace {

using json::Document;
using json::Type;
using json::Value;

std::string_view header(const http::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers)
        if (key == name) return value;
    return {};
}

std::unexpected<Error> malformed(std::string_view what) {
    return fail(Reason::vault_malformed, "OpenBao's answer " + std::string(what));
}

Result<Document> parse(http::Response& response) {
    auto document = Document::parse(std::move(response.body));
    if (!document) return malformed("is not the JSON that was expected: " + document.error().context);
    if (!document->root().is(Type::object)) return malformed("is not a JSON object");
    return document;
}

// The parse of a body that only helps to diagnose: any failure is no diagnosis.
std::optional<Document> glance(const http::Response& response) {
    auto copy = SecretBuffer::copy_of(response.body.bytes());
    if (!copy) return std::nullopt;
    auto document = Document::parse(std::move(*copy));
    if (!document) return std::nullopt;
    return std::move(*document);
}

struct Texts {
    bool any = false;
    bool policy = false;  // 403 of a valid token
    bool sealed = false;  // 503
    bool lease = false;   // 400 of a lease that is not there
};

// These texts are no contract of the server; where they change, the reason falls back to the wider one of its status.
Texts error_texts(const std::optional<Document>& document) {
    Texts texts;
    if (!document) return texts;
    const auto errors = document->root().find("errors", Type::array);
    if (!errors) return texts;
    for (auto error = errors->first(); error; error = error->next()) {
        texts.any = true;
        texts.policy = texts.policy || error->text().contains("* permission denied");
        texts.sealed = texts.sealed || error->text().contains("sealed");
        texts.lease = texts.lease || error->text().contains("lease not found");
    }
    return texts;
}

Result<std::string> string_of(Value object, std::string_view key) {
    const auto value = object.find(key, Type::string);
    if (!value) return malformed("has no \"" + std::string(key) + "\"");
    return std::string(value->text());
}

Result<Seconds> seconds_of(Value object, std::string_view key) {
    const auto value = object.find(key, Type::number);
    const auto number = value ? value->uint() : std::nullopt;
    constexpr std::uint64_t kCentury = 100ULL * 366 * 86400;
    if (!number || *number > kCentury) return malformed("has no \"" + std::string(key) + "\" in seconds");
    return Seconds(static_cast<std::int64_t>(*number));
}

Result<Token> token_in(Value object, std::string_view value_key, std::string_view ttl_key) {
    const RegisterGuard guard;
    const auto value = object.find(value_key, Type::string);
    if (!value || value->text().empty()) return malformed("has no token");
    Token token;
    token.value = SecretString(value->text());
    CT_TRY(token.accessor, string_of(object, "accessor"));
    CT_TRY(token.ttl, seconds_of(object, ttl_key));
    const auto renewable = object.find("renewable", Type::boolean);
    token.renewable = renewable && renewable->boolean().value_or(false);
    if (const auto policies = object.find("policies", Type::array))
        for (auto policy = policies->first(); policy; policy = policy->next())
            token.policies.emplace_back(policy->text());
    return token;
}

bool absent(const std::optional<Value>& value) { return !value || value->is(Type::null); }

}  // namespace

Error no_answer(const Error& error) {
    switch (error.reason) {
        case Reason::upstream_unreachable:
        case Reason::io_failed:
            return {Reason::vault_unreachable, "OpenBao: " + error.context, error.sys_errno};
        case Reason::timed_out:
            return {Reason::vault_timeout, "OpenBao: " + error.context, error.sys_errno};
        case Reason::tls_failed:
            return {Reason::vault_tls_failed, "OpenBao: " + error.context, error.sys_errno};
        case Reason::malformed:
        case Reason::too_large:
            return {Reason::vault_malformed, "OpenBao: " + error.context, error.sys_errno};
        default:
            return error;
    }
}

Error refusal(const http::Response& response) {
    const auto document = glance(response);
    const Texts texts = error_texts(document);
    const std::string status = "OpenBao answered with status " + std::to_string(response.status);
    const auto because = [&](Reason reason, std::string_view words) {
        return Error{reason, status + ": " + std::string(words), 0};
    };
    switch (response.status) {
        case 301:
        case 302:
        case 307:
        case 308:
            // A standby that may not forward names the active node; a path that is not clean is sent to its clean form.
            if (header(response, "location").starts_with("http"))
                return because(Reason::vault_standby, "this node is a standby and sends to another one");
            return because(Reason::vault_redirect, "a redirect, which is never followed");
        case 403:
            if (texts.policy) return because(Reason::vault_denied, "the token is good, its policies do not allow this");
            return because(Reason::vault_token_invalid, "the token is unknown, expired, revoked or used up");
        case 404:
            return because(Reason::vault_not_found, "there is nothing at this path");
        case 429:
            // Three kinds have this status. The health of a standby is read in health_of().
            if (!texts.any && !header(response, "retry-after").empty() && header(response, "x-ratelimit-limit").empty())
                return because(Reason::vault_index_behind, "this node has not yet the state that was asked for");
            return because(Reason::vault_rate_limited, "a rate limit of the server");
        case 501:
            return because(Reason::vault_uninitialized, "the server is not initialised");
        case 503:
            if (texts.sealed) return because(Reason::vault_sealed, "the server is sealed");
            return because(Reason::vault_failed, "the server cannot serve now");
        default:
            if (response.status >= 500) return because(Reason::vault_failed, "a failure of the server");
            return because(Reason::vault_rejected, "the server does not accept the request");
    }
}

Result<KvSecret> kv_secret(http::Response response, int kv_version) {
    const RegisterGuard guard;
    const int status = response.status;
    if (status == 404) {
        // Deleted and destroyed versions come with their metadata, what never was comes without.
        const auto document = glance(response);
        const auto data = document ? document->root().find("data", Type::object) : std::nullopt;
        if (kv_version == 2 && data && data->find("metadata", Type::object))
            return fail(Reason::vault_version_deleted, "the current version of the secret is deleted or destroyed");
    }
    if (status != 200) return std::unexpected(refusal(response));
    CT_TRY(const Document document, parse(response));
    const auto data = document.root().find("data");
    std::optional<Value> fields = data;
    std::uint64_t version = 0;
    if (kv_version == 2) {
        const auto metadata = data ? data->find("metadata", Type::object) : std::nullopt;
        const auto number = metadata ? metadata->find("version", Type::number) : std::nullopt;
        if (!number || !number->uint()) return malformed("has no version: is the mount KV version 1?");
        version = *number->uint();
        fields = data->find("data");
    }
    if (!fields) return malformed("has no data");
    if (fields->is(Type::null)) return KvSecret({}, {}, version);  // a secret without fields
    if (!fields->is(Type::object)) return malformed("has data that is no object");

    std::vector<KvSecret::Field> layout;
    SecretBuffer storage;
    std::size_t used = 0;
    // Room for all in one go: no value gets longer by being copied, but for nested ones, which are written anew.
    const auto keep = [&](std::string_view bytes) -> Status {
        if (bytes.size() > limits::kSecretValue) return fail(Reason::value_too_large, "a field is longer than 1 MiB");
        if (used + bytes.size() > storage.size()) {
            CT_TRY(SecretBuffer grown, SecretBuffer::create(std::max(2 * storage.size(), used + bytes.size())));
            if (used > 0) std::memcpy(grown.bytes().data(), storage.bytes().data(), used);
            storage = std::move(grown);
        }
        if (!bytes.empty()) std::memcpy(storage.bytes().data() + used, bytes.data(), bytes.size());
        used += bytes.size();
        return {};
    };
    for (auto field = fields->first(); field; field = field->next()) {
        const bool text = field->is(Type::string) || field->is(Type::number);
        layout.push_back({.name = std::string(field->key()), .offset = used, .size = 0, .text = text});
        if (text) {
            CT_CHECK(keep(field->text()));
        } else {
            CT_TRY(const SecretBuffer written, json::Writer().value(*field).take());
            CT_CHECK(keep(written.text()));
        }
        layout.back().size = used - layout.back().offset;
    }
    storage.truncate(used);
    return KvSecret(std::move(storage), std::move(layout), version);
}

Result<Token> token_of_auth(http::Response response) {
    if (response.status != 200) return std::unexpected(refusal(response));
    CT_TRY(const Document document, parse(response));
    const auto auth = document.root().find("auth", Type::object);
    if (!auth) return malformed("has no \"auth\"");
    return token_in(*auth, "client_token", "lease_duration");
}

Result<Token> token_of_lookup(http::Response response) {
    if (response.status != 200) return std::unexpected(refusal(response));
    CT_TRY(const Document document, parse(response));
    const auto data = document.root().find("data", Type::object);
    if (!data) return malformed("has no \"data\"");
    return token_in(*data, "id", "ttl");
}

Result<Token> unwrapped_token(http::Response response) {
    // A token that was used says 400; the loser of a race for it may see 500. Either way somebody else has the content.
    if (response.status == 400 || response.status == 500)
        return fail(Reason::wrapping_token_used, "the wrapping token was used, has expired or never was one");
    return token_of_auth(std::move(response));
}

Result<std::string> creation_path(http::Response response) {
    if (response.status == 400)
        return fail(Reason::wrapping_token_used, "the wrapping token was used, has expired or never was one");
    if (response.status != 200) return std::unexpected(refusal(response));
    CT_TRY(const Document document, parse(response));
    const auto data = document.root().find("data", Type::object);
    if (!data) return malformed("has no \"data\"");
    return string_of(*data, "creation_path");
}

Result<WrappedToken> wrapped_token(http::Response response, std::string_view path) {
    const RegisterGuard guard;
    if (response.status < 200 || response.status > 299) return std::unexpected(refusal(response));
    const auto not_wrapped = [](std::string_view what) {
        return fail(Reason::mint_not_wrapped, "OpenBao's answer " + std::string(what) + "; it is dropped");
    };
    auto document = Document::parse(std::move(response.body));
    if (!document) return not_wrapped("is not an envelope");
    const Value root = document->root();
    const auto wrap = root.find("wrap_info", Type::object);
    if (!wrap) return not_wrapped("is not wrapped");
    if (!absent(root.find("auth")) || !absent(root.find("data"))) return not_wrapped("is wrapped and in clear");
    const auto value = wrap->find("token", Type::string);
    if (!value || value->text().empty()) return not_wrapped("has no wrapping token");
    WrappedToken token;
    token.value = SecretString(value->text());
    CT_TRY(token.accessor, string_of(*wrap, "accessor"));
    CT_TRY(token.wrapped_accessor, string_of(*wrap, "wrapped_accessor"));
    CT_TRY(token.creation_path, string_of(*wrap, "creation_path"));
    CT_TRY(token.ttl, seconds_of(*wrap, "ttl"));
    if (token.creation_path != path)
        return fail(Reason::wrapping_path_mismatch, "the wrapped answer comes from another path than was asked");
    return token;
}

Result<Health> health_of(http::Response response) {
    const int status = response.status;
    if (status == 200 || status == 429 || status == 501 || status == 503) {
        const auto document = glance(response);
        const auto flag = [&](std::string_view key) -> std::optional<bool> {
            const auto value = document ? document->root().find(key) : std::nullopt;
            return value ? value->boolean() : std::nullopt;
        };
        const auto initialized = flag("initialized"), sealed = flag("sealed"), standby = flag("standby");
        if (initialized && sealed && standby) {
            const auto version = document->root().find("version", Type::string);
            // A sealed or uninitialised server calls itself a standby, too; it is none.
            return Health{.initialized = *initialized,
                          .sealed = *sealed,
                          .standby = *standby && *initialized && !*sealed,
                          .version = std::string(version ? version->text() : "")};
        }
        if (status == 200) return malformed("about its health is not understood");
    }
    return std::unexpected(refusal(response));
}

Result<Token> login(http::Response response) {
    if (response.status == 400) return fail(Reason::vault_denied, "OpenBao refuses the login: wrong credentials");
    if (response.status == 403)
        return fail(Reason::vault_rejected,
                    "OpenBao refuses the login: too many wrong tries, or the auth method is not there");
    return token_of_auth(std::move(response));
}

Result<Seconds> lease_duration(http::Response response) {
    if (response.status == 400 && error_texts(glance(response)).lease)
        return fail(Reason::vault_not_found, "the lease is unknown or has ended");
    if (response.status != 200) return std::unexpected(refusal(response));
    CT_TRY(const Document document, parse(response));
    return seconds_of(document.root(), "lease_duration");
}

Result<std::monostate> done(http::Response response) {
    // 200 in place of 204: it worked and the server warns about something.
    if (response.status != 204 && response.status != 200) return std::unexpected(refusal(response));
    return std::monostate{};
}

Result<std::monostate> revoked(http::Response response) {
    auto result = done(std::move(response));
    if (!result && result.error().reason == Reason::vault_token_invalid) return std::monostate{};
    return result;
}

std::string index_of(const http::Response& response) {
    constexpr std::size_t kIndex = 1024;
    const std::string_view index = header(response, "x-vault-index");
    return std::string(index.size() <= kIndex ? index : std::string_view());
}

Seconds retry_after(const http::Response& response) {
    const std::string_view text = header(response, "retry-after");
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return Seconds(0);
    return Seconds(value);
}

std::string escape_path(std::string_view path) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           std::string_view("-._~/").contains(c);
        if (plain)
            out += c;
        else
            out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
    }
    return out;
}

}  // namespace ct::openbao
