/* SPDX-License-Identifier: ISC */
/* Completions, rings, events and memory of a host that breaks the rules. */
#include "tests/support/hv_hostile.h"

static uint8_t bytes[1514];

#define NOTHING_SENT "completion of nothing that was sent"
#define BAD_RING "impossible packet or index of a ring"

static struct vif_frame frames[64];

/* So many on their way, which nobody has answered: every one a packet. */
static void
submit(struct hv_vif *vif, unsigned count)
{
	vif_pattern(bytes, 100, 0);
	for (unsigned i = 0; i < count; i++) {
		vif_frame(&frames[i], bytes, PV_NO_PHYSICAL, 100);
		hv_vif_transmit(vif, 0, &frames[i]);
		pv_nic_kick(vif->nic, 0);
	}
}

static void
ended(unsigned count, int error)
{
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(frames[i].done, 1);
		assert_int_equal(frames[i].frame.error, error);
	}
}

static struct host_ring_manners *
ring(struct hv_vif *vif)
{
	return host_vmbus_manners(host_netvsp_device(vif->net), 0);
}

/* ---- Ids -------------------------------------------------------------- */

static void
bad_id(void **state, uint64_t id)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	hostile_patch(vif, HOST_NET_DESCRIPTOR, 1, 0, &id, sizeof(id));
	submit(vif, 4);
	hostile_is_broken(vif, NOTHING_SENT);
	assert_int_equal(vif->device->stats.bad_id, 1);
	ended(4, PV_EPROTO);
	/* and so does what comes after */
	hv_vif_transmit(vif, 0, &frames[0]);
	ended(1, PV_EPROTO);
}

static void
test_h10_id_out_of_range(void **state)
{
	bad_id(state, HVN_SLOTS + 1);
}

static void
test_h10_id_far_out_of_range(void **state)
{
	bad_id(state, 0x123456789abcdef0u);
}

static void
test_h17_id_zero(void **state)
{
	bad_id(state, 0);
}

static void
test_h17_id_of_all_ones(void **state)
{
	bad_id(state, UINT64_MAX);
}

/* Slot 200 was never used. */
static void
test_h11_id_that_was_never_issued(void **state)
{
	bad_id(state, 1ull << 32 | 200);
}

/* That slot, when it was used before. */
static void
test_h16_id_of_the_generation_before(void **state)
{
	struct hv_vif *vif = *state;
	const struct hvn_tx *tx;
	uint64_t id = 0;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	tx = &hv_vif_queue(vif, 0)->tx;
	host_netvsp_manners(vif->net)->stop = true;
	submit(vif, 1);
	for (unsigned i = 0; i < HVN_SLOTS; i++)
		if (tx->slot[i].frames != NULL)
			id = (uint64_t)(tx->table[i].generation - 1) << 32 |
			    (i + 1);
	hostile_patch(vif, HOST_NET_DESCRIPTOR, 1, 0, &id, sizeof(id));
	host_netvsp_manners(vif->net)->stop = false;
	host_netvsp_look(vif->net);
	hostile_is_broken(vif, NOTHING_SENT);
	ended(1, PV_EPROTO);
}

static void
test_h12_completed_twice(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	hostile_patch(vif, HOST_NET_SEND_DONE, 1, 0, NULL, 0)->twice = true;
	submit(vif, 1);
	hostile_is_broken(vif, NOTHING_SENT);
	ended(1, PV_OK);
}

/* The packet that is being filled has an id, and was not sent. */
static void
test_h29_completed_before_it_was_sent(void **state)
{
	struct hv_vif *vif = *state;
	struct hvn_queue *queue;
	uint64_t id;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	queue = hv_vif_queue(vif, 0);
	vif_pattern(bytes, 100, 0);
	vif_frame(&frames[0], bytes, PV_NO_PHYSICAL, 100);
	hv_vif_transmit(vif, 0, &frames[0]);
	id = queue->tx.batch.id;
	hostile_patch(vif, HOST_NET_DESCRIPTOR, 1, 0, &id, sizeof(id));
	/* its packet is taken for the completion of that one */
	ring(vif)->bad_nth = 1;
	ring(vif)->bad_how = HOST_RING_TYPE;
	ring(vif)->bad_value = HV_PACKET_COMPLETION;
	host_netvsp_nvs(vif->net, bytes, 40);
	sim_advance(vif->world->sim, sim_now(vif->world->sim) + 1000000);
	assert_int_equal(frames[0].done, 0);
	hostile_is_broken(vif, NOTHING_SENT);
	ended(1, PV_EPROTO);
}

static void
test_h15_completion_of_another_type(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	hostile_word(vif, HOST_NET_SEND_DONE, 1, 0, HV_NVSP_INIT_COMPLETE);
	submit(vif, 1);
	hv_vif_wait(vif, &frames[0]);
	ended(1, PV_EIO);
	assert_int_equal(vif->device->stats.bad_value, 1);
	hostile_is_not_broken(vif);
}

static void
test_h18_completion_of_nothing(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	hostile_cut(vif, HOST_NET_SEND_DONE, 1, 0);
	submit(vif, 1);
	hv_vif_wait(vif, &frames[0]);
	ended(1, PV_EIO);
	assert_int_equal(vif->device->stats.bad_length, 1);
	hostile_is_not_broken(vif);
}

static void
test_h23_completion_of_any_status(void **state)
{
	static const uint32_t status[] = { 0, 2, 5, 7, 0x80000000u,
		UINT32_MAX };
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	for (unsigned i = 0; i < 6; i++) {
		hostile_word(vif, HOST_NET_SEND_DONE, 1, 4, status[i]);
		submit(vif, 1);
		hv_vif_wait(vif, &frames[0]);
		ended(1, PV_EIO);
	}
	hostile_is_not_broken(vif);
}

/* A host that takes frames and never says that it has them: all ends when the
 * connection does. */
static void
test_h29_completions_never_come(void **state)
{
	struct hv_vif *vif = *state;
	uint64_t physical;
	void *pages;

	hv_vif_start(vif, NULL);
	pages = hv_vif_pages(vif, 2, &physical);
	host_netvsp_manners(vif->net)->stop_completions = true;
	submit(vif, 5);
	vif_packet(pages, 4000, false, true);
	vif_frame(&frames[5], pages, physical, 4000);
	vif_blank(&frames[5], false, true);
	frames[5].frame.segmentation = PV_SEGMENT_TCP4;
	frames[5].frame.segment_size = 1400;
	hv_vif_transmit(vif, 0, &frames[5]);
	pv_nic_kick(vif->nic, 0);
	hv_vif_run(vif, 10 * PV_SECOND);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(frames[i].done, 0);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 9000), PV_OK);
	hv_vif_until(vif, hv_vif_is_down, "down");
	host_netvsp_manners(vif->net)->stop_completions = false;
	hv_vif_until(vif, hv_vif_is_up, "up");
	ended(6, PV_EIO);
	hostile_is_not_broken(vif);
}

/* ---- Received --------------------------------------------------------- */

/* Each packet twice, and none of the acknowledgements is taken. */
static void
test_more_packets_than_the_receive_buffer_has_parts(void **state)
{
	struct hv_vif *vif = *state;
	uint64_t end;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	vif->drop = true;
	host_netvsp_manners(vif->net)->stop = true;
	vif_pattern(bytes, 60, 1);
	hv_vif_address(vif, bytes);
	end = sim_now(vif->world->sim) + 60 * PV_SECOND;
	for (unsigned i = 0; i < 20000 && !hv_vif_is_broken(vif); i++) {
		hostile_patch(vif, HOST_NET_RANGES, 1, 0, NULL, 0)->twice =
		    true;
		host_netvsp_send(vif->net,
		    &(struct host_nv_frame){ .bytes = bytes, .length = 60 });
		hv_vif_run(vif, 10000);
		assert_true(sim_now(vif->world->sim) < end);
	}
	hostile_is_broken(vif,
	    "more packets than the receive buffer has parts");
}

/* The second of two is acknowledged too, though the host knows nothing of it. */
static void
test_h12_a_packet_twice(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	hostile_patch(vif, HOST_NET_RANGES, 1, 0, NULL, 0)->twice = true;
	vif_pattern(bytes, 60, 1);
	hv_vif_address(vif, bytes);
	assert_true(host_netvsp_send(vif->net,
	    &(struct host_nv_frame){ .bytes = bytes, .length = 60 }));
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(vif->guest.count, 2);
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 1);
	hostile_is_not_broken(vif);
}

/* ---- The ring --------------------------------------------------------- */

static void
receive_one(struct hv_vif *vif)
{
	vif_pattern(bytes, 100, 1);
	hv_vif_address(vif, bytes);
	host_netvsp_send(vif->net,
	    &(struct host_nv_frame){ .bytes = bytes, .length = 100 });
	hv_vif_run(vif, PV_MILLISECOND);
}

static void
bad_index(void **state, bool write, uint32_t index)
{
	void *inner;
	struct hv_vif *vif;

	(void)state;
	assert_int_equal(hv_vif_setup(&inner), 0);
	vif = inner;
	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	if (write) {
		ring(vif)->set_write_index = true;
		ring(vif)->write_index = index;
	} else {
		ring(vif)->set_read_index = true;
		ring(vif)->read_index = index;
	}
	receive_one(vif);
	submit(vif, 4);
	hostile_is_broken(vif, BAD_RING);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(frames[i].done, 1);
	assert_true(vif->device->stats.bad_index > 0);
	assert_int_equal(hv_vif_teardown(&inner), 0);
}

static void
test_h5_write_index_out_of_the_ring(void **state)
{
	bad_index(state, true, (HVN_RING_PAGES - 1) * PV_PAGE_SIZE);
	bad_index(state, true, UINT32_MAX);
	bad_index(state, true, 0xfffffff8u);
	bad_index(state, true, 4);
	hv_vif_start(*state, NULL);
}

/* Of packets that cannot be: the ring is of no use from there on. */
static void
bad_packet(int how, uint64_t value)
{
	void *inner;
	struct hv_vif *vif;

	assert_int_equal(hv_vif_setup(&inner), 0);
	vif = inner;
	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	ring(vif)->bad_nth = 1;
	ring(vif)->bad_how = how;
	ring(vif)->bad_value = value;
	receive_one(vif);
	hostile_is_broken(vif, BAD_RING);
	assert_int_equal(hv_vif_teardown(&inner), 0);
}

static void
test_h22_packets_that_cannot_be(void **state)
{
	bad_packet(HOST_RING_LENGTH8, 0);
	bad_packet(HOST_RING_LENGTH8, 1);
	bad_packet(HOST_RING_LENGTH8, 0xffff);
	bad_packet(HOST_RING_OFFSET8, 0);
	bad_packet(HOST_RING_OFFSET8, 1);
	bad_packet(HOST_RING_OFFSET8, 0xffff);
	hv_vif_start(*state, NULL);
}

static void
test_packets_of_types_that_are_not_for_guests(void **state)
{
	static const uint16_t types[] = { 0, 1, 2, 3, 4, 5, 8, 9, 10, 12,
		0xffff };
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	for (unsigned i = 0; i < 11; i++) {
		ring(vif)->bad_nth = 1;
		ring(vif)->bad_how = HOST_RING_TYPE;
		ring(vif)->bad_value = types[i];
		host_netvsp_nvs(vif->net, bytes, 40);
		hv_vif_run(vif, PV_MILLISECOND);
		assert_int_equal(vif->device->stats.bad_value, i + 1);
	}
	hostile_is_not_broken(vif);
}

/* Its own words, rewritten by the host, matter to nobody. */
static void
test_h4_own_indices_are_not_read_back(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	for (unsigned i = 0; i < 20; i++) {
		ring(vif)->rewrite_guest = true;
		receive_one(vif);
		ring(vif)->rewrite_guest = false;
		assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	}
}

/* ---- Events ----------------------------------------------------------- */

static void
test_h39_a_storm_of_events(void **state)
{
	struct hv_vif *vif = *state;
	struct pv_stats before;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	before = vif->device->stats;
	ring(vif)->storm = 100000;
	receive_one(vif);
	hv_vif_run(vif, PV_SECOND);
	ring(vif)->storm = 0;
	assert_int_equal(vif->device->stats.slots - before.slots, 1);
	hostile_is_not_broken(vif);
}

static void
test_h42_events_get_lost(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	host_hyperv_manners(vif->host)->lose_events = true;
	for (unsigned i = 0; i < 5; i++)
		hv_vif_works(vif);
	host_hyperv_manners(vif->host)->drop_events = true;
	for (unsigned i = 0; i < 5; i++)
		hv_vif_works(vif);
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
}

static void
test_h7_a_mask_that_is_always_set(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	hv_vif_run(vif, PV_MILLISECOND);
	ring(vif)->always_masked = true; /* it says that it looks by itself */
	for (unsigned i = 0; i < 5; i++) {
		submit(vif, 1);
		for (unsigned n = 0; n < 100 && frames[0].done == 0; n++) {
			host_netvsp_look(vif->net);
			hv_vif_run(vif, PV_MILLISECOND);
		}
		ended(1, PV_OK);
	}
	assert_int_equal(vif->device->state, PV_DEVICE_ATTACHED);
	ring(vif)->always_masked = false;
	host_netvsp_look(vif->net);
	hv_vif_run(vif, PV_MILLISECOND);
	for (unsigned i = 0; i < 5; i++)
		hv_vif_works(vif); /* and is signalled again */
}

static void
test_h7_any_feature_and_any_wish(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	ring(vif)->no_features = true;
	ring(vif)->full_is_size1 = true;
	hostile_is_not_broken(vif);
}

/* ---- Memory ----------------------------------------------------------- */

/* A host that never gives a GPADL back keeps those pages, and they are not
 * used for anything again. */
static void
test_h47_memory_that_does_not_come_back(void **state)
{
	struct hv_vif *vif = *state;
	size_t pages;

	hv_vif_start(vif, NULL);
	pages = hv_vif_hvn(vif)->receive.gpadl.pages +
	    hv_vif_hvn(vif)->send.gpadl.pages + 2 * (size_t)HVN_RING_PAGES;
	host_hyperv_manners(vif->host)->gpadl_hold = true;
	assert_int_equal(pv_nic_set_mtu(vif->nic, 9000), PV_OK);
	hv_vif_run(vif, 30 * PV_SECOND);
	assert_int_equal(vif->device->stats.held, pages);
	assert_true(vif->nic->link);
	host_hyperv_manners(vif->host)->gpadl_hold = false;
	hostile_is_not_broken(vif);
}

/* Each hypercall fails once, whatever it is. */
static void
test_h50_a_hypercall_fails(void **state)
{
	for (unsigned nth = 1; nth < 260; nth += nth < 40 ? 1 : 20) {
		void *inner;
		struct hv_vif *vif;

		assert_int_equal(hv_vif_setup(&inner), 0);
		vif = inner;
		hv_vif_machine(vif, NULL, 1);
		hv_vif_attach_bus(vif);
		host_hyperv_manners(vif->host)->fail_nth = nth;
		host_hyperv_manners(vif->host)->fail_status =
		    HV_STATUS_INSUFFICIENT_BUFFERS;
		hv_vif_nic(vif, NULL);
		hv_vif_until(vif, hv_vif_find, "there");
		hv_vif_until(vif, hv_vif_is_up, "up");
		hv_vif_works(vif);
		assert_int_equal(hv_vif_teardown(&inner), 0);
	}
	hv_vif_start(*state, NULL);
}

/* No memory, at each place where some is taken. */
static void
test_h50_an_allocation_fails(void **state)
{
	for (unsigned nth = 1; nth < 30; nth++) {
		void *inner;
		struct hv_vif *vif;

		assert_int_equal(hv_vif_setup(&inner), 0);
		vif = inner;
		hv_vif_machine(vif, NULL, 2);
		hv_vif_attach_bus(vif);
		sim_machine_fail_alloc(vif->world->machine, nth);
		hv_vif_nic(vif,
		    &(struct host_netvsp_config){ .max_channels = 2 });
		hv_vif_run(vif, 40 * PV_SECOND);
		sim_machine_fail_alloc(vif->world->machine, 0);
		if (hv_vif_find(vif) && vif->nic->link)
			hv_vif_works(vif);
		assert_int_equal(hv_vif_teardown(&inner), 0);
	}
	hv_vif_start(*state, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_h10_id_out_of_range),
		hv_vif_test(test_h10_id_far_out_of_range),
		hv_vif_test(test_h17_id_zero),
		hv_vif_test(test_h17_id_of_all_ones),
		hv_vif_test(test_h11_id_that_was_never_issued),
		hv_vif_test(test_h16_id_of_the_generation_before),
		hv_vif_test(test_h12_completed_twice),
		hv_vif_test(test_h29_completed_before_it_was_sent),
		hv_vif_test(test_h15_completion_of_another_type),
		hv_vif_test(test_h18_completion_of_nothing),
		hv_vif_test(test_h23_completion_of_any_status),
		hv_vif_test(test_h29_completions_never_come),
		hv_vif_test(
		    test_more_packets_than_the_receive_buffer_has_parts),
		hv_vif_test(test_h12_a_packet_twice),
		hv_vif_test(test_h5_write_index_out_of_the_ring),
		hv_vif_test(test_h22_packets_that_cannot_be),
		hv_vif_test(test_packets_of_types_that_are_not_for_guests),
		hv_vif_test(test_h4_own_indices_are_not_read_back),
		hv_vif_test(test_h39_a_storm_of_events),
		hv_vif_test(test_h42_events_get_lost),
		hv_vif_test(test_h7_a_mask_that_is_always_set),
		hv_vif_test(test_h7_any_feature_and_any_wish),
		hv_vif_test(test_h47_memory_that_does_not_come_back),
		hv_vif_test(test_h50_a_hypercall_fails),
		hv_vif_test(test_h50_an_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
