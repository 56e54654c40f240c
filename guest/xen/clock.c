/* SPDX-License-Identifier: ISC */
/* Xen's time: nanoseconds out of the CPU's counter and a page of the host. */
#include "guest/bus/clock.h"
#include "guest/xen/xen_private.h"

struct xen_clock {
	struct pv_clock clock; /* first: who reads it hands it back */
	struct xen *xen;
	struct clock_line line;
};

/* One layout on all hosts that have it. */
_Static_assert(sizeof(struct xen_vcpu_time) == sizeof(struct pvclock_time) &&
	offsetof(struct xen_vcpu_time, tsc) ==
	    offsetof(struct pvclock_time, tsc) &&
	offsetof(struct xen_vcpu_time, system_time) ==
	    offsetof(struct pvclock_time, system_time) &&
	offsetof(struct xen_vcpu_time, mul) ==
	    offsetof(struct pvclock_time, mul) &&
	offsetof(struct xen_vcpu_time, shift) ==
	    offsetof(struct pvclock_time, shift) &&
	offsetof(struct xen_vcpu_time, flags) ==
	    offsetof(struct pvclock_time, flags) &&
	XEN_TIME_TSC_STABLE == PVCLOCK_TSC_STABLE,
    "Xen's and KVM's time");

static int
read_raw(struct xen *xen, unsigned cpu, uint64_t *now, uint8_t *flags)
{
	struct xen_shared_info *shared = xen_shared(xen);
	const void *from;

	if (shared == NULL)
		return PV_EAGAIN;
	if (cpu >= xen->cpus || xen->vcpu[cpu] >= XEN_LEGACY_VCPUS)
		return PV_EINVAL;
	from = &shared->vcpu[xen->vcpu[cpu]].time;
	return clock_page(xen->port, xen->stats, from, now, flags);
}

static int
op_read(struct pv_clock *clock, unsigned cpu, uint64_t *time)
{
	return xen_clock_read(((struct xen_clock *)clock)->xen, cpu, time);
}

static int
op_wall(struct pv_clock *clock, uint64_t *wall)
{
	struct xen *xen = ((struct xen_clock *)clock)->xen;
	uint64_t began, now;
	int error = xen_clock_wall(xen, &began);

	if (error == PV_OK)
		error = xen_clock_read(xen, 0, &now);
	if (error != PV_OK)
		return error;
	*wall = began + now;
	return PV_OK;
}

static const struct pv_clock_ops ops = { op_read, op_wall };

/* Without a flag that can be relied on: Xen has it for some modes of its time
 * only, and its guests are moved. */
int
xen_clock_open(struct xen *xen)
{
	struct xen_clock *clock;

	if (xen->port->tsc == NULL)
		return PV_ENOTSUP;
	clock = pv_alloc(xen->bus, sizeof(*clock));
	if (clock == NULL)
		return PV_ENOMEM;
	clock->xen = xen;
	clock->clock.ops = &ops;
	clock->clock.name = "shared page";
	clock->clock.quality = PV_CLOCK_QUALITY_UNSTABLE;
	clock->clock.resolution = 1;
	xen->clock = clock;
	xen->device->clock = &clock->clock;
	return PV_OK;
}

void
xen_clock_close(struct xen *xen)
{
	xen->device->clock = NULL;
	pv_free(xen->bus, xen->clock, sizeof(*xen->clock));
	xen->clock = NULL;
}

int
xen_clock_read(struct xen *xen, unsigned cpu, uint64_t *time)
{
	struct xen_clock *clock = xen->clock;
	uint64_t now;
	uint8_t flags;
	int error;

	if (clock == NULL)
		return PV_ENOTSUP;
	error = read_raw(xen, cpu, &now, &flags);
	if (error == PV_OK)
		*time = clock_forward(&clock->line, &clock->clock, now);
	return error;
}

int
xen_clock_wall(struct xen *xen, uint64_t *time)
{
	struct xen_shared_info *shared = xen_shared(xen);
	struct {
		uint32_t version, sec, nsec, sec_hi;
	} wall;
	int error;

	if (xen->clock == NULL)
		return PV_ENOTSUP;
	if (shared == NULL)
		return PV_EAGAIN;
	error = clock_copy(xen->port, &shared->wc_version, &wall,
	    &shared->wc_version, sizeof(wall), NULL);
	if (error != PV_OK) {
		xen->stats->bad_state++;
		return error;
	}
	error = clock_unix((uint64_t)wall.sec_hi << 32 | wall.sec, wall.nsec,
	    time);
	if (error != PV_OK)
		xen->stats->bad_value++;
	else
		*time -= xen->clock->line.offset;
	return error;
}

/* A host that started later than the last one has an earlier time. */
void
xen_clock_resume(struct xen *xen)
{
	uint64_t now;
	uint8_t flags;

	if (xen->clock == NULL)
		return;
	if (read_raw(xen, 0, &now, &flags) != PV_OK)
		now = UINT64_MAX; /* on no line yet: as it comes */
	clock_resume(&xen->clock->line, now);
}
