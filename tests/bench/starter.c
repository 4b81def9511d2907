// SPDX-License-Identifier: Apache-2.0
// Starts a program once for each byte read from stdin, as the floor's client does in its warm mode, but fetches nothing: so
// that a launch of ours and one of the floor are started in the same way. Says "." on stdout when the last one has ended.
//
//   starter PROGRAM ARGS
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
    char go;
    while (argc > 1 && write(STDOUT_FILENO, ".", 1) == 1 && read(STDIN_FILENO, &go, 1) == 1) {
        const pid_t child = vfork();
        if (child == 0) {
            execv(argv[1], argv + 1);
            _exit(127);
        }
        int status;
        waitpid(child, &status, 0);
    }
    return 0;
}
