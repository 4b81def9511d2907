// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/case_encoding.h"

#include "attest/collateral/bundle.h"
#include "attest/judge/encoding.h"
#include "base/limits.h"

namespace ct::judge {
namespace {

constexpr std::size_t kKinds = 16;
constexpr std::size_t kKindWord = 32;

template <class T>
void put_message(cbor::Writer& out, const std::optional<T>& message) {
    if (message)
        out.bytes(attest::encode(*message));
    else
        out.null();
}

// A message as it travels, or null.
template <class T>
Result<std::optional<T>> take_message(cbor::Reader& in) {
    CT_TRY(auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return std::nullopt;
    }
    CT_TRY(auto bytes, in.bytes(1, limits::kGateMessage));
    CT_TRY(auto message, attest::decode(bytes));
    auto* wanted = std::get_if<T>(&message);
    if (wanted == nullptr) return fail(Reason::malformed, "a message of the wrong type");
    return std::move(*wanted);
}

void put_challenged(cbor::Writer& out, const std::optional<Challenged>& challenged) {
    if (!challenged) {
        out.null();
        return;
    }
    out.array(4).bytes(attest::encode(challenged->challenge));
    put_time(out, challenged->at);
    out.array(challenged->kept.size());
    for (const auto& kept : challenged->kept)
        out.array(2).text(kept.kind).bytes(kept.body);
    out.boolean(challenged->spent);
}

Result<std::optional<Challenged>> take_challenged(cbor::Reader& in) {
    CT_TRY(auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return std::nullopt;
    }
    Challenged out;
    CT_CHECK(enter_array(in, 4));
    CT_TRY(auto challenge, take_message<attest::Challenge>(in));
    if (!challenge) return fail(Reason::malformed, "a challenge is missing");
    out.challenge = std::move(*challenge);
    CT_TRY(out.at, take_time(in));
    CT_TRY(auto count, in.array(kKinds));
    for (std::size_t i = 0; i < count; ++i) {
        CT_CHECK(enter_array(in, 2));
        CT_TRY(auto kind, take_text(in, kKindWord));
        CT_TRY(auto body, in.bytes(0, limits::kGateMessage));
        CT_CHECK(in.leave());
        out.kept.push_back({std::move(kind), to_vector(body)});
    }
    CT_CHECK(in.leave());
    CT_TRY(out.spent, in.boolean());
    CT_CHECK(in.leave());
    return out;
}

void put_node(cbor::Writer& out, const std::optional<EnrolledNode>& node) {
    if (!node) {
        out.null();
        return;
    }
    out.array(3).text(node->name).boolean(node->revoked).array(node->keys.size());
    for (const auto& [kind, words] : node->keys) {
        out.array(2).text(kind).array(words.size());
        for (const auto& word : words)
            out.text(word);
    }
}

Result<std::optional<EnrolledNode>> take_node(cbor::Reader& in) {
    CT_TRY(auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return std::nullopt;
    }
    EnrolledNode out;
    CT_CHECK(enter_array(in, 3));
    CT_TRY(out.name, take_text(in, limits::kNameLength));
    CT_TRY(out.revoked, in.boolean());
    CT_TRY(const auto kinds, in.array(kKinds));
    for (std::size_t i = 0; i < kinds; ++i) {
        CT_CHECK(enter_array(in, 2));
        CT_TRY(auto kind, take_text(in, kKindWord));
        CT_TRY(const auto count, in.array(Enrolments::kKeysPerNode));
        std::vector<std::string> words;
        for (std::size_t k = 0; k < count; ++k) {
            CT_TRY(auto word, take_text(in, Enrolments::kKeyLength));
            words.push_back(std::move(word));
        }
        CT_CHECK(in.leave());
        CT_CHECK(in.leave());
        // In order, as they were written: a record is read back to the very same bytes.
        if (!out.keys.empty() && out.keys.rbegin()->first >= kind) return fail(Reason::malformed, "kinds out of order");
        out.keys.emplace(std::move(kind), std::move(words));
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    return out;
}

Result<std::optional<attest::Finding>> take_fault(cbor::Reader& in) {
    CT_TRY(auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return std::nullopt;
    }
    CT_TRY(auto finding, take_finding(in));
    return finding;
}

}  // namespace

void put_case(cbor::Writer& out, const Case& facts) {
    put_time(out, facts.at);
    out.bytes(facts.seed).bytes(facts.node_spki).bytes(facts.gate_spki);
    put_time(out, facts.not_before);
    put_time(out, facts.not_after);
    out.bytes(facts.exporter);
    put_node(out, facts.node);
    put_message(out, facts.hello);
    put_challenged(out, facts.challenged);
    put_message(out, facts.proof);
    out.boolean(facts.proof_seen);
    if (facts.fault)
        put_finding(out, *facts.fault);
    else
        out.null();
}

Result<Case> take_case(cbor::Reader& in) {
    Case out;
    CT_TRY(out.at, take_time(in));
    CT_TRY(out.seed, in.byte_array<32>());
    CT_TRY(out.node_spki, in.byte_array<32>());
    CT_TRY(out.gate_spki, in.byte_array<32>());
    CT_TRY(out.not_before, take_time(in));
    CT_TRY(out.not_after, take_time(in));
    CT_TRY(out.exporter, in.byte_array<32>());
    CT_TRY(out.node, take_node(in));
    CT_TRY(out.hello, take_message<attest::Hello>(in));
    CT_TRY(out.challenged, take_challenged(in));
    CT_TRY(out.proof, take_message<attest::Proof>(in));
    CT_TRY(out.proof_seen, in.boolean());
    CT_TRY(out.fault, take_fault(in));
    return out;
}

void put_policy(cbor::Writer& out, const std::vector<PolicyFile>& files) {
    out.array(files.size());
    for (const auto& file : files)
        out.array(2).text(file.name).bytes(as_bytes(file.text));
}

Result<std::vector<PolicyFile>> take_policy(cbor::Reader& in) {
    std::vector<PolicyFile> out;
    std::size_t total = 0;
    CT_TRY(auto count, in.array(kPolicyFiles));
    for (std::size_t i = 0; i < count; ++i) {
        CT_CHECK(enter_array(in, 2));
        CT_TRY(auto name, take_text(in, limits::kNameLength));
        CT_TRY(auto text, in.bytes(0, kPolicyFileSize));
        CT_CHECK(in.leave());
        total += text.size();
        if (total > kPolicySize) return fail(Reason::too_large, "the record's policy");
        out.push_back({name, std::string(as_text(text)), name});
    }
    CT_CHECK(in.leave());
    return out;
}

void put_makers(cbor::Writer& out, const std::optional<Makers>& makers) {
    if (!makers) {
        out.null();
        return;
    }
    out.array(4).bytes(makers->hash);
    put_time(out, makers->made);
    put_time(out, makers->until);
    out.array(makers->items.size());
    for (const auto& [name, content] : makers->items)
        out.array(2).text(name).bytes(content);
}

Result<std::optional<Makers>> take_makers(cbor::Reader& in, std::size_t most) {
    CT_TRY(auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return std::nullopt;
    }
    Makers out;
    CT_CHECK(enter_array(in, 4));
    CT_TRY(out.hash, in.byte_array<32>());
    CT_TRY(out.made, take_time(in));
    CT_TRY(out.until, take_time(in));
    CT_TRY(const auto count, in.array(most));
    for (std::size_t i = 0; i < count; ++i) {
        CT_CHECK(enter_array(in, 2));
        CT_TRY(auto name, take_text(in, limits::kNameLength));
        CT_TRY(const auto content, in.bytes(1, attest::kMostCollateralItem));
        CT_CHECK(in.leave());
        if (!out.items.empty() && out.items.rbegin()->first >= name)
            return fail(Reason::malformed, "collateral out of order");
        out.items.emplace(std::move(name), to_vector(content));
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    return out;
}

}  // namespace ct::judge
