// SPDX-License-Identifier: Apache-2.0
// A program that knows nothing of CloudTaser: reads a variable of its environment, prints the value's length and SHA-256,
// and lives until its input ends.
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    const char* value = getenv("DB_PASSWORD");
    if (value == NULL) return 3;
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char*)value, strlen(value), digest);
    printf("%zu ", strlen(value));
    for (size_t i = 0; i < sizeof digest; ++i)
        printf("%02x", digest[i]);
    printf("\n");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    return 0;
}
