/* SPDX-License-Identifier: ISC */
/*
 * Where a secondary CPU starts: in real mode, at a page below 1 MiB to which
 * these bytes were copied (Intel SDM vol. 3A, 8.4).  Position independent; the
 * CPUs find what they need behind the code, filled in by smp.c.  Each takes the
 * next number, and with it its own struct bare_cpu.
 */
#define CR4_PAE 0x20
#define CR0_PE_ET_WP_PG 0x80010011
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.section .rodata, "a"
	.globl trampoline, trampoline_end, trampoline_page
	.balign 16
	.code16
trampoline:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	movzwl %ax, %ebx
	shll $4, %ebx				/* where this page is */
	leal gdt - trampoline(%ebx), %eax
	movl %eax, pointer - trampoline + 2
	leal protected - trampoline(%ebx), %eax
	movl %eax, far32 - trampoline
	lgdtl pointer - trampoline
	movl $0x11, %eax
	movl %eax, %cr0
	ljmpl *(far32 - trampoline)

	.code32
protected:
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl trampoline_page - trampoline(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $CR0_PE_ET_WP_PG, %eax
	movl %eax, %cr0
	/* code of 64 bits is at its own address in the image */
	ljmp $8, $secondary64

	.balign 16
gdt:
	.quad 0
	.quad 0x00af9b000000ffff
	.quad 0x00cf93000000ffff
	.quad 0x00cf9b000000ffff
pointer:
	.word 31
	.long 0
	.balign 4
far32:
	.long 0
	.word 0x18
	.balign 8
trampoline_page:			/* of the page tables */
	.quad 0
trampoline_end:

	.text
	.code64
secondary64:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	xorl %ebp, %ebp
	movl $1, %ecx
	lock xaddl %ecx, smp_next
	cmpl smp_limit, %ecx
	jae 1f				/* more CPUs than were asked for */
	movq smp_stacks(, %rcx, 8), %rsp
	movl %ecx, %edi
	call bare_secondary
1:	cli
	hlt
	jmp 1b

	.section .note.GNU-stack, "", @progbits
