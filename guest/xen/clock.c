/* SPDX-License-Identifier: ISC */
/* Xen's time: nanoseconds out of the CPU's counter and a page of the host. */
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/xen/xen_private.h"

/* The host writes for some nanoseconds, or not at all while we run. */
#define TRIES 100

#define NS_PER_SECOND 1000000000u
#define SHIFT_MAX 63

struct xen_clock {
	/* The latest time that anybody was told: atomic. */
	_Alignas(8) uint64_t last;
	/* Of a host before this one, whose time was later. */
	uint64_t offset;
};

int
xen_clock_open(struct xen *xen)
{
	if (xen->port->tsc == NULL)
		return PV_ENOTSUP;
	xen->clock = pv_alloc(xen->bus, sizeof(*xen->clock));
	return xen->clock != NULL ? PV_OK : PV_ENOMEM;
}

void
xen_clock_close(struct xen *xen)
{
	pv_free(xen->bus, xen->clock, sizeof(*xen->clock));
	xen->clock = NULL;
}

/* `size` bytes of which the word at `version` tells whether they are whole. */
static int
copy_whole(const volatile uint32_t *version, void *to,
    const volatile void *from, size_t size)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t before = shared_load32(version);

		if (before & 1)
			continue;
		shared_copy(to, from, size);
		/* the copy before the second look */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (shared_load32(version) == before)
			return PV_OK;
	}
	return PV_EPROTO;
}

/* ticks * mul / 2^32, whose result may need more than 64 bits on the way. */
static bool
scale(uint64_t ticks, uint32_t mul, uint64_t *time)
{
	uint64_t high = (ticks >> 32) * mul;
	uint64_t low = ((ticks & UINT32_MAX) * mul) >> 32;

	*time = high + low;
	return *time >= high;
}

static bool
shifted(uint64_t *ticks, int shift)
{
	if (shift < 0) {
		*ticks >>= -shift;
		return true;
	}
	if (shift > 0 && *ticks >> (64 - shift) != 0)
		return false;
	*ticks <<= shift;
	return true;
}

static int
compute(const struct xen_vcpu_time *time, uint64_t tsc, uint64_t *now)
{
	/* the counter of a CPU that the host keeps badly in step */
	uint64_t ticks = tsc > time->tsc ? tsc - time->tsc : 0, passed;

	if (time->mul == 0 || time->shift > SHIFT_MAX ||
	    time->shift < -SHIFT_MAX)
		return PV_EPROTO;
	if (!shifted(&ticks, time->shift) ||
	    !scale(ticks, time->mul, &passed) ||
	    passed > UINT64_MAX - time->system_time)
		return PV_EPROTO;
	*now = time->system_time + passed;
	return PV_OK;
}

/* No CPU is told an earlier time than another was before. */
static uint64_t
forward(struct xen_clock *clock, uint64_t now)
{
	uint64_t last = __atomic_load_n(&clock->last, __ATOMIC_RELAXED);

	while (last < now)
		if (__atomic_compare_exchange_n(&clock->last, &last, now, true,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return now;
	return last;
}

static int
read_raw(struct xen *xen, unsigned cpu, uint64_t *now)
{
	struct xen_shared_info *shared = xen_shared(xen);
	const struct xen_vcpu_time *from;
	struct xen_vcpu_time time;
	int error;

	if (shared == NULL)
		return PV_EAGAIN;
	if (cpu >= xen->cpus || xen->vcpu[cpu] >= XEN_LEGACY_VCPUS)
		return PV_EINVAL;
	from = &shared->vcpu[xen->vcpu[cpu]].time;
	error = copy_whole(&from->version, &time, from, sizeof(time));
	if (error != PV_OK) {
		xen->stats->bad_state++;
		return error;
	}
	error = compute(&time, xen->port->tsc(xen->port->ctx), now);
	if (error != PV_OK)
		xen->stats->bad_value++;
	return error;
}

int
xen_clock_read(struct xen *xen, unsigned cpu, uint64_t *time)
{
	struct xen_clock *clock = xen->clock;
	uint64_t now;
	int error;

	if (clock == NULL)
		return PV_ENOTSUP;
	error = read_raw(xen, cpu, &now);
	if (error != PV_OK)
		return error;
	if (now > UINT64_MAX - clock->offset)
		now = UINT64_MAX - clock->offset;
	*time = forward(clock, now + clock->offset);
	return PV_OK;
}

int
xen_clock_wall(struct xen *xen, uint64_t *time)
{
	struct xen_shared_info *shared = xen_shared(xen);
	struct {
		uint32_t version, sec, nsec, sec_hi;
	} wall;
	uint64_t seconds;
	int error;

	if (xen->clock == NULL)
		return PV_ENOTSUP;
	if (shared == NULL)
		return PV_EAGAIN;
	error = copy_whole(&shared->wc_version, &wall, &shared->wc_version,
	    sizeof(wall));
	if (error != PV_OK) {
		xen->stats->bad_state++;
		return error;
	}
	seconds = (uint64_t)wall.sec_hi << 32 | wall.sec;
	if (wall.nsec >= NS_PER_SECOND ||
	    seconds > UINT64_MAX / NS_PER_SECOND - 1) {
		xen->stats->bad_value++;
		return PV_EPROTO;
	}
	*time = seconds * NS_PER_SECOND + wall.nsec - xen->clock->offset;
	return PV_OK;
}

/* A host that started later than the last one has an earlier time. */
void
xen_clock_resume(struct xen *xen)
{
	struct xen_clock *clock = xen->clock;
	uint64_t now;

	if (clock == NULL)
		return;
	clock->offset = 0;
	if (read_raw(xen, 0, &now) == PV_OK && now < clock->last)
		clock->offset = clock->last - now;
}
