/* SPDX-License-Identifier: ISC */
/* xnf against the model of netback: checksums, segmentation, and what else is
 * said about a frame. */
#include "tests/support/frames.h"
#include "wire/endian.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		vif_test(test_headroom_for_xdp_is_no_matter),
		vif_test(test_hash_of_the_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
