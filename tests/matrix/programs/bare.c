/* SPDX-License-Identifier: Apache-2.0 */
/* No library at all: the stack as the kernel made it. */
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

__attribute__((used)) static void begin(long* stack) {
    static const char name[] = "DB_PASSWORD=";
    char** envp = (char**)(stack + 1 + stack[0] + 1);
    char byte;
    call(1, 1, (long)"ready\n", 6);
    if (call(0, 0, (long)&byte, 1) != 1) call(231, 3, 0, 0);
    for (; *envp; ++envp) {
        const char* at = *envp;
        long same = 0, length = 0;
        while (name[same] && name[same] == at[same])
            ++same;
        if (name[same]) continue;
        while (at[same + length])
            ++length;
        call(1, 1, (long)(at + same), length);
        call(1, 1, (long)"\n", 1);
    }
    call(231, 7, 0, 0);
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
