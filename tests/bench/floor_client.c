// SPDX-License-Identifier: Apache-2.0
// The floor of a release: the least that any client must do to fetch one secret and start a program with it. One verified
// TLS 1.3 connection, one GET, and exec with the value in a plain environment variable.
//
//   floor_client cold PORT CA_FILE TOKEN_FILE PATH -- PROGRAM ARGS      connect, fetch, exec
//   floor_client warm PORT CA_FILE TOKEN_FILE PATH -- PROGRAM ARGS      connect and fetch once first; then, for each byte read
//                                                                      from stdin, fetch on the open connection, fork, exec
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char answer[1 << 16];

static void die(const char* what) {
    fprintf(stderr, "floor_client: %s\n", what);
    exit(1);
}

static SSL* dial(int port, const char* ca) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_locations(context, ca, NULL) != 1) die("CA file");
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (connect(fd, (struct sockaddr*)&to, sizeof to) != 0) die("connect");
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    SSL* tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    SSL_set1_host(tls, "127.0.0.1");
    if (SSL_connect(tls) != 1) die("TLS handshake");
    return tls;
}

// Reads one HTTP answer with Content-Length and returns its body.
static char* get(SSL* tls, const char* path, const char* token) {
    char request[4096];
    const int size = snprintf(request, sizeof request,
                              "GET /v1/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Vault-Token: %s\r\n\r\n", path, token);
    if (SSL_write(tls, request, size) != size) die("write");
    size_t have = 0;
    for (;;) {
        const int n = SSL_read(tls, answer + have, (int)(sizeof answer - 1 - have));
        if (n <= 0) die("read");
        have += (size_t)n;
        answer[have] = 0;
        char* body = strstr(answer, "\r\n\r\n");
        const char* length = strstr(answer, "Content-Length: ");
        if (body != NULL && length != NULL && (size_t)(body + 4 - answer) + (size_t)atol(length + 16) <= have) {
            if (strncmp(answer, "HTTP/1.1 200", 12) != 0) die("not 200");
            return body + 4;
        }
    }
}

// The value of field "value", which the bench stores as plain hex digits.
static void put_in_environment(char* body) {
    char* from = strstr(body, "\"value\":\"");
    if (from == NULL) die("no value");
    from += 9;
    char* to = strchr(from, '"');
    if (to == NULL) die("no end of value");
    *to = 0;
    setenv("BENCH_SECRET", from, 1);
}

int main(int argc, char** argv) {
    if (argc < 8 || strcmp(argv[6], "--") != 0) die("usage");
    char token[256] = {0};
    FILE* file = fopen(argv[4], "re");
    if (file == NULL || fgets(token, sizeof token, file) == NULL) die("token file");
    token[strcspn(token, "\r\n")] = 0;
    SSL* tls = dial(atoi(argv[2]), argv[3]);
    if (strcmp(argv[1], "cold") == 0) {
        put_in_environment(get(tls, argv[5], token));
        execv(argv[7], argv + 7);
        die("exec");
    }
    get(tls, argv[5], token);
    char go;
    while (write(STDOUT_FILENO, ".", 1) == 1 && read(STDIN_FILENO, &go, 1) == 1) {
        put_in_environment(get(tls, argv[5], token));
        const pid_t child = vfork();
        if (child == 0) {
            execv(argv[7], argv + 7);
            _exit(127);
        }
        int status;
        waitpid(child, &status, 0);
    }
    return 0;
}
