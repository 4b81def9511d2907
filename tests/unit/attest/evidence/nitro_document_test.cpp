// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro_document.h"

#include <gtest/gtest.h>

#include <functional>

#include "codec/cbor.h"
#include "codec/hex.h"
#include "support/simulated_nsm.h"
#include "support/vectors.h"

namespace ct::attest::nitro {
namespace {

using test::cose_sign1;
using test::NitroPayload;

const Bytes kSignature = [] {
    Bytes out(48, 0x11);
    out.resize(96, 0x22);
    return out;
}();

Bytes document(const NitroPayload& payload) { return cose_sign1(payload.bytes(), kSignature); }

std::optional<Reason> refusal(const Bytes& bytes) {
    const auto parsed = parse_document(bytes);
    return parsed ? std::nullopt : std::optional(parsed.error().reason);
}

// A payload whose fields are given as pairs of name and encoding.
using Fields = std::vector<std::pair<std::string, Bytes>>;
Bytes of_fields(const Fields& fields) {
    cbor::Writer head;
    head.map(fields.size());
    Bytes out = head.take();
    for (const auto& [name, value] : fields) {
        cbor::Writer key;
        key.text(name);
        append(out, key.take());
        append(out, value);
    }
    return cose_sign1(out, kSignature);
}
Bytes encoded(const std::function<void(cbor::Writer&)>& write) {
    cbor::Writer out;
    write(out);
    return out.take();
}
Bytes encoded_bytes(std::size_t size) {
    return encoded([&](auto& out) { out.bytes(Bytes(size, 7)); });
}
Bytes encoded_pcrs(std::initializer_list<std::uint64_t> indices, std::size_t size = 48) {
    return encoded([&](auto& out) {
        out.map(indices.size());
        for (const auto index : indices)
            out.uint(index).bytes(Bytes(size, 7));
    });
}
Fields good_fields() {
    return {{"module_id", encoded([](auto& out) { out.text("i-1"); })},
            {"digest", encoded([](auto& out) { out.text("SHA384"); })},
            {"timestamp", encoded([](auto& out) { out.uint(1); })},
            {"pcrs", encoded_pcrs({0})},
            {"certificate", encoded_bytes(1)},
            {"cabundle", encoded([](auto& out) { out.array(1).bytes(Bytes(1)); })}};
}

TEST(NitroDocument, IsReadFieldByField) {
    NitroPayload content;
    content.pcrs[31] = Bytes(48, 0x31);
    content.user_data = Bytes(1024, 1);
    content.nonce = Bytes{};
    for (const bool indefinite : {true, false}) {
        content.indefinite = indefinite;
        const Bytes bytes = document(content);
        const auto parsed = parse_document(bytes);
        ASSERT_TRUE(parsed) << parsed.error().to_string();
        EXPECT_EQ(parsed->module_id, content.module_id);
        EXPECT_EQ(parsed->timestamp, content.timestamp);
        EXPECT_EQ(parsed->form, Form::enclave);
        EXPECT_EQ(parsed->pcr_mask, 1U << 31 | 1U << 4 | 7U);
        EXPECT_EQ(to_vector(parsed->pcrs[31]), Bytes(48, 0x31));
        EXPECT_EQ(to_vector(parsed->certificate), content.certificate);
        ASSERT_EQ(parsed->cabundle().size(), 2U);
        EXPECT_EQ(to_vector(parsed->cabundle()[1]), content.cabundle[1]);
        EXPECT_FALSE(parsed->public_key);
        EXPECT_EQ(parsed->user_data->size(), 1024U);
        EXPECT_EQ(parsed->nonce->size(), 0U);
        EXPECT_EQ(to_vector(parsed->payload), content.bytes());
        EXPECT_EQ(to_vector(parsed->r), Bytes(48, 0x11));
        EXPECT_EQ(to_vector(parsed->s), Bytes(48, 0x22));
        // The bytes of RFC 9052 section 4.4, put together by hand.
        Bytes to_sign{0x84, 0x6a, 'S',  'i',  'g',  'n',  'a',  't',  'u', 'r',
                      'e',  '1',  0x44, 0xa1, 0x01, 0x38, 0x22, 0x40, 0x59};
        to_sign.push_back(static_cast<std::uint8_t>(content.bytes().size() >> 8));
        to_sign.push_back(static_cast<std::uint8_t>(content.bytes().size()));
        append(to_sign, content.bytes());
        EXPECT_EQ(signed_bytes(*parsed), to_sign);
    }
}

TEST(NitroDocument, OfANitroTpmIsToldFromOneOfAnEnclave) {
    NitroPayload content;
    content.pcrs_name = "nitrotpm_pcrs";
    const Bytes bytes = document(content);
    const auto parsed = parse_document(bytes);
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    EXPECT_EQ(parsed->form, Form::nitrotpm);
    EXPECT_EQ(to_string(parsed->form), "nitrotpm");
    EXPECT_TRUE(parsed->has_pcr(0));
    EXPECT_FALSE(parsed->has_pcr(3));
}

TEST(NitroDocument, MayCarryItsTag) {
    Bytes bytes = document({});
    bytes.insert(bytes.begin(), 0xd2);
    EXPECT_TRUE(parse_document(bytes));
    bytes[0] = 0xd1;  // COSE_Mac0
    EXPECT_EQ(refusal(bytes), Reason::evidence_malformed);
    bytes[0] = 0xd2;
    bytes.insert(bytes.begin(), 0xd2);
    EXPECT_EQ(refusal(bytes), Reason::evidence_malformed);
}

TEST(NitroDocument, IsRefusedForAnyOtherEnvelope) {
    const Bytes payload = NitroPayload{}.bytes();
    EXPECT_EQ(refusal(cose_sign1(payload, kSignature)), std::nullopt);
    const Bytes es256{0xa1, 0x01, 0x26}, es384_and_more{0xa2, 0x01, 0x38, 0x22, 0x04, 0x40};
    EXPECT_EQ(refusal(cose_sign1(payload, kSignature, es256)), Reason::evidence_wrong_type);
    EXPECT_EQ(refusal(cose_sign1(payload, kSignature, es384_and_more)), Reason::evidence_wrong_type);
    EXPECT_EQ(refusal(cose_sign1(payload, kSignature, Bytes{})), Reason::evidence_wrong_type);
    for (const Bytes& unprotected : {Bytes{0xf6}, Bytes{0xa1, 0x04, 0x40}, Bytes{0xbf, 0xff}, Bytes{0x40}, Bytes{0x80}})
        EXPECT_EQ(refusal(cose_sign1(payload, kSignature, test::kEs384Header, unprotected)),
                  Reason::evidence_malformed);
    EXPECT_EQ(refusal(cose_sign1(payload, Bytes(95))), Reason::evidence_malformed);
    EXPECT_EQ(refusal(cose_sign1(payload, Bytes(97))), Reason::evidence_malformed);
    EXPECT_EQ(refusal(cose_sign1({}, kSignature)), Reason::evidence_malformed);
    Bytes three = cose_sign1(payload, kSignature);
    three[0] = 0x83;
    EXPECT_EQ(refusal(three), Reason::evidence_malformed);
    EXPECT_EQ(refusal(Bytes(limits::kNitroDocument + 1)), Reason::evidence_too_large);
}

TEST(NitroDocument, CutShortOrWithBytesAfterItIsMalformed) {
    Bytes bytes = document({});
    for (std::size_t size = 0; size < bytes.size(); ++size)
        ASSERT_EQ(refusal(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))),
                  Reason::evidence_malformed)
            << size;
    bytes.push_back(0);
    EXPECT_EQ(refusal(bytes), Reason::evidence_malformed);
    Bytes payload = NitroPayload{}.bytes();
    payload.push_back(0);
    EXPECT_EQ(refusal(cose_sign1(payload, kSignature)), Reason::evidence_malformed);
}

TEST(NitroDocument, NeedsEachFieldOnce) {
    ASSERT_EQ(refusal(of_fields(good_fields())), std::nullopt);
    for (std::size_t i = 0; i < good_fields().size(); ++i) {
        Fields without = good_fields(), twice = good_fields();
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        twice.push_back(twice[i]);
        EXPECT_EQ(refusal(of_fields(without)), Reason::evidence_malformed) << good_fields()[i].first;
        EXPECT_EQ(refusal(of_fields(twice)), Reason::evidence_malformed) << good_fields()[i].first;
    }
    Fields both = good_fields();
    both.emplace_back("nitrotpm_pcrs", encoded_pcrs({0}));
    EXPECT_EQ(refusal(of_fields(both)), Reason::evidence_malformed);
    Fields more = good_fields();
    more.emplace_back("model", encoded_bytes(1));
    EXPECT_EQ(refusal(of_fields(more)), Reason::evidence_malformed);
}

TEST(NitroDocument, IsRefusedForEachFieldOutOfBounds) {
    const auto text = [](std::string_view value) { return encoded([&](auto& out) { out.text(value); }); };
    const auto chain = [](std::size_t count, std::size_t size) {
        return encoded([&](auto& out) {
            out.array(count);
            for (std::size_t i = 0; i < count; ++i)
                out.bytes(Bytes(size));
        });
    };
    const Bytes null{0xf6};
    struct Case {
        std::string field;
        Bytes good, bad;
    };
    for (const Case& one : std::vector<Case>{
             {"module_id", text(std::string(256, 'i')), text(std::string(257, 'i'))},
             {"module_id", text("i"), text("")},
             {"module_id", text("~"), text("i 1")},
             {"module_id", text("!"), text("i\n1")},
             {"module_id", text("i"), text("\xc3\xa4")},
             {"module_id", text("i"), text("i\x7f")},
             {"module_id", text("i"), null},
             {"digest", text("SHA384"), text("SHA512")},
             {"timestamp", encoded([](auto& out) { out.uint(UINT64_MAX); }), encoded([](auto& out) { out.uint(0); })},
             {"timestamp", encoded([](auto& out) { out.uint(1); }), encoded([](auto& out) { out.integer(-1); })},
             {"pcrs", encoded_pcrs({31, 0}), encoded_pcrs({})},
             {"pcrs", encoded_pcrs({31}), encoded_pcrs({32})},
             {"pcrs", encoded_pcrs({0, 1}), encoded_pcrs({1, 1})},
             {"pcrs", encoded_pcrs({0}, 48), encoded_pcrs({0}, 32)},
             {"pcrs", encoded_pcrs({0}, 48), encoded_pcrs({0}, 64)},
             {"certificate", encoded_bytes(1024), encoded_bytes(1025)},
             {"certificate", encoded_bytes(1), encoded_bytes(0)},
             {"cabundle", chain(5, 1024), chain(6, 1024)},
             {"cabundle", chain(1, 1), chain(0, 0)},
             {"cabundle", chain(1, 1024), chain(1, 1025)},
             {"cabundle", chain(2, 1), chain(2, 0)},
             {"public_key", encoded_bytes(1024), encoded_bytes(1025)},
             {"public_key", null, encoded_bytes(0)},
             {"user_data", encoded_bytes(1024), encoded_bytes(1025)},
             {"user_data", encoded_bytes(0), text("")},
             {"nonce", encoded_bytes(1024), encoded_bytes(1025)},
             {"nonce", null, Bytes{0xf7}},
         }) {
        const auto with = [&](const Bytes& value) {
            Fields fields = good_fields();
            std::erase_if(fields, [&](const auto& field) { return field.first == one.field; });
            fields.emplace_back(one.field, value);
            return refusal(of_fields(fields));
        };
        EXPECT_EQ(with(one.good), std::nullopt) << one.field << " " << hex_encode(one.good).substr(0, 20);
        EXPECT_EQ(with(one.bad), Reason::evidence_malformed) << one.field << " " << hex_encode(one.bad).substr(0, 20);
    }
}

TEST(NitroVectors, HaveTheirFields) {
    CT_NEEDS_VECTORS();
    struct Case {
        std::string name, module_id;
        std::uint64_t seconds;
        std::string pcr0, pcr4, user_data, nonce;
        std::size_t user_data_size, nonce_size;
    };
    for (const Case& one : std::vector<Case>{
             {"prod-2025-12-a", "i-0827e799ec9232d44-enc019b5640fdf630d6", 1766678659, "eb7d0dab08ff4154",
              "7b3574ad9b7e88ec", "e3b0c44298fc1c14", "", 64, 0},
             {"prod-2025-12-b", "i-0827e799ec9232d44-enc019b55a68bd2ed4b", 1766668537, "5cb702954321826d",
              "7b3574ad9b7e88ec", "0000000000000000", "", 64, 0},
             {"debug-2025-12", "i-0fd3fdaad4e904e69-enc019b54988b2d89ba", 1766650846, "0000000000000000",
              "19f6d013fa4df46d", "0000000000000000", "", 64, 0},
             {"debug-2023-09-pubkey-userdata", "i-0918f6c55e3b61d89-enc018aa8b8e2285d13", 1695049410,
              "0000000000000000", "d0531b1400dd4328", "3059301306072a86", "bba6bfd51866d2e4", 91, 256},
             {"prod-2022-10-pcr8", "i-020b6af9246d90e92-enc0183d09086c24190", 1665651482, "f4d48b81a460c991",
              "1f442c86d494a881", "", "cb3dc2eb76c0c134", 0, 256},
         }) {
        const Bytes bytes = test::read_vector("nitro/" + one.name + ".cose.bin");
        const auto parsed = parse_document(bytes);
        ASSERT_TRUE(parsed) << one.name << ": " << parsed.error().to_string();
        const auto head = [](ByteView view) { return hex_encode(view.first(std::min<std::size_t>(8, view.size()))); };
        EXPECT_EQ(parsed->module_id, one.module_id);
        EXPECT_EQ(parsed->timestamp / 1000, one.seconds) << one.name;
        EXPECT_EQ(parsed->form, Form::enclave);
        EXPECT_EQ(parsed->pcr_mask, 0xffffU) << one.name;
        EXPECT_EQ(head(parsed->pcrs[0]), one.pcr0) << one.name;
        EXPECT_EQ(head(parsed->pcrs[4]), one.pcr4) << one.name;
        EXPECT_EQ(parsed->cabundle().size(), 4U) << one.name;
        EXPECT_FALSE(parsed->public_key) << one.name;
        EXPECT_EQ(head(parsed->user_data.value_or(ByteView{})), one.user_data) << one.name;
        EXPECT_EQ(head(parsed->nonce.value_or(ByteView{})), one.nonce) << one.name;
        EXPECT_EQ(parsed->user_data.value_or(ByteView{}).size(), one.user_data_size) << one.name;
        EXPECT_EQ(parsed->nonce.value_or(ByteView{}).size(), one.nonce_size) << one.name;
        Bytes more = bytes;
        more.push_back(0);
        EXPECT_FALSE(parse_document(more)) << one.name;
    }
}

TEST(NitroVectors, WithNullForAnUnprotectedHeaderAreMalformed) {
    CT_NEEDS_VECTORS();
    EXPECT_EQ(refusal(test::read_vector("nitro/neg-selfsigned.cose.bin")), Reason::evidence_malformed);
}

}  // namespace
}  // namespace ct::attest::nitro
