/* SPDX-License-Identifier: ISC */
/* xnf against the model of netback: frames both ways, and all that is said
 * about them on the way. */
#include <stdio.h>

#include "tests/support/vif.h"
#include "wire/endian.h"

#define FRAME_MAX 65535u

/* Frames that arrived are those that were sent, in order. */
static void
arrived_is(const struct vif_arrived *arrived, const uint8_t *bytes, size_t len,
    bool at_peer)
{
	assert_non_null(arrived);
	assert_int_equal(at_peer ? arrived->host.length : arrived->guest.length,
	    len);
	assert_memory_equal(arrived->bytes, bytes, len);
}

static void
goes_out(struct vif *vif, struct vif_frame *frame, const uint8_t *bytes)
{
	assert_int_equal(vif_send(vif, frame), PV_OK);
	assert_int_equal(vif->peer.count, 1);
	arrived_is(vif->peer.first, bytes, frame->frame.length, true);
	vif_forget(&vif->peer);
}

static void
comes_in(struct vif *vif, const uint8_t *bytes, size_t len)
{
	vif_receive(vif, &(struct host_frame){ .bytes = bytes, .length = len });
	arrived_is(vif->guest.first, bytes, len, false);
	assert_int_equal(vif->guest.first->guest.flags, 0);
	assert_int_equal(vif->guest.first->guest.segmentation, PV_SEGMENT_NONE);
	vif_forget(&vif->guest);
}

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

/* ---- Checksums -------------------------------------------------------- */

static void
blank_goes_out(struct vif *vif, bool ipv6, bool tcp, size_t len, bool offloaded)
{
	struct vif_frame frame;
	static uint8_t bytes[20000], expected[20000];

	vif_packet(bytes, len, ipv6, tcp);
	memcpy(expected, bytes, len);
	if (!offloaded)
		put_be16(expected + (ipv6 ? 54 : 34) + (tcp ? 16 : 6),
		    vif_checksum(bytes, len, ipv6, tcp));
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, len);
	vif_cut(vif, &frame, 5);
	vif_blank(&frame, ipv6, tcp);
	assert_int_equal(vif_send(vif, &frame), PV_OK);
	assert_int_equal(vif->peer.count, 1);
	arrived_is(vif->peer.first, expected, len, true);
	assert_int_equal(vif->peer.first->host.checksum_blank, offloaded);
	vif_forget(&vif->peer);
}

static void
all_go_out(struct vif *vif, bool csum4, bool csum6)
{
	for (size_t len = 74; len < 20000; len = len * 2 + 1) {
		blank_goes_out(vif, false, true, len, csum4);
		blank_goes_out(vif, false, false, len, csum4);
		blank_goes_out(vif, true, true, len, csum6);
		blank_goes_out(vif, true, false, len, csum6);
	}
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

static void
test_blank_checksums_are_left_to_the_back_end(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	all_go_out(vif, true, true);
}

static void
test_blank_checksums_are_completed_for_a_back_end_without(void **state)
{
	struct vif *vif = *state;

	vif_start(vif,
	    &(struct host_nic_config){ .no_csum4 = true,
		.no_ipv6_csum = true });
	all_go_out(vif, false, false);
}

static void
test_blank_checksums_are_completed_for_one_family(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .no_ipv6_csum = true });
	all_go_out(vif, true, false);
}

/* A checksum of another protocol, or of a packet within a packet: the wire has
 * no word for where it stands. */
static void
test_checksums_elsewhere_are_completed(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[333], expected[333];
	uint32_t sum = 0;

	vif_start(vif, NULL);
	vif_pattern(bytes, sizeof(bytes), 1);
	memcpy(expected, bytes, sizeof(bytes));
	for (size_t i = 101; i < sizeof(bytes); i++)
		sum += (i - 101) % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	put_be16(expected + 101 + 22, (uint16_t)~sum);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_cut(vif, &frame, 9);
	frame.frame.flags = PV_FRAME_CHECKSUM_BLANK;
	frame.frame.checksum_start = 101;
	frame.frame.checksum_offset = 22;
	assert_int_equal(vif_send(vif, &frame), PV_OK);
	arrived_is(vif->peer.first, expected, sizeof(bytes), true);
	assert_false(vif->peer.first->host.checksum_blank);
}

static void
test_received_blank_checksums_say_where(void **state)
{
	struct vif *vif = *state;
	static uint8_t bytes[9000];

	vif_start(vif, NULL);
	for (unsigned kind = 0; kind < 8; kind++) {
		bool ipv6 = kind & 1, tcp = kind & 2;
		size_t len = kind & 4 ? 9000 : 200;
		struct vif_arrived *arrived;

		vif_packet(bytes, len, ipv6, tcp);
		vif->complete = false;
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes,
			.length = len,
			.checksum_blank = true });
		arrived = vif->guest.first;
		arrived_is(arrived, bytes, len, false);
		assert_true(arrived->guest.flags & PV_FRAME_CHECKSUM_BLANK);
		assert_int_equal(arrived->guest.checksum_start, ipv6 ? 54 : 34);
		assert_int_equal(arrived->guest.checksum_offset, tcp ? 16 : 6);
		vif_forget(&vif->guest);

		/* and can be completed in place */
		vif->complete = true;
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes,
			.length = len,
			.checksum_blank = true });
		assert_true(vif->guest.first->completed);
		put_be16(bytes + (ipv6 ? 54 : 34) + (tcp ? 16 : 6),
		    vif_checksum(bytes, len, ipv6, tcp));
		arrived_is(vif->guest.first, bytes, len, false);
		vif_forget(&vif->guest);
	}
}

static void
test_validated_checksums_are_said_to_be(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[200];

	vif_start(vif, NULL);
	vif_pattern(bytes, sizeof(bytes), 1);
	vif_receive(vif,
	    &(struct host_frame){ .bytes = bytes,
		.length = sizeof(bytes),
		.checksum_valid = true });
	assert_int_equal(vif->guest.first->guest.flags,
	    PV_FRAME_CHECKSUM_VALID);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	frame.frame.flags = PV_FRAME_CHECKSUM_VALID;
	assert_int_equal(vif_send(vif, &frame), PV_OK);
	assert_true(vif->peer.first->host.checksum_valid);
	assert_false(vif->peer.first->host.checksum_blank);
}

/* ---- Segmentation ----------------------------------------------------- */

static void
test_transmits_frames_to_be_cut(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	vif_start(vif, NULL);
	bytes = vif_pages(vif, 16, &physical);
	for (unsigned kind = 0; kind < 4; kind++) {
		bool ipv6 = kind & 1;
		size_t len = kind & 2 ? FRAME_MAX : 2000;

		vif_packet(bytes, len, ipv6, true);
		vif_frame(&frame, bytes, physical, len);
		vif_blank(&frame, ipv6, true);
		frame.frame.segmentation = ipv6 ? PV_SEGMENT_TCP6
						: PV_SEGMENT_TCP4;
		frame.frame.segment_size = 1448;
		assert_int_equal(vif_send(vif, &frame), PV_OK);
		arrived_is(vif->peer.first, bytes, len, true);
		assert_true(vif->peer.first->host.checksum_blank);
		assert_int_equal(vif->peer.first->host.gso_type,
		    ipv6 ? XEN_NET_GSO_TCPV6 : XEN_NET_GSO_TCPV4);
		assert_int_equal(vif->peer.first->host.gso_size, 1448);
		vif_forget(&vif->peer);
	}
	/* the extra slots are answered too, so there is room for more */
	assert_int_equal(vif_queue(vif, 0)->tx.extras, 0);
	assert_int_equal(ring_used(&vif_queue(vif, 0)->tx.ring), 0);
}

static void
test_receives_frames_to_be_cut(void **state)
{
	struct vif *vif = *state;
	static uint8_t bytes[FRAME_MAX];

	vif_start(vif, NULL);
	for (unsigned kind = 0; kind < 4; kind++) {
		bool ipv6 = kind & 1;
		size_t len = kind & 2 ? FRAME_MAX : 2000;
		const struct pv_frame *guest;

		vif_packet(bytes, len, ipv6, true);
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes,
			.length = len,
			.checksum_blank = true,
			.gso_type = ipv6 ? XEN_NET_GSO_TCPV6
					 : XEN_NET_GSO_TCPV4,
			.gso_size = 1428 });
		arrived_is(vif->guest.first, bytes, len, false);
		guest = &vif->guest.first->guest;
		assert_int_equal(guest->segmentation,
		    ipv6 ? PV_SEGMENT_TCP6 : PV_SEGMENT_TCP4);
		assert_int_equal(guest->segment_size, 1428);
		assert_true(guest->flags & PV_FRAME_CHECKSUM_BLANK);
		vif_forget(&vif->guest);
	}
}

/* Old back ends forget to say that it is blank, and leave a sum of their own. */
static void
test_frames_to_be_cut_are_blank_in_any_case(void **state)
{
	struct vif *vif = *state;
	uint8_t bytes[3000], expected[3000];

	vif_start(vif, NULL);
	vif_packet(bytes, sizeof(bytes), false, true);
	memcpy(expected, bytes, sizeof(bytes));
	put_be16(bytes + 34 + 16, 0x1234);
	vif_receive(vif,
	    &(struct host_frame){ .bytes = bytes,
		.length = sizeof(bytes),
		.gso_type = XEN_NET_GSO_TCPV4,
		.gso_size = 1448 });
	arrived_is(vif->guest.first, expected, sizeof(bytes), false);
	assert_true(vif->guest.first->guest.flags & PV_FRAME_CHECKSUM_BLANK);
}

static int
cut_by(struct vif *vif, enum pv_segmentation segmentation, bool ipv6, bool tcp,
    uint16_t size, uint32_t flags)
{
	uint8_t bytes[3000];
	struct vif_frame frame;

	vif_packet(bytes, sizeof(bytes), ipv6, tcp);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_blank(&frame, ipv6, tcp);
	frame.frame.flags = flags;
	frame.frame.segmentation = segmentation;
	frame.frame.segment_size = size;
	return vif_send(vif, &frame);
}

static void
test_impossible_segmentation_is_refused(void **state)
{
	struct vif *vif = *state;
	uint32_t blank = PV_FRAME_CHECKSUM_BLANK;

	vif_start(vif, &(struct host_nic_config){ .no_gso6 = true });
	assert_int_equal(cut_by(vif, PV_SEGMENT_TCP4, false, true, 1448, blank),
	    PV_OK);
	assert_int_equal(cut_by(vif, PV_SEGMENT_TCP6, true, true, 1448, blank),
	    PV_ENOTSUP);
	assert_int_equal(cut_by(vif, PV_SEGMENT_TCP4, true, true, 1448, blank),
	    PV_EINVAL);
	assert_int_equal(cut_by(vif, PV_SEGMENT_TCP4, false, false, 1448,
			     blank),
	    PV_EINVAL);
	assert_int_equal(cut_by(vif, PV_SEGMENT_TCP4, false, true, 0, blank),
	    PV_EINVAL);
	assert_int_equal(cut_by(vif, PV_SEGMENT_TCP4, false, true, 1448, 0),
	    PV_EINVAL);
	assert_int_equal(cut_by(vif, (enum pv_segmentation)3, false, true, 1448,
			     blank),
	    PV_EINVAL);
	assert_int_equal(host_netback_counts(vif->net)->tx_frames, 1);
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
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

/* ---- Events and queues ------------------------------------------------ */

static void
test_split_channels(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[60];

	vif_start(vif, &(struct host_nic_config){ .split = true });
	assert_true(host_netback_counts(vif->net)->split);
	assert_int_not_equal(vif_queue(vif, 0)->channel.port,
	    vif_queue(vif, 0)->rx_channel.port);
	vif_pattern(bytes, sizeof(bytes), 0);
	for (unsigned i = 0; i < 600; i++) {
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		goes_out(vif, &frame, bytes);
		comes_in(vif, bytes, sizeof(bytes));
	}
}

static void
several_queues(struct vif *vif, unsigned vcpus, unsigned max, bool split)
{
	vif_machine(vif,
	    &(struct host_xen_config){ .vcpus = vcpus,
		.domain = 7,
		.name = "guest" });
	vif_nic(vif,
	    &(struct host_nic_config){ .max_queues = max, .split = split });
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
}

static void
test_a_queue_for_each_cpu(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[1000];

	several_queues(vif, 4, 8, true);
	assert_int_equal(vif->nic->queues, 4);
	assert_int_equal(host_netback_counts(vif->net)->queues, 4);
	for (unsigned i = 0; i < 1000; i++) {
		unsigned queue = i % 4;

		vif_pattern(bytes, sizeof(bytes), i);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
		vif_transmit(vif, queue, &frame);
		pv_nic_kick(vif->nic, queue);
		vif_wait(vif, &frame);
		assert_int_equal(frame.frame.error, PV_OK);
		arrived_is(vif->peer.first, bytes, sizeof(bytes), true);
		assert_int_equal(vif->peer.first->queue, queue);
		vif_forget(&vif->peer);
		vif_receive(vif,
		    &(struct host_frame){ .bytes = bytes,
			.length = sizeof(bytes),
			.queue = queue });
		assert_int_equal(vif->guest.first->queue, queue);
		vif_forget(&vif->guest);
	}
}

static void
test_no_more_queues_than_the_back_end_has(void **state)
{
	struct vif *vif = *state;

	several_queues(vif, 4, 2, false);
	assert_int_equal(vif->nic->queues, 2);
	assert_int_equal(host_netback_counts(vif->net)->queues, 2);
}

static void
test_one_queue_where_there_could_be_more(void **state)
{
	struct vif *vif = *state;

	several_queues(vif, 1, 4, false);
	assert_int_equal(vif->nic->queues, 1);
	assert_int_equal(host_netback_counts(vif->net)->queues, 1);
}

static void
test_a_queue_of_another_cpu(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;
	uint64_t sent_before;
	uint8_t bytes[1000];

	several_queues(vif, 2, 2, false);
	sim_machine_set_cpu(vif->world->machine, 1);
	pv_bus_cpu_start(vif->world->bus, 1);
	sim_machine_set_cpu(vif->world->machine, 0);
	assert_int_equal(pv_nic_own(vif->nic, 1, 1), PV_OK);
	assert_int_equal(pv_nic_own(vif->nic, 2, 1), PV_EINVAL);
	assert_int_equal(pv_nic_own(vif->nic, 1, 2), PV_EINVAL);
	sent_before = vif->device->stats.requests;
	vif_pattern(bytes, sizeof(bytes), 1);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	/* the bus has nothing to do with it */
	vif_run(vif, PV_SECOND);
	assert_int_equal(frame.done, 0);
	sim_machine_set_cpu(vif->world->machine, 1);
	assert_in_range(pv_nic_deadline(vif->nic, 1), 0,
	    sim_now(vif->world->sim));
	pv_nic_poll(vif->nic, 1, 64);
	sim_machine_set_cpu(vif->world->machine, 0);
	assert_int_equal(frame.done, 1);
	assert_int_equal(vif->device->stats.requests, sent_before);
	assert_int_equal(pv_nic_own(vif->nic, 1, 0), PV_OK);
	assert_int_equal(vif->device->stats.requests, sent_before + 1);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	vif_transmit(vif, 1, &frame);
	pv_nic_kick(vif->nic, 1);
	vif_wait(vif, &frame);
}

/* ---- Multicast -------------------------------------------------------- */

static const uint8_t groups[3][6] = { { 1, 0, 0x5e, 0, 0, 1 },
	{ 0x33, 0x33, 0, 0, 0, 1 }, { 1, 0, 0x5e, 0, 0, 9 } };

static bool
group_arrives(struct vif *vif, const uint8_t group[6])
{
	uint8_t bytes[60];
	unsigned before = vif->guest.count;
	bool sent;

	vif_pattern(bytes, sizeof(bytes), 0);
	memcpy(bytes, group, 6);
	sent = host_netback_send(vif->net,
	    &(struct host_frame){ .bytes = bytes, .length = sizeof(bytes) });
	vif_run(vif, PV_SECOND);
	assert_int_equal(vif->guest.count - before, sent);
	return sent;
}

static void
test_multicast_is_all_received_where_nobody_filters(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, NULL);
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 3), PV_ENOTSUP);
	assert_true(group_arrives(vif, groups[0]));
}

/* What must be said before the connection is made cannot be said later. */
static void
test_multicast_that_is_not_dynamic(void **state)
{
	struct vif *vif = *state;

	vif_start(vif, &(struct host_nic_config){ .multicast = true });
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 3), PV_ENOTSUP);
	assert_true(group_arrives(vif, groups[0]));
}

static void
test_multicast_groups(void **state)
{
	struct vif *vif = *state;
	struct host_nic_config config = { .multicast = true };
	uint8_t many[65][6];

	vif_machine(vif, NULL);
	vif_nic(vif, &config);
	assert_true(host_xenstore_write(host_xen_store(vif->xen),
	    VIF_BACK "/feature-dynamic-multicast-control", "1", 1));
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
	assert_true(group_arrives(vif, groups[0]));
	assert_int_equal(pv_nic_multicast(vif->nic, groups, 2), PV_OK);
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 2);
	/* another list: one goes, one comes */
	assert_int_equal(pv_nic_multicast(vif->nic, groups + 1, 2), PV_OK);
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 2);
	assert_memory_equal(host_xenstore_read(host_xen_store(vif->xen),
				VIF_FRONT "/request-multicast-control", NULL),
	    "1", 2);
	/* the back end comes back, and is told again */
	host_netback_restart(vif->net, &config);
	vif_until(vif, vif_is_down, "down");
	vif_until(vif, vif_is_up, "up");
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 2);
	assert_false(group_arrives(vif, groups[0]));
	assert_true(group_arrives(vif, groups[1]));
	assert_true(group_arrives(vif, groups[2]));
	assert_true(group_arrives(vif,
	    (const uint8_t[6]){ 255, 255, 255, 255, 255, 255 }));
	/* none, not one too many, and what is none */
	memset(many, 1, sizeof(many));
	assert_int_equal(pv_nic_multicast(vif->nic, many, 65), PV_ENOTSUP);
	assert_int_equal(pv_nic_multicast(vif->nic, many, 1), PV_OK);
	many[0][0] = 2;
	assert_int_equal(pv_nic_multicast(vif->nic, many, 1), PV_EINVAL);
	assert_int_equal(pv_nic_multicast(vif->nic, NULL, 0), PV_OK);
	vif_run(vif, PV_SECOND);
	assert_int_equal(host_netback_counts(vif->net)->multicast_groups, 0);
	assert_int_equal(host_netback_counts(vif->net)->refused, 0);
}

/* ---- Extra information ------------------------------------------------ */

static void
test_headroom_for_xdp_is_no_matter(void **state)
{
	struct vif *vif = *state;
	static uint8_t bytes[10000];

	vif_machine(vif, NULL);
	vif_nic(vif, &(struct host_nic_config){ .xdp_headroom = true });
	/* somebody before us asked for it */
	assert_true(host_xenstore_write(host_xen_store(vif->xen),
	    VIF_FRONT "/xdp-headroom", "256", 3));
	vif_attach(vif);
	vif_until(vif, vif_is_up, "up");
	for (size_t len = 14; len <= sizeof(bytes); len = len * 3 / 2) {
		vif_pattern(bytes, len, (unsigned)len);
		comes_in(vif, bytes, len);
	}
}

static void
test_hash_of_the_flow(void **state)
{
	struct vif *vif = *state;
	uint8_t bytes[100];

	vif_start(vif, NULL);
	vif_pattern(bytes, sizeof(bytes), 0);
	vif_receive(vif,
	    &(struct host_frame){ .bytes = bytes,
		.length = sizeof(bytes),
		.has_hash = true,
		.hash_type = 1,
		.hash = 0x12345678 });
	assert_int_equal(vif->guest.first->guest.hash, 0x12345678);
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
		vif_test(test_blank_checksums_are_left_to_the_back_end),
		vif_test(
		    test_blank_checksums_are_completed_for_a_back_end_without),
		vif_test(test_blank_checksums_are_completed_for_one_family),
		vif_test(test_checksums_elsewhere_are_completed),
		vif_test(test_received_blank_checksums_say_where),
		vif_test(test_validated_checksums_are_said_to_be),
		vif_test(test_transmits_frames_to_be_cut),
		vif_test(test_receives_frames_to_be_cut),
		vif_test(test_frames_to_be_cut_are_blank_in_any_case),
		vif_test(test_impossible_segmentation_is_refused),
		vif_test(test_impossible_lengths_are_refused),
		vif_test(test_checksum_outside_of_the_frame_is_refused),
		vif_test(test_one_page_without_scatter),
		vif_test(test_mtu_of_the_toolstack),
		vif_test(test_mtu_is_bounded),
		vif_test(test_mtu_that_cannot_be),
		vif_test(test_mtu_beyond_the_largest_frame),
		vif_test(test_split_channels),
		vif_test(test_a_queue_for_each_cpu),
		vif_test(test_no_more_queues_than_the_back_end_has),
		vif_test(test_one_queue_where_there_could_be_more),
		vif_test(test_a_queue_of_another_cpu),
		vif_test(test_multicast_is_all_received_where_nobody_filters),
		vif_test(test_multicast_that_is_not_dynamic),
		vif_test(test_multicast_groups),
		vif_test(test_headroom_for_xdp_is_no_matter),
		vif_test(test_hash_of_the_flow),
		vif_test(test_more_frames_than_the_ring_has_room_for),
		vif_test(
		    test_no_physical_neighbour_is_shown_to_an_untrusted_host),
		vif_test(test_ten_thousand_frames_without_a_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
