/* SPDX-License-Identifier: ISC */
/*
 * What a frame costs: all that is counted, exactly.  Linux's netvsc puts as many
 * short frames into a section as the stack hands over together, and acknowledges
 * what it received in batches.
 */
#include "tests/support/hv_vif.h"

#define BATCH 8u

struct cost {
	uint64_t requests, bytes, slots, copies, hypercalls, signals, published,
	    stalls;
};

static struct cost
cost_of(const struct hv_vif *vif, const struct pv_stats *before)
{
	const struct pv_stats *now = &vif->device->stats;

	return (struct cost){
		.requests = now->requests - before->requests,
		.bytes = now->bytes - before->bytes,
		.slots = now->slots - before->slots,
		.copies = now->copies - before->copies,
		.hypercalls = now->hypercalls - before->hypercalls,
		.signals = now->signals - before->signals,
		.published = now->published - before->published,
		.stalls = now->stalls - before->stalls,
	};
}

static void
start(struct hv_vif *vif)
{
	/* signals are hypercalls, to be counted */
	hv_vif_machine(vif, &(struct host_hyperv_config){ .no_monitor = true },
	    1);
	hv_vif_nic(vif, NULL);
	hv_vif_attach(vif);
	vif->drop = true;
	hv_vif_run(vif, PV_MILLISECOND);
}

static struct vif_frame frames[256];
static uint8_t bytes[9014];

/* `count` frames, told of by one kick. */
static struct cost
put(struct hv_vif *vif, size_t len, unsigned count)
{
	struct pv_stats before = vif->device->stats;

	vif_pattern(bytes, len, 0);
	for (unsigned i = 0; i < count; i++) {
		vif_frame(&frames[i], bytes, PV_NO_PHYSICAL, len);
		hv_vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	return cost_of(vif, &before);
}

static void
ended(struct hv_vif *vif, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		hv_vif_wait(vif, &frames[i]);
		assert_int_equal(frames[i].frame.error, PV_OK);
	}
	hv_vif_run(vif, PV_MILLISECOND);
}

/* One packet, one store of the index, one signal. */
static void
test_eight_short_frames_are_one_packet_and_one_signal(void **state)
{
	struct hv_vif *vif = *state;
	struct cost cost;

	start(vif);
	for (size_t len = 64; len <= 600; len += 64) {
		uint64_t packets = host_netvsp_counts(vif->net)->tx_packets;

		cost = put(vif, len, BATCH);
		assert_int_equal(cost.requests, BATCH);
		assert_int_equal(cost.bytes, BATCH * len);
		assert_int_equal(cost.copies, BATCH);
		assert_int_equal(cost.slots, 1);
		assert_int_equal(cost.published, 1);
		assert_in_range(cost.signals, 0, 1);
		assert_int_equal(cost.hypercalls, cost.signals);
		ended(vif, BATCH);
		assert_int_equal(host_netvsp_counts(vif->net)->tx_packets -
			packets,
		    1);
	}
	assert_int_equal(host_netvsp_counts(vif->net)->tx_direct, 0);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

/* Three of the usual MTU fill a section of 6144 bytes. */
static void
test_eight_long_ethernet_frames_are_three_packets_and_one_signal(void **state)
{
	struct hv_vif *vif = *state;
	struct cost cost;

	start(vif);
	cost = put(vif, 1514, BATCH);
	assert_int_equal(cost.copies, BATCH);
	assert_int_equal(cost.slots, 3);
	assert_int_equal(cost.published, 1);
	assert_int_equal(cost.signals, 1);
	ended(vif, BATCH);
	assert_int_equal(host_netvsp_counts(vif->net)->tx_packets, 3);
	assert_int_equal(host_netvsp_counts(vif->net)->tx_frames, BATCH);
	assert_int_equal(host_netvsp_counts(vif->net)->tx_sections, 3);
}

static void
test_no_more_frames_in_a_packet_than_the_host_takes(void **state)
{
	struct hv_vif *vif = *state;
	struct cost cost;

	hv_vif_start(vif, &(struct host_netvsp_config){ .aggregate = 3 });
	vif->drop = true;
	cost = put(vif, 64, 9);
	assert_int_equal(cost.slots, 3);
	ended(vif, 9);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

static void
test_no_more_bytes_in_a_packet_than_the_host_takes(void **state)
{
	struct hv_vif *vif = *state;
	struct cost cost;

	hv_vif_start(vif,
	    &(struct host_netvsp_config){ .aggregate_size = 1024 });
	vif->drop = true;
	cost = put(vif, 300, 9);
	assert_int_equal(cost.slots, 5); /* two of 344 bytes in each */
	ended(vif, 9);
	/* one that is longer goes alone */
	cost = put(vif, 1514, 2);
	assert_int_equal(cost.slots, 2);
	ended(vif, 2);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

/* Messages begin where the host wants them to. */
static void
test_messages_are_aligned(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif,
	    &(struct host_netvsp_config){ .aggregate_align = 256 });
	vif->drop = true;
	for (size_t len = 60; len < 70; len++) {
		assert_int_equal(put(vif, len, BATCH).slots, 1);
		ended(vif, BATCH);
	}
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
	assert_int_equal(vif->peer.count, 10 * BATCH);
}

static void
test_a_long_frame_is_not_copied(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;
	struct pv_stats before;
	uint64_t physical;
	uint8_t *pages;
	struct cost cost;

	start(vif);
	pages = hv_vif_pages(vif, 16, &physical);
	vif_packet(pages, 54 + 40960, false, true);
	vif_frame(&frame, pages, physical, 54 + 40960);
	vif_blank(&frame, false, true);
	frame.frame.segmentation = PV_SEGMENT_TCP4;
	frame.frame.segment_size = 1448;
	before = vif->device->stats;
	hv_vif_transmit(vif, 0, &frame);
	pv_nic_kick(vif->nic, 0);
	cost = cost_of(vif, &before);
	assert_int_equal(cost.slots, 1);
	assert_int_equal(cost.copies, 1); /* its headers */
	assert_int_equal(cost.published, 1);
	assert_int_equal(cost.signals, 1);
	hv_vif_wait(vif, &frame);
	assert_int_equal(frame.frame.error, PV_OK);
	assert_int_equal(host_netvsp_counts(vif->net)->tx_direct, 1);
}

/* Receiving costs a copy, and one packet in all that tells the host so. */
static void
test_frames_received_together_are_acknowledged_together(void **state)
{
	struct hv_vif *vif = *state;
	struct pv_stats before;
	struct cost cost;

	start(vif);
	vif_pattern(bytes, 1514, 1);
	hv_vif_address(vif, bytes);
	for (unsigned n = 1; n <= 64; n *= 2) {
		before = vif->device->stats;
		for (unsigned i = 0; i < n; i++)
			assert_true(host_netvsp_send(vif->net,
			    &(struct host_nv_frame){ .bytes = bytes,
				.length = 1514 }));
		hv_vif_arrive(vif, &vif->guest, vif->guest.count + n);
		hv_vif_run(vif, PV_MILLISECOND);
		cost = cost_of(vif, &before);
		assert_int_equal(cost.requests, n);
		assert_int_equal(cost.copies, n);
		assert_int_equal(cost.slots, 1); /* the completion */
		assert_in_range(cost.signals, 0, 1);
		assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use,
		    0);
	}
}

/* Their ring has room for four thousand, and the host takes none of them. */
static void
test_no_completion_is_lost_while_the_ring_is_full(void **state)
{
	struct hv_vif *vif = *state;
	struct hvn_queue *queue;
	unsigned sent = 0;
	uint64_t before;

	start(vif);
	before = host_netvsp_counts(vif->net)->rx_completions;
	queue = hv_vif_queue(vif, 0);
	host_netvsp_manners(vif->net)->stop = true;
	vif_pattern(bytes, 60, 1);
	hv_vif_address(vif, bytes);
	for (unsigned i = 0; i < 6000; i++) {
		sent += host_netvsp_send(vif->net,
		    &(struct host_nv_frame){ .bytes = bytes, .length = 60 });
		hv_vif_arrive(vif, &vif->guest, sent);
	}
	assert_int_equal(sent, 6000);
	assert_in_range(queue->rx.acks.count, 1000, 6000);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 6000);
	host_netvsp_manners(vif->net)->stop = false;
	host_netvsp_look(vif->net);
	hv_vif_run(vif, PV_SECOND);
	assert_int_equal(queue->rx.acks.count, 0);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
	assert_int_equal(host_netvsp_counts(vif->net)->rx_completions - before,
	    6000);
	hv_vif_works(vif);
}

/* Nothing goes on: nothing is written, and nobody called. */
static void
test_an_idle_queue_costs_nothing(void **state)
{
	struct hv_vif *vif = *state;
	struct pv_stats before;
	struct cost cost;

	start(vif);
	hv_vif_run(vif, 2 * PV_SECOND);
	before = vif->device->stats;
	for (unsigned i = 0; i < 1000; i++)
		pv_bus_poll(vif->world->bus, 64);
	cost = cost_of(vif, &before);
	assert_memory_equal(&cost, &(struct cost){ 0 }, sizeof(cost));
	/* it is looked at once a second, in case an event was lost */
	assert_in_range(vif->device->driver->deadline(vif->device),
	    sim_now(vif->world->sim) + 1,
	    sim_now(vif->world->sim) + PV_SECOND);
	hv_vif_run(vif, 100 * PV_SECOND);
	cost = cost_of(vif, &before);
	assert_memory_equal(&cost, &(struct cost){ 0 }, sizeof(cost));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(
		    test_eight_short_frames_are_one_packet_and_one_signal),
		hv_vif_test(
		    test_eight_long_ethernet_frames_are_three_packets_and_one_signal),
		hv_vif_test(
		    test_no_more_frames_in_a_packet_than_the_host_takes),
		hv_vif_test(test_no_more_bytes_in_a_packet_than_the_host_takes),
		hv_vif_test(test_messages_are_aligned),
		hv_vif_test(test_a_long_frame_is_not_copied),
		hv_vif_test(
		    test_frames_received_together_are_acknowledged_together),
		hv_vif_test(test_no_completion_is_lost_while_the_ring_is_full),
		hv_vif_test(test_an_idle_queue_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
