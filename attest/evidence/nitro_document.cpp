// SPDX-License-Identifier: Apache-2.0
#include "attest/evidence/nitro_document.h"

#include <algorithm>

#include "attest/evidence/cbor_cursor.h"
#include "codec/cbor.h"

namespace ct::attest::nitro {
namespace {

constexpr std::uint8_t kCoseSign1 = 18;                 // tag
constexpr ByteArray<4> kEs384{0xa1, 0x01, 0x38, 0x22};  // {1: -35}
constexpr std::size_t kMostModuleId = limits::kNameLength;
constexpr std::size_t kMostCertificate = 1024;

enum Field : unsigned {
    kModuleId,
    kDigest,
    kTimestamp,
    kEnclavePcrs,
    kTpmPcrs,
    kCertificate,
    kCaBundle,
    kPublicKey,
    kUserData,
    kNonce
};
constexpr std::array<std::string_view, 10> kNames{"module_id",   "digest",   "timestamp",  "pcrs",      "nitrotpm_pcrs",
                                                  "certificate", "cabundle", "public_key", "user_data", "nonce"};
constexpr std::size_t kMostName = 13;
constexpr unsigned kRequired =
    1U << kModuleId | 1U << kDigest | 1U << kTimestamp | 1U << kCertificate | 1U << kCaBundle;
constexpr unsigned kEitherPcrs = 1U << kEnclavePcrs | 1U << kTpmPcrs;

bool printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

void take_pcrs(CborCursor& in, Form form, Document& out) {
    out.form = form;
    for (auto pairs = in.map(kPcrs); pairs.next();) {
        const auto index = static_cast<unsigned>(in.uint(kPcrs - 1));
        if (out.has_pcr(index)) in.fail("PCR repeats");
        out.pcrs[index] = in.bytes(kPcrSize, kPcrSize);
        out.pcr_mask |= 1U << index;
    }
    if (out.pcr_mask == 0) in.fail("no PCR");
}

void take_cabundle(CborCursor& in, Document& out) {
    out.cabundle_count = in.array(out.cabundle_store.size());
    if (out.cabundle_count == 0) in.fail("no certificate");
    for (std::size_t i = 0; i < out.cabundle_count; ++i)
        out.cabundle_store[i] = in.bytes(1, kMostCertificate);
}

void take_field(CborCursor& in, unsigned field, Document& out) {
    switch (field) {
        case kModuleId:
            out.module_id = in.text(1, kMostModuleId);
            if (!printable(out.module_id)) in.fail("module_id is not printable");
            return;
        case kDigest:
            if (in.text(1, kMostName) != "SHA384") in.fail("digest is not SHA384");
            return;
        case kTimestamp:
            out.timestamp = in.uint(UINT64_MAX);
            if (out.timestamp == 0) in.fail("no time");
            return;
        case kEnclavePcrs:
            return take_pcrs(in, Form::enclave, out);
        case kTpmPcrs:
            return take_pcrs(in, Form::nitrotpm, out);
        case kCertificate:
            out.certificate = in.bytes(1, kMostCertificate);
            return;
        case kCaBundle:
            return take_cabundle(in, out);
        case kPublicKey:
            out.public_key = in.bytes_or_null(1, kMostUserData);
            return;
        case kUserData:
            out.user_data = in.bytes_or_null(0, kMostUserData);
            return;
        case kNonce:
            out.nonce = in.bytes_or_null(0, kMostUserData);
            return;
        default:
            return in.fail("a field that is not known");
    }
}

Status parse_payload(Document& out) {
    CborCursor in(out.payload);
    unsigned seen = 0;
    for (auto pairs = in.map(kNames.size(), CborCursor::Length::any); pairs.next();) {
        const auto field = static_cast<unsigned>(std::ranges::find(kNames, in.text(1, kMostName)) - kNames.begin());
        // Two maps of PCRs are one too many, as any field is that stands twice.
        const unsigned bits = (1U << field & kEitherPcrs) != 0 ? kEitherPcrs : 1U << field;
        if ((seen & bits) != 0) in.fail("field repeats");
        seen |= bits;
        take_field(in, field, out);
    }
    if ((seen & (kRequired | kEitherPcrs)) != (kRequired | kEitherPcrs)) in.fail("a field is missing");
    return in.finish("Nitro document, payload");
}

}  // namespace

std::string_view to_string(Form form) { return form == Form::enclave ? "enclave" : "nitrotpm"; }

Result<Document> parse_document(ByteView bytes) {
    if (bytes.size() > limits::kNitroDocument) return fail(Reason::evidence_too_large, "Nitro document");
    Document out;
    CborCursor in(bytes);
    in.skip_tag(kCoseSign1);
    if (in.array(4) != 4) in.fail("a COSE_Sign1 has four parts");
    out.protected_header = in.bytes(0, limits::kNitroDocument);
    if (in.map(0).next()) in.fail("an unprotected header");
    out.payload = in.bytes(1, limits::kNitroDocument);
    const ByteView signature = in.bytes(2 * kScalar, 2 * kScalar);
    CT_CHECK(in.finish("Nitro document"));
    out.r = signature.first(kScalar);
    out.s = signature.last(kScalar);
    if (!std::ranges::equal(out.protected_header, kEs384))
        return fail(Reason::evidence_wrong_type, "Nitro document: not signed by ECDSA P-384 with SHA-384");
    CT_CHECK(parse_payload(out));
    return out;
}

Bytes signed_bytes(const Document& document) {
    cbor::Writer out;
    out.array(4).text("Signature1").bytes(document.protected_header).bytes({}).bytes(document.payload);
    return out.take();
}

}  // namespace ct::attest::nitro
