/* SPDX-License-Identifier: ISC */
/* hvs and its disks on a host that does what it should: every feature, each
 * alone. */
#include <stdio.h>

#include "tests/support/scsi_disk.h"

static void
fill(struct scsi *scsi)
{
	lab_pattern(scsi_bytes(scsi), 4 * MIB, 0);
}

/* ---- Attaching -------------------------------------------------------- */

static void
test_reports_controller_and_disk(void **state)
{
	struct scsi *scsi = *state;
	char expected[80];

	scsi_start(scsi, &(struct host_lun_config){ .lun = 1 });
	snprintf(expected, sizeof(expected),
	    "hvs0 at hyperv0 channel %u: scsi, protocol 6.2",
	    scsi->hvs->channel->offer.relid);
	world_has_line(scsi->lab.world, expected);
	world_has_line(scsi->lab.world,
	    "sd0 at hvs0 target 0 lun 1: 4 MB, 512-byte sectors");
	assert_int_equal(host_storvsp_counts(scsi->stor)->version, HV_STOR_6_2);
}

static void
test_reads_and_writes(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	scsi_works(scsi);
	fill(scsi);
	/* all of it is named as it stands */
	assert_int_equal(scsi->lab.device->stats.copies, 0);
}

static void
test_every_protocol_version(void **state)
{
	static const struct {
		uint16_t version;
		const char *text;
	} versions[] = { { HV_STOR_2_0, "scsi, protocol 2.0" },
		{ HV_STOR_4_2, "scsi, protocol 4.2" },
		{ HV_STOR_5_1, "scsi, protocol 5.1" },
		{ HV_STOR_6_0, "scsi, protocol 6.0" } };
	struct scsi *scsi = *state;

	for (unsigned i = 0; i < 4; i++) {
		scsi_machine(scsi, 1,
		    &(struct host_storvsp_config){
			.version_max = versions[i].version });
		scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
		scsi_attach(scsi);
		scsi_use(scsi, "sd0");
		assert_non_null(strstr(scsi->device->line, versions[i].text));
		assert_int_equal(host_storvsp_counts(scsi->stor)->version,
		    versions[i].version);
		scsi_works(scsi);
		if (i == 3)
			return;
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

static void
test_ide_has_one_disk_at_its_place(void **state)
{
	struct scsi *scsi = *state;
	char expected[80];

	scsi_machine(scsi, 4,
	    &(struct host_storvsp_config){ .ide = true,
		.path = 1,
		.place = 1 });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	snprintf(expected, sizeof(expected),
	    "hvs0 at hyperv0 channel %u: ide, protocol 6.2",
	    scsi->hvs->channel->offer.relid);
	world_has_line(scsi->lab.world, expected);
	world_has_line(scsi->lab.world,
	    "sd0 at hvs0 target 1 lun 0: 4 MB, 512-byte sectors");
	assert_int_equal(scsi->lab.disk->queues, 1);
}

static void
test_takes_what_the_host_says(void **state)
{
	struct scsi *scsi = *state;
	const struct pv_disk *disk;

	scsi_start(scsi,
	    &(struct host_lun_config){ .size = 8 * MIB,
		.sector_size = 512,
		.physical_sector_size = 4096,
		.unmap = true,
		.unmap_granularity = 65536,
		.unmap_alignment = 4096 });
	disk = scsi->lab.disk;
	assert_int_equal(disk->size, 8 * MIB);
	assert_int_equal(disk->sector_size, 512);
	assert_int_equal(disk->physical_sector_size, 4096);
	assert_false(disk->removable);
	assert_false(disk->read_only);
	assert_true(disk->can_flush);
	assert_true(disk->can_discard);
	assert_false(disk->can_secure);
	assert_int_equal(disk->discard_granularity, 65536);
	assert_int_equal(disk->discard_alignment, 4096);
	assert_int_equal(disk->queues, 1);
	assert_int_equal(disk->depth, 128);
	assert_int_equal(disk->max_transfer, 512 * KIB);
}

static void
test_a_disk_that_can_little(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi,
	    &(struct host_lun_config){ .read_only = true, .no_cache = true });
	assert_true(scsi->lab.disk->read_only);
	assert_false(scsi->lab.disk->can_flush);
	assert_false(scsi->lab.disk->can_discard);
	assert_int_equal(scsi->lab.disk->discard_granularity, 0);
}

static void
test_old_inquiry_is_repaired(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi,
	    &(struct host_lun_config){ .old_inquiry = true, .unmap = true });
	assert_true(scsi->lab.disk->can_discard);
	scsi_works(scsi);
}

static void
test_a_cdrom(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[2048], expected[2048];

	scsi_machine(scsi, 1, NULL);
	scsi_disk(scsi,
	    &(struct host_lun_config){ .cdrom = true,
		.sector_size = 2048,
		.read_only = true },
	    false);
	scsi_attach(scsi);
	scsi_use(scsi, "cd0");
	world_has_line(scsi->lab.world,
	    "cd0 at hvs0 target 0 lun 0: 4 MB, 2048-byte sectors");
	assert_true(scsi->lab.disk->removable);
	assert_true(scsi->lab.disk->read_only);
	fill(scsi);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 4096, data,
			     PV_NO_PHYSICAL, 2048),
	    PV_OK);
	lab_pattern(expected, 2048, 4096);
	assert_memory_equal(data, expected, 2048);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_WRITE, 4096, data,
			     PV_NO_PHYSICAL, 2048),
	    PV_EROFS);
}

static void
test_many_disks_on_two_targets(void **state)
{
	struct scsi *scsi = *state;
	char name[8];

	scsi_machine(scsi, 1, NULL);
	for (unsigned i = 0; i < 70; i++)
		scsi_disk(scsi,
		    &(struct host_lun_config){ .target = (uint8_t)(i / 35),
			.lun = (uint8_t)(i % 35 * 63 / 34),
			.size = (i + 1) * MIB / 4 },
		    false);
	scsi_attach(scsi);
	for (unsigned i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "sd%u", i);
		scsi_use(scsi, name);
		assert_int_equal(scsi->lab.disk->size, (i + 1) * MIB / 4);
	}
	assert_false(scsi_has(scsi, "sd70"));
	world_has_line(scsi->lab.world,
	    "sd69 at hvs0 target 1 lun 63: 17 MB, 512-byte sectors");
}

static void
test_disks_are_there_when_the_bus_is(void **state)
{
	struct scsi *scsi = *state;

	scsi_machine(scsi, 1, NULL);
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	assert_true(scsi_has(scsi, "sd0"));
}

static void
test_no_disk(void **state)
{
	struct scsi *scsi = *state;

	scsi_machine(scsi, 1, NULL);
	scsi_attach(scsi);
	lab_run(&scsi->lab, 10 * PV_SECOND);
	assert_int_equal(scsi->hvs->phase, HVS_RUNNING);
	assert_false(scsi_has(scsi, "sd0"));
	assert_int_equal(pv_bus_deadline(scsi->lab.world->bus) >
		sim_now(scsi->lab.world->sim) + PV_SECOND,
	    true);
}

/* ---- Memory of the owner ---------------------------------------------- */

static void
test_part_of_a_page_is_named_where_it_is(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data, expected[1024];
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
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
	assert_int_equal(lab->device->stats.slots, 1);
}

static void
test_memory_between_sectors_is_copied(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data, expected[8192];
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
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
	assert_memory_equal(scsi_bytes(scsi) + 8192, data, 512);
	lab_pattern(expected, 512, 8704);
	assert_memory_equal(scsi_bytes(scsi) + 8704, expected, 512);
}

static void
test_memory_without_an_address_is_copied(void **state)
{
	struct scsi *scsi = *state;
	unsigned char *data = calloc(1, MIB), *expected = malloc(MIB);

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, MIB),
	    PV_OK);
	lab_pattern(expected, MIB, 0);
	assert_memory_equal(data, expected, MIB);
	free(data);
	free(expected);
}

/* Two buffers that both begin at the same place of a page meet in one page of
 * ours; with another place each is a request of its own. */
static void
test_buffers_that_meet_inside_pages(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data, *expected = malloc(64 * KIB);
	uint64_t physical;
	struct pv_segment segments[2];

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
	data = lab_pages(lab, 40, &physical);
	lab_pattern(expected, 64 * KIB, 1024);
	for (unsigned i = 0; i < 2; i++) {
		size_t second = i == 0 ? 40 * KIB + 512 : 40 * KIB + 1024;
		uint64_t copies, slots;

		segments[0] = (struct pv_segment){ data + 512, physical + 512,
			32 * KIB };
		segments[1] = (struct pv_segment){ data + second,
			physical + second, 32 * KIB };
		lab_run(lab, 0);
		copies = lab->device->stats.copies;
		slots = lab->device->stats.slots;
		memset(data, 0xee, 160 * KIB);
		assert_int_equal(lab_request(lab, 0,
				     &(struct pv_io){ .op = PV_DISK_READ,
					 .offset = 1024,
					 .segments = segments,
					 .count = 2 }),
		    PV_OK);
		assert_memory_equal(data + 512, expected, 32 * KIB);
		assert_memory_equal(data + second, expected + 32 * KIB,
		    32 * KIB);
		lab_run(lab, 0);
		assert_int_equal(lab->device->stats.slots - slots, 2);
		assert_int_equal(lab->device->stats.copies - copies, 0);
	}
	/* a short one is not worth that */
	segments[0].len = 4608;
	segments[1].len = 512;
	segments[1].data = data + 40 * KIB + 512;
	segments[1].physical = physical + 40 * KIB + 512;
	assert_int_equal(lab_request(lab, 0,
			     &(struct pv_io){ .op = PV_DISK_READ,
				 .offset = 1024,
				 .segments = segments,
				 .count = 2 }),
	    PV_OK);
	assert_memory_equal(data + 512, expected, 4608);
	assert_memory_equal(data + 40 * KIB + 512, expected + 4608, 512);
	free(expected);
}

static void
test_many_small_segments(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct pv_segment segments[300];
	unsigned char *data, expected[51200];
	uint64_t physical;
	size_t sum = 0, at = 0;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
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

/* Sectors that stand in pages of their own, in any order. */
static void
test_scattered_sectors(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct pv_segment segments[32];
	unsigned char *data, expected[512];
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
	data = lab_pages(lab, 32, &physical);
	for (unsigned i = 0; i < 32; i++) {
		size_t at = (i * 11 % 32) * PV_PAGE_SIZE + i % 8 * 512;

		segments[i] = (struct pv_segment){ data + at, physical + at,
			512 };
	}
	assert_int_equal(lab_request(lab, 0,
			     &(struct pv_io){ .op = PV_DISK_READ,
				 .offset = 2048,
				 .segments = segments,
				 .count = 32 }),
	    PV_OK);
	for (unsigned i = 0; i < 32; i++) {
		lab_pattern(expected, 512, 2048 + i * 512);
		assert_memory_equal(segments[i].data, expected, 512);
	}
	lab_run(lab, 0);
	assert_int_equal(lab->device->stats.slots, 1);
	assert_int_equal(lab->device->stats.copies, 4);
}

static void
test_neighbours_are_one_run(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct pv_segment segments[64];
	unsigned char *data, *expected = malloc(32 * KIB);
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
	data = lab_pages(lab, 8, &physical);
	for (unsigned i = 0; i < 64; i++)
		segments[i] = (struct pv_segment){ data + i * 512,
			physical + i * 512, 512 };
	assert_int_equal(lab_request(lab, 0,
			     &(struct pv_io){ .op = PV_DISK_READ,
				 .offset = 0,
				 .segments = segments,
				 .count = 64 }),
	    PV_OK);
	lab_pattern(expected, 32 * KIB, 0);
	assert_memory_equal(data, expected, 32 * KIB);
	lab_run(lab, 0);
	assert_int_equal(lab->device->stats.slots, 1);
	assert_int_equal(lab->device->stats.copies, 0);
	free(expected);
}

static void
test_sectors_of_4096_bytes(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data, *expected = malloc(64 * KIB);
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ .sector_size = 4096 });
	world_has_line(lab->world,
	    "sd0 at hvs0 target 0 lun 0: 4 MB, 4096-byte sectors");
	scsi_works(scsi);
	fill(scsi);
	data = lab_pages(lab, 17, &physical);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 8192, data + 512,
			     physical + 512, 64 * KIB),
	    PV_OK);
	lab_pattern(expected, 64 * KIB, 8192);
	assert_memory_equal(data + 512, expected, 64 * KIB);
	assert_int_equal(host_storvsp_counts(scsi->stor)->refused, 0);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 512, data, physical, 4096),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 512),
	    PV_EINVAL);
	free(expected);
}

static void
test_requests_are_as_large_as_the_host_takes(void **state)
{
	struct scsi *scsi = *state;
	unsigned char *data;
	uint64_t physical;

	scsi_machine(scsi, 1,
	    &(struct host_storvsp_config){ .max_transfer = 64 * KIB });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	assert_int_equal(scsi->lab.disk->max_transfer, 64 * KIB);
	data = lab_pages(&scsi->lab, 257, &physical);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data + 512,
			     physical + 512, MIB),
	    PV_OK);
	lab_run(&scsi->lab, 0);
	assert_int_equal(scsi->lab.device->stats.slots, 16);
	assert_int_equal(host_storvsp_counts(scsi->stor)->reads, 16);
}

static void
test_a_larger_transfer_than_we_can_name(void **state)
{
	struct scsi *scsi = *state;
	unsigned char *data;
	uint64_t physical;

	scsi_machine(scsi, 1,
	    &(struct host_storvsp_config){ .max_transfer = 64 * MIB });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	assert_int_equal(scsi->lab.disk->max_transfer, MIB);
	data = lab_pages(&scsi->lab, 514, &physical);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_WRITE, 0, data + 3584,
			     physical + 3584, 2 * MIB),
	    PV_OK);
	lab_run(&scsi->lab, 0);
	assert_int_equal(scsi->lab.device->stats.slots, 2);
}

/* ---- What is asked for ------------------------------------------------ */

static void
test_requests_that_cannot_be(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct pv_segment huge[2];
	unsigned char *data;
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
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
	huge[0] = (struct pv_segment){ data, physical, SIZE_MAX };
	huge[1] = (struct pv_segment){ data, physical, 513 };
	assert_int_equal(lab_request(lab, 0,
			     &(struct pv_io){ .op = PV_DISK_READ,
				 .segments = huge,
				 .count = 2 }),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, (enum pv_disk_op)77, 0, data, physical,
			     512),
	    PV_EINVAL);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 0),
	    PV_OK);
	assert_int_equal(lab_discard(lab, 0, 4096, 0), PV_ENOTSUP);
	assert_int_equal(host_storvsp_counts(scsi->stor)->reads, 0);
}

static void
test_read_only(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[512] = { 0 };

	scsi_start(scsi,
	    &(struct host_lun_config){ .read_only = true, .unmap = true });
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_WRITE, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EROFS);
	assert_int_equal(lab_discard(&scsi->lab, 0, 4096, 0), PV_EROFS);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_OK);
	assert_int_equal(host_storvsp_counts(scsi->stor)->writes, 0);
}

static void
test_flush_where_there_is_a_cache(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	assert_int_equal(lab_flush(&scsi->lab), PV_OK);
	assert_int_equal(host_storvsp_counts(scsi->stor)->flushes, 1);
}

static void
test_flush_where_there_is_none(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ .no_cache = true });
	assert_int_equal(lab_flush(&scsi->lab), PV_OK);
	assert_int_equal(host_storvsp_counts(scsi->stor)->flushes, 0);
	assert_int_equal(scsi->lab.device->stats.slots, 0);
}

static void
test_discard(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char zero[4096] = { 0 }, expected[4096];

	scsi_start(scsi, &(struct host_lun_config){ .unmap = true });
	fill(scsi);
	assert_int_equal(lab_discard(lab, 8192, 4096, 0), PV_OK);
	assert_memory_equal(scsi_bytes(scsi) + 8192, zero, 4096);
	lab_pattern(expected, 4096, 4096);
	assert_memory_equal(scsi_bytes(scsi) + 4096, expected, 4096);
	lab_pattern(expected, 4096, 12288);
	assert_memory_equal(scsi_bytes(scsi) + 12288, expected, 4096);
	assert_int_equal(host_storvsp_counts(scsi->stor)->unmaps, 1);
	assert_int_equal(lab_discard(lab, 0, 4 * MIB, 0), PV_OK);
	assert_int_equal(lab_discard(lab, 0, 0, 0), PV_OK);
	assert_int_equal(lab_discard(lab, 4 * MIB, 512, 0), PV_EINVAL);
	assert_int_equal(lab_discard(lab, 0, 4096, PV_DISK_SECURE), PV_ENOTSUP);
}

static void
test_answers_in_any_order(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct lab_io io[200];
	unsigned char *data, expected[4096];
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	fill(scsi);
	host_storvsp_manners(scsi->stor)->reorder = true;
	host_storvsp_manners(scsi->stor)->delay = 10000;
	data = lab_pages(lab, 200, &physical);
	for (unsigned i = 0; i < 200; i++)
		lab_submit(lab, &io[i], PV_DISK_READ, i * 4096, data + i * 4096,
		    physical + i * 4096, 4096);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(lab_wait(lab, &io[i]), PV_OK);
		lab_pattern(expected, 4096, i * 4096);
		assert_memory_equal(data + i * 4096, expected, 4096);
	}
	assert_int_equal(host_storvsp_counts(scsi->stor)->refused, 0);
}

/* More than the ring has room for. */
static void
test_a_full_ring(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	static struct lab_io io[128];
	unsigned char *data;
	uint64_t physical;

	scsi_machine(scsi, 1,
	    &(struct host_storvsp_config){ .max_transfer = MIB });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	host_storvsp_manners(scsi->stor)->delay = PV_MILLISECOND;
	data = lab_pages(lab, 256, &physical);
	for (unsigned i = 0; i < 128; i++)
		lab_submit(lab, &io[i], PV_DISK_READ, 0, data, physical, MIB);
	assert_true(scsi->hvs->queues[0].data_slots < 128);
	for (unsigned i = 0; i < 128; i++)
		assert_int_equal(lab_wait(lab, &io[i]), PV_OK);
	assert_int_equal(host_storvsp_counts(scsi->stor)->reads, 128);
}

/* ---- Disks come, go and change ---------------------------------------- */

static void
test_a_disk_is_added(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	scsi_disk(scsi,
	    &(struct host_lun_config){ .target = 1, .lun = 7, .size = 2 * MIB },
	    true);
	scsi_use(scsi, "sd1");
	assert_int_equal(scsi->lab.disk->size, 2 * MIB);
	world_has_line(scsi->lab.world,
	    "sd1 at hvs0 target 1 lun 7: 2 MB, 512-byte sectors");
}

static void
test_a_disk_is_removed(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 1 }, true);
	scsi_use(scsi, "sd1");
	scsi_use(scsi, "sd0");
	host_storvsp_remove(scsi->stor, 0, 1, true);
	scsi_wait_gone(scsi, "sd1");
	scsi_works(scsi);
	/* and another, which gets its number */
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 5 }, true);
	scsi_use(scsi, "sd1");
}

static void
test_removed_with_requests_under_way(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct lab_io io[20];
	unsigned char *data;
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	data = lab_pages(lab, 20, &physical);
	host_storvsp_manners(scsi->stor)->delay = 20 * PV_MILLISECOND;
	for (unsigned i = 0; i < 20; i++)
		lab_submit(lab, &io[i], PV_DISK_READ, i * 4096, data + i * 4096,
		    physical + i * 4096, 4096);
	host_storvsp_remove(scsi->stor, 0, 0, true);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(lab_wait(lab, &io[i]), PV_ENODEV);
	scsi_wait_gone(scsi, "sd0");
	assert_int_equal(scsi->device->state, PV_DEVICE_ATTACHED);
}

static bool
grown(struct lab *lab)
{
	return lab->disk->size == 8 * MIB;
}

static void
test_a_new_size_by_message(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[512] = { 1 };

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_WRITE, 6 * MIB, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EINVAL);
	assert_true(host_storvsp_resize(scsi->stor, 0, 0, 8 * MIB, true));
	lab_until(&scsi->lab, grown, "grown");
	assert_int_equal(scsi->lab.changes, 1);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_WRITE, 6 * MIB, data,
			     PV_NO_PHYSICAL, 512),
	    PV_OK);
}

/* The host says so only with the next command, as a unit attention. */
static void
test_a_new_size_by_unit_attention(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners;
	unsigned char data[512];

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	assert_true(host_storvsp_resize(scsi->stor, 0, 0, 8 * MIB, false));
	manners = host_storvsp_manners(scsi->stor);
	manners->scsi_status = SCSI_STATUS_CHECK_CONDITION;
	manners->srb_status = HV_SRB_ERROR;
	manners->sense_key = SCSI_KEY_UNIT_ATTENTION;
	manners->asc = 0x2a;
	manners->ascq = 0x09;
	manners->fail_nth = 1;
	/* the command itself is done again */
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_OK);
	lab_until(&scsi->lab, grown, "grown");
	assert_int_equal(scsi->lab.changes, 1);
}

static void
test_a_new_disk_by_unit_attention(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners;
	unsigned char data[512];

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 3 }, false);
	manners = host_storvsp_manners(scsi->stor);
	manners->scsi_status = SCSI_STATUS_CHECK_CONDITION;
	manners->srb_status = HV_SRB_ERROR;
	manners->sense_key = SCSI_KEY_UNIT_ATTENTION;
	manners->asc = 0x3f;
	manners->ascq = 0x0e;
	manners->fail_nth = 1;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_OK);
	scsi_use(scsi, "sd1");
}

static void
test_nothing_new_is_no_change(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	host_storvsp_unsolicited(scsi->stor, HV_STOR_ENUMERATE_BUS, 0);
	host_storvsp_unsolicited(scsi->stor, HV_STOR_REMOVE_DEVICE, 0);
	lab_run(&scsi->lab, PV_SECOND);
	assert_int_equal(scsi->lab.changes, 0);
	assert_true(scsi_has(scsi, "sd0"));
	scsi_works(scsi);
}

static void
test_a_disk_that_no_driver_takes(void **state)
{
	static const struct pv_driver *const some[] = { &pv_hyperv_driver,
		&pv_hvs_driver, NULL };
	struct scsi *scsi = *state;

	scsi_machine(scsi, 1, NULL);
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 2 }, false);
	partition_attach(&scsi->partition, some);
	lab_run(&scsi->lab, PV_SECOND);
	world_has_line(scsi->lab.world,
	    "\"sd\" at hvs0: target 0 lun 2 not configured");
	host_storvsp_remove(scsi->stor, 0, 2, true);
	lab_run(&scsi->lab, PV_SECOND);
	assert_false(scsi_has(scsi, "\"sd\""));
}

/* ---- Several channels ------------------------------------------------- */

static void
test_a_queue_for_each_channel(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data, expected[4096];
	uint64_t physical;

	scsi_start_channels(scsi, 4, 8);
	assert_int_equal(lab->disk->queues, 4);
	assert_int_equal(host_storvsp_counts(scsi->stor)->channels, 4);
	fill(scsi);
	data = lab_pages(lab, 1, &physical);
	for (unsigned i = 0; i < 4; i++) {
		struct pv_segment segment = { data, physical, 4096 };

		assert_int_equal(lab_request(lab, i,
				     &(struct pv_io){ .op = PV_DISK_READ,
					 .offset = i * 8192,
					 .segments = &segment,
					 .count = 1 }),
		    PV_OK);
		lab_pattern(expected, 4096, i * 8192);
		assert_memory_equal(data, expected, 4096);
		assert_true(
		    host_vmbus_counts(host_storvsp_device(scsi->stor), i)
			->packets_in > 0);
	}
}

static void
test_fewer_channels_than_cpus(void **state)
{
	struct scsi *scsi = *state;

	scsi_start_channels(scsi, 8, 2);
	assert_int_equal(scsi->lab.disk->queues, 3);
	scsi_works(scsi);
}

static void
test_a_queue_of_another_cpu(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct lab_io io;
	unsigned char *data, expected[4096];
	uint64_t physical;

	scsi_start_channels(scsi, 4, 3);
	fill(scsi);
	data = lab_pages(lab, 1, &physical);
	assert_int_equal(pv_disk_own(lab->disk, 1, 4), PV_EINVAL);
	assert_int_equal(pv_disk_own(lab->disk, 9, 1), PV_EINVAL);
	assert_int_equal(pv_disk_own(lab->disk, 1, 2), PV_OK);
	lab_run(lab, PV_MILLISECOND);
	assert_int_equal(host_vmbus_vcpu(
			     host_vmbus_channel(host_storvsp_device(scsi->stor),
				 scsi->hvs->queues[1].channel->offer.sub)),
	    2);
	io = (struct lab_io){ .segment = { data, physical, 4096 } };
	scsi_cpu(scsi, 2);
	lab_submit(lab, &io, PV_DISK_READ, 4096, data, physical, 4096);
	scsi_cpu(scsi, 0);
	assert_int_equal(lab_wait(lab, &io), PV_OK);
	lab_pattern(expected, 4096, 4096);
	assert_memory_equal(data, expected, 4096);
	assert_int_equal(pv_disk_own(lab->disk, 1, 0), PV_OK);
	scsi_works(scsi);
}

static void
count_done(struct pv_io *io)
{
	(*(unsigned *)io->owner)++;
}

/* On its CPU, a queue's own poll ends what was submitted to it. */
static void
test_only_its_own_poll_ends_a_taken_queue(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned done = 0;
	struct pv_segment segment = { NULL, 0, 4096 };
	struct pv_io io = { .op = PV_DISK_READ,
		.segments = &segment,
		.count = 1,
		.done = count_done,
		.owner = &done };

	scsi_start_channels(scsi, 2, 1);
	segment.data = lab_pages(lab, 1, &segment.physical);
	assert_int_equal(pv_disk_own(lab->disk, 1, 1), PV_OK);
	scsi_cpu(scsi, 1);
	pv_disk_submit(lab->disk, 1, &io);
	pv_disk_kick(lab->disk, 1);
	scsi_cpu(scsi, 0);
	lab_run(lab, PV_SECOND);
	assert_int_equal(done, 0);
	scsi_cpu(scsi, 1);
	pv_disk_poll(lab->disk, 1, 64);
	assert_int_equal(done, 1);
	assert_int_equal(io.error, PV_OK);
	assert_true(pv_disk_deadline(lab->disk, 1) <=
	    sim_now(lab->world->sim) + PV_SECOND);
	scsi_cpu(scsi, 0);
	assert_int_equal(pv_disk_own(lab->disk, 1, 0), PV_OK);
}

/* All disks have the same channels. */
static void
test_a_queue_that_another_disk_has(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct pv_disk *first, *second;

	scsi_start_channels(scsi, 4, 3);
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 1 }, true);
	first = lab->disk;
	scsi_use(scsi, "sd1");
	second = lab->disk;
	assert_int_equal(pv_disk_own(first, 1, 2), PV_OK);
	assert_int_equal(pv_disk_own(second, 1, 3), PV_EBUSY);
	assert_int_equal(pv_disk_own(second, 1, 0), PV_EBUSY);
	assert_int_equal(pv_disk_own(second, 1, 2), PV_OK);
	/* it stays there for the other */
	assert_int_equal(pv_disk_own(first, 1, 0), PV_EBUSY);
	assert_int_equal(scsi->hvs->queues[1].cpu, 2);
	assert_int_equal(pv_disk_own(second, 1, 0), PV_OK);
	assert_int_equal(scsi->hvs->queues[1].cpu, 0);
	assert_int_equal(pv_disk_own(second, 1, 3), PV_OK);
	assert_int_equal(pv_disk_own(second, 1, 0), PV_OK);
}

/* One queue, and another disk's owner has it: he is served all the same. */
static void
test_served_by_another_disks_cpu(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct pv_disk *first;
	struct lab_io io[3];
	unsigned char *data, expected[4096];
	uint64_t physical;

	scsi_start_channels(scsi, 2, 0);
	first = lab->disk;
	assert_int_equal(pv_disk_own(first, 0, 1), PV_OK);
	/* found by commands that go by that CPU too */
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 1 }, false);
	host_storvsp_unsolicited(scsi->stor, HV_STOR_ENUMERATE_BUS, 0);
	for (unsigned i = 0; !scsi_has(scsi, "sd1"); i++) {
		assert_true(i < 1000);
		scsi_cpu(scsi, 1);
		pv_disk_poll(first, 0, 64);
		scsi_cpu(scsi, 0);
		lab_run(lab, PV_MILLISECOND);
	}
	lab_use(lab, "sd1");
	lab_pattern(host_storvsp_bytes(scsi->stor, 0, 1), 4 * MIB, 7);
	data = lab_pages(lab, 3, &physical);
	for (unsigned i = 0; i < 3; i++)
		lab_submit(lab, &io[i], PV_DISK_READ, i * 4096, data + i * 4096,
		    physical + i * 4096, 4096);
	lab_run(lab, 10 * PV_MILLISECOND);
	assert_int_equal(io[0].done, 0);
	for (unsigned i = 0; i < 4; i++) {
		scsi_cpu(scsi, 1);
		pv_disk_poll(first, 0, 64);
		scsi_cpu(scsi, 0);
		sim_advance(lab->world->sim,
		    sim_now(lab->world->sim) + PV_MILLISECOND);
	}
	/* done, and told on the other CPU */
	assert_int_equal(io[0].done, 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(lab_wait(lab, &io[i]), PV_OK);
		lab_pattern(expected, 4096, 7 + i * 4096);
		assert_memory_equal(data + i * 4096, expected, 4096);
	}
	assert_int_equal(pv_disk_own(first, 0, 0), PV_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_reports_controller_and_disk),
		scsi_test(test_reads_and_writes),
		scsi_test(test_every_protocol_version),
		scsi_test(test_ide_has_one_disk_at_its_place),
		scsi_test(test_takes_what_the_host_says),
		scsi_test(test_a_disk_that_can_little),
		scsi_test(test_old_inquiry_is_repaired),
		scsi_test(test_a_cdrom),
		scsi_test(test_many_disks_on_two_targets),
		scsi_test(test_disks_are_there_when_the_bus_is),
		scsi_test(test_no_disk),
		scsi_test(test_part_of_a_page_is_named_where_it_is),
		scsi_test(test_memory_between_sectors_is_copied),
		scsi_test(test_memory_without_an_address_is_copied),
		scsi_test(test_buffers_that_meet_inside_pages),
		scsi_test(test_many_small_segments),
		scsi_test(test_scattered_sectors),
		scsi_test(test_neighbours_are_one_run),
		scsi_test(test_sectors_of_4096_bytes),
		scsi_test(test_requests_are_as_large_as_the_host_takes),
		scsi_test(test_a_larger_transfer_than_we_can_name),
		scsi_test(test_requests_that_cannot_be),
		scsi_test(test_read_only),
		scsi_test(test_flush_where_there_is_a_cache),
		scsi_test(test_flush_where_there_is_none),
		scsi_test(test_discard),
		scsi_test(test_answers_in_any_order),
		scsi_test(test_a_full_ring),
		scsi_test(test_a_disk_is_added),
		scsi_test(test_a_disk_is_removed),
		scsi_test(test_removed_with_requests_under_way),
		scsi_test(test_a_new_size_by_message),
		scsi_test(test_a_new_size_by_unit_attention),
		scsi_test(test_a_new_disk_by_unit_attention),
		scsi_test(test_nothing_new_is_no_change),
		scsi_test(test_a_disk_that_no_driver_takes),
		scsi_test(test_a_queue_for_each_channel),
		scsi_test(test_fewer_channels_than_cpus),
		scsi_test(test_a_queue_of_another_cpu),
		scsi_test(test_only_its_own_poll_ends_a_taken_queue),
		scsi_test(test_a_queue_that_another_disk_has),
		scsi_test(test_served_by_another_disks_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
