// SPDX-License-Identifier: Apache-2.0
// Owners for OpenSSL objects and its error queue in words. Private to this folder.
#pragma once

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace ct::crypto {

template <auto F>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        F(object);
    }
};
template <class T, auto F>
using Owned = std::unique_ptr<T, Freer<F>>;

using BioPtr = Owned<BIO, BIO_free_all>;
using CipherCtxPtr = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using MacCtxPtr = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using MdCtxPtr = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using PkeyPtr = Owned<EVP_PKEY, EVP_PKEY_free>;
using PkeyCtxPtr = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using X509Ptr = Owned<X509, X509_free>;

// What the newest entry of this thread's error queue says, and empties the queue: a stale entry would be taken for the
// cause of a later failure.
std::string ossl_reason();
inline std::unexpected<Error> fail_ossl(Reason reason, std::string_view what) {
    return fail(reason, std::string(what) + ": " + ossl_reason());
}

// A read-only BIO over bytes that outlive it.
BioPtr bio_over(ByteView bytes);
// Never answers: an encrypted PEM block is an error, not a prompt on the terminal.
int refuse_password(char* buffer, int size, int writing, void* context);

}  // namespace ct::crypto
