// SPDX-License-Identifier: Apache-2.0
// Each message is one CBOR map with small integer keys; key 0 says which. docs/binding.md lists the fields.
#include "attest/protocol/messages.h"

#include <algorithm>

#include "base/limits.h"
#include "codec/cbor.h"
#include "codec/utf8.h"

namespace ct::attest {
namespace {

enum Type : std::uint64_t { kHello = 1, kChallenge = 2, kProof = 3, kRelease = 4, kRefusal = 5 };

constexpr std::size_t kKinds = 8;  // kinds of evidence in one message
constexpr std::size_t kKindWord = 32;
constexpr std::size_t kIntroduction = 64 << 10;  // public keys and certificate chains
constexpr std::size_t kRequest = 64 << 10;
constexpr std::size_t kSealedToken = 16 << 10;
constexpr std::size_t kPath = 1024;
constexpr std::size_t kDetail = 1024;
constexpr std::size_t kMostSeconds = UINT32_MAX;
constexpr std::string_view kTierLetters = "ABCD";

// Writing.

void put_kinds(cbor::Writer& out, const std::vector<KindBlob>& blobs) {
    out.array(blobs.size());
    for (const KindBlob& blob : blobs)
        out.array(2).text(blob.kind).bytes(blob.body);
}

void put_identity(cbor::Writer& out, const Identity& identity) {
    out.map(identity.executable ? 3 : 2);
    out.uint(0).uint(identity.uid);
    out.uint(1).text(identity.unit);
    if (identity.executable) out.uint(2).bytes(*identity.executable);
}

// Words of a refusal may quote anything; the peer must still be able to read the refusal.
std::string readable(std::string_view text) {
    if (!printable_utf8(text)) {
        std::string ascii(text);
        std::ranges::replace_if(ascii, [](char c) { return c < ' ' || c > '~'; }, '?');
        return ascii.substr(0, kDetail);
    }
    std::size_t size = std::min(text.size(), kDetail);
    while (!valid_utf8(text.substr(0, size)))
        --size;  // at most three steps, to a character's edge
    return std::string(text.substr(0, size));
}

void put(cbor::Writer& out, const Hello& hello) {
    out.map(6).uint(0).uint(kHello);
    out.uint(1).uint(hello.version);
    out.uint(2).text(hello.workload);
    out.uint(3);
    put_identity(out, hello.identity);
    out.uint(4).bytes(hello.sealing_key);
    out.uint(5);
    put_kinds(out, hello.introductions);
}

void put(cbor::Writer& out, const Challenge& challenge) {
    out.map(4).uint(0).uint(kChallenge);
    out.uint(1).bytes(challenge.challenge);
    out.uint(2).uint(challenge.policy_epoch);
    out.uint(3);
    put_kinds(out, challenge.requests);
}

void put(cbor::Writer& out, const Proof& proof) {
    out.map(2).uint(0).uint(kProof);
    out.uint(1);
    put_kinds(out, proof.evidence);
}

void put(cbor::Writer& out, const Release& release) {
    out.map(6).uint(0).uint(kRelease);
    out.uint(1).bytes(release.sealed_token);
    out.uint(2).text(release.creation_path);
    out.uint(3).text(release.evidence_kind);
    out.uint(4).text(release.record);
    const Terms& terms = release.terms;
    out.uint(5).map(4);
    out.uint(0).uint(static_cast<std::uint64_t>(std::max<Seconds::rep>(terms.lifetime.count(), 0)));
    out.uint(1).text(terms.tiers);
    out.uint(2).boolean(terms.require_enforcement);
    out.uint(3).boolean(terms.allow_degraded_memory);
}

void put(cbor::Writer& out, const Refusal& refusal) {
    out.map(4).uint(0).uint(kRefusal);
    out.uint(1).text(refusal.reason);
    out.uint(2).text(readable(refusal.detail));
    out.uint(3).text(refusal.record);
}

// Reading. Reader's errors are `malformed`; decode() turns them into protocol_violation at the end.

// Text that is shown and logged later: no control characters.
Result<std::string> get_text(cbor::Reader& in, std::size_t least, std::size_t most) {
    CT_TRY(auto text, in.text(least, most));
    if (!printable_utf8(text)) return fail(Reason::malformed, "control characters in a text");
    return std::string(text);
}

Result<std::vector<KindBlob>> get_kinds(cbor::Reader& in, std::size_t most_bytes) {
    CT_TRY(const std::size_t count, in.array(kKinds));
    std::vector<KindBlob> blobs;
    blobs.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(const std::size_t two, in.array(2));
        if (two != 2) return fail(Reason::malformed, "expected a kind and its body");
        CT_TRY(auto kind, in.text(1, kKindWord));
        if (!valid_kind(kind)) return fail(Reason::malformed, "not a kind of evidence");
        if (std::ranges::any_of(blobs, [&](const KindBlob& blob) { return blob.kind == kind; })) {
            return fail(Reason::malformed, "the same kind of evidence twice");
        }
        CT_TRY(auto body, in.bytes(0, most_bytes));
        CT_CHECK(in.leave());
        blobs.push_back({std::string(kind), to_vector(body)});
    }
    CT_CHECK(in.leave());
    return blobs;
}

Result<Identity> get_identity(cbor::Reader& in) {
    CT_TRY(const std::size_t fields, in.map(3));
    Identity identity;
    CT_CHECK(in.key(0));
    CT_TRY(identity.uid, in.uint());
    CT_CHECK(in.key(1));
    CT_TRY(identity.unit, get_text(in, 0, limits::kNameLength));
    if (fields == 3) {
        CT_CHECK(in.key(2));
        CT_TRY(identity.executable, in.byte_array<32>());
    }
    CT_CHECK(in.leave());
    return identity;
}

Result<Message> get_hello(cbor::Reader& in) {
    Hello hello;
    CT_CHECK(in.key(1));
    CT_TRY(hello.version, in.uint());
    // Before all else, so that a later version gets this answer and not a complaint about its fields.
    if (hello.version != kProtocolVersion) {
        return fail(Reason::protocol_version, "the peer speaks version " + std::to_string(hello.version));
    }
    CT_CHECK(in.key(2));
    CT_TRY(hello.workload, get_text(in, 1, limits::kNameLength));
    CT_CHECK(in.key(3));
    CT_TRY(hello.identity, get_identity(in));
    CT_CHECK(in.key(4));
    CT_TRY(hello.sealing_key, in.byte_array<32>());
    CT_CHECK(in.key(5));
    CT_TRY(hello.introductions, get_kinds(in, kIntroduction));
    return hello;
}

Result<Message> get_challenge(cbor::Reader& in) {
    Challenge challenge;
    CT_CHECK(in.key(1));
    CT_TRY(challenge.challenge, in.byte_array<32>());
    CT_CHECK(in.key(2));
    CT_TRY(challenge.policy_epoch, in.uint());
    CT_CHECK(in.key(3));
    CT_TRY(challenge.requests, get_kinds(in, kRequest));
    return challenge;
}

Result<Message> get_proof(cbor::Reader& in) {
    Proof proof;
    CT_CHECK(in.key(1));
    CT_TRY(proof.evidence, get_kinds(in, limits::kEvidence));
    return proof;
}

bool valid_tiers(std::string_view tiers) {
    return std::ranges::all_of(tiers, [](char c) { return kTierLetters.contains(c); }) &&
           std::ranges::adjacent_find(tiers, std::ranges::greater_equal{}) == tiers.end();
}

Result<Message> get_release(cbor::Reader& in) {
    Release release;
    CT_CHECK(in.key(1));
    CT_TRY(auto sealed, in.bytes(1, kSealedToken));
    release.sealed_token = to_vector(sealed);
    CT_CHECK(in.key(2));
    CT_TRY(release.creation_path, get_text(in, 1, kPath));
    CT_CHECK(in.key(3));
    CT_TRY(release.evidence_kind, get_text(in, 1, kKinds * (kKindWord + 1)));
    CT_CHECK(in.key(4));
    CT_TRY(release.record, get_text(in, 0, limits::kNameLength));
    CT_CHECK(in.key(5));
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(4));
    Terms& terms = release.terms;
    CT_CHECK(in.key(0));
    CT_TRY(const std::uint64_t lifetime, in.uint(kMostSeconds));
    terms.lifetime = Seconds{static_cast<Seconds::rep>(lifetime)};
    CT_CHECK(in.key(1));
    CT_TRY(terms.tiers, get_text(in, 1, kTierLetters.size()));
    if (!valid_tiers(terms.tiers)) return fail(Reason::malformed, "tiers are letters of ABCD in order");
    CT_CHECK(in.key(2));
    CT_TRY(terms.require_enforcement, in.boolean());
    CT_CHECK(in.key(3));
    CT_TRY(terms.allow_degraded_memory, in.boolean());
    CT_CHECK(in.leave());
    return release;
}

Result<Message> get_refusal(cbor::Reader& in) {
    Refusal refusal;
    CT_CHECK(in.key(1));
    CT_TRY(refusal.reason, get_text(in, 1, limits::kNameLength));
    CT_CHECK(in.key(2));
    CT_TRY(refusal.detail, get_text(in, 0, kDetail));
    CT_CHECK(in.key(3));
    CT_TRY(refusal.record, get_text(in, 0, limits::kNameLength));
    return refusal;
}

Result<Message> get_message(cbor::Reader& in) {
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(16));
    CT_CHECK(in.key(0));
    CT_TRY(const std::uint64_t type, in.uint());
    switch (type) {
        case kHello:
            return get_hello(in);
        case kChallenge:
            return get_challenge(in);
        case kProof:
            return get_proof(in);
        case kRelease:
            return get_release(in);
        case kRefusal:
            return get_refusal(in);
        default:
            return fail(Reason::malformed, "not a message of this protocol");
    }
}

Result<Message> get_whole(ByteView bytes) {
    cbor::Reader in(bytes);
    CT_TRY(auto message, get_message(in));
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    return message;
}

}  // namespace

bool valid_kind(std::string_view word) {
    return !word.empty() && word.size() <= kKindWord && std::ranges::all_of(word, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

Bytes encode_identity(const Identity& identity) {
    cbor::Writer out;
    put_identity(out, identity);
    return out.take();
}

Bytes encode(const Message& message) {
    cbor::Writer out;
    std::visit([&](const auto& body) { put(out, body); }, message);
    return out.take();
}

Result<Message> decode(ByteView bytes) {
    if (bytes.size() > limits::kGateMessage) return fail(Reason::too_large, "a message over the limit");
    auto message = get_whole(bytes);
    // A part over its bound is as much a violation as one that does not parse; only the version has an answer of its own.
    if (!message && message.error().reason != Reason::protocol_version) {
        message.error().reason = Reason::protocol_violation;
    }
    return message;
}

}  // namespace ct::attest
