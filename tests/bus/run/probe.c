/* SPDX-License-Identifier: Apache-2.0 */
/* An ordinary program under cloudtaser-run, that knows nothing of it. Each word is one thing that programs do. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static int compare(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

/* The process's circumstances, as far as a program can see them; one fact a line. */
static int state(void) {
    char line[512], link[512], path[64];
    sigset_t blocked, pending;
    FILE* status = fopen("/proc/self/status", "re");
    DIR* folder;
    struct dirent* entry;
    char* lines[256];
    int count = 0;
    while (fgets(line, sizeof line, status)) {
        if (!strncmp(line, "TracerPid", 9) || (!strncmp(line, "Sig", 3) && line[3] != 'Q') ||
            !strncmp(line, "Shd", 3) || !strncmp(line, "Umask", 5) || !strncmp(line, "Groups", 6) ||
            !strncmp(line, "Uid", 3) || !strncmp(line, "Cap", 3) || !strncmp(line, "CoreDumping", 11))
            fputs(line, stdout);
    }
    fclose(status);
    sigemptyset(&blocked);
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    sigpending(&pending);
    for (int i = 1; i < 65; ++i)
        printf("%d%d%s", sigismember(&blocked, i), sigismember(&pending, i), i == 64 ? "\n" : "");
    printf("pgrp-leads-self %d sid %d dumpable %d\n", getpgrp() == getpid(), getsid(0) == getsid(getppid()),
           prctl(PR_GET_DUMPABLE));
    printf("child %d\n", waitpid(-1, NULL, WNOHANG) < 0 ? errno : 0);
    for (int i = 0; i < RLIM_NLIMITS; ++i) {
        struct rlimit limit;
        getrlimit((unsigned)i, &limit);
        printf("limit %d %llu %llu\n", i, (unsigned long long)limit.rlim_cur, (unsigned long long)limit.rlim_max);
    }
    getcwd(link, sizeof link);
    printf("cwd %s nice %d\n", link, getpriority(PRIO_PROCESS, 0));
    folder = opendir("/proc/self/fd");
    while ((entry = readdir(folder)) && count < 256) {
        ssize_t n;
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(folder)) continue;
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        n = readlink(path, link, sizeof link - 1);
        link[n < 0 ? 0 : n] = 0;
        snprintf(line, sizeof line, "fd %s %.400s %x", entry->d_name, link,
                 (unsigned)fcntl(atoi(entry->d_name), F_GETFD));
        lines[count++] = strdup(line);
    }
    closedir(folder);
    qsort(lines, (size_t)count, sizeof lines[0], compare);
    for (int i = 0; i < count; ++i)
        puts(lines[i]);
    return 0;
}

static void say_value(const char* name) {
    const char* value = getenv(name);
    printf("%s\n", value ? value : "(unset)");
}

/* ready, then waits for a line or the end of standard input */
static int hold(const char* name) {
    const char* value = getenv(name);
    char line[64];
    puts("ready");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 3;
    printf("%s\n", value ? value : "(unset)");
    return 0;
}

static char** rest;
static void* exec_in_thread(void* unused) {
    (void)unused;
    execvp(rest[0], rest);
    _exit(99);
}
static pthread_barrier_t barrier;
static void* exec_in_race(void* unused) {
    (void)unused;
    pthread_barrier_wait(&barrier);
    execvp(rest[0], rest);
    _exit(99);
}

static int map_count(void) {
    FILE* maps = fopen("/proc/self/maps", "re");
    int lines = 0, c;
    while ((c = fgetc(maps)) != EOF)
        lines += c == '\n';
    fclose(maps);
    return lines;
}

static void* spawn_many(void* number) {
    for (int i = 0; i < *(int*)number; ++i) {
        pid_t pid;
        int status = 0;
        if (posix_spawnp(&pid, rest[0], NULL, NULL, rest, environ) != 0) _exit(98);
        waitpid(pid, &status, 0);
        if (status != 0) _exit(97);
    }
    return NULL;
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    rest = argv + 3;
    if (!strcmp(what, "value")) {
        say_value(argv[2]);
        return argc > 3 ? atoi(argv[3]) : 0;
    }
    if (!strcmp(what, "state")) return state();
    if (!strcmp(what, "hold")) return hold(argv[2]);
    if (!strcmp(what, "in-thread")) {
        pthread_t thread;
        pthread_create(&thread, NULL, exec_in_thread, NULL);
        pthread_join(thread, NULL);
        return 96;
    }
    if (!strcmp(what, "race")) { /* N threads exec at once: one wins */
        int n = atoi(argv[2]);
        pthread_t thread;
        pthread_barrier_init(&barrier, NULL, (unsigned)n);
        for (int i = 1; i < n; ++i)
            pthread_create(&thread, NULL, exec_in_race, NULL);
        exec_in_race(NULL);
    }
    if (!strcmp(what, "spawn")) { /* N times from each of two threads; memory must not grow */
        int n = atoi(argv[2]), few = 2, before;
        pthread_t thread;
        spawn_many(&few);
        before = map_count();
        pthread_create(&thread, NULL, spawn_many, &n);
        spawn_many(&n);
        pthread_join(thread, NULL);
        printf("maps grew by %d\n", map_count() - before);
        return 0;
    }
    if (!strcmp(what, "fexecve")) {
        int fd = open(rest[0], O_RDONLY | O_CLOEXEC);
        fexecve(fd, rest, environ);
        return 95;
    }
    if (!strcmp(what, "fill")) { /* every descriptor is in use */
        while (open("/dev/null", O_RDONLY) >= 0) {
        }
        execvp(rest[0], rest);
        return errno;
    }
    if (!strcmp(what, "execve")) { /* the bare call, and its errno */
        const char* value = getenv(argv[2]);
        execve(rest[0], rest, environ);
        printf("%s %s\n", strerrorname_np(errno), value == getenv(argv[2]) ? "same" : "other");
        return 0;
    }
    if (!strcmp(what, "badenv")) {
        char** volatile nowhere = (char**)16;
        execve(rest[0], rest, nowhere);
        puts(strerrorname_np(errno));
        return 0;
    }
    if (!strcmp(what, "undumpable")) {
        prctl(PR_SET_DUMPABLE, 0);
        execvp(rest[0], rest);
        puts(strerrorname_np(errno));
        return 0;
    }
    if (!strcmp(what, "handler")) { /* signals arrive all the time while it execs */
        pid_t self = getpid();
        signal(SIGUSR1, SIG_IGN); /* before the first one comes */
        if (fork() == 0) {
            while (kill(self, SIGUSR1) == 0 && getppid() == self)
                sched_yield();
            _exit(0);
        }
        execvp(rest[0], rest);
        return 94;
    }
    if (!strcmp(what, "notify")) { /* as sd_notify(3) */
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        strncpy(to.sun_path, getenv("NOTIFY_SOCKET"), sizeof to.sun_path - 1);
        return sendto(s, "READY=1", 7, 0, (struct sockaddr*)&to, sizeof to) == 7 ? 0 : 1;
    }
    if (!strcmp(what, "trap")) { /* exits 40 + signal when it gets one */
        sigset_t all;
        int signal_number = 0;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        puts("ready");
        fflush(stdout);
        do
            sigwait(&all, &signal_number);
        while (signal_number == SIGCONT || signal_number == SIGCHLD);
        return 40 + signal_number;
    }
    if (!strcmp(what, "die")) {
        raise(atoi(argv[2]));
        return 93;
    }
    if (!strcmp(what, "orphan")) { /* leaves a child behind that runs on */
        if (fork() == 0) {
            execvp(rest[0], rest);
            _exit(92);
        }
        return atoi(argv[2]);
    }
    if (!strcmp(what, "ids")) {
        printf("pid %d ppid %d listen %s watchdog %s\n", getpid(), getppid(),
               getenv("LISTEN_PID") ? getenv("LISTEN_PID") : "-",
               getenv("WATCHDOG_PID") ? getenv("WATCHDOG_PID") : "-");
        return 0;
    }
    fprintf(stderr, "probe: what?\n");
    return 2;
}
