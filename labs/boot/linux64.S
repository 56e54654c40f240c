/* SPDX-License-Identifier: ISC */
/*
 * A loader for one case of test: started by PVH, it starts pvguest.flat at
 * 1 MiB by the 64-bit Linux boot protocol, as Firecracker and other VMMs start
 * a kernel: long mode, an identity map, RSI at the boot parameters, entry at
 * 0x200.  QEMU itself has no such loader.
 */
	.section .text, "ax"
	.code32
	.globl start
start:
	cli
	lgdt gdt_pointer
	movl $0x10, %eax
	movl %eax, %ds
	movl %eax, %ss
	movl $0x20, %eax
	movl %eax, %cr4
	movl $pml4, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax
	wrmsr
	movl $0x80000011, %eax
	movl %eax, %cr0
	ljmp $8, $long_mode
	.code64
long_mode:
	movl $params, %esi
	movl $image + 0x200, %eax
	jmp *%rax

	.data
	.balign 8
gdt:
	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
	.word 23
	.long gdt
command_line:
	.ascii COMMAND_LINE
	.byte 0

	.balign 4096
pml4:
	.quad pdpt + 3
	.fill 511, 8, 0
pdpt:
	.quad pd + 3
	.fill 511, 8, 0
pd:
	.set address, 0
	.rept 512
	.quad address + 0x83
	.set address, address + 0x200000
	.endr

params:
	.org params + 0x1e8
	.byte 3				/* entries of the memory map */
	.org params + 0x202
	.ascii "HdrS"
	.org params + 0x228
	.long command_line
	.org params + 0x2d0
	.quad 0, 0x9f000
	.long 1
	.quad 0x100000, 0x7e00000 - 0x100000
	.long 1
	.quad 0xfffc0000, 0x40000
	.long 2
	.org params + 4096

	.section .image, "awx"
image:
	.incbin "pvguest.flat"

	.section .note.Xen, "a", @note
	.long 4, 8, 18
	.asciz "Xen"
	.quad start

	.section .note.GNU-stack, "", @progbits
