/* SPDX-License-Identifier: ISC */
/* xnf against the model of netback: frames of all sizes and shapes, both ways. */
#include <stdio.h>

#include "tests/support/frames.h"

/* All short ones, those around each limit, and some between. */
static size_t
next_size(struct vif *vif, size_t len)
{
	if (len < 300 || len >= FRAME_MAX - 3)
		return len + 1;
	if (len % PV_PAGE_SIZE < 3 || len % PV_PAGE_SIZE > PV_PAGE_SIZE - 4 ||
	    (len > XNF_COPY - 3 && len < XNF_COPY + 3))
		return len + 1;
	len += 1 + (size_t)sim_random(vif->world->sim, 400);
	return len < FRAME_MAX ? len : FRAME_MAX;
}

/* ---- Attach ----------------------------------------------------------- */

static void
test_reports_backend_channel_and_address(void **state)
{
	struct vif *vif = *state;
	char line[96];

	vif_start(vif, NULL);
	snprintf(line, sizeof(line),
	    "xnf0 at xen0 backend 0 channel %u: address 00:16:3e:01:02:03",
	    vif_queue(vif, 0)->channel.port);
	world_has_line(vif->world, line);
	assert_memory_equal(vif->nic->mac, "\x00\x16\x3e\x01\x02\x03", 6);
	assert_int_equal(vif->nic->queues, 1);
	assert_int_equal(vif->nic->mtu, 1500);
	assert_int_equal(vif->nic->max_mtu, 65535 - 14);
	assert_false(host_netback_counts(vif->net)->refused_connects);
}

static void
test_features_are_those_of_the_back_end(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	assert_int_equal(vif->nic->features,
	    PV_NIC_SCATTER | PV_NIC_CHECKSUM4 | PV_NIC_CHECKSUM6 | PV_NIC_TSO4 |
		PV_NIC_TSO6);
}

static void
test_segmentation_needs_checksums(void **state)
{
	struct vif *vif = *state;

	vif_start(vif,
	    &(struct host_nic_config){ .no_csum4 = true, .no_gso6 = true });
	assert_int_equal(vif->nic->features, PV_NIC_SCATTER | PV_NIC_CHECKSUM6);
}

static void
test_segmentation_needs_scatter(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .no_sg = true });
	assert_int_equal(vif->nic->features,
	    PV_NIC_CHECKSUM4 | PV_NIC_CHECKSUM6);
	assert_int_equal(vif->nic->max_mtu, 1500);
}

/* ---- Sizes and shapes ------------------------------------------------- */

static void
test_transmits_every_size(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, NULL);
	bytes = vif_pages(vif, 17, &physical);
	for (size_t len = 14; len <= FRAME_MAX; len = next_size(vif, len)) {
		vif_pattern(bytes, len, (unsigned)len);
		vif_frame(&frame, bytes, physical, len);
		goes_out(vif, &frame, bytes);
	}
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

static void
test_transmits_from_memory_that_the_host_cannot_reach(void **state)
{
	struct vif *vif = *state;
	static uint8_t bytes[FRAME_MAX];
	struct vif_frame frame;

	vif_start(vif, NULL);
	for (size_t len = 14; len <= FRAME_MAX; len = next_size(vif, len)) {
		vif_pattern(bytes, len, (unsigned)len);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, len);
		goes_out(vif, &frame, bytes);
	}
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

static void
test_transmits_any_layout_of_segments(void **state)
{
	struct vif *vif = *state;
	struct sim *sim = vif->world->sim;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, NULL);
	bytes = vif_pages(vif, 18, &physical);
	for (unsigned i = 0; i < 1500; i++) {
		size_t at = (size_t)sim_random(sim, PV_PAGE_SIZE);
		size_t len = 14 +
		    (size_t)sim_random(sim, i % 2 ? 3000 : FRAME_MAX - 13);

		vif_pattern(bytes + at, len, i);
		vif_frame(&frame, bytes + at, physical + at, len);
		vif_cut(vif, &frame, 1 + (unsigned)sim_random(sim, 40));
		/* some of them where no host can reach */
		for (unsigned s = 0; s < frame.frame.count; s++)
			if (sim_random(sim, 4) == 0)
				frame.segments[s].physical = PV_NO_PHYSICAL;
		goes_out(vif, &frame, bytes + at);
	}
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

/* Forty pieces on forty pages: no back end takes so many slots. */
static void
test_more_pieces_than_slots_are_copied(void **state)
{
	struct vif *vif = *state;
	static uint8_t whole[40 * 1000];
	struct vif_frame frame;
	struct pv_stats before;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, NULL);
	bytes = vif_pages(vif, 40, &physical);
	vif_frame(&frame, bytes, physical, sizeof(whole));
	vif_pattern(whole, sizeof(whole), 3);
	for (unsigned i = 0; i < 40; i++) {
		memcpy(bytes + i * PV_PAGE_SIZE, whole + i * 1000, 1000);
		frame.segments[i] = (struct pv_segment){ bytes +
			    i * PV_PAGE_SIZE,
			physical + i * PV_PAGE_SIZE, 1000 };
	}
	frame.frame.count = 40;
	before = vif->device->stats;
	goes_out(vif, &frame, whole);
	assert_int_equal(vif->device->stats.slots - before.slots, 10);
	assert_int_equal(vif->device->stats.copies - before.copies, 10);
	assert_int_equal(vif->device->stats.grants - before.grants, 0);

	/* eighteen are taken as they are */
	frame.frame.count = 18;
	frame.frame.length = 18000;
	before = vif->device->stats;
	goes_out(vif, &frame, whole);
	assert_int_equal(vif->device->stats.slots - before.slots, 18);
	assert_int_equal(vif->device->stats.copies - before.copies, 0);
}

static void
test_receives_every_size(void **state)
{
	struct vif *vif = *state;
	static uint8_t bytes[FRAME_MAX];

	vif_start(vif, NULL);
	for (size_t len = 14; len <= FRAME_MAX; len = next_size(vif, len)) {
		vif_pattern(bytes, len, (unsigned)len);
		comes_in(vif, bytes, len);
	}
	assert_int_equal(host_netback_counts(vif->net)->dropped, 0);
}

static void
test_frames_come_back_from_a_loop(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, NULL);
	host_netback_on_frame(vif->net, NULL, NULL);
	bytes = vif_pages(vif, 17, &physical);
	for (size_t len = 14; len <= FRAME_MAX; len = len * 3 / 2) {
		vif_pattern(bytes, len, (unsigned)len);
		vif_frame(&frame, bytes, physical, len);
		assert_int_equal(vif_send(vif, &frame), PV_OK);
		vif_arrive(vif, &vif->guest, 1);
		arrived_is(vif->guest.first, bytes, len, false);
		vif_forget(&vif->guest);
	}
}

/* ---- What is refused -------------------------------------------------- */

static int
sent(struct vif *vif, size_t len, size_t said)
{
	static uint8_t bytes[70000];
	struct vif_frame frame;

	vif_frame(&frame, bytes, PV_NO_PHYSICAL, len);
	frame.frame.length = said;
	return vif_send(vif, &frame);
}

static void
test_impossible_lengths_are_refused(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	assert_int_equal(sent(vif, 13, 13), PV_EINVAL);
	assert_int_equal(sent(vif, 0, 0), PV_EINVAL);
	assert_int_equal(sent(vif, 65536, 65536), PV_EINVAL);
	assert_int_equal(sent(vif, 100, 101), PV_EINVAL);
	assert_int_equal(sent(vif, 101, 100), PV_EINVAL);
	assert_int_equal(sent(vif, 9000, 100), PV_EINVAL);
	assert_int_equal(sent(vif, 100, 9000), PV_EINVAL);
	assert_int_equal(host_netback_counts(vif->net)->tx_frames, 0);
	assert_int_equal(sent(vif, 65535, 65535), PV_OK);
}

static void
test_checksum_outside_of_the_frame_is_refused(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[100] = { 0 };

	vif_start(vif, NULL);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	frame.frame.flags = PV_FRAME_CHECKSUM_BLANK;
	frame.frame.checksum_start = 90;
	frame.frame.checksum_offset = 9;
	assert_int_equal(vif_send(vif, &frame), PV_EINVAL);
	frame.frame.checksum_start = 0xffff;
	frame.frame.checksum_offset = 0xffff;
	assert_int_equal(vif_send(vif, &frame), PV_EINVAL);
	frame.frame.checksum_start = 90;
	frame.frame.checksum_offset = 8;
	assert_int_equal(vif_send(vif, &frame), PV_OK);
}

static void
test_one_page_without_scatter(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, &(struct host_nic_config){ .no_sg = true });
	bytes = vif_pages(vif, 2, &physical);
	vif_pattern(bytes, 4097, 0);
	vif_frame(&frame, bytes, physical, 4097);
	assert_int_equal(vif_send(vif, &frame), PV_EMSGSIZE);
	/* over the end of a page, and in pieces */
	vif_pattern(bytes + 2000, 4096, 1);
	vif_frame(&frame, bytes + 2000, physical + 2000, 4096);
	vif_cut(vif, &frame, 7);
	goes_out(vif, &frame, bytes + 2000);
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

/* ---- MTU, link -------------------------------------------------------- */

static void
test_mtu_of_the_toolstack(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .mtu = 9000 });
	assert_int_equal(vif->nic->mtu, 9000);
}

static void
test_mtu_is_bounded(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .mtu = 9000, .no_sg = true });
	assert_int_equal(vif->nic->mtu, 1500);
}

static void
test_mtu_that_cannot_be(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .mtu = 67 });
	assert_int_equal(vif->nic->mtu, 1500);
}

static void
test_mtu_beyond_the_largest_frame(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .mtu = 4000000000u });
	assert_int_equal(vif->nic->mtu, 65535 - 14);
}

/* ---- Many ------------------------------------------------------------- */

static void
test_more_frames_than_the_ring_has_room_for(void **state)
{
	struct vif *vif = *state;
	enum {
		COUNT = 1500
	};
	static struct vif_frame frames[COUNT];
	uint8_t bytes[64];

	vif_start(vif, NULL);
	vif->drop = true;
	vif_pattern(bytes, sizeof(bytes), 0);
	for (unsigned i = 0; i < COUNT; i++) {
		vif_frame(&frames[i], bytes, PV_NO_PHYSICAL, sizeof(bytes));
		vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		vif_wait(vif, &frames[i]);
		assert_int_equal(frames[i].frame.error, PV_OK);
	}
	assert_int_equal(vif->peer.count, COUNT);
	assert_int_equal(vif->device->stats.stalls, COUNT - 256);
}

static void
test_no_physical_neighbour_is_shown_to_an_untrusted_host(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical, grants;
	uint8_t *bytes;

	vif_start(vif, &(struct host_nic_config){ .untrusted = true });
	bytes = vif_pages(vif, 17, &physical);
	grants = vif->device->stats.grants;
	for (size_t len = 14; len <= FRAME_MAX; len = len * 3 / 2) {
		vif_pattern(bytes + 100, len, 0);
		vif_frame(&frame, bytes + 100, physical + 100, len);
		goes_out(vif, &frame, bytes + 100);
	}
	assert_int_equal(vif->device->stats.grants, grants);
}

/* Ten thousand frames there and back again, at a back end that takes its time
 * and is never the same. */
static void
test_ten_thousand_frames_without_a_loss(void **state)
{
	struct vif *vif = *state;
	struct sim *sim = vif->world->sim;
	enum {
		COUNT = 10000,
		AT_ONCE = 40
	};
	static struct vif_frame frames[AT_ONCE];
	unsigned begun = 0, ended = 0;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, NULL);
	vif->drop = true;
	host_netback_on_frame(vif->net, NULL, NULL);
	bytes = vif_pages(vif, 17, &physical);
	while (ended < COUNT) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			size_t len = 14 +
			    (size_t)sim_random(sim,
				sim_random(sim, 16) == 0 ? 12000 : 1500);

			if (frames[i].done == 1) {
				assert_int_equal(frames[i].frame.error, PV_OK);
				frames[i].done = 0;
				ended++;
			} else if (frames[i].frame.length != 0)
				continue;
			frames[i].frame.length = 0;
			if (begun == COUNT)
				continue;
			begun++;
			vif_frame(&frames[i], bytes, physical, len);
			vif_transmit(vif, 0, &frames[i]);
			if (sim_random(sim, 4) == 0)
				pv_nic_kick(vif->nic, 0);
		}
		pv_nic_kick(vif->nic, 0);
		host_netback_manners(vif->net)->delay = sim_random(sim, 50000);
		vif_run(vif, sim_random(sim, 60000));
	}
	vif_arrive(vif, &vif->guest, COUNT);
	vif_run(vif, PV_SECOND);
	assert_int_equal(vif->guest.count, COUNT);
	assert_int_equal(host_netback_counts(vif->net)->dropped, 0);
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vif_test(test_reports_backend_channel_and_address),
		vif_test(test_features_are_those_of_the_back_end),
		vif_test(test_segmentation_needs_checksums),
		vif_test(test_segmentation_needs_scatter),
		vif_test(test_transmits_every_size),
		vif_test(test_transmits_from_memory_that_the_host_cannot_reach),
		vif_test(test_transmits_any_layout_of_segments),
		vif_test(test_more_pieces_than_slots_are_copied),
		vif_test(test_receives_every_size),
		vif_test(test_frames_come_back_from_a_loop),
		vif_test(test_impossible_lengths_are_refused),
		vif_test(test_checksum_outside_of_the_frame_is_refused),
		vif_test(test_one_page_without_scatter),
		vif_test(test_mtu_of_the_toolstack),
		vif_test(test_mtu_is_bounded),
		vif_test(test_mtu_that_cannot_be),
		vif_test(test_mtu_beyond_the_largest_frame),
		vif_test(test_more_frames_than_the_ring_has_room_for),
		vif_test(
		    test_no_physical_neighbour_is_shown_to_an_untrusted_host),
		vif_test(test_ten_thousand_frames_without_a_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
