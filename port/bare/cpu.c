/* SPDX-License-Identifier: ISC */
/* What each CPU has of its own: segments, task state with stacks for the worst
 * cases, and the table of interrupts that all share. */
#include "port/bare/bare_private.h"

#define GDT_CODE 0x00af9b000000ffffull
#define GDT_DATA 0x00cf93000000ffffull
#define GDT_TSS 0x0000890000000000ull
#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x20

#define TRAP_NMI 2
#define TRAP_DOUBLE_FAULT 8
#define TRAP_MACHINE_CHECK 18

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

struct table_pointer {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static struct gate idt[256] __attribute__((aligned(16)));

static void
fill_idt(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t stub = (uint64_t)(uintptr_t)trap_stubs + 16ull * i;

		idt[i] = (struct gate){
			.offset_low = (uint16_t)stub,
			.selector = SELECTOR_CODE,
			.type = 0x8e, /* present, interrupt gate */
			.offset_middle = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
	idt[TRAP_NMI].ist = 1;
	idt[TRAP_DOUBLE_FAULT].ist = 2;
	idt[TRAP_MACHINE_CHECK].ist = 3;
}

static void
fill_gdt(struct bare_cpu *cpu)
{
	uint64_t tss = (uint64_t)(uintptr_t)&cpu->tss;

	cpu->gdt[0] = 0;
	cpu->gdt[1] = GDT_CODE;
	cpu->gdt[2] = GDT_DATA;
	cpu->gdt[3] = 0;
	cpu->gdt[4] = GDT_TSS | (sizeof(cpu->tss) - 1) |
	    (tss & 0xffffff) << 16 | (tss >> 24 & 0xff) << 56;
	cpu->gdt[5] = tss >> 32;
	for (unsigned i = 0; i < IST_STACKS; i++)
		cpu->tss.ist[i] = (uint64_t)(uintptr_t)&cpu->ist[i][IST_SIZE];
	cpu->tss.io_map = sizeof(cpu->tss);
}

void
cpu_init(struct bare_cpu *cpu, unsigned index, uint64_t stack_low,
    uint64_t stack_high)
{
	struct table_pointer pointer;

	cpu->self = cpu;
	cpu->index = index;
	cpu->stack_low = stack_low;
	cpu->stack_high = stack_high;
	fill_gdt(cpu);
	if (index == 0)
		fill_idt();
	pointer = (struct table_pointer){ sizeof(cpu->gdt) - 1,
		(uint64_t)(uintptr_t)cpu->gdt };
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %2, %%eax\n\t"
			 "movl %%eax, %%ss\n\t"
			 "ltr %w3"
			 :
			 : "m"(pointer), "i"(SELECTOR_CODE), "i"(SELECTOR_DATA),
			 "r"(SELECTOR_TSS)
			 : "rax", "memory");
	pointer = (struct table_pointer){ sizeof(idt) - 1,
		(uint64_t)(uintptr_t)idt };
	__asm__ volatile("lidt %0" ::"m"(pointer) : "memory");
	cpu_wrmsr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
}
