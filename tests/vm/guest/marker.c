// SPDX-License-Identifier: Apache-2.0
// A program that keeps a value in ordinary memory: what the scan must find before it may say that it finds nothing. The
// value comes masked, so that the only whole copies are those made here.
//
// usage: marker MASKED-HEX   (stays behind when it returns)
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MASK = 0xA5 };

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const size_t size = strlen(argv[1]) / 2;
    unsigned char* value = malloc(size);
    if (value == NULL) return 1;
    for (size_t i = 0; i < size; ++i) {
        unsigned byte = 0;
        if (sscanf(argv[1] + 2 * i, "%2x", &byte) != 1) return 1;
        value[i] = (unsigned char)(byte ^ MASK);
    }
    // Who waits for the parent's end knows that the value is there. Both have the same page of memory.
    if (fork() != 0) _exit(0);
    for (;;)
        (void)pause();
}
