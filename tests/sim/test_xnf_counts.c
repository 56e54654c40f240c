/* SPDX-License-Identifier: ISC */
/*
 * What a frame costs: all that is counted, exactly.  Linux's xen-netfront
 * writes a grant for each slot, either way, and ends it again.
 */
#include "tests/support/vif.h"

#define BURST 16

struct cost {
	uint64_t requests, bytes, slots, copies, grants, hypercalls, signals,
	    elided, events, spurious, stalls;
};

static struct cost
cost_of(const struct vif *vif, const struct pv_stats *before)
{
	const struct pv_stats *now = &vif->device->stats;

	return (struct cost){
		.requests = now->requests - before->requests,
		.bytes = now->bytes - before->bytes,
		.slots = now->slots - before->slots,
		.copies = now->copies - before->copies,
		.grants = now->grants - before->grants,
		.hypercalls = now->hypercalls - before->hypercalls,
		.signals = now->signals - before->signals,
		.elided = now->elided - before->elided,
		.events = now->events - before->events,
		.spurious = now->spurious - before->spurious,
		.stalls = now->stalls - before->stalls,
	};
}

static void
costs(struct cost got, struct cost expected)
{
	assert_int_equal(got.requests, expected.requests);
	assert_int_equal(got.bytes, expected.bytes);
	assert_int_equal(got.slots, expected.slots);
	assert_int_equal(got.copies, expected.copies);
	assert_int_equal(got.grants, expected.grants);
	assert_int_equal(got.hypercalls, expected.hypercalls);
	assert_int_equal(got.signals, expected.signals);
	assert_int_equal(got.elided, expected.elided);
	assert_int_equal(got.events, expected.events);
	assert_int_equal(got.spurious, expected.spurious);
	assert_int_equal(got.stalls, expected.stalls);
}

static void
start(struct vif *vif)
{
	vif_start(vif, NULL);
	vif->drop = true;
	vif_run(vif, PV_MILLISECOND); /* the signals of the connection */
}

/* `count` frames, told of by one kick. */
static struct cost
out(struct vif *vif, size_t len, unsigned count)
{
	static struct vif_frame frames[256];
	struct pv_stats before = vif->device->stats;
	uint64_t physical;
	void *bytes = vif_pages(vif, 16, &physical);
	struct cost cost;

	vif_pattern(bytes, len, 0);
	for (unsigned i = 0; i < count; i++) {
		vif_frame(&frames[i], bytes, physical, len);
		vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	for (unsigned i = 0; i < count; i++) {
		vif_wait(vif, &frames[i]);
		assert_int_equal(frames[i].frame.error, PV_OK);
	}
	vif_run(vif, PV_MILLISECOND);
	cost = cost_of(vif, &before);
	return cost;
}

static struct cost
in(struct vif *vif, size_t len, unsigned count)
{
	static uint8_t bytes[65535];
	struct pv_stats before = vif->device->stats;
	unsigned arrived = vif->guest.count;

	vif_pattern(bytes, len, 0);
	for (unsigned i = 0; i < count; i++)
		assert_true(host_netback_send(vif->net,
		    &(struct host_frame){ .bytes = bytes, .length = len }));
	vif_arrive(vif, &vif->guest, arrived + count);
	vif_run(vif, PV_MILLISECOND);
	return cost_of(vif, &before);
}

/* One hypercall, which is the signal, and one copy; no grant. */
static void
test_a_short_frame_out(void **state)
{
	struct vif *vif = *state;

	start(vif);
	for (size_t len = 64; len <= 1514; len += 1450)
		costs(out(vif, len, 1),
		    (struct cost){ .requests = 1,
			.bytes = len,
			.slots = 1,
			.copies = 1,
			.hypercalls = 1,
			.signals = 1,
			.events = 1 });
}

/* No hypercall at all. */
static void
test_a_short_frame_in(void **state)
{
	struct vif *vif = *state;

	start(vif);
	for (size_t len = 64; len <= 1514; len += 1450)
		costs(in(vif, len, 1),
		    (struct cost){ .requests = 1,
			.bytes = len,
			.slots = 1,
			.copies = 1,
			.elided = 1,
			.events = 1 });
}

static void
test_many_short_frames_out(void **state)
{
	struct vif *vif = *state;

	start(vif);
	for (size_t len = 64; len <= 1514; len += 1450)
		costs(out(vif, len, BURST),
		    (struct cost){ .requests = BURST,
			.bytes = BURST * len,
			.slots = BURST,
			.copies = BURST,
			.hypercalls = 1,
			.signals = 1,
			.events = 1 });
}

static void
test_many_short_frames_in(void **state)
{
	struct vif *vif = *state;

	start(vif);
	for (size_t len = 64; len <= 1514; len += 1450)
		costs(in(vif, len, BURST),
		    (struct cost){ .requests = BURST,
			.bytes = BURST * len,
			.slots = BURST,
			.copies = BURST,
			.elided = 1,
			.events = 1 });
}

static void
test_a_full_ring_is_told_of_once(void **state)
{
	struct vif *vif = *state;

	start(vif);
	costs(out(vif, 64, 256),
	    (struct cost){ .requests = 256,
		.bytes = 256 * 64,
		.slots = 256,
		.copies = 256,
		.hypercalls = 1,
		.signals = 1,
		.events = 1 });
	assert_int_equal(host_netback_counts(vif->net)->tx_frames, 256);
}

/* A grant for each page, and nothing is copied. */
static void
test_a_long_frame_out(void **state)
{
	struct vif *vif = *state;

	start(vif);
	costs(out(vif, 9014, 1),
	    (struct cost){ .requests = 1,
		.bytes = 9014,
		.slots = 3,
		.grants = 3,
		.hypercalls = 1,
		.signals = 1,
		.events = 1 });
	costs(out(vif, 65535, 1),
	    (struct cost){ .requests = 1,
		.bytes = 65535,
		.slots = 16,
		.grants = 16,
		.hypercalls = 1,
		.signals = 1,
		.events = 1 });
}

static void
test_a_long_frame_in(void **state)
{
	struct vif *vif = *state;

	start(vif);
	costs(in(vif, 9014, 1),
	    (struct cost){ .requests = 1,
		.bytes = 9014,
		.slots = 3,
		.grants = 3,
		.elided = 1,
		.events = 1 });
	costs(in(vif, 65535, 1),
	    (struct cost){ .requests = 1,
		.bytes = 65535,
		.slots = 16,
		.grants = 16,
		.elided = 1,
		.events = 1 });
}

/* Headers in front of a payload elsewhere, as TCP makes them: the headers are
 * copied, so the host sees none of their neighbours. */
static void
test_headers_are_copied_and_payload_is_lent(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	struct pv_stats before;
	uint64_t physical;
	uint8_t *bytes;

	start(vif);
	bytes = vif_pages(vif, 16, &physical);
	vif_packet(bytes + 4096 - 54, 54 + 40960, false, true);
	vif_frame(&frame, bytes + 4096 - 54, physical + 4096 - 54, 54 + 40960);
	vif_blank(&frame, false, true);
	frame.frame.segmentation = PV_SEGMENT_TCP4;
	frame.frame.segment_size = 1448;
	before = vif->device->stats;
	assert_int_equal(vif_send(vif, &frame), PV_OK);
	costs(cost_of(vif, &before),
	    (struct cost){ .requests = 1,
		.bytes = 54 + 40960,
		.slots = 1 + 1 + 10, /* and one that says how to cut it */
		.copies = 1,
		.grants = 10,
		.hypercalls = 1,
		.signals = 1,
		.events = 1 });
}

/* Both rings of a queue are told of by one signal. */
static void
test_one_signal_for_both_rings(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	struct pv_stats before;
	uint8_t bytes[64];

	start(vif);
	vif_pattern(bytes, sizeof(bytes), 0);
	/* the back end wants to hear of buffers, and of frames */
	vif_queue(vif, 0)->rx.ring.shared->req_event =
	    vif_queue(vif, 0)->rx.ring.req_prod + 1;
	assert_true(host_netback_send(vif->net,
	    &(struct host_frame){ .bytes = bytes, .length = sizeof(bytes) }));
	sim_advance(vif->world->sim, sim_now(vif->world->sim) + 1000);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 0, &frame);
	before = vif->device->stats;
	pv_bus_poll(vif->world->bus, 64);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->device->stats.signals - before.signals, 1);
	assert_int_equal(vif->device->stats.hypercalls - before.hypercalls, 1);
	vif_wait(vif, &frame);
}

/* And two channels by one hypercall. */
static void
test_one_hypercall_for_two_channels(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	struct pv_stats before;
	uint8_t bytes[64];

	vif_start(vif, &(struct host_nic_config){ .split = true });
	vif_run(vif, PV_MILLISECOND);
	vif_pattern(bytes, sizeof(bytes), 0);
	vif_queue(vif, 0)->rx.ring.shared->req_event =
	    vif_queue(vif, 0)->rx.ring.req_prod + 1;
	assert_true(host_netback_send(vif->net,
	    &(struct host_frame){ .bytes = bytes, .length = sizeof(bytes) }));
	sim_advance(vif->world->sim, sim_now(vif->world->sim) + 1000);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 0, &frame);
	before = vif->device->stats;
	pv_bus_poll(vif->world->bus, 64);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->device->stats.signals - before.signals, 2);
	assert_int_equal(vif->device->stats.hypercalls - before.hypercalls, 1);
	vif_wait(vif, &frame);
}

/* The end of a frame is in no hurry while half of the others are under way. */
static void
test_half_of_the_answers_are_not_announced(void **state)
{
	struct vif *vif = *state;
	static struct vif_frame frames[32];
	struct ring *ring;
	uint8_t bytes[64];

	start(vif);
	ring = &vif_queue(vif, 0)->tx.ring;
	host_netback_manners(vif->net)->stop = true;
	vif_pattern(bytes, sizeof(bytes), 0);
	for (unsigned i = 0; i < 32; i++) {
		vif_frame(&frames[i], bytes, PV_NO_PHYSICAL, sizeof(bytes));
		vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	vif_run(vif, PV_MILLISECOND);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	pv_bus_poll(vif->world->bus, 64);
	assert_int_equal(frames[0].done, 1);
	assert_int_equal(ring->shared->rsp_event - ring->rsp_cons, 31 / 2 + 1);
	for (unsigned i = 1; i < 32; i++)
		vif_answer(vif, vif_request(vif, 0).id, XEN_NET_OKAY);
	pv_bus_poll(vif->world->bus, 64);
	assert_int_equal(frames[31].done, 1);
	assert_int_equal(ring->shared->rsp_event - ring->rsp_cons, 1);
}

/* Nothing goes on: nothing is written, and nobody called. */
static void
test_an_idle_queue_costs_nothing(void **state)
{
	struct vif *vif = *state;
	struct pv_stats before;

	start(vif);
	before = vif->device->stats;
	for (unsigned i = 0; i < 1000; i++)
		pv_bus_poll(vif->world->bus, 64);
	costs(cost_of(vif, &before), (struct cost){ 0 });
	/* once a second, for an event that got lost */
	assert_in_range(pv_bus_deadline(vif->world->bus),
	    sim_now(vif->world->sim) + PV_SECOND / 2,
	    sim_now(vif->world->sim) + PV_SECOND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vif_test(test_a_short_frame_out),
		vif_test(test_a_short_frame_in),
		vif_test(test_many_short_frames_out),
		vif_test(test_many_short_frames_in),
		vif_test(test_a_full_ring_is_told_of_once),
		vif_test(test_a_long_frame_out),
		vif_test(test_a_long_frame_in),
		vif_test(test_headers_are_copied_and_payload_is_lent),
		vif_test(test_one_signal_for_both_rings),
		vif_test(test_one_hypercall_for_two_channels),
		vif_test(test_half_of_the_answers_are_not_announced),
		vif_test(test_an_idle_queue_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
