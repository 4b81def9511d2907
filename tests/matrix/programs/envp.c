/* SPDX-License-Identifier: Apache-2.0 */
/* The environment as main() gets it. */
#include <stdio.h>
#include <string.h>

int main(int argc, char** argv, char** envp) {
    const char* value = "(unset)";
    char line[64];
    (void)argc;
    (void)argv;
    for (; *envp; ++envp)
        if (!strncmp(*envp, "DB_PASSWORD=", 12)) value = *envp + 12;
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 3;
    puts(value);
    return 7;
}
