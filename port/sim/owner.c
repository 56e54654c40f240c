/* SPDX-License-Identifier: ISC */
/* The owner of a simulated guest: says what it is asked, and writes down what
 * it is told. */
#include <stdlib.h>
#include <string.h>

#include "port/sim/sim_private.h"

#define SLEEP_TIME (60 * PV_SECOND)

static struct sim_owner *
owner_of(void *ctx)
{
	return &((struct sim_machine *)ctx)->owner;
}

static int
port_request(void *ctx, enum pv_request request, const struct pv_reason *why)
{
	struct sim_machine *machine = ctx;
	struct sim_owner *owner = &machine->owner;

	machine->counts.requests[request]++;
	owner->reasons[request].forced = why != NULL && why->forced;
	owner->reasons[request].has_text = why != NULL && why->text != NULL;
	if (owner->reasons[request].has_text)
		strncpy(owner->reasons[request].text, why->text,
		    sizeof(owner->reasons[request].text) - 1);
	return owner->fails.request;
}

static long
port_fact(void *ctx, enum pv_fact fact, char *to, size_t room)
{
	const struct sim_owner *owner = owner_of(ctx);
	size_t len;

	if (owner->fails.fact != 0)
		return owner->fails.fact;
	if (fact >= PV_FACT_COUNT || owner->facts[fact] == NULL)
		return PV_ENOENT;
	len = strlen(owner->facts[fact]);
	if (len < room)
		memcpy(to, owner->facts[fact], len + 1);
	return (long)len;
}

static int
port_netif(void *ctx, unsigned index, struct pv_netif *out)
{
	const struct sim_owner *owner = owner_of(ctx);

	if (owner->fails.netif != 0)
		return owner->fails.netif;
	if (index >= owner->netif_count)
		return PV_ENOENT;
	*out = owner->netifs[index];
	return PV_OK;
}

static int
port_route(void *ctx, unsigned index, struct pv_route *out)
{
	const struct sim_owner *owner = owner_of(ctx);

	if (owner->fails.route != 0)
		return owner->fails.route;
	if (index >= owner->route_count)
		return PV_ENOENT;
	*out = owner->routes[index];
	return PV_OK;
}

static int
port_filesystem(void *ctx, unsigned index, struct pv_filesystem *out)
{
	const struct sim_owner *owner = owner_of(ctx);

	if (owner->fails.filesystem != 0)
		return owner->fails.filesystem;
	if (index >= owner->filesystem_count)
		return PV_ENOENT;
	*out = owner->filesystems[index];
	return PV_OK;
}

static int
port_memory(void *ctx, uint64_t *available, uint64_t *committed)
{
	const struct sim_owner *owner = owner_of(ctx);

	*available = owner->memory_available;
	*committed = owner->memory_committed;
	return *available + *committed > 0 ? PV_OK : PV_ENOTSUP;
}

static uint64_t
port_netif_changes(void *ctx)
{
	return owner_of(ctx)->netif_changes;
}

/* The name stays what it is. */
static int
port_netif_set(void *ctx, const struct pv_netif *wanted)
{
	struct sim_owner *owner = owner_of(ctx);

	owner->netif_wanted = *wanted;
	owner->netif_sets++;
	if (owner->fails.netif_set != 0)
		return owner->fails.netif_set;
	for (unsigned i = 0; i < owner->netif_count; i++) {
		struct pv_netif *netif = &owner->netifs[i];
		char name[sizeof(netif->name)];

		if (memcmp(netif->mac, wanted->mac, sizeof(netif->mac)) != 0)
			continue;
		memcpy(name, netif->name, sizeof(name));
		*netif = *wanted;
		memcpy(netif->name, name, sizeof(name));
		owner->netif_changes++;
		return PV_OK;
	}
	return PV_ENODEV;
}

static int
port_time(void *ctx, enum pv_time kind, uint64_t wall, uint64_t at)
{
	struct sim_owner *owner = owner_of(ctx);

	owner->times[kind]++;
	owner->time_kind = kind;
	owner->time_wall = wall;
	owner->time_at = at;
	return owner->fails.time;
}

static int
port_freeze(void *ctx, bool frozen)
{
	struct sim_owner *owner = owner_of(ctx);

	if (owner->freeze_again > 0) {
		owner->freeze_again--;
		return PV_EAGAIN;
	}
	if (frozen)
		owner->freezes++;
	else
		owner->thaws++;
	if (owner->fails.freeze != 0)
		return owner->fails.freeze;
	owner->frozen = frozen;
	return PV_OK;
}

/* Its CPUs begin anew, and so does the hypervisor; memory is as it was. */
static int
port_sleep(void *ctx)
{
	struct sim_machine *machine = ctx;
	struct sim_owner *owner = &machine->owner;

	if (owner->fails.sleep != 0)
		return owner->fails.sleep;
	owner->sleeps++;
	if (machine->hyperv != NULL)
		host_hyperv_reset(machine->hyperv, true, !owner->keep_vmbus);
	if (machine->vmware != NULL)
		host_vmware_resume(machine->vmware);
	if (machine->pvclock != NULL)
		host_pvclock_reset(machine->pvclock);
	if (owner->asleep != NULL)
		owner->asleep(owner->asleep_ctx);
	sim_advance(machine->sim,
	    sim_now(machine->sim) +
		(owner->sleep_time != 0 ? owner->sleep_time : SLEEP_TIME));
	interrupt_reset(machine);
	return PV_OK;
}

static long
port_pool_read(void *ctx, unsigned pool, void *to, size_t room)
{
	struct sim_owner *owner = owner_of(ctx);

	owner->pool_reads++;
	if (owner->fails.pool_read != 0)
		return owner->fails.pool_read;
	if (pool >= SIM_POOLS || !owner->pools[pool].exists)
		return PV_ENOENT;
	if (owner->pools[pool].size < room)
		room = owner->pools[pool].size;
	if (room > 0)
		memcpy(to, owner->pools[pool].bytes, room);
	return (long)owner->pools[pool].size;
}

void
sim_machine_set_pool(struct sim_machine *machine, unsigned pool,
    const void *bytes, size_t size)
{
	struct sim_owner *owner = &machine->owner;
	uint8_t *copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	if (size > 0 && bytes != NULL)
		memcpy(copy, bytes, size);
	free(owner->pools[pool].bytes);
	owner->pools[pool].bytes = copy;
	owner->pools[pool].size = size;
	owner->pools[pool].exists = bytes != NULL;
}

static int
port_pool_write(void *ctx, unsigned pool, const void *from, size_t size)
{
	struct sim_owner *owner = owner_of(ctx);

	owner->pool_writes++;
	if (owner->fails.pool_write != 0)
		return owner->fails.pool_write;
	if (pool >= SIM_POOLS)
		return PV_EINVAL;
	sim_machine_set_pool(ctx, pool, size > 0 ? from : "", size);
	return PV_OK;
}

struct sim_owner *
sim_machine_owner(struct sim_machine *machine)
{
	return &machine->owner;
}

void
owner_init(struct sim_machine *machine)
{
	struct sim_owner *owner = &machine->owner;

	owner->facts[PV_FACT_HOST_NAME] = "guest.example.org";
	owner->facts[PV_FACT_OS_NAME] = "Sim";
	owner->facts[PV_FACT_OS_VERSION] = "1";
	owner->facts[PV_FACT_OS_BUILD] = "1.2.3-sim";
	owner->facts[PV_FACT_ARCHITECTURE] = "x86_64";
	owner->facts[PV_FACT_OS_ID] = "sim";
	owner->facts[PV_FACT_OS_PRETTY] = "Sim 1 (virtual)";
	owner->facts[PV_FACT_OS_FAMILY] = "Sim";
	owner->facts[PV_FACT_DNS_DOMAIN] = "example.org";
	owner->facts[PV_FACT_DNS_SEARCH] = "example.org lan";
	machine->port.request = port_request;
	machine->port.fact = port_fact;
	machine->port.netif = port_netif;
	machine->port.netif_set = port_netif_set;
	machine->port.route = port_route;
	machine->port.filesystem = port_filesystem;
	machine->port.netif_changes = port_netif_changes;
	machine->port.memory = port_memory;
	machine->port.time = port_time;
	machine->port.freeze = port_freeze;
	machine->port.sleep = port_sleep;
	machine->port.pool_read = port_pool_read;
	machine->port.pool_write = port_pool_write;
}

void
owner_free(struct sim_machine *machine)
{
	for (unsigned i = 0; i < SIM_POOLS; i++)
		free(machine->owner.pools[i].bytes);
}
