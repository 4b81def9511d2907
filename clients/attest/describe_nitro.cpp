// SPDX-License-Identifier: Apache-2.0
// Attestation document by the names of the AWS Nitro Enclaves NSM API, docs/attestation_process.md.
#include "attest/evidence/nitro_document.h"
#include "clients/attest/formats.h"
#include "codec/timestamp.h"

namespace ct::attest_tool {
namespace {

namespace nitro = attest::nitro;

Fields certificate_of(ByteView der) {
    auto fields = describe_certificate(der);
    return fields ? std::move(*fields) : Fields{{"error", fields.error().to_string()}};
}

}  // namespace

Result<Fields> describe_nitro_document(ByteView bytes) {
    CT_TRY(const auto document, nitro::parse_document(bytes));
    const bool in_range = document.timestamp < 1ULL << 48;
    const WallTime made{std::chrono::milliseconds(in_range ? document.timestamp : 0)};
    Fields pcrs;
    for (unsigned i = 0; i < nitro::kPcrs; ++i)
        if (document.has_pcr(i)) pcrs.push_back({std::to_string(i), hex(document.pcrs[i])});
    std::vector<Fields> bundle;
    for (const ByteView der : document.cabundle())
        bundle.push_back(certificate_of(der));
    Fields out{{"protected header", hex(document.protected_header)},
               {"module_id", std::string(document.module_id)},
               {"digest", "SHA384"},
               {"timestamp", document.timestamp},
               {"timestamp (UTC)", in_range ? format_timestamp(made) : std::string("out of range")},
               {document.form == nitro::Form::enclave ? "pcrs" : "nitrotpm_pcrs", std::move(pcrs)},
               {"certificate", certificate_of(document.certificate)},
               {"cabundle", std::move(bundle)}};
    const auto optional = [&](const char* name, const std::optional<ByteView>& value) {
        out.push_back({name, value ? hex(*value, nitro::kMostUserData) : std::string("none")});
    };
    optional("public_key", document.public_key);
    optional("user_data", document.user_data);
    optional("nonce", document.nonce);
    out.push_back({"signature r", hex(document.r)});
    out.push_back({"signature s", hex(document.s)});
    return out;
}

}  // namespace ct::attest_tool
