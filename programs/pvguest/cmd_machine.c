/* SPDX-License-Identifier: ISC */
/* Commands about this machine, and its end. */
#include "programs/pvguest/pvguest.h"

int
cmd_cpus(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (unsigned cpu = 0; cpu < bare_cpus(); cpu++)
		bare_printf("cpu%u: APIC %u, %lu interrupts, %lu of its "
			    "timer\n",
		    cpu, bare_cpu_apic(cpu), bare_cpu_interrupts(cpu),
		    bare_cpu_timers(cpu));
	return STATUS_OK;
}

int
cmd_mem(int argc, char **argv)
{
	struct bare_memory memory;

	(void)argc;
	(void)argv;
	bare_memory(&memory);
	bare_printf("mem: %lu pages, %lu free, %lu bytes in small pieces\n",
	    memory.pages, memory.free, memory.small);
	bare_printf("mem: %lu pages of address space, %lu free\n", memory.space,
	    memory.space_free);
	return STATUS_OK;
}

int
cmd_time(int argc, char **argv)
{
	uint64_t start = bare_now();
	int status;

	if (argc < 2) {
		bare_printf("time: %lu.%06lu s, TSC %lu kHz by %s\n",
		    start / (uint64_t)PV_SECOND,
		    start % (uint64_t)PV_SECOND / 1000, bare_tsc_khz(),
		    bare_clock_name());
		return STATUS_OK;
	}
	status = command_run(argc - 1, argv + 1);
	bare_printf("time: %lu us\n", (bare_now() - start) / 1000);
	return status;
}

/* A stack that does not end. */
static unsigned
deeper(volatile unsigned depth)
{
	volatile unsigned char filler[512];

	filler[0] = (unsigned char)depth;
	return depth == 0 ? 0 : deeper(depth + 1) + filler[0];
}

static void
crash_elsewhere(void *argument)
{
	(void)argument;
	__asm__ volatile("ud2");
}

int
cmd_crash(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "ud";
	volatile uintptr_t nowhere = 16;

	if (same(how, "null"))
		*(volatile int *)nowhere = 1;
	else if (same(how, "stack"))
		return (int)deeper(1);
	else if (same(how, "panic"))
		bare_panic("as asked for");
	else if (same(how, "cpu")) {
		bare_cpu_run(1, crash_elsewhere, NULL);
		guest_sleep(10 * PV_SECOND);
	} else if (same(how, "ud"))
		__asm__ volatile("ud2");
	return fail(STATUS_USAGE,
	    "crash: expected null, stack, ud, cpu or "
	    "panic, got %s",
	    how);
}

int
cmd_exit(int argc, char **argv)
{
	uint64_t status;

	if (!number_at(argc, argv, 1, 0, &status) || status > 127)
		return fail(STATUS_USAGE,
		    "exit: expected a status from 0 to 127");
	bare_say_status((unsigned)status);
	bare_end(BARE_EXIT, (unsigned)status);
}

int
cmd_poweroff(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	bare_say_status(STATUS_OK);
	bare_end(BARE_POWER_OFF, STATUS_OK);
}

int
cmd_reboot(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	bare_printf("pvguest: reboot\n");
	bare_end(BARE_REBOOT, STATUS_OK);
}
