/* SPDX-License-Identifier: ISC */
/* The model of netback, judged by the public protocol: a front end of a few
 * lines, and no driver. */
#include <stdio.h>

#include "tests/support/raw_guest.h"
#include "wire/endian.h"
#include "wire/xen/net.h"

#define MORE XEN_NET_TX_MORE_DATA
#define EXTRA XEN_NET_TX_EXTRA_INFO
#define TX_PAGES 24

struct nic {
	struct raw_guest *guest;
	struct host_netback *net;
	struct host_netback_manners *manners;
	const struct host_netback_counts *counts;
	struct raw_ring tx, rx;   /* of queue 0 */
	struct raw_ring tx1, rx1; /* of queue 1 */
	struct raw_page *data;    /* to transmit */
	uint32_t references[TX_PAGES];
	struct raw_page *buffers; /* to receive */
	uint32_t buffer_references[32];
	uint16_t next_id;
	/* the last frame that came out at the other side */
	unsigned frames;
	struct host_frame frame;
	uint8_t bytes[65536];
};

static void
keep_frame(void *ctx, const struct host_frame *frame)
{
	struct nic *nic = ctx;

	nic->frames++;
	nic->frame = *frame;
	memcpy(nic->bytes, frame->bytes, frame->length);
}

static void
fill(uint8_t *bytes, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 5 + i / 263 + seed);
}

static void
grant_all(struct nic *nic)
{
	for (unsigned i = 0; i < TX_PAGES; i++)
		nic->references[i] = raw_grant(nic->guest,
		    nic->data->physical + i * PV_PAGE_SIZE, true);
	for (unsigned i = 0; i < 32; i++)
		nic->buffer_references[i] = raw_grant(nic->guest,
		    nic->buffers->physical + i * PV_PAGE_SIZE, false);
}

/* The device is there, the back end waits. */
static struct nic *
nic_new(void **state, const struct host_nic_config *given)
{
	struct host_nic_config config = *given;
	struct nic *nic = calloc(1, sizeof(*nic));

	assert_non_null(nic);
	memcpy(config.mac, "\x00\x16\x3e\x01\xab\xff", 6);
	nic->guest = raw_guest_new(*state);
	raw_device(nic->guest, "vif", config.handle);
	nic->net = host_netback_new(nic->guest->xen, &config);
	assert_non_null(nic->net);
	nic->manners = host_netback_manners(nic->net);
	nic->counts = host_netback_counts(nic->net);
	host_netback_on_frame(nic->net, keep_frame, nic);
	raw_back_is(nic->guest, XEN_BUS_INIT_WAIT);
	nic->data = raw_pages(nic->guest, TX_PAGES);
	nic->buffers = raw_pages(nic->guest, 32);
	fill(nic->data->bytes, TX_PAGES * PV_PAGE_SIZE, 3);
	/* IPv4 and TCP, as far as anybody looks */
	put_be16((uint8_t *)nic->data->bytes + 12, 0x0800);
	grant_all(nic);
	return nic;
}

static void
write_rings(struct nic *nic, const struct raw_ring *tx,
    const struct raw_ring *rx, const char *prefix, bool split)
{
	char key[64];

	snprintf(key, sizeof(key), "%stx-ring-ref", prefix);
	raw_write(nic->guest, key, tx->references[0]);
	snprintf(key, sizeof(key), "%srx-ring-ref", prefix);
	raw_write(nic->guest, key, rx->references[0]);
	snprintf(key, sizeof(key), "%sevent-channel%s", prefix,
	    split ? "-tx" : "");
	raw_write(nic->guest, key, tx->port);
	if (!split)
		return;
	snprintf(key, sizeof(key), "%sevent-channel-rx", prefix);
	raw_write(nic->guest, key, rx->port);
}

static void
new_rings(struct nic *nic, struct raw_ring *tx, struct raw_ring *rx)
{
	raw_ring_new(nic->guest, tx, 1, sizeof(union xen_net_tx_entry));
	raw_ring_new(nic->guest, rx, 1, sizeof(union xen_net_rx_entry));
}

static void
write_features(struct nic *nic)
{
	static const char *const flags[] = { "request-rx-copy",
		"feature-rx-notify", "feature-sg", "feature-gso-tcpv4",
		"feature-gso-tcpv6", "feature-ipv6-csum-offload" };

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		raw_write(nic->guest, flags[i], 1);
}

static void
connect(struct nic *nic)
{
	new_rings(nic, &nic->tx, &nic->rx);
	write_rings(nic, &nic->tx, &nic->rx, "", false);
	nic->rx.port = nic->tx.port;
	write_features(nic);
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	raw_back_is(nic->guest, XEN_BUS_CONNECTED);
	assert_int_equal(nic->counts->queues, 1);
	assert_false(nic->counts->split);
}

static struct nic *
connected(void **state, const struct host_nic_config *config)
{
	struct nic *nic = nic_new(state, config);

	connect(nic);
	return nic;
}

static void
nic_free(struct nic *nic)
{
	host_netback_free(nic->net);
	assert_int_equal(host_xen_counts(nic->guest->xen)->mapped, 0);
	raw_guest_free(nic->guest);
	free(nic);
}

/* ---- Transmit --------------------------------------------------------- */

/* A slot on the n-th page. */
static void
put_slot(struct nic *nic, unsigned page, uint16_t offset, uint16_t size,
    uint16_t flags)
{
	union xen_net_tx_entry entry = { 0 };

	entry.request =
	    (struct xen_net_tx_request){ .ref = nic->references[page],
		    .offset = offset,
		    .flags = flags,
		    .id = nic->next_id++,
		    .size = size };
	raw_put(&nic->tx, &entry);
}

static void
put_extra(struct nic *nic, const struct xen_net_extra *extra)
{
	union xen_net_tx_entry entry = { 0 };

	entry.extra = *extra;
	raw_put(&nic->tx, &entry);
}

static const struct xen_net_extra gso4 = { .type = XEN_NET_EXTRA_GSO,
	.u.gso = { .size = 1448, .type = XEN_NET_GSO_TCPV4 } };

static struct xen_net_tx_response
take(struct nic *nic)
{
	struct xen_net_tx_response response;

	raw_take(&nic->tx, &response, sizeof(response));
	return response;
}

/* So many slots are answered so, with rising ids from `id`. */
static void
answered(struct nic *nic, unsigned count, uint16_t id, int status)
{
	struct xen_net_tx_response response;

	assert_int_equal(raw_responses(&nic->tx), count);
	for (unsigned i = 0; i < count; i++) {
		response = take(nic);
		assert_int_equal(response.id, id + i);
		assert_int_equal(response.status, status);
	}
}

/* A small frame is taken well. */
static void
still_works(struct nic *nic)
{
	unsigned before = nic->frames;
	uint16_t id = nic->next_id;

	put_slot(nic, 0, 0, 60, 0);
	raw_go(&nic->tx);
	answered(nic, 1, id, XEN_NET_OKAY);
	assert_int_equal(nic->frames, before + 1);
	assert_int_equal(nic->frame.length, 60);
	assert_memory_equal(nic->bytes, nic->data->bytes, 60);
}

/* What was put is answered with an error, once, and nothing is broken. */
static void
refused(struct nic *nic, unsigned slots)
{
	uint64_t before = nic->counts->refused;
	unsigned frames = nic->frames;

	raw_go(&nic->tx);
	answered(nic, slots, (uint16_t)(nic->next_id - slots), XEN_NET_ERROR);
	assert_int_equal(nic->counts->refused, before + 1);
	assert_int_equal(nic->frames, frames);
	assert_false(nic->counts->disabled);
	still_works(nic);
	nic_free(nic);
}

/* What was put ends it all. */
static void
fatal(struct nic *nic)
{
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 0);
	assert_int_equal(nic->counts->refused, 1);
	assert_true(nic->counts->disabled);
	raw_send(nic->guest, nic->tx.port);
	raw_wait(nic->guest, PV_MILLISECOND);
	assert_int_equal(raw_responses(&nic->tx), 0);
	assert_int_equal(nic->frames, 0);
	nic_free(nic);
}

/* ---- Receive ---------------------------------------------------------- */

/* `count` of the buffers, ids are their numbers. */
static void
give_buffers(struct nic *nic, unsigned count)
{
	union xen_net_rx_entry entry = { 0 };

	memset(nic->buffers->bytes, 0xcc, 32 * PV_PAGE_SIZE);
	for (unsigned i = 0; i < count; i++) {
		entry.request.id = (uint16_t)(nic->rx.prod % 32);
		entry.request.ref = nic->buffer_references[entry.request.id];
		raw_put(&nic->rx, &entry);
	}
	raw_go(&nic->rx);
}

static struct xen_net_rx_response
receive(struct nic *nic)
{
	struct xen_net_rx_response response;

	raw_take(&nic->rx, &response, sizeof(response));
	return response;
}

static const uint8_t *
buffer(const struct nic *nic, unsigned index)
{
	return (const uint8_t *)nic->buffers->bytes + index * PV_PAGE_SIZE;
}

static struct host_frame
frame_of(uint8_t *bytes, size_t length)
{
	fill(bytes, length, 77);
	memcpy(bytes, "\x00\x16\x3e\x01\xab\xff", 6);
	put_be16(bytes + 12, 0x0800);
	return (struct host_frame){ .bytes = bytes, .length = length };
}

static bool
send_to(struct nic *nic, const struct host_frame *frame)
{
	bool sent = host_netback_send(nic->net, frame);

	raw_wait(nic->guest, PV_MILLISECOND);
	return sent;
}

/* ---- XenStore and states ---------------------------------------------- */

static void
test_toolstack_keys(void **state)
{
	struct nic *nic = nic_new(state,
	    &(struct host_nic_config){ .handle = 3,
		.mtu = 9000,
		.untrusted = true });
	struct raw_guest *guest = nic->guest;

	assert_string_equal(raw_front_text(guest, "backend"), guest->back);
	assert_string_equal(raw_front_text(guest, "backend-id"), "0");
	assert_string_equal(raw_front_text(guest, "state"), "1");
	assert_string_equal(raw_front_text(guest, "handle"), "3");
	assert_string_equal(raw_front_text(guest, "mac"), "00:16:3e:01:ab:ff");
	assert_string_equal(raw_front_text(guest, "mtu"), "9000");
	assert_string_equal(raw_front_text(guest, "trusted"), "0");
	assert_string_equal(raw_back_text(guest, "frontend"), guest->front);
	assert_string_equal(raw_back_text(guest, "mac"), "00:16:3e:01:ab:ff");
	assert_string_equal(raw_back_text(guest, "handle"), "3");
	assert_string_equal(raw_back_text(guest, "mtu"), "9000");
	assert_string_equal(raw_back_text(guest, "hotplug-status"),
	    "connected");
	host_netback_carrier(nic->net, false);
	assert_string_equal(raw_back_text(guest, "carrier"), "0");
	nic_free(nic);
}

static void
test_features(void **state)
{
	static const char *const keys[] = { "feature-sg", "feature-gso-tcpv4",
		"feature-gso-tcpv6", "feature-ipv6-csum-offload",
		"feature-rx-copy", "feature-split-event-channels",
		"feature-multicast-control", "feature-xdp-headroom" };
	struct nic *nic = nic_new(state,
	    &(struct host_nic_config){ .split = true,
		.multicast = true,
		.xdp_headroom = true,
		.max_queues = 4 });

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(raw_back_number(nic->guest, keys[i]), 1);
	assert_int_equal(raw_back_number(nic->guest, "feature-rx-flip"), 0);
	assert_int_equal(raw_back_number(nic->guest, "multi-queue-max-queues"),
	    4);
	assert_null(raw_back_text(nic->guest, "feature-no-csum-offload"));
	nic_free(nic);
}

static void
test_a_back_end_that_can_little(void **state)
{
	static const char *const keys[] = { "feature-sg", "feature-gso-tcpv4",
		"feature-gso-tcpv6", "feature-ipv6-csum-offload",
		"feature-rx-copy", "feature-rx-notify",
		"feature-split-event-channels", "feature-multicast-control",
		"feature-xdp-headroom", "multi-queue-max-queues" };
	struct nic *nic = nic_new(state,
	    &(struct host_nic_config){ .no_sg = true,
		.no_gso4 = true,
		.no_gso6 = true,
		.no_csum4 = true,
		.no_ipv6_csum = true,
		.no_copy = true,
		.no_notify = true });

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_null(raw_back_text(nic->guest, keys[i]));
	assert_int_equal(raw_back_number(nic->guest, "feature-no-csum-offload"),
	    1);
	assert_null(raw_front_text(nic->guest, "mtu"));
	assert_null(raw_front_text(nic->guest, "trusted"));
	nic_free(nic);
}

/* Linux's netback does not hear of that state. */
static void
test_initialised_is_not_enough(void **state)
{
	struct nic *nic = nic_new(state, &(struct host_nic_config){ 0 });

	new_rings(nic, &nic->tx, &nic->rx);
	write_rings(nic, &nic->tx, &nic->rx, "", false);
	write_features(nic);
	raw_state(nic->guest, XEN_BUS_INITIALISED);
	raw_back_is(nic->guest, XEN_BUS_INIT_WAIT);
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	raw_back_is(nic->guest, XEN_BUS_CONNECTED);
	nic_free(nic);
}

static void
test_close_and_come_back(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	raw_state(nic->guest, XEN_BUS_CLOSING);
	raw_back_is(nic->guest, XEN_BUS_CLOSING);
	raw_state(nic->guest, XEN_BUS_CLOSED);
	raw_back_is(nic->guest, XEN_BUS_CLOSED);
	assert_true(raw_grant_end(nic->guest, nic->tx.references[0]));
	assert_true(raw_grant_end(nic->guest, nic->rx.references[0]));
	raw_state(nic->guest, XEN_BUS_INITIALISING);
	raw_back_is(nic->guest, XEN_BUS_INIT_WAIT);
	connect(nic);
	still_works(nic);
	nic_free(nic);
}

static void
test_restart_announces_anew(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	host_netback_restart(nic->net,
	    &(struct host_nic_config){ .no_sg = true, .max_queues = 2 });
	assert_string_equal(raw_back_text(nic->guest, "state"), "6");
	raw_back_is(nic->guest, XEN_BUS_INIT_WAIT);
	assert_null(raw_back_text(nic->guest, "feature-sg"));
	assert_int_equal(raw_back_number(nic->guest, "multi-queue-max-queues"),
	    2);
	connect(nic);
	still_works(nic);
	assert_int_equal(nic->counts->restarts, 1);
	nic_free(nic);
}

static void
test_removals(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	host_netback_remove(nic->net, true);
	raw_back_is(nic->guest, XEN_BUS_CLOSING);
	assert_string_equal(raw_back_text(nic->guest, "online"), "0");
	raw_state(nic->guest, XEN_BUS_CLOSED);
	assert_null(raw_back_text(nic->guest, "state"));
	host_netback_restart(nic->net, &(struct host_nic_config){ 0 });
	raw_back_is(nic->guest, XEN_BUS_INIT_WAIT);
	connect(nic);
	host_netback_remove(nic->net, false);
	assert_null(raw_back_text(nic->guest, "state"));
	assert_null(raw_front_text(nic->guest, "state"));
	nic_free(nic);
}

static void
test_begins_anew_after_a_resume(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	still_works(nic);
	raw_suspend(nic->guest, 12);
	raw_device(nic->guest, "vif", 0);
	raw_back_is(nic->guest, XEN_BUS_INIT_WAIT);
	assert_int_equal(nic->counts->queues, 0);
	grant_all(nic);
	connect(nic);
	still_works(nic);
	nic_free(nic);
}

static void
test_freed_with_a_look_due(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	nic->manners->delay = 10 * PV_MILLISECOND;
	put_slot(nic, 0, 0, 60, 0);
	raw_go(&nic->tx);
	host_netback_free(nic->net);
	raw_wait(nic->guest, 100 * PV_MILLISECOND);
	assert_int_equal(nic->frames, 0);
	raw_guest_free(nic->guest);
	free(nic);
}

/* ---- What a front end may not write ----------------------------------- */

static struct nic *
with_keys(void **state, const struct host_nic_config *config)
{
	struct nic *nic = nic_new(state, config);

	new_rings(nic, &nic->tx, &nic->rx);
	write_rings(nic, &nic->tx, &nic->rx, "", false);
	write_features(nic);
	return nic;
}

static void
does_not_connect(struct nic *nic)
{
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	raw_back_is(nic->guest, XEN_BUS_CLOSING);
	assert_int_equal(host_netback_counts(nic->net)->refused_connects, 1);
	assert_int_equal(nic->counts->queues, 0);
	assert_int_equal(host_xen_counts(nic->guest->xen)->mapped, 0);
	nic_free(nic);
}

static void
test_without_copies(void **state)
{
	struct nic *nic = with_keys(state, &(struct host_nic_config){ 0 });

	raw_write(nic->guest, "request-rx-copy", 0);
	does_not_connect(nic);
}

static void
test_ring_that_is_not_granted(void **state)
{
	struct nic *nic = with_keys(state, &(struct host_nic_config){ 0 });

	raw_write(nic->guest, "rx-ring-ref", 500);
	does_not_connect(nic);
}

static void
test_no_ring_ref(void **state)
{
	struct nic *nic = with_keys(state, &(struct host_nic_config){ 0 });

	raw_write_text(nic->guest, "tx-ring-ref", "");
	does_not_connect(nic);
}

static void
test_no_event_channel(void **state)
{
	struct nic *nic = with_keys(state, &(struct host_nic_config){ 0 });

	raw_write(nic->guest, "event-channel", 900);
	does_not_connect(nic);
}

static void
test_more_queues_than_announced(void **state)
{
	struct nic *nic = with_keys(state, &(struct host_nic_config){ 0 });

	raw_write(nic->guest, "multi-queue-num-queues", 2);
	does_not_connect(nic);
}

/* ---- Frames of the guest's that are right ----------------------------- */

static void
test_frame_of_one_slot(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 2, 100, 1514, XEN_NET_TX_DATA_VALIDATED);
	raw_go(&nic->tx);
	answered(nic, 1, 0, XEN_NET_OKAY);
	assert_int_equal(nic->frame.length, 1514);
	assert_memory_equal(nic->bytes,
	    (uint8_t *)nic->data->bytes + 2 * 4096 + 100, 1514);
	assert_true(nic->frame.checksum_valid);
	assert_false(nic->frame.checksum_blank);
	assert_int_equal(nic->frame.gso_type, XEN_NET_GSO_NONE);
	assert_int_equal(nic->counts->tx_frames, 1);
	assert_int_equal(nic->counts->tx_slots, 1);
	nic_free(nic);
}

static void
test_frame_of_several_slots(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	/* the first says how much all of it is */
	put_slot(nic, 0, 0, 4096 + 4096 + 50, MORE);
	put_slot(nic, 1, 0, 4096, MORE);
	put_slot(nic, 2, 0, 50, 0);
	put_slot(nic, 3, 7, 60, 0);
	raw_go(&nic->tx);
	answered(nic, 4, 0, XEN_NET_OKAY);
	assert_int_equal(nic->frames, 2);
	assert_int_equal(nic->frame.length, 60);
	assert_int_equal(nic->counts->tx_slots, 4);
	put_slot(nic, 0, 0, 4096 + 4096 + 50, MORE);
	put_slot(nic, 1, 0, 4096, MORE);
	put_slot(nic, 2, 0, 50, 0);
	raw_go(&nic->tx);
	assert_int_equal(nic->frame.length, 4096 + 4096 + 50);
	assert_memory_equal(nic->bytes, nic->data->bytes, 4096 + 4096 + 50);
	nic_free(nic);
}

static void
test_eighteen_slots(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 18 * 3000, MORE);
	for (unsigned i = 1; i < 18; i++)
		put_slot(nic, i, 0, 3000, i < 17 ? MORE : 0);
	raw_go(&nic->tx);
	answered(nic, 18, 0, XEN_NET_OKAY);
	assert_int_equal(nic->frame.length, 18 * 3000);
	nic_free(nic);
}

static void
test_segmentation(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	struct xen_net_tx_response response;

	put_slot(nic, 0, 0, 6000, MORE | EXTRA | XEN_NET_TX_CSUM_BLANK);
	put_extra(nic, &gso4);
	put_slot(nic, 1, 0, 2000, 0);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 3);
	assert_int_equal(take(nic).status, XEN_NET_OKAY);
	assert_int_equal(take(nic).status, XEN_NET_NULL);
	response = take(nic);
	assert_int_equal(response.id, 1);
	assert_int_equal(response.status, XEN_NET_OKAY);
	assert_int_equal(nic->frame.length, 6000);
	assert_int_equal(nic->frame.gso_type, XEN_NET_GSO_TCPV4);
	assert_int_equal(nic->frame.gso_size, 1448);
	assert_true(nic->frame.checksum_blank);
	assert_int_equal(nic->counts->tx_slots, 3);
	nic_free(nic);
}

static void
test_two_extra_infos(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	struct xen_net_extra extra = gso4;
	const struct xen_net_extra hash = { .type = XEN_NET_EXTRA_HASH,
		.u.hash = { .type = 1, .value = { 4, 3, 2, 1 } } };

	extra.flags = XEN_NET_EXTRA_FLAG_MORE;
	put_slot(nic, 0, 0, 2000, EXTRA | XEN_NET_TX_CSUM_BLANK);
	put_extra(nic, &extra);
	put_extra(nic, &hash);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 3);
	assert_true(nic->frame.has_hash);
	assert_int_equal(nic->frame.hash, 0x01020304);
	assert_int_equal(nic->frame.hash_type, 1);
	nic_free(nic);
}

static void
test_a_loop(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	struct xen_net_rx_response response;

	host_netback_on_frame(nic->net, NULL, NULL);
	give_buffers(nic, 4);
	put_slot(nic, 0, 0, 5000, MORE);
	put_slot(nic, 1, 0, 904, 0);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 2);
	assert_int_equal(raw_responses(&nic->rx), 2);
	response = receive(nic);
	assert_int_equal(response.status, 4096);
	assert_int_equal(response.flags, XEN_NET_RX_MORE_DATA);
	response = receive(nic);
	assert_int_equal(response.status, 904);
	assert_int_equal(response.flags, 0);
	assert_memory_equal(buffer(nic, 0), nic->data->bytes, 5000);
	nic_free(nic);
}

static void
test_two_queues_of_two_channels(void **state)
{
	struct nic *nic = nic_new(state,
	    &(struct host_nic_config){ .max_queues = 2, .split = true });
	uint8_t bytes[100];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));

	new_rings(nic, &nic->tx1, &nic->rx1);
	new_rings(nic, &nic->tx, &nic->rx);
	write_rings(nic, &nic->tx1, &nic->rx1, "queue-0/", true);
	write_rings(nic, &nic->tx, &nic->rx, "queue-1/", true);
	write_features(nic);
	raw_write(nic->guest, "multi-queue-num-queues", 2);
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	raw_back_is(nic->guest, XEN_BUS_CONNECTED);
	assert_int_equal(nic->counts->queues, 2);
	assert_true(nic->counts->split);
	still_works(nic);
	assert_int_equal(nic->frame.queue, 1);
	assert_true(raw_event(nic->guest, nic->tx.port));
	assert_false(raw_event(nic->guest, nic->rx.port));
	give_buffers(nic, 2);
	frame.queue = 1;
	assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 1);
	assert_true(raw_event(nic->guest, nic->rx.port));
	assert_false(raw_event(nic->guest, nic->tx.port));
	nic_free(nic);
}

/* ---- Frames of the guest's that are wrong ----------------------------- */

static void
test_nineteen_slots(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 19 * 3000, MORE);
	for (unsigned i = 1; i < 19; i++)
		put_slot(nic, i, 0, 3000, i < 18 ? MORE : 0);
	refused(nic, 19);
}

static void
test_twenty_two_slots(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 22 * 2000, MORE);
	for (unsigned i = 1; i < 22; i++)
		put_slot(nic, i, 0, 2000, i < 21 ? MORE : 0);
	fatal(nic);
}

static void
test_slots_larger_than_the_frame(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 1000, MORE);
	put_slot(nic, 1, 0, 1001, 0);
	refused(nic, 2);
}

static void
test_less_than_a_header(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 13, 0);
	refused(nic, 1);
}

static void
test_page_that_is_not_granted(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint32_t reference = nic->references[1];

	nic->references[1] = 500;
	put_slot(nic, 0, 0, 200, MORE);
	put_slot(nic, 1, 0, 100, 0);
	nic->references[1] = reference;
	refused(nic, 2);
}

static void
test_across_a_page(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 4000, 97, 0);
	fatal(nic);
}

static void
test_across_a_page_later(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 200, MORE);
	put_slot(nic, 1, 4090, 100, 0);
	fatal(nic);
}

static void
test_chain_that_is_cut(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 200, MORE);
	fatal(nic);
}

static void
test_extra_info_that_is_missing(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	put_slot(nic, 0, 0, 200, EXTRA);
	fatal(nic);
}

static void
test_extra_info_of_no_type(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	const struct xen_net_extra extra = { .type = 9 };

	put_slot(nic, 0, 0, 200, EXTRA);
	put_extra(nic, &extra);
	fatal(nic);
}

static void
test_segments_of_size_0(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	struct xen_net_extra extra = gso4;

	extra.u.gso.size = 0;
	put_slot(nic, 0, 0, 200, EXTRA | XEN_NET_TX_CSUM_BLANK);
	put_extra(nic, &extra);
	fatal(nic);
}

static void
test_producer_that_runs_ahead(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	nic->tx.prod = nic->tx.size + 1;
	fatal(nic);
}

static void
test_several_slots_not_announced(void **state)
{
	struct nic *nic = connected(state,
	    &(struct host_nic_config){ .no_sg = true });

	put_slot(nic, 0, 0, 200, MORE);
	put_slot(nic, 1, 0, 100, 0);
	refused(nic, 2);
}

static void
test_blank_checksum_not_announced(void **state)
{
	struct nic *nic = connected(state,
	    &(struct host_nic_config){ .no_csum4 = true });

	put_slot(nic, 0, 0, 200, XEN_NET_TX_CSUM_BLANK);
	refused(nic, 1);
}

static void
test_segmentation_not_announced(void **state)
{
	struct nic *nic = connected(state,
	    &(struct host_nic_config){ .no_gso4 = true });

	put_slot(nic, 0, 0, 200, EXTRA | XEN_NET_TX_CSUM_BLANK);
	put_extra(nic, &gso4);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 2);
	assert_int_equal(take(nic).status, XEN_NET_ERROR);
	assert_int_equal(take(nic).status, XEN_NET_NULL);
	assert_int_equal(nic->counts->refused, 1);
	still_works(nic);
	nic_free(nic);
}

/* ---- To the guest ----------------------------------------------------- */

static void
test_receives_small_frames(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[100];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));
	struct xen_net_rx_response response;

	give_buffers(nic, 3);
	frame.checksum_valid = true;
	assert_true(host_netback_send(nic->net, &frame));
	frame.checksum_valid = false;
	frame.checksum_blank = true;
	assert_true(host_netback_send(nic->net, &frame));
	assert_true(
	    send_to(nic, &(struct host_frame){ .bytes = bytes, .length = 60 }));
	assert_int_equal(raw_responses(&nic->rx), 3);
	response = receive(nic);
	assert_int_equal(response.id, 0);
	assert_int_equal(response.offset, 0);
	assert_int_equal(response.flags, XEN_NET_RX_DATA_VALIDATED);
	assert_int_equal(response.status, 100);
	assert_memory_equal(buffer(nic, 0), bytes, 100);
	assert_int_equal(buffer(nic, 0)[100], 0xcc);
	response = receive(nic);
	assert_int_equal(response.flags,
	    XEN_NET_RX_DATA_VALIDATED | XEN_NET_RX_CSUM_BLANK);
	response = receive(nic);
	assert_int_equal(response.flags, 0);
	assert_int_equal(response.status, 60);
	/* all three with one event */
	assert_int_equal(nic->counts->signals_sent, 1);
	assert_int_equal(nic->counts->rx_frames, 3);
	assert_int_equal(nic->counts->rx_slots, 3);
	nic_free(nic);
}

static void
test_receives_large_segmented_frames(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	static uint8_t bytes[65535];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));
	struct xen_net_rx_response response;
	struct xen_net_extra extra;
	size_t at = 0;

	give_buffers(nic, 20);
	frame.checksum_blank = true;
	frame.gso_type = XEN_NET_GSO_TCPV6;
	frame.gso_size = 1400;
	put_be16(bytes + 12, 0x86dd);
	assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 17);
	for (unsigned i = 0; i < 17; i++) {
		if (i == 1) {
			raw_take(&nic->rx, &extra, sizeof(extra));
			assert_int_equal(extra.type, XEN_NET_EXTRA_GSO);
			assert_int_equal(extra.flags, 0);
			assert_int_equal(extra.u.gso.size, 1400);
			assert_int_equal(extra.u.gso.type, XEN_NET_GSO_TCPV6);
			continue;
		}
		response = receive(nic);
		/* each in the slot of its request */
		assert_int_equal(response.id, i);
		assert_int_equal(response.flags,
		    (i < 16 ? XEN_NET_RX_MORE_DATA : 0) |
			(i == 0 ? XEN_NET_RX_EXTRA_INFO |
				    XEN_NET_RX_DATA_VALIDATED |
				    XEN_NET_RX_CSUM_BLANK
				: 0));
		assert_memory_equal(buffer(nic, i), bytes + at,
		    (size_t)response.status);
		at += (size_t)response.status;
	}
	assert_int_equal(at, 65535);
	assert_int_equal(nic->counts->rx_slots, 17);
	nic_free(nic);
}

static void
test_receives_two_extra_infos(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[4097];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));
	struct xen_net_extra extra;

	give_buffers(nic, 4);
	frame.gso_type = XEN_NET_GSO_TCPV4;
	frame.gso_size = 1000;
	frame.has_hash = true;
	frame.hash_type = 3;
	frame.hash = 0x01020304;
	assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 4);
	assert_int_equal(receive(nic).flags,
	    XEN_NET_RX_EXTRA_INFO | XEN_NET_RX_MORE_DATA);
	raw_take(&nic->rx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NET_EXTRA_GSO);
	assert_int_equal(extra.flags, XEN_NET_EXTRA_FLAG_MORE);
	raw_take(&nic->rx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NET_EXTRA_HASH);
	assert_int_equal(extra.flags, 0);
	assert_int_equal(extra.u.hash.type, 3);
	assert_memory_equal(extra.u.hash.value, "\4\3\2\1", 4);
	assert_int_equal(receive(nic).status, 1);
	nic_free(nic);
}

static void
test_no_room(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[9000];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));

	assert_false(send_to(nic, &frame));
	give_buffers(nic, 2);
	assert_false(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 0);
	assert_int_equal(nic->counts->dropped, 2);
	/* it wants to hear of any buffer more */
	assert_int_equal(nic->rx.shared->req_event, 3);
	give_buffers(nic, 1);
	assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 3);
	nic_free(nic);
}

static void
test_buffer_that_is_not_granted(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[100];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));

	nic->buffer_references[0] = nic->references[0]; /* read-only */
	give_buffers(nic, 2);
	assert_true(send_to(nic, &frame));
	assert_int_equal(receive(nic).status, XEN_NET_ERROR);
	assert_int_equal(nic->counts->refused, 1);
	assert_int_equal(nic->counts->rx_frames, 0);
	assert_true(send_to(nic, &frame));
	assert_int_equal(receive(nic).status, 100);
	nic_free(nic);
}

static void
test_guest_that_takes_little(void **state)
{
	struct nic *nic = nic_new(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[5000];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));

	new_rings(nic, &nic->tx, &nic->rx);
	write_rings(nic, &nic->tx, &nic->rx, "", false);
	nic->rx.port = nic->tx.port;
	raw_write(nic->guest, "request-rx-copy", 1);
	raw_write(nic->guest, "feature-no-csum-offload", 1);
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	give_buffers(nic, 10);
	assert_false(send_to(nic, &frame)); /* no feature-sg */
	frame.length = 1500;
	frame.gso_type = XEN_NET_GSO_TCPV4;
	frame.gso_size = 700;
	assert_false(send_to(nic, &frame));
	frame.gso_type = XEN_NET_GSO_NONE;
	frame.checksum_blank = true;
	memset(bytes + 14, 0, 1500 - 14);
	assert_false(send_to(nic, &frame)); /* neither TCP nor UDP */
	assert_int_equal(nic->counts->dropped, 3);
	frame.checksum_blank = false;
	assert_true(send_to(nic, &frame));
	nic_free(nic);
}

/* A UDP datagram of RFC 1071's kind: 0x0001 0xf203 0xf4f5 0xf6f7. */
static void
test_checksum_is_made_good(void **state)
{
	struct nic *nic = nic_new(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[14 + 20 + 8 + 8] = { 0 };
	struct host_frame frame = { .bytes = bytes,
		.length = sizeof(bytes),
		.checksum_blank = true };
	static const uint8_t payload[] = { 0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6,
		0xf7 };

	put_be16(bytes + 12, 0x0800);
	bytes[14] = 0x45;
	bytes[14 + 9] = 17;
	put_be16(bytes + 14 + 20 + 6, 0); /* of a pseudo header of zeroes */
	memcpy(bytes + 14 + 28, payload, sizeof(payload));
	new_rings(nic, &nic->tx, &nic->rx);
	write_rings(nic, &nic->tx, &nic->rx, "", false);
	nic->rx.port = nic->tx.port;
	raw_write(nic->guest, "request-rx-copy", 1);
	raw_write(nic->guest, "feature-no-csum-offload", 1);
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	give_buffers(nic, 1);
	assert_true(send_to(nic, &frame));
	assert_int_equal(receive(nic).flags, XEN_NET_RX_DATA_VALIDATED);
	assert_int_equal(get_be16(buffer(nic, 0) + 14 + 20 + 6),
	    (uint16_t)~0xddf2);
	nic_free(nic);
}

static void
test_headroom(void **state)
{
	struct nic *nic = nic_new(state,
	    &(struct host_nic_config){ .xdp_headroom = true });
	uint8_t bytes[4000];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));
	struct xen_net_rx_response response;
	struct xen_net_extra extra;

	raw_write(nic->guest, "xdp-headroom", 256);
	connect(nic);
	give_buffers(nic, 10);
	assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 3);
	response = receive(nic);
	assert_int_equal(response.offset, 256);
	assert_int_equal(response.status, 4096 - 256);
	raw_take(&nic->rx, &extra, sizeof(extra));
	assert_int_equal(extra.type, XEN_NET_EXTRA_XDP);
	assert_int_equal(extra.u.xdp.headroom, 256);
	response = receive(nic);
	assert_int_equal(response.offset, 256);
	assert_memory_equal(buffer(nic, 0) + 256, bytes, 4096 - 256);
	/* and none again, while connected */
	raw_write(nic->guest, "xdp-headroom", 0);
	raw_state(nic->guest, XEN_BUS_RECONFIGURING);
	raw_back_is(nic->guest, XEN_BUS_RECONFIGURED);
	raw_state(nic->guest, XEN_BUS_CONNECTED);
	assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 1);
	nic_free(nic);
}

static void
put_group(struct nic *nic, uint8_t type, uint8_t last)
{
	struct xen_net_extra extra = { .type = type,
		.u.mcast.address = { 1, 0, 0x5e, 0, 0, last } };

	put_slot(nic, 0, 0, 0, EXTRA);
	put_extra(nic, &extra);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 2);
}

static void
test_multicast_groups(void **state)
{
	struct nic *nic = nic_new(state,
	    &(struct host_nic_config){ .multicast = true });
	uint8_t bytes[60];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));

	raw_write(nic->guest, "request-multicast-control", 1);
	connect(nic);
	give_buffers(nic, 10);
	memcpy(bytes, "\x01\x00\x5e\x00\x00\x07", 6);
	assert_false(send_to(nic, &frame));
	put_group(nic, XEN_NET_EXTRA_MCAST_ADD, 7);
	assert_int_equal(take(nic).status, XEN_NET_OKAY);
	assert_int_equal(take(nic).status, XEN_NET_NULL);
	assert_int_equal(nic->counts->multicast_groups, 1);
	assert_true(send_to(nic, &frame));
	put_group(nic, XEN_NET_EXTRA_MCAST_ADD, 8);
	take(nic);
	take(nic);
	put_group(nic, XEN_NET_EXTRA_MCAST_DEL, 7);
	assert_int_equal(take(nic).status, XEN_NET_OKAY);
	take(nic);
	assert_false(send_to(nic, &frame));
	bytes[5] = 8;
	assert_true(send_to(nic, &frame));
	put_group(nic, XEN_NET_EXTRA_MCAST_DEL, 8);
	take(nic);
	take(nic);
	assert_int_equal(nic->counts->multicast_groups, 0);
	assert_false(send_to(nic, &frame));
	memset(bytes, 255, 6);
	assert_true(send_to(nic, &frame));
	for (unsigned i = 0; i < 65; i++) {
		put_group(nic, XEN_NET_EXTRA_MCAST_ADD, (uint8_t)i);
		assert_int_equal(take(nic).status,
		    i < 64 ? XEN_NET_OKAY : XEN_NET_ERROR);
		take(nic);
	}
	assert_int_equal(nic->frames, 0);
	assert_int_equal(nic->counts->tx_frames, 0);
	nic_free(nic);
}

/* ---- Manners ---------------------------------------------------------- */

static void
test_wrong_answers_to_frames(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	static const struct xen_net_tx_response expected[] = { { 0, 0 },
		{ 999, 0 }, { 2, 0 }, { 2, 0 }, { 3, XEN_NET_ERROR },
		{ 4, 0 } };
	struct xen_net_tx_response response;

	nic->manners->tx_id_nth = 2;
	nic->manners->tx_id = 999;
	nic->manners->tx_twice_nth = 3;
	nic->manners->tx_error_nth = 4;
	for (unsigned i = 0; i < 5; i++)
		put_slot(nic, 0, 0, 60, 0);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 6);
	for (unsigned i = 0; i < 6; i++) {
		response = take(nic);
		assert_int_equal(response.id, expected[i].id);
		assert_int_equal(response.status, expected[i].status);
	}
	assert_int_equal(nic->frames, 5);
	nic_free(nic);
}

static void
test_wrong_responses_of_frames(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[60];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));
	struct xen_net_rx_response response;

	give_buffers(nic, 10);
	nic->manners->bad_rx_id_nth = 1;
	nic->manners->bad_rx_id = 0xffff;
	nic->manners->rx_status_nth = 2;
	nic->manners->rx_status = -7;
	nic->manners->rx_offset_nth = 3;
	nic->manners->rx_offset = 5000;
	for (unsigned i = 0; i < 4; i++)
		assert_true(send_to(nic, &frame));
	response = receive(nic);
	assert_int_equal(response.id, 0xffff);
	response = receive(nic);
	assert_int_equal(response.status, -7);
	response = receive(nic);
	assert_int_equal(response.offset, 5000);
	response = receive(nic);
	assert_int_equal(response.id, 3);
	assert_int_equal(response.status, 60);
	nic->manners->rx_more_forever = true;
	assert_true(send_to(nic, &frame));
	assert_int_equal(receive(nic).flags, XEN_NET_RX_MORE_DATA);
	nic_free(nic);
}

static void
test_an_extra_info_of_any_kind(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	uint8_t bytes[60];
	struct host_frame frame = frame_of(bytes, sizeof(bytes));
	struct xen_net_extra extra;

	give_buffers(nic, 10);
	nic->manners->extra_nth = 2;
	nic->manners->extra_type = 200;
	nic->manners->extra_flags = 0xff;
	nic->manners->extra_gso_size = 5;
	nic->manners->extra_gso_type = 6;
	for (unsigned i = 0; i < 3; i++)
		assert_true(send_to(nic, &frame));
	assert_int_equal(raw_responses(&nic->rx), 4);
	assert_int_equal(receive(nic).flags, 0);
	assert_int_equal(receive(nic).flags, XEN_NET_RX_EXTRA_INFO);
	raw_take(&nic->rx, &extra, sizeof(extra));
	assert_int_equal(extra.type, 200);
	assert_int_equal(extra.flags, 0xff);
	assert_int_equal(extra.u.gso.size, 5);
	assert_int_equal(extra.u.gso.type, 6);
	assert_int_equal(receive(nic).flags, 0);
	nic_free(nic);
}

static void
test_producers_jump_once(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	nic->manners->tx_producer_jump = 500;
	nic->manners->rx_producer_jump = 600;
	host_netback_look(nic->net);
	raw_wait(nic->guest, PV_MILLISECOND);
	assert_int_equal(raw_responses(&nic->tx), 500);
	assert_int_equal(raw_responses(&nic->rx), 600);
	put_slot(nic, 0, 0, 60, 0);
	raw_go(&nic->tx);
	assert_int_equal(raw_responses(&nic->tx), 1);
	nic_free(nic);
}

static void
test_stop_silence_and_storm(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });
	unsigned seen = 0;

	nic->manners->stop = true;
	put_slot(nic, 0, 0, 60, 0);
	raw_go(&nic->tx);
	raw_wait(nic->guest, PV_SECOND);
	assert_int_equal(raw_responses(&nic->tx), 0);
	nic->manners->stop = false;
	nic->manners->never_signal = true;
	raw_wait(nic->guest, 20 * PV_MILLISECOND);
	assert_int_equal(raw_responses(&nic->tx), 1);
	assert_false(raw_event(nic->guest, nic->tx.port));
	nic->manners->storm = 50;
	host_netback_look(nic->net);
	for (unsigned i = 0; i < 200; i++) {
		raw_wait(nic->guest, 500);
		seen += raw_event(nic->guest, nic->tx.port);
	}
	assert_int_equal(seen, 50);
	nic_free(nic);
}

static void
test_delay_gathers_frames(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	nic->manners->delay = 10 * PV_MILLISECOND;
	for (unsigned i = 0; i < 5; i++) {
		put_slot(nic, 0, 0, 60, 0);
		assert_int_equal(raw_publish(&nic->tx), i == 0);
		raw_wait(nic->guest, PV_MILLISECOND);
	}
	assert_int_equal(nic->frames, 0);
	raw_wait(nic->guest, 10 * PV_MILLISECOND);
	assert_int_equal(nic->frames, 5);
	assert_int_equal(nic->counts->signals_sent, 1);
	nic_free(nic);
}

static void
test_keeps_grants(void **state)
{
	struct nic *nic = connected(state, &(struct host_nic_config){ 0 });

	nic->manners->keep_grants = true;
	raw_state(nic->guest, XEN_BUS_CLOSED);
	raw_back_is(nic->guest, XEN_BUS_CLOSED);
	assert_true(raw_grant_in_use(nic->guest, nic->tx.references[0]));
	assert_true(raw_grant_in_use(nic->guest, nic->rx.references[0]));
	host_netback_free(nic->net);
	raw_guest_free(nic->guest);
	free(nic);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_toolstack_keys),
		world_test(test_features),
		world_test(test_a_back_end_that_can_little),
		world_test(test_initialised_is_not_enough),
		world_test(test_close_and_come_back),
		world_test(test_restart_announces_anew),
		world_test(test_removals),
		world_test(test_begins_anew_after_a_resume),
		world_test(test_freed_with_a_look_due),
		world_test(test_without_copies),
		world_test(test_ring_that_is_not_granted),
		world_test(test_no_ring_ref),
		world_test(test_no_event_channel),
		world_test(test_more_queues_than_announced),
		world_test(test_frame_of_one_slot),
		world_test(test_frame_of_several_slots),
		world_test(test_eighteen_slots),
		world_test(test_segmentation),
		world_test(test_two_extra_infos),
		world_test(test_a_loop),
		world_test(test_two_queues_of_two_channels),
		world_test(test_nineteen_slots),
		world_test(test_twenty_two_slots),
		world_test(test_slots_larger_than_the_frame),
		world_test(test_less_than_a_header),
		world_test(test_page_that_is_not_granted),
		world_test(test_across_a_page),
		world_test(test_across_a_page_later),
		world_test(test_chain_that_is_cut),
		world_test(test_extra_info_that_is_missing),
		world_test(test_extra_info_of_no_type),
		world_test(test_segments_of_size_0),
		world_test(test_producer_that_runs_ahead),
		world_test(test_several_slots_not_announced),
		world_test(test_blank_checksum_not_announced),
		world_test(test_segmentation_not_announced),
		world_test(test_receives_small_frames),
		world_test(test_receives_large_segmented_frames),
		world_test(test_receives_two_extra_infos),
		world_test(test_no_room),
		world_test(test_buffer_that_is_not_granted),
		world_test(test_guest_that_takes_little),
		world_test(test_checksum_is_made_good),
		world_test(test_headroom),
		world_test(test_multicast_groups),
		world_test(test_wrong_answers_to_frames),
		world_test(test_wrong_responses_of_frames),
		world_test(test_an_extra_info_of_any_kind),
		world_test(test_producers_jump_once),
		world_test(test_stop_silence_and_storm),
		world_test(test_delay_gathers_frames),
		world_test(test_keeps_grants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
