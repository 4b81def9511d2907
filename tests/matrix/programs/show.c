// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char* value = getenv("DB_PASSWORD");
    puts(value != NULL ? value : "(absent)");
    fflush(stdout);
    setvbuf(stdout, NULL, _IONBF, 0);
    while (getchar() != EOF) {}
    return 7;
}
