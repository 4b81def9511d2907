// SPDX-License-Identifier: Apache-2.0
// The quote generation service of the host, which makes a quote of what the TDX module reports. It is the host's and is believed
// nothing: it may answer with anything, or never.
#pragma once

#include <linux/vm_sockets.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace ct::attest::tdx {

// Where it listens: by a socket of this machine, or the hypervisor's (AF_VSOCK).
struct ServiceAddress {
    std::string socket = {};  // empty: AF_VSOCK
    std::uint32_t cid = VMADDR_CID_HOST, port = 4050;

    [[nodiscard]] std::string words() const;
};
// "unix:/PATH" or "vsock:CID:PORT". invalid_argument.
Result<ServiceAddress> parse_service_address(std::string_view words);

// For one exchange, from the connection to the last byte. A quote takes a host a tenth of a second.
inline constexpr Millis kServicePatience{10'000};

class QuoteService {
public:
    virtual ~QuoteService() = default;
    // Whether somebody listens there: evidence_device_absent, evidence_device_failed.
    virtual Status present() = 0;
    // A quote of `report`, as the service gives it: bounded, and nothing else. evidence_device_absent, evidence_device_failed.
    virtual Result<Bytes> quote(ByteView report) = 0;
};

std::unique_ptr<QuoteService> open_quote_service(ServiceAddress address = {}, Millis patience = kServicePatience);

}  // namespace ct::attest::tdx
