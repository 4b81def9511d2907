// SPDX-License-Identifier: Apache-2.0
// Whose are these pages of physical memory? One line for each mapping of one, and one with the kernel's flags for a page
// that no process maps. Root only.
//
// usage: page_owner PFN...   (hexadecimal)
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096, RUN = 4096 };
static const uint64_t PRESENT = 1ULL << 63, FRAME = (1ULL << 55) - 1;

static int wanted;
static uint64_t* frames;
static int* seen;

static void look_at(const char* pid, const char* line, int pagemap) {
    uint64_t start = 0, end = 0;
    int name = 0;
    char permissions[8];
    static uint64_t entries[RUN];
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &start, &end, permissions, &name) < 3) return;
    for (uint64_t at = start; at < end; at += (uint64_t)RUN * PAGE) {
        const uint64_t left = (end - at) / PAGE, count = left < RUN ? left : RUN;
        const ssize_t got = pread(pagemap, entries, count * 8, (off_t)(at / PAGE * 8));
        for (uint64_t i = 0; got > 0 && i < (uint64_t)got / 8; ++i)
            for (int f = 0; (entries[i] & PRESENT) != 0 && f < wanted; ++f)
                if ((entries[i] & FRAME) == frames[f]) {
                    char path[64], comm[32] = "?";
                    (void)snprintf(path, sizeof path, "/proc/%s/comm", pid);
                    FILE* file = fopen(path, "re");
                    if (file != NULL && fgets(comm, sizeof comm, file) != NULL) comm[strcspn(comm, "\n")] = '\0';
                    if (file != NULL) (void)fclose(file);
                    seen[f] = 1;
                    (void)printf("%" PRIx64 " %s %s %s %s", frames[f], comm, pid, permissions,
                                 name > 0 ? line + name : "\n");
                }
    }
}

static void look_into(const char* pid) {
    char path[64], line[512];
    (void)snprintf(path, sizeof path, "/proc/%s/maps", pid);
    FILE* maps = fopen(path, "re");
    (void)snprintf(path, sizeof path, "/proc/%s/pagemap", pid);
    const int pagemap = open(path, O_RDONLY | O_CLOEXEC);
    while (maps != NULL && pagemap >= 0 && fgets(line, sizeof line, maps) != NULL)
        look_at(pid, line, pagemap);
    if (maps != NULL) (void)fclose(maps);
    if (pagemap >= 0) (void)close(pagemap);
}

int main(int argc, char** argv) {
    wanted = argc - 1;
    frames = calloc((size_t)argc, sizeof *frames);
    seen = calloc((size_t)argc, sizeof *seen);
    DIR* processes = opendir("/proc");
    const int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
    if (frames == NULL || seen == NULL || processes == NULL) return 1;
    for (int f = 0; f < wanted; ++f)
        frames[f] = strtoull(argv[f + 1], NULL, 16);
    for (struct dirent* entry; (entry = readdir(processes)) != NULL;)
        if (isdigit((unsigned char)entry->d_name[0])) look_into(entry->d_name);
    for (int f = 0; f < wanted; ++f) {
        uint64_t what = 0;
        if (!seen[f] && pread(flags, &what, sizeof what, (off_t)(frames[f] * 8)) == sizeof what)
            (void)printf("%" PRIx64 " kernel - - flags=%" PRIx64 "\n", frames[f], what);
    }
    (void)closedir(processes);
    return 0;
}
