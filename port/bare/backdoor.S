/* SPDX-License-Identifier: ISC */
/*
 * VMware's backdoor: all registers of a struct pv_backdoor (pvbus/port.h) go in
 * and come back; RBP is one of them, which no compiler lets go of.
 *
 * void backdoor_call(struct pv_backdoor *, unsigned kind): 0 IN EAX, DX; 1 REP
 * INSB; 2 REP OUTSB; 3 VMCALL; 4 VMMCALL.
 */
	.text
	.globl backdoor_call
	.type backdoor_call, @function
backdoor_call:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	mov	%rdi, %r12
	mov	%esi, %r13d
	mov	0(%r12), %rax
	mov	8(%r12), %rbx
	mov	16(%r12), %rcx
	mov	24(%r12), %rdx
	mov	32(%r12), %rsi
	mov	40(%r12), %rdi
	mov	48(%r12), %rbp
	cld
	cmp	$1, %r13d
	jb	1f
	je	2f
	cmp	$3, %r13d
	jb	3f
	je	4f
	vmmcall
	jmp	5f
1:	in	%dx, %eax
	jmp	5f
2:	rep insb
	jmp	5f
3:	rep outsb
	jmp	5f
4:	vmcall
5:	mov	%rax, 0(%r12)
	mov	%rbx, 8(%r12)
	mov	%rcx, 16(%r12)
	mov	%rdx, 24(%r12)
	mov	%rsi, 32(%r12)
	mov	%rdi, 40(%r12)
	mov	%rbp, 48(%r12)
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret
	.size backdoor_call, . - backdoor_call
	.section .note.GNU-stack, "", @progbits
