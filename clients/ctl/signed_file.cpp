// SPDX-License-Identifier: Apache-2.0
#include "clients/ctl/signed_file.h"

#include "base/fd.h"
#include "clients/ctl/files.h"
#include "codec/hex.h"

namespace ct::ctl {
namespace {

constexpr std::size_t kKeyPem = 16384;

const crypto::PublicKey* signer_of(const attest::Envelope::Signature& signature, const judge::Signers& signers) {
    for (const auto& key : signers.keys)
        if (const auto name = key.spki_sha256(); name && *name == signature.key) return &key;
    return nullptr;
}

}  // namespace

Result<attest::Envelope> read_signed(const std::string& path) {
    CT_TRY(const std::string bytes, read_file(path, attest::kMostEnvelope));
    auto envelope = attest::decode_envelope(as_bytes(bytes));
    if (!envelope) return fail(envelope.error().reason, path + ": " + envelope.error().context);
    return envelope;
}

Status write_signed(const std::string& path, const attest::Envelope& envelope) {
    return write_file(path, attest::encode(envelope), 0644, Existing::replace);
}

Result<int> sign_file(const std::string& path, const std::vector<std::string>& keys, std::string_view purpose,
                      Output& out) {
    CT_TRY(auto envelope, read_signed(path));
    out.json().begin_object().key("file").string(path).key("signers").begin_array();
    for (const auto& file : keys) {
        CT_TRY(const SecretBuffer pem, read_secret_file(file, kKeyPem));
        auto key = crypto::Ed25519Key::from_pem(pem.bytes());
        if (!key) return fail(key.error().reason, file + ": " + key.error().context);
        CT_CHECK(attest::add_signature(envelope, purpose, *key));
        CT_TRY(const auto public_key, key->public_key());
        out.field("Signed by", judge::signer_text(public_key));
        out.json().string(judge::signer_text(public_key));
    }
    CT_CHECK(write_signed(path, envelope));
    out.field("Signatures", std::to_string(envelope.signatures.size()));
    out.json().end_array().key("signatures").number(static_cast<std::int64_t>(envelope.signatures.size()));
    out.json().end_object();
    return 0;
}

Result<judge::Signers> parse_signers(const std::vector<std::string>& texts, std::size_t needed) {
    judge::Signers out{{}, needed};
    for (const auto& text : texts) {
        CT_TRY(auto key, judge::parse_signer(text));
        out.keys.push_back(std::move(key));
    }
    return out;
}

bool show_signatures(const attest::Envelope& envelope, std::string_view purpose, const judge::Signers& signers,
                     Output& out) {
    bool all_good = true;
    out.json().key("signatures").begin_array();
    for (const auto& signature : envelope.signatures) {
        const auto* key = signer_of(signature, signers);
        out.json().begin_object().key("key").string(hex_encode(signature.key)).key("signer");
        if (key == nullptr) {
            out.field("Signature",
                      "not verified: of key " + hex_encode(signature.key) + ", which is none of the signers given");
            out.json().null().key("good").null().end_object();
            continue;
        }
        const bool good = attest::check_signatures(envelope, purpose, {key, 1}, 1).has_value();
        all_good = all_good && good;
        out.field("Signature of", judge::signer_text(*key) + (good ? "" : " DOES NOT VERIFY: the file is another one"));
        out.json().string(judge::signer_text(*key)).key("good").boolean(good).end_object();
    }
    out.json().end_array();
    return all_good;
}

}  // namespace ct::ctl
