/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/vmware.h"

/* Greetings, capabilities and reports. */
#define FIRST_WORDS (20 * PV_SECOND)

int
vmlab_setup(void **state)
{
	struct vmlab *lab = calloc(1, sizeof(*lab));
	void *world = NULL;

	if (lab == NULL || world_setup(&world) != 0)
		return -1;
	lab->world = world;
	*state = lab;
	return 0;
}

int
vmlab_teardown(void **state)
{
	struct vmlab *lab = *state;
	void *world = lab->world;
	int result = 0;

	vmlab_detach(lab);
	if (lab->host != NULL &&
	    (lab->counts->channels_open != 0 ||
		lab->counts->streams_open != 0)) {
		fprintf(stderr, "# %u channels and %u streams not closed\n",
		    lab->counts->channels_open, lab->counts->streams_open);
		result = -1;
	}
	result |= world_teardown(&world);
	free(lab);
	return result;
}

void
vmlab_machine(struct vmlab *lab, const struct host_vmware_config *config)
{
	world_machine(lab->world, "vmware");
	if (config != NULL)
		assert_true(
		    sim_machine_set_vmware(lab->world->machine, config));
	lab->host = sim_machine_vmware(lab->world->machine);
	assert_non_null(lab->host);
	lab->manners = host_vmware_manners(lab->host);
	lab->counts = host_vmware_counts(lab->host);
}

static int
attach(struct vmlab *lab)
{
	static const struct pv_driver *const drivers[] = { &pv_vmt_driver,
		NULL };

	return pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							  lab->world->machine),
				 .drivers = drivers },
	    &lab->world->bus);
}

void
vmlab_attach(struct vmlab *lab)
{
	assert_int_equal(attach(lab), PV_OK);
	lab->device = (struct pv_device *)(uintptr_t)world_device(lab->world,
	    "vmt0");
	lab->vmware = lab->device->softc;
	lab->stats = &lab->device->stats;
}

struct vmlab *
vmlab_new(void **state, const struct host_vmware_config *config)
{
	struct vmlab *lab = *state;

	vmlab_machine(lab, config);
	vmlab_attach(lab);
	vmlab_run(lab, FIRST_WORDS);
	return lab;
}

void
vmlab_detach(struct vmlab *lab)
{
	pv_bus_detach(lab->world->bus);
	lab->world->bus = NULL;
}

void
vmlab_run(struct vmlab *lab, uint64_t time)
{
	let_pass(lab->world, time);
}

static void
called(struct vmware_request *request)
{
	*(bool *)request->owner = true;
}

int
vmlab_call(struct vmlab *lab, const void *text, size_t len, char *reply,
    size_t room, size_t *len_out)
{
	bool finished = false;
	struct vmware_request request = { .bytes = text,
		.len = len,
		.reply = reply,
		.room = room,
		.done = called,
		.owner = &finished };

	vmware_rpc_submit(lab->vmware, &request);
	assert_int_equal(pv_await(lab->world->bus, &finished,
			     sim_now(lab->world->sim) + 3600 * PV_SECOND),
	    PV_OK);
	if (len_out != NULL)
		*len_out = request.reply_len;
	return request.error;
}

const char *
vmlab_ask(struct vmlab *lab, const void *text, size_t len)
{
	unsigned n = host_vmware_answers(lab->host);
	size_t size;

	assert_true(host_vmware_call(lab->host, text, len));
	for (unsigned i = 0; i < 6000 && host_vmware_answers(lab->host) == n;
	     i++)
		vmlab_run(lab, 10 * PV_MILLISECOND);
	return host_vmware_answer(lab->host, n, &size);
}

static int
request(struct vmlab *lab, enum pv_op op, const char *key, void *value,
    size_t size, struct pv_kv *kv)
{
	*kv = (struct pv_kv){ .op = op,
		.key = key,
		.keylen = strlen(key),
		.value = value,
		.room = size };
	return world_request(lab->world, kv);
}

int
vmlab_read(struct vmlab *lab, const char *key, void *to, size_t room,
    size_t *len)
{
	return world_read(lab->world, key, to, room, len);
}

int
vmlab_write(struct vmlab *lab, const char *key, const void *value, size_t size)
{
	struct pv_kv kv;

	return request(lab, PV_WRITE, key, (void *)(uintptr_t)value, size, &kv);
}

int
vmlab_remove(struct vmlab *lab, const char *key)
{
	struct pv_kv kv;

	return request(lab, PV_REMOVE, key, NULL, 0, &kv);
}
