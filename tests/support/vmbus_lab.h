/* SPDX-License-Identifier: ISC */
/*
 * A device of the model that sends back what it gets, and a driver that does no
 * more than a test tells it: for channels and what is lent on them.
 */
#ifndef TESTS_SUPPORT_VMBUS_LAB_H
#define TESTS_SUPPORT_VMBUS_LAB_H

#include <stdio.h>

#include "guest/hyperv/channel_private.h"
#include "tests/support/hyperv.h"

#define LAB_SUBS 4

/* The host's side. */
struct lab_host {
	struct host_vmbus_device *device;
	bool refuse; /* to open */
	bool deaf;   /* reads nothing */
	bool mute;   /* answers nothing */
	unsigned opened, closed;
	unsigned held; /* answers that found no room */
	uint64_t ids[64];
	uint8_t user[HV_VMBUS_USER_DATA];
};

/* The guest's. */
struct lab {
	struct partition partition; /* first */
	struct lab_host at_host;
	struct pv_device *device;
	struct vmbus_channel *channel; /* NULL: none, or it has gone */
	struct vmbus_channel *subs[LAB_SUBS];
	unsigned opened, subs_seen, rescinded, suspended, resumed;
	int error; /* of the last open */
	unsigned done;
	int done_error; /* of the last GPADL */
	uint64_t sent, received;
	bool stay;  /* does not depart by itself */
	bool again; /* what cannot be opened is opened once more */
};

/* Attach is not told who asks. */
static struct lab *the_lab;

/* ---- The host's device ------------------------------------------------- */

static inline bool
lab_answer(struct lab_host *host, struct host_vmbus_channel *channel)
{
	struct host_vmbus_packet packet = { .type = HV_PACKET_COMPLETION,
		.data = (const uint8_t *)"answered",
		.len = 8 };

	while (host->held > 0) {
		packet.id = host->ids[0];
		if (!host_vmbus_send(channel, &packet))
			return false;
		memmove(host->ids, host->ids + 1, sizeof(host->ids) - 8);
		host->held--;
	}
	return true;
}

static inline void
lab_signalled(void *self, struct host_vmbus_channel *channel)
{
	struct lab_host *host = self;
	struct host_vmbus_packet packet;

	if (host->deaf)
		return;
	while (
	    lab_answer(host, channel) && host_vmbus_receive(channel, &packet)) {
		if (!host->mute)
			host->ids[host->held++] = packet.id;
	}
	host_vmbus_received(channel);
	host_vmbus_sent(channel);
}

static inline bool
lab_opened(void *self, struct host_vmbus_channel *channel, const void *user,
    unsigned user_len)
{
	struct lab_host *host = self;

	(void)channel;
	host->opened++;
	memcpy(host->user, user, user_len);
	return !host->refuse;
}

static inline void
lab_closed(void *self, struct host_vmbus_channel *channel)
{
	struct lab_host *host = self;

	(void)channel;
	host->closed++;
	host->held = 0;
}

static inline int lab_try_open(struct lab *lab, uint32_t target);

/* ---- The guest's driver ------------------------------------------------ */

static inline void
lab_user_opened(void *owner, struct vmbus_channel *channel, int error)
{
	struct lab *lab = owner;

	(void)channel;
	lab->opened++;
	lab->error = error;
	if (error != PV_OK && lab->again) {
		lab->again = lab->at_host.refuse = false;
		assert_int_equal(lab_try_open(lab, 0), PV_OK);
	}
}

static inline void
lab_user_sub(void *owner, struct vmbus_channel *sub)
{
	struct lab *lab = owner;

	assert_true(lab->subs_seen < LAB_SUBS);
	assert_ptr_equal(sub->primary, lab->channel);
	lab->subs[lab->subs_seen++] = sub;
	vmbus_channel_use(sub, lab->device, lab->channel->user, lab);
}

static inline void
lab_user_rescinded(void *owner)
{
	struct lab *lab = owner;

	lab->rescinded++;
	if (lab->channel != NULL && !lab->stay)
		vmbus_depart(lab->channel);
}

static inline void
lab_user_suspended(void *owner)
{
	struct lab *lab = owner;

	lab->suspended++;
	lab->subs_seen = 0;
}

static inline void
lab_user_resumed(void *owner)
{
	((struct lab *)owner)->resumed++;
}

static inline int
lab_attach(struct pv_device *device)
{
	static const struct vmbus_user user = { lab_user_opened, lab_user_sub,
		lab_user_rescinded, lab_user_suspended, lab_user_resumed };

	the_lab->device = device;
	the_lab->channel = device->aux;
	the_lab->channel->settled = true;
	device->softc = the_lab;
	vmbus_channel_use(the_lab->channel, device, &user, the_lab);
	pv_device_describe(device, "lab");
	return PV_OK;
}

static inline void
lab_detach(struct pv_device *device)
{
	struct lab *lab = device->softc;

	vmbus_channel_close(lab->channel);
	lab->channel = NULL;
	lab->device = NULL;
}

/* ---- The fixture ------------------------------------------------------- */

static inline int
lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	void *world;

	if (lab == NULL || world_setup(&world) != 0)
		return -1;
	partition_init(&lab->partition, world);
	the_lab = lab;
	*state = lab;
	return 0;
}

static inline int
lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *world = lab->partition.world;
	int result = partition_end(&lab->partition);

	result |= world_teardown(&world);
	free(lab);
	return result;
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

/* The machine with its device, and the bus attached. */
static inline void
lab_start(struct lab *lab, const struct host_hyperv_config *config)
{
	static const struct host_hyperv_config usual = { .vcpus = 2 };
	static const struct pv_driver driver = { .name = "hvn",
		.attach = lab_attach,
		.detach = lab_detach };
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		&driver, NULL };
	static const struct host_vmbus_kind kind = { .type = HV_GUID_NETWORK,
		.opened = lab_opened,
		.signalled = lab_signalled,
		.closed = lab_closed };

	if (config == NULL)
		config = &usual;
	sim_machine_free(lab->partition.world->machine);
	lab->partition.world->machine = NULL;
	partition_machine(&lab->partition, config);
	if (config->vcpus > 1)
		assert_true(sim_machine_set_cpus(lab->partition.world->machine,
		    config->vcpus));
	assert_true(
	    sim_machine_set_hyperv(lab->partition.world->machine, config));
	lab->partition.host = sim_machine_hyperv(lab->partition.world->machine);
	lab->at_host.device = host_vmbus_offer(lab->partition.host, &kind, NULL,
	    &lab->at_host);
	assert_non_null(lab->at_host.device);
	partition_attach(&lab->partition, drivers);
	if (lab->channel == NULL)
		fail_msg("no channel in\n%s",
		    sim_machine_log(lab->partition.world->machine));
}

static inline void
lab_run(struct lab *lab, uint64_t time)
{
	partition_run(&lab->partition, time);
}

static inline void
lab_poll(struct lab *lab)
{
	pv_bus_poll(lab->partition.world->bus, 64);
}

static inline const struct host_hyperv_counts *
lab_counts(struct lab *lab)
{
	return host_hyperv_counts(lab->partition.host);
}

static inline size_t
lab_pages(struct lab *lab)
{
	return sim_machine_counts(lab->partition.world->machine)->pages;
}

static inline int
lab_try_open(struct lab *lab, uint32_t target)
{
	const struct vmbus_open how = { .out_pages = 3,
		.in_pages = 5,
		.target = target,
		.packet_max = 4096,
		.user = "for the host",
		.user_len = 12 };

	return vmbus_channel_open(lab->channel, &how);
}

static inline void
lab_open(struct lab *lab, uint32_t target)
{
	unsigned opened = lab->opened;

	assert_int_equal(lab_try_open(lab, target), PV_OK);
	assert_int_equal(lab->opened, opened);
	lab_run(lab, 100 * PV_MILLISECOND);
	assert_int_equal(lab->opened, opened + 1);
	assert_int_equal(lab->error, PV_OK);
	assert_int_equal(lab->channel->state, VMBUS_OPEN);
}

/* ---- GPADLs ------------------------------------------------------------ */

static inline void
lab_lent(void *owner, struct vmbus_gpadl *gpadl, int error)
{
	struct lab *lab = owner;

	assert_false(gpadl->pending);
	lab->done++;
	lab->done_error = error;
}

static inline void
lab_memory(struct lab *lab, struct vmbus_gpadl *gpadl, size_t pages)
{
	const struct pv_port *port = lab->partition.hyperv->port;

	memset(gpadl, 0, sizeof(*gpadl));
	gpadl->pages = pages;
	gpadl->memory = port->pages_alloc(port->ctx, pages, &gpadl->physical);
	gpadl->done = lab_lent;
	gpadl->owner = lab;
	assert_non_null(gpadl->memory);
}

static inline void
lab_lend(struct lab *lab, struct vmbus_gpadl *gpadl, size_t pages)
{
	lab_memory(lab, gpadl, pages);
	assert_int_equal(vmbus_gpadl_create(lab->channel, gpadl), PV_OK);
}

/* ---- Traffic ----------------------------------------------------------- */

static inline int
lab_send(struct lab *lab, size_t len)
{
	static const uint8_t bytes[4096];
	int error = vmbus_send_data(lab->channel, lab->sent + 1,
	    HV_PACKET_FLAG_COMPLETION, bytes, len);

	lab->sent += error == PV_OK;
	return error;
}

/* As a driver's poll does. */
static inline int
lab_receive(struct lab *lab)
{
	struct ring_packet packet;
	int result;

	if (!vmbus_take(lab->channel))
		return 0;
	do {
		while ((result = vmbus_receive(lab->channel, &packet)) == 1) {
			assert_int_equal(packet.id, lab->received + 1);
			assert_int_equal(packet.type, HV_PACKET_COMPLETION);
			assert_memory_equal(packet.data, "answered", 8);
			lab->received++;
		}
		if (result < 0)
			return result;
	} while (vmbus_done(lab->channel));
	return 0;
}

/* Time in small steps, as the channel's driver. */
static inline void
lab_drive(struct lab *lab, uint64_t time)
{
	struct sim *sim = lab->partition.world->sim;
	uint64_t end = sim_now(sim) + time;

	while (sim_now(sim) < end) {
		uint64_t next = vmbus_deadline(lab->channel);

		lab_poll(lab);
		(void)lab_receive(lab);
		if (next > sim_now(sim) + PV_MILLISECOND / 4)
			next = sim_now(sim) + PV_MILLISECOND / 4;
		sim_advance(sim, next);
	}
}

#endif
