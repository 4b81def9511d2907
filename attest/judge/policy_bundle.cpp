// SPDX-License-Identifier: Apache-2.0
#include "attest/judge/policy_bundle.h"

#include <algorithm>

#include "attest/signed/envelope.h"
#include "attest/signed/payload.h"
#include "codec/cbor.h"
#include "codec/utf8.h"

namespace ct::judge {
namespace {

bool is_policy(std::string_view name) { return name.ends_with(".toml"); }

bool is_file_name(std::string_view name) {
    return printable_utf8(name) && !name.starts_with('.') && !name.contains('/') &&
           (is_policy(name) || name.ends_with(".pem"));
}

Result<PolicyFile> read_file(cbor::Reader& in) {
    CT_TRY(const std::size_t parts, in.array(2));
    if (parts != 2) return fail(Reason::malformed, "a policy file has a name and a text");
    CT_TRY(const std::string_view name, in.text(1, kPolicyFileName));
    if (!is_file_name(name)) return fail(Reason::malformed, "a policy file is named *.toml or *.pem");
    CT_TRY(const ByteView text, in.bytes(0, kPolicyFileSize));
    CT_CHECK(in.leave());
    return PolicyFile{std::string(name), std::string(as_text(text)), std::string(name)};
}

}  // namespace

Bytes encode(const PolicyBundle& bundle) {
    cbor::Writer out;
    out.map(3).uint(0).uint(bundle.serial).uint(1).uint(attest::payload_time(bundle.made));
    out.uint(2).array(bundle.files.size());
    for (const auto& file : bundle.files)
        out.array(2).text(file.name).bytes(as_bytes(file.text));
    return out.take();
}

Result<PolicyBundle> decode_policy_bundle(ByteView payload) {
    cbor::Reader in(payload);
    PolicyBundle out;
    CT_TRY([[maybe_unused]] const std::size_t fields, in.map(3));
    CT_CHECK(in.key(0));
    CT_TRY(out.serial, in.uint());
    CT_CHECK(in.key(1));
    CT_TRY(out.made, attest::read_payload_time(in));
    CT_CHECK(in.key(2));
    CT_TRY(const std::size_t count, in.array(kPolicyFiles));
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) {
        CT_TRY(auto file, read_file(in));
        if (!out.files.empty() && out.files.back().name >= file.name)
            return fail(Reason::malformed, "policy files that are not in order, or two of one name");
        total += file.text.size();
        if (total > kPolicySize) return fail(Reason::too_large, "policy files of a bundle");
        out.files.push_back(std::move(file));
    }
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    CT_CHECK(in.finish());
    if (std::ranges::none_of(out.files, is_policy, &PolicyFile::name))
        return fail(Reason::config_missing, "a policy bundle without any *.toml");
    return out;
}

Result<PolicyBundle> open_policy_bundle(ByteView file, const Signers& signers) {
    CT_TRY(const auto envelope, attest::decode_envelope(file));
    // Before anything of the payload is looked at.
    CT_CHECK(attest::check_signatures(envelope, kPolicyPurpose, signers.keys, signers.needed));
    return decode_policy_bundle(envelope.payload);
}

}  // namespace ct::judge
