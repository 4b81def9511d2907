// SPDX-License-Identifier: Apache-2.0
// Any bytes as the body of an OpenBao answer: every accessor of the document, what it writes is read again, and every
// meaning that a client could give it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "codec/json.h"
#include "openbao/answer.h"

namespace {

using namespace ct;  // NOLINT(google-build-using-namespace): a harness

std::size_t visit(json::Value value) {
    std::size_t sum = value.text().size() + value.key().size() + value.uint().value_or(0) % 2;
    for (auto child = value.first(); child; child = child->next())
        sum += visit(*child);
    return sum + (value.find("data") ? 1 : 0);
}

void read_and_write(ByteView body) {
    auto document =
        json::Document::parse(SecretBuffer::copy_of(body).value(), {.size = 1 << 16, .depth = 16, .values = 4096});
    if (!document) return;
    auto written = json::Writer().value(document->root()).take();
    // Escapes may make the text longer than what was read, never invalid.
    auto again = json::Document::parse(std::move(written.value()), {.size = 1 << 20, .depth = 16, .values = 4096});
    if (!again || visit(again->root()) != visit(document->root())) std::abort();
}

void interpret(ByteView body) {
    const auto answer = [&](int status) {
        return http::Response{.status = status, .headers = {}, .body = SecretBuffer::copy_of(body).value()};
    };
    for (const int version : {1, 2})
        for (const int status : {200, 404}) {
            const auto secret = openbao::kv_secret(answer(status), version);
            if (!secret) continue;
            for (const auto& name : secret->names())
                if (!secret->field(name)) std::abort();
        }
    const auto wrapped = openbao::wrapped_token(answer(200), "auth/token/create/wl");
    if (wrapped && (wrapped->value.empty() || openbao::token_of_auth(answer(200))))
        std::abort();  // wrapped and in clear
    static_cast<void>(openbao::token_of_lookup(answer(200)));
    static_cast<void>(openbao::unwrapped_token(answer(200)));
    static_cast<void>(openbao::creation_path(answer(200)));
    static_cast<void>(openbao::lease_duration(answer(400)));
    static_cast<void>(openbao::lease_duration(answer(200)));
    static_cast<void>(openbao::health_of(answer(429)));
    for (const int status : {307, 400, 403, 404, 429, 500, 503})
        static_cast<void>(openbao::refusal(answer(status)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    read_and_write({data, size});
    interpret({data, size});
    return 0;
}
