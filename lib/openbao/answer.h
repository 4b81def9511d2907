// SPDX-License-Identifier: Apache-2.0
// What an answer of the server means. Pure: a response in, a value or a reason out. Texts of the server are used to tell
// apart what the status does not, and never get into an error. Internal to lib/openbao.
#pragma once

#include "openbao/client.h"

namespace ct::openbao {

// Why there was no answer, in the words of an OpenBao client.
Error no_answer(const Error& error);

// The reason behind a status that is not 2xx.
Error refusal(const http::Response& response);

Result<KvSecret> kv_secret(http::Response response, int kv_version);
Result<Token> token_of_auth(http::Response response);    // create, login, renew
Result<Token> token_of_lookup(http::Response response);  // lookup-self
Result<Token> unwrapped_token(http::Response response);
Result<std::string> creation_path(http::Response response);
// `path` is where the token was asked for, e.g. "auth/token/create/wl-payments".
Result<WrappedToken> wrapped_token(http::Response response, std::string_view path);
Result<Health> health_of(http::Response response);
Result<Token> login(http::Response response);
Result<Seconds> lease_duration(http::Response response);
Result<std::monostate> done(http::Response response);
Result<std::monostate> revoked(http::Response response);

// X-Vault-Index of an answer, empty if it has none that may be sent back.
std::string index_of(const http::Response& response);
// Retry-After in whole seconds, 0 if absent or unreadable.
Seconds retry_after(const http::Response& response);

// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3) and '/'.
std::string escape_path(std::string_view path);
// invalid_argument for a path that a server would change before it looks it up.
Status check_path(std::string_view path, std::string_view what);

}  // namespace ct::openbao
