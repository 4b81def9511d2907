// SPDX-License-Identifier: Apache-2.0
// A pre-fork server in small: four workers are forked, each execs this program anew as a worker, the first one speaks.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
    if (argc > 1) {
        const char* value = getenv("DB_PASSWORD");
        const int right = value != NULL && strcmp(value, "") != 0;
        if (strcmp(argv[1], "0") == 0) dprintf(1, "%s\n", right ? value : "(absent)");
        return right ? 0 : 9;
    }
    int failed = 0, status = 0;
    for (int i = 0; i < 4; ++i)
        if (fork() == 0) {
            char number[2] = {(char)('0' + i), 0};
            execl("/proc/self/exe", argv[0], number, (char*)NULL);
            _exit(9);
        }
    for (int i = 0; i < 4; ++i) {
        wait(&status);
        failed |= status;
    }
    char byte;
    while (read(0, &byte, 1) > 0) {
    }
    return failed == 0 ? 7 : 1;
}
