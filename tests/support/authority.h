// SPDX-License-Identifier: Apache-2.0
// A certificate authority for tests: issues certificates for keys of which only the public half is known, as TPM makers do.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/x509.h"

namespace ct::test {

class Authority {
public:
    // A self-signed P-256 root with the given common name, or an intermediate below `above`.
    static Authority root(std::string_view name, WallTime not_before, WallTime not_after);
    [[nodiscard]] Authority intermediate(std::string_view name, WallTime not_before, WallTime not_after) const;
    // A leaf for `key`, in DER.
    [[nodiscard]] Bytes issue(const crypto::PublicKey& key, WallTime not_before, WallTime not_after) const;

    [[nodiscard]] Bytes der() const;
    [[nodiscard]] std::string pem() const;

private:
    struct State;
    explicit Authority(std::shared_ptr<State> state) : state_(std::move(state)) {}
    static Authority make(const Authority* above, std::string_view name, WallTime not_before, WallTime not_after);
    std::shared_ptr<State> state_;
};

}  // namespace ct::test
