// SPDX-License-Identifier: Apache-2.0
// The Nitro Secure Module of an enclave, as far as the kernel shows it: a request goes in, an answer comes out.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::attest::nitro {

class Nsm {
public:
    virtual ~Nsm() = default;
    // evidence_device_absent, evidence_device_failed.
    virtual Result<Bytes> exchange(ByteView request) = 0;
};

inline constexpr const char* kDevice = "/dev/nsm";

// The device at `path`. It is opened for each exchange: nothing is kept, so that one that comes or goes is seen.
std::unique_ptr<Nsm> nsm_at(std::string path);

// A simulated one at a socket (SOCK_SEQPACKET): a message is a request, the next one its answer.
std::unique_ptr<Nsm> simulated_nsm_at(std::string path);

}  // namespace ct::attest::nitro
