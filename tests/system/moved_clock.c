// SPDX-License-Identifier: Apache-2.0
// Preloaded into a daemon: its wall clock is off by as many seconds as /run/clock says. Nothing else is, as when an
// administrator or NTP sets the clock; libfaketime also moves the timers that do not go by it.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t seconds_off(void) {
    static time_t last;  // for when no file can be opened
    char text[32] = {0};
    const int file = open("/run/clock", O_RDONLY | O_CLOEXEC);
    if (file < 0) return last;
    if (read(file, text, sizeof text - 1) > 0) last = strtol(text, NULL, 10);
    close(file);
    return last;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
    const long result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += seconds_off();
    return (int)result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
    (void)zone;
    struct timespec precise;
    const int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t* now) {
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (now != NULL) *now = precise.tv_sec;
    return precise.tv_sec;
}
