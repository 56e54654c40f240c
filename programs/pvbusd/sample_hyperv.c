/* SPDX-License-Identifier: ISC */
/* What a simulated Hyper-V has for its guest.  Key/value pairs are sent by an
 * administrator, one after the other, once the guest takes them. */
#include <stdlib.h>
#include <string.h>

#include "port/sim/sim.h"
#include "programs/pvbusd/machine.h"
#include "wire/hyperv/kvp.h"

#define FIRST (10 * PV_MILLISECOND)
#define LONGEST PV_SECOND
/* Small, as nobody reads it. */
#define DISK_SIZE (1024u * 1024)

static const struct {
	const char *name, *value;
} samples[] = {
	{ "External/greeting", "hello from the host" },
	{ "External/net/address", "192.0.2.7" },
	{ "Guest/Parameters/HostName", "host.example" },
	{ "Guest/Parameters/VirtualMachineName", "guest" },
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

struct sample_hyperv {
	const struct host_world *world;
	struct host_ic *ic;
	const struct config_item *item; /* the next, of a configuration */
	bool configured;
	unsigned sample; /* the next, where there is none */
	uint64_t delay;
};

/* "Guest/Parameters/x" is one of the third pool; the others have no slash. */
static bool
split(const char *name, unsigned *pool, const char **key)
{
	static const struct {
		const char *prefix;
		unsigned pool;
	} pools[] = {
		{ "External/", HV_KVP_POOL_EXTERNAL },
		{ "Guest/Parameters/", HV_KVP_POOL_AUTO_EXTERNAL },
	};

	for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
		size_t len = strlen(pools[i].prefix);

		if (strncmp(name, pools[i].prefix, len) == 0) {
			*pool = pools[i].pool;
			*key = name + len;
			return **key != '\0';
		}
	}
	return false;
}

const char *
sample_kvp_problem(const char *name, size_t size)
{
	const char *key;
	unsigned pool;

	if (!split(name, &pool, &key))
		return "a pair of the host's is External/NAME or "
		       "Guest/Parameters/NAME";
	if (strlen(key) >= HV_KVP_KEY / 2 || size >= HV_KVP_VALUE / 2)
		return "a name has less than 256 characters, a value less "
		       "than 1024";
	return NULL;
}

static bool
send(struct sample_hyperv *sample, const char *name, const void *value,
    size_t size)
{
	unsigned pool;
	const char *key;

	return split(name, &pool, &key) &&
	    host_ic_kvp_set(sample->ic, pool, key, HV_KVP_TYPE_STRING, value,
		size);
}

/* False: that was the last. */
static bool
step(struct sample_hyperv *sample)
{
	bool sent = false;

	while (sample->item != NULL && sample->item->where != CONFIG_KVP)
		sample->item = sample->item->next;
	if (sample->item != NULL) {
		sent = send(sample, sample->item->name, sample->item->bytes,
		    sample->item->size);
		if (sent)
			sample->item = sample->item->next;
	} else if (sample->configured || sample->sample == SAMPLES)
		return false;
	else {
		sent = send(sample, samples[sample->sample].name,
		    samples[sample->sample].value,
		    strlen(samples[sample->sample].value));
		if (sent)
			sample->sample++;
	}
	if (sent)
		sample->delay = FIRST;
	else if (sample->delay < LONGEST)
		sample->delay *= 2;
	return true;
}

static void
again(void *argument)
{
	struct sample_hyperv *sample = argument;

	if (step(sample))
		sample->world->later(sample->world->ctx, sample->delay, again,
		    sample);
}

struct sample_hyperv *
sample_fill_hyperv(struct host_hyperv *hyperv, const struct config *config)
{
	struct host_storvsp_config controller = { .max_channels = 1 };
	struct host_lun_config disk = { .size = DISK_SIZE, .unmap = true };
	struct host_netvsp_config nic = {
		/* of Microsoft's range, 00:15:5d */
		.mac = { 0x00, 0x15, 0x5d, 0x00, 0x00, 0x01 },
	};
	struct sample_hyperv *sample = calloc(1, sizeof(*sample));
	struct host_storvsp *storvsp = host_storvsp_new(hyperv, &controller);

	if (sample == NULL || storvsp == NULL ||
	    !host_storvsp_add(storvsp, &disk, false) ||
	    host_netvsp_new(hyperv, &nic) == NULL ||
	    (sample->ic = host_ic_new(hyperv, 0)) == NULL) {
		free(sample);
		return NULL;
	}
	sample->world = host_hyperv_world(hyperv);
	sample->item = config->items;
	sample->configured = config->items != NULL;
	sample->delay = FIRST;
	sample->world->later(sample->world->ctx, sample->delay, again, sample);
	return sample;
}
