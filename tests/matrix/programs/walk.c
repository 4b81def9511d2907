// SPDX-License-Identifier: Apache-2.0
// Reads the environment as main() gets it, not through getenv().
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv, char** envp) {
    (void)argc, (void)argv;
    for (; *envp != NULL; ++envp)
        if (strncmp(*envp, "DB_PASSWORD=", 12) == 0) dprintf(1, "%s\n", *envp + 12);
    char byte;
    while (read(0, &byte, 1) > 0) {}
    return 7;
}
