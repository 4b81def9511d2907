/* SPDX-License-Identifier: Apache-2.0 */
/* A pre-fork server in small: three workers by fork alone, one by fork and exec. All must have the same value. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int work(int in, int out) {
    const char* value = getenv("DB_PASSWORD");
    char byte;
    if (!value) return 1;
    if (write(out, "+", 1) != 1 || read(in, &byte, 1) != 1) return 1;
    return write(out, value, strlen(value) + 1) < 0;
}

int main(int argc, char** argv) {
    int ask[4][2], tell[4][2];
    char values[4][256], line[64];
    if (argc == 3) return work(atoi(argv[1]), atoi(argv[2]));
    for (int i = 0; i < 4; ++i) {
        if (pipe(ask[i]) || pipe(tell[i])) return 2;
        if (fork() == 0) {
            char in[16], out[16];
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* a worker without its server has no work */
            if (i < 3) _exit(work(ask[i][0], tell[i][1]));
            snprintf(in, sizeof in, "%d", ask[i][0]);
            snprintf(out, sizeof out, "%d", tell[i][1]);
            execl("/proc/self/exe", argv[0], in, out, (char*)NULL);
            _exit(9);
        }
        close(tell[i][1]);
        if (read(tell[i][0], line, 1) != 1) return 2;
    }
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 3;
    for (int i = 0; i < 4; ++i) {
        int status = 0;
        ssize_t got;
        if (write(ask[i][1], "?", 1) != 1) return 2;
        got = read(tell[i][0], values[i], sizeof values[i] - 1);
        values[i][got > 0 ? got : 0] = 0;
        wait(&status);
        if (strcmp(values[i], values[0])) return 4;
    }
    puts(values[0]);
    return 7;
}
