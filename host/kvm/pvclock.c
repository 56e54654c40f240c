/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "host/kvm/pvclock.h"

#define WALL_BEGAN UINT64_C(1704067200000000000)
#define NS_PER_SECOND 1000000000u

/* One tick a nanosecond. */
#define USUAL_MUL (UINT32_C(1) << 31)
#define USUAL_SHIFT 1

struct host_pvclock {
	struct host_pvclock_config config;
	struct host_pvclock_manners manners;
	uint64_t time[HOST_PVCLOCK_VCPUS]; /* as the guest wrote it */
	uint32_t versions[HOST_PVCLOCK_VCPUS];
	uint64_t wall; /* as the guest wrote it */
	uint32_t wall_version;
	uint64_t began;
};

struct host_pvclock *
host_pvclock_new(const struct host_pvclock_config *config)
{
	struct host_pvclock *pvclock = calloc(1, sizeof(*pvclock));

	if (pvclock == NULL)
		return NULL;
	pvclock->config = *config;
	if (pvclock->config.vcpus == 0)
		pvclock->config.vcpus = 1;
	if (pvclock->config.vcpus > HOST_PVCLOCK_VCPUS)
		pvclock->config.vcpus = HOST_PVCLOCK_VCPUS;
	pvclock->began = WALL_BEGAN;
	return pvclock;
}

void
host_pvclock_free(struct host_pvclock *pvclock)
{
	free(pvclock);
}

struct host_pvclock_manners *
host_pvclock_manners(struct host_pvclock *pvclock)
{
	return &pvclock->manners;
}

static void
scale(const struct host_pvclock_config *config, uint32_t *mul, int8_t *shift)
{
	*mul = config->mul != 0 ? config->mul : USUAL_MUL;
	*shift = config->mul != 0 ? config->shift : USUAL_SHIFT;
}

/* The first tick at which the guest's time is `now`, or later by less than a
 * tick; bits beyond the 64 of the counter are lost, as with any counter. */
uint64_t
host_pvclock_tsc(const struct host_pvclock_config *config, uint64_t now)
{
	uint64_t divisor, ticks, rest;
	uint32_t mul;
	int8_t shift;

	scale(config, &mul, &shift);
	divisor = (uint64_t)mul << (shift > 0 ? shift : 0);
	ticks = now / divisor;
	rest = now % divisor;
	/* now * 2^32 / divisor, a bit each; the divisor has at most 63 */
	for (unsigned bit = 0; bit < 32; bit++) {
		rest <<= 1;
		ticks = ticks << 1 | (rest >= divisor);
		if (rest >= divisor)
			rest -= divisor;
	}
	if (rest != 0)
		ticks++;
	return ticks << (shift < 0 ? -shift : 0);
}

void
host_pvclock_step(struct host_pvclock *pvclock, int64_t nanoseconds)
{
	pvclock->began += (uint64_t)nanoseconds;
}

/* ---- What is written --------------------------------------------------- */

static void
put(struct host_pvclock *pvclock, uint64_t address, const void *bytes,
    size_t size)
{
	const struct host_world *world = pvclock->config.world;

	/* an address that is not the guest's is its own fault, as with KVM */
	(void)world->write(world->ctx, address, bytes, size);
}

static void
write_time(struct host_pvclock *pvclock, unsigned vcpu)
{
	const struct host_pvclock_manners *manners = &pvclock->manners;
	const struct host_world *world = pvclock->config.world;
	uint64_t address = pvclock->time[vcpu] & ~UINT64_C(3);
	uint64_t now = world->now(world->ctx);
	struct pvclock_time time = {
		.tsc = host_pvclock_tsc(&pvclock->config, now) +
		    (uint64_t)manners->tsc_skew,
		.system_time = now + (uint64_t)manners->skew,
		.flags = manners->unstable ? 0 : PVCLOCK_TSC_STABLE,
	};

	if (!(pvclock->time[vcpu] & PVCLOCK_ENABLE) || manners->deaf)
		return;
	scale(&pvclock->config, &time.mul, &time.shift);
	if (manners->false_scale) {
		time.mul = manners->mul;
		time.shift = manners->shift;
	}
	/* odd first, for vCPUs that read meanwhile */
	pvclock->versions[vcpu] = (pvclock->versions[vcpu] | 1) + 2;
	time.version = pvclock->versions[vcpu];
	put(pvclock, address, &time, sizeof(time));
	if (manners->odd)
		return;
	pvclock->versions[vcpu]++;
	put(pvclock, address, &pvclock->versions[vcpu],
	    sizeof(pvclock->versions[vcpu]));
}

static void
write_wall(struct host_pvclock *pvclock)
{
	struct pvclock_wall wall = {
		.sec = (uint32_t)(pvclock->began / NS_PER_SECOND),
		.nsec = (uint32_t)(pvclock->began % NS_PER_SECOND),
	};

	if (pvclock->wall == 0 || pvclock->manners.deaf)
		return;
	if (pvclock->manners.wall_zero)
		wall.sec = wall.nsec = 0;
	pvclock->wall_version += 2;
	wall.version = pvclock->wall_version | pvclock->manners.odd;
	put(pvclock, pvclock->wall & ~UINT64_C(3), &wall, sizeof(wall));
}

void
host_pvclock_update(struct host_pvclock *pvclock)
{
	for (unsigned i = 0; i < pvclock->config.vcpus; i++)
		write_time(pvclock, i);
}

void
host_pvclock_reset(struct host_pvclock *pvclock)
{
	memset(pvclock->time, 0, sizeof(pvclock->time));
	pvclock->wall = 0;
}

unsigned
host_pvclock_used(const struct host_pvclock *pvclock)
{
	unsigned used = pvclock->wall != 0;

	for (unsigned i = 0; i < pvclock->config.vcpus; i++)
		used += (pvclock->time[i] & PVCLOCK_ENABLE) != 0;
	return used;
}

/* ---- Registers --------------------------------------------------------- */

/* NULL: not one of this host's. */
static uint64_t *
find(struct host_pvclock *pvclock, unsigned vcpu, uint32_t msr)
{
	const struct host_pvclock_config *config = &pvclock->config;
	bool time = msr == PVCLOCK_MSR_TIME, wall = msr == PVCLOCK_MSR_WALL;

	if (vcpu >= config->vcpus)
		return NULL;
	if (!config->vmm && (config->old_only || (!time && !wall))) {
		time = msr == PVCLOCK_MSR_TIME_OLD;
		wall = msr == PVCLOCK_MSR_WALL_OLD;
	}
	if (time)
		return &pvclock->time[vcpu];
	return wall && !config->vmm ? &pvclock->wall : NULL;
}

bool
host_pvclock_rdmsr(struct host_pvclock *pvclock, unsigned vcpu, uint32_t msr,
    uint64_t *value)
{
	const uint64_t *found = find(pvclock, vcpu, msr);

	if (found == NULL)
		return false;
	*value = *found;
	return true;
}

bool
host_pvclock_wrmsr(struct host_pvclock *pvclock, unsigned vcpu, uint32_t msr,
    uint64_t value)
{
	uint64_t *found = find(pvclock, vcpu, msr);

	if (found == NULL || pvclock->manners.faults ||
	    (value == 0 && pvclock->manners.keeps))
		return false;
	*found = value;
	if (found == &pvclock->wall)
		write_wall(pvclock);
	else
		write_time(pvclock, vcpu);
	return true;
}
