/* SPDX-License-Identifier: ISC */
/*
 * xnf and a back end that lies.  The number in a name is that of the list of
 * bad inputs that each driver survives; wanted is always: no access elsewhere
 * and nothing leaked (the sanitizers and the teardown see to that), each frame
 * ends once, a counter rises, and the device drops the item or is broken.
 */
#include <stdio.h>

#include "tests/support/vif.h"
#include "wire/endian.h"

/* ---- Reads of shared memory, in the place of guest/bus/shared.c -------- */

static struct {
	bool change;         /* what was read is overwritten at once */
	const void *watched; /* and how often these bytes were */
	size_t watched_size;
	unsigned reads;
} reads;

uint32_t
shared_load32(const volatile uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

void
shared_store32(volatile uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

void
shared_copy(void *to, const volatile void *from, size_t size)
{
	uintptr_t at = (uintptr_t)from, watched = (uintptr_t)reads.watched;

	memcpy(to, (const void *)at, size);
	if (at < watched + reads.watched_size && watched < at + size)
		reads.reads++;
	if (reads.change)
		memset((void *)at, 0xa5, size);
}

/* ---- Helpers ---------------------------------------------------------- */

/* A device whose back end does nothing: the test is the back end. */
static void
start(struct vif *vif)
{
	reads.change = false;
	reads.watched_size = 0;
	vif_start(vif, NULL);
	vif_run(vif, PV_MILLISECOND);
	host_netback_manners(vif->net)->stop = true;
}

static void
poll(struct vif *vif)
{
	pv_bus_poll(vif->world->bus, 64);
}

static void
is_broken(struct vif *vif, const char *why)
{
	char line[128];

	assert_true(vif_is_broken(vif));
	assert_false(vif->nic->link);
	snprintf(line, sizeof(line), "xnf0: %s; out of use", why);
	world_has_line(vif->world, line);
	/* nothing hangs in it, and nothing more is taken */
	vif_run(vif, PV_SECOND);
}

static void
is_not_broken(struct vif *vif)
{
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	assert_true(vif->nic->link);
}

/* One frame on its way, which nobody has answered. */
static void
submit(struct vif *vif, struct vif_frame *frame, size_t len)
{
	static uint8_t bytes[65535];

	vif_frame(frame, bytes, PV_NO_PHYSICAL, len);
	vif_transmit(vif, 0, frame);
	pv_nic_kick(vif->nic, 0);
}

static void
ended(const struct vif_frame *frame, int error)
{
	assert_int_equal(frame->done, 1);
	assert_int_equal(frame->frame.error, error);
}

/* That a good frame still comes in. */
static void
still_receives(struct vif *vif)
{
	unsigned before = vif->guest.count;

	vif_pattern(vif_page(vif, 0) + 2, 100, 7);
	vif_put(vif, 2, 0, 100);
	poll(vif);
	assert_int_equal(vif->guest.count, before + 1);
	assert_int_equal(ring_used(&vif_queue(vif, 0)->rx.ring), XNF_ENTRIES);
	is_not_broken(vif);
}

/* ---- Indices ---------------------------------------------------------- */

static void
test_01_producer_runs_ahead(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->tx_producer_jump = 300;
	host_netback_look(vif->net);
	vif_until(vif, vif_is_broken, "broken");
	is_broken(vif, "impossible number of transmit responses");
	ended(&frame, PV_EPROTO);
	assert_int_equal(vif->device->stats.bad_index, 1);
	submit(vif, &frame, 60);
	ended(&frame, PV_EPROTO);
}

static void
test_01_receive_producer_runs_ahead(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	vif_queue(vif, 0)->rx.ring.shared->rsp_prod += XNF_ENTRIES + 1;
	poll(vif);
	is_broken(vif, "impossible number of received frames");
	ended(&frame, PV_EPROTO);
	assert_int_equal(vif->device->stats.bad_index, 1);
}

static void
test_02_producer_moves_backwards(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[2];

	start(vif);
	submit(vif, &frame[0], 60);
	submit(vif, &frame[1], 60);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	poll(vif);
	ended(&frame[0], PV_OK);
	vif_queue(vif, 0)->tx.ring.shared->rsp_prod--;
	poll(vif);
	is_broken(vif, "impossible number of transmit responses");
	ended(&frame[1], PV_EPROTO);
}

static void
test_02_receive_producer_moves_backwards(void **state)
{
	struct vif *vif = *state;

	start(vif);
	still_receives(vif);
	vif_queue(vif, 0)->rx.ring.shared->rsp_prod--;
	poll(vif);
	is_broken(vif, "impossible number of received frames");
}

static struct vif *jumping;
static unsigned jumped;

static void
jump(struct pv_nic *nic, unsigned queue, const struct pv_frame *frame)
{
	(void)nic;
	(void)queue;
	(void)frame;
	jumped++;
	vif_put(jumping, 0, 0, 60);
}

/* The producer was read once: what comes meanwhile has to wait. */
static void
test_03_producer_jumps_while_we_drain(void **state)
{
	struct vif *vif = *state;

	start(vif);
	jumping = vif;
	jumped = 0;
	vif->nic->receive = jump;
	for (unsigned i = 0; i < 10; i++)
		vif_put(vif, 0, 0, 60);
	assert_true(pv_bus_poll(vif->world->bus, 64));
	assert_int_equal(jumped, 10);
	poll(vif);
	assert_int_equal(jumped, 20);
	/* and no pass is longer than it may be */
	pv_bus_poll(vif->world->bus, 4);
	assert_int_equal(jumped, 24);
	is_not_broken(vif);
}

static void
test_04_our_own_indices_are_rewritten(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	for (unsigned i = 0; i < 1000; i++) {
		struct xen_ring *tx = vif_queue(vif, 0)->tx.ring.shared;
		struct xen_ring *rx = vif_queue(vif, 0)->rx.ring.shared;

		tx->req_prod = rx->req_prod = 0xdead0000 + i;
		tx->rsp_event = rx->rsp_event = 0xbeef0000 - i;
		submit(vif, &frame, 60);
		assert_int_equal(tx->req_prod, i + 1);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		still_receives(vif);
		ended(&frame, PV_OK);
		assert_int_equal(rx->req_prod, XNF_ENTRIES + i + 1);
	}
}

/* The counters of both rings, just before they begin anew. */
static void
near_the_end(struct ring *ring, uint32_t used)
{
	uint32_t end = 0u - XNF_ENTRIES;

	ring->rsp_cons = ring->rsp_prod = end;
	ring->req_prod = ring->published = end + used;
	ring->shared->rsp_prod = end;
	ring->shared->req_prod = end + used;
	ring->shared->rsp_event = ring->shared->req_event = end + 1;
}

static void
test_06_counters_wrap(void **state)
{
	struct vif *vif = *state;
	struct xnf_queue *queue;
	struct vif_frame frame;

	start(vif);
	queue = vif_queue(vif, 0);
	near_the_end(&queue->tx.ring, 0);
	near_the_end(&queue->rx.ring, XNF_ENTRIES);
	queue->tx.armed = queue->rx.armed = queue->tx.ring.rsp_cons;
	for (unsigned i = 0; i < 3 * XNF_ENTRIES; i++) {
		union xen_net_rx_entry entry = {
			.response = { .id = (uint16_t)queue->rx.ring.rsp_cons,
			    .status = 60 },
		};

		submit(vif, &frame, 60);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		vif_put_entry(vif, &entry);
		poll(vif);
		ended(&frame, PV_OK);
		assert_int_equal(vif->guest.count, i + 1);
	}
	assert_in_range(queue->tx.ring.rsp_cons, 1, 3 * XNF_ENTRIES);
	is_not_broken(vif);
}

static void
test_07_event_words_of_any_value(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	struct pv_stats before;

	start(vif);
	before = vif->device->stats;
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t any = (uint32_t)sim_random(vif->world->sim, 1u << 31);

		vif_queue(vif, 0)->tx.ring.shared->req_event = any * 3;
		vif_queue(vif, 0)->rx.ring.shared->req_event = any * 5;
		submit(vif, &frame, 60);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		still_receives(vif);
		ended(&frame, PV_OK);
	}
	/* one for the frame, one for the buffer */
	assert_int_equal(vif->device->stats.signals - before.signals +
		vif->device->stats.elided - before.elided,
	    2000);
}

/* An event says that there is something, and the counter that there is not. */
static void
test_08_event_for_an_empty_ring(void **state)
{
	struct vif *vif = *state;
	uint64_t spurious;

	start(vif);
	spurious = vif->device->stats.spurious;
	host_xen_raise(vif->xen, vif_queue(vif, 0)->channel.port);
	vif_run(vif, PV_SECOND);
	assert_in_range(vif->device->stats.spurious, spurious + 1,
	    spurious + 2);
	still_receives(vif);
}

/* Each entry and each byte of a short frame is read once, and what was read
 * first counts. */
static void
test_09_entries_change_after_they_are_read(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[3];
	uint8_t expected[100];

	start(vif);
	vif_pattern(expected, sizeof(expected), 7);
	for (unsigned i = 0; i < 300; i++) {
		submit(vif, &frame[i % 3], 60);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		memcpy(vif_page(vif, 0) + 2, expected, sizeof(expected));
		reads.watched = vif_page(vif, 0);
		reads.watched_size = PV_PAGE_SIZE;
		reads.reads = 0;
		vif_put(vif, 2, 0, 100);
		reads.change = true;
		poll(vif);
		reads.change = false;
		ended(&frame[i % 3], PV_OK);
		assert_int_equal(reads.reads, 1);
		assert_memory_equal(vif->guest.first->bytes, expected,
		    sizeof(expected));
		vif_forget(&vif->guest);
	}
	reads.watched = ring_entry(&vif_queue(vif, 0)->rx.ring,
	    vif_queue(vif, 0)->rx.ring.rsp_cons);
	reads.watched_size = sizeof(union xen_net_rx_entry);
	reads.reads = 0;
	still_receives(vif);
	assert_int_equal(reads.reads, 1);
}

/* ---- Ids -------------------------------------------------------------- */

static void
bad_id(struct vif *vif, unsigned id)
{
	uint64_t before = vif->device->stats.bad_id;

	vif_answer(vif, id, XEN_NET_OKAY);
	poll(vif);
	is_broken(vif, "transmit response to no request");
	assert_int_equal(vif->device->stats.bad_id, before + 1);
}

static void
test_10_id_out_of_range(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	bad_id(vif, vif_request(vif, 0).id ^ 0x8000);
	ended(&frame, PV_EPROTO);
}

/* Where it says something else, what counts is the place; the frame is lost. */
static void
test_10_received_id_of_another_place(void **state)
{
	struct vif *vif = *state;
	static const int ids[] = { 0xffff, 1, 255, 256 };

	start(vif);
	for (unsigned i = 0; i < 4; i++) {
		union xen_net_rx_entry entry = {
			.response = { .id = (uint16_t)(ids[i] + (int)i * 2),
			    .status = 60 },
		};

		vif_put_entry(vif, &entry);
		poll(vif);
		assert_int_equal(vif->guest.count, i);
		assert_int_equal(vif->device->stats.bad_id, i + 1);
		still_receives(vif);
	}
}

static void
test_11_id_that_was_never_issued(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	bad_id(vif, (vif_request(vif, 0).id & 0xff00) | 200);
	ended(&frame, PV_EPROTO);
}

static void
test_12_answered_twice(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[2];
	unsigned id;

	start(vif);
	submit(vif, &frame[0], 60);
	submit(vif, &frame[1], 60);
	id = vif_request(vif, 0).id;
	vif_answer(vif, id, XEN_NET_OKAY);
	bad_id(vif, id);
	ended(&frame[0], PV_OK);
	ended(&frame[1], PV_EPROTO);
}

/* The model does so, too. */
static void
test_12_answered_twice_by_netback(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[2];

	start(vif);
	submit(vif, &frame[0], 60);
	submit(vif, &frame[1], 60);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->tx_twice_nth = 1;
	host_netback_look(vif->net);
	vif_until(vif, vif_is_broken, "broken");
	/* three answers to two requests: none of them is believed */
	is_broken(vif, "impossible number of transmit responses");
	ended(&frame[0], PV_EPROTO);
	ended(&frame[1], PV_EPROTO);
}

static void
test_13_id_of_another_queue(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	struct ring *other;
	const union xen_net_tx_entry *request;
	uint8_t bytes[60] = { 0 };

	vif_machine(vif,
	    &(struct host_xen_config){ .vcpus = 2,
		.domain = 7,
		.name = "guest" });
	vif_nic(vif, &(struct host_nic_config){ .max_queues = 2 });
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
	host_netback_manners(vif->net)->stop = true;
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	other = &vif_queue(vif, 1)->tx.ring;
	request = ring_entry(other, 0);
	vif_answer(vif, request->request.id, XEN_NET_OKAY);
	poll(vif);
	is_broken(vif, "impossible number of transmit responses");
	ended(&frame, PV_EPROTO);
}

/* Of a request that ended when the connection did. */
static void
test_14_id_of_another_connection(void **state)
{
	struct vif *vif = *state;
	struct vif_frame old, new;
	unsigned id;

	start(vif);
	submit(vif, &old, 60);
	id = vif_request(vif, 0).id;
	host_netback_restart(vif->net, &(struct host_nic_config){ .mtu = 0 });
	vif_until(vif, vif_is_down, "down");
	vif_until(vif, vif_is_up, "up");
	ended(&old, PV_EIO);
	submit(vif, &new, 60);
	bad_id(vif, id);
	ended(&new, PV_EPROTO);
}

/* A slot of extra information is answered, and there was none. */
static void
test_15_answer_of_another_kind(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_NULL);
	poll(vif);
	is_broken(vif, "null response to no request");
	assert_int_equal(vif->device->stats.bad_id, 1);
	ended(&frame, PV_EPROTO);
}

static void
test_16_late_answer_after_the_id_was_used_again(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	unsigned first;

	start(vif);
	submit(vif, &frame, 60);
	first = vif_request(vif, 0).id;
	vif_answer(vif, first, XEN_NET_OKAY);
	poll(vif);
	submit(vif, &frame, 60);
	assert_int_equal(vif_request(vif, 0).id & 0xff, first & 0xff);
	bad_id(vif, first);
	ended(&frame, PV_EPROTO);
}

static void
test_17_id_of_zero(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	bad_id(vif, 0);
	ended(&frame, PV_EPROTO);
}

static void
test_17_id_of_all_ones(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	bad_id(vif, 0xffff);
	ended(&frame, PV_EPROTO);
}

/* ---- Lengths ---------------------------------------------------------- */

static void
is_dropped(struct vif *vif, unsigned offset, unsigned flags, int status,
    const uint64_t *counter)
{
	uint64_t before = *counter;
	unsigned arrived = vif->guest.count;

	vif_put(vif, offset, flags, status);
	poll(vif);
	assert_int_equal(*counter, before + 1);
	assert_int_equal(vif->guest.count, arrived);
	still_receives(vif);
}

static void
test_18_length_of_zero(void **state)
{
	struct vif *vif = *state;

	start(vif);
	is_dropped(vif, 0, 0, 0, &vif->device->stats.bad_length);
	is_dropped(vif, 4096, 0, 0, &vif->device->stats.bad_length);
}

static void
test_19_longer_than_the_page(void **state)
{
	struct vif *vif = *state;

	start(vif);
	is_dropped(vif, 0, 0, 4097, &vif->device->stats.bad_length);
	is_dropped(vif, 1, 0, 4096, &vif->device->stats.bad_length);
	is_dropped(vif, 0, 0, 0x7fff, &vif->device->stats.bad_length);
	/* and shorter than an Ethernet header */
	is_dropped(vif, 0, 0, 13, &vif->device->stats.bad_length);
}

static void
test_20_offset_behind_the_page(void **state)
{
	struct vif *vif = *state;

	start(vif);
	is_dropped(vif, 4096, 0, 60, &vif->device->stats.bad_length);
	is_dropped(vif, 4037, 0, 60, &vif->device->stats.bad_length);
	vif_pattern(vif_page(vif, 0) + 4036, 60, 0);
	vif_put(vif, 4036, 0, 60);
	poll(vif);
	assert_int_equal(vif->guest.count, 3);
}

static void
test_21_offset_and_length_wrap(void **state)
{
	struct vif *vif = *state;

	start(vif);
	is_dropped(vif, 0xffff, 0, 60, &vif->device->stats.bad_length);
	is_dropped(vif, 0xffff, 0, 1, &vif->device->stats.bad_length);
	is_dropped(vif, 0xf000, 0, 4096, &vif->device->stats.bad_length);
}

static void
test_23_status_that_nobody_knows(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	is_dropped(vif, 0, 0, -3, &vif->device->stats.bad_value);
	is_dropped(vif, 0, 0, -32768, &vif->device->stats.bad_value);
	/* what a back end may say is not counted as bad */
	vif_put(vif, 0, 0, XEN_NET_ERROR);
	vif_put(vif, 0, 0, XEN_NET_DROPPED);
	poll(vif);
	assert_int_equal(vif->device->stats.bad_value, 2);
	submit(vif, &frame, 60);
	vif_answer(vif, vif_request(vif, 0).id, -32768);
	poll(vif);
	ended(&frame, PV_EIO);
	assert_int_equal(vif->device->stats.bad_value, 3);
	submit(vif, &frame, 60);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_DROPPED);
	poll(vif);
	ended(&frame, PV_EIO);
	assert_int_equal(vif->device->stats.bad_value, 3);
	still_receives(vif);
}

static void
test_24_chain_without_end(void **state)
{
	struct vif *vif = *state;

	start(vif);
	for (unsigned i = 0; i < 3000; i++) {
		vif_put(vif, 0, XEN_NET_RX_MORE_DATA, 60);
		if (i % 50 == 0)
			vif_run(vif, PV_MILLISECOND);
	}
	poll(vif);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_length, 1);
	vif_put(vif, 0, 0, 60); /* its end */
	poll(vif);
	assert_int_equal(vif->guest.count, 0);
	still_receives(vif);
}

static void
chain_of(struct vif *vif, unsigned slots, unsigned bad, int status)
{
	for (unsigned i = 0; i < slots; i++)
		vif_put(vif, 0, i + 1 < slots ? XEN_NET_RX_MORE_DATA : 0,
		    i == bad ? status : 4096);
	poll(vif);
}

/* Back ends use one slot more than we do, where the first has only headers;
 * but no more. */
static void
test_24_chain_that_is_too_long(void **state)
{
	struct vif *vif = *state;

	start(vif);
	chain_of(vif, 16, 15, 4095);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->guest.first->guest.length, 65535);
	for (unsigned i = 0; i < XNF_CHAIN_MAX; i++)
		vif_put(vif, 0,
		    i + 1 < XNF_CHAIN_MAX ? XEN_NET_RX_MORE_DATA : 0, 3000);
	poll(vif);
	assert_int_equal(vif->guest.count, 2);
	for (unsigned i = 0; i < XNF_CHAIN_MAX + 1; i++)
		vif_put(vif, 0, i < XNF_CHAIN_MAX ? XEN_NET_RX_MORE_DATA : 0,
		    3000);
	poll(vif);
	assert_int_equal(vif->guest.count, 2);
	assert_int_equal(vif->device->stats.bad_length, 1);
	/* few slots, and more bytes than any packet */
	chain_of(vif, 17, 17, 0);
	assert_int_equal(vif->guest.count, 2);
	assert_int_equal(vif->device->stats.bad_length, 2);
	still_receives(vif);
}

/* The frame waits for its end, and its pages with it. */
static void
test_24_chain_cut_by_the_producer(void **state)
{
	struct vif *vif = *state;

	start(vif);
	vif_pattern(vif_page(vif, 0), 4096, 1);
	vif_put(vif, 0, XEN_NET_RX_MORE_DATA, 4096);
	vif_run(vif, 10 * PV_SECOND);
	assert_int_equal(vif->guest.count, 0);
	vif_put(vif, 0, 0, 100);
	poll(vif);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->guest.first->guest.length, 4196);
	still_receives(vif);
}

/* Each buffer is given back once: XSA-405. */
static void
test_24_error_in_each_fragment(void **state)
{
	struct vif *vif = *state;
	static const int bad[] = { XEN_NET_ERROR, XEN_NET_DROPPED, -77, 0,
		4097 };

	start(vif);
	for (unsigned slots = 1; slots <= 5; slots++)
		for (unsigned at = 0; at < slots; at++)
			for (unsigned i = 0; i < 5; i++) {
				unsigned before = vif->guest.count;

				chain_of(vif, slots, at, bad[i]);
				assert_int_equal(vif->guest.count, before);
				still_receives(vif);
			}
	/* each page is in the ring once */
	for (unsigned i = 0; i < XNF_ENTRIES; i++)
		assert_int_equal(vif_queue(vif, 0)->rx.page[i], i);
}

/* ---- Extra information ------------------------------------------------ */

static union xen_net_rx_entry
extra(unsigned type, unsigned flags, unsigned gso_type, unsigned gso_size)
{
	union xen_net_rx_entry entry;

	memset(&entry, 0, sizeof(entry));
	entry.extra.type = (uint8_t)type;
	entry.extra.flags = (uint8_t)flags;
	entry.extra.u.gso.type = (uint8_t)gso_type;
	entry.extra.u.gso.size = (uint16_t)gso_size;
	return entry;
}

static void
with_extras(struct vif *vif, const union xen_net_rx_entry *extras,
    unsigned count, bool arrives, const uint64_t *counter)
{
	unsigned before = vif->guest.count;
	uint64_t bad = counter != NULL ? *counter : 0;

	vif_packet(vif_page(vif, 0), 1000, false, true);
	vif_put(vif, 0, XEN_NET_RX_EXTRA_INFO | XEN_NET_RX_CSUM_BLANK, 1000);
	for (unsigned i = 0; i < count; i++)
		vif_put_entry(vif, &extras[i]);
	poll(vif);
	assert_int_equal(vif->guest.count, before + arrives);
	if (counter != NULL)
		assert_int_equal(*counter, bad + 1);
	still_receives(vif);
}

#define MORE XEN_NET_EXTRA_FLAG_MORE

static void
test_25_extras_that_are_good(void **state)
{
	struct vif *vif = *state;
	union xen_net_rx_entry extras[3];

	start(vif);
	extras[0] = extra(XEN_NET_EXTRA_GSO, MORE, XEN_NET_GSO_TCPV4, 100);
	extras[1] = extra(XEN_NET_EXTRA_XDP, MORE, 0, 256);
	extras[2] = extra(XEN_NET_EXTRA_HASH, 0, 1, 1);
	with_extras(vif, extras, 3, true, NULL);
}

static void
test_25_extras_that_nobody_knows(void **state)
{
	struct vif *vif = *state;
	static const uint8_t types[] = { XEN_NET_EXTRA_NONE,
		XEN_NET_EXTRA_MCAST_ADD, XEN_NET_EXTRA_MCAST_DEL, 6, 31, 32, 64,
		255 };

	start(vif);
	for (unsigned i = 0; i < sizeof(types); i++) {
		union xen_net_rx_entry entry = extra(types[i], 0, 0, 0);

		with_extras(vif, &entry, 1, false,
		    &vif->device->stats.bad_value);
	}
}

static void
test_25_extras_that_come_twice(void **state)
{
	struct vif *vif = *state;
	static const uint8_t types[] = { XEN_NET_EXTRA_GSO, XEN_NET_EXTRA_HASH,
		XEN_NET_EXTRA_XDP };

	start(vif);
	for (unsigned i = 0; i < sizeof(types); i++) {
		union xen_net_rx_entry extras[2] = {
			extra(types[i], MORE, XEN_NET_GSO_TCPV4, 100),
			extra(types[i], 0, XEN_NET_GSO_TCPV4, 100),
		};

		with_extras(vif, extras, 2, false,
		    &vif->device->stats.bad_duplicate);
	}
}

static void
test_25_extras_without_end(void **state)
{
	struct vif *vif = *state;
	union xen_net_rx_entry entry = extra(XEN_NET_EXTRA_XDP, MORE, 0, 0);

	start(vif);
	vif_put(vif, 0, XEN_NET_RX_EXTRA_INFO, 100);
	for (unsigned i = 0; i < 3000; i++) {
		vif_put_entry(vif, &entry);
		if (i % 50 == 0)
			vif_run(vif, PV_MILLISECOND);
	}
	poll(vif);
	assert_int_equal(vif->device->stats.bad_duplicate, 1);
	entry.extra.flags = 0;
	vif_put_entry(vif, &entry);
	poll(vif);
	assert_int_equal(vif->guest.count, 0);
	still_receives(vif);
}

static void
test_25_impossible_segmentation(void **state)
{
	struct vif *vif = *state;
	const uint64_t *bad;
	union xen_net_rx_entry entry;

	start(vif);
	bad = &vif->device->stats.bad_value;
	entry = extra(XEN_NET_EXTRA_GSO, 0, XEN_NET_GSO_TCPV4, 0);
	with_extras(vif, &entry, 1, false, bad);
	entry = extra(XEN_NET_EXTRA_GSO, 0, XEN_NET_GSO_NONE, 100);
	with_extras(vif, &entry, 1, false, bad);
	entry = extra(XEN_NET_EXTRA_GSO, 0, 3, 100);
	with_extras(vif, &entry, 1, false, bad);
	/* the frame is another one */
	entry = extra(XEN_NET_EXTRA_GSO, 0, XEN_NET_GSO_TCPV6, 100);
	with_extras(vif, &entry, 1, false, bad);
	/* the form of old, which we do not offer to take */
	is_dropped(vif, 100, XEN_NET_RX_GSO_PREFIX, 60, bad);
}

static void
test_25_blank_checksum_of_no_packet(void **state)
{
	struct vif *vif = *state;

	start(vif);
	vif_pattern(vif_page(vif, 0), 100, 0);
	is_dropped(vif, 0, XEN_NET_RX_CSUM_BLANK, 100,
	    &vif->device->stats.bad_value);
	/* cut within its headers */
	vif_packet(vif_page(vif, 0), 100, false, true);
	is_dropped(vif, 0, XEN_NET_RX_CSUM_BLANK, 40,
	    &vif->device->stats.bad_value);
}

/* ---- Order ------------------------------------------------------------ */

static void
test_29_answer_before_the_request(void **state)
{
	struct vif *vif = *state;

	start(vif);
	vif_answer(vif, 0x100, XEN_NET_OKAY);
	poll(vif);
	is_broken(vif, "impossible number of transmit responses");
}

/* Put into the ring, and not published: the host cannot have seen it. */
static void
test_29_answer_before_it_was_told(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[60] = { 0 };

	start(vif);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 0, &frame);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	poll(vif);
	is_broken(vif, "impossible number of transmit responses");
	ended(&frame, PV_EPROTO);
}

static void
test_29_answer_that_never_comes(void **state)
{
	struct vif *vif = *state;
	static struct vif_frame frames[400];

	start(vif);
	for (unsigned i = 0; i < 400; i++)
		submit(vif, &frames[i], i % 2 ? 60 : 9000);
	vif_run(vif, 600 * PV_SECOND);
	is_not_broken(vif);
	for (unsigned i = 0; i < 400; i++)
		assert_int_equal(frames[i].done, 0);
	pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
	for (unsigned i = 0; i < 400; i++)
		ended(&frames[i], PV_EINTR);
}

static void
test_29_answers_in_any_order(void **state)
{
	struct vif *vif = *state;
	enum {
		COUNT = 100
	};
	static struct vif_frame frames[COUNT];
	unsigned ids[COUNT];

	start(vif);
	for (unsigned round = 0; round < 30; round++) {
		for (unsigned i = 0; i < COUNT; i++)
			submit(vif, &frames[i], 60);
		for (unsigned i = 0; i < COUNT; i++)
			ids[i] = vif_request(vif, i).id;
		for (unsigned i = COUNT; i > 0; i--) {
			unsigned at = (unsigned)sim_random(vif->world->sim, i);

			vif_answer(vif, ids[at], XEN_NET_OKAY);
			ids[at] = ids[i - 1];
			if (sim_random(vif->world->sim, 8) == 0)
				poll(vif);
		}
		poll(vif);
		poll(vif);
		for (unsigned i = 0; i < COUNT; i++)
			ended(&frames[i], PV_OK);
	}
	is_not_broken(vif);
}

/* ---- Events ----------------------------------------------------------- */

/* An event without work is taken, and then the port is quiet for a while. */
static void
test_39_storm_of_events(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t polls = 0, end;
	const struct pv_port *port;

	start(vif);
	port = sim_machine_port(vif->world->machine);
	for (unsigned i = 0; i < 1000000; i++)
		host_xen_raise(vif->xen, vif_queue(vif, 0)->channel.port);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->storm = 1000000;
	submit(vif, &frame, 60);
	end = sim_now(vif->world->sim) + PV_SECOND / 10;
	while (sim_now(vif->world->sim) < end) {
		if (!pv_bus_poll(vif->world->bus, 64))
			port->wait(port->ctx, end);
		polls++;
	}
	ended(&frame, PV_OK);
	assert_in_range(vif->device->stats.spurious, 1, polls);
	is_not_broken(vif);
	host_netback_manners(vif->net)->storm = 0;
	vif_run(vif, PV_SECOND);
	/* and it still hears */
	submit(vif, &frame, 60);
	vif_wait(vif, &frame);
	ended(&frame, PV_OK);
}

static void
test_40_events_of_ports_that_are_not_ours(void **state)
{
	struct vif *vif = *state;

	start(vif);
	for (uint32_t port = 0; port < 4096; port += 7)
		if (port != vif_queue(vif, 0)->channel.port)
			host_xen_raise(vif->xen, port);
	host_xen_raise(vif->xen, UINT32_MAX);
	vif_run(vif, PV_SECOND);
	still_receives(vif);
}

static void
test_41_masked_port_fires(void **state)
{
	struct vif *vif = *state;

	start(vif);
	/* masked, from the first event that brings nothing */
	for (unsigned i = 0; i < 100; i++) {
		host_xen_raise(vif->xen, vif_queue(vif, 0)->channel.port);
		vif_run(vif, PV_MILLISECOND);
	}
	still_receives(vif);
}

static void
finishes(struct vif *vif)
{
	static struct vif_frame frames[300];
	uint8_t bytes[60];

	vif_pattern(bytes, sizeof(bytes), 0);
	for (unsigned i = 0; i < 300; i++)
		submit(vif, &frames[i], 60);
	for (unsigned i = 0; i < 300; i++) {
		vif_wait(vif, &frames[i]);
		ended(&frames[i], PV_OK);
	}
	for (unsigned i = 0; i < 100; i++)
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes, .length = 60 });
}

static void
test_42_events_without_interrupts(void **state)
{
	struct vif *vif = *state;

	start(vif);
	host_netback_manners(vif->net)->stop = false;
	host_xen_manners(vif->xen)->lose_events = true;
	finishes(vif);
}

static void
test_42_lost_events(void **state)
{
	struct vif *vif = *state;

	start(vif);
	host_netback_manners(vif->net)->stop = false;
	host_xen_manners(vif->xen)->drop_events = true;
	finishes(vif);
	host_xen_manners(vif->xen)->drop_events = false;
}

static void
test_42_back_end_never_signals(void **state)
{
	struct vif *vif = *state;

	start(vif);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->never_signal = true;
	finishes(vif);
}

/* ---- Memory ----------------------------------------------------------- */

/* A long frame in memory that is lent, and the host maps one page of it. */
static struct host_grant *
submit_and_hold(struct vif *vif, struct vif_frame *frame, uint8_t *bytes,
    uint64_t physical)
{
	vif_frame(frame, bytes, physical, 9000);
	vif_transmit(vif, 0, frame);
	pv_nic_kick(vif->nic, 0);
	return host_grant_map(vif->xen, vif_request(vif, 1).ref, false);
}

static void
answer_three(struct vif *vif)
{
	for (unsigned i = 0; i < 3; i++)
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	poll(vif);
}

static void
test_45_frame_is_held_for_ever(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grant;
	struct vif_frame frame;
	uint64_t physical, begin;
	uint8_t *bytes;

	start(vif);
	bytes = vif_pages(vif, 3, &physical);
	grant = submit_and_hold(vif, &frame, bytes, physical);
	assert_non_null(grant);
	begin = sim_now(vif->world->sim);
	answer_three(vif);
	assert_int_equal(frame.done, 0);
	assert_int_equal(vif->device->stats.held, 1);
	vif_wait(vif, &frame);
	ended(&frame, PV_EBUSY);
	assert_in_range(sim_now(vif->world->sim) - begin, XNF_HOLD,
	    XNF_HOLD + PV_SECOND / 5);
	is_not_broken(vif);
	still_receives(vif);
	host_grant_unmap(grant);
}

static void
test_46_frame_is_held_for_a_while(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grant;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	start(vif);
	bytes = vif_pages(vif, 3, &physical);
	for (unsigned i = 0; i < 50; i++) {
		grant = submit_and_hold(vif, &frame, bytes, physical);
		answer_three(vif);
		vif_run(vif, XNF_HOLD / 2);
		assert_int_equal(frame.done, 0);
		host_grant_unmap(grant);
		vif_wait(vif, &frame);
		ended(&frame, PV_OK);
	}
	is_not_broken(vif);
}

/* A host that keeps what it gets would get all of it. */
static void
test_45_host_keeps_the_memory_of_many_frames(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grants[XNF_SPARES + 1];
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	start(vif);
	bytes = vif_pages(vif, 3, &physical);
	for (unsigned i = 0; i <= XNF_SPARES; i++) {
		is_not_broken(vif);
		grants[i] = submit_and_hold(vif, &frame, bytes, physical);
		answer_three(vif);
		vif_wait(vif, &frame);
		ended(&frame, PV_EBUSY);
	}
	vif_run(vif, PV_MILLISECOND);
	is_broken(vif, "the host keeps the memory of frames");
	for (unsigned i = 0; i <= XNF_SPARES; i++)
		host_grant_unmap(grants[i]);
}

static struct host_grant *
hold_page(struct vif *vif)
{
	struct xnf_rx *rx = &vif_queue(vif, 0)->rx;
	uint32_t place = rx->ring.shared->rsp_prod;

	return host_grant_map(vif->xen,
	    rx->pages.references[rx->page[place % XNF_ENTRIES]], true);
}

/* A long frame in pages that the host still has: it could change them, so it
 * is dropped, and the page is not used again. */
static void
test_45_receive_page_is_held(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grant;
	uint16_t page;

	start(vif);
	page = vif_queue(vif, 0)->rx.page[0];
	grant = hold_page(vif);
	assert_non_null(grant);
	vif_put(vif, 0, 0, 4096);
	poll(vif);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.held, 1);
	assert_int_not_equal(vif_queue(vif, 0)->rx.page[0], page);
	for (unsigned i = 0; i < 3 * XNF_ENTRIES; i++)
		still_receives(vif);
	host_grant_unmap(grant);
}

static void
test_45_host_keeps_many_receive_pages(void **state)
{
	struct vif *vif = *state;
	struct host_grant *grants[XNF_SPARES + 1];
	struct vif_frame frame;

	start(vif);
	submit(vif, &frame, 60);
	for (unsigned i = 0; i <= XNF_SPARES; i++) {
		is_not_broken(vif);
		grants[i] = hold_page(vif);
		vif_put(vif, 0, 0, 4096);
		poll(vif);
	}
	is_broken(vif, "the host keeps receive pages");
	ended(&frame, PV_EPROTO);
	for (unsigned i = 0; i <= XNF_SPARES; i++)
		host_grant_unmap(grants[i]);
}

/* All of it is held as the device goes: leaked, and never used again. */
static void
test_45_everything_is_held_for_ever(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	start(vif);
	host_netback_manners(vif->net)->keep_grants = true;
	submit(vif, &frame, 60);
	pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
	ended(&frame, PV_EINTR);
	vif->mapped = 2;
	world_expect_leaked_pages(vif->world,
	    sim_machine_counts(vif->world->machine)->pages);
	assert_in_range(sim_machine_counts(vif->world->machine)->pages, 2, 80);
}

static bool
has_secret(const uint8_t *page)
{
	for (size_t i = 0; i < PV_PAGE_SIZE - 6; i++)
		if (memcmp(page + i, "secret", 6) == 0)
			return true;
	return false;
}

/* Grants are of whole pages: XSA-403. */
static void
test_48_neighbours_of_a_frame(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t *bytes, page[PV_PAGE_SIZE];
	uint64_t physical;

	vif_start(vif, &(struct host_nic_config){ .untrusted = true });
	vif_run(vif, PV_MILLISECOND);
	host_netback_manners(vif->net)->stop = true;
	bytes = vif_pages(vif, 4, &physical);
	for (size_t len = 60; len < 9000; len = len * 2) {
		unsigned slots = (unsigned)((len + 4095) / 4096);

		for (size_t i = 0; i < 4 * PV_PAGE_SIZE; i += 6)
			memcpy(bytes + i, "secret",
			    i + 6 < 4 * PV_PAGE_SIZE ? 6 : 1);
		memset(bytes + 500, 0, len);
		vif_frame(&frame, bytes + 500, physical + 500, len);
		vif_transmit(vif, 0, &frame);
		pv_nic_kick(vif->nic, 0);
		for (unsigned i = 0; i < slots; i++) {
			assert_true(host_grant_read(vif->xen,
			    vif_request(vif, 0).ref, 0, page, sizeof(page)));
			assert_false(has_secret(page));
			vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		}
		poll(vif);
		ended(&frame, PV_OK);
	}
}

/* What is lent to be read cannot be written. */
static void
test_48_frames_are_lent_to_be_read(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	start(vif);
	bytes = vif_pages(vif, 2, &physical);
	vif_frame(&frame, bytes, physical, 4096);
	vif_transmit(vif, 0, &frame);
	pv_nic_kick(vif->nic, 0);
	assert_false(
	    host_grant_write(vif->xen, vif_request(vif, 0).ref, 0, "x", 1));
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	poll(vif);
	submit(vif, &frame, 60);
	assert_false(
	    host_grant_write(vif->xen, vif_request(vif, 0).ref, 0, "x", 1));
}

static struct {
	struct vif *vif;
	uint32_t reference;
	uint8_t *page;
	bool lent;
	unsigned calls;
} late;

static void
change_while_received(struct pv_nic *nic, unsigned queue,
    const struct pv_frame *frame)
{
	const uint8_t *bytes = frame->segments[0].data;
	uint8_t before = bytes[20];

	(void)nic;
	(void)queue;
	assert_int_equal(host_grant_write(late.vif->xen, late.reference, 0,
			     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
			     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
			     24),
	    late.lent);
	assert_int_equal(bytes[20], before);
	assert_int_not_equal(before, 0xff);
	late.calls++;
}

/* While `receive` looks at a frame, the host cannot: the page of a short one
 * is another, and that of a long one is taken back. */
static void
test_49_data_changes_while_it_is_looked_at(void **state)
{
	struct vif *vif = *state;

	start(vif);
	vif->nic->receive = change_while_received;
	late.vif = vif;
	late.calls = 0;
	for (unsigned i = 0; i < 2; i++) {
		struct xnf_rx *rx = &vif_queue(vif, 0)->rx;

		late.lent = i == 0;
		late.reference =
		    rx->pages
			.references[rx->page[rx->ring.rsp_cons % XNF_ENTRIES]];
		vif_pattern(vif_page(vif, 0), 4096, 0);
		vif_put(vif, 0, 0, late.lent ? 1500 : 4096);
		poll(vif);
	}
	assert_int_equal(late.calls, 2);
	/* and then it is lent again */
	assert_true(host_grant_write(vif->xen, late.reference, 0, "x", 1));
}

/* ---- Anything may fail ------------------------------------------------ */

static uint64_t hypercalls_before_detach;

/* Attach, a frame each way, detach; whatever comes of it. */
static void
live(struct vif *vif, bool must_work)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xnf_driver, NULL };
	struct pv_bus_config config = {
		.port = sim_machine_port(vif->world->machine),
		.drivers = drivers,
	};
	const struct pv_device *device;
	struct vif_frame frame;
	uint8_t bytes[60];

	vif_pattern(bytes, sizeof(bytes), 0);
	if (pv_bus_attach(&config, &vif->world->bus) != PV_OK)
		return;
	device = pv_bus_devices(vif->world->bus);
	while (device != NULL && strcmp(device->name, "xnf0") != 0)
		device = device->next;
	vif->nic = device != NULL ? device->nic : NULL;
	vif_run(vif, PV_SECOND);
	if (vif->nic != NULL) {
		assert_true(vif->nic->link || !must_work);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		vif_transmit(vif, 0, &frame);
		pv_nic_kick(vif->nic, 0);
		host_netback_send(vif->net,
		    &(struct host_frame){ .bytes = bytes, .length = 60 });
		vif_run(vif, PV_SECOND);
		hypercalls_before_detach =
		    host_xen_counts(vif->xen)->hypercalls;
		pv_bus_detach(vif->world->bus);
		assert_int_equal(frame.done, 1);
	} else
		pv_bus_detach(vif->world->bus);
	vif->world->bus = NULL;
}

static void
one_world(void (*set)(struct vif *, unsigned), unsigned nth)
{
	void *state;
	struct vif *vif;

	assert_int_equal(vif_setup(&state), 0);
	vif = state;
	vif_machine(vif, NULL);
	vif_nic(vif, NULL);
	if (set != NULL)
		set(vif, nth);
	live(vif, set == NULL);
	assert_int_equal(vif_teardown(&state), 0);
}

static void
fail_alloc(struct vif *vif, unsigned nth)
{
	sim_machine_fail_alloc(vif->world->machine, nth);
}

static void
fail_hypercall(struct vif *vif, unsigned nth)
{
	host_xen_manners(vif->xen)->fail_nth = nth;
	host_xen_manners(vif->xen)->fail_with = -XEN_ENOSPC;
}

static void
test_50_each_allocation_fails_once(void **state)
{
	(void)state;
	one_world(NULL, 0);
	for (unsigned nth = 1; nth < 80; nth++)
		one_world(fail_alloc, nth);
}

static void
test_50_each_hypercall_fails_once(void **state)
{
	uint64_t limit;

	(void)state;
	one_world(NULL, 0);
	/* and those that close the NIC; what comes then is that of xen0 */
	limit = hypercalls_before_detach + 4;
	for (unsigned nth = 1; nth < limit; nth++)
		one_world(fail_hypercall, nth);
}

static void
test_50_grant_table_is_too_small(void **state)
{
	(void)state;
	for (unsigned frames = 1; frames < 4; frames++) {
		void *lab;
		struct vif *vif;

		assert_int_equal(vif_setup(&lab), 0);
		vif = lab;
		vif_machine(vif,
		    &(struct host_xen_config){ .vcpus = 1,
			.domain = 7,
			.name = "guest",
			.grant_frames = frames });
		vif_nic(vif, NULL);
		live(vif, false);
		assert_int_equal(vif_teardown(&lab), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vif_test(test_01_producer_runs_ahead),
		vif_test(test_01_receive_producer_runs_ahead),
		vif_test(test_02_producer_moves_backwards),
		vif_test(test_02_receive_producer_moves_backwards),
		vif_test(test_03_producer_jumps_while_we_drain),
		vif_test(test_04_our_own_indices_are_rewritten),
		vif_test(test_06_counters_wrap),
		vif_test(test_07_event_words_of_any_value),
		vif_test(test_08_event_for_an_empty_ring),
		vif_test(test_09_entries_change_after_they_are_read),
		vif_test(test_10_id_out_of_range),
		vif_test(test_10_received_id_of_another_place),
		vif_test(test_11_id_that_was_never_issued),
		vif_test(test_12_answered_twice),
		vif_test(test_12_answered_twice_by_netback),
		vif_test(test_13_id_of_another_queue),
		vif_test(test_14_id_of_another_connection),
		vif_test(test_15_answer_of_another_kind),
		vif_test(test_16_late_answer_after_the_id_was_used_again),
		vif_test(test_17_id_of_zero),
		vif_test(test_17_id_of_all_ones),
		vif_test(test_18_length_of_zero),
		vif_test(test_19_longer_than_the_page),
		vif_test(test_20_offset_behind_the_page),
		vif_test(test_21_offset_and_length_wrap),
		vif_test(test_23_status_that_nobody_knows),
		vif_test(test_24_chain_without_end),
		vif_test(test_24_chain_that_is_too_long),
		vif_test(test_24_chain_cut_by_the_producer),
		vif_test(test_24_error_in_each_fragment),
		vif_test(test_25_extras_that_are_good),
		vif_test(test_25_extras_that_nobody_knows),
		vif_test(test_25_extras_that_come_twice),
		vif_test(test_25_extras_without_end),
		vif_test(test_25_impossible_segmentation),
		vif_test(test_25_blank_checksum_of_no_packet),
		vif_test(test_29_answer_before_the_request),
		vif_test(test_29_answer_before_it_was_told),
		vif_test(test_29_answer_that_never_comes),
		vif_test(test_29_answers_in_any_order),
		vif_test(test_39_storm_of_events),
		vif_test(test_40_events_of_ports_that_are_not_ours),
		vif_test(test_41_masked_port_fires),
		vif_test(test_42_events_without_interrupts),
		vif_test(test_42_lost_events),
		vif_test(test_42_back_end_never_signals),
		vif_test(test_45_frame_is_held_for_ever),
		vif_test(test_46_frame_is_held_for_a_while),
		vif_test(test_45_host_keeps_the_memory_of_many_frames),
		vif_test(test_45_receive_page_is_held),
		vif_test(test_45_host_keeps_many_receive_pages),
		vif_test(test_45_everything_is_held_for_ever),
		vif_test(test_48_neighbours_of_a_frame),
		vif_test(test_48_frames_are_lent_to_be_read),
		vif_test(test_49_data_changes_while_it_is_looked_at),
		cmocka_unit_test(test_50_each_allocation_fails_once),
		cmocka_unit_test(test_50_each_hypercall_fails_once),
		cmocka_unit_test(test_50_grant_table_is_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
