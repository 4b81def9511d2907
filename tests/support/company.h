// SPDX-License-Identifier: Apache-2.0
// The people of a company who sign files for its gate.
#pragma once

#include <string>
#include <vector>

#include "attest/collateral/bundle.h"
#include "attest/judge/makers.h"
#include "attest/signed/envelope.h"
#include "crypto/ed25519.h"

namespace ct::test {

struct Company {
    std::vector<crypto::Ed25519Key> people;
    judge::Signers signers;

    explicit Company(std::size_t count, std::size_t needed = 1) {
        signers.needed = needed;
        for (std::size_t i = 0; i < count; ++i) {
            people.push_back(crypto::Ed25519Key::generate().value());
            signers.keys.push_back(people.back().public_key().value());
        }
    }
    // `payload` with the signatures of the first `by` of them.
    [[nodiscard]] Bytes sign(Bytes payload, std::size_t by = 1,
                             std::string_view purpose = attest::kCollateralPurpose) const {
        attest::Envelope envelope{std::move(payload), {}};
        for (std::size_t i = 0; i < by; ++i)
            if (!attest::add_signature(envelope, purpose, people.at(i))) throw std::runtime_error("signature");
        return attest::encode(envelope);
    }
    [[nodiscard]] std::string sign_text(const attest::CollateralBundle& bundle, std::size_t by = 1) const {
        return std::string(as_text(sign(attest::encode(bundle), by)));
    }
    // [TABLE] of gate.toml for them.
    [[nodiscard]] std::string toml(const std::string& table, const std::string& file) const {
        std::string list;
        for (const auto& key : signers.keys)
            list += (list.empty() ? "\"" : ", \"") + judge::signer_text(key) + "\"";
        return "[" + table + "]\nfile = \"" + file + "\"\nsigners = [" + list +
               "]\nneeded = " + std::to_string(signers.needed) + "\n";
    }
};

}  // namespace ct::test
