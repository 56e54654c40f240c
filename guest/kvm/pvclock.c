/* SPDX-License-Identifier: ISC */
/*
 * pvclock: the clock of KVM and of OpenBSD's vmm.  Each CPU tells the host of a
 * structure of its own, and the host keeps it until that CPU says otherwise.
 */
#include "guest/kvm/pvclock.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "wire/cpuid.h"

#define CPUS_MAX 4096u

/* A machine may have one that is slow, but a wall clock that stands at 1970 is
 * none. */
#define WALL_PLAUSIBLE (365 * 86400 * PV_SECOND)

static void
complain(const struct pv_device *device, const char *what)
{
	const struct pv_port *port = pv_bus_port(device->bus);
	char line[96];

	pv_format(line, sizeof(line), "%s: %s", device->name, what);
	port->log(port->ctx, PV_LOG_ERROR, line);
}

static bool
msr_write(struct pvclock *pvclock, uint32_t msr, uint64_t value)
{
	const struct pv_port *port = pvclock->port;

	pvclock->stats->exits++;
	return port->msr_write(port->ctx, msr, value) == PV_OK;
}

/* On that CPU.  The slot may hold what the host wrote in another life; it is of
 * no use, as a host that ignores the register must be known by its zeroes. */
static int
place(struct pvclock *pvclock, unsigned cpu)
{
	memset(pvclock_slot(pvclock, cpu), 0, PVCLOCK_SLOT);
	__atomic_store_n(&pvclock->cpu[cpu].placed, 1, __ATOMIC_RELEASE);
	if (msr_write(pvclock, pvclock->msr_time,
		pvclock_slot_physical(pvclock, cpu) | PVCLOCK_ENABLE))
		return PV_OK;
	__atomic_store_n(&pvclock->cpu[cpu].placed, 0, __ATOMIC_RELEASE);
	return PV_EIO;
}

/* On that CPU, too.  False: the host may go on writing. */
static bool
unplace(struct pvclock *pvclock, unsigned cpu)
{
	if (!pvclock->cpu[cpu].placed)
		return true;
	if (!msr_write(pvclock, pvclock->msr_time, 0))
		return false;
	__atomic_store_n(&pvclock->cpu[cpu].placed, 0, __ATOMIC_RELEASE);
	return true;
}

/* KVM writes the wall clock when it is restored elsewhere, too. */
static bool
unplace_wall(struct pvclock *pvclock)
{
	if (pvclock->wall_placed)
		pvclock->wall_placed = !msr_write(pvclock, pvclock->msr_wall,
		    0);
	return !pvclock->wall_placed;
}

/* Secondary CPUs have done so in their cpu_stop, or their slots, and so all
 * pages, are the host's for ever. */
static void
slots_close(struct pvclock *pvclock)
{
	const struct pv_port *port = pvclock->port;
	bool all;

	if (pvclock->slots == NULL)
		return;
	all = unplace_wall(pvclock);
	all = unplace(pvclock, 0) && all;
	for (unsigned i = 1; i < pvclock->cpus; i++)
		if (pvclock->cpu[i].placed)
			all = false;
	if (all)
		port->pages_free(port->ctx, pvclock->slots, pvclock->pages);
	else
		pvclock->stats->held += pvclock->pages;
	pvclock->slots = NULL;
}

static void
close_all(struct pvclock *pvclock)
{
	slots_close(pvclock);
	pv_free(pvclock->bus, pvclock->cpu,
	    pvclock->cpus * sizeof(*pvclock->cpu));
	pvclock->device->softc = NULL;
	pvclock->device->clock = NULL;
	pv_free(pvclock->bus, pvclock, sizeof(*pvclock));
}

static int
slots_open(struct pvclock *pvclock)
{
	const struct pv_port *port = pvclock->port;
	size_t size;

	pvclock->cpus = port->cpus != NULL ? port->cpus(port->ctx) : 1;
	if (pvclock->cpus == 0)
		pvclock->cpus = 1;
	if (pvclock->cpus > CPUS_MAX)
		pvclock->cpus = CPUS_MAX;
	pvclock->cpu = pv_alloc(pvclock->bus,
	    pvclock->cpus * sizeof(*pvclock->cpu));
	if (pvclock->cpu == NULL)
		return PV_ENOMEM;
	size = (pvclock->cpus + 1) * (size_t)PVCLOCK_SLOT;
	pvclock->pages = (size + PV_PAGE_SIZE - 1) / PV_PAGE_SIZE;
	pvclock->slots = port->pages_alloc(port->ctx, pvclock->pages,
	    &pvclock->physical);
	return pvclock->slots != NULL ? PV_OK : PV_ENOMEM;
}

/* vmm has the second set's register of the time, and no other. */
static int
choose_registers(struct pvclock *pvclock)
{
	const struct pv_interface *interface = pvclock->device->interface;
	bool kvm = interface->id == PV_HV_KVM;

	if (interface->features & CPUID_KVM_CLOCKSOURCE2) {
		pvclock->msr_time = PVCLOCK_MSR_TIME;
		pvclock->msr_wall = kvm ? PVCLOCK_MSR_WALL : 0;
	} else if (kvm && (interface->features & CPUID_KVM_CLOCKSOURCE)) {
		pvclock->msr_time = PVCLOCK_MSR_TIME_OLD;
		pvclock->msr_wall = PVCLOCK_MSR_WALL_OLD;
	} else
		return PV_ENODEV;
	pvclock->believed = interface->features & CPUID_KVM_CLOCKSOURCE_STABLE;
	return PV_OK;
}

static bool
port_suffices(const struct pv_port *port)
{
	return port->tsc != NULL && port->msr_write != NULL &&
	    port->pages_alloc != NULL && port->pages_free != NULL;
}

/* A clock that cannot be read is none. */
static int
open_all(struct pvclock *pvclock)
{
	int error = choose_registers(pvclock);
	uint64_t time;
	bool stable;

	if (error == PV_OK)
		error = slots_open(pvclock);
	if (error == PV_OK)
		error = place(pvclock, 0);
	if (error == PV_OK)
		error = pvclock_raw(pvclock, 0, &time, &stable);
	if (error == PV_OK)
		pvclock_set_stable(pvclock, stable);
	return error;
}

static void
offer(struct pvclock *pvclock)
{
	struct pv_clock *clock = &pvclock->clock;
	bool stable = clock->flags & PV_CLOCK_STABLE;
	uint64_t wall;

	clock->ops = &pvclock_ops;
	clock->name = pvclock->msr_time == PVCLOCK_MSR_TIME ? "MSR 0x4b564d01"
							    : "MSR 0x12";
	clock->quality = stable ? PV_CLOCK_QUALITY_STABLE
				: PV_CLOCK_QUALITY_UNSTABLE;
	clock->resolution = 1;
	pvclock->device->clock = clock;
	if (pvclock->msr_wall != 0 &&
	    (pv_clock_wall(clock, &wall) != PV_OK || wall < WALL_PLAUSIBLE) &&
	    unplace_wall(pvclock))
		pvclock->msr_wall = 0;
	pv_device_describe(pvclock->device, "%s, %s%s", clock->name,
	    stable ? "stable" : "kept from going back",
	    pvclock->msr_wall != 0 ? ", wall clock" : "");
}

static int
pvclock_attach(struct pv_device *device)
{
	const struct pv_port *port = pv_bus_port(device->bus);
	struct pvclock *pvclock;
	int error;

	if (!port_suffices(port)) {
		complain(device, "this port has no TSC, no MSRs or no pages");
		return PV_ENODEV;
	}
	pvclock = pv_alloc(device->bus, sizeof(*pvclock));
	if (pvclock == NULL)
		return PV_ENOMEM;
	pvclock->device = device;
	pvclock->bus = device->bus;
	pvclock->port = port;
	pvclock->stats = &device->stats;
	device->softc = pvclock;
	error = open_all(pvclock);
	if (error != PV_OK)
		close_all(pvclock);
	else
		offer(pvclock);
	return error;
}

static void
pvclock_detach(struct pv_device *device)
{
	close_all(device->softc);
}

static void
pvclock_cpu_start(struct pv_device *device, unsigned cpu)
{
	struct pvclock *pvclock = device->softc;
	char what[32];

	if (cpu == 0)
		return;
	if (cpu < pvclock->cpus && place(pvclock, cpu) == PV_OK)
		return;
	pv_format(what, sizeof(what), "CPU %u has no clock", cpu);
	complain(device, what);
}

static void
pvclock_cpu_stop(struct pv_device *device, unsigned cpu)
{
	struct pvclock *pvclock = device->softc;

	if (cpu > 0 && cpu < pvclock->cpus)
		(void)unplace(pvclock, cpu);
}

static void
pvclock_sleep(struct pv_device *device)
{
	struct pvclock *pvclock = device->softc;

	(void)unplace_wall(pvclock);
	(void)unplace(pvclock, 0);
}

/* Registers are as after a reset, and the time may be that of another host.
 * Secondary CPUs start again. */
static void
pvclock_wake(struct pv_device *device)
{
	struct pvclock *pvclock = device->softc;
	uint64_t now;
	bool stable;

	for (unsigned i = 0; i < pvclock->cpus; i++)
		clock_raise(&pvclock->line, pvclock->cpu[i].last);
	if (place(pvclock, 0) != PV_OK ||
	    pvclock_raw(pvclock, 0, &now, &stable) != PV_OK) {
		pv_device_broken(device, "the host does not keep it any more");
		return;
	}
	clock_resume(&pvclock->line, now);
	pvclock_set_stable(pvclock, stable);
}

const struct pv_driver pv_pvclock_driver = {
	.name = "pvclock",
	.attach = pvclock_attach,
	.detach = pvclock_detach,
	.cpu_start = pvclock_cpu_start,
	.cpu_stop = pvclock_cpu_stop,
	.sleep = pvclock_sleep,
	.wake = pvclock_wake,
};
