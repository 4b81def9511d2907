// SPDX-License-Identifier: Apache-2.0
// Bodies have one form: whatever is decoded is exactly what it would be written as, and nothing else is decoded.
#include "attest/evidence/body.h"

#include <gtest/gtest.h>

#include "attest/evidence/composite_bundle.h"
#include "attest/evidence/nitro_bundle.h"
#include "attest/evidence/snp_bundle.h"
#include "attest/evidence/tdx_bundle.h"
#include "attest/evidence/tpm2_bundle.h"
#include "base/limits.h"

namespace ct::attest {
namespace {

// Decodes, and writes what was decoded.
using Again = Result<Bytes> (*)(ByteView);

template <auto decode>
Result<Bytes> again(ByteView bytes) {
    CT_TRY(const auto body, decode(bytes));
    return encode(body);
}

Result<Bytes> tdx_introduction_again(ByteView bytes) {
    CT_CHECK(tdx::decode_introduction(bytes));
    return tdx::encode_introduction();
}

Result<Bytes> tdx_request_again(ByteView bytes) {
    CT_TRY(const tdx::Request request, tdx::decode_request(bytes));
    return tdx::encode_request(request);
}

Result<Parts> decode_parts(ByteView bytes) { return attest::decode_parts(bytes, limits::kEvidence); }

struct Form {
    std::string name;
    Bytes body;
    Again again;
};

std::vector<Form> forms() {
    const Bytes report(snp::kReportSize, 7), x{1, 2, 3}, y{4, 5};
    tpm::Request request{.pcrs = {.bank = 0x000b, .mask = 0x81}, .event_log = true, .credential = {}};
    const Bytes without = tpm::encode(request);
    request.credential = tpm::Credential{x, y};
    tpm::Evidence evidence{
        .attest = x, .signature = y, .pcr_mask = 0x800003, .pcr_values = {}, .event_log = x, .secret = y};
    for (const std::size_t index : {0, 1, 23})
        evidence.pcr_values.at(index) = x;
    return {
        {"snp_introduction", encode(snp::Introduction{2}), again<snp::decode_introduction>},
        {"snp_request", encode(snp::Request{1}), again<snp::decode_request>},
        {"snp_evidence", encode(snp::Evidence{report, {x, y}}), again<snp::decode_evidence>},
        {"snp_evidence_without_certificates", encode(snp::Evidence{report, {}}), again<snp::decode_evidence>},
        {"tdx_introduction", tdx::encode_introduction(), tdx_introduction_again},
        {"tdx_request", tdx::encode_request(), tdx_request_again},
        {"tdx_request_for_a_log", tdx::encode_request({true}), tdx_request_again},
        {"tdx_evidence", encode(tdx::Evidence{x}), again<tdx::decode_evidence>},
        {"tdx_evidence_with_a_log", encode(tdx::Evidence{x, y}), again<tdx::decode_evidence>},
        {"nitro_introduction", encode(nitro::Introduction{}), again<nitro::decode_introduction>},
        {"nitro_request", encode(nitro::Request{nitro::Form::nitrotpm}), again<nitro::decode_request>},
        {"nitro_evidence", encode(nitro::Evidence{x}), again<nitro::decode_evidence>},
        {"parts", encode(Parts{x, y}), again<decode_parts>},
        {"azure_request", encode(azure::Request{true}), again<azure::decode_request>},
        {"azure_evidence", encode(azure::Evidence{x, {x, y}, y}), again<azure::decode_evidence>},
        {"tpm_introduction", encode(tpm::Introduction{x, y, {x, y}, {y}}), again<tpm::decode_introduction>},
        {"tpm_request", without, again<tpm::decode_request>},
        {"tpm_request_with_a_credential", encode(request), again<tpm::decode_request>},
        {"tpm_evidence", encode(evidence), again<tpm::decode_evidence>},
    };
}

class Body : public testing::TestWithParam<Form> {};

TEST_P(Body, IsWrittenAsItWasRead) {
    const auto read = GetParam().again(GetParam().body);
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, GetParam().body);
}

TEST_P(Body, WithAnyByteChangedIsRefusedOrAnotherInItsOnlyForm) {
    std::size_t refused = 0;
    Bytes changed = GetParam().body;
    for (std::size_t at = 0; at < changed.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            if (value == GetParam().body[at]) continue;
            changed[at] = static_cast<std::uint8_t>(value);
            const auto read = GetParam().again(changed);
            if (read) {
                EXPECT_EQ(*read, changed) << "byte " << at << ": " << value;
                continue;
            }
            ++refused;
            const Reason reason = read.error().reason;
            EXPECT_TRUE(reason == Reason::evidence_malformed || reason == Reason::evidence_too_large)
                << "byte " << at << ": " << value << ": " << to_string(reason);
        }
        changed[at] = GetParam().body[at];
    }
    EXPECT_GE(refused, 200U) << "the first byte at least is what it must be";
}

TEST_P(Body, CutShortOrWithAByteAfterItIsMalformed) {
    Bytes body = GetParam().body;
    for (std::size_t size = 0; size < body.size(); ++size) {
        const auto read = GetParam().again(ByteView(body).first(size));
        ASSERT_FALSE(read) << size;
        EXPECT_EQ(read.error().reason, Reason::evidence_malformed) << size;
    }
    body.push_back(0);
    const auto read = GetParam().again(body);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().reason, Reason::evidence_malformed);
}

INSTANTIATE_TEST_SUITE_P(, Body, testing::ValuesIn(forms()), [](const auto& one) { return one.param.name; });

TEST(BodyOfAnyKind, OverItsBoundIsRefusedUnread) {
    const auto read = decode_body(Bytes(17), 16, "a body", [](cbor::Reader& in) {
        ADD_FAILURE() << "read";
        return in.uint();
    });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().reason, Reason::evidence_too_large);
}

}  // namespace
}  // namespace ct::attest
