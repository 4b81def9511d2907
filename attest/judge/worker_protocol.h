// SPDX-License-Identifier: Apache-2.0
// What a gate and the process that judges for it say to each other, in order, over one socket: rules, then questions by them,
// each with one answer. Every message is canonical CBOR behind a u32be length. Both are of one build: there are no versions.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "attest/judge/appraisal.h"
#include "attest/judge/decision.h"
#include "attest/judge/policy.h"
#include "base/bytes.h"
#include "base/result.h"

namespace ct::judge {

// What all questions after it are judged by.
struct WorkerRules {
    std::vector<PolicyFile> policy;
    std::optional<Makers> makers;
};

struct Question {
    enum class About : std::uint8_t {
        hello,  // judge::open; where that finds anything, the verdict
        proof,  // judge::appraise
    };
    std::uint64_t id = 0;
    About about = About::proof;
    Case facts;
};

using WorkerMessage = std::variant<WorkerRules, Question>;

struct Answer {
    std::uint64_t id = 0;
    std::variant<Opening, Decision> content;
};

inline constexpr std::size_t kMostWorkerMessage = 64UZ << 20;  // a whole bundle and a policy

Bytes encode(const WorkerRules& rules);
Bytes encode(const Question& question);
Bytes encode(const Answer& answer);
// malformed, too_large. Never more memory than a small multiple of the input.
Result<WorkerMessage> decode_worker_message(ByteView bytes);
Result<Answer> decode_answer(ByteView bytes);

// What the worker does with a question.
Answer answer(const Policy& policy, const Question& question, const FindVerifier& find = attest::find_verifier,
              attest::Memo* memo = nullptr);

}  // namespace ct::judge
