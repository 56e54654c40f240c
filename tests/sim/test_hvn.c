/* SPDX-License-Identifier: ISC */
/* hvn against the model of netvsp: frames of all sizes and shapes, both ways. */
#include <stdio.h>

#include "tests/support/hv_vif.h"

#define FRAME_MAX 65535u

/* Of an Ethernet frame on a host that takes 9000 bytes of MTU. */
#define JUMBO 9000u
#define JUMBO_FRAME (JUMBO + 14)

/* All short ones, those around each limit, and some between. */
static size_t
next_size(struct hv_vif *vif, size_t len)
{
	if (len < 200 || len >= JUMBO_FRAME - 3)
		return len + 1;
	if (len % PV_PAGE_SIZE < 3 || len % PV_PAGE_SIZE > PV_PAGE_SIZE - 4 ||
	    (len > HVN_COPY - 3 && len < HVN_COPY + 3))
		return len + 1;
	len += 1 + (size_t)sim_random(vif->world->sim, 60);
	return len < JUMBO_FRAME ? len : JUMBO_FRAME;
}

static bool
is_jumbo(struct hv_vif *vif)
{
	return vif->nic->link && vif->nic->mtu == JUMBO;
}

static void
start_jumbo(struct hv_vif *vif)
{
	hv_vif_start(vif, NULL);
	assert_int_equal(pv_nic_set_mtu(vif->nic, JUMBO), PV_OK);
	hv_vif_until(vif, is_jumbo, "up with a larger MTU");
}

static void
arrived_is(const struct hv_arrived *arrived, const uint8_t *bytes, size_t len,
    bool at_peer)
{
	assert_non_null(arrived);
	assert_int_equal(at_peer ? arrived->host.length : arrived->guest.length,
	    len);
	assert_memory_equal(arrived->bytes, bytes, len);
}

static void
goes_out(struct hv_vif *vif, struct vif_frame *frame, const uint8_t *bytes)
{
	assert_int_equal(hv_vif_send(vif, frame), PV_OK);
	assert_int_equal(vif->peer.count, 1);
	arrived_is(vif->peer.first, bytes, frame->frame.length, true);
	hv_vif_forget(&vif->peer);
}

static void
comes_in(struct hv_vif *vif, const uint8_t *bytes, size_t len)
{
	hv_vif_receive(vif,
	    &(struct host_nv_frame){ .bytes = bytes, .length = len });
	arrived_is(vif->guest.first, bytes, len, false);
	assert_int_equal(vif->guest.first->guest.flags, 0);
	hv_vif_forget(&vif->guest);
}

static void
nothing_refused(struct hv_vif *vif)
{
	assert_int_equal(host_netvsp_counts(vif->net)->refused, 0);
}

/* ---- Attach ----------------------------------------------------------- */

static void
test_reports_channel_versions_and_address(void **state)
{
	struct hv_vif *vif = *state;
	char line[96];

	hv_vif_start(vif, NULL);
	snprintf(line, sizeof(line),
	    "hvn0 at hyperv0 channel %u: NVS 6.1 NDIS 6.30, address "
	    "00:15:5d:01:02:03",
	    hv_vif_hvn(vif)->channel->offer.relid);
	world_has_line(vif->world, line);
	assert_memory_equal(vif->nic->mac, HV_VIF_MAC, 6);
	assert_int_equal(vif->nic->queues, 1);
	assert_int_equal(vif->nic->mtu, 1500);
	nothing_refused(vif);
}

static void
test_is_up_when_attaching_the_bus_returns(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_machine(vif, NULL, 1);
	hv_vif_nic(vif, NULL);
	hv_vif_attach(vif);
	assert_true(vif->nic->link);
}

static void
test_every_version_works(void **state)
{
	static const struct {
		uint32_t version;
		const char *text;
		unsigned minor;
	} versions[] = {
		{ HV_NVSP_1, "0.2", 1 },
		{ HV_NVSP_2, "3.2", 1 },
		{ HV_NVSP_4, "4.0", 1 },
		{ HV_NVSP_5, "5.0", 30 },
		{ HV_NVSP_6, "6.0", 30 },
		{ HV_NVSP_6_1, "6.1", 30 },
	};
	struct hv_vif *vif = *state;
	char line[32];

	for (unsigned i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		void *inner;
		struct hv_vif *of;

		assert_int_equal(hv_vif_setup(&inner), 0);
		of = inner;
		hv_vif_start(of,
		    &(struct host_netvsp_config){
			.version_max = versions[i].version });
		assert_int_equal(host_netvsp_counts(of->net)->version,
		    versions[i].version);
		assert_int_equal(host_netvsp_counts(of->net)->ndis,
		    6u << 16 | versions[i].minor);
		snprintf(line, sizeof(line), "NVS %s NDIS 6.%u",
		    versions[i].text, versions[i].minor);
		assert_non_null(strstr(of->device->line, line));
		hv_vif_works(of);
		/* a version that is not taken is not the guest's fault */
		assert_int_equal(hv_vif_teardown(&inner), 0);
	}
	hv_vif_start(vif, NULL);
}

/* ---- Sizes and shapes ------------------------------------------------- */

static void
test_transmits_every_size(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	start_jumbo(vif);
	bytes = hv_vif_pages(vif, 3, &physical);
	for (size_t len = 14; len <= JUMBO_FRAME; len = next_size(vif, len)) {
		vif_pattern(bytes, len, (unsigned)len);
		vif_frame(&frame, bytes, physical, len);
		goes_out(vif, &frame, bytes);
	}
	nothing_refused(vif);
}

static void
test_transmits_from_memory_that_the_host_cannot_reach(void **state)
{
	struct hv_vif *vif = *state;
	static uint8_t bytes[JUMBO_FRAME];
	struct vif_frame frame;

	start_jumbo(vif);
	for (size_t len = 14; len <= JUMBO_FRAME; len = next_size(vif, len)) {
		vif_pattern(bytes, len, (unsigned)len);
		vif_frame(&frame, bytes, PV_NO_PHYSICAL, len);
		goes_out(vif, &frame, bytes);
	}
	nothing_refused(vif);
}

static void
test_transmits_any_layout_of_segments(void **state)
{
	struct hv_vif *vif = *state;
	struct sim *sim = vif->world->sim;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	start_jumbo(vif);
	bytes = hv_vif_pages(vif, 4, &physical);
	for (unsigned i = 0; i < 1000; i++) {
		size_t at = (size_t)sim_random(sim, PV_PAGE_SIZE);
		size_t len = 14 +
		    (size_t)sim_random(sim, i % 2 ? 3000 : JUMBO_FRAME - 13);

		vif_pattern(bytes + at, len, i);
		vif_frame(&frame, bytes + at, physical + at, len);
		hv_vif_cut(vif, &frame, 1 + (unsigned)sim_random(sim, 40));
		/* some of them where no host can reach */
		for (unsigned s = 0; s < frame.frame.count; s++)
			if (sim_random(sim, 4) == 0)
				frame.segments[s].physical = PV_NO_PHYSICAL;
		goes_out(vif, &frame, bytes + at);
	}
	nothing_refused(vif);
}

/* What fits into a part of the host's receive buffer. */
static void
test_receives_every_size(void **state)
{
	struct hv_vif *vif = *state;
	static uint8_t bytes[1514];

	hv_vif_start(vif, NULL);
	for (size_t len = 14; len <= 1514; len++) {
		vif_pattern(bytes, len, (unsigned)len);
		hv_vif_address(vif, bytes);
		comes_in(vif, bytes, len);
	}
	assert_int_equal(host_netvsp_counts(vif->net)->dropped, 0);
	hv_vif_run(vif, PV_MILLISECOND);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
	nothing_refused(vif);
}

static void
test_frames_come_back_from_a_loop(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;
	uint64_t physical;
	uint8_t *bytes;

	hv_vif_start(vif, NULL);
	host_netvsp_on_frame(vif->net, NULL, NULL);
	bytes = hv_vif_pages(vif, 1, &physical);
	for (size_t len = 14; len <= 1514; len = len * 3 / 2) {
		vif_pattern(bytes, len, (unsigned)len);
		hv_vif_address(vif, bytes);
		vif_frame(&frame, bytes, physical, len);
		assert_int_equal(hv_vif_send(vif, &frame), PV_OK);
		hv_vif_arrive(vif, &vif->guest, 1);
		arrived_is(vif->guest.first, bytes, len, false);
		hv_vif_forget(&vif->guest);
	}
	nothing_refused(vif);
}

/* Short and long ones mixed: those that wait in a packet go first. */
static void
test_frames_stay_in_order(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[300];
	uint64_t physical;
	uint8_t *bytes;
	struct hv_arrived *arrived;

	start_jumbo(vif);
	bytes = hv_vif_pages(vif, 300, &physical);
	for (unsigned i = 0; i < 300; i++) {
		uint8_t *at = bytes + i * PV_PAGE_SIZE;
		size_t len = 14 + (size_t)sim_random(vif->world->sim, 4000);

		vif_pattern(at, len, i);
		vif_frame(&frames[i], at, physical + i * PV_PAGE_SIZE, len);
		hv_vif_transmit(vif, 0, &frames[i]);
		if (sim_random(vif->world->sim, 5) == 0)
			pv_nic_kick(vif->nic, 0);
	}
	pv_nic_kick(vif->nic, 0);
	hv_vif_arrive(vif, &vif->peer, 300);
	arrived = vif->peer.first;
	for (unsigned i = 0; i < 300; i++, arrived = arrived->next) {
		hv_vif_wait(vif, &frames[i]);
		assert_int_equal(frames[i].frame.error, PV_OK);
		arrived_is(arrived, bytes + i * PV_PAGE_SIZE,
		    frames[i].frame.length, true);
	}
	nothing_refused(vif);
}

/* More than there are slots, sections and room in the ring. */
static void
test_a_flood_is_sent_whole(void **state)
{
	struct hv_vif *vif = *state;
	static struct vif_frame frames[3000];
	static uint8_t bytes[1514];

	hv_vif_start(vif, NULL);
	vif->drop = true;
	vif_pattern(bytes, sizeof(bytes), 1);
	for (unsigned i = 0; i < 3000; i++) {
		vif_frame(&frames[i], bytes, PV_NO_PHYSICAL, sizeof(bytes));
		hv_vif_transmit(vif, 0, &frames[i]);
	}
	pv_nic_kick(vif->nic, 0);
	for (unsigned i = 0; i < 3000; i++)
		hv_vif_wait(vif, &frames[i]);
	assert_int_equal(vif->peer.count, 3000);
	assert_true(vif->device->stats.stalls > 0);
	nothing_refused(vif);
}

static void
test_a_flood_is_received_whole(void **state)
{
	struct hv_vif *vif = *state;
	static uint8_t bytes[1514];
	unsigned sent = 0;

	hv_vif_start(vif, NULL);
	vif->drop = true;
	vif_pattern(bytes, sizeof(bytes), 1);
	hv_vif_address(vif, bytes);
	for (unsigned i = 0; i < 20000; i++)
		sent += host_netvsp_send(vif->net,
		    &(struct host_nv_frame){ .bytes = bytes,
			.length = sizeof(bytes) });
	assert_true(sent > 5000);
	hv_vif_arrive(vif, &vif->guest, sent);
	hv_vif_run(vif, PV_SECOND);
	assert_int_equal(vif->guest.count, sent);
	assert_int_equal(host_netvsp_counts(vif->net)->receive_in_use, 0);
	hv_vif_works(vif);
}

/* ---- What is refused -------------------------------------------------- */

static int
sent(struct hv_vif *vif, size_t len, size_t said)
{
	static uint8_t bytes[70000];
	struct vif_frame frame;

	vif_frame(&frame, bytes, PV_NO_PHYSICAL, len);
	frame.frame.length = said;
	return hv_vif_send(vif, &frame);
}

static void
test_impossible_lengths_are_refused(void **state)
{
	struct hv_vif *vif = *state;

	hv_vif_start(vif, NULL);
	assert_int_equal(sent(vif, 13, 13), PV_EINVAL);
	assert_int_equal(sent(vif, 0, 0), PV_EINVAL);
	assert_int_equal(sent(vif, 65536, 65536), PV_EINVAL);
	assert_int_equal(sent(vif, 100, 101), PV_EINVAL);
	assert_int_equal(sent(vif, 101, 100), PV_EINVAL);
	assert_int_equal(sent(vif, 9000, 100), PV_EINVAL);
	assert_int_equal(sent(vif, 100, 9000), PV_EINVAL);
	assert_int_equal(host_netvsp_counts(vif->net)->tx_frames, 0);
	/* for this one there is a word, and the host has no use for it */
	assert_int_equal(sent(vif, 65535, 65535), PV_EIO);
}

static void
test_checksum_outside_of_the_frame_is_refused(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[100] = { 0 };

	hv_vif_start(vif, NULL);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	frame.frame.flags = PV_FRAME_CHECKSUM_BLANK;
	frame.frame.checksum_start = 90;
	frame.frame.checksum_offset = 9;
	assert_int_equal(hv_vif_send(vif, &frame), PV_EINVAL);
}

static void
test_another_queue_is_refused(void **state)
{
	struct hv_vif *vif = *state;
	struct vif_frame frame;
	uint8_t bytes[100] = { 0 };

	hv_vif_start(vif, NULL);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, sizeof(bytes));
	hv_vif_transmit(vif, 1, &frame);
	assert_int_equal(frame.done, 1);
	assert_int_equal(frame.frame.error, PV_EINVAL);
}

/* ---- Memory ----------------------------------------------------------- */

static void *(*all_pages)(void *, size_t, uint64_t *);
static size_t most_pages;

static void *
few_pages(void *ctx, size_t pages, uint64_t *physical)
{
	return pages > most_pages ? NULL : all_pages(ctx, pages, physical);
}

/* A run of 16 MB is not always to be had. */
static void
test_less_memory_will_do(void **state)
{
	struct hv_vif *vif = *state;
	struct pv_port *port;
	struct vif_frame frame;
	uint8_t bytes[1514];

	hv_vif_machine(vif, NULL, 1);
	port = sim_machine_own_port(vif->world->machine);
	all_pages = port->pages_alloc;
	most_pages = 90;
	port->pages_alloc = few_pages;
	hv_vif_nic(vif, NULL);
	hv_vif_attach(vif);
	assert_int_equal(hv_vif_hvn(vif)->receive.gpadl.pages, 64);
	hv_vif_works(vif);
	vif_pattern(bytes, 1514, 0);
	vif_frame(&frame, bytes, PV_NO_PHYSICAL, 1514);
	hv_vif_forget(&vif->peer);
	goes_out(vif, &frame, bytes);
}

static void
test_no_memory_is_no_nic(void **state)
{
	struct hv_vif *vif = *state;
	struct pv_port *port;

	hv_vif_machine(vif, NULL, 1);
	port = sim_machine_own_port(vif->world->machine);
	all_pages = port->pages_alloc;
	most_pages = 50;
	port->pages_alloc = few_pages;
	hv_vif_nic(vif, NULL);
	hv_vif_attach(vif);
	assert_false(vif->nic->link);
	hv_vif_until(vif, hv_vif_is_unusable, "unusable");
	assert_int_equal(sent(vif, 100, 100), PV_EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		hv_vif_test(test_reports_channel_versions_and_address),
		hv_vif_test(test_is_up_when_attaching_the_bus_returns),
		hv_vif_test(test_every_version_works),
		hv_vif_test(test_transmits_every_size),
		hv_vif_test(
		    test_transmits_from_memory_that_the_host_cannot_reach),
		hv_vif_test(test_transmits_any_layout_of_segments),
		hv_vif_test(test_receives_every_size),
		hv_vif_test(test_frames_come_back_from_a_loop),
		hv_vif_test(test_frames_stay_in_order),
		hv_vif_test(test_a_flood_is_sent_whole),
		hv_vif_test(test_a_flood_is_received_whole),
		hv_vif_test(test_impossible_lengths_are_refused),
		hv_vif_test(test_checksum_outside_of_the_frame_is_refused),
		hv_vif_test(test_another_queue_is_refused),
		hv_vif_test(test_less_memory_will_do),
		hv_vif_test(test_no_memory_is_no_nic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
