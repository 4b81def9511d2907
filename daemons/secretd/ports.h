// SPDX-License-Identifier: Apache-2.0
// What secretd needs from its neighbours on the node. Every answer comes exactly once, later or never at once from inside
// the call. The adapters speak D-Bus (neighbours.cpp); tests bring their own.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "attest/protocol/messages.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace ct::secretd {

template <class T>
using Reply = std::function<void(Result<T>)>;

// cloudtaser-identd: who is behind a pidfd, as the kernel says.
class Witness {
public:
    virtual ~Witness() = default;
    struct Person {
        int pid = 0;
        attest::Identity identity;
    };
    virtual void describe(const Fd& pidfd, Reply<Person> reply) = 0;
};

// cloudtaser-enforced, where it is installed.
class Enforcer {
public:
    virtual ~Enforcer() = default;
    // True if the kernel now keeps others away from the process.
    virtual void protect(const Fd& pidfd, Reply<bool> reply) = 0;
};

// cloudtaser-bridge: connected streams to a named upstream.
class Streams {
public:
    virtual ~Streams() = default;
    virtual void open(std::string_view upstream, Reply<Fd> reply) = 0;
};

// cloudtaser-attestd: evidence of what this machine is.
class Attester {
public:
    virtual ~Attester() = default;
    virtual void introduce(Reply<std::vector<attest::KindBlob>> reply) = 0;
    virtual void collect(const attest::Challenge& challenge, const Sha512& binding, Reply<attest::Proof> reply) = 0;
};

}  // namespace ct::secretd
