/* SPDX-License-Identifier: ISC */
/* Instructions that C has no word for. */
#ifndef PORT_BARE_CPU_H
#define PORT_BARE_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Intel SDM vol. 4 */
#define MSR_APIC_BASE 0x01b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC 0x800 /* register at offset 0x10 * n is MSR 0x800 + n */
#define MSR_GS_BASE 0xc0000101

#define CPUID_1_ECX_X2APIC (1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_EDX_TSC (1u << 4)
#define CPUID_1_EDX_APIC (1u << 9)

static inline void
cpu_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]),
			 "=d"(out[3])
			 : "a"(leaf), "c"(subleaf));
}

static inline uint64_t
cpu_rdtsc(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return low | (uint64_t)high << 32;
}

static inline void
cpu_pause(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline void
cpu_cli(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void
cpu_sti(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* Nothing can come between the two: STI takes effect one instruction later. */
static inline void
cpu_sti_hlt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static inline bool
cpu_interrupts_off(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return (flags & 0x200) != 0;
}

static inline void
cpu_interrupts_restore(bool on)
{
	if (on)
		cpu_sti();
}

static inline void
cpu_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void
cpu_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void
cpu_out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint8_t
cpu_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t
cpu_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t
cpu_in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void
cpu_in8_string(uint16_t port, void *to, unsigned long count)
{
	__asm__ volatile("rep insb"
			 : "+D"(to), "+c"(count)
			 : "d"(port)
			 : "memory");
}

/* An instruction that may fault has an entry in .fixups: where it is, and where
 * to go on then.  See fault.c. */
#define CPU_FIXUP(from, to) \
	".pushsection .fixups, \"a\"\n.quad " #from ", " #to "\n.popsection\n"

/* False: there is no such register. */
static inline bool
cpu_rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t low = 0, high = 0, failed = 1;

	__asm__ volatile("1: rdmsr\n"
			 "xorl %2, %2\n"
			 "2:\n" CPU_FIXUP(1b, 2b)
			 : "+a"(low), "+d"(high), "+r"(failed)
			 : "c"(msr)
			 : "memory", "cc");
	*value = low | (uint64_t)high << 32;
	return failed == 0;
}

static inline bool
cpu_wrmsr(uint32_t msr, uint64_t value)
{
	uint32_t failed = 1;

	__asm__ volatile("1: wrmsr\n"
			 "xorl %0, %0\n"
			 "2:\n" CPU_FIXUP(1b, 2b)
			 : "+r"(failed)
			 : "c"(msr), "a"((uint32_t)value),
			 "d"((uint32_t)(value >> 32))
			 : "memory", "cc");
	return failed == 0;
}

static inline void
cpu_invlpg(uint64_t address)
{
	__asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

static inline uint64_t
cpu_cr2(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr2, %0" : "=r"(value));
	return value;
}

#endif
