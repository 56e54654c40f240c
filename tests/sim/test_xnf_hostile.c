/* SPDX-License-Identifier: ISC */
/*
 * xnf and a back end that lies about its rings and ids.  The number in a name is that of the list of
 * bad inputs that each driver survives; wanted is always: no access elsewhere
 * and nothing leaked (the sanitizers and the teardown see to that), each frame
 * ends once, a counter rises, and the device drops the item or is broken.
 */
#include "tests/support/hostile.h"

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

/* ---- Indices ---------------------------------------------------------- */

static void
test_01_producer_runs_ahead(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->tx_producer_jump = 300;
	host_netback_look(vif->net);
	vif_until(vif, vif_is_broken, "broken");
	hostile_is_broken(vif, "impossible number of transmit responses");
	hostile_ended(&frame, PV_EPROTO);
	assert_int_equal(vif->device->stats.bad_index, 1);
	hostile_submit(vif, &frame, 60);
	hostile_ended(&frame, PV_EPROTO);
}

static void
test_01_receive_producer_runs_ahead(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	vif_queue(vif, 0)->rx.ring.shared->rsp_prod += XNF_ENTRIES + 1;
	hostile_poll(vif);
	hostile_is_broken(vif, "impossible number of received frames");
	hostile_ended(&frame, PV_EPROTO);
	assert_int_equal(vif->device->stats.bad_index, 1);
}

static void
test_02_producer_moves_backwards(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[2];

	hostile_start(vif);
	hostile_submit(vif, &frame[0], 60);
	hostile_submit(vif, &frame[1], 60);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	hostile_poll(vif);
	hostile_ended(&frame[0], PV_OK);
	vif_queue(vif, 0)->tx.ring.shared->rsp_prod--;
	hostile_poll(vif);
	hostile_is_broken(vif, "impossible number of transmit responses");
	hostile_ended(&frame[1], PV_EPROTO);
}

static void
test_02_receive_producer_moves_backwards(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	hostile_still_receives(vif);
	vif_queue(vif, 0)->rx.ring.shared->rsp_prod--;
	hostile_poll(vif);
	hostile_is_broken(vif, "impossible number of received frames");
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

	hostile_start(vif);
	jumping = vif;
	jumped = 0;
	vif->nic->receive = jump;
	for (unsigned i = 0; i < 10; i++)
		vif_put(vif, 0, 0, 60);
	assert_true(pv_bus_poll(vif->world->bus, 64));
	assert_int_equal(jumped, 10);
	hostile_poll(vif);
	assert_int_equal(jumped, 20);
	/* and no pass is longer than it may be */
	pv_bus_poll(vif->world->bus, 4);
	assert_int_equal(jumped, 24);
	hostile_is_not_broken(vif);
}

static void
test_04_our_own_indices_are_rewritten(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	for (unsigned i = 0; i < 1000; i++) {
		struct xen_ring *tx = vif_queue(vif, 0)->tx.ring.shared;
		struct xen_ring *rx = vif_queue(vif, 0)->rx.ring.shared;

		tx->req_prod = rx->req_prod = 0xdead0000 + i;
		tx->rsp_event = rx->rsp_event = 0xbeef0000 - i;
		hostile_submit(vif, &frame, 60);
		assert_int_equal(tx->req_prod, i + 1);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		hostile_still_receives(vif);
		hostile_ended(&frame, PV_OK);
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

	hostile_start(vif);
	queue = vif_queue(vif, 0);
	near_the_end(&queue->tx.ring, 0);
	near_the_end(&queue->rx.ring, XNF_ENTRIES);
	queue->tx.armed = queue->rx.armed = queue->tx.ring.rsp_cons;
	for (unsigned i = 0; i < 3 * XNF_ENTRIES; i++) {
		union xen_net_rx_entry entry = {
			.response = { .id = (uint16_t)queue->rx.ring.rsp_cons,
			    .status = 60 },
		};

		hostile_submit(vif, &frame, 60);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		vif_put_entry(vif, &entry);
		hostile_poll(vif);
		hostile_ended(&frame, PV_OK);
		assert_int_equal(vif->guest.count, i + 1);
	}
	assert_in_range(queue->tx.ring.rsp_cons, 1, 3 * XNF_ENTRIES);
	hostile_is_not_broken(vif);
}

static void
test_07_event_words_of_any_value(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	struct pv_stats before;

	hostile_start(vif);
	before = vif->device->stats;
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t any = (uint32_t)sim_random(vif->world->sim, 1u << 31);

		vif_queue(vif, 0)->tx.ring.shared->req_event = any * 3;
		vif_queue(vif, 0)->rx.ring.shared->req_event = any * 5;
		hostile_submit(vif, &frame, 60);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		hostile_still_receives(vif);
		hostile_ended(&frame, PV_OK);
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

	hostile_start(vif);
	spurious = vif->device->stats.spurious;
	host_xen_raise(vif->xen, vif_queue(vif, 0)->channel.port);
	vif_run(vif, PV_SECOND);
	assert_in_range(vif->device->stats.spurious, spurious + 1,
	    spurious + 2);
	hostile_still_receives(vif);
}

/* Each entry and each byte of a short frame is read once, and what was read
 * first counts. */
static void
test_09_entries_change_after_they_are_read(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[3];
	uint8_t expected[100];

	hostile_start(vif);
	vif_pattern(expected, sizeof(expected), 7);
	for (unsigned i = 0; i < 300; i++) {
		hostile_submit(vif, &frame[i % 3], 60);
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
		memcpy(vif_page(vif, 0) + 2, expected, sizeof(expected));
		reads.watched = vif_page(vif, 0);
		reads.watched_size = PV_PAGE_SIZE;
		reads.reads = 0;
		vif_put(vif, 2, 0, 100);
		reads.change = true;
		hostile_poll(vif);
		reads.change = false;
		hostile_ended(&frame[i % 3], PV_OK);
		assert_int_equal(reads.reads, 1);
		assert_memory_equal(vif->guest.first->bytes, expected,
		    sizeof(expected));
		vif_forget(&vif->guest);
	}
	reads.watched = ring_entry(&vif_queue(vif, 0)->rx.ring,
	    vif_queue(vif, 0)->rx.ring.rsp_cons);
	reads.watched_size = sizeof(union xen_net_rx_entry);
	reads.reads = 0;
	hostile_still_receives(vif);
	assert_int_equal(reads.reads, 1);
}

/* ---- Ids -------------------------------------------------------------- */

static void
bad_id(struct vif *vif, unsigned id)
{
	uint64_t before = vif->device->stats.bad_id;

	vif_answer(vif, id, XEN_NET_OKAY);
	hostile_poll(vif);
	hostile_is_broken(vif, "transmit response to no request");
	assert_int_equal(vif->device->stats.bad_id, before + 1);
}

static void
test_10_id_out_of_range(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	bad_id(vif, vif_request(vif, 0).id ^ 0x8000);
	hostile_ended(&frame, PV_EPROTO);
}

/* Where it says something else, what counts is the place; the frame is lost. */
static void
test_10_received_id_of_another_place(void **state)
{
	struct vif *vif = *state;
	static const int ids[] = { 0xffff, 1, 255, 256 };

	hostile_start(vif);
	for (unsigned i = 0; i < 4; i++) {
		union xen_net_rx_entry entry = {
			.response = { .id = (uint16_t)(ids[i] + (int)i * 2),
			    .status = 60 },
		};

		vif_put_entry(vif, &entry);
		hostile_poll(vif);
		assert_int_equal(vif->guest.count, i);
		assert_int_equal(vif->device->stats.bad_id, i + 1);
		hostile_still_receives(vif);
	}
}

static void
test_11_id_that_was_never_issued(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	bad_id(vif, (vif_request(vif, 0).id & 0xff00) | 200);
	hostile_ended(&frame, PV_EPROTO);
}

static void
test_12_answered_twice(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[2];
	unsigned id;

	hostile_start(vif);
	hostile_submit(vif, &frame[0], 60);
	hostile_submit(vif, &frame[1], 60);
	id = vif_request(vif, 0).id;
	vif_answer(vif, id, XEN_NET_OKAY);
	bad_id(vif, id);
	hostile_ended(&frame[0], PV_OK);
	hostile_ended(&frame[1], PV_EPROTO);
}

/* The model does so, too. */
static void
test_12_answered_twice_by_netback(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame[2];

	hostile_start(vif);
	hostile_submit(vif, &frame[0], 60);
	hostile_submit(vif, &frame[1], 60);
	host_netback_manners(vif->net)->stop = false;
	host_netback_manners(vif->net)->tx_twice_nth = 1;
	host_netback_look(vif->net);
	vif_until(vif, vif_is_broken, "broken");
	/* three answers to two requests: none of them is believed */
	hostile_is_broken(vif, "impossible number of transmit responses");
	hostile_ended(&frame[0], PV_EPROTO);
	hostile_ended(&frame[1], PV_EPROTO);
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
	hostile_poll(vif);
	hostile_is_broken(vif, "impossible number of transmit responses");
	hostile_ended(&frame, PV_EPROTO);
}

/* Of a request that ended when the connection did. */
static void
test_14_id_of_another_connection(void **state)
{
	struct vif *vif = *state;
	struct vif_frame old, new;
	unsigned id;

	hostile_start(vif);
	hostile_submit(vif, &old, 60);
	id = vif_request(vif, 0).id;
	host_netback_restart(vif->net, &(struct host_nic_config){ .mtu = 0 });
	vif_until(vif, vif_is_down, "down");
	vif_until(vif, vif_is_up, "up");
	hostile_ended(&old, PV_EIO);
	hostile_submit(vif, &new, 60);
	bad_id(vif, id);
	hostile_ended(&new, PV_EPROTO);
}

/* A slot of extra information is answered, and there was none. */
static void
test_15_answer_of_another_kind(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_NULL);
	hostile_poll(vif);
	hostile_is_broken(vif, "null response to no request");
	assert_int_equal(vif->device->stats.bad_id, 1);
	hostile_ended(&frame, PV_EPROTO);
}

static void
test_16_late_answer_after_the_id_was_used_again(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	unsigned first;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	first = vif_request(vif, 0).id;
	vif_answer(vif, first, XEN_NET_OKAY);
	hostile_poll(vif);
	hostile_submit(vif, &frame, 60);
	assert_int_equal(vif_request(vif, 0).id & 0xff, first & 0xff);
	bad_id(vif, first);
	hostile_ended(&frame, PV_EPROTO);
}

static void
test_17_id_of_zero(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	bad_id(vif, 0);
	hostile_ended(&frame, PV_EPROTO);
}

static void
test_17_id_of_all_ones(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	hostile_submit(vif, &frame, 60);
	bad_id(vif, 0xffff);
	hostile_ended(&frame, PV_EPROTO);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
