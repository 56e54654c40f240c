/* SPDX-License-Identifier: ISC */
/* What hvn leaves to the host, what it does itself, and what the host has done. */
#include "tests/support/hv_vif.h"
#include "wire/endian.h"

static uint8_t bytes[65535];

static void
start(struct hv_vif *vif, const struct host_netvsp_config *config)
{
	hv_vif_start(vif, config);
}

static const struct host_nv_frame *
first(struct hv_vif *vif)
{
	assert_non_null(vif->peer.first);
	return &vif->peer.first->host;
}

static void
nothing_refused(struct hv_vif *vif)
{
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

/* ---- Features --------------------------------------------------------- */

static void
test_features_are_those_of_the_host(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, NULL);
	assert_int_equal(vif->nic->features,
	    PV_NIC_SCATTER | PV_NIC_CHECKSUM4 | PV_NIC_CHECKSUM6 | PV_NIC_TSO4 |
		PV_NIC_TSO6 | PV_NIC_VLAN);
	assert_int_equal(vif->nic->max_segmented, 62780);
}

static void
test_segmentation_needs_checksums(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, &(struct host_netvsp_config){ .no_checksum = true });
	assert_int_equal(vif->nic->features, PV_NIC_SCATTER | PV_NIC_VLAN);
}

static void
test_without_segmentation(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	start(vif, &(struct host_netvsp_config){ .no_lso = true });
	assert_int_equal(vif->nic->features,
	    PV_NIC_SCATTER | PV_NIC_CHECKSUM4 | PV_NIC_CHECKSUM6 | PV_NIC_VLAN);
	vif_packet(bytes, 9000, false, true);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 9000);
	vif_blank(&frame, false, true);
	frame.frame.segmentation = PV_SEGMENT_TCP4;
	frame.frame.segment_size = 1448;
	assert_int_equal(hv_vif_send(vif, &frame), PV_ENOTSUP);
}

static void
test_before_2008_r2_there_are_no_tags(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	start(vif, &(struct host_netvsp_config){ .version_max = HV_NVSP_1 });
	assert_int_equal(vif->nic->features & PV_NIC_VLAN, 0);
	vif_pattern(bytes, 100, 0);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 100);
	frame.frame.flags = PV_FRAME_VLAN;
	assert_int_equal(hv_vif_send(vif, &frame), PV_ENOTSUP);
	assert_int_equal(pv_nic_set_mtu(vif->nic, 9000), PV_ENOTSUP);
}

/* ---- Checksums out ---------------------------------------------------- */

/* By the host or by hvn: what goes out is right. */
static void
checksums(struct hv_vif *vif, bool by_host)
{
	for (unsigned kind = 0; kind < 4; kind++) {
		bool ipv6 = (kind & 1) != 0, tcp = (kind & 2) != 0;

		for (size_t len = 80; len < 1500; len += 177) {
			struct vif_frame frame;
			uint64_t physical;
			uint8_t *at = hv_vif_pages(vif, 1, &physical);
			uint16_t sum;

			vif_packet(at, len, ipv6, tcp);
			sum = vif_checksum(at, len, ipv6, tcp);
			vif_frame(&frame, at, physical, len);
			vif_blank(&frame, ipv6, tcp);
			hv_vif_cut(vif, &frame, 1 + (unsigned)len % 5);
			assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
			assert_int_equal(first(vif)->length, len);
			assert_int_equal(get_be16(first(vif)->bytes +
					     (ipv6 ? 54 : 34) + (tcp ? 16 : 6)),
			    sum);
			assert_int_equal(first(vif)->checksum_blank, by_host);
			/* and the owner's bytes are as they were */
			hv_vif_forget(&vif->peer);
		}
	}
	nothing_refused(vif);
}

static void
test_checksums_are_left_to_the_host(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, NULL);
	checksums(vif, true);
}

static void
test_checksums_are_completed_for_a_host_that_does_not(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, &(struct host_netvsp_config){ .no_checksum = true });
	checksums(vif, false);
}

/* Up to NVS 4 there is no offload of UDP. */
static void
test_udp_of_an_old_host_is_completed_here(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, &(struct host_netvsp_config){ .version_max = HV_NVSP_4 });
	for (unsigned tcp = 0; tcp < 2; tcp++) {
		struct vif_frame frame;
		uint16_t sum;

		vif_packet(bytes, 500, false, tcp);
		sum = vif_checksum(bytes, 500, false, tcp);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, 500);
		vif_blank(&frame, false, tcp);
		assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
		assert_int_equal(first(vif)->checksum_blank, tcp);
		assert_int_equal(get_be16(
				     first(vif)->bytes + 34 + (tcp ? 16 : 6)),
		    sum);
		hv_vif_forget(&vif->peer);
	}
	nothing_refused(vif);
}

/* Of a protocol of its own, wherever it wants it. */
static void
test_a_checksum_of_something_else_is_completed_here(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;
	uint32_t sum = 0;

	start(vif, NULL);
	vif_pattern(bytes, 200, 5);
	put_be16(bytes + 60, 0);
	for (unsigned i = 40; i < 200; i += 2)
		sum += get_be16(bytes + i);
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 200);
	frame.frame.flags = PV_FRAME_CHECKSUM_BLANK;
	frame.frame.checksum_start = 40;
	frame.frame.checksum_offset = 20;
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	assert_int_equal(get_be16(first(vif)->bytes + 60), (uint16_t)~sum);
	assert_false(first(vif)->checksum_blank);
	nothing_refused(vif);
}

/* ---- Segmentation ----------------------------------------------------- */

static void
segments(struct hv_vif *vif, bool ipv6, size_t len, unsigned pieces)
{
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *at = hv_vif_pages(vif, 17, &physical), *before;
	size_t headers = vif_packet(at + 100, len, ipv6, true);

	before = malloc(len);
	assert_non_null(before);
	memcpy(before, at + 100, len);
	vif_frame(&frame, at + 100, physical + 100, len);
	vif_blank(&frame, ipv6, true);
	frame.frame.segmentation = ipv6 ? PV_SEGMENT_TCP6 : PV_SEGMENT_TCP4;
	frame.frame.segment_size = 1400;
	hv_vif_cut(vif, &frame, pieces);
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	assert_int_equal(vif->peer.count, 1);
	assert_int_equal(first(vif)->length, len);
	assert_int_equal(first(vif)->segment_size, 1400);
	/* its headers are as a whole frame's, and the payload is all there */
	assert_memory_equal(first(vif)->bytes + headers, before + headers,
	    len - headers);
	/* nothing was changed in memory of the owner's */
	assert_memory_equal(at + 100, before, len);
	free(before);
}

static void
test_long_segments_are_cut_by_the_host(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, NULL);
	for (unsigned ipv6 = 0; ipv6 < 2; ipv6++)
		for (size_t len = 1600; len <= 62780; len = len * 2 - 100) {
			segments(vif, ipv6, len, 1);
			assert_int_equal(first(vif)->lso_version, 2);
			hv_vif_forget(&vif->peer);
			segments(vif, ipv6, len, 20);
			hv_vif_forget(&vif->peer);
		}
	nothing_refused(vif);
}

/* Before NDIS 6.30's there is the one or the other. */
static void
test_old_hosts_cut_segments_too(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, &(struct host_netvsp_config){ .version_max = HV_NVSP_2 });
	if ((vif->nic->features & PV_NIC_TSO4) != 0) {
		segments(vif, false, 20000, 3);
		assert_in_range(first(vif)->lso_version, 1, 2);
	}
	nothing_refused(vif);
}

static void
test_what_cannot_be_cut_is_refused(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	start(vif, NULL);
	vif_packet(bytes, 65535, false, true);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 65535);
	vif_blank(&frame, false, true);
	frame.frame.segmentation = PV_SEGMENT_TCP4;
	frame.frame.segment_size = 1448;
	assert_int_equal(hv_vif_send(vif, &frame), PV_EMSGSIZE);
	frame.frame.length = frame.segments[0].len = 9000;
	put_be16(bytes + 16, 9000 - 14);
	frame.frame.segment_size = 0;
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
	frame.frame.segment_size = 1448;
	frame.frame.segmentation = PV_SEGMENT_TCP6;
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
	frame.frame.segmentation = (enum pv_segmentation)7;
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
	frame.frame.segmentation = PV_SEGMENT_TCP4;
	frame.frame.flags = 0;
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
	vif_blank(&frame, false, true);
	bytes[23] = 17; /* UDP is not cut */
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
	bytes[23] = 6;
	bytes[46] = 0x40; /* a TCP header of 16 bytes */
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
	bytes[46] = 0x50;
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	assert_int_equal(host_netvsp_counts(vif->net)->tx_frames, 1);
}

/* ---- Beside the frame ------------------------------------------------- */

static void
test_tags_stand_beside_the_frame(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;

	start(vif, NULL);
	vif_pattern(bytes, 100, 3);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 100);
	frame.frame.flags = PV_FRAME_VLAN;
	frame.frame.vlan = 0xb123;
	assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
	assert_true(first(vif)->has_vlan);
	assert_int_equal(first(vif)->vlan, 0xb123);
	assert_int_equal(first(vif)->length, 100);

	hv_vif_address(vif, bytes);
	hv_vif_receive(vif,
	    &(struct host_nv_frame){ .bytes = bytes,
		.length = 100,
		.has_vlan = true,
		.vlan = 0xb123 });
	assert_int_equal(vif->guest.first->guest.flags, PV_FRAME_VLAN);
	assert_int_equal(vif->guest.first->guest.vlan, 0xb123);
	assert_int_equal(vif->guest.first->guest.length, 100);
	nothing_refused(vif);
}

static void
test_the_host_vouches_for_checksums(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, NULL);
	for (unsigned kind = 0; kind < 8; kind++) {
		bool valid = (kind & 4) != 0;

		vif_packet(bytes, 300, (kind & 1) != 0, (kind & 2) != 0);
		hv_vif_address(vif, bytes);
		hv_vif_receive(vif,
		    &(struct host_nv_frame){ .bytes = bytes,
			.length = 300,
			.checksum_valid = valid });
		assert_int_equal(vif->guest.first->guest.flags,
		    valid ? PV_FRAME_CHECKSUM_VALID : 0);
		hv_vif_forget(&vif->guest);
	}
}

static void
test_hash_of_a_received_frame(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, NULL);
	vif_pattern(bytes, 100, 3);
	hv_vif_address(vif, bytes);
	hv_vif_receive(vif,
	    &(struct host_nv_frame){ .bytes = bytes,
		.length = 100,
		.hash = 0xdeadbeef });
	assert_int_equal(vif->guest.first->guest.hash, 0xdeadbeef);
}

/* ---- Joined segments -------------------------------------------------- */

static void
test_joined_segments_arrive_as_one_frame(void **state)
{
	struct hv_vif *vif = *state;

	start(vif, NULL);
	for (unsigned parts = 2; parts <= 40; parts++) {
		size_t len = 54 + parts * (size_t)1400;

		vif_packet(bytes, len, false, true);
		hv_vif_address(vif, bytes);
		hv_vif_receive(vif,
		    &(struct host_nv_frame){ .bytes = bytes,
			.length = len,
			.checksum_valid = true,
			.rsc_segments = parts });
		assert_int_equal(vif->guest.first->guest.length, len);
		assert_int_equal(vif->guest.first->segments, parts);
		assert_int_equal(vif->guest.first->guest.flags,
		    PV_FRAME_CHECKSUM_VALID);
		assert_memory_equal(vif->guest.first->bytes, bytes, len);
		hv_vif_forget(&vif->guest);
	}
	assert_int_equal(vif->device->stats.bad_state, 0);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
	nothing_refused(vif);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_features_are_those_of_the_host),
		hv_vif_test(test_segmentation_needs_checksums),
		hv_vif_test(test_without_segmentation),
		hv_vif_test(test_before_2008_r2_there_are_no_tags),
		hv_vif_test(test_checksums_are_left_to_the_host),
		hv_vif_test(
		    test_checksums_are_completed_for_a_host_that_does_not),
		hv_vif_test(test_udp_of_an_old_host_is_completed_here),
		hv_vif_test(
		    test_a_checksum_of_something_else_is_completed_here),
		hv_vif_test(test_long_segments_are_cut_by_the_host),
		hv_vif_test(test_old_hosts_cut_segments_too),
		hv_vif_test(test_what_cannot_be_cut_is_refused),
		hv_vif_test(test_tags_stand_beside_the_frame),
		hv_vif_test(test_the_host_vouches_for_checksums),
		hv_vif_test(test_hash_of_a_received_frame),
		hv_vif_test(test_joined_segments_arrive_as_one_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
