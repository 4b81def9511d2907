// SPDX-License-Identifier: Apache-2.0
#include "crypto/crl.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/ossl.h"

namespace ct::crypto {
namespace {

using CrlPtr = Owned<X509_CRL, X509_CRL_free>;
using TimePtr = Owned<ASN1_TIME, ASN1_TIME_free>;

// An authority's list that revokes nothing, with an extension if one is named.
Bytes list(int extension = NID_undef, bool critical = false) {
    const PkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    const CrlPtr crl(X509_CRL_new());
    const TimePtr time(ASN1_TIME_new());
    EXPECT_EQ(ASN1_TIME_set_string(time.get(), "20261101000000Z"), 1);
    EXPECT_EQ(X509_CRL_set_version(crl.get(), 1), 1);
    EXPECT_EQ(X509_CRL_set1_lastUpdate(crl.get(), time.get()), 1);
    EXPECT_EQ(ASN1_TIME_set_string(time.get(), "20261201000000Z"), 1);
    EXPECT_EQ(X509_CRL_set1_nextUpdate(crl.get(), time.get()), 1);
    if (extension != NID_undef) {
        const Owned<ASN1_INTEGER, ASN1_INTEGER_free> number(ASN1_INTEGER_new());
        EXPECT_EQ(ASN1_INTEGER_set(number.get(), 1), 1);
        EXPECT_EQ(X509_CRL_add1_ext_i2d(crl.get(), extension, number.get(), critical ? 1 : 0, X509V3_ADD_DEFAULT), 1);
    }
    EXPECT_GT(X509_CRL_sign(crl.get(), key.get(), EVP_sha256()), 0);
    unsigned char* der = nullptr;
    const int size = i2d_X509_CRL(crl.get(), &der);
    Bytes out(der, der + size);
    OPENSSL_free(der);
    return out;
}

std::string words(const Result<RevocationList>& list) { return list ? "" : list.error().context; }

TEST(RevocationList, HasItsTimes) {
    const auto list = RevocationList::from_der(ct::crypto::list());
    ASSERT_TRUE(list) << words(list);
    EXPECT_EQ(list->next_update() - list->this_update(), std::chrono::days{30});
}

TEST(RevocationList, WithACriticalExtensionSaysNothingOfWhatIsNotOnIt) {
    EXPECT_TRUE(RevocationList::from_der(list(NID_crl_number)));
    EXPECT_EQ(words(RevocationList::from_der(list(NID_delta_crl, true))), "revocation list with a critical extension");
}

TEST(RevocationList, NamesOneAlgorithmInsideAndOutsideOfWhatIsSigned) {
    Bytes bytes = list();
    // The outer one comes last: ecdsa-with-SHA256 becomes ecdsa-with-SHA384.
    const std::string_view oid("\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02", 10);
    const auto at = as_text(bytes).rfind(oid);
    ASSERT_NE(at, std::string_view::npos);
    bytes[at + oid.size() - 1] = 3;
    EXPECT_EQ(words(RevocationList::from_der(bytes)), "revocation list of two signature algorithms");
}

TEST(RevocationList, IsOneListAndNothingElse) {
    const Bytes whole = list();
    EXPECT_FALSE(RevocationList::from_der({}));
    // Of indefinite length, which OpenSSL takes: BER, and no DER.
    Bytes endless{0x30, 0x80};
    append(endless, ByteView(whole).subspan(whole[1] == 0x81 ? 3 : whole[1] == 0x82 ? 4 : 2));
    endless.insert(endless.end(), {0, 0});
    EXPECT_EQ(words(RevocationList::from_der(endless)), "revocation list of two signature algorithms");
    EXPECT_EQ(ERR_peek_error(), 0U) << "what TLS would take for its own";
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(RevocationList::from_der(ByteView(whole).first(size))) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_EQ(words(RevocationList::from_der(longer)), "bytes after the revocation list");
}

}  // namespace
}  // namespace ct::crypto
