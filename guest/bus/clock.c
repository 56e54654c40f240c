/* SPDX-License-Identifier: ISC */
/*
 * Time by the CPU's counter and a page of the host, as KVM, vmm and Xen write
 * it, and one line of time out of what any host says.
 */
#include "guest/bus/clock.h"
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"

/* The host writes for some nanoseconds, or not at all while we run. */
#define TRIES 100

#define NS_PER_SECOND 1000000000u
/* KVM's are from -31 to 31; beyond the bits of the counter there is nothing. */
#define SHIFT_MAX 63

/* ---- One line of time -------------------------------------------------- */

void
clock_raise(struct clock_line *line, uint64_t told)
{
	uint64_t last = __atomic_load_n(&line->last, __ATOMIC_RELAXED);

	while (last < told &&
	    !__atomic_compare_exchange_n(&line->last, &last, told, true,
		__ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

uint64_t
clock_forward(struct clock_line *line, struct pv_clock *clock, uint64_t host)
{
	uint64_t last = __atomic_load_n(&line->last, __ATOMIC_RELAXED);
	uint64_t now = host;

	if (now > UINT64_MAX - line->offset)
		now = UINT64_MAX - line->offset;
	now += line->offset;
	while (last < now)
		if (__atomic_compare_exchange_n(&line->last, &last, now, true,
			__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return now;
	if (last > now)
		__atomic_fetch_add(&clock->held, 1, __ATOMIC_RELAXED);
	return last;
}

void
clock_resume(struct clock_line *line, uint64_t host)
{
	line->offset = host < line->last ? line->last - host : 0;
}

/* ---- A page of the host ------------------------------------------------ */

int
clock_copy(const struct pv_port *port, const volatile uint32_t *version,
    void *to, const volatile void *from, size_t size, uint64_t *tsc)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t before = shared_load32(version);

		if (before & 1)
			continue;
		shared_copy(to, from, size);
		/* in here, for a CPU may be given another counter with the
		 * next version */
		if (tsc != NULL)
			*tsc = port->tsc(port->ctx);
		/* the copy before the second look */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (shared_load32(version) == before)
			return PV_OK;
	}
	return PV_EPROTO;
}

/* (ticks << shift) * mul / 2^32 with shift from 0 on, exactly; false: that is
 * more than 64 bits, which it may well be on the way. */
static bool
multiply(uint64_t ticks, uint32_t mul, int shift, uint64_t *time)
{
	uint64_t low = (ticks & UINT32_MAX) * mul;
	uint64_t high = (ticks >> 32) * mul + (low >> 32);

	low &= UINT32_MAX;
	*time = high << shift |
	    (shift < 32 ? low >> (32 - shift) : low << (shift - 32));
	return shift == 0 || high >> (64 - shift) == 0;
}

/* The host's time when the counter was `tsc`; PV_EPROTO: a scale that cannot be,
 * or a time of more than 64 bits. */
static int
scale(const struct pvclock_time *from, uint64_t tsc, uint64_t *time)
{
	/* the counter of a CPU that the host keeps badly in step */
	uint64_t ticks = tsc > from->tsc ? tsc - from->tsc : 0, passed;

	if (from->mul == 0 || from->shift > SHIFT_MAX ||
	    from->shift < -SHIFT_MAX)
		return PV_EPROTO;
	if (from->shift < 0)
		ticks >>= -from->shift;
	if (!multiply(ticks, from->mul, from->shift > 0 ? from->shift : 0,
		&passed) ||
	    passed > UINT64_MAX - from->system_time)
		return PV_EPROTO;
	*time = from->system_time + passed;
	return PV_OK;
}

int
clock_page(const struct pv_port *port, struct pv_stats *stats,
    const struct pvclock_time *from, uint64_t *time, uint8_t *flags)
{
	struct pvclock_time copy;
	uint64_t tsc;
	int error = clock_copy(port, &from->version, &copy, from, sizeof(copy),
	    &tsc);

	if (error != PV_OK) {
		stats->bad_state++;
		return error;
	}
	error = scale(&copy, tsc, time);
	if (error != PV_OK)
		stats->bad_value++;
	*flags = copy.flags;
	return error;
}

int
clock_unix(uint64_t seconds, uint32_t nanoseconds, uint64_t *time)
{
	if (nanoseconds >= NS_PER_SECOND ||
	    seconds > UINT64_MAX / NS_PER_SECOND - 1)
		return PV_EPROTO;
	*time = seconds * NS_PER_SECOND + nanoseconds;
	return PV_OK;
}

/* ---- The owner's ------------------------------------------------------- */

struct pv_clock *
pv_bus_clock(const struct pv_bus *bus)
{
	const struct pv_device *device = pv_bus_devices(bus);
	struct pv_clock *best = NULL;

	for (; device != NULL; device = device->next)
		if (device->clock != NULL &&
		    device->state == PV_DEVICE_ATTACHED &&
		    (best == NULL || device->clock->quality > best->quality))
			best = device->clock;
	return best;
}
