/* SPDX-License-Identifier: ISC */
/* The guest half with nothing else around: attach, run what the command line
 * says, then take commands from the consoles. */
#include "programs/pvguest/nic.h"

static struct pv_bus *bus;
static bool suspending;

struct pv_bus *
guest_bus(void)
{
	return bus;
}

struct pv_device *
guest_device(const char *name)
{
	const struct pv_device *device = bus == NULL ? NULL
						     : pv_bus_devices(bus);

	for (; device != NULL; device = device->next)
		if (same(device->name, name))
			return (struct pv_device *)(uintptr_t)device;
	return NULL;
}

static void
report_machine(void)
{
	struct bare_memory memory;
	char line[128];

	bare_memory(&memory);
	bare_format(line, sizeof(line),
	    "mainbus0: %s, %u CPU%s, %lu MB, TSC %lu.%03lu MHz by %s",
	    bare_start_name(), bare_cpus(), bare_cpus() == 1 ? "" : "s",
	    memory.pages >> 8, bare_tsc_khz() / 1000, bare_tsc_khz() % 1000,
	    bare_clock_name());
	bare_log_line(line);
}

static void
start_cpu(void *cpu)
{
	pv_bus_cpu_start(bus, (unsigned)(uintptr_t)cpu);
}

static void
stop_cpu(void *cpu)
{
	pv_bus_cpu_stop(bus, (unsigned)(uintptr_t)cpu);
}

/* One after the other, as a bus wants it. */
static void
on_cpus(void (*call)(void *), const char *what)
{
	for (unsigned cpu = 1; bus != NULL && cpu < bare_cpus(); cpu++) {
		bare_cpu_run(cpu, call, (void *)(uintptr_t)cpu);
		if (bare_cpu_join(cpu, bare_now() + PV_SECOND) != PV_OK)
			bare_panic("CPU %u did not %s its devices", cpu, what);
	}
}

static void
start_cpus(void)
{
	on_cpus(start_cpu, "start");
}

static void
attach(void)
{
	struct pv_bus_config config = {
		.port = bare_port(),
		.drivers = guest_drivers,
	};
	int error = pv_bus_attach(&config, &bus);
	char line[128];

	if (error == PV_OK)
		return;
	bare_format(line, sizeof(line), "pvbus0 at mainbus0: %s",
	    error == PV_ENODEV ? "no hypervisor" : pv_error_text(error));
	bare_log_line(line);
}

/* What a loader and the kernel after it do, in one: the host finds its guest
 * gone, and back. */
void
guest_again(void)
{
	on_cpus(stop_cpu, "stop");
	pv_bus_detach(bus);
	bus = NULL;
	attach();
	start_cpus();
}

static void
suspend(void)
{
	int error;

	suspending = true;
	bare_printf("pvguest: suspend\n");
	on_cpus(stop_cpu, "stop");
	error = pv_bus_suspend(bus);
	bare_resume();
	/* each CPU says again where its events go */
	if (error == PV_OK)
		start_cpus();
	bare_printf("pvguest: resumed: %s\n",
	    error == PV_OK ? "ok" : pv_error_text(error));
	suspending = false;
}

static void
obey(enum pv_request request)
{
	switch (request) {
	case PV_REQUEST_SHUTDOWN:
		bare_printf("pvguest: power off\n");
		bare_say_status(STATUS_OK);
		bare_end(BARE_POWER_OFF, STATUS_OK);
	case PV_REQUEST_REBOOT:
		bare_printf("pvguest: reboot\n");
		bare_end(BARE_REBOOT, STATUS_OK);
	case PV_REQUEST_CRASH:
		bare_panic("the host asked for it");
	case PV_REQUEST_SUSPEND:
	case PV_REQUEST_HIBERNATE:
		suspend();
		break;
	case PV_REQUEST_COUNT:
		break;
	}
}

void
guest_poll(void)
{
	if (bus == NULL)
		return;
	pv_bus_poll(bus, 64);
	nics_poll();
	if (!suspending)
		obey(bare_request_take());
}

void
guest_wait(uint64_t deadline)
{
	uint64_t next;

	if (bus != NULL) {
		guest_poll();
		next = pv_bus_deadline(bus);
		if (next < deadline)
			deadline = next;
	}
	bare_wait(deadline);
}

bool
guest_await(const bool *flag, uint64_t deadline)
{
	const volatile bool *set = flag;

	for (;;) {
		guest_poll();
		if (*set)
			return true;
		if (bare_now() >= deadline)
			return false;
		guest_wait(deadline);
	}
}

void
guest_sleep(uint64_t time)
{
	uint64_t until = bare_now() + time;

	while (bare_now() < until)
		guest_wait(until);
	guest_poll();
}

int
bare_main(const char *command_line)
{
	static char run[LINE];
	int status;

	bare_printf("pvguest %s\n", PVBUS_VERSION);
	(void)command_line;
	report_machine();
	attach();
	start_cpus();
	bare_printf("pvguest: prompt after %lu us\n", bare_now() / 1000);
	if (bare_option("run", run, sizeof(run)) != NULL) {
		status = commands_run(run);
		if (status != STATUS_OK) {
			bare_say_status((unsigned)status);
			bare_end(BARE_EXIT, (unsigned)status);
		}
	}
	shell();
}
