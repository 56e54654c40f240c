/* SPDX-License-Identifier: ISC */
/*
 * The image as a bzImage, for whatever starts Linux directly: the header of the
 * Linux boot protocol 2.12 (Documentation/arch/x86/boot.rst), a small 16-bit
 * part for loaders which enter there (QEMU's -kernel with a BIOS), and the image
 * itself, whose 32-bit entry is its first byte and whose 64-bit entry stands
 * 0x200 behind it.
 */
#define SETUP_SECTORS 3		/* behind the first one */
#define PARAMS 0x1000		/* boot parameters, in our segment */
#define PARAMS_ALT_MEM_K 0x1e0
#define PARAMS_MAP_ENTRIES 0x1e8
#define PARAMS_MAP 0x2d0
#define MAP_MOST 128
#define LOAD_ADDRESS 0x100000

	.section .text, "ax"
	.code16
	.globl linux_head
linux_head:
	/* there is no boot sector; a BIOS that starts it gets nowhere */
	int $0x18
1:	hlt
	jmp 1b

	.org 0x1f1
header:
	.byte SETUP_SECTORS
	.word 0				/* root_flags */
	.long (image_end - image + 15) / 16
	.word 0				/* ram_size */
	.word 0xffff			/* vid_mode: normal */
	.word 0				/* root_dev */
	.word 0xaa55
	.byte 0xeb, setup - 2f		/* the end of the header, as well */
2:	.ascii "HdrS"
	.word 0x020c			/* version */
	.long 0				/* realmode_swtch */
	.word 0				/* start_sys_seg */
	.word name - 0x200
	.byte 0				/* type_of_loader */
	.byte 1				/* loadflags: LOADED_HIGH */
	.word 0				/* setup_move_size */
code32_start:
	.long LOAD_ADDRESS
	.long 0, 0			/* initrd */
	.long 0				/* bootsect_kludge */
	.word 0				/* heap_end_ptr */
	.byte 0, 0			/* extended loader */
	.long 0				/* cmd_line_ptr */
	.long 0x7fffffff		/* initrd_addr_max */
	.long 0x100000			/* kernel_alignment */
	.byte 0				/* relocatable_kernel */
	.byte 0				/* min_alignment */
	.word 1				/* xloadflags: KERNEL_64 */
	.long 2047			/* cmdline_size */
	.long 0				/* hardware_subarch */
	.quad 0				/* its data */
	.long 0, 0			/* payload */
	.quad 0				/* setup_data */
	.quad LOAD_ADDRESS		/* pref_address */
	.long image_end - image		/* init_size: what the image takes */
	.long 0				/* handover_offset */
header_end:

	/* Entered with DS = ES = SS = this segment, CS 0x20 more. */
setup:
	cld
	movw $PARAMS, %di
	xorl %eax, %eax
	movw $1024, %cx
	rep stosl
	movw $header, %si
	movw $PARAMS + 0x1f1, %di
	movw $header_end - header, %cx
	rep movsb

	/* the memory map: INT 15h, E820 */
	xorl %ebx, %ebx
	movw $PARAMS + PARAMS_MAP, %di
map:
	movl $0xe820, %eax
	movl $0x534d4150, %edx
	movl $20, %ecx
	int $0x15
	jc map_end
	cmpl $0x534d4150, %eax
	jne map_end
	addw $20, %di
	incb PARAMS + PARAMS_MAP_ENTRIES
	cmpb $MAP_MOST, PARAMS + PARAMS_MAP_ENTRIES
	jae map_end
	testl %ebx, %ebx
	jnz map
map_end:
	movb $0x88, %ah			/* without a map: KiB above 1 MiB */
	int $0x15
	jc 3f
	movw %ax, PARAMS + PARAMS_ALT_MEM_K
3:
	movw $0x2401, %ax		/* A20, by the BIOS and by port 0x92 */
	int $0x15
	inb $0x92, %al
	orb $2, %al
	andb $0xfe, %al
	outb %al, $0x92

	cli
	xorl %ebx, %ebx
	movw %ds, %bx
	shll $4, %ebx
	leal gdt(%ebx), %eax
	movl %eax, gdt_pointer + 2
	leal protected(%ebx), %eax
	movl %eax, far
	leal PARAMS(%ebx), %esi
	lgdtl gdt_pointer
	movl %cr0, %eax
	orl $1, %eax
	movl %eax, %cr0
	ljmpl *far

	.code32
protected:
	movl $0x18, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	movl %eax, %ss
	xorl %ebp, %ebp
	xorl %edi, %edi
	movl code32_start(%ebx), %eax	/* the loader may have moved it */
	xorl %ebx, %ebx
	jmp *%eax

	.balign 16
gdt:
	.quad 0, 0
	.quad 0x00cf9b000000ffff	/* 0x10: code, flat */
	.quad 0x00cf93000000ffff	/* 0x18: data, flat */
gdt_pointer:
	.word 31
	.long 0
far:
	.long 0
	.word 0x10
name:
	.asciz "pvguest"

	.org (SETUP_SECTORS + 1) * 512
image:
	.incbin "pvguest.flat"
	.balign 4096
image_end:

	.section .note.GNU-stack, "", @progbits
