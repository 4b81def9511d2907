// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/worker_protocol.h"

#include <utility>

#include "attest/collateral/bundle.h"
#include "attest/judge/case_encoding.h"
#include "attest/judge/encoding.h"
#include "base/limits.h"
#include "codec/cbor.h"

namespace ct::judge {
namespace {

// The first item of a message.
enum class Tag : std::uint8_t { rules, hello, proof, opening, decision };
constexpr std::size_t kCaseItems = 13;
constexpr std::size_t kMostFindings = 4096;
constexpr std::size_t kMostKinds = 16;
constexpr std::size_t kKindWord = 32;

std::uint64_t number(Tag tag) { return static_cast<std::uint64_t>(tag); }

void put_blobs(cbor::Writer& out, const std::vector<attest::KindBlob>& blobs) {
    out.array(blobs.size());
    for (const auto& blob : blobs)
        out.array(2).text(blob.kind).bytes(blob.body);
}

Result<std::vector<attest::KindBlob>> take_blobs(cbor::Reader& in) {
    std::vector<attest::KindBlob> out;
    CT_TRY(const auto count, in.array(kMostKinds));
    for (std::size_t i = 0; i < count; ++i) {
        CT_CHECK(enter_array(in, 2));
        CT_TRY(auto kind, take_text(in, kKindWord));
        CT_TRY(const auto body, in.bytes(0, limits::kGateMessage));
        CT_CHECK(in.leave());
        out.push_back({std::move(kind), to_vector(body)});
    }
    CT_CHECK(in.leave());
    return out;
}

Result<Opening> take_opening(cbor::Reader& in) {
    Opening out;
    CT_TRY(const auto count, in.array(kMostFindings));
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(auto finding, take_finding(in));
        out.findings.push_back(std::move(finding));
    }
    CT_CHECK(in.leave());
    CT_TRY(out.requests, take_blobs(in));
    CT_TRY(out.kept, take_blobs(in));
    return out;
}

Result<WorkerRules> take_rules(cbor::Reader& in) {
    WorkerRules out;
    CT_TRY(out.policy, take_policy(in));
    CT_TRY(out.makers, take_makers(in, attest::kMostCollateralItems));
    return out;
}

}  // namespace

Bytes encode(const WorkerRules& rules) {
    cbor::Writer out;
    out.array(3).uint(number(Tag::rules));
    put_policy(out, rules.policy);
    put_makers(out, rules.makers);
    return out.take();
}

Bytes encode(const Question& question) {
    cbor::Writer out;
    out.array(2 + kCaseItems).uint(number(question.about == Question::About::hello ? Tag::hello : Tag::proof));
    out.uint(question.id);
    put_case(out, question.facts);
    return out.take();
}

Bytes encode(const Answer& answer) {
    cbor::Writer out;
    if (const auto* decision = std::get_if<Decision>(&answer.content)) {
        out.array(3).uint(number(Tag::decision)).uint(answer.id).bytes(encode(*decision));
        return out.take();
    }
    const auto& opening = std::get<Opening>(answer.content);
    out.array(5).uint(number(Tag::opening)).uint(answer.id).array(opening.findings.size());
    for (const auto& finding : opening.findings)
        put_finding(out, finding);
    put_blobs(out, opening.requests);
    put_blobs(out, opening.kept);
    return out.take();
}

Result<WorkerMessage> decode_worker_message(ByteView bytes) {
    if (bytes.size() > kMostWorkerMessage) return fail(Reason::too_large, "a message to the judge");
    cbor::Reader in(bytes);
    CT_TRY(const auto items, in.array(2 + kCaseItems));
    CT_TRY(const auto tag, in.uint(number(Tag::proof)));
    WorkerMessage out;
    if (tag == number(Tag::rules)) {
        if (items != 3) return fail(Reason::malformed, "rules have three items");
        CT_TRY(out, take_rules(in));
    } else {
        Question question;
        question.about = tag == number(Tag::hello) ? Question::About::hello : Question::About::proof;
        CT_TRY(question.id, in.uint());
        CT_TRY(question.facts, take_case(in));
        out = std::move(question);
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

Result<Answer> decode_answer(ByteView bytes) {
    cbor::Reader in(bytes);
    Answer out;
    CT_TRY(const auto items, in.array(5));
    CT_TRY(const auto tag, in.uint(number(Tag::decision)));
    CT_TRY(out.id, in.uint());
    if (tag == number(Tag::decision) && items == 3) {
        CT_TRY(const auto decision, in.bytes(1, limits::kGateMessage));
        CT_TRY(out.content, decode_decision(decision));
    } else if (tag == number(Tag::opening)) {
        CT_TRY(out.content, take_opening(in));
    } else {
        return fail(Reason::malformed, "no answer of a judge");
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return out;
}

Answer answer(const Policy& policy, const Question& question, const FindVerifier& find, attest::Memo* memo) {
    if (question.about == Question::About::hello) {
        auto opening = open(policy, question.facts, find);
        if (opening.findings.empty()) return {question.id, std::move(opening)};
    }
    return {question.id, appraise(policy, question.facts, find, memo)};
}

}  // namespace ct::judge
