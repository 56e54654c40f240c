/* SPDX-License-Identifier: ISC */
/*
 * VMware's backdoor by each of its instructions, with all registers loaded from
 * a struct pv_backdoor and stored back there, and 0 returned.
 *
 * Each instruction has a name of its own, so that the handler of backdoor.c
 * knows a fault of it, and goes on at linux_backdoor_faulted: -1 is returned
 * and the registers are lost.  Up to there all of them leave the same stack.
 */
#if defined(__x86_64__)

	.macro backdoor name, instruction:vararg
	.globl linux_backdoor_\name
	.hidden linux_backdoor_\name
	.type linux_backdoor_\name, @function
linux_backdoor_\name:
	.cfi_startproc
	endbr64
	pushq %rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq %rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	movq 0(%rdi), %rax
	movq 8(%rdi), %rbx
	movq 16(%rdi), %rcx
	movq 24(%rdi), %rdx
	movq 32(%rdi), %rsi
	movq 48(%rdi), %rbp
	movq 40(%rdi), %rdi
	.globl linux_backdoor_\name\()_at
	.hidden linux_backdoor_\name\()_at
linux_backdoor_\name\()_at:
	\instruction
	xchgq %rdi, (%rsp)
	movq %rax, 0(%rdi)
	movq %rbx, 8(%rdi)
	movq %rcx, 16(%rdi)
	movq %rdx, 24(%rdi)
	movq %rsi, 32(%rdi)
	movq %rbp, 48(%rdi)
	popq 40(%rdi)
	.cfi_adjust_cfa_offset -8
	popq %rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	popq %rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	xorl %eax, %eax
	ret
	.cfi_endproc
	.size linux_backdoor_\name, . - linux_backdoor_\name
	.endm

	.text
	backdoor in, inl %dx, %eax
	backdoor insb, rep insb
	backdoor outsb, rep outsb
	backdoor vmcall, vmcall
	backdoor vmmcall, vmmcall

	.globl linux_backdoor_faulted
	.hidden linux_backdoor_faulted
linux_backdoor_faulted:
	addq $8, %rsp
	popq %rbp
	popq %rbx
	movl $-1, %eax
	ret

#elif defined(__i386__)

	.macro backdoor name, instruction:vararg
	.globl linux_backdoor_\name
	.hidden linux_backdoor_\name
	.type linux_backdoor_\name, @function
linux_backdoor_\name:
	pushl %ebx
	pushl %ebp
	pushl %esi
	pushl %edi
	movl 20(%esp), %edi
	movl 0(%edi), %eax
	movl 8(%edi), %ebx
	movl 16(%edi), %ecx
	movl 24(%edi), %edx
	movl 32(%edi), %esi
	movl 48(%edi), %ebp
	movl 40(%edi), %edi
	.globl linux_backdoor_\name\()_at
	.hidden linux_backdoor_\name\()_at
linux_backdoor_\name\()_at:
	\instruction
	pushl %edi
	movl 24(%esp), %edi
	movl %eax, 0(%edi)
	movl %ebx, 8(%edi)
	movl %ecx, 16(%edi)
	movl %edx, 24(%edi)
	movl %esi, 32(%edi)
	popl 40(%edi)
	movl %ebp, 48(%edi)
	xorl %eax, %eax
	movl %eax, 4(%edi)
	movl %eax, 12(%edi)
	movl %eax, 20(%edi)
	movl %eax, 28(%edi)
	movl %eax, 36(%edi)
	movl %eax, 44(%edi)
	movl %eax, 52(%edi)
	popl %edi
	popl %esi
	popl %ebp
	popl %ebx
	ret
	.size linux_backdoor_\name, . - linux_backdoor_\name
	.endm

	.text
	backdoor in, inl %dx, %eax
	backdoor insb, rep insb
	backdoor outsb, rep outsb
	backdoor vmcall, vmcall
	backdoor vmmcall, vmmcall

	.globl linux_backdoor_faulted
	.hidden linux_backdoor_faulted
linux_backdoor_faulted:
	popl %edi
	popl %esi
	popl %ebp
	popl %ebx
	movl $-1, %eax
	ret

#endif

	.section .note.GNU-stack, "", @progbits
