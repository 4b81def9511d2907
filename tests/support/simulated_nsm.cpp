// SPDX-License-Identifier: Apache-2.0
#include "support/simulated_nsm.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdlib>

#include "codec/cbor.h"

namespace ct::test {
namespace {

constexpr int kScalar = 48;

void must(bool good) {
    if (!good) std::abort();  // a broken test bench is no test failure
}

void put(cbor::Writer& out, std::string_view name, const std::optional<Bytes>& value) {
    out.text(name);
    value ? out.bytes(*value) : out.null();
}

Bytes encode_reply(ByteView document) {
    cbor::Writer out;
    out.map(1).text("Attestation").map(1).text("document").bytes(document);
    return out.take();
}

Bytes encode_error(std::string_view word) {
    cbor::Writer out;
    out.map(1).text("Error").text(word);
    return out.take();
}

Result<std::optional<Bytes>> take(cbor::Reader& in, std::string_view name) {
    CT_TRY(const auto key, in.text(1, 16));
    if (key != name) return fail(Reason::malformed, "fields in another order");
    CT_TRY(const auto type, in.peek());
    if (type == cbor::Type::null) {
        CT_CHECK(in.null());
        return std::nullopt;
    }
    CT_TRY(const auto value, in.bytes(0, 1024));
    return to_vector(value);
}

Status take_request(ByteView request, NitroPayload& into) {
    cbor::Reader in(request);
    CT_TRY([[maybe_unused]] const auto one, in.map(1));
    CT_TRY(const auto word, in.text(1, 32));
    if (word != "Attestation") return fail(Reason::malformed, "another request");
    CT_TRY([[maybe_unused]] const auto three, in.map(3));
    CT_TRY(into.nonce, take(in, "nonce"));
    CT_TRY(into.user_data, take(in, "user_data"));
    CT_TRY(into.public_key, take(in, "public_key"));
    CT_CHECK(in.leave());
    CT_CHECK(in.leave());
    return in.finish();
}

}  // namespace

Bytes NitroPayload::bytes() const {
    cbor::Writer out;
    out.map(9);
    out.text("module_id").text(module_id);
    out.text("digest").text(digest);
    out.text("timestamp").uint(timestamp);
    out.text(pcrs_name).map(pcrs.size());
    for (const auto& [index, value] : pcrs)
        out.uint(index).bytes(value);
    out.text("certificate").bytes(certificate);
    out.text("cabundle").array(cabundle.size());
    for (const auto& one : cabundle)
        out.bytes(one);
    put(out, "public_key", public_key);
    put(out, "user_data", user_data);
    put(out, "nonce", nonce);
    Bytes encoded = out.take();
    if (indefinite) {
        encoded[0] = 0xbf;
        encoded.push_back(0xff);
    }
    return encoded;
}

Bytes cose_sign1(ByteView payload, ByteView signature, ByteView header, ByteView unprotected) {
    cbor::Writer head, tail;
    head.array(4).bytes(header);
    Bytes out = head.take();
    append(out, unprotected);
    tail.bytes(payload).bytes(signature);
    append(out, tail.take());
    return out;
}

struct SimulatedNsm::Key {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey{EVP_EC_gen("P-384"), EVP_PKEY_free};
};

Issuer SimulatedNsm::maker(WallTime at) {
    return Issuer::root("simulated.nitro-enclaves", at - std::chrono::hours{1}, at + std::chrono::hours{9000});
}

SimulatedNsm::SimulatedNsm(WallTime at, Issuer root)
    : key_(std::make_shared<Key>()), root_(std::move(root)), instance_(root_) {
    renew(at);
}

void SimulatedNsm::renew(WallTime at) {
    constexpr std::chrono::hours before{1}, leaf_after{2}, instance_after{23};
    const WallTime from = at - before;
    if (from < instance_from_ || at + leaf_after > instance_from_ + before + instance_after) {
        instance_ = root_.intermediate("i-0123456789abcdef0.simulated.nitro-enclaves", from, at + instance_after);
        instance_from_ = from;
    }
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_->pkey.get(), &der);
    must(size > 0);
    const Bytes spki(der, der + size);
    OPENSSL_free(der);
    leaf_end = std::chrono::floor<Seconds>(at) + leaf_after;
    leaf = instance_.issue(crypto::PublicKey::from_spki_der(spki).value(), from, leaf_end);
    cabundle = {root_.der(), instance_.der()};
}

Bytes SimulatedNsm::sign(ByteView message) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    Bytes der(128);
    std::size_t size = der.size();
    must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr, key_->pkey.get()) == 1 &&
         EVP_DigestSign(context.get(), der.data(), &size, message.data(), message.size()) == 1);
    const unsigned char* at = der.data();
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), ECDSA_SIG_free);
    must(signature != nullptr);
    Bytes out(2 * kScalar);
    must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), kScalar) == kScalar &&
         BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + kScalar, kScalar) == kScalar);
    return out;
}

Bytes SimulatedNsm::document(NitroPayload content_now) const {
    content_now.certificate = leaf;
    content_now.cabundle = cabundle;
    const Bytes payload = content_now.bytes();
    cbor::Writer to_sign;  // RFC 9052 section 4.4
    to_sign.array(4).text("Signature1").bytes(kEs384Header).bytes({}).bytes(payload);
    return cose_sign1(payload, sign(to_sign.take()));
}

Result<Bytes> SimulatedNsm::exchange(ByteView request) {
    if (answer) return *answer;
    if (!take_request(request, content)) return encode_error("InvalidArgument");
    return encode_reply(document(content));
}

}  // namespace ct::test
