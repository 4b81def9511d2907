// SPDX-License-Identifier: Apache-2.0
#include "crypto/certificate_maker.h"

#include <gtest/gtest.h>

#include "crypto/tls.h"
#include "crypto/x509.h"

namespace ct::crypto {
namespace {

const WallTime kFrom = WallTime(Seconds(1'800'000'000));
const WallTime kUntil = kFrom + Seconds(86400);

TEST(MakeIdentity, GivesACertificateAndTheKeyThatFitsIt) {
    auto made = make_identity("node-1.example", kFrom, kUntil);
    ASSERT_TRUE(made);
    const Certificate certificate = Certificate::from_pem(made->certificate_pem).value();
    EXPECT_EQ(certificate.subject(), "CN=node-1.example");
    EXPECT_EQ(certificate.not_before(), kFrom);
    EXPECT_EQ(certificate.not_after(), kUntil);
    EXPECT_EQ(certificate.public_key()->bits(), 256U);
    EXPECT_EQ(certificate.spki_sha256().value(), made->spki);
    EXPECT_TRUE(made->key_pem.text().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    // Self-signed, and soundly: it verifies against itself as the only root.
    const std::vector<Certificate> itself = {certificate};
    EXPECT_TRUE(verify_chain(certificate, {}, itself, kFrom));
    EXPECT_TRUE(TlsContext::create(TlsContext::Role::client, made->certificate_pem, made->key_pem.bytes()));
    EXPECT_TRUE(TlsContext::create(TlsContext::Role::server, made->certificate_pem, made->key_pem.bytes()));
}

TEST(MakeIdentity, NeverMakesTheSameTwice) {
    const auto a = make_identity("n", kFrom, kUntil).value();
    const auto b = make_identity("n", kFrom, kUntil).value();
    EXPECT_NE(a.spki, b.spki);
    EXPECT_NE(a.certificate_pem, b.certificate_pem);
}

TEST(RenewIdentity, KeepsThePinAndChangesTheValidity) {
    const auto old = make_identity("n", kFrom, kUntil).value();
    const auto renewed = renew_identity(old.key_pem.bytes(), "n", kUntil, kUntil + Seconds(60)).value();
    EXPECT_EQ(renewed.spki, old.spki);
    EXPECT_EQ(renewed.key_pem.text(), old.key_pem.text());
    EXPECT_EQ(Certificate::from_pem(renewed.certificate_pem)->not_after(), kUntil + Seconds(60));
    EXPECT_FALSE(renew_identity(as_bytes("no key"), "n", kFrom, kUntil));
}

TEST(MakeIdentity, RefusesNamesAndTimesThatX509CannotWrite) {
    const auto refused = [](std::string_view name, WallTime from, WallTime until) {
        auto made = make_identity(name, from, until);
        return !made && made.error().reason == Reason::invalid_argument;
    };
    EXPECT_TRUE(refused("", kFrom, kUntil));
    EXPECT_TRUE(refused(std::string(65, 'a'), kFrom, kUntil));
    EXPECT_TRUE(refused("new\nline", kFrom, kUntil));
    EXPECT_TRUE(refused("k\xc3\xb6ln", kFrom, kUntil));
    EXPECT_TRUE(refused("n", kUntil, kFrom));
    EXPECT_TRUE(refused("n", kFrom, kFrom));
    EXPECT_TRUE(refused("n", WallTime(Seconds(-1)), kUntil));
    EXPECT_TRUE(refused("n", kFrom, WallTime(Seconds(253402300800))));
    EXPECT_TRUE(make_identity(std::string(64, 'a'), WallTime(Seconds(0)), WallTime(Seconds(253402300799))));
}

}  // namespace
}  // namespace ct::crypto
