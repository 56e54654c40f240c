/* SPDX-License-Identifier: ISC */
/*
 * xnf and a back end that lies about the frames it sends.  The number in a name is that of the list of
 * bad inputs that each driver survives; wanted is always: no access elsewhere
 * and nothing leaked (the sanitizers and the teardown see to that), each frame
 * ends once, a counter rises, and the device drops the item or is broken.
 */
#include "tests/support/hostile.h"

/* ---- Lengths ---------------------------------------------------------- */

static void
is_dropped(struct vif *vif, unsigned offset, unsigned flags, int status,
    const uint64_t *counter)
{
	uint64_t before = *counter;
	unsigned arrived = vif->guest.count;

	vif_put(vif, offset, flags, status);
	hostile_poll(vif);
	assert_int_equal(*counter, before + 1);
	assert_int_equal(vif->guest.count, arrived);
	hostile_still_receives(vif);
}

static void
test_18_length_of_zero(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	is_dropped(vif, 0, 0, 0, &vif->device->stats.bad_length);
	is_dropped(vif, 4096, 0, 0, &vif->device->stats.bad_length);
}

static void
test_19_longer_than_the_page(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
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

	hostile_start(vif);
	is_dropped(vif, 4096, 0, 60, &vif->device->stats.bad_length);
	is_dropped(vif, 4037, 0, 60, &vif->device->stats.bad_length);
	vif_pattern(vif_page(vif, 0) + 4036, 60, 0);
	vif_put(vif, 4036, 0, 60);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 3);
}

static void
test_21_offset_and_length_wrap(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	is_dropped(vif, 0xffff, 0, 60, &vif->device->stats.bad_length);
	is_dropped(vif, 0xffff, 0, 1, &vif->device->stats.bad_length);
	is_dropped(vif, 0xf000, 0, 4096, &vif->device->stats.bad_length);
}

static void
test_23_status_that_nobody_knows(void **state)
{
	struct vif *vif = *state;
	struct vif_frame frame;

	hostile_start(vif);
	is_dropped(vif, 0, 0, -3, &vif->device->stats.bad_value);
	is_dropped(vif, 0, 0, -32768, &vif->device->stats.bad_value);
	/* what a back end may say is not counted as bad */
	vif_put(vif, 0, 0, XEN_NET_ERROR);
	vif_put(vif, 0, 0, XEN_NET_DROPPED);
	hostile_poll(vif);
	assert_int_equal(vif->device->stats.bad_value, 2);
	hostile_submit(vif, &frame, 60);
	vif_answer(vif, vif_request(vif, 0).id, -32768);
	hostile_poll(vif);
	hostile_ended(&frame, PV_EIO);
	assert_int_equal(vif->device->stats.bad_value, 3);
	hostile_submit(vif, &frame, 60);
	vif_answer(vif, vif_request(vif, 0).id, XEN_NET_DROPPED);
	hostile_poll(vif);
	hostile_ended(&frame, PV_EIO);
	assert_int_equal(vif->device->stats.bad_value, 3);
	hostile_still_receives(vif);
}

static void
test_24_chain_without_end(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	for (unsigned i = 0; i < 3000; i++) {
		vif_put(vif, 0, XEN_NET_RX_MORE_DATA, 60);
		if (i % 50 == 0)
			vif_run(vif, PV_MILLISECOND);
	}
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 0);
	assert_int_equal(vif->device->stats.bad_length, 1);
	vif_put(vif, 0, 0, 60); /* its end */
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 0);
	hostile_still_receives(vif);
}

static void
chain_of(struct vif *vif, unsigned slots, unsigned bad, int status)
{
	for (unsigned i = 0; i < slots; i++)
		vif_put(vif, 0, i + 1 < slots ? XEN_NET_RX_MORE_DATA : 0,
		    i == bad ? status : 4096);
	hostile_poll(vif);
}

/* Back ends use one slot more than we do, where the first has only headers;
 * but no more. */
static void
test_24_chain_that_is_too_long(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	chain_of(vif, 16, 15, 4095);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->guest.first->guest.length, 65535);
	for (unsigned i = 0; i < XNF_CHAIN_MAX; i++)
		vif_put(vif, 0,
		    i + 1 < XNF_CHAIN_MAX ? XEN_NET_RX_MORE_DATA : 0, 3000);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 2);
	for (unsigned i = 0; i < XNF_CHAIN_MAX + 1; i++)
		vif_put(vif, 0, i < XNF_CHAIN_MAX ? XEN_NET_RX_MORE_DATA : 0,
		    3000);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 2);
	assert_int_equal(vif->device->stats.bad_length, 1);
	/* few slots, and more bytes than any packet */
	chain_of(vif, 17, 17, 0);
	assert_int_equal(vif->guest.count, 2);
	assert_int_equal(vif->device->stats.bad_length, 2);
	hostile_still_receives(vif);
}

/* The frame waits for its end, and its pages with it. */
static void
test_24_chain_cut_by_the_producer(void **state)
{
	struct vif *vif = *state;

	hostile_start(vif);
	vif_pattern(vif_page(vif, 0), 4096, 1);
	vif_put(vif, 0, XEN_NET_RX_MORE_DATA, 4096);
	vif_run(vif, 10 * PV_SECOND);
	assert_int_equal(vif->guest.count, 0);
	vif_put(vif, 0, 0, 100);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 1);
	assert_int_equal(vif->guest.first->guest.length, 4196);
	hostile_still_receives(vif);
}

/* Each buffer is given back once: XSA-405. */
static void
test_24_error_in_each_fragment(void **state)
{
	struct vif *vif = *state;
	static const int bad[] = { XEN_NET_ERROR, XEN_NET_DROPPED, -77, 0,
		4097 };

	hostile_start(vif);
	for (unsigned slots = 1; slots <= 5; slots++)
		for (unsigned at = 0; at < slots; at++)
			for (unsigned i = 0; i < 5; i++) {
				unsigned before = vif->guest.count;

				chain_of(vif, slots, at, bad[i]);
				assert_int_equal(vif->guest.count, before);
				hostile_still_receives(vif);
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
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, before + arrives);
	if (counter != NULL)
		assert_int_equal(*counter, bad + 1);
	hostile_still_receives(vif);
}

#define MORE XEN_NET_EXTRA_FLAG_MORE

static void
test_25_extras_that_are_good(void **state)
{
	struct vif *vif = *state;
	union xen_net_rx_entry extras[3];

	hostile_start(vif);
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

	hostile_start(vif);
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

	hostile_start(vif);
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

	hostile_start(vif);
	vif_put(vif, 0, XEN_NET_RX_EXTRA_INFO, 100);
	for (unsigned i = 0; i < 3000; i++) {
		vif_put_entry(vif, &entry);
		if (i % 50 == 0)
			vif_run(vif, PV_MILLISECOND);
	}
	hostile_poll(vif);
	assert_int_equal(vif->device->stats.bad_duplicate, 1);
	entry.extra.flags = 0;
	vif_put_entry(vif, &entry);
	hostile_poll(vif);
	assert_int_equal(vif->guest.count, 0);
	hostile_still_receives(vif);
}

static void
test_25_impossible_segmentation(void **state)
{
	struct vif *vif = *state;
	const uint64_t *bad;
	union xen_net_rx_entry entry;

	hostile_start(vif);
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

	hostile_start(vif);
	vif_pattern(vif_page(vif, 0), 100, 0);
	is_dropped(vif, 0, XEN_NET_RX_CSUM_BLANK, 100,
	    &vif->device->stats.bad_value);
	/* cut within its headers */
	vif_packet(vif_page(vif, 0), 100, false, true);
	is_dropped(vif, 0, XEN_NET_RX_CSUM_BLANK, 40,
	    &vif->device->stats.bad_value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
