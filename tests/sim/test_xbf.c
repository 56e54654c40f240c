/* SPDX-License-Identifier: ISC */
/* xbf on a back end that does what it should: every feature, each alone. */
#include <stdio.h>

#include "tests/support/disk.h"

static void
fill(struct lab *lab)
{
	lab_pattern(host_blkback_bytes(lab->blk), 4 * MIB, 0);
}

/* Writes and reads back, on both sides of 44 KiB, and compares. */
static void
works(struct lab *lab)
{
	static const size_t sizes[] = { 4 * KIB, 64 * KIB, 1 * MIB };
	unsigned char *expected = malloc(1 * MIB), *data;
	uint64_t physical;

	data = lab_pages(lab, 256, &physical);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t offset = 64 * KIB * (i + 1);

		lab_pattern(expected, sizes[i], 1000 * i);
		memcpy(data, expected, sizes[i]);
		assert_int_equal(lab_do(lab, PV_DISK_WRITE, offset, data,
				     physical, sizes[i]),
		    PV_OK);
		assert_memory_equal(host_blkback_bytes(lab->blk) + offset,
		    expected, sizes[i]);
		memset(data, 0xee, sizes[i]);
		assert_int_equal(lab_do(lab, PV_DISK_READ, offset, data,
				     physical, sizes[i]),
		    PV_OK);
		assert_memory_equal(data, expected, sizes[i]);
	}
	free(expected);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

/* ---- Attaching -------------------------------------------------------- */

static void
test_reports_back_end_and_channel(void **state)
{
	struct lab *lab = *state;
	const char *line;
	unsigned channel;
	char expected[80];

	lab_start(lab, &(struct host_disk_config){ 0 });
	line = strstr(sim_machine_log(lab->world->machine), "xbf0 at xen0");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "xbf0 at xen0 backend 0 channel %u: disk",
			     &channel),
	    1);
	snprintf(expected, sizeof(expected),
	    "xbf0 at xen0 backend 0 channel %u: disk", channel);
	world_has_line(lab->world, expected);
}

static void
test_reports_a_cdrom(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .cdrom = true, .read_only = true });
	assert_non_null(
	    strstr(sim_machine_log(lab->world->machine), ": cdrom\n"));
	assert_true(lab->disk->removable);
	assert_true(lab->disk->read_only);
}

static void
test_takes_what_the_back_end_says(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .size = 8 * MIB,
		.sector_size = 4096,
		.physical_sector_size = 8192,
		.removable = true,
		.flush = true,
		.discard = true,
		.discard_granularity = 65536,
		.discard_alignment = 4096,
		.secure_discard = true });
	assert_int_equal(lab->disk->size, 8 * MIB);
	assert_int_equal(lab->disk->sector_size, 4096);
	assert_int_equal(lab->disk->physical_sector_size, 8192);
	assert_true(lab->disk->removable);
	assert_false(lab->disk->read_only);
	assert_true(lab->disk->can_flush);
	assert_true(lab->disk->can_discard);
	assert_true(lab->disk->can_secure);
	assert_int_equal(lab->disk->discard_granularity, 65536);
	assert_int_equal(lab->disk->discard_alignment, 4096);
	assert_int_equal(lab->disk->queues, 1);
	assert_int_equal(lab->disk->depth, 32);
	assert_int_equal(lab->disk->max_transfer, 44 * KIB);
}

static void
test_takes_features_that_come_with_connected(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .late_features = true,
		.flush = true,
		.discard = true,
		.persistent = true,
		.indirect = 64 });
	assert_true(lab->disk->can_flush);
	assert_true(lab->disk->can_discard);
	works(lab);
	assert_true(host_blkback_counts(lab->blk)->persistent > 0);
}

static void
test_two_disks(void **state)
{
	struct lab *lab = *state;
	const struct pv_device *second;

	lab_machine(lab, NULL);
	lab_disk(lab, &(struct host_disk_config){ 0 });
	assert_non_null(host_blkback_new(lab->xen,
	    &(struct host_disk_config){ .device = XVDA + 16,
		.size = 2 * MIB }));
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
	second = world_device(lab->world, "xbf1");
	lab_run(lab, PV_SECOND);
	assert_true(second->disk->online);
	assert_true(lab->disk->size + second->disk->size == 6 * MIB);
}

/* ---- Memory of the owner ---------------------------------------------- */

static void
test_reads_and_writes(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ 0 });
	works(lab);
	/* all of it is lent as it stands */
	assert_int_equal(lab->device->stats.copies, 0);
}

static void
test_part_of_a_page_is_lent_where_it_is(void **state)
{
	struct lab *lab = *state;
	unsigned char *data, expected[1024];
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ 0 });
	fill(lab);
	data = lab_pages(lab, 2, &physical);
	memset(data, 0xee, 8192);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 512, data + 3584,
			     physical + 3584, 1024),
	    PV_OK);
	lab_pattern(expected, 1024, 512);
	assert_memory_equal(data + 3584, expected, 1024);
	assert_int_equal(data[3583], 0xee);
	assert_int_equal(data[4608], 0xee);
	assert_int_equal(lab->device->stats.copies, 0);
	/* two pages */
	assert_int_equal(host_blkback_counts(lab->blk)->segments, 2);
}

static void
test_memory_between_sectors_is_copied(void **state)
{
	struct lab *lab = *state;
	unsigned char *data, expected[8192];
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ 0 });
	fill(lab);
	data = lab_pages(lab, 3, &physical);
	memset(data, 0xee, 12288);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 4096, data + 100,
			     physical + 100, 8192),
	    PV_OK);
	lab_pattern(expected, 8192, 4096);
	assert_memory_equal(data + 100, expected, 8192);
	assert_int_equal(data[99], 0xee);
	assert_int_equal(data[8292], 0xee);
	lab_run(lab, 0);
	assert_int_equal(lab->device->stats.copies, 2);
	memset(data, 0x55, 12288);
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 8192, data + 7,
			     physical + 7, 512),
	    PV_OK);
	assert_memory_equal(host_blkback_bytes(lab->blk) + 8192, data, 512);
	lab_pattern(expected, 512, 8704);
	assert_memory_equal(host_blkback_bytes(lab->blk) + 8704, expected, 512);
}

static void
test_memory_without_an_address_is_copied(void **state)
{
	struct lab *lab = *state;
	unsigned char *data = calloc(1, MIB), *expected = malloc(MIB);

	lab_start(lab, &(struct host_disk_config){ 0 });
	fill(lab);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
			     MIB),
	    PV_OK);
	lab_pattern(expected, MIB, 0);
	assert_memory_equal(data, expected, MIB);
	free(data);
	free(expected);
}

static void
test_many_small_segments(void **state)
{
	struct lab *lab = *state;
	struct pv_segment segments[300];
	unsigned char *data, expected[51200];
	uint64_t physical;
	size_t sum = 0, at = 0;

	lab_start(lab, &(struct host_disk_config){ 0 });
	fill(lab);
	data = lab_pages(lab, 40, &physical);
	for (unsigned i = 0; i < 300; i++) {
		/* lengths of 0 too */
		size_t len = i * 53 % 341;

		if (i == 299)
			len = (512 - sum % 512) % 512;
		segments[i] = (struct pv_segment){ data + at, physical + at,
			len };
		sum += len;
		at += len + i % 3;
	}
	assert_int_equal(lab_request(lab, 0,
			     &(struct pv_io){ .op = PV_DISK_READ,
				 .offset = 1024,
				 .segments = segments,
				 .count = 300 }),
	    PV_OK);
	assert_true(sum <= sizeof(expected));
	lab_pattern(expected, sum, 1024);
	at = 0;
	for (unsigned i = 0; i < 300; i++) {
		assert_memory_equal(segments[i].data, expected + at,
		    segments[i].len);
		at += segments[i].len;
	}
}

static void
test_sectors_of_4096_bytes(void **state)
{
	struct lab *lab = *state;
	unsigned char *data, *expected = malloc(64 * KIB);
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ .sector_size = 4096 });
	works(lab);
	/* the host takes whole sectors in one piece: what crosses a page is
	 * copied */
	fill(lab);
	data = lab_pages(lab, 17, &physical);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 8192, data + 512,
			     physical + 512, 64 * KIB),
	    PV_OK);
	lab_pattern(expected, 64 * KIB, 8192);
	assert_memory_equal(data + 512, expected, 64 * KIB);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 512, data, physical, 4096),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 512),
	    PV_EINVAL);
	free(expected);
}

static void
test_untrusted_host_sees_no_page_of_the_owner(void **state)
{
	struct lab *lab = *state;
	unsigned char data[1024], expected[1024];

	lab_start(lab, &(struct host_disk_config){ .untrusted = true });
	fill(lab);
	/* an address where there is nothing to lend */
	assert_int_equal(lab_do(lab, PV_DISK_READ, 512, data, 1ull << 40, 1024),
	    PV_OK);
	lab_pattern(expected, 1024, 512);
	assert_memory_equal(data, expected, 1024);
	works(lab);
	assert_int_equal(sim_machine_counts(lab->world->machine)->violations,
	    0);
}

/* ---- What is asked for ------------------------------------------------ */

static void
test_requests_that_cannot_be(void **state)
{
	struct lab *lab = *state;
	struct pv_segment huge[2];
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ 0 });
	data = lab_pages(lab, 1, &physical);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 4 * MIB, data, physical,
			     512),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 4 * MIB - 512, data,
			     physical, 1024),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, UINT64_MAX - 511, data,
			     physical, 512),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 100, data, physical, 512),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 0, data, physical, 100),
	    PV_EINVAL);
	huge[0] = (struct pv_segment){ data, physical, SIZE_MAX - 511 };
	huge[1] = (struct pv_segment){ data, physical, 1024 };
	assert_int_equal(lab_request(lab, 0,
			     &(struct pv_io){ .op = PV_DISK_READ,
				 .segments = huge,
				 .count = 2 }),
	    PV_EINVAL);
	assert_int_equal(lab_request(lab, 0, &(struct pv_io){ .op = 17 }),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 0),
	    PV_OK);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 4 * MIB - 512, data,
			     physical, 512),
	    PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

static void
test_read_only(void **state)
{
	struct lab *lab = *state;
	unsigned char *data;
	uint64_t physical;

	lab_start(lab,
	    &(struct host_disk_config){ .read_only = true, .discard = true });
	data = lab_pages(lab, 1, &physical);
	assert_true(lab->disk->read_only);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 512),
	    PV_OK);
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 0, data, physical, 512),
	    PV_EROFS);
	assert_int_equal(lab_discard(lab, 0, 4096, 0), PV_EROFS);
	assert_int_equal(lab_flush(lab), PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

static void
test_flush(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .flush = true, .barrier = true });
	assert_true(lab->disk->can_flush);
	assert_int_equal(lab_flush(lab), PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->flushes, 1);
	assert_int_equal(host_blkback_counts(lab->blk)->barriers, 0);
}

static void
test_barrier_in_place_of_a_flush(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .barrier = true });
	assert_true(lab->disk->can_flush);
	assert_int_equal(lab_flush(lab), PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->barriers, 1);
}

static void
test_nothing_to_flush(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ 0 });
	assert_false(lab->disk->can_flush);
	assert_int_equal(lab_flush(lab), PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

static void
test_flush_taken_back_falls_to_barrier(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .flush = true, .barrier = true });
	host_blkback_manners(lab->blk)->fail_nth = 1;
	host_blkback_manners(lab->blk)->fail_status = -2;
	assert_int_equal(lab_flush(lab), PV_ENOTSUP);
	lab_run(lab, PV_MILLISECOND);
	assert_true(lab->disk->can_flush);
	assert_int_equal(lab_flush(lab), PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->barriers, 1);
}

static void
test_flush_taken_back(void **state)
{
	struct lab *lab = *state;
	unsigned changes;

	lab_start(lab, &(struct host_disk_config){ .flush = true });
	changes = lab->changes;
	host_blkback_manners(lab->blk)->fail_nth = 1;
	host_blkback_manners(lab->blk)->fail_status = -2;
	assert_int_equal(lab_flush(lab), PV_ENOTSUP);
	lab_run(lab, PV_MILLISECOND);
	assert_false(lab->disk->can_flush);
	assert_int_equal(lab->changes, changes + 1);
}

static void
test_discard(void **state)
{
	struct lab *lab = *state;
	unsigned char *bytes;

	lab_start(lab,
	    &(struct host_disk_config){ .discard = true,
		.secure_discard = true });
	fill(lab);
	bytes = host_blkback_bytes(lab->blk);
	assert_int_equal(lab_discard(lab, 65536, 4096, 0), PV_OK);
	assert_int_equal(bytes[65536], 0);
	assert_int_equal(lab_discard(lab, 131072, 2 * MIB, PV_DISK_SECURE),
	    PV_OK);
	assert_int_equal(bytes[131072], 0);
	assert_int_equal(host_blkback_counts(lab->blk)->discards, 2);
	assert_int_equal(lab_discard(lab, 0, 100, 0), PV_EINVAL);
	assert_int_equal(lab_discard(lab, 4 * MIB - 512, 1024, 0), PV_EINVAL);
	assert_int_equal(lab_discard(lab, 0, 0, 0), PV_OK);
	/* without keys: as large as a sector */
	assert_int_equal(lab->disk->discard_granularity, 512);
}

static void
test_discard_that_is_not_offered(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ 0 });
	assert_int_equal(lab_discard(lab, 0, 4096, 0), PV_ENOTSUP);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

static void
test_secure_discard_that_is_not_offered(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .discard = true });
	assert_int_equal(lab_discard(lab, 0, 4096, PV_DISK_SECURE), PV_ENOTSUP);
	assert_int_equal(lab_discard(lab, 0, 4096, 0), PV_OK);
}

static void
test_discard_taken_back(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .discard = true });
	host_blkback_manners(lab->blk)->fail_nth = 1;
	host_blkback_manners(lab->blk)->fail_status = -2;
	assert_int_equal(lab_discard(lab, 0, 4096, 0), PV_ENOTSUP);
	lab_run(lab, PV_MILLISECOND);
	assert_false(lab->disk->can_discard);
	assert_int_equal(lab_discard(lab, 0, 4096, 0), PV_ENOTSUP);
}

/* ---- Errors of the host ----------------------------------------------- */

/* OpenBSD's xbf kept the status of the last part only, so that data could be
 * lost without a word. */
static void
error_in_part(struct lab *lab, unsigned part)
{
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ 0 });
	data = lab_pages(lab, 64, &physical);
	host_blkback_manners(lab->blk)->fail_nth = part;
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 0, data, physical,
			     256 * KIB),
	    PV_EIO);
	/* and no trace of it is left */
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 0, data, physical,
			     256 * KIB),
	    PV_OK);
}

static void
test_error_in_first_part(void **state)
{
	error_in_part(*state, 1);
}

static void
test_error_in_middle_part(void **state)
{
	error_in_part(*state, 3);
}

static void
test_error_in_last_part(void **state)
{
	error_in_part(*state, 6);
}

static void
test_error_leaves_others_alone(void **state)
{
	struct lab *lab = *state;
	struct lab_io requests[8];
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ 0 });
	data = lab_pages(lab, 8, &physical);
	host_blkback_manners(lab->blk)->fail_nth = 4;
	for (unsigned i = 0; i < 8; i++)
		lab_submit(lab, &requests[i], PV_DISK_READ, 4096 * i,
		    data + 4096 * i, physical + 4096 * i, 4096);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(lab_wait(lab, &requests[i]),
		    i == 3 ? PV_EIO : PV_OK);
}

/* ---- Rings, queues, segments, grants ---------------------------------- */

static void
test_ring_of_eight_pages_by_order(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .max_ring_order = 3 });
	assert_int_equal(host_blkback_counts(lab->blk)->ring_pages, 8);
	assert_int_equal(lab->disk->depth, 256);
	works(lab);
}

static void
test_ring_of_four_pages_by_number(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .max_ring_pages = 4 });
	assert_int_equal(host_blkback_counts(lab->blk)->ring_pages, 4);
	assert_int_equal(lab->disk->depth, 128);
	works(lab);
}

static void
test_number_of_pages_that_is_no_power_of_two(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .max_ring_pages = 7 });
	assert_int_equal(host_blkback_counts(lab->blk)->ring_pages, 4);
	works(lab);
}

/* As many requests as the ring has entries, and eight more. */
static void
every_slot(struct lab *lab, unsigned depth)
{
	struct lab_io *requests = calloc(depth + 8, sizeof(*requests));
	unsigned char *data;
	uint64_t physical;

	fill(lab);
	data = lab_pages(lab, 1, &physical);
	host_blkback_manners(lab->blk)->stop = true;
	for (unsigned i = 0; i < depth + 8; i++)
		lab_submit(lab, &requests[i], PV_DISK_READ, 512 * (i % 8),
		    data + 512 * (i % 8), physical + 512 * (i % 8), 512);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(lab->device->stats.slots, depth);
	assert_int_equal(lab->device->stats.stalls, 8);
	host_blkback_manners(lab->blk)->stop = false;
	for (unsigned i = 0; i < depth + 8; i++)
		assert_int_equal(lab_wait(lab, &requests[i]), PV_OK);
	assert_int_equal(lab->device->stats.slots, depth + 8);
	free(requests);
}

static void
test_every_slot_of_one_page(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ 0 });
	every_slot(lab, 32);
}

static void
test_every_slot_of_eight_pages(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .max_ring_order = 4 });
	every_slot(lab, 256);
}

static void
test_every_slot_with_persistent_grants(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .max_ring_order = 2,
		.persistent = true });
	every_slot(lab, 128);
}

static void
test_indirect_segments(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .indirect = 256 });
	assert_int_equal(lab->disk->max_transfer, MIB);
	works(lab);
	/* of 64 KiB and 1 MiB, written and read */
	assert_int_equal(host_blkback_counts(lab->blk)->indirects, 4);
}

static void
test_fewer_indirect_segments_than_a_request_has(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ .indirect = 8 });
	assert_int_equal(lab->disk->max_transfer, 44 * KIB);
	works(lab);
	assert_int_equal(host_blkback_counts(lab->blk)->indirects, 0);
}

static void
test_persistent_grants(void **state)
{
	struct lab *lab = *state;
	uint64_t grants;

	lab_start(lab, &(struct host_disk_config){ .persistent = true });
	works(lab);
	lab_run(lab, 0);
	grants = lab->device->stats.grants;
	works(lab);
	lab_run(lab, 0);
	assert_int_equal(lab->device->stats.grants, grants);
	assert_true(host_blkback_counts(lab->blk)->persistent_hits > 0);
}

static void
test_persistent_and_indirect(void **state)
{
	struct lab *lab = *state;

	lab_start(lab,
	    &(struct host_disk_config){ .persistent = true,
		.indirect = 64,
		.max_ring_order = 1 });
	works(lab);
	works(lab);
}

static const struct host_xen_config four_cpus = { .vcpus = 4,
	.domain = 7,
	.name = "guest" };

static void
start_queues(struct lab *lab, const struct host_disk_config *config)
{
	lab_machine(lab, &four_cpus);
	lab_disk(lab, config);
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
}

static void
test_several_queues(void **state)
{
	struct lab *lab = *state;
	unsigned char *data, expected[4096];
	uint64_t physical;

	start_queues(lab,
	    &(struct host_disk_config){ .max_queues = 8, .max_ring_order = 1 });
	assert_int_equal(lab->disk->queues, 4);
	assert_int_equal(host_blkback_counts(lab->blk)->queues, 4);
	fill(lab);
	data = lab_pages(lab, 1, &physical);
	for (unsigned i = 0; i < 4; i++) {
		struct pv_segment segment = { data, physical, 4096 };

		assert_int_equal(lab_request(lab, i,
				     &(struct pv_io){ .op = PV_DISK_READ,
					 .offset = 8192 * i,
					 .segments = &segment,
					 .count = 1 }),
		    PV_OK);
		lab_pattern(expected, 4096, 8192 * i);
		assert_memory_equal(data, expected, 4096);
	}
}

static void
test_fewer_queues_than_cpus(void **state)
{
	struct lab *lab = *state;

	start_queues(lab,
	    &(struct host_disk_config){ .max_queues = 2, .persistent = true });
	assert_int_equal(lab->disk->queues, 2);
	works(lab);
}

static void
finished(struct pv_io *io)
{
	++*(unsigned *)io->owner;
}

static void
test_the_bus_leaves_a_taken_queue_alone(void **state)
{
	struct lab *lab = *state;
	struct sim_machine *machine;
	struct pv_segment segment;
	unsigned done = 0;
	struct pv_io io = { .op = PV_DISK_READ,
		.segments = &segment,
		.count = 1,
		.done = finished,
		.owner = &done };

	start_queues(lab, &(struct host_disk_config){ .max_queues = 4 });
	machine = lab->world->machine;
	sim_machine_set_cpu(machine, 2);
	pv_bus_cpu_start(lab->world->bus, 2);
	sim_machine_set_cpu(machine, 0);
	assert_int_equal(pv_disk_own(lab->disk, 9, 1), PV_EINVAL);
	assert_int_equal(pv_disk_own(lab->disk, 2, 9), PV_EINVAL);
	assert_int_equal(pv_disk_own(lab->disk, 2, 2), PV_OK);
	segment.data = lab_pages(lab, 1, &segment.physical);
	segment.len = 4096;
	sim_machine_set_cpu(machine, 2);
	pv_disk_submit(lab->disk, 2, &io);
	pv_disk_kick(lab->disk, 2);
	sim_machine_set_cpu(machine, 0);
	lab_run(lab, PV_SECOND);
	assert_int_equal(done, 0);
	assert_true(
	    pv_disk_deadline(lab->disk, 2) < pv_bus_now(lab->world->bus));
	sim_machine_set_cpu(machine, 2);
	pv_disk_poll(lab->disk, 2, 16);
	assert_int_equal(done, 1);
	assert_int_equal(io.error, PV_OK);
	/* nothing is under way, but it may be wanted back */
	assert_in_range(pv_disk_deadline(lab->disk, 2),
	    pv_bus_now(lab->world->bus) + 1,
	    pv_bus_now(lab->world->bus) + 2 * PV_SECOND);
	sim_machine_set_cpu(machine, 0);
	/* given back, it is the bus's again */
	assert_int_equal(pv_disk_own(lab->disk, 2, 0), PV_OK);
	assert_int_equal(lab_request(lab, 2, &io), PV_OK);
}

static void
test_a_queue_stays_where_no_event_can_go(void **state)
{
	struct lab *lab = *state;

	start_queues(lab, &(struct host_disk_config){ .max_queues = 4 });
	/* that CPU has not started */
	assert_int_equal(pv_disk_own(lab->disk, 3, 3), PV_ENOTSUP);
	works(lab);
}

/* ---- Completions ------------------------------------------------------ */

struct chain {
	struct pv_io io;
	struct pv_segment segment;
	struct lab *lab;
	unsigned left, depth, deepest;
};

static void
again(struct pv_io *io)
{
	struct chain *chain = io->owner;

	if (++chain->depth > chain->deepest)
		chain->deepest = chain->depth;
	if (chain->left-- > 0) {
		pv_disk_submit(chain->lab->disk, 0, io);
		pv_disk_kick(chain->lab->disk, 0);
	}
	chain->depth--;
}

static void
run_chain(struct lab *lab, uint64_t offset)
{
	struct chain chain = { .lab = lab, .left = 1000 };

	chain.segment.data = lab_pages(lab, 1, &chain.segment.physical);
	chain.segment.len = 512;
	chain.io = (struct pv_io){ .op = PV_DISK_READ,
		.offset = offset,
		.segments = &chain.segment,
		.count = 1,
		.done = again,
		.owner = &chain };
	pv_disk_submit(lab->disk, 0, &chain.io);
	pv_disk_kick(lab->disk, 0);
	lab_run(lab, 10 * PV_SECOND);
	assert_true(chain.left == UINT32_MAX);
	assert_int_equal(chain.deepest, 1);
}

static void
test_a_completion_submits_again(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ 0 });
	run_chain(lab, 0);
}

static void
test_a_completion_submits_what_fails_at_once(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &(struct host_disk_config){ 0 });
	run_chain(lab, 8 * MIB);
}

/* ---- Size ------------------------------------------------------------- */

static void
test_grows_and_shrinks(void **state)
{
	struct lab *lab = *state;
	unsigned char *data;
	uint64_t physical;
	unsigned changes;

	lab_start(lab, &(struct host_disk_config){ 0 });
	data = lab_pages(lab, 1, &physical);
	changes = lab->changes;
	host_blkback_resize(lab->blk, 16 * MIB);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->disk->size, 16 * MIB);
	assert_int_equal(lab->changes, changes + 1);
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 16 * MIB - 512, data,
			     physical, 512),
	    PV_OK);
	host_blkback_resize(lab->blk, 1 * MIB);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->disk->size, 1 * MIB);
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 1 * MIB, data, physical,
			     512),
	    PV_EINVAL);
	assert_true(lab->disk->online);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_reports_back_end_and_channel),
		lab_test(test_reports_a_cdrom),
		lab_test(test_takes_what_the_back_end_says),
		lab_test(test_takes_features_that_come_with_connected),
		lab_test(test_two_disks),
		lab_test(test_reads_and_writes),
		lab_test(test_part_of_a_page_is_lent_where_it_is),
		lab_test(test_memory_between_sectors_is_copied),
		lab_test(test_memory_without_an_address_is_copied),
		lab_test(test_many_small_segments),
		lab_test(test_sectors_of_4096_bytes),
		lab_test(test_untrusted_host_sees_no_page_of_the_owner),
		lab_test(test_requests_that_cannot_be),
		lab_test(test_read_only),
		lab_test(test_flush),
		lab_test(test_barrier_in_place_of_a_flush),
		lab_test(test_nothing_to_flush),
		lab_test(test_flush_taken_back_falls_to_barrier),
		lab_test(test_flush_taken_back),
		lab_test(test_discard),
		lab_test(test_discard_that_is_not_offered),
		lab_test(test_secure_discard_that_is_not_offered),
		lab_test(test_discard_taken_back),
		lab_test(test_error_in_first_part),
		lab_test(test_error_in_middle_part),
		lab_test(test_error_in_last_part),
		lab_test(test_error_leaves_others_alone),
		lab_test(test_ring_of_eight_pages_by_order),
		lab_test(test_ring_of_four_pages_by_number),
		lab_test(test_number_of_pages_that_is_no_power_of_two),
		lab_test(test_every_slot_of_one_page),
		lab_test(test_every_slot_of_eight_pages),
		lab_test(test_every_slot_with_persistent_grants),
		lab_test(test_indirect_segments),
		lab_test(test_fewer_indirect_segments_than_a_request_has),
		lab_test(test_persistent_grants),
		lab_test(test_persistent_and_indirect),
		lab_test(test_several_queues),
		lab_test(test_fewer_queues_than_cpus),
		lab_test(test_the_bus_leaves_a_taken_queue_alone),
		lab_test(test_a_queue_stays_where_no_event_can_go),
		lab_test(test_a_completion_submits_again),
		lab_test(test_a_completion_submits_what_fails_at_once),
		lab_test(test_grows_and_shrinks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
