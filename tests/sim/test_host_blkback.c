/* SPDX-License-Identifier: ISC */
/* The model of blkback, judged by the public protocol: a front end of a few
 * lines, and no driver. */
#include <stdio.h>

#include "tests/support/raw_guest.h"
#include "tests/support/scribbler.h"
#include "wire/xen/block.h"

#define DEVICE 51712
#define DISK_SIZE (1u << 20)

struct disk {
	struct raw_guest *guest;
	struct host_blkback *blk;
	struct host_blkback_manners *manners;
	const struct host_blkback_counts *counts;
	struct raw_ring ring;  /* of queue 0 */
	struct raw_ring other; /* of queue 1 */
	struct raw_page *data; /* pages for requests */
	uint32_t references[16];
	uint64_t next_id;
};

static void
refresh(struct disk *disk)
{
	disk->counts = host_blkback_counts(disk->blk);
}

static void
fill(uint8_t *bytes, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 509 + seed);
}

/* The device is there, the back end waits. */
static struct disk *
disk_new(void **state, const struct host_disk_config *given)
{
	struct host_disk_config config = *given;
	struct disk *disk = calloc(1, sizeof(*disk));

	assert_non_null(disk);
	disk->guest = raw_guest_new(*state);
	if (config.device == 0)
		config.device = DEVICE;
	if (config.size == 0)
		config.size = DISK_SIZE;
	raw_device(disk->guest, "vbd", config.device);
	disk->blk = host_blkback_new(disk->guest->xen, &config);
	assert_non_null(disk->blk);
	disk->manners = host_blkback_manners(disk->blk);
	refresh(disk);
	raw_back_is(disk->guest, XEN_BUS_INIT_WAIT);
	fill(host_blkback_bytes(disk->blk), config.size, 1);
	disk->data = raw_pages(disk->guest, 16);
	for (unsigned i = 0; i < 16; i++)
		disk->references[i] = raw_grant(disk->guest,
		    disk->data->physical + i * PV_PAGE_SIZE, false);
	return disk;
}

static void
write_ring(struct disk *disk, const struct raw_ring *ring, const char *prefix)
{
	char key[64];

	for (unsigned i = 0; i < ring->pages; i++) {
		if (ring->pages == 1)
			snprintf(key, sizeof(key), "%sring-ref", prefix);
		else
			snprintf(key, sizeof(key), "%sring-ref%u", prefix, i);
		raw_write(disk->guest, key, ring->references[i]);
	}
	snprintf(key, sizeof(key), "%sevent-channel", prefix);
	raw_write(disk->guest, key, ring->port);
}

static void
say_connect(struct disk *disk, unsigned pages)
{
	raw_ring_new(disk->guest, &disk->ring, pages,
	    sizeof(union xen_blk_entry));
	write_ring(disk, &disk->ring, "");
	raw_write_text(disk->guest, "protocol", XEN_BLK_PROTOCOL);
	raw_state(disk->guest, XEN_BUS_INITIALISED);
}

static void
connect_pages(struct disk *disk, unsigned pages)
{
	say_connect(disk, pages);
	raw_back_is(disk->guest, XEN_BUS_CONNECTED);
	raw_state(disk->guest, XEN_BUS_CONNECTED);
	refresh(disk);
	assert_int_equal(disk->counts->queues, 1);
	assert_int_equal(disk->counts->ring_pages, pages);
}

static struct disk *
connected(void **state, const struct host_disk_config *config)
{
	struct disk *disk = disk_new(state, config);

	connect_pages(disk, 1);
	return disk;
}

static void
disk_free(struct disk *disk)
{
	host_blkback_free(disk->blk);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
	raw_guest_free(disk->guest);
	free(disk);
}

/* ---- Requests --------------------------------------------------------- */

/* So many whole pages of ours. */
static union xen_blk_entry
pages_request(struct disk *disk, unsigned operation, uint64_t sector,
    unsigned pages)
{
	union xen_blk_entry entry = { 0 };

	entry.request.operation = (uint8_t)operation;
	entry.request.segments = (uint8_t)pages;
	entry.request.handle = DEVICE;
	entry.request.id = ++disk->next_id;
	entry.request.sector = sector;
	for (unsigned i = 0; i < pages && i < XEN_BLK_SEGMENTS_MAX; i++)
		entry.request.segment[i] =
		    (struct xen_blk_segment){ .ref = disk->references[i],
			    .first = 0,
			    .last = 7 };
	return entry;
}

static struct xen_blk_response
take(struct disk *disk)
{
	struct xen_blk_response response;

	raw_take(&disk->ring, &response, sizeof(response));
	refresh(disk);
	return response;
}

/* One request, and its only response. */
static int
status_of(struct disk *disk, const union xen_blk_entry *entry)
{
	struct xen_blk_response response;

	raw_put(&disk->ring, entry);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 1);
	response = take(disk);
	assert_int_equal(response.id, entry->request.id);
	return response.status;
}

static int
pages_status(struct disk *disk, unsigned operation, uint64_t sector,
    unsigned pages)
{
	union xen_blk_entry entry = pages_request(disk, operation, sector,
	    pages);

	return status_of(disk, &entry);
}

/* It is wrong, and counted so, and the next one is served. */
static void
refused_with(struct disk *disk, const union xen_blk_entry *entry, int status)
{
	uint64_t before = disk->counts->refused;

	assert_int_equal(status_of(disk, entry), status);
	assert_int_equal(disk->counts->refused, before + 1);
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	assert_int_equal(disk->counts->refused, before + 1);
}

static void
refused(struct disk *disk, const union xen_blk_entry *entry)
{
	refused_with(disk, entry, XEN_BLK_ERROR);
}

/* ---- XenStore and states ---------------------------------------------- */

static void
test_toolstack_keys(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .cdrom = true,
		.removable = true,
		.read_only = true,
		.untrusted = true });
	struct raw_guest *guest = disk->guest;

	assert_string_equal(raw_front_text(guest, "backend"), guest->back);
	assert_string_equal(raw_front_text(guest, "backend-id"), "0");
	assert_string_equal(raw_front_text(guest, "state"), "1");
	assert_string_equal(raw_front_text(guest, "virtual-device"), "51712");
	assert_string_equal(raw_front_text(guest, "device-type"), "cdrom");
	assert_string_equal(raw_front_text(guest, "trusted"), "0");
	assert_string_equal(raw_back_text(guest, "frontend"), guest->front);
	assert_int_equal(raw_back_number(guest, "frontend-id"), guest->domain);
	assert_string_equal(raw_back_text(guest, "online"), "1");
	assert_string_equal(raw_back_text(guest, "dev"), "xvda");
	assert_string_equal(raw_back_text(guest, "mode"), "r");
	assert_string_equal(raw_back_text(guest, "removable"), "1");
	assert_string_equal(raw_back_text(guest, "device-type"), "cdrom");
	connect_pages(disk, 1);
	assert_int_equal(raw_back_number(guest, "info"),
	    XEN_BLK_INFO_CDROM | XEN_BLK_INFO_REMOVABLE |
		XEN_BLK_INFO_READONLY);
	disk_free(disk);
}

static void
test_features_are_announced_before_init_wait(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .flush = true,
		.barrier = true,
		.discard = true,
		.secure_discard = true,
		.discard_granularity = 4096,
		.discard_alignment = 512,
		.persistent = true,
		.indirect = 64,
		.max_ring_order = 2,
		.max_ring_pages = 4,
		.max_queues = 3 });
	struct raw_guest *guest = disk->guest;

	assert_int_equal(raw_back_number(guest, "feature-flush-cache"), 1);
	assert_int_equal(raw_back_number(guest, "feature-barrier"), 1);
	assert_int_equal(raw_back_number(guest, "feature-discard"), 1);
	assert_int_equal(raw_back_number(guest, "discard-secure"), 1);
	assert_int_equal(raw_back_number(guest, "discard-granularity"), 4096);
	assert_int_equal(raw_back_number(guest, "discard-alignment"), 512);
	assert_int_equal(raw_back_number(guest, "feature-persistent"), 1);
	assert_int_equal(raw_back_number(guest,
			     "feature-max-indirect-segments"),
	    64);
	assert_int_equal(raw_back_number(guest, "max-ring-page-order"), 2);
	assert_int_equal(raw_back_number(guest, "max-ring-pages"), 4);
	assert_int_equal(raw_back_number(guest, "multi-queue-max-queues"), 3);
	assert_null(raw_back_text(guest, "sectors"));
	disk_free(disk);
}

static void
test_nothing_is_announced_unasked(void **state)
{
	static const char *const keys[] = { "feature-flush-cache",
		"feature-barrier", "feature-discard", "feature-persistent",
		"feature-max-indirect-segments", "max-ring-page-order",
		"max-ring-pages", "multi-queue-max-queues", "discard-secure" };
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_null(raw_back_text(disk->guest, keys[i]));
	assert_null(raw_front_text(disk->guest, "trusted"));
	disk_free(disk);
}

static void
test_late_features_come_with_connected(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .flush = true,
		.persistent = true,
		.late_features = true });

	assert_null(raw_back_text(disk->guest, "feature-flush-cache"));
	assert_null(raw_back_text(disk->guest, "feature-persistent"));
	connect_pages(disk, 1);
	assert_int_equal(raw_back_number(disk->guest, "feature-flush-cache"),
	    1);
	assert_int_equal(raw_back_number(disk->guest, "feature-persistent"), 1);
	disk_free(disk);
}

static void
test_size_is_in_sectors_of_512(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .sector_size = 4096 });

	assert_int_equal(raw_back_number(disk->guest, "sectors"),
	    DISK_SIZE / 512);
	assert_int_equal(raw_back_number(disk->guest, "sector-size"), 4096);
	assert_int_equal(raw_back_number(disk->guest, "physical-sector-size"),
	    4096);
	disk_free(disk);
}

/* xbf of OpenBSD does not wait for InitWait. */
static void
test_front_end_that_is_first(void **state)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	disk->guest = raw_guest_new(*state);
	raw_device(disk->guest, "vbd", DEVICE);
	disk->blk = host_blkback_new(disk->guest->xen,
	    &(struct host_disk_config){ .device = DEVICE, .size = DISK_SIZE });
	assert_string_equal(raw_back_text(disk->guest, "state"), "1");
	connect_pages(disk, 1);
	disk_free(disk);
}

static void
test_close_and_come_back(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .persistent = true });
	uint32_t reference = disk->ring.references[0];

	assert_true(raw_grant_in_use(disk->guest, reference));
	raw_state(disk->guest, XEN_BUS_CLOSING);
	raw_back_is(disk->guest, XEN_BUS_CLOSING);
	/* nothing is let go of until the front end is Closed */
	assert_true(raw_grant_in_use(disk->guest, reference));
	raw_state(disk->guest, XEN_BUS_CLOSED);
	raw_back_is(disk->guest, XEN_BUS_CLOSED);
	assert_true(raw_grant_end(disk->guest, reference));
	assert_int_equal(host_blkback_counts(disk->blk)->queues, 0);
	raw_state(disk->guest, XEN_BUS_INITIALISING);
	raw_back_is(disk->guest, XEN_BUS_INIT_WAIT);
	connect_pages(disk, 1);
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_restart_announces_anew(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .flush = true, .max_ring_order = 2 });

	host_blkback_bytes(disk->blk)[5] = 0x55;
	host_blkback_restart(disk->blk,
	    &(struct host_disk_config){ .device = DEVICE,
		.size = DISK_SIZE / 2,
		.barrier = true });
	assert_string_equal(raw_back_text(disk->guest, "state"), "6");
	assert_true(raw_grant_end(disk->guest, disk->ring.references[0]));
	raw_back_is(disk->guest, XEN_BUS_INIT_WAIT);
	/* what the front end wrote before is not acted on */
	assert_int_equal(host_blkback_counts(disk->blk)->queues, 0);
	assert_null(raw_back_text(disk->guest, "feature-flush-cache"));
	assert_null(raw_back_text(disk->guest, "max-ring-page-order"));
	assert_int_equal(raw_back_number(disk->guest, "feature-barrier"), 1);
	connect_pages(disk, 1);
	assert_int_equal(raw_back_number(disk->guest, "sectors"),
	    DISK_SIZE / 1024);
	assert_int_equal(host_blkback_bytes(disk->blk)[5], 0x55);
	assert_int_equal(disk->counts->restarts, 1);
	disk_free(disk);
}

static void
test_restart_and_a_front_end_that_closes(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	host_blkback_restart(disk->blk,
	    &(struct host_disk_config){ .device = DEVICE, .size = DISK_SIZE });
	raw_write(disk->guest, "state", XEN_BUS_CLOSED);
	raw_wait(disk->guest, 100000);
	raw_write(disk->guest, "state", XEN_BUS_INITIALISING);
	raw_wait(disk->guest, 100000);
	assert_string_equal(raw_back_text(disk->guest, "state"), "2");
	/* before the back end would have come by itself, which changes
	 * nothing any more */
	connect_pages(disk, 1);
	raw_back_is(disk->guest, XEN_BUS_CONNECTED);
	disk_free(disk);
}

static void
test_resize_says_the_state_again(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry behind = pages_request(disk, XEN_BLK_READ,
	    DISK_SIZE / 512, 1);

	refused(disk, &behind);
	host_blkback_resize(disk->blk, 2 * DISK_SIZE);
	raw_back_is(disk->guest, XEN_BUS_CONNECTED);
	assert_int_equal(raw_back_number(disk->guest, "sectors"),
	    2 * DISK_SIZE / 512);
	behind.request.id = ++disk->next_id;
	assert_int_equal(status_of(disk, &behind), XEN_BLK_OKAY);
	host_blkback_resize(disk->blk, DISK_SIZE);
	behind.request.id = ++disk->next_id;
	refused(disk, &behind);
	disk_free(disk);
}

static void
test_polite_removal_waits_for_the_front_end(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	host_blkback_remove(disk->blk, true);
	raw_back_is(disk->guest, XEN_BUS_CLOSING);
	assert_string_equal(raw_back_text(disk->guest, "online"), "0");
	/* still served */
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	raw_write(disk->guest, "state", XEN_BUS_CLOSED);
	raw_wait(disk->guest, 30000);
	assert_string_equal(raw_back_text(disk->guest, "state"), "6");
	raw_wait(disk->guest, PV_MILLISECOND);
	assert_null(raw_back_text(disk->guest, "state"));
	assert_null(raw_front_text(disk->guest, "state"));
	disk_free(disk);
}

static void
test_rude_removal(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	host_blkback_remove(disk->blk, false);
	assert_null(raw_back_text(disk->guest, "state"));
	assert_null(raw_front_text(disk->guest, "state"));
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
	/* and back again */
	host_blkback_restart(disk->blk,
	    &(struct host_disk_config){ .device = DEVICE, .size = DISK_SIZE });
	raw_back_is(disk->guest, XEN_BUS_INIT_WAIT);
	connect_pages(disk, 1);
	disk_free(disk);
}

static void
test_any_state_can_be_written(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	host_blkback_state(disk->blk, 77);
	assert_string_equal(raw_back_text(disk->guest, "state"), "77");
	host_blkback_state(disk->blk, XEN_BUS_UNKNOWN);
	assert_null(raw_back_text(disk->guest, "state"));
	disk_free(disk);
}

/* Nonsense in XenStore, for the front ends' tests. */
static void
test_keys_of_any_value(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .flush = true });
	struct raw_guest *guest = disk->guest;

	host_blkback_say(disk->blk, "sectors", "18446744073709551616");
	host_blkback_say(disk->blk, "sector-size", NULL);
	host_blkback_say(disk->blk, "max-ring-page-order", "31");
	assert_string_equal(raw_back_text(guest, "max-ring-page-order"), "31");
	connect_pages(disk, 1);
	assert_string_equal(raw_back_text(guest, "sectors"),
	    "18446744073709551616");
	assert_null(raw_back_text(guest, "sector-size"));
	host_blkback_restart(disk->blk,
	    &(struct host_disk_config){ .size = DISK_SIZE });
	raw_back_is(guest, XEN_BUS_INIT_WAIT);
	assert_string_equal(raw_back_text(guest, "max-ring-page-order"), "31");
	assert_null(raw_back_text(guest, "feature-flush-cache"));
	host_blkback_say(disk->blk, "sectors", "7");
	assert_string_equal(raw_back_text(guest, "sectors"), "7");
	disk_free(disk);
}

static void
test_keys_of_others_stay(void **state)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	char path[128];

	disk->guest = raw_guest_new(*state);
	raw_device(disk->guest, "vbd", DEVICE);
	disk->blk = host_blkback_new(disk->guest->xen,
	    &(struct host_disk_config){ .device = DEVICE, .size = DISK_SIZE });
	snprintf(path, sizeof(path), "%s/feature-persistent",
	    disk->guest->back);
	host_xenstore_print(disk->guest->store, path, "yes");
	connect_pages(disk, 1);
	assert_string_equal(raw_back_text(disk->guest, "feature-persistent"),
	    "yes");
	disk_free(disk);
}

static void
test_front_end_directory_vanishes(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	host_xenstore_remove(disk->guest->store, disk->guest->front);
	raw_back_is(disk->guest, XEN_BUS_CLOSED);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
	disk_free(disk);
}

static void
test_freed_with_a_look_due(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 0, 1);

	disk->manners->delay = 10 * PV_MILLISECOND;
	raw_put(&disk->ring, &entry);
	raw_go(&disk->ring);
	host_blkback_free(disk->blk);
	raw_wait(disk->guest, 100 * PV_MILLISECOND);
	assert_int_equal(raw_responses(&disk->ring), 0);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
	raw_guest_free(disk->guest);
	free(disk);
}

/* The model of Xen frees what a test did not. */
static void
test_left_to_the_model(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 0, 1);

	disk->manners->delay = 10 * PV_MILLISECOND;
	raw_put(&disk->ring, &entry);
	raw_go(&disk->ring);
	host_blkback_new(disk->guest->xen,
	    &(struct host_disk_config){ .device = 51728, .size = DISK_SIZE });
	/* its pages go first; nothing may reach for them */
	raw_guest_free(disk->guest);
	free(disk);
}

/* ---- What a front end may not write ----------------------------------- */

static void
does_not_connect(struct disk *disk)
{
	raw_state(disk->guest, XEN_BUS_INITIALISED);
	raw_back_is(disk->guest, XEN_BUS_CLOSING);
	refresh(disk);
	assert_int_equal(disk->counts->refused_connects, 1);
	assert_int_equal(disk->counts->queues, 0);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
	disk_free(disk);
}

static struct disk *
with_ring_keys(void **state, const struct host_disk_config *config)
{
	struct disk *disk = disk_new(state, config);

	raw_ring_new(disk->guest, &disk->ring, 1, sizeof(union xen_blk_entry));
	write_ring(disk, &disk->ring, "");
	return disk;
}

static void
test_no_ring_ref(void **state)
{
	struct disk *disk = disk_new(state, &(struct host_disk_config){ 0 });

	raw_write(disk->guest, "event-channel", raw_port(disk->guest));
	does_not_connect(disk);
}

static void
test_no_event_channel(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ 0 });

	raw_write_text(disk->guest, "event-channel", "twelve");
	does_not_connect(disk);
}

static void
test_event_channel_of_nobody(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ 0 });

	raw_write(disk->guest, "event-channel", 900);
	does_not_connect(disk);
}

static void
test_ring_that_is_not_granted(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ 0 });

	raw_write(disk->guest, "ring-ref", 400);
	does_not_connect(disk);
}

static void
test_ring_that_is_read_only(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ 0 });

	raw_write(disk->guest, "ring-ref",
	    raw_grant(disk->guest, disk->data->physical, true));
	does_not_connect(disk);
}

static void
test_ring_larger_than_announced(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ .max_ring_order = 1 });

	raw_write(disk->guest, "ring-page-order", 2);
	does_not_connect(disk);
}

static void
test_ring_of_three_pages(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ .max_ring_pages = 4 });

	raw_write(disk->guest, "ring-ref0", disk->ring.references[0]);
	raw_write(disk->guest, "ring-ref1", disk->references[0]);
	raw_write(disk->guest, "ring-ref2", disk->references[1]);
	raw_write(disk->guest, "num-ring-pages", 3);
	does_not_connect(disk);
}

static void
test_unknown_protocol(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ 0 });

	raw_write_text(disk->guest, "protocol", "sparc-abi");
	does_not_connect(disk);
}

static void
test_more_queues_than_announced(void **state)
{
	struct disk *disk = with_ring_keys(state,
	    &(struct host_disk_config){ .max_queues = 2 });

	raw_write(disk->guest, "multi-queue-num-queues", 3);
	does_not_connect(disk);
}

static void
test_second_queue_is_missing(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .max_queues = 2 });

	raw_ring_new(disk->guest, &disk->ring, 1, sizeof(union xen_blk_entry));
	write_ring(disk, &disk->ring, "queue-0/");
	raw_write(disk->guest, "multi-queue-num-queues", 2);
	does_not_connect(disk);
}

/* ---- Requests that are right ------------------------------------------ */

static void
test_read_and_write(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	uint8_t *bytes = host_blkback_bytes(disk->blk);
	uint8_t *data = disk->data->bytes;

	assert_int_equal(pages_status(disk, XEN_BLK_READ, 8, 11), XEN_BLK_OKAY);
	assert_memory_equal(data, bytes + 8 * 512, 11 * 4096);
	fill(data, 11 * 4096, 99);
	assert_int_equal(pages_status(disk, XEN_BLK_WRITE, 1001, 11),
	    XEN_BLK_OKAY);
	assert_memory_equal(data, bytes + 1001 * 512, 11 * 4096);
	assert_int_equal(disk->counts->reads, 1);
	assert_int_equal(disk->counts->writes, 1);
	assert_int_equal(disk->counts->segments, 22);
	assert_int_equal(disk->counts->persistent_hits, 0);
	/* nothing but the ring is mapped between requests */
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 1);
	disk_free(disk);
}

static void
test_parts_of_pages(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	uint8_t *bytes = host_blkback_bytes(disk->blk);
	uint8_t *data = disk->data->bytes;
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 3, 2);

	memset(data, 0xee, 8192);
	entry.request.segment[0].first = 7;
	entry.request.segment[1].last = 1;
	assert_int_equal(status_of(disk, &entry), XEN_BLK_OKAY);
	assert_memory_equal(data + 7 * 512, bytes + 3 * 512, 512);
	assert_memory_equal(data + 4096, bytes + 4 * 512, 1024);
	assert_int_equal(data[7 * 512 - 1], 0xee);
	assert_int_equal(data[4096 + 1024], 0xee);
	disk_free(disk);
}

static void
test_last_sector(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ,
	    DISK_SIZE / 512 - 1, 1);

	entry.request.segment[0].last = 0;
	assert_int_equal(status_of(disk, &entry), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_flush_and_barrier(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .flush = true, .barrier = true });
	uint8_t *bytes = host_blkback_bytes(disk->blk);

	assert_int_equal(pages_status(disk, XEN_BLK_FLUSH, 0, 0), XEN_BLK_OKAY);
	assert_int_equal(pages_status(disk, XEN_BLK_BARRIER, 0, 0),
	    XEN_BLK_OKAY);
	/* either may bring data */
	memset(disk->data->bytes, 0x17, 4096);
	assert_int_equal(pages_status(disk, XEN_BLK_BARRIER, 16, 1),
	    XEN_BLK_OKAY);
	assert_memory_equal(disk->data->bytes, bytes + 16 * 512, 4096);
	assert_int_equal(disk->counts->flushes, 1);
	assert_int_equal(disk->counts->barriers, 2);
	disk_free(disk);
}

static void
test_discard_zeroes(void **state)
{
	static const uint8_t zeroes[1024];
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .discard = true,
		.secure_discard = true });
	uint8_t *bytes = host_blkback_bytes(disk->blk);
	union xen_blk_entry entry = { 0 };

	memset(bytes, 0xaa, 4096);
	entry.discard = (struct xen_blk_discard){ .operation = XEN_BLK_DISCARD,
		.flags = XEN_BLK_DISCARD_SECURE,
		.id = 7,
		.sector = 2,
		.sectors = 2 };
	assert_int_equal(status_of(disk, &entry), XEN_BLK_OKAY);
	assert_memory_equal(bytes + 1024, zeroes, 1024);
	assert_int_equal(bytes[1023], 0xaa);
	assert_int_equal(bytes[2048], 0xaa);
	assert_int_equal(disk->counts->discards, 1);
	disk_free(disk);
}

static union xen_blk_entry
indirect_request(struct disk *disk, unsigned operation, unsigned segments)
{
	struct raw_page *page = raw_pages(disk->guest, 1);
	struct xen_blk_segment *segment = page->bytes;
	union xen_blk_entry entry = { 0 };

	for (unsigned i = 0; i < segments && i < 512; i++)
		segment[i] = (struct xen_blk_segment){
			.ref = disk->references[i % 16],
			.first = 0,
			.last = 7,
		};
	entry.indirect = (struct xen_blk_indirect){
		.operation = XEN_BLK_INDIRECT,
		.indirect = (uint8_t)operation,
		.segments = (uint16_t)segments,
		.id = ++disk->next_id,
		.sector = 24,
		.handle = DEVICE,
	};
	entry.indirect.ref[0] = raw_grant(disk->guest, page->physical, true);
	return entry;
}

static void
test_indirect(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .indirect = 16 });
	union xen_blk_entry entry = indirect_request(disk, XEN_BLK_READ, 16);
	struct xen_blk_response response;

	raw_put(&disk->ring, &entry);
	raw_go(&disk->ring);
	response = take(disk);
	assert_int_equal(response.id, entry.indirect.id);
	/* Linux's says what was done, not how it came */
	assert_int_equal(response.operation, XEN_BLK_READ);
	assert_int_equal(response.status, XEN_BLK_OKAY);
	assert_memory_equal(disk->data->bytes,
	    host_blkback_bytes(disk->blk) + 24 * 512, 16 * 4096);
	assert_int_equal(disk->counts->indirects, 1);
	assert_int_equal(disk->counts->reads, 1);
	assert_int_equal(disk->counts->segments, 16);
	disk_free(disk);
}

static void
test_ring_of_several_pages(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .max_ring_order = 2 });
	union xen_blk_entry entry;

	raw_write(disk->guest, "ring-page-order", 2);
	connect_pages(disk, 4);
	assert_int_equal(disk->ring.size, 128);
	/* more than a page full, twice around: entries lie across pages */
	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 100; i++) {
			entry = pages_request(disk, XEN_BLK_READ, i, 1);
			raw_put(&disk->ring, &entry);
		}
		raw_go(&disk->ring);
		assert_int_equal(raw_responses(&disk->ring), 100);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(take(disk).id, disk->next_id - 99 + i);
	}
	assert_int_equal(disk->counts->reads, 500);
	disk_free(disk);
}

static void
test_ring_pages_by_the_other_name(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .max_ring_pages = 2 });

	raw_write(disk->guest, "num-ring-pages", 2);
	connect_pages(disk, 2);
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_two_queues(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .max_queues = 4 });
	union xen_blk_entry entry;

	raw_ring_new(disk->guest, &disk->ring, 1, sizeof(entry));
	raw_ring_new(disk->guest, &disk->other, 1, sizeof(entry));
	write_ring(disk, &disk->ring, "queue-0/");
	write_ring(disk, &disk->other, "queue-1/");
	raw_write(disk->guest, "multi-queue-num-queues", 2);
	raw_state(disk->guest, XEN_BUS_INITIALISED);
	raw_back_is(disk->guest, XEN_BUS_CONNECTED);
	assert_int_equal(host_blkback_counts(disk->blk)->queues, 2);
	entry = pages_request(disk, XEN_BLK_READ, 0, 1);
	raw_put(&disk->other, &entry);
	raw_go(&disk->other);
	assert_int_equal(raw_responses(&disk->other), 1);
	assert_int_equal(raw_responses(&disk->ring), 0);
	assert_true(raw_event(disk->guest, disk->other.port));
	assert_false(raw_event(disk->guest, disk->ring.port));
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_persistent_grants(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .persistent = true });

	raw_write(disk->guest, "feature-persistent", 1);
	connect_pages(disk, 1);
	assert_int_equal(pages_status(disk, XEN_BLK_WRITE, 0, 3), XEN_BLK_OKAY);
	assert_int_equal(disk->counts->persistent_hits, 0);
	assert_int_equal(disk->counts->persistent, 3);
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 5), XEN_BLK_OKAY);
	assert_int_equal(disk->counts->persistent_hits, 3);
	assert_int_equal(disk->counts->persistent, 5);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 6);
	assert_memory_equal(disk->data->bytes, host_blkback_bytes(disk->blk),
	    5 * 4096);
	raw_state(disk->guest, XEN_BUS_CLOSING);
	raw_back_is(disk->guest, XEN_BUS_CLOSING);
	assert_true(raw_grant_in_use(disk->guest, disk->references[0]));
	raw_state(disk->guest, XEN_BUS_CLOSED);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
	disk_free(disk);
}

/* The one that was not used for the longest time gives way. */
static void
test_persistent_grants_are_bounded(void **state)
{
	struct disk *disk = disk_new(state,
	    &(struct host_disk_config){ .persistent = true,
		.max_persistent = 4 });
	union xen_blk_entry entry;

	raw_write(disk->guest, "feature-persistent", 1);
	connect_pages(disk, 1);
	assert_int_equal(pages_status(disk, XEN_BLK_WRITE, 0, 4), XEN_BLK_OKAY);
	entry = pages_request(disk, XEN_BLK_WRITE, 0, 2);
	entry.request.segment[0].ref = disk->references[0];
	entry.request.segment[1].ref = disk->references[9];
	assert_int_equal(status_of(disk, &entry), XEN_BLK_OKAY);
	assert_int_equal(disk->counts->persistent, 4);
	assert_int_equal(disk->counts->persistent_hits, 1);
	assert_true(raw_grant_in_use(disk->guest, disk->references[0]));
	assert_false(raw_grant_in_use(disk->guest, disk->references[1]));
	assert_true(raw_grant_in_use(disk->guest, disk->references[2]));
	/* more in one request than there may be: the rest is let go of */
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 11), XEN_BLK_OKAY);
	assert_memory_equal(disk->data->bytes, host_blkback_bytes(disk->blk),
	    11 * 4096);
	assert_int_equal(disk->counts->persistent, 4);
	assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 5);
	disk_free(disk);
}

/* One end alone does not make them persistent. */
static void
test_persistent_for_one_end_only(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .persistent = true });

	assert_int_equal(pages_status(disk, XEN_BLK_WRITE, 0, 3), XEN_BLK_OKAY);
	assert_int_equal(disk->counts->persistent, 0);
	disk_free(disk);
}

/* ---- Requests that are wrong ------------------------------------------ */

static void
test_wrong_numbers_of_segments(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 0, 0);

	refused(disk, &entry);
	entry = pages_request(disk, XEN_BLK_READ, 0, 12);
	refused(disk, &entry);
	entry = pages_request(disk, XEN_BLK_WRITE, 0, 255);
	refused(disk, &entry);
	disk_free(disk);
}

static void
test_wrong_segments(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 0, 2);

	entry.request.segment[1].last = 8;
	refused(disk, &entry);
	entry = pages_request(disk, XEN_BLK_READ, 0, 2);
	entry.request.segment[1].first = 5;
	entry.request.segment[1].last = 4;
	refused(disk, &entry);
	disk_free(disk);
}

static void
test_past_the_end(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ,
	    DISK_SIZE / 512 - 7, 1);

	refused(disk, &entry);
	entry = pages_request(disk, XEN_BLK_WRITE, UINT64_MAX - 3, 1);
	refused(disk, &entry);
	disk_free(disk);
}

static void
test_write_to_a_read_only_disk(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .read_only = true, .discard = true });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_WRITE, 0, 1);

	refused(disk, &entry);
	assert_int_equal(disk->counts->writes, 0);
	entry.discard = (struct xen_blk_discard){ .operation = XEN_BLK_DISCARD,
		.id = 3,
		.sectors = 8 };
	refused(disk, &entry);
	disk_free(disk);
}

static void
test_half_a_sector_of_4096(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .sector_size = 4096 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 4, 1);

	refused(disk, &entry);
	entry = pages_request(disk, XEN_BLK_READ, 8, 1);
	entry.request.segment[0].last = 3;
	refused(disk, &entry);
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 8, 1), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_page_that_is_not_granted(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_WRITE, 0, 3);

	entry.request.segment[2].ref = 500;
	refused(disk, &entry);
	/* to be written, and granted for reading only */
	entry = pages_request(disk, XEN_BLK_READ, 0, 1);
	entry.request.segment[0].ref = raw_grant(disk->guest,
	    disk->data->physical, true);
	refused(disk, &entry);
	/* a write only reads it */
	entry.request.operation = XEN_BLK_WRITE;
	entry.request.id = ++disk->next_id;
	assert_int_equal(status_of(disk, &entry), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_what_was_not_announced(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_FLUSH, 0, 0);

	refused_with(disk, &entry, XEN_BLK_EOPNOTSUPP);
	entry = pages_request(disk, XEN_BLK_BARRIER, 0, 0);
	refused_with(disk, &entry, XEN_BLK_EOPNOTSUPP);
	entry.discard = (struct xen_blk_discard){ .operation = XEN_BLK_DISCARD,
		.id = 3,
		.sectors = 8 };
	refused_with(disk, &entry, XEN_BLK_EOPNOTSUPP);
	entry = indirect_request(disk, XEN_BLK_READ, 4);
	refused_with(disk, &entry, XEN_BLK_EOPNOTSUPP);
	entry = pages_request(disk, 200, 0, 1);
	refused_with(disk, &entry, XEN_BLK_EOPNOTSUPP);
	disk_free(disk);
}

static void
test_wrong_indirect_requests(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .indirect = 16 });
	union xen_blk_entry entry = indirect_request(disk, XEN_BLK_READ, 17);

	refused(disk, &entry);
	entry = indirect_request(disk, XEN_BLK_READ, 0);
	refused(disk, &entry);
	entry = indirect_request(disk, XEN_BLK_FLUSH, 4);
	refused(disk, &entry);
	entry = indirect_request(disk, XEN_BLK_READ, 4);
	entry.indirect.ref[0] = 500;
	refused(disk, &entry);
	disk_free(disk);
}

static void
test_producer_that_runs_ahead_halts_the_ring(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	union xen_blk_entry entry = pages_request(disk, XEN_BLK_READ, 0, 1);

	raw_put(&disk->ring, &entry);
	disk->ring.prod += disk->ring.size;
	raw_go(&disk->ring);
	refresh(disk);
	assert_int_equal(raw_responses(&disk->ring), 0);
	assert_int_equal(disk->counts->refused, 1);
	raw_send(disk->guest, disk->ring.port);
	raw_wait(disk->guest, PV_MILLISECOND);
	refresh(disk);
	assert_int_equal(disk->counts->refused, 1);
	disk_free(disk);
}

/* ---- Events ----------------------------------------------------------- */

static void
put_reads(struct disk *disk, unsigned count)
{
	union xen_blk_entry entry;

	while (count-- > 0) {
		entry = pages_request(disk, XEN_BLK_READ, count, 1);
		raw_put(&disk->ring, &entry);
	}
}

static void
test_one_signal_for_a_batch(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	put_reads(disk, 20);
	assert_true(raw_publish(&disk->ring));
	/* nothing happens inside the hypercall */
	assert_int_equal(raw_responses(&disk->ring), 0);
	raw_wait(disk->guest, PV_MILLISECOND);
	assert_int_equal(raw_responses(&disk->ring), 20);
	assert_true(raw_event(disk->guest, disk->ring.port));
	assert_false(raw_event(disk->guest, disk->ring.port));
	refresh(disk);
	assert_int_equal(disk->counts->signals_sent, 1);
	assert_int_equal(disk->counts->signals_elided, 0);
	/* and it asks to be told of the next request */
	assert_int_equal(disk->ring.shared->req_event, 21);
	disk_free(disk);
}

static void
test_signal_is_elided_before_the_event(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	raw_arm(&disk->ring, 3);
	put_reads(disk, 2);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 2);
	assert_false(raw_event(disk->guest, disk->ring.port));
	put_reads(disk, 1);
	raw_go(&disk->ring);
	assert_true(raw_event(disk->guest, disk->ring.port));
	refresh(disk);
	assert_int_equal(disk->counts->signals_sent, 1);
	assert_int_equal(disk->counts->signals_elided, 1);
	disk_free(disk);
}

static void
test_delay_gathers_requests(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	disk->manners->delay = 10 * PV_MILLISECOND;
	for (unsigned i = 0; i < 5; i++) {
		put_reads(disk, 1);
		/* the back end has not asked for more than the first */
		assert_int_equal(raw_publish(&disk->ring), i == 0);
		raw_wait(disk->guest, PV_MILLISECOND);
	}
	assert_int_equal(raw_responses(&disk->ring), 0);
	raw_wait(disk->guest, 10 * PV_MILLISECOND);
	assert_int_equal(raw_responses(&disk->ring), 5);
	refresh(disk);
	assert_int_equal(disk->counts->signals_sent, 1);
	disk_free(disk);
}

/* ---- Manners ---------------------------------------------------------- */

static void
test_stop_and_go(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	disk->manners->stop = true;
	put_reads(disk, 2);
	raw_go(&disk->ring);
	raw_wait(disk->guest, PV_SECOND);
	assert_int_equal(raw_responses(&disk->ring), 0);
	disk->manners->stop = false;
	raw_wait(disk->guest, 20 * PV_MILLISECOND);
	assert_int_equal(raw_responses(&disk->ring), 2);
	disk_free(disk);
}

static void
test_fails_the_nth(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	static const int expected[] = { 0, -2, -2, 0, 0 };

	disk->manners->fail_nth = 2;
	disk->manners->fail_count = 2;
	disk->manners->fail_status = XEN_BLK_EOPNOTSUPP;
	put_reads(disk, 5);
	raw_go(&disk->ring);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(take(disk).status, expected[i]);
	assert_int_equal(disk->counts->reads, 3);
	assert_int_equal(disk->counts->refused, 0);
	disk_free(disk);
}

static void
test_bad_ids_and_operations_once(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	struct xen_blk_response got[5];

	disk->manners->bad_id_nth = 2;
	disk->manners->bad_id = 0xdeadbeef;
	disk->manners->bad_op_nth = 4;
	put_reads(disk, 5);
	raw_go(&disk->ring);
	for (unsigned i = 0; i < 5; i++)
		got[i] = take(disk);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(got[i].id, i == 1 ? 0xdeadbeef : i + 1);
		assert_int_equal(got[i].operation,
		    i == 3 ? XEN_BLK_WRITE : XEN_BLK_READ);
	}
	disk_free(disk);
}

static void
test_lost_and_twice(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	static const unsigned expected[] = { 1, 3, 3, 4 };

	disk->manners->lost_nth = 2;
	disk->manners->twice_nth = 2; /* of those that come */
	put_reads(disk, 4);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(take(disk).id, expected[i]);
	disk_free(disk);
}

static void
test_producer_jumps_once(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	disk->manners->producer_jump = 1000;
	put_reads(disk, 1);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 1001);
	put_reads(disk, 1);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 2);
	disk_free(disk);
}

static void
test_producer_goes_back_once(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	put_reads(disk, 3);
	raw_go(&disk->ring);
	disk->manners->producer_back = true;
	put_reads(disk, 1);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 2);
	put_reads(disk, 1);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 5);
	disk_free(disk);
}

static void
test_manners_without_a_request(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	disk->manners->producer_jump = 33;
	host_blkback_look(disk->blk);
	raw_wait(disk->guest, PV_MILLISECOND);
	assert_int_equal(raw_responses(&disk->ring), 33);
	disk_free(disk);
}

static void
test_storm_and_silence(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	uint64_t before = host_xen_counts(disk->guest->xen)->events;
	unsigned seen = 0;

	disk->manners->never_signal = true;
	put_reads(disk, 1);
	raw_go(&disk->ring);
	assert_int_equal(raw_responses(&disk->ring), 1);
	assert_int_equal(host_xen_counts(disk->guest->xen)->events, before);
	disk->manners->storm = 100;
	host_blkback_look(disk->blk);
	for (unsigned i = 0; i < 300; i++) {
		raw_wait(disk->guest, 500);
		seen += raw_event(disk->guest, disk->ring.port);
	}
	assert_int_equal(seen, 100);
	assert_int_equal(disk->manners->storm, 0);
	disk_free(disk);
}

static void
test_indices_are_written_over(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	disk->manners->rewrite_indices = true;
	for (unsigned i = 0; i < 200; i++) {
		put_reads(disk, 1 + i % 3);
		/* a front end with counters of its own goes on */
		disk->ring.shared->req_prod = disk->ring.prod;
		raw_send(disk->guest, disk->ring.port);
		raw_wait(disk->guest, PV_MILLISECOND);
		assert_int_equal(raw_responses(&disk->ring), 1 + i % 3);
		assert_int_not_equal(disk->ring.shared->req_prod,
		    disk->ring.prod);
		/* an event for nothing changes nothing */
		raw_send(disk->guest, disk->ring.port);
		raw_wait(disk->guest, PV_MILLISECOND);
		disk->ring.cons += 1 + i % 3;
		assert_int_equal(raw_responses(&disk->ring), 0);
	}
	refresh(disk);
	assert_int_equal(disk->counts->refused, 0);
	disk_free(disk);
}

static void
test_answers_out_of_order(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });
	uint32_t seen = 0;
	bool in_order = true;

	disk->manners->reorder = true;
	put_reads(disk, 30);
	raw_go(&disk->ring);
	for (unsigned i = 0; i < 30; i++) {
		uint64_t id = take(disk).id;

		in_order = in_order && id == i + 1;
		seen |= 1u << id;
	}
	assert_int_equal(seen, 0x7ffffffe);
	assert_false(in_order); /* one seed in 30! */
	disk_free(disk);
}

static void
test_keeps_grants(void **state)
{
	struct disk *disk = connected(state, &(struct host_disk_config){ 0 });

	disk->manners->keep_grants = true;
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 2), XEN_BLK_OKAY);
	assert_true(raw_grant_in_use(disk->guest, disk->references[0]));
	raw_state(disk->guest, XEN_BUS_CLOSED);
	raw_back_is(disk->guest, XEN_BUS_CLOSED);
	assert_true(raw_grant_in_use(disk->guest, disk->references[1]));
	assert_true(raw_grant_in_use(disk->guest, disk->ring.references[0]));
	host_blkback_free(disk->blk);
	raw_guest_free(disk->guest);
	free(disk);
}

/* ---- Suspend ---------------------------------------------------------- */

static void
test_begins_anew_after_a_resume(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .flush = true });
	struct raw_guest *guest = disk->guest;
	char old[64];

	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	strcpy(old, guest->back);
	raw_suspend(guest, 9);
	raw_device(guest, "vbd", DEVICE);
	assert_null(host_xenstore_read(guest->store, old, &(size_t){ 0 }));
	assert_string_equal(raw_front_text(guest, "backend"), guest->back);
	assert_string_equal(raw_front_text(guest, "state"), "1");
	raw_back_is(guest, XEN_BUS_INIT_WAIT);
	assert_int_equal(host_blkback_counts(disk->blk)->queues, 0);
	for (unsigned i = 0; i < 16; i++)
		disk->references[i] = raw_grant(guest,
		    disk->data->physical + i * PV_PAGE_SIZE, false);
	connect_pages(disk, 1);
	assert_int_equal(pages_status(disk, XEN_BLK_READ, 0, 1), XEN_BLK_OKAY);
	disk_free(disk);
}

static void
test_suspended_before_the_back_end_came(void **state)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	disk->guest = raw_guest_new(*state);
	disk->blk = host_blkback_new(disk->guest->xen,
	    &(struct host_disk_config){ .device = DEVICE, .size = DISK_SIZE });
	raw_wait(disk->guest, 30000);
	raw_suspend(disk->guest, 9);
	raw_device(disk->guest, "vbd", DEVICE);
	raw_wait(disk->guest,
	    30000); /* a probe of the old one would be first */
	assert_string_equal(raw_back_text(disk->guest, "state"), "1");
	raw_back_is(disk->guest, XEN_BUS_INIT_WAIT);
	connect_pages(disk, 1);
	assert_int_equal(disk->counts->refused_connects, 0);
	disk_free(disk);
}

/* Of any kind, and with references that are good. */
static void
fill_ring(struct disk *disk)
{
	uint32_t *words = disk->data->bytes;

	for (unsigned i = 0; i < disk->ring.size; i++) {
		union xen_blk_entry entry = pages_request(disk, i % 7, i,
		    1 + i % 5);

		memcpy(raw_ring_entry(&disk->ring, i), &entry, sizeof(entry));
	}
	for (unsigned i = 0; i < 16 * PV_PAGE_SIZE / sizeof(*words); i++)
		words[i] = i % 2 == 0 ? disk->references[i / 2 % 16] : 0x700;
}

static void
scribble(struct disk *disk, uint64_t seed)
{
	static uint32_t good[PV_PAGE_SIZE / sizeof(uint32_t)];
	struct xen_ring *shared = disk->ring.shared;
	const size_t size = PV_PAGE_SIZE - sizeof(*shared);
	struct scribbler scribbler = { .good = good,
		.index = &shared->req_prod,
		.from = &shared->rsp_prod,
		.most = disk->ring.size };

	fill_ring(disk);
	memcpy(good, raw_ring_entry(&disk->ring, 0), size);
	assert_true(scribbler_start(&scribbler, raw_ring_entry(&disk->ring, 0),
	    size, seed));
	while (!scribbler_wrote(&scribbler, 200000)) {
		raw_send(disk->guest, disk->ring.port);
		raw_wait(disk->guest, 1000);
	}
	scribbler_stop(&scribbler);
}

/* Requests whose words are others by the time that they are looked at.  Where
 * the index is nonsense the ring is out of use, and comes anew. */
static void
test_another_vcpu_writes_to_the_ring(void **state)
{
	struct disk *disk = connected(state,
	    &(struct host_disk_config){ .flush = true,
		.discard = true,
		.indirect = 64 });

	for (unsigned round = 0; round < 20; round++) {
		scribble(disk, round);
		raw_state(disk->guest, XEN_BUS_CLOSED);
		raw_wait(disk->guest, 100000);
		assert_int_equal(host_xen_counts(disk->guest->xen)->mapped, 0);
		raw_state(disk->guest, XEN_BUS_INITIALISING);
		raw_back_is(disk->guest, XEN_BUS_INIT_WAIT);
		connect_pages(disk, 1);
	}
	refresh(disk);
	fprintf(stderr, "# %llu reads, %llu refused\n",
	    (unsigned long long)disk->counts->reads,
	    (unsigned long long)disk->counts->refused);
	assert_true(disk->counts->refused > 20);
	disk_free(disk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_toolstack_keys),
		world_test(test_features_are_announced_before_init_wait),
		world_test(test_nothing_is_announced_unasked),
		world_test(test_late_features_come_with_connected),
		world_test(test_size_is_in_sectors_of_512),
		world_test(test_front_end_that_is_first),
		world_test(test_close_and_come_back),
		world_test(test_restart_announces_anew),
		world_test(test_restart_and_a_front_end_that_closes),
		world_test(test_resize_says_the_state_again),
		world_test(test_polite_removal_waits_for_the_front_end),
		world_test(test_rude_removal),
		world_test(test_any_state_can_be_written),
		world_test(test_keys_of_any_value),
		world_test(test_keys_of_others_stay),
		world_test(test_front_end_directory_vanishes),
		world_test(test_freed_with_a_look_due),
		world_test(test_left_to_the_model),
		world_test(test_no_ring_ref),
		world_test(test_no_event_channel),
		world_test(test_event_channel_of_nobody),
		world_test(test_ring_that_is_not_granted),
		world_test(test_ring_that_is_read_only),
		world_test(test_ring_larger_than_announced),
		world_test(test_ring_of_three_pages),
		world_test(test_unknown_protocol),
		world_test(test_more_queues_than_announced),
		world_test(test_second_queue_is_missing),
		world_test(test_read_and_write),
		world_test(test_parts_of_pages),
		world_test(test_last_sector),
		world_test(test_flush_and_barrier),
		world_test(test_discard_zeroes),
		world_test(test_indirect),
		world_test(test_ring_of_several_pages),
		world_test(test_ring_pages_by_the_other_name),
		world_test(test_two_queues),
		world_test(test_persistent_grants),
		world_test(test_persistent_grants_are_bounded),
		world_test(test_persistent_for_one_end_only),
		world_test(test_wrong_numbers_of_segments),
		world_test(test_wrong_segments),
		world_test(test_past_the_end),
		world_test(test_write_to_a_read_only_disk),
		world_test(test_half_a_sector_of_4096),
		world_test(test_page_that_is_not_granted),
		world_test(test_what_was_not_announced),
		world_test(test_wrong_indirect_requests),
		world_test(test_producer_that_runs_ahead_halts_the_ring),
		world_test(test_one_signal_for_a_batch),
		world_test(test_signal_is_elided_before_the_event),
		world_test(test_delay_gathers_requests),
		world_test(test_stop_and_go),
		world_test(test_fails_the_nth),
		world_test(test_bad_ids_and_operations_once),
		world_test(test_lost_and_twice),
		world_test(test_producer_jumps_once),
		world_test(test_producer_goes_back_once),
		world_test(test_manners_without_a_request),
		world_test(test_storm_and_silence),
		world_test(test_indices_are_written_over),
		world_test(test_answers_out_of_order),
		world_test(test_keeps_grants),
		world_test(test_begins_anew_after_a_resume),
		world_test(test_suspended_before_the_back_end_came),
		world_test(test_another_vcpu_writes_to_the_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
