// SPDX-License-Identifier: Apache-2.0
#include <openssl/x509_vfy.h>

#include "base/limits.h"
#include "crypto/ossl.h"
#include "crypto/x509.h"

namespace ct::crypto {
namespace {

using StorePtr = Owned<X509_STORE, X509_STORE_free>;
using StoreCtxPtr = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
// The stack borrows its certificates: the caller's Certificates outlive it.
using StackPtr = Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_free(stack); }>;

struct Outcome {
    bool expired = false;
    int other = X509_V_OK;  // the first error that is not about time
};

// Goes on past errors of time, so that "expired" is said only of a chain that is sound otherwise: a policy may grant a
// grace on time and must never grant one on a signature by it.
int note(int ok, X509_STORE_CTX* context) {
    if (ok == 1) return 1;
    auto* outcome = static_cast<Outcome*>(X509_STORE_CTX_get_app_data(context));
    const int error = X509_STORE_CTX_get_error(context);
    if (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID) {
        outcome->expired = true;
        return 1;
    }
    if (outcome->other == X509_V_OK) outcome->other = error;
    return 0;
}

bool too_weak(int error) {
    return error == X509_V_ERR_EE_KEY_TOO_SMALL || error == X509_V_ERR_CA_KEY_TOO_SMALL ||
           error == X509_V_ERR_CA_MD_TOO_WEAK;
}

}  // namespace

Status verify_chain(const Certificate& leaf, std::span<const Certificate> intermediates,
                    std::span<const Certificate> roots, WallTime at) {
    if (intermediates.size() > limits::kCertificateChain) return fail(Reason::evidence_chain_invalid, "chain too long");
    const StorePtr store(X509_STORE_new());  // empty: the host's own trust store is not consulted
    const StackPtr untrusted(sk_X509_new_null());
    const StoreCtxPtr context(X509_STORE_CTX_new());
    if (!store || !untrusted || !context) return fail_ossl(Reason::internal, "certificate store");
    for (const Certificate& root : roots)
        if (X509_STORE_add_cert(store.get(), root.raw()) != 1) return fail_ossl(Reason::internal, "root certificate");
    for (const Certificate& one : intermediates)
        if (sk_X509_push(untrusted.get(), one.raw()) <= 0) return fail_ossl(Reason::internal, "intermediate");
    if (X509_STORE_CTX_init(context.get(), store.get(), leaf.raw(), untrusted.get()) != 1)
        return fail_ossl(Reason::internal, "certificate store");
    X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
    // A pinned intermediate anchors as well as a self-signed root does: what is pinned decides, not its shape.
    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_time(rules, std::chrono::floor<Seconds>(at).time_since_epoch().count());
    X509_VERIFY_PARAM_set_depth(rules, static_cast<int>(limits::kCertificateChain));
    X509_VERIFY_PARAM_set_auth_level(rules, 2);  // 112 bits: RSA from 2048, no SHA-1 signatures
    Outcome outcome;
    X509_STORE_CTX_set_app_data(context.get(), &outcome);
    X509_STORE_CTX_set_verify_cb(context.get(), note);
    const int ok = X509_verify_cert(context.get());
    ERR_clear_error();
    if (outcome.other != X509_V_OK)
        return fail(too_weak(outcome.other) ? Reason::evidence_algorithm_weak : Reason::evidence_chain_invalid,
                    X509_verify_cert_error_string(outcome.other));
    if (ok != 1) return fail(Reason::evidence_chain_invalid, "the chain could not be judged");
    if (outcome.expired) return fail(Reason::evidence_certificate_expired, "outside the validity of its certificate");
    return {};
}

}  // namespace ct::crypto
