/* SPDX-License-Identifier: ISC */
/* The other CPUs: INIT, SIPI, and then work that CPU 0 hands them. */
#include "port/bare/bare_private.h"

#define ICR_INIT 0x4500u
#define ICR_STARTUP 0x4600u
#define ICR_FIXED 0x4000u

#define STACK_PAGES (STACK_SIZE / PAGE_SIZE)

/* How long all of them have to come up. */
#define PATIENCE (200 * PV_MILLISECOND)

extern const char trampoline[], trampoline_end[], trampoline_page[];

/* Read by trampoline.S. */
extern uint64_t smp_stacks[BARE_CPUS];
extern uint32_t smp_next, smp_limit;
uint64_t smp_stacks[BARE_CPUS];
uint32_t smp_next = 1, smp_limit = 1;

static struct bare_cpu *cpus[BARE_CPUS];
static unsigned online = 1;
static uint32_t apic_ids[BARE_CPUS];
static uint32_t startup;

/* A page of RAM below 640 KiB that nobody needs any more. */
static uint64_t
low_page(const struct boot_info *info)
{
	for (uint64_t page = 0x8000; page < 0x9f000; page += PAGE_SIZE) {
		bool ram = false, bad = false;

		for (unsigned i = 0; i < info->ranges; i++) {
			const struct boot_range *range = &info->range[i];
			bool inside = page >= range->start &&
			    page + PAGE_SIZE - range->start <= range->size;
			bool apart = page + PAGE_SIZE <= range->start ||
			    (page >= range->start &&
				page - range->start >= range->size);

			if (range->type == BOOT_RAM)
				ram = ram || inside;
			else
				bad = bad || !apart;
		}
		if (ram && !bad)
			return page;
	}
	return 0;
}

static bool
prepare(unsigned index)
{
	size_t pages = (sizeof(struct bare_cpu) + PAGE_SIZE - 1) / PAGE_SIZE;
	char *stack = pages_take(STACK_PAGES + 1);

	cpus[index] = pages_take(pages);
	if (stack == NULL || cpus[index] == NULL)
		return false;
	paging_guard((uintptr_t)stack);
	smp_stacks[index] = (uintptr_t)stack + (STACK_PAGES + 1) * PAGE_SIZE;
	return true;
}

static void
pause_for(uint64_t time)
{
	uint64_t until = bare_now() + time;

	while (bare_now() < until)
		cpu_pause();
}

/* They come up while CPU 0 goes on; smp_wait() waits for them. */
void
smp_init(const struct acpi *acpi, const struct boot_info *info)
{
	uint64_t page = low_page(info), wanted, tables;
	unsigned count = 1;

	cpus[0] = this_cpu();
	wanted = bare_option_number("cpus", BARE_CPUS);
	if (!apic_present() || page == 0)
		return;
	for (unsigned i = 0; i < acpi->cpus; i++) {
		if (acpi->cpu[i] == cpus[0]->apic)
			continue;
		if (count >= wanted || count == BARE_CPUS || !prepare(count))
			break;
		apic_ids[count++] = acpi->cpu[i];
	}
	if (count == 1)
		return;
	smp_limit = count;
	memcpy((void *)(uintptr_t)page, trampoline,
	    (size_t)(trampoline_end - trampoline));
	tables = (uintptr_t)boot_pml4;
	memcpy((char *)(uintptr_t)page + (trampoline_page - trampoline),
	    &tables, sizeof(tables));
	startup = ICR_STARTUP | (uint32_t)(page >> 12);
	for (unsigned i = 1; i < count; i++)
		apic_send(apic_ids[i], ICR_INIT);
	pause_for(100 * 1000);
	for (unsigned i = 1; i < count; i++)
		apic_send(apic_ids[i], startup);
}

void
smp_wait(void)
{
	uint64_t start = bare_now();
	bool again = false;

	/* a second SIPI, as the SDM wants, for who has not seen the first */
	while (__atomic_load_n(&online, __ATOMIC_ACQUIRE) < smp_limit) {
		uint64_t waited = bare_now() - start;

		if (waited > PATIENCE)
			break;
		if (waited > PATIENCE / 4 && !again) {
			again = true;
			for (unsigned i = 1; i < smp_limit; i++)
				apic_send(apic_ids[i], startup);
		}
		cpu_pause();
	}
	if (online < smp_limit) {
		char line[80];

		bare_format(line, sizeof(line), "cpus: %u of %u did not start",
		    smp_limit - online, smp_limit);
		bare_log_line(line);
	}
	/* None may come later than this. */
	__atomic_store_n(&smp_limit, online, __ATOMIC_RELEASE);
}

void
bare_secondary(unsigned index)
{
	struct bare_cpu *cpu = cpus[index];

	cpu_init(cpu, index, smp_stacks[index] - STACK_SIZE, smp_stacks[index]);
	apic_init_cpu();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	__atomic_add_fetch(&online, 1, __ATOMIC_ACQ_REL);
	for (;;) {
		void (*call)(void *);

		cpu_cli();
		call = __atomic_load_n(&cpu->call, __ATOMIC_ACQUIRE);
		if (call == NULL) {
			cpu_sti_hlt();
			continue;
		}
		cpu_sti();
		call(cpu->argument);
		__atomic_store_n(&cpu->call, NULL, __ATOMIC_RELEASE);
	}
}

unsigned
bare_cpus(void)
{
	return __atomic_load_n(&online, __ATOMIC_RELAXED);
}

unsigned
bare_cpu(void)
{
	return this_cpu()->index;
}

uint32_t
bare_cpu_apic(unsigned cpu)
{
	return cpu < bare_cpus() ? cpus[cpu]->apic : 0;
}

uint64_t
bare_cpu_interrupts(unsigned cpu)
{
	return cpu < bare_cpus() ? cpus[cpu]->interrupts : 0;
}

uint64_t
bare_cpu_timers(unsigned cpu)
{
	return cpu < bare_cpus() ? cpus[cpu]->timers : 0;
}

int
bare_cpu_run(unsigned cpu, void (*call)(void *), void *argument)
{
	if (cpu == 0 || cpu >= bare_cpus())
		return PV_ENODEV;
	if (!bare_cpu_idle(cpu))
		return PV_EBUSY;
	cpus[cpu]->argument = argument;
	__atomic_store_n(&cpus[cpu]->call, call, __ATOMIC_RELEASE);
	apic_send(cpus[cpu]->apic, ICR_FIXED | VECTOR_WAKE);
	return PV_OK;
}

bool
bare_cpu_idle(unsigned cpu)
{
	return cpu < bare_cpus() &&
	    __atomic_load_n(&cpus[cpu]->call, __ATOMIC_ACQUIRE) == NULL;
}

int
bare_cpu_join(unsigned cpu, uint64_t deadline)
{
	while (!bare_cpu_idle(cpu)) {
		if (bare_now() >= deadline)
			return PV_ETIMEDOUT;
		cpu_pause();
	}
	return PV_OK;
}
