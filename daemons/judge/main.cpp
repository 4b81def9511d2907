// SPDX-License-Identifier: Apache-2.0
// cloudtaser-judge: looks at what nodes send, for the gate that started it. It reads rules and questions from the socket on its
// standard input and answers each; it has no clock, no file, no network and no secret (attest/judge/worker_protocol.h).
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>

#include "attest/judge/worker_protocol.h"
#include "base/fd.h"
#include "base/no_secrets.h"
#include "crypto/initialise.h"
#include "daemons/judge/sandbox.h"

namespace {

using namespace ct;

constexpr std::size_t kHeader = 4;

// Its one way to say why: it has no stream to write to (cloudtaser-judge(8)).
enum Exit : std::uint8_t { kAllAsked = 0, kNoGate = 1, kByHand = 2, kNoCrypto = 3, kNoSandbox = 4 };

// Exactly `into`; false at the end of the stream.
bool read_exactly(MutableBytes into) {
    while (!into.empty()) {
        const auto count = ::read(STDIN_FILENO, into.data(), into.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        into = into.subspan(static_cast<std::size_t>(count));
    }
    return true;
}

// One message; empty at the end of the stream, or where the gate says what no gate says.
Bytes read_message() {
    ByteArray<kHeader> header{};
    if (!read_exactly(header)) return {};
    const std::size_t size =
        std::size_t{header[0]} << 24 | std::size_t{header[1]} << 16 | std::size_t{header[2]} << 8 | header[3];
    if (size > judge::kMostWorkerMessage) return {};
    Bytes out(size);
    return read_exactly(out) ? out : Bytes{};
}

Status serve() {
    std::optional<judge::Policy> policy;
    attest::Memo memo;
    for (Bytes message = read_message(); !message.empty(); message = read_message()) {
        CT_TRY(auto content, judge::decode_worker_message(message));
        if (auto* rules = std::get_if<judge::WorkerRules>(&content)) {
            CT_TRY(policy, judge::Policy::parse(std::move(rules->policy)));
            if (rules->makers) CT_CHECK(policy->rest_on(std::make_shared<judge::Makers>(std::move(*rules->makers))));
            continue;
        }
        if (!policy) return fail(Reason::protocol_violation, "a question before any rules");
        const auto answer = attest::frame(
            judge::encode(judge::answer(*policy, std::get<judge::Question>(content), attest::find_verifier, &memo)));
        CT_CHECK(write_all(STDIN_FILENO, answer.data(), answer.size()));
    }
    return {};
}

}  // namespace

int main(int argc, char**) {
    if (argc != 1 || ::isatty(STDIN_FILENO) == 1) {
        std::fputs("cloudtaser-judge is started by cloudtaser-gate, and of no use to anybody else.\n", stderr);
        return kByHand;
    }
    hold_no_secrets();
    // Whatever the gate has open, this is not for here.
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    // Nothing to tidy up, and no way to write what a sanitizer would like to say at the end.
    if (!crypto::initialise()) ::_exit(kNoCrypto);
    if (!judge::enter_sandbox()) ::_exit(kNoSandbox);
    ::_exit(serve() ? kAllAsked : kNoGate);
}
