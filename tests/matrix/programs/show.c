/* SPDX-License-Identifier: Apache-2.0 */
/* getenv(); built in many ways. Like all programs here: takes the value, says "ready", waits for a line, prints the value, and
 * exits with 7. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char* value = getenv("DB_PASSWORD");
    char line[64];
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 3;
    puts(value ? value : "(unset)");
    return 7;
}
