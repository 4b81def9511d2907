// SPDX-License-Identifier: Apache-2.0
// A certificate authority for tests of key trust: issues certificates for keys of which only the public half is known, as TPM makers do.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "crypto/x509.h"

namespace ct::test {

class Issuer {
public:
    // A self-signed P-256 root with the given common name, or an intermediate below `above`.
    static Issuer root(std::string_view name, WallTime not_before, WallTime not_after);
    [[nodiscard]] Issuer intermediate(std::string_view name, WallTime not_before, WallTime not_after) const;
    struct Leaf {
        bool authority = false;
        std::string purpose = {};  // its extended key usage, by OIDs; empty: without one
    };
    // A leaf for `key`, in DER.
    [[nodiscard]] Bytes issue(const crypto::PublicKey& key, WallTime not_before, WallTime not_after,
                              const Leaf& leaf = {false, {}}) const;

    [[nodiscard]] Bytes der() const;
    [[nodiscard]] std::string pem() const;

private:
    struct State;
    explicit Issuer(std::shared_ptr<State> state) : state_(std::move(state)) {}
    static Issuer make(const Issuer* above, std::string_view name, WallTime not_before, WallTime not_after);
    std::shared_ptr<State> state_;
};

}  // namespace ct::test
