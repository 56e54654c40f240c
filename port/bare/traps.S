/* SPDX-License-Identifier: ISC */
/* The way into bare_trap() from each of 256 vectors (Intel SDM vol. 3A, ch. 6):
 * a frame with the same layout for all, struct bare_frame. */
	.text
	.code64
	.globl trap_stubs
	.balign 16
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	/* those of 32 that push an error code themselves */
	.if vector >= 32 || !((1 << vector) & 0x60227d00)
	pushq $0
	.endif
	pushq $vector
	jmp trap
	.set vector, vector + 1
	.endr

trap:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rbx
	pushq %rbp
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
	movq %rsp, %rdi
	call bare_trap
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rbp
	popq %rbx
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq

/*
 * long bare_hypercall(const void *entry, const uintptr_t arguments[5]);
 * Xen's public/arch-x86/xen-x86_64.h: arguments in RDI, RSI, RDX, R10, R8; the
 * result in RAX; the code of the page itself loads the number.  Argument
 * registers may come back changed.
 */
	.globl bare_hypercall
bare_hypercall:
	movq %rdi, %rax
	movq %rsi, %r11
	movq (%r11), %rdi
	movq 8(%r11), %rsi
	movq 16(%r11), %rdx
	movq 24(%r11), %r10
	movq 32(%r11), %r8
	call *%rax
	ret

	.section .note.GNU-stack, "", @progbits
