// SPDX-License-Identifier: Apache-2.0
// Reads the environment as main() gets it, not through getenv().
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char** argv, char** envp) {
    (void)argc, (void)argv;
    for (; *envp != NULL; ++envp)
        if (strncmp(*envp, "DB_PASSWORD=", 12) == 0 &&
            (write(1, *envp + 12, strlen(*envp + 12)) < 0 || write(1, "\n", 1) < 0))
            return 1;
    char byte;
    while (read(0, &byte, 1) > 0) {
    }
    return 7;
}
