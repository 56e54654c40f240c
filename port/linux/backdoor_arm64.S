/* SPDX-License-Identifier: ISC */
/*
 * VMware's backdoor on a CPU without ports: X0 to X6 stand for the registers of
 * x86, X7 says which instruction is meant, and reading MDCCSR_EL0 is the trap.
 * Linux does not let programs read that register, so elsewhere it faults.
 * The same rules as in backdoor_x86.S.
 */
#if defined(__aarch64__)

	.text
	.globl linux_backdoor_mrs
	.hidden linux_backdoor_mrs
	.type linux_backdoor_mrs, %function
linux_backdoor_mrs: /* (struct pv_backdoor *, uint64_t instruction) */
	hint #34 /* bti c */
	str x0, [sp, #-16]!
	mov x8, x0
	mov x7, x1
	ldp x0, x1, [x8]
	ldp x2, x3, [x8, #16]
	ldp x4, x5, [x8, #32]
	ldr x6, [x8, #48]
	.globl linux_backdoor_mrs_at
	.hidden linux_backdoor_mrs_at
linux_backdoor_mrs_at:
	mrs xzr, mdccsr_el0
	ldr x8, [sp], #16
	stp x0, x1, [x8]
	stp x2, x3, [x8, #16]
	stp x4, x5, [x8, #32]
	str x6, [x8, #48]
	mov w0, #0
	ret
	.size linux_backdoor_mrs, . - linux_backdoor_mrs

	.globl linux_backdoor_faulted
	.hidden linux_backdoor_faulted
linux_backdoor_faulted:
	add sp, sp, #16
	mov w0, #-1
	ret

#endif

	.section .note.GNU-stack, "", %progbits
