// SPDX-License-Identifier: Apache-2.0
// The gate's listeners and the connections behind them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "crypto/tls.h"
#include "daemons/gate/connection.h"
#include "daemons/gate/quotas.h"
#include "daemons/gate/settings.h"
#include "loop/event.h"

namespace ct::gate {

class Server {
public:
    Server(Surroundings& around, std::uint64_t& refused) : around_(around), refused_(refused) {}

    // Listens on all of `settings.listen` and nothing else, or changes nothing.
    Status listen(const Settings& settings);
    // For connections from now on.
    void use_identity(std::shared_ptr<const crypto::TlsContext> identity) { identity_ = std::move(identity); }

    [[nodiscard]] std::vector<std::string> addresses() const;
    [[nodiscard]] std::size_t connections() const { return quotas_.total(); }

private:
    struct Listener {
        Fd socket;
        Source ready;
    };
    Result<std::unique_ptr<Listener>> open(const Endpoint& at);
    void accept_from(Listener& listener);
    void admit(Fd socket, const std::string& address, const std::string& key);
    void pause();

    Surroundings& around_;
    std::uint64_t& refused_;
    std::shared_ptr<const crypto::TlsContext> identity_;
    Quotas quotas_{1, 1};
    // An unfinished handshake takes about 100 KiB of secret memory, and costs its maker no key.
    static constexpr std::size_t kHandshakes = 256, kHandshakesOfOne = 32;
    Quotas handshakes_{kHandshakes, kHandshakesOfOne};
    std::map<std::string, std::unique_ptr<Listener>> listeners_;
    Source resume_;
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
};

}  // namespace ct::gate
