// SPDX-License-Identifier: Apache-2.0
#include "attest/protocol/messages.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/hex.h"

namespace ct::attest {
namespace {

template <std::size_t N>
ByteArray<N> filled(std::uint8_t value) {
    ByteArray<N> out;
    out.fill(value);
    return out;
}

Hello hello() {
    return {.workload = "payments",
            .identity = {.uid = 1000, .unit = "payments.service", .executable = filled<32>(7)},
            .sealing_key = filled<32>(8),
            .introductions = {{"tpm2", {1, 2}}, {"other", {}}}};
}
Challenge challenge() { return {filled<32>(9), 12, {{"tpm2", {3}}}}; }
Proof proof() { return {{{"tpm2", Bytes(300, 4)}}}; }
Release release() {
    return {.sealed_token = Bytes(80, 5),
            .creation_path = "auth/token/create/payments",
            .evidence_kind = "tpm2",
            .record = "2026-11-24T10:00:00Z/1",
            .terms = {Seconds{600}, "ABC", true, true}};
}
Refusal refusal() { return {"evidence_nonce_mismatch", "quote is not over this session", "r1"}; }

std::vector<Message> all() { return {hello(), challenge(), proof(), release(), refusal()}; }

// As little as each may hold.
std::vector<Message> barest() {
    Hello bare_hello;
    bare_hello.workload = "w";
    Release bare_release;
    bare_release.sealed_token = {1};
    bare_release.creation_path = "p";
    bare_release.evidence_kind = "tpm2+other";
    return {bare_hello, Challenge{}, Proof{}, bare_release, Refusal{"r", "", ""}};
}

TEST(Messages, ComeBackAsTheyWere) {
    for (const Message& message : all()) {
        const auto back = decode(encode(message));
        ASSERT_TRUE(back) << message.index() << ": " << back.error().to_string();
        EXPECT_EQ(*back, message);
    }
    for (const Message& message : barest()) {
        const auto back = decode(encode(message));
        ASSERT_TRUE(back) << message.index() << ": " << back.error().to_string();
        EXPECT_EQ(*back, message);
    }
}

// Pins the bytes: both ends of a fleet must agree on them for ever. docs/binding.md shows the same.
TEST(Messages, HaveTheDocumentedBytes) {
    EXPECT_EQ(hex_encode(encode(Challenge{filled<32>(0xaa), 7, {{"tpm2", {0xf6}}}})),
              "a40002015820" + std::string(64, 'a') + "02070381826474706d3241f6");
    EXPECT_EQ(hex_encode(encode(Refusal{"policy_denied", "no", "r"})),
              "a40005016d706f6c6963795f64656e69656402626e6f036172");
}

TEST(Messages, HaveOneEncodingOnly) {
    for (const Message& message : all()) {
        const Bytes bytes = encode(message);
        EXPECT_EQ(encode(decode(bytes).value()), bytes);
    }
}

TEST(Messages, AreRefusedCutShortOrWithBytesAfterTheEnd) {
    for (const Message& message : all()) {
        Bytes bytes = encode(message);
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            const auto result = decode(ByteView(bytes).first(size));
            ASSERT_FALSE(result);
            EXPECT_EQ(result.error().reason, Reason::protocol_violation);
        }
        bytes.push_back(0xf6);
        EXPECT_FALSE(decode(bytes));
    }
}

// A flipped bit may turn one value into another; it never yields two readings of one message or a crash.
TEST(Messages, WithAFlippedBitAreRefusedOrCanonical) {
    for (const Message& message : all()) {
        const Bytes bytes = encode(message);
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            Bytes flipped = bytes;
            flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
            const auto result = decode(flipped);
            if (result) {
                EXPECT_EQ(encode(*result), flipped);
            }
        }
    }
}

TEST(Messages, OfALaterVersionGetThatAnswer) {
    cbor::Writer out;
    out.map(3).uint(0).uint(1).uint(1).uint(2).uint(9).text("something new");
    const auto result = decode(out.take());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, Reason::protocol_version);
}

TEST(Messages, OverTheSizeLimitAreRefusedUnread) {
    const auto result = decode(Bytes(limits::kGateMessage + 1, 0));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, Reason::too_large);
}

struct Bad {
    std::string_view what;
    std::function<Bytes()> bytes;
};

template <class T, class F>
std::function<Bytes()> with(T base, F change) {
    return [=] {
        T changed = base;
        change(changed);
        return encode(changed);
    };
}

Bytes built(const std::function<void(cbor::Writer&)>& write) {
    cbor::Writer out;
    write(out);
    return out.take();
}

TEST(Messages, WithBadFieldsAreProtocolViolations) {
    const std::vector<Bad> cases{
        {"empty workload", with(hello(), [](auto& m) { m.workload.clear(); })},
        {"long workload", with(hello(), [](auto& m) { m.workload.assign(limits::kNameLength + 1, 'a'); })},
        {"workload with newline", with(hello(), [](auto& m) { m.workload = "a\nb"; })},
        {"workload not UTF-8", with(hello(), [](auto& m) { m.workload = "\xff"; })},
        {"unit with escape", with(hello(), [](auto& m) { m.identity.unit = "\x1b[2J"; })},
        {"kind twice", with(hello(), [](auto& m) { m.introductions[1].kind = "tpm2"; })},
        {"kind in capitals", with(hello(), [](auto& m) { m.introductions[1].kind = "TPM2"; })},
        {"empty kind", with(hello(), [](auto& m) { m.introductions[1].kind = ""; })},
        {"too many kinds", with(hello(),
                                [](auto& m) {
                                    m.introductions.clear();
                                    for (char c = 'a'; c < 'j'; ++c)
                                        m.introductions.push_back({std::string(1, c), {}});
                                })},
        {"long introduction", with(hello(), [](auto& m) { m.introductions[0].body.assign((64 << 10) + 1, 0); })},
        {"long request", with(challenge(), [](auto& m) { m.requests[0].body.assign((64 << 10) + 1, 0); })},
        {"long evidence", with(proof(), [](auto& m) { m.evidence[0].body.assign(limits::kEvidence + 1, 0); })},
        {"empty sealed token", with(release(), [](auto& m) { m.sealed_token.clear(); })},
        {"empty creation path", with(release(), [](auto& m) { m.creation_path.clear(); })},
        {"unknown tier", with(release(), [](auto& m) { m.terms.tiers = "AE"; })},
        {"tiers out of order", with(release(), [](auto& m) { m.terms.tiers = "BA"; })},
        {"tier twice", with(release(), [](auto& m) { m.terms.tiers = "AA"; })},
        {"no tier", with(release(), [](auto& m) { m.terms.tiers = ""; })},
        {"endless lifetime", with(release(), [](auto& m) { m.terms.lifetime = Seconds{1LL << 40}; })},
        {"reason with newline", with(refusal(), [](auto& m) { m.reason = "a\nb"; })},
        {"empty reason", with(refusal(), [](auto& m) { m.reason.clear(); })},
        {"unknown type", [] { return built([](auto& out) { out.map(1).uint(0).uint(6); }); }},
        {"no type", [] { return built([](auto& out) { out.map(0); }); }},
        {"unknown field",
         [] { return built([](auto& out) { out.map(3).uint(0).uint(3).uint(1).array(0).uint(2).uint(0); }); }},
        {"field twice",
         [] { return built([](auto& out) { out.map(3).uint(0).uint(3).uint(1).array(0).uint(1).array(0); }); }},
        {"fields out of order", [] { return built([](auto& out) { out.map(2).uint(1).array(0).uint(0).uint(3); }); }},
        {"not a map", [] { return built([](auto& out) { out.array(2).uint(0).uint(3); }); }},
        {"short challenge",
         [] {
             return built([](auto& out) {
                 out.map(4).uint(0).uint(2).uint(1).bytes(Bytes(31)).uint(2).uint(0).uint(3).array(0);
             });
         }},
    };
    for (const Bad& bad : cases) {
        const auto result = decode(bad.bytes());
        ASSERT_FALSE(result) << bad.what;
        EXPECT_EQ(result.error().reason, Reason::protocol_violation) << bad.what;
    }
}

TEST(Messages, OfRefusalStayReadableWhateverTheDetail) {
    for (const auto& [detail, expected] : std::vector<std::pair<std::string, std::string>>{
             {"plain", "plain"},
             {"line\nline", "line?line"},
             {"\xff", "?"},
             {std::string(2000, 'x'), std::string(1024, 'x')},
             {std::string(1023, 'x') + "é", std::string(1023, 'x')},
         }) {
        const auto back = decode(encode(Refusal{"internal", detail, ""}));
        ASSERT_TRUE(back) << back.error().to_string();
        EXPECT_EQ(std::get<Refusal>(*back).detail, expected);
    }
}

}  // namespace
}  // namespace ct::attest
