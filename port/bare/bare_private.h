/* SPDX-License-Identifier: ISC */
#ifndef PORT_BARE_PRIVATE_H
#define PORT_BARE_PRIVATE_H

#include "port/bare/acpi.h"
#include "port/bare/bare.h"
#include "port/bare/boot_info.h"
#include "port/bare/cpu.h"

#define PAGE_SIZE 4096ull
#define MIB (1ull << 20)
#define GIB (1ull << 30)

/* What traps.S pushes; the CPU's own part begins at `error`. */
struct bare_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Intel SDM vol. 3A, 8.7: the 64-bit task state segment. */
struct bare_tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

/* Interrupt stacks for NMI, double fault and machine check. */
#define IST_STACKS 3u
#define IST_SIZE 4096u
#define STACK_SIZE 32768u

/* GS points here. */
struct bare_cpu {
	struct bare_cpu *self; /* at GS:0 */
	unsigned index;
	uint32_t apic;
	bool online;
	bool woken;                  /* by an event since the last wait */
	bool ended;                  /* a handler has called vector_eoi */
	uint64_t interrupts, timers; /* the latter are among the former */
	uint64_t stack_low, stack_high;
	/* work from CPU 0 */
	void (*call)(void *);
	void *argument;
	uint64_t gdt[6];
	struct bare_tss tss;
	uint8_t ist[IST_STACKS][IST_SIZE] __attribute__((aligned(16)));
};

static inline struct bare_cpu *
this_cpu(void)
{
	struct bare_cpu *cpu;

	__asm__ volatile("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

/* ---- Locks: held for a few instructions, with interrupts off ---- */

struct bare_lock {
	bool held;
};

static inline bool
lock_take(struct bare_lock *lock)
{
	bool on = cpu_interrupts_off();

	while (__atomic_test_and_set(&lock->held, __ATOMIC_ACQUIRE))
		cpu_pause();
	return on;
}

static inline void
lock_drop(struct bare_lock *lock, bool on)
{
	__atomic_clear(&lock->held, __ATOMIC_RELEASE);
	cpu_interrupts_restore(on);
}

/* ---- entry.S, image.ld ---- */

extern char image_head[], image_end[], boot_stack_guard[], boot_stack_end[];
extern uint64_t boot_pml4[512], boot_pdpt[512], boot_pd[2048];
extern uint64_t entry_tsc;
extern char trap_stubs[];
void bare_start(uint32_t protocol, uint64_t physical);
void bare_trap(struct bare_frame *);
void bare_secondary(unsigned index);
long bare_hypercall(const void *entry, const uintptr_t arguments[5]);

/* ---- Hypervisors, as far as the ground itself must know ---- */

enum hypervisor {
	HYPERVISOR_KVM = 1,
	HYPERVISOR_XEN = 2,
	HYPERVISOR_VMWARE = 4,
	HYPERVISOR_HYPERV = 8,
	HYPERVISOR_QEMU = 16,
	HYPERVISOR_OPENBSD = 32
};
/* The base leaf of one of them, or 0. */
uint32_t hypervisor_base(enum hypervisor);

/* ---- Each file's part of starting ---- */

void options_init(const char *command_line);
void console_init_early(const struct boot_info *);
void cpu_init(struct bare_cpu *, unsigned index, uint64_t stack_low,
    uint64_t stack_high);
void interrupt_init(void);
void paging_init(uint64_t top);
void pages_init(const struct boot_range *runs, unsigned count);
void space_init(uint64_t start, uint64_t pages);
void apic_init(void);     /* once, CPU 0 */
void apic_init_cpu(void); /* each CPU */
void apic_timer_init(void);
void clock_init(const struct acpi *);
void reference_init(const struct acpi *);
void smp_init(const struct acpi *, const struct boot_info *);
void smp_wait(void); /* until the other CPUs are there */
void power_init(const struct acpi *);
void console_lock_break(void);

/* ---- Memory ---- */

/* End of what is mapped; all of it address for address. */
uint64_t paging_end(void);
void paging_map(uint64_t start, uint64_t end);
/* Make a page fault on touch. */
void paging_guard(uint64_t page);
void paging_uncached(uint64_t page);
void *pages_take(size_t pages); /* zeroed, or NULL */
void pages_give(void *memory, size_t pages);
void *space_take(size_t pages);
void space_give(void *space, size_t pages);

/* ---- Interrupts ---- */

#define VECTOR_TIMER 0x20
#define VECTOR_WAKE 0x21
#define VECTOR_PIC 0x28
#define VECTOR_FIRST 0x30
#define VECTOR_END 0xf0
#define VECTOR_SPURIOUS 0xff

int vector_take(void (*handler)(void *argument, unsigned cpu), void *argument);
void vector_drop(int vector);
unsigned vectors_taken(void);

bool apic_present(void);
uint32_t apic_id(void);
void apic_eoi(void);
bool apic_in_service(unsigned vector);
void apic_timer(uint64_t deadline);
void apic_send(uint32_t apic, uint32_t command);

/* ---- Consoles ---- */

struct console {
	char name[32];
	void (*write)(const char *text, size_t len);
	int (*read)(void); /* a character, or -1; NULL: output only */
};

bool serial_find(struct console *);
bool debugport_find(struct console *, bool forced);
bool screen_find(struct console *, const struct boot_info *);
bool xen_console_find(struct console *);

/* ---- Faults ---- */

void fault(struct bare_frame *) __attribute__((noreturn));
bool fault_fixed(struct bare_frame *);
uint64_t clock_tsc_at(uint64_t deadline);

#endif
