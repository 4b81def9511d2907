// SPDX-License-Identifier: Apache-2.0
// Only in builds for coverage, where it stands before _exit(2) of the C library: who leaves without exit handlers (the exec
// guard, children of tests) leaves its counts all the same.
void __gcov_dump(void);
_Noreturn void __real__exit(int code);

_Noreturn void __wrap__exit(int code) {
    __gcov_dump();
    __real__exit(code);
}
