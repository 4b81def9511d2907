// SPDX-License-Identifier: Apache-2.0
#include "crypto/ossl.h"

namespace ct::crypto {

std::string ossl_reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* words = ERR_reason_error_string(code);
    std::string out = words != nullptr ? words : "no reason given";
    ERR_clear_error();
    return out;
}

BioPtr bio_over(ByteView bytes) {
    if (bytes.size() > INT32_MAX) return nullptr;
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

int refuse_password(char*, int, int, void*) { return -1; }

}  // namespace ct::crypto
