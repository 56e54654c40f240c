/* SPDX-License-Identifier: ISC */
/*
 * Key/value pairs as a whole: made before VMBus offers anything, and with a
 * store on the interface once there is somebody to exchange with (K-25).
 */
#include "guest/hyperv/kvp.h"
#include "guest/bus/libc.h"

/* Pool Auto is made anew so often while somebody watches it. */
#define AUTO_INTERVAL (5 * PV_SECOND)

int
kvp_open(struct hyperv *hyperv)
{
	struct kvp *kvp;
	int error;

	if (hyperv->kvp != NULL)
		return PV_OK;
	kvp = pv_alloc(hyperv->bus, sizeof(*kvp));
	if (kvp == NULL)
		return PV_ENOMEM;
	kvp->hyperv = hyperv;
	kvp->changes = KVP_STATE_ABSENT;
	for (unsigned i = 0; i < KVP_POOLS; i++) {
		kvp->pools[i].number = i;
		kvp->pools[i].state = ++kvp->changes;
	}
	kvp_store_init(kvp);
	hyperv->kvp = kvp;
	error = hyperv->privileged ? PV_OK : kvp_platform_open(kvp);
	if (error != PV_OK)
		kvp_close(hyperv);
	return error;
}

void
kvp_offered(struct hyperv *hyperv)
{
	struct pv_interface *interface = hyperv->device->interface;
	struct kvp *kvp = hyperv->kvp;

	if (kvp == NULL || kvp->offered)
		return;
	kvp->offered = true;
	/* the ten names come first in pool Auto, for their indices are known */
	kvp_auto_refresh(kvp);
	for (unsigned i = 0; i < KVP_POOLS_NAMED; i++)
		kvp_load(kvp, i);
	if (interface->store == NULL)
		interface->store = &kvp->store;
}

void
kvp_close(struct hyperv *hyperv)
{
	struct kvp *kvp = hyperv->kvp;
	struct pv_interface *interface = hyperv->device->interface;

	if (kvp == NULL)
		return;
	if (interface->store == &kvp->store)
		interface->store = NULL;
	kvp_store_end(kvp);
	if (!hyperv->privileged)
		kvp_platform_close(kvp);
	kvp->save_at = 0;
	kvp_save(kvp);
	for (unsigned i = 0; i < KVP_POOLS; i++)
		kvp_pool_clear(kvp, i);
	hyperv->kvp = NULL;
	pv_free(hyperv->bus, kvp, sizeof(*kvp));
}

static bool
auto_watched(const struct kvp *kvp)
{
	size_t name;

	for (const struct pv_kv *kv = kvp->watches; kv != NULL;
	     kv = kv->store_next)
		if (kvp_split(kv->key, kv->keylen, &name) == HV_KVP_POOL_AUTO)
			return true;
	return false;
}

bool
kvp_poll(struct hyperv *hyperv)
{
	struct kvp *kvp = hyperv->kvp;
	bool more = false;

	if (kvp == NULL)
		return false;
	if (!hyperv->privileged)
		more = kvp_platform_poll(kvp);
	if (auto_watched(kvp) &&
	    pv_bus_now(hyperv->bus) >= kvp->refreshed + AUTO_INTERVAL)
		kvp_auto_refresh(kvp);
	if (kvp->look)
		kvp_store_look(kvp);
	kvp_save(kvp);
	return more || kvp->look;
}

uint64_t
kvp_deadline(const struct hyperv *hyperv)
{
	const struct kvp *kvp = hyperv->kvp;
	uint64_t first, other;

	if (kvp == NULL)
		return PV_NEVER;
	if (kvp->look)
		return 0;
	first = kvp_save_deadline(kvp);
	if (auto_watched(kvp)) {
		other = kvp->refreshed + AUTO_INTERVAL;
		first = other < first ? other : first;
	}
	if (!hyperv->privileged) {
		other = kvp_platform_deadline(kvp);
		first = other < first ? other : first;
	}
	return first;
}

void
kvp_adapter(struct hyperv *hyperv, const struct hv_guid *instance,
    const uint8_t *mac)
{
	struct kvp *kvp = hyperv->kvp;
	unsigned i = 0;

	if (kvp == NULL)
		return;
	while (i < kvp->adapter_count &&
	    memcmp(&kvp->adapters[i].instance, instance, sizeof(*instance)) !=
		0)
		i++;
	if (mac == NULL) {
		if (i < kvp->adapter_count)
			kvp->adapters[i] = kvp->adapters[--kvp->adapter_count];
		return;
	}
	if (i == KVP_ADAPTERS)
		return;
	if (i == kvp->adapter_count)
		kvp->adapter_count++;
	kvp->adapters[i].instance = *instance;
	memcpy(kvp->adapters[i].mac, mac, 6);
}
