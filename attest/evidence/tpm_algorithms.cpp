// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/tpm_algorithms.h"

#include <array>

namespace ct::attest::tpm {
namespace {

struct Row {
    std::uint16_t algorithm;
    crypto::Hash hash;
    std::string_view name;
};
constexpr std::array kRows{
    Row{alg::kSha1, crypto::Hash::sha1, "sha1"}, Row{alg::kSha256, crypto::Hash::sha256, "sha256"},
    Row{alg::kSha384, crypto::Hash::sha384, "sha384"}, Row{alg::kSha512, crypto::Hash::sha512, "sha512"}};

}  // namespace

std::optional<crypto::Hash> hash_of(std::uint16_t algorithm) {
    for (const Row& row : kRows) {
        if (row.algorithm == algorithm) return row.hash;
    }
    return std::nullopt;
}

std::uint16_t algorithm_of(crypto::Hash hash) {
    for (const Row& row : kRows) {
        if (row.hash == hash) return row.algorithm;
    }
    return alg::kNull;
}

std::string_view bank_name(std::uint16_t algorithm) {
    for (const Row& row : kRows) {
        if (row.algorithm == algorithm) return row.name;
    }
    return {};
}

std::optional<std::uint16_t> bank_from_name(std::string_view name) {
    for (const Row& row : kRows) {
        if (row.name == name) return row.algorithm;
    }
    return std::nullopt;
}

}  // namespace ct::attest::tpm
