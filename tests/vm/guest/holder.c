// SPDX-License-Identifier: Apache-2.0
// A program that needs three secrets and keeps them. It looks at one byte of each, so that no vector register ever holds
// more. Linked statically; run by a unit of Type=notify.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void say_ready(void) {
    const char* path = getenv("NOTIFY_SOCKET");
    if (path == NULL) return;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const size_t size = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    if (path[0] == '@') address.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    (void)sendto(fd, "READY=1", 7, 0, (struct sockaddr*)&address, (socklen_t)size);
    (void)close(fd);
}

int main(void) {
    static const char* const names[] = {"FIRST", "SECOND", "THIRD"};
    for (size_t i = 0; i < 3; ++i) {
        const char* value = getenv(names[i]);
        if (value == NULL || value[0] == '\0') return 1;
    }
    say_ready();
    for (;;)
        (void)pause();
}
