/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/hv_vif.h"

/* ---- Lists ------------------------------------------------------------ */

static struct hv_arrived *
append(struct hv_list *list, size_t length)
{
	struct hv_arrived *new = calloc(1, sizeof(*new));

	assert_non_null(new);
	new->bytes = malloc(length > 0 ? length : 1);
	assert_non_null(new->bytes);
	*list->end = new;
	list->end = &new->next;
	list->count++;
	return new;
}

void
hv_vif_forget(struct hv_list *list)
{
	while (list->first != NULL) {
		struct hv_arrived *arrived = list->first;

		list->first = arrived->next;
		free(arrived->bytes);
		free(arrived);
	}
	list->end = &list->first;
	list->count = 0;
}

static void
at_peer(void *ctx, const struct host_nv_frame *frame)
{
	struct hv_vif *vif = ctx;
	struct hv_arrived *new;

	if (vif->drop) {
		vif->peer.count++;
		return;
	}
	new = append(&vif->peer, frame->length);
	new->host = *frame;
	new->host.bytes = new->bytes;
	new->queue = frame->channel;
	memcpy(new->bytes, frame->bytes, frame->length);
}

static void
at_guest(struct pv_nic *nic, unsigned queue, const struct pv_frame *frame)
{
	struct hv_vif *vif = nic->owner;
	struct hv_arrived *new;
	size_t at = 0;

	if (vif->drop) {
		vif->guest.count++;
		return;
	}
	new = append(&vif->guest, frame->length);
	new->guest = *frame;
	new->guest.segments = NULL;
	new->segments = frame->count;
	new->queue = queue;
	for (unsigned i = 0; i < frame->count; i++) {
		const struct pv_segment *segment = &frame->segments[i];

		assert_in_range(segment->len, 1, frame->length - at);
		memcpy(new->bytes + at, segment->data, segment->len);
		at += segment->len;
	}
	assert_int_equal(at, frame->length);
}

/* ---- The machine ------------------------------------------------------ */

int
hv_vif_setup(void **state)
{
	struct hv_vif *vif = calloc(1, sizeof(*vif));

	if (vif == NULL || world_setup(state) != 0)
		return -1;
	vif->world = *state;
	partition_init(&vif->partition, vif->world);
	vif->peer.end = &vif->peer.first;
	vif->guest.end = &vif->guest.first;
	*state = vif;
	return 0;
}

static void
free_pages(struct hv_vif *vif)
{
	while (vif->pages != NULL) {
		struct vif_pages *run = vif->pages;
		const struct pv_port *port = sim_machine_port(
		    vif->world->machine);

		vif->pages = run->next;
		port->pages_free(port->ctx, run->memory, run->pages);
		free(run);
	}
}

int
hv_vif_teardown(void **state)
{
	struct hv_vif *vif = *state;
	void *world = vif->world;
	int result = partition_end(&vif->partition);

	free_pages(vif);
	result |= world_teardown(&world);
	hv_vif_forget(&vif->peer);
	hv_vif_forget(&vif->guest);
	free(vif);
	return result;
}

void
hv_vif_machine(struct hv_vif *vif, const struct host_hyperv_config *config,
    unsigned cpus)
{
	world_machine(vif->world, "hyperv");
	if (cpus > 1)
		assert_true(sim_machine_set_cpus(vif->world->machine, cpus));
	if (config != NULL)
		assert_true(
		    sim_machine_set_hyperv(vif->world->machine, config));
	vif->host = sim_machine_hyperv(vif->world->machine);
	assert_non_null(vif->host);
	vif->partition.host = vif->host;
}

void
hv_vif_nic(struct hv_vif *vif, const struct host_netvsp_config *config)
{
	struct host_netvsp_config with = { .mtu = 0 };

	if (config != NULL)
		with = *config;
	if (memcmp(with.mac, (const uint8_t[6]){ 0 }, 6) == 0)
		memcpy(with.mac, HV_VIF_MAC, 6);
	vif->net = host_netvsp_new(vif->host, &with);
	assert_non_null(vif->net);
	host_netvsp_on_frame(vif->net, at_peer, vif);
}

static void
changed(struct pv_nic *nic, void *owner)
{
	struct hv_vif *vif = owner;

	assert_ptr_equal(nic, vif->nic);
	vif->changes++;
}

void
hv_vif_attach_bus(struct hv_vif *vif)
{
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		&pv_hvn_driver, NULL };

	partition_attach(&vif->partition, drivers);
}

bool
hv_vif_find(struct hv_vif *vif)
{
	vif->device = partition_find(&vif->partition, "hvn0");
	vif->nic = vif->device != NULL ? vif->device->nic : NULL;
	if (vif->nic == NULL)
		return false;
	vif->nic->receive = at_guest;
	vif->nic->changed = changed;
	vif->nic->owner = vif;
	return true;
}

void
hv_vif_attach(struct hv_vif *vif)
{
	hv_vif_attach_bus(vif);
	if (!hv_vif_find(vif))
		fail_msg("no hvn0 in\n%s",
		    sim_machine_log(vif->world->machine));
}

void
hv_vif_start(struct hv_vif *vif, const struct host_netvsp_config *config)
{
	hv_vif_machine(vif, NULL, 1);
	hv_vif_nic(vif, config);
	hv_vif_attach(vif);
	hv_vif_until(vif, hv_vif_is_up, "up");
}

void
hv_vif_start_cpus(struct hv_vif *vif, unsigned cpus)
{
	hv_vif_machine(vif, NULL, cpus);
	hv_vif_nic(vif, &(struct host_netvsp_config){ .max_channels = cpus });
	hv_vif_attach(vif);
	hv_vif_until(vif, hv_vif_is_up, "up");
	partition_start_cpus(&vif->partition);
}

/* ---- Time ------------------------------------------------------------- */

void
hv_vif_turn(struct hv_vif *vif)
{
	world_turn(vif->world, sim_now(vif->world->sim) + PV_SECOND);
}

void
hv_vif_run(struct hv_vif *vif, uint64_t time)
{
	uint64_t end = sim_now(vif->world->sim) + time;

	while (sim_now(vif->world->sim) < end)
		world_turn(vif->world, end);
	pv_bus_poll(vif->world->bus, 64);
}

void
hv_vif_until(struct hv_vif *vif, bool (*so)(struct hv_vif *), const char *what)
{
	uint64_t end = sim_now(vif->world->sim) + 60 * PV_SECOND;

	while (!so(vif)) {
		if (sim_now(vif->world->sim) >= end)
			fail_msg("not %s within a minute\n%s", what,
			    sim_machine_log(vif->world->machine));
		world_turn(vif->world, end);
	}
}

bool
hv_vif_is_up(struct hv_vif *vif)
{
	return vif->nic->link;
}

bool
hv_vif_is_down(struct hv_vif *vif)
{
	return !vif->nic->link;
}

bool
hv_vif_is_broken(struct hv_vif *vif)
{
	return vif->device->state == PV_DEVICE_BROKEN;
}

bool
hv_vif_is_unusable(struct hv_vif *vif)
{
	return hv_vif_hvn(vif)->phase == HVN_UNUSABLE;
}

bool
hv_vif_is_quiet(struct hv_vif *vif)
{
	const struct hvn *hvn = hv_vif_hvn(vif);

	return hvn->phase == HVN_RUNNING && hvn->todo == 0;
}

void
hv_vif_arrive(struct hv_vif *vif, struct hv_list *list, unsigned count)
{
	uint64_t end = sim_now(vif->world->sim) + 60 * PV_SECOND;

	while (list->count < count) {
		if (sim_now(vif->world->sim) >= end)
			fail_msg("%u of %u frames within a minute; dropped %u",
			    list->count, count,
			    (unsigned)host_netvsp_counts(vif->net)->dropped);
		world_turn(vif->world, end);
	}
}

/* ---- Frames ----------------------------------------------------------- */

void *
hv_vif_pages(struct hv_vif *vif, size_t pages, uint64_t *physical)
{
	const struct pv_port *port = sim_machine_port(vif->world->machine);
	struct vif_pages *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->memory = port->pages_alloc(port->ctx, pages, physical);
	assert_non_null(run->memory);
	run->pages = pages;
	run->next = vif->pages;
	vif->pages = run;
	return run->memory;
}

void
hv_vif_cut(struct hv_vif *vif, struct vif_frame *frame, unsigned pieces)
{
	vif_cut_by(vif->world->sim, frame, pieces);
}

void
hv_vif_transmit(struct hv_vif *vif, unsigned queue, struct vif_frame *frame)
{
	frame->done = 0;
	pv_nic_transmit(vif->nic, queue, &frame->frame);
}

void
hv_vif_wait(struct hv_vif *vif, struct vif_frame *frame)
{
	uint64_t end = sim_now(vif->world->sim) + 60 * PV_SECOND;

	while (frame->done == 0) {
		if (sim_now(vif->world->sim) >= end)
			fail_msg("a frame did not end within a minute");
		world_turn(vif->world, end);
	}
	assert_int_equal(frame->done, 1);
}

int
hv_vif_send(struct hv_vif *vif, struct vif_frame *frame)
{
	hv_vif_transmit(vif, 0, frame);
	pv_nic_kick(vif->nic, 0);
	hv_vif_wait(vif, frame);
	return frame->frame.error;
}

void
hv_vif_address(struct hv_vif *vif, void *frame)
{
	memcpy(frame, vif->nic->mac, 6);
}

void
hv_vif_receive(struct hv_vif *vif, const struct host_nv_frame *frame)
{
	unsigned before = vif->guest.count;

	assert_true(host_netvsp_send(vif->net, frame));
	hv_vif_arrive(vif, &vif->guest, before + 1);
}

void
hv_vif_works(struct hv_vif *vif)
{
	static struct vif_frame frame;
	static uint8_t bytes[200];
	unsigned peer = vif->peer.count;

	vif_pattern(bytes, sizeof(bytes), peer);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	hv_vif_arrive(vif, &vif->peer, peer + 1);
	hv_vif_address(vif, bytes);
	hv_vif_receive(vif,
	    &(struct host_nv_frame){ .bytes = bytes, .length = sizeof(bytes) });
}

struct hvn *
hv_vif_hvn(struct hv_vif *vif)
{
	return (struct hvn *)vif->nic;
}

struct hvn_queue *
hv_vif_queue(struct hv_vif *vif, unsigned index)
{
	struct hvn_queue *queue = hv_vif_hvn(vif)->queues[index];

	assert_non_null(queue);
	return queue;
}
