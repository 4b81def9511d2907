/* SPDX-License-Identifier: Apache-2.0 */
/* A 32-bit program without any library: writes its environment strings to standard output, a newline after each. */
    .globl _start
    .text
_start:
    mov (%esp), %ecx            /* argc */
    lea 8(%esp,%ecx,4), %esi    /* envp */
next:
    mov (%esi), %ecx
    test %ecx, %ecx
    jz done
    xor %edx, %edx
length:
    cmpb $0, (%ecx,%edx)
    je write
    inc %edx
    jmp length
write:
    mov $4, %eax
    mov $1, %ebx
    int $0x80
    mov $4, %eax
    mov $newline, %ecx
    mov $1, %edx
    int $0x80
    add $4, %esi
    jmp next
done:
    mov $1, %eax
    xor %ebx, %ebx
    int $0x80
    .data
newline:
    .ascii "\n"
    .section .note.GNU-stack,"",@progbits
