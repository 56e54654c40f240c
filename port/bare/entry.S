/* SPDX-License-Identifier: ISC */
/*
 * The first instructions, for each way of being started:
 *
 * PVH		32-bit, flat, no paging; EBX = start info (Xen docs/misc/pvh)
 * multiboot	the same; EAX = magic number, EBX = information
 * Linux, 32	the same; ESI = boot parameters (Linux boot.rst)
 * Linux, 64	64-bit, identity mapped; RSI = boot parameters
 *
 * All meet in start64, on our own stack, segments and page tables, and call
 * bare_start(protocol, information).
 */
#define MB1_HEADER 0x1badb002
#define MB1_LOADED 0x2badb002
#define MB1_FLAGS 0x00010003	/* aligned modules, memory map, addresses */
#define MB2_HEADER 0xe85250d6
#define MB2_LOADED 0x36d76289

/* enum boot_protocol */
#define PROTOCOL_PVH 1
#define PROTOCOL_MULTIBOOT1 2
#define PROTOCOL_MULTIBOOT2 3
#define PROTOCOL_LINUX 4

#define CR4_PAE 0x20
#define CR0_PE_ET_WP_PG 0x80010011
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100

	.section .head, "ax"
	.code32
	.globl image_head
image_head:
	/* Linux: the 32-bit entry is the first byte, the 64-bit one 0x200 on */
	jmp linux32

	.balign 8
multiboot2:
	.long MB2_HEADER, 0, multiboot2_end - multiboot2
	.long -(MB2_HEADER + (multiboot2_end - multiboot2))
	.word 3, 0			/* entry address: e_entry is Linux's */
	.long 12, entry_multiboot2
	.balign 8
	.word 4, 0			/* console: a text screen is good */
	.long 12, 2
	.balign 8
	.word 6, 0			/* modules aligned to pages */
	.long 8
	.word 0, 0
	.long 8
multiboot2_end:

	.balign 4
multiboot1:
	.long MB1_HEADER, MB1_FLAGS, -(MB1_HEADER + MB1_FLAGS)
	.long multiboot1, image_head, image_loaded_end, image_end
	.long entry_multiboot1

	.org image_head + 0x200
	.code64
	.globl linux64
linux64:
	cli
	cld
	rdtsc
	movl %eax, entry_tsc
	movl %edx, entry_tsc + 4
	lgdt boot_gdt_pointer
	movl $boot_stack_end, %esp
	movl $boot_pml4, %eax
	movq %rax, %cr3
	movl $PROTOCOL_LINUX, %edi
	pushq $8
	pushq $start64
	lretq

	.text
	.code32
	.globl entry_pvh
entry_pvh:
	movl $PROTOCOL_PVH, %edi
	movl %ebx, %esi
	jmp start32

entry_multiboot1:
	movl $PROTOCOL_MULTIBOOT1, %edi
	jmp multiboot
entry_multiboot2:
	movl $PROTOCOL_MULTIBOOT2, %edi
multiboot:
	movl %ebx, %esi
	jmp start32

linux32:
	movl $PROTOCOL_LINUX, %edi

start32:
	cli
	cld
	rdtsc
	movl %eax, entry_tsc
	movl %edx, entry_tsc + 4
	lgdt boot_gdt_pointer
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $boot_stack_end, %esp

	movl $0x80000000, %eax
	cpuid
	cmpl $0x80000001, %eax
	jb no_long_mode
	movl $0x80000001, %eax
	cpuid
	testl $1 << 29, %edx
	jz no_long_mode

	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $CR0_PE_ET_WP_PG, %eax
	movl %eax, %cr0
	ljmp $8, $start64

	/* Said where it can be seen: on the serial and the debug port. */
no_long_mode:
	movl $no_long_mode_text, %ebx
1:	movb (%ebx), %al
	testb %al, %al
	jz 2f
	movw $0x3f8, %dx
	outb %al, %dx
	outb %al, $0xe9
	incl %ebx
	jmp 1b
2:	hlt
	jmp 2b

	.code64
start64:
	xorl %eax, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %eax, %fs
	movl %eax, %gs
	movl $boot_stack_end, %esp
	/* Linux, 64: RSI has 64 bits; the others come from 32-bit code, which
	 * has cleared the upper half */
	xorl %ebp, %ebp
	call bare_start
3:	cli
	hlt
	jmp 3b

	.section .rodata, "a"
no_long_mode_text:
	.asciz "pvguest: this CPU has no 64-bit mode\r\n"

	.data
	.balign 16
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 0x08: code, 64 bits */
	.quad 0x00cf93000000ffff	/* 0x10: data, flat */
	.quad 0x00cf9b000000ffff	/* 0x18: code, 32 bits, flat */
boot_gdt_end:
	.globl boot_gdt_pointer
boot_gdt_pointer:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt

	.balign 8
	.globl entry_tsc
entry_tsc:
	.quad 0

/*
 * The first 4 GiB, address for address, in pages of 2 MiB: enough for all that
 * a starter passes.  bare_paging adds what is above.  0x83: present, writable,
 * large; 0x3 for tables.
 */
	.section .tables, "aw"
	.balign 4096
	.globl boot_pml4
boot_pml4:
	.quad boot_pdpt + 3
	.fill 511, 8, 0
	.globl boot_pdpt
boot_pdpt:
	.quad boot_pd + 3, boot_pd + 0x1003, boot_pd + 0x2003, boot_pd + 0x3003
	.fill 508, 8, 0
	.globl boot_pd
boot_pd:
	.set address, 0
	.rept 2048
	.quad address + 0x83
	.set address, address + 0x200000
	.endr

	.section .bss.stack, "aw", @nobits
	.balign 4096
	.globl boot_stack_guard
boot_stack_guard:			/* unmapped once that can be */
	.skip 4096
	.skip 32768
	.globl boot_stack_end
boot_stack_end:

/* PVH: the entry, for Xen's loader and QEMU's (XEN_ELFNOTE_PHYS32_ENTRY). */
	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18
	.asciz "Xen"
	.quad entry_pvh

	.section .note.GNU-stack, "", @progbits
