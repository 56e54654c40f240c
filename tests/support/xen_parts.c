/* SPDX-License-Identifier: ISC */
#include "tests/support/xen_parts.h"

static struct {
	long (*hypercall)(void *, const void *, unsigned, const uintptr_t[5]);
	unsigned op, command;
	long (*change)(void *argument, long result);
} intercepted;

void
parts_machine(struct parts *parts, struct world *world,
    const struct host_xen_config *config)
{
	memset(parts, 0, sizeof(*parts));
	parts->world = world;
	world_machine(world, "xen");
	if (config != NULL)
		assert_true(sim_machine_set_xen(world->machine, config));
	parts->host = sim_machine_xen(world->machine);
	assert_non_null(parts->host);
	parts->port = sim_machine_own_port(world->machine);
	intercepted.change = NULL;
}

int
parts_try(struct parts *parts)
{
	struct pv_detection detection;
	int error = pv_detect(parts->port, &detection);

	assert_int_equal(error, PV_OK);
	parts->interface = detection.interface[PV_HV_XEN];
	memset(&parts->bus, 0, sizeof(parts->bus));
	memset(&parts->device, 0, sizeof(parts->device));
	parts->bus.port = parts->port;
	parts->bus.detection = detection;
	parts->bus.devices = &parts->device;
	parts->device.bus = &parts->bus;
	parts->device.interface = &parts->interface;
	memcpy(parts->device.name, "xen0", 5);
	parts->xen = (struct xen){ .device = &parts->device,
		.bus = &parts->bus,
		.port = parts->port,
		.stats = &parts->device.stats,
		.privileged = true,
		.base = parts->interface.base,
		.grant_version = parts->xen.grant_version };
	error = xen_open(&parts->xen);
	parts->open = error == PV_OK;
	return error;
}

void
parts_open(struct parts *parts)
{
	assert_int_equal(parts_try(parts), PV_OK);
}

void
parts_new(struct parts *parts, struct world *world,
    const struct host_xen_config *config)
{
	parts_machine(parts, world, config);
	parts_open(parts);
}

void
parts_close(struct parts *parts)
{
	if (parts->open)
		xen_close(&parts->xen);
	parts->open = false;
	parts_intercept(parts, 0, 0, NULL);
}

void
parts_start_cpu(struct parts *parts, unsigned cpu)
{
	sim_machine_set_cpu(parts->world->machine, cpu);
	parts->xen.vcpu[cpu] = xen_vcpu_number(&parts->xen, cpu);
	xen_events_cpu_start(&parts->xen, cpu);
	sim_machine_set_cpu(parts->world->machine, 0);
}

void
parts_suspend(struct parts *parts)
{
	struct xen_sched_shutdown shutdown = { XEN_SHUTDOWN_SUSPEND };
	struct xen *xen = &parts->xen;
	void *shared = xen->shared;

	xen->shared = NULL;
	assert_int_equal(xen_hypercall(xen, xen->stats, XEN_HC_SCHED_OP,
			     XEN_SCHED_SHUTDOWN, (uintptr_t)&shutdown, 0),
	    0);
	xen->generation++;
	assert_int_equal(xen_hypercall_place(xen), PV_OK);
	xen_numbers(xen);
	xen->shared = shared;
	assert_int_equal(xen_shared_place(xen), PV_OK);
}

void
parts_wait(struct parts *parts, uint64_t nanoseconds)
{
	struct sim *sim = parts->world->sim;

	sim_advance(sim, sim_now(sim) + nanoseconds);
}

static long
intercept(void *ctx, const void *page, unsigned op,
    const uintptr_t arguments[5])
{
	long result = intercepted.hypercall(ctx, page, op, arguments);

	if (intercepted.change == NULL || op != intercepted.op ||
	    arguments[0] != intercepted.command)
		return result;
	return intercepted.change((void *)arguments[1], result);
}

void
parts_intercept(struct parts *parts, unsigned op, unsigned command,
    long (*change)(void *argument, long result))
{
	if (parts->port->xen_hypercall != intercept) {
		intercepted.hypercall = parts->port->xen_hypercall;
		parts->port->xen_hypercall = intercept;
	}
	intercepted.op = op;
	intercepted.command = command;
	intercepted.change = change;
}
