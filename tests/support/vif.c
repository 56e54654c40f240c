/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/vif.h"

/* ---- Lists ------------------------------------------------------------ */

static struct vif_arrived *
append(struct vif_list *list, size_t length)
{
	struct vif_arrived *new = calloc(1, sizeof(*new));

	assert_non_null(new);
	new->bytes = malloc(length > 0 ? length : 1);
	assert_non_null(new->bytes);
	*list->end = new;
	list->end = &new->next;
	list->count++;
	return new;
}

void
vif_forget(struct vif_list *list)
{
	while (list->first != NULL) {
		struct vif_arrived *arrived = list->first;

		list->first = arrived->next;
		free(arrived->bytes);
		free(arrived);
	}
	list->end = &list->first;
	list->count = 0;
}

static void
at_peer(void *ctx, const struct host_frame *frame)
{
	struct vif *vif = ctx;
	struct vif_arrived *new;

	if (vif->drop) {
		vif->peer.count++;
		return;
	}
	new = append(&vif->peer, frame->length);
	new->host = *frame;
	new->host.bytes = new->bytes;
	new->queue = frame->queue;
	memcpy(new->bytes, frame->bytes, frame->length);
}

static void
at_guest(struct pv_nic *nic, unsigned queue, const struct pv_frame *frame)
{
	struct vif *vif = nic->owner;
	struct vif_arrived *new;
	size_t at = 0;

	if (vif->drop) {
		vif->guest.count++;
		return;
	}
	new = append(&vif->guest, frame->length);
	new->guest = *frame;
	new->guest.segments = NULL;
	new->queue = queue;
	if (vif->complete && (frame->flags & PV_FRAME_CHECKSUM_BLANK) != 0)
		new->completed = pv_frame_checksum(frame) == PV_OK;
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
vif_setup(void **state)
{
	struct vif *vif = calloc(1, sizeof(*vif));

	if (vif == NULL || world_setup(state) != 0)
		return -1;
	vif->world = *state;
	vif->peer.end = &vif->peer.first;
	vif->guest.end = &vif->guest.first;
	*state = vif;
	return 0;
}

static void
free_pages(struct vif *vif)
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
vif_teardown(void **state)
{
	struct vif *vif = *state;
	void *world = vif->world;
	int result = 0;

	pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
	free_pages(vif);
	if (vif->xen != NULL &&
	    host_xen_counts(vif->xen)->mapped != vif->mapped) {
		fprintf(stderr, "# grants still mapped: expected %u, got %u\n",
		    vif->mapped, host_xen_counts(vif->xen)->mapped);
		result = -1;
	}
	result |= world_teardown(&world);
	vif_forget(&vif->peer);
	vif_forget(&vif->guest);
	free(vif);
	return result;
}

void
vif_machine(struct vif *vif, const struct host_xen_config *config)
{
	world_machine(vif->world, "xen");
	if (config != NULL)
		assert_true(sim_machine_set_xen(vif->world->machine, config));
	vif->xen = sim_machine_xen(vif->world->machine);
	assert_non_null(vif->xen);
}

void
vif_nic(struct vif *vif, const struct host_nic_config *config)
{
	static const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 1, 2, 3 };
	struct host_nic_config with = { 0 };

	if (config != NULL)
		with = *config;
	if (memcmp(with.mac, (const uint8_t[6]){ 0 }, 6) == 0)
		memcpy(with.mac, mac, 6);
	vif->net = host_netback_new(vif->xen, &with);
	assert_non_null(vif->net);
	host_netback_on_frame(vif->net, at_peer, vif);
}

static void
changed(struct pv_nic *nic, void *owner)
{
	struct vif *vif = owner;

	assert_ptr_equal(nic, vif->nic);
	vif->changes++;
}

void
vif_attach(struct vif *vif)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xnf_driver, NULL };
	const struct pv_bus_config config = {
		.port = sim_machine_port(vif->world->machine),
		.drivers = drivers,
	};
	const struct pv_device *device;

	assert_int_equal(pv_bus_attach(&config, &vif->world->bus), PV_OK);
	for (device = pv_bus_devices(vif->world->bus); device != NULL;
	     device = device->next)
		if (strcmp(device->name, "xnf0") == 0)
			vif->device = (struct pv_device *)(uintptr_t)device;
	if (vif->device == NULL)
		fail_msg("no xnf0 in\n%s",
		    sim_machine_log(vif->world->machine));
	vif->nic = vif->device->nic;
	assert_non_null(vif->nic);
	vif->nic->receive = at_guest;
	vif->nic->changed = changed;
	vif->nic->owner = vif;
}

void
vif_start(struct vif *vif, const struct host_nic_config *config)
{
	vif_machine(vif, NULL);
	vif_nic(vif, config);
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
}

/* ---- Time ------------------------------------------------------------- */

void
vif_run(struct vif *vif, uint64_t time)
{
	uint64_t end = sim_now(vif->world->sim) + time;

	while (sim_now(vif->world->sim) < end)
		world_turn(vif->world, end);
	pv_bus_poll(vif->world->bus, 64);
}

void
vif_until(struct vif *vif, bool (*so)(struct vif *), const char *what)
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
vif_is_up(struct vif *vif)
{
	return vif->nic->link;
}

bool
vif_is_down(struct vif *vif)
{
	return !vif->nic->link;
}

bool
vif_is_broken(struct vif *vif)
{
	return vif->device->state == PV_DEVICE_BROKEN;
}

void
vif_arrive(struct vif *vif, struct vif_list *list, unsigned count)
{
	uint64_t end = sim_now(vif->world->sim) + 60 * PV_SECOND;

	while (list->count < count) {
		if (sim_now(vif->world->sim) >= end)
			fail_msg("%u of %u frames within a minute; dropped %u",
			    list->count, count,
			    (unsigned)host_netback_counts(vif->net)->dropped);
		world_turn(vif->world, end);
	}
}

/* ---- Frames ----------------------------------------------------------- */

void *
vif_pages(struct vif *vif, size_t pages, uint64_t *physical)
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
vif_cut(struct vif *vif, struct vif_frame *frame, unsigned pieces)
{
	vif_cut_by(vif->world->sim, frame, pieces);
}

void
vif_transmit(struct vif *vif, unsigned queue, struct vif_frame *frame)
{
	frame->done = 0;
	pv_nic_transmit(vif->nic, queue, &frame->frame);
}

void
vif_wait(struct vif *vif, struct vif_frame *frame)
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
vif_send(struct vif *vif, struct vif_frame *frame)
{
	vif_transmit(vif, 0, frame);
	pv_nic_kick(vif->nic, 0);
	vif_wait(vif, frame);
	return frame->frame.error;
}

void
vif_receive(struct vif *vif, const struct host_frame *frame)
{
	unsigned before = vif->guest.count;

	assert_true(host_netback_send(vif->net, frame));
	vif_arrive(vif, &vif->guest, before + 1);
}

/* ---- The host by hand ------------------------------------------------- */

struct xnf_queue *
vif_queue(struct vif *vif, unsigned index)
{
	struct xnf *xnf = (struct xnf *)vif->nic;

	assert_non_null(xnf->queues[index]);
	return xnf->queues[index];
}

void
vif_put_entry(struct vif *vif, const union xen_net_rx_entry *entry)
{
	struct ring *ring = &vif_queue(vif, 0)->rx.ring;

	memcpy(ring_entry(ring, ring->shared->rsp_prod), entry, sizeof(*entry));
	ring->shared->rsp_prod++;
}

void
vif_put(struct vif *vif, unsigned offset, unsigned flags, int status)
{
	struct ring *ring = &vif_queue(vif, 0)->rx.ring;
	union xen_net_rx_entry entry;

	memcpy(&entry, ring_entry(ring, ring->shared->rsp_prod), sizeof(entry));
	entry.response = (struct xen_net_rx_response){ .id = entry.request.id,
		.offset = (uint16_t)offset,
		.flags = (uint16_t)flags,
		.status = (int16_t)status };
	vif_put_entry(vif, &entry);
}

uint8_t *
vif_page(struct vif *vif, unsigned ahead)
{
	struct xnf_rx *rx = &vif_queue(vif, 0)->rx;
	uint32_t place = rx->ring.shared->rsp_prod + ahead;

	return xnf_area_page(&rx->pages, rx->page[place % XNF_ENTRIES]);
}

struct xen_net_tx_request
vif_request(struct vif *vif, unsigned n)
{
	struct ring *ring = &vif_queue(vif, 0)->tx.ring;
	union xen_net_tx_entry entry;

	memcpy(&entry, ring_entry(ring, ring->shared->rsp_prod + n),
	    sizeof(entry));
	return entry.request;
}

void
vif_answer(struct vif *vif, unsigned id, int status)
{
	struct ring *ring = &vif_queue(vif, 0)->tx.ring;
	union xen_net_tx_entry entry = {
		.response = { (uint16_t)id, (int16_t)status },
	};

	memcpy(ring_entry(ring, ring->shared->rsp_prod), &entry, sizeof(entry));
	ring->shared->rsp_prod++;
}
