// SPDX-License-Identifier: Apache-2.0
#include "daemons/gate/vault_minter.h"

#include <algorithm>

#include "attest/protocol/messages.h"
#include "crypto/hpke.h"
#include "daemons/common/log.h"

namespace ct::gate {
namespace {

constexpr std::size_t kTokenSize = 8192;
constexpr Millis kConnectTime{5000};
constexpr Millis kFirstRetry{1000};
constexpr Millis kLastRetry = std::chrono::minutes{5};

http::Options options_of(const VaultSettings& settings) {
    http::Options out;
    out.host = settings.host;
    out.port = settings.address.port;
    out.ca_file = settings.ca_file;
    out.timeout = settings.timeout;
    return out;
}

bool is_token_char(std::uint8_t c) { return c > ' ' && c < 0x7F; }

}  // namespace

Reason mint_reason(Reason reason) {
    switch (reason) {
        case Reason::vault_denied:
        case Reason::vault_token_invalid:
            return Reason::mint_denied;
        case Reason::mint_not_wrapped:
        case Reason::mint_failed:
        case Reason::wrapping_path_mismatch:
        case Reason::vault_unreachable:
        case Reason::vault_tls_failed:
        case Reason::vault_timeout:
        case Reason::vault_sealed:
        case Reason::vault_uninitialized:
        case Reason::vault_standby:
        case Reason::vault_redirect:
        case Reason::vault_index_behind:
        case Reason::vault_rate_limited:
            return reason;
        default:
            return Reason::mint_failed;
    }
}

VaultMinter::VaultMinter(EventLoop& loop, const VaultSettings& settings, VaultState state)
    : loop_(loop),
      settings_(settings),
      state_(std::move(state)),
      http_(loop, options_of(settings), [this](std::function<void(Result<Fd>)> answer) { dial(std::move(answer)); }),
      client_(http_, settings.namespace_path) {}

Result<std::shared_ptr<VaultMinter>> VaultMinter::create(EventLoop& loop, const VaultSettings& settings,
                                                         VaultState state) {
    std::shared_ptr<VaultMinter> out(new VaultMinter(loop, settings, std::move(state)));
    CT_CHECK(out->read_credential());
    return out;
}

Status VaultMinter::read_credential() {
    CT_TRY(const auto text, read_secret_file(settings_.token_file, kTokenSize));
    auto bytes = text.bytes();
    while (!bytes.empty() && (bytes.back() == '\n' || bytes.back() == '\r'))
        bytes = bytes.first(bytes.size() - 1);
    if (bytes.empty() || !std::ranges::all_of(bytes, is_token_char))
        return fail(Reason::config_invalid, settings_.token_file + ": holds no OpenBao token");
    token_.assign(bytes.begin(), bytes.end());
    return {};
}

void VaultMinter::dial(std::function<void(Result<Fd>)> answer) {
    const auto id = next_dial_++;
    auto connecting = connect_tcp(loop_, settings_.address, kConnectTime, [this, id, answer](Result<Fd> socket) {
        const auto call = answer;
        dialling_.erase(id);
        call(std::move(socket));
    });
    if (!connecting) return answer(std::unexpected(connecting.error()));
    dialling_.emplace(id, std::move(*connecting));
}

void VaultMinter::start() { look_up(); }

void VaultMinter::again_after(Millis delay, void (VaultMinter::*what)()) {
    auto timer = loop_.add_timer(delay, [this, what] { (this->*what)(); });
    if (timer)
        timer_ = std::move(*timer);
    else
        log::error("OpenBao credential", timer.error());
}

void VaultMinter::look_up() {
    client_.lookup_self(token_, [weak = weak_from_this()](const Result<openbao::Token>& token) {
        const auto self = weak.lock();
        if (!self) return;
        if (!token) return self->lost(token.error());
        if (!token->renewable) {
            self->failures_ = 0;
            log::warning("the gate's OpenBao token cannot be renewed: give it a period");
            self->state_(token->ttl > Seconds{0} ? "the gate's OpenBao token ends in " +
                                                       std::to_string(token->ttl.count()) + " s and cannot be renewed"
                                                 : "");
            return;
        }
        self->renewed(token);
    });
}

void VaultMinter::renew() {
    client_.renew_self(token_, Seconds{0}, [weak = weak_from_this()](const Result<openbao::Token>& token) {
        if (const auto self = weak.lock()) self->renewed(token);
    });
}

void VaultMinter::renewed(const Result<openbao::Token>& token) {
    if (!token) return lost(token.error());
    failures_ = 0;
    state_("");
    // Two thirds of what is left, as the clients of OpenBao do; never busier than once in ten seconds.
    again_after(std::max<Millis>(Millis{token->ttl} * 2 / 3, Millis{10'000}), &VaultMinter::renew);
}

void VaultMinter::lost(const Error& error) {
    state_("OpenBao: " + error.to_string());
    // A new credential may have been put in place of the one that was refused.
    if (error.reason == Reason::vault_token_invalid || error.reason == Reason::vault_denied) {
        if (const auto status = read_credential(); !status) log::error("OpenBao credential", status.error());
    }
    const auto delay = std::min<Millis>(kFirstRetry * (1 << std::min(failures_, 9U)), kLastRetry);
    ++failures_;
    again_after(delay, &VaultMinter::look_up);
}

void VaultMinter::mint(const action::Mint& order, std::function<void(Event)> answer) {
    openbao::MintRequest request;
    request.role = order.order.role;
    request.ttl = order.order.ttl;
    request.wrap_ttl = order.order.wrap_ttl;
    request.display_name = order.display_name;
    request.meta = order.meta;
    const auto failed = [answer](Reason reason, std::string words) {
        answer(event::MintFailed{{mint_reason(reason), std::move(words), 0}});
    };
    client_.mint(
        token_, request,
        [answer, failed, key = order.sealing_key, binding = order.binding](Result<openbao::WrappedToken> token) {
            if (!token) return failed(token.error().reason, token.error().context);
            auto sealed = crypto::hpke::seal(key, as_bytes(attest::kSealInfo), binding, as_bytes(token->value));
            // A key that nothing can be sealed to is the node's doing.
            if (!sealed) return failed(Reason::mint_failed, "cannot seal to the node's key");
            answer(event::Minted{std::move(*sealed), token->creation_path, token->wrapped_accessor});
        });
}

void VaultMinter::revoke(const std::string& accessor, std::function<void(Status)> answer) {
    client_.revoke_accessor(token_, accessor, [answer](const Result<std::monostate>& done) {
        if (!done) return answer(std::unexpected(done.error()));
        answer({});
    });
}

}  // namespace ct::gate
