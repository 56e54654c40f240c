/* SPDX-License-Identifier: ISC */
/* The end of the machine, by whatever there is to end it with. */
#include "port/bare/bare_private.h"
#include "port/bare/xen_early.h"

/* QEMU's isa-debug-exit where labs and tests put it. */
#define DEBUG_EXIT 0xf4u

static struct acpi tables;

void
power_init(const struct acpi *acpi)
{
	tables = *acpi;
}

void
bare_say_status(unsigned status)
{
	char marker[64];

	bare_printf("pvguest: exit %u\n", status);
	if (bare_option("exit-marker", marker, sizeof(marker)) != NULL &&
	    *marker != '\0')
		bare_printf("%s %u\n", marker, status);
}

static void
reg_write(const struct acpi_register *reg, uint32_t value)
{
	if (reg->address == 0)
		return;
	if (reg->memory) {
		if (reg->address < paging_end())
			*(volatile uint8_t *)(uintptr_t)reg->address =
			    (uint8_t)value;
	} else if (reg->width == 1)
		cpu_out8((uint16_t)reg->address, (uint8_t)value);
	else
		cpu_out16((uint16_t)reg->address, (uint16_t)value);
}

static void
pause_for(uint64_t time)
{
	uint64_t until = bare_now() + time;

	while (bare_now() < until)
		cpu_pause();
}

/* ACPI 6.5, 4.8.2.4: some machines want to be in ACPI mode first. */
static void
acpi_mode(void)
{
	if (tables.pm1a.address == 0 || tables.pm1a.memory ||
	    tables.smi_command == 0 || tables.enable == 0 ||
	    (cpu_in16((uint16_t)tables.pm1a.address) & 1))
		return;
	cpu_out8(tables.smi_command, tables.enable);
	for (unsigned i = 0; i < 100; i++) {
		if (cpu_in16((uint16_t)tables.pm1a.address) & 1)
			break;
		pause_for(PV_MILLISECOND);
	}
}

static void
acpi_off(void)
{
	if (!tables.has_s5)
		return;
	acpi_mode();
	reg_write(&tables.pm1a, (uint32_t)tables.s5a << 10 | 1u << 13);
	reg_write(&tables.pm1b, (uint32_t)tables.s5b << 10 | 1u << 13);
	reg_write(&tables.sleep, (uint32_t)tables.s5a << 2 | 1u << 5);
}

static void
xen_shutdown(uint32_t reason)
{
	struct xen_sched_shutdown shutdown = { reason };

	if (!xen_early_there())
		return;
	xen_console_drain();
	xen_early_call(XEN_HC_SCHED_OP, XEN_SCHED_SHUTDOWN,
	    (uintptr_t)&shutdown);
}

static void
debug_exit(unsigned status)
{
	bool safe = hypervisor_base(HYPERVISOR_KVM) != 0 ||
	    hypervisor_base(HYPERVISOR_QEMU) != 0;
	uint64_t port = bare_option_number("exit-port", safe ? DEBUG_EXIT : 0);

	if (port != 0 && port <= UINT16_MAX)
		cpu_out32((uint16_t)port, status);
}

static void
reset(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	if (tables.reset.address != 0) {
		reg_write(&tables.reset, tables.reset_value);
		pause_for(10 * PV_MILLISECOND);
	}
	cpu_out8(0x64, 0xfe); /* the keyboard controller's reset line */
	pause_for(10 * PV_MILLISECOND);
	cpu_out8(0xcf9, 0x02); /* of Intel's chip sets */
	cpu_out8(0xcf9, 0x06);
	pause_for(10 * PV_MILLISECOND);
	__asm__ volatile("lidt %0; int3" ::"m"(none)); /* triple fault */
}

void
bare_end(enum bare_end end, unsigned status)
{
	cpu_cli();
	if (end == BARE_EXIT)
		debug_exit(status);
	if (end == BARE_REBOOT)
		xen_shutdown(XEN_SHUTDOWN_REBOOT);
	else {
		xen_shutdown(XEN_SHUTDOWN_POWEROFF);
		acpi_off();
		/* QEMU's machines without tables: q35, pc */
		if (hypervisor_base(HYPERVISOR_KVM) != 0 ||
		    hypervisor_base(HYPERVISOR_QEMU) != 0) {
			cpu_out16(0x604, 0x2000);
			cpu_out16(0xb004, 0x2000);
		}
		pause_for(100 * PV_MILLISECOND);
	}
	/* For a VMM without any power switch, as Firecracker, this is one. */
	reset();
	for (;;)
		__asm__ volatile("cli; hlt");
}
