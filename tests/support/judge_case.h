// SPDX-License-Identifier: Apache-2.0
// A node and a gate that agree, on paper: the starting point from which each test breaks one thing.
#pragma once

#include <string>

#include "attest/judge/appraisal.h"
#include "attest/judge/policy.h"
#include "support/paper_verifier.h"

namespace ct::test {

inline const std::string kPaperPolicy = R"(epoch = 7
[workload.payments]
evidence = ["paper"]
token_role = "wl-payments"
token_ttl = "5m"
wrap_ttl = "30s"
lifetime = "10m"
tiers = ["A", "B"]
require_enforcement = true
uids = [1001]
units = ["payments.service"]
executables = ["5555555555555555555555555555555555555555555555555555555555555555"]
nodes = ["node-1"]
[workload.payments.paper]
stamp = "red"
)";

inline judge::Policy paper_policy(const std::string& text = kPaperPolicy) {
    auto policy = judge::Policy::parse({{"policy.toml", text, "policy.toml"}}, find_paper);
    if (!policy) throw std::runtime_error(policy.error().to_string());
    return std::move(*policy);
}

template <std::size_t N>
ByteArray<N> filled(std::uint8_t byte) {
    ByteArray<N> out;
    out.fill(byte);
    return out;
}

// 2026-11-24 14:03:05.123456 UTC
inline const WallTime kNow{std::chrono::microseconds{1795528985123456}};

inline attest::Hello paper_hello() {
    attest::Hello out;
    out.workload = "payments";
    out.identity = {1001, "payments.service", filled<32>(0x55)};
    out.sealing_key = filled<32>(0x66);
    out.introductions = {{"paper", to_vector(as_bytes("ink"))}};
    return out;
}

// As far as TLS brings it.
inline judge::Case paper_connection() {
    judge::Case out;
    out.at = kNow;
    out.seed = filled<32>(0x10);
    out.node_spki = filled<32>(0x11);
    out.gate_spki = filled<32>(0x22);
    out.not_before = kNow - std::chrono::hours{24};
    out.not_after = kNow + std::chrono::hours{24};
    out.exporter = filled<32>(0x33);
    out.node = judge::EnrolledNode{"node-1", false};
    return out;
}

// The evidence that makes `facts` right.
inline Bytes paper_evidence(const judge::Case& facts, std::string_view stamp = "red", std::string_view more = {}) {
    return PaperVerifier::evidence(stamp, facts.challenged->kept.at(0).body, judge::case_binding(facts), more);
}

// A case that is granted.
inline judge::Case paper_case() {
    auto out = paper_connection();
    out.hello = paper_hello();
    const auto kept = judge::kind_entropy(out.seed, "paper");
    attest::Challenge challenge{filled<32>(0x44), 7, {{"paper", to_vector(kept)}}};
    out.challenged = judge::Challenged{std::move(challenge), kNow - Seconds{1}, {{"paper", to_vector(kept)}}, false};
    out.proof = attest::Proof{{{"paper", paper_evidence(out)}}};
    return out;
}

}  // namespace ct::test
