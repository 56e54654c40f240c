/* SPDX-License-Identifier: ISC */
/* The time by KVM's clock: on every CPU the same, and never back. */
#include "guest/kvm/pvclock.h"

static struct pvclock *
pvclock_of(struct pv_clock *clock)
{
	return (struct pvclock *)clock; /* its first member */
}

int
pvclock_raw(struct pvclock *pvclock, unsigned cpu, uint64_t *time, bool *stable)
{
	uint8_t flags;
	int error;

	if (cpu >= pvclock->cpus ||
	    !__atomic_load_n(&pvclock->cpu[cpu].placed, __ATOMIC_ACQUIRE))
		return PV_EINVAL;
	error = clock_page(pvclock->port, pvclock->stats,
	    pvclock_slot(pvclock, cpu), time, &flags);
	if (error == PV_OK)
		*stable = pvclock->believed && (flags & PVCLOCK_TSC_STABLE);
	return error;
}

void
pvclock_set_stable(struct pvclock *pvclock, bool stable)
{
	uint32_t flags = stable ? PV_CLOCK_STABLE : 0;

	if (__atomic_exchange_n(&pvclock->clock.flags, flags,
		__ATOMIC_RELAXED) == flags ||
	    stable)
		return;
	/* what each was told alone is for all to know now */
	for (unsigned i = 0; i < pvclock->cpus; i++)
		clock_raise(&pvclock->line,
		    __atomic_load_n(&pvclock->cpu[i].last, __ATOMIC_RELAXED));
}

/* Counters in step need no word that all CPUs write.  The common one is still
 * looked at: it is of a time when they were not. */
static uint64_t
alone(struct pvclock *pvclock, unsigned cpu, uint64_t host)
{
	struct pvclock_cpu *own = &pvclock->cpu[cpu];
	uint64_t told = __atomic_load_n(&pvclock->line.last, __ATOMIC_RELAXED);
	uint64_t last = __atomic_load_n(&own->last, __ATOMIC_RELAXED);
	uint64_t now = host;

	if (now > UINT64_MAX - pvclock->line.offset)
		now = UINT64_MAX - pvclock->line.offset;
	now += pvclock->line.offset;
	if (last < told)
		last = told;
	if (now < last) {
		__atomic_fetch_add(&pvclock->clock.held, 1, __ATOMIC_RELAXED);
		now = last;
	}
	__atomic_store_n(&own->last, now, __ATOMIC_RELAXED);
	return now;
}

static int
pvclock_read(struct pv_clock *clock, unsigned cpu, uint64_t *time)
{
	struct pvclock *pvclock = pvclock_of(clock);
	uint64_t now;
	bool stable;
	int error = pvclock_raw(pvclock, cpu, &now, &stable);

	if (error != PV_OK)
		return error;
	if (stable !=
	    ((__atomic_load_n(&clock->flags, __ATOMIC_RELAXED) &
		 PV_CLOCK_STABLE) != 0))
		pvclock_set_stable(pvclock, stable);
	*time = stable ? alone(pvclock, cpu, now)
		       : clock_forward(&pvclock->line, clock, now);
	return PV_OK;
}

/* The host writes when it is told where, so it is told each time: what it says
 * then has all steps that were made of its wall clock. */
static int
pvclock_wall(struct pv_clock *clock, uint64_t *wall)
{
	struct pvclock *pvclock = pvclock_of(clock);
	const struct pv_port *port = pvclock->port;
	const struct pvclock_wall *from = pvclock_slot(pvclock, pvclock->cpus);
	struct pvclock_wall copy;
	uint64_t now;
	bool stable;
	int error;

	if (pvclock->msr_wall == 0)
		return PV_ENOTSUP;
	pvclock->wall_placed = true;
	pvclock->stats->exits++;
	error = port->msr_write(port->ctx, pvclock->msr_wall,
	    pvclock_slot_physical(pvclock, pvclock->cpus));
	if (error != PV_OK)
		return error;
	error = clock_copy(port, &from->version, &copy, from, sizeof(copy),
	    NULL);
	if (error != PV_OK) {
		pvclock->stats->bad_state++;
		return error;
	}
	error = clock_unix(copy.sec, copy.nsec, wall);
	if (error != PV_OK) {
		pvclock->stats->bad_value++;
		return error;
	}
	error = pvclock_raw(pvclock, 0, &now, &stable);
	if (error == PV_OK && now > UINT64_MAX - *wall) {
		pvclock->stats->bad_value++;
		error = PV_EPROTO;
	}
	if (error == PV_OK)
		*wall += now;
	return error;
}

const struct pv_clock_ops pvclock_ops = { pvclock_read, pvclock_wall };
