// SPDX-License-Identifier: Apache-2.0
// The program at the end of a launch: reads the clock first thing in main and reports it on descriptor argv[1], with the
// length of $argv[2] so that a launch without its secret cannot count as fast.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (argc < 3) return 2;
    const char* value = getenv(argv[2]);
    const int64_t report[2] = {(int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                               value != NULL ? (int64_t)strlen(value) : -1};
    return write(atoi(argv[1]), report, sizeof report) == (ssize_t)sizeof report ? 0 : 1;
}
