/* SPDX-License-Identifier: ISC */
/* The SCSI target behind storvsp, without a channel: commands and data in, data,
 * status and sense out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/hyperv/scsi_target.h"
#include "wire/endian.h"
#include "wire/hyperv/storvsc.h"

#define DISK_SIZE (1u << 20)
#define ROOM 8192u

struct target {
	struct scsi_lun lun;
	struct host_storvsp_counts counts;
	struct host_storvsp_manners manners;
	struct scsi_command command; /* the last one */
	uint8_t cdb[HV_STOR_CDB];
	uint8_t data[ROOM]; /* the guest's */
	bool not_mapped;
};

static bool
get(void *ctx, uint64_t offset, void *to, size_t size)
{
	struct target *target = ctx;

	assert_true(offset <= ROOM && size <= ROOM - offset);
	memcpy(to, target->data + offset, size);
	return !target->not_mapped;
}

static bool
put(void *ctx, uint64_t offset, const void *from, size_t size)
{
	struct target *target = ctx;

	assert_true(offset <= ROOM && size <= ROOM - offset);
	if (!target->not_mapped)
		memcpy(target->data + offset, from, size);
	return !target->not_mapped;
}

static struct target *
target_new(const struct host_lun_config *given)
{
	struct target *target = calloc(1, sizeof(*target));
	struct host_lun_config config = *given;

	assert_non_null(target);
	if (config.size == 0)
		config.size = DISK_SIZE;
	assert_true(scsi_lun_init(&target->lun, &config));
	for (uint64_t i = 0; i < config.size; i++)
		target->lun.bytes[i] = (uint8_t)(i * 7 + i / 509);
	return target;
}

static void
target_free(struct target *target)
{
	scsi_lun_clear(&target->lun);
	free(target);
}

static struct target *
usual(void)
{
	return target_new(&(struct host_lun_config){ .size = DISK_SIZE });
}

static void
say(struct target *target, int direction, uint32_t length)
{
	target->command = (struct scsi_command){ .cdb = target->cdb,
		.length = length,
		.in = direction == HV_STOR_IN,
		.out = direction == HV_STOR_OUT,
		.get = get,
		.put = put,
		.ctx = target,
		.counts = &target->counts,
		.manners = &target->manners };
	scsi_execute(&target->lun, &target->command);
	memset(target->cdb, 0, sizeof(target->cdb));
}

static void
say_inquiry(struct target *target, bool vpd, uint8_t page, uint16_t room)
{
	target->cdb[0] = SCSI_INQUIRY;
	target->cdb[SCSI_INQUIRY_FLAGS] = vpd;
	target->cdb[SCSI_INQUIRY_PAGE] = page;
	put_be16(target->cdb + SCSI_INQUIRY_ROOM, room);
	say(target, HV_STOR_IN, room);
}

static void
say_10(struct target *target, uint8_t operation, uint32_t block, uint16_t count,
    uint32_t length)
{
	target->cdb[0] = operation;
	put_be32(target->cdb + SCSI_RW_10_LBA, block);
	put_be16(target->cdb + SCSI_RW_10_BLOCKS, count);
	say(target, operation == SCSI_WRITE_10 ? HV_STOR_OUT : HV_STOR_IN,
	    length);
}

static void
is_good(const struct target *target, uint32_t done)
{
	assert_int_equal(target->command.status, SCSI_STATUS_GOOD);
	assert_int_equal(target->command.srb, HV_SRB_SUCCESS);
	assert_int_equal(target->command.done, done);
	assert_false(target->command.has_sense);
}

static void
has_failed(const struct target *target, uint8_t key, uint16_t asc)
{
	const uint8_t *sense = target->command.sense;

	assert_int_equal(target->command.status, SCSI_STATUS_CHECK_CONDITION);
	assert_int_not_equal(target->command.srb, HV_SRB_SUCCESS);
	assert_int_equal(target->command.done, 0);
	assert_true(target->command.has_sense);
	assert_int_equal(sense[SCSI_SENSE_CODE], SCSI_SENSE_FIXED);
	assert_int_equal(sense[SCSI_FIXED_KEY], key);
	assert_int_equal(get_be16(sense + SCSI_FIXED_ASC), asc);
	assert_int_equal(sense[SCSI_FIXED_ADDITIONAL], 10);
}

/* ---- INQUIRY ---------------------------------------------------------- */

static void
test_inquiry_names_microsoft(void **state)
{
	struct target *target = usual();

	(void)state;
	say_inquiry(target, false, 0, 36);
	is_good(target, 36);
	assert_int_equal(target->data[SCSI_STD_TYPE], SCSI_TYPE_DISK);
	assert_int_equal(target->data[SCSI_STD_VERSION], SCSI_VERSION_SPC3);
	assert_memory_equal(target->data + SCSI_STD_VENDOR,
	    "Msft    Virtual Disk    1.0 ", 28);
	assert_int_equal(target->counts.inquiries, 1);
	say_inquiry(target, false, 0, 255);
	is_good(target, 104);
	assert_int_equal(target->data[SCSI_STD_ADDITIONAL], 99);
	target_free(target);
}

static void
test_inquiry_is_cut_to_its_room(void **state)
{
	struct target *target = usual();

	(void)state;
	memset(target->data, 0xee, ROOM);
	say_inquiry(target, false, 0, 5);
	is_good(target, 5);
	assert_int_equal(target->data[5], 0xee);
	/* and to the data, whatever the command says */
	target->cdb[0] = SCSI_INQUIRY;
	put_be16(target->cdb + SCSI_INQUIRY_ROOM, 255);
	say(target, HV_STOR_IN, 8);
	is_good(target, 8);
	assert_int_equal(target->data[8], 0xee);
	target_free(target);
}

static void
test_inquiry_of_2012_says_spc2_and_a_wrong_length(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .old_inquiry = true, .unmap = true });

	(void)state;
	say_inquiry(target, false, 0, 255);
	is_good(target, 255);
	assert_int_equal(target->data[SCSI_STD_VERSION], SCSI_VERSION_SPC2);
	target_free(target);
}

static void
test_inquiry_of_a_cd(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .cdrom = true });

	(void)state;
	say_inquiry(target, false, 0, 36);
	is_good(target, 36);
	assert_int_equal(target->data[SCSI_STD_TYPE], SCSI_TYPE_CDROM);
	assert_int_equal(target->data[SCSI_STD_REMOVABLE], SCSI_REMOVABLE);
	assert_memory_equal(target->data + SCSI_STD_PRODUCT, "Virtual CD/ROM  ",
	    16);
	target->cdb[0] = SCSI_READ_TOC;
	put_be16(target->cdb + 7, 255);
	say(target, HV_STOR_IN, 255);
	is_good(target, 20);
	assert_int_equal(get_be32(target->data + 16), DISK_SIZE / 2048);
	say_10(target, SCSI_WRITE_10, 0, 1, 2048);
	has_failed(target, SCSI_KEY_DATA_PROTECT, SCSI_ASC_WRITE_PROTECTED);
	target_free(target);
}

static void
test_inquiry_of_what_is_not_there(void **state)
{
	struct target *target = usual();

	(void)state;
	for (unsigned lun = 0; lun < 2; lun++) {
		target->cdb[0] = SCSI_INQUIRY;
		put_be16(target->cdb + SCSI_INQUIRY_ROOM, 36);
		say(target, HV_STOR_IN, 36);
		target->command.status = 0xff;
		target->cdb[0] = SCSI_INQUIRY;
		put_be16(target->cdb + SCSI_INQUIRY_ROOM, 36);
		scsi_inquiry(NULL, lun, &target->command);
		is_good(target, 36);
		assert_int_equal(target->data[SCSI_STD_TYPE], 0x7f);
		/* only the first has a name */
		assert_int_equal(target->data[SCSI_STD_VENDOR],
		    lun == 0 ? 'M' : 0);
	}
	target->cdb[SCSI_INQUIRY_FLAGS] = SCSI_INQUIRY_VPD;
	scsi_inquiry(NULL, 0, &target->command);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target_free(target);
}

static void
test_vpd_pages_are_listed_and_there(void **state)
{
	struct target *target = target_new(&(struct host_lun_config){
	    .unmap = true,
	    .unmap_granularity = 4096,
	    .unmap_alignment = 512,
	});
	uint8_t pages[16];
	unsigned count;

	(void)state;
	say_inquiry(target, true, SCSI_VPD_SUPPORTED, 255);
	is_good(target, 9);
	count = get_be16(target->data + SCSI_VPD_LENGTH);
	assert_int_equal(count, 5);
	memcpy(pages, target->data + SCSI_VPD_HEADER, count);
	for (unsigned i = 0; i < count; i++) {
		memset(target->data, 0xee, ROOM);
		say_inquiry(target, true, pages[i], 255);
		assert_int_equal(target->command.status, SCSI_STATUS_GOOD);
		assert_int_equal(target->data[SCSI_VPD_PAGE], pages[i]);
		assert_int_equal(target->command.done,
		    SCSI_VPD_HEADER + get_be16(target->data + SCSI_VPD_LENGTH));
	}
	say_inquiry(target, true, SCSI_VPD_LIMITS, 255);
	assert_int_equal(get_be32(target->data + SCSI_LIMITS_UNMAP_GRANULARITY),
	    8);
	assert_int_equal(get_be32(target->data + SCSI_LIMITS_UNMAP_ALIGN),
	    SCSI_LIMITS_UNMAP_ALIGN_VALID | 1);
	assert_int_equal(get_be32(target->data + SCSI_LIMITS_UNMAP_COUNT),
	    SCSI_TARGET_UNMAPS);
	say_inquiry(target, true, SCSI_VPD_PROVISIONING, 255);
	assert_int_equal(target->data[SCSI_PROVISIONING_FLAGS],
	    SCSI_PROVISIONING_UNMAP);
	target_free(target);
}

static void
test_vpd_without_unmap_has_no_limits(void **state)
{
	struct target *target = usual();

	(void)state;
	say_inquiry(target, true, SCSI_VPD_SUPPORTED, 255);
	is_good(target, 6);
	say_inquiry(target, true, SCSI_VPD_LIMITS, 255);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	/* Linux knows of this one */
	say_inquiry(target, true, SCSI_VPD_SERIAL, 255);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target_free(target);
}

/* ---- Sizes and modes -------------------------------------------------- */

static void
test_capacities(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .physical_sector_size = 4096,
		.unmap = true });

	(void)state;
	target->cdb[0] = SCSI_READ_CAPACITY_10;
	say(target, HV_STOR_IN, 8);
	is_good(target, 8);
	assert_int_equal(get_be32(target->data), DISK_SIZE / 512 - 1);
	assert_int_equal(get_be32(target->data + 4), 512);
	target->cdb[0] = SCSI_SERVICE_IN_16;
	target->cdb[SCSI_SERVICE_ACTION] = SCSI_READ_CAPACITY_16;
	put_be32(target->cdb + SCSI_READ_CAPACITY_16_ROOM, 32);
	say(target, HV_STOR_IN, 32);
	is_good(target, 32);
	assert_int_equal(get_be64(target->data), DISK_SIZE / 512 - 1);
	assert_int_equal(target->data[SCSI_CAPACITY_16_EXPONENT], 3);
	assert_int_equal(target->data[SCSI_CAPACITY_16_FLAGS],
	    SCSI_CAPACITY_16_UNMAP);
	/* another service action */
	target->cdb[0] = SCSI_SERVICE_IN_16;
	target->cdb[SCSI_SERVICE_ACTION] = 0x12;
	say(target, HV_STOR_IN, 32);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target_free(target);
}

static void
test_capacities_lie_when_told(void **state)
{
	struct target *target = usual();

	(void)state;
	target->manners.capacity_last = UINT64_MAX;
	target->manners.has_capacity_sector = true;
	target->manners.capacity_sector = 3;
	target->cdb[0] = SCSI_READ_CAPACITY_10;
	say(target, HV_STOR_IN, 8);
	assert_int_equal(get_be32(target->data), SCSI_CAPACITY_10_MORE);
	assert_int_equal(get_be32(target->data + 4), 3);
	target->cdb[0] = SCSI_SERVICE_IN_16;
	target->cdb[SCSI_SERVICE_ACTION] = SCSI_READ_CAPACITY_16;
	put_be32(target->cdb + SCSI_READ_CAPACITY_16_ROOM, 12);
	say(target, HV_STOR_IN, 32);
	is_good(target, 12);
	assert_true(get_be64(target->data) == UINT64_MAX);
	assert_int_equal(get_be32(target->data + 8), 3);
	target_free(target);
}

static void
test_mode_sense_tells_cache_and_protection(void **state)
{
	for (unsigned i = 0; i < 4; i++) {
		bool read_only = i & 1, no_cache = i & 2;
		struct target *target = target_new(
		    &(struct host_lun_config){ .read_only = read_only,
			.no_cache = no_cache });

		target->cdb[0] = SCSI_MODE_SENSE_6;
		target->cdb[SCSI_MODE_SENSE_PAGE] = SCSI_MODE_PAGE_ALL;
		target->cdb[SCSI_MODE_SENSE_6_ROOM] = 255;
		say(target, HV_STOR_IN, 255);
		is_good(target, 24);
		assert_int_equal(target->data[SCSI_MODE_6_LENGTH], 23);
		assert_int_equal(target->data[SCSI_MODE_6_DEVICE] &
			SCSI_MODE_WRITE_PROTECT,
		    read_only ? SCSI_MODE_WRITE_PROTECT : 0);
		assert_int_equal(target->data[4 + SCSI_CACHING_FLAGS],
		    no_cache ? 0 : SCSI_CACHING_WRITE);
		target->cdb[0] = SCSI_MODE_SENSE_10;
		target->cdb[SCSI_MODE_SENSE_PAGE] = SCSI_MODE_PAGE_CACHING;
		put_be16(target->cdb + SCSI_MODE_SENSE_10_ROOM, 255);
		say(target, HV_STOR_IN, 255);
		is_good(target, 28);
		assert_int_equal(get_be16(target->data), 26);
		target_free(target);
	}
	(void)state;
}

static void
test_mode_sense_of_other_pages_fails(void **state)
{
	struct target *target = usual();

	(void)state;
	target->cdb[0] = SCSI_MODE_SENSE_6;
	target->cdb[SCSI_MODE_SENSE_PAGE] = 0x1c;
	say(target, HV_STOR_IN, 255);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target->cdb[0] = SCSI_MODE_SENSE_6;
	target->cdb[SCSI_MODE_SENSE_PAGE] = SCSI_MODE_PAGE_CACHING |
	    SCSI_MODE_SAVED;
	say(target, HV_STOR_IN, 255);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_SAVING);
	target_free(target);
}

/* ---- Blocks ----------------------------------------------------------- */

static void
test_read_and_write_of_each_length(void **state)
{
	struct target *target = usual();
	static const uint8_t pairs[][2] = { { SCSI_READ_6, SCSI_WRITE_6 },
		{ SCSI_READ_10, SCSI_WRITE_10 },
		{ SCSI_READ_12, SCSI_WRITE_12 },
		{ SCSI_READ_16, SCSI_WRITE_16 } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t cdb[HV_STOR_CDB] = { pairs[i][0] };
		uint32_t block = 100 + i * 10;

		if (i == 0) {
			cdb[2] = (uint8_t)(block >> 8);
			cdb[3] = (uint8_t)block;
			cdb[SCSI_RW_6_BLOCKS] = 3;
		} else if (i == 1) {
			put_be32(cdb + 2, block);
			put_be16(cdb + 7, 3);
		} else if (i == 2) {
			put_be32(cdb + 2, block);
			put_be32(cdb + 6, 3);
		} else {
			put_be64(cdb + 2, block);
			put_be32(cdb + 10, 3);
		}
		memcpy(target->cdb, cdb, sizeof(cdb));
		say(target, HV_STOR_IN, 1536);
		is_good(target, 1536);
		assert_memory_equal(target->data,
		    target->lun.bytes + block * 512, 1536);
		for (unsigned k = 0; k < 1536; k++)
			target->data[k] ^= 0xa5;
		cdb[0] = pairs[i][1];
		memcpy(target->cdb, cdb, sizeof(cdb));
		say(target, HV_STOR_OUT, 1536);
		is_good(target, 1536);
		assert_memory_equal(target->data,
		    target->lun.bytes + block * 512, 1536);
		assert_int_equal(target->lun.bytes[block * 512 - 1],
		    (uint8_t)((block * 512 - 1) * 7 + (block * 512 - 1) / 509));
	}
	assert_int_equal(target->counts.reads, 4);
	assert_int_equal(target->counts.writes, 4);
	assert_int_equal(target->counts.bytes, 8 * 1536);
	target_free(target);
}

static void
test_the_end_of_the_disk_is_the_end(void **state)
{
	struct target *target = usual();
	uint32_t blocks = DISK_SIZE / 512;

	(void)state;
	say_10(target, SCSI_READ_10, blocks - 1, 1, 512);
	is_good(target, 512);
	say_10(target, SCSI_READ_10, blocks - 1, 2, 1024);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	say_10(target, SCSI_READ_10, blocks, 1, 512);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	say_10(target, SCSI_WRITE_10, UINT32_MAX, 2, 1024);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	/* a sum that is small again */
	target->cdb[0] = SCSI_WRITE_16;
	put_be64(target->cdb + SCSI_RW_16_LBA, UINT64_MAX);
	put_be32(target->cdb + SCSI_RW_16_BLOCKS, 2);
	say(target, HV_STOR_OUT, 1024);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	assert_int_equal(target->counts.writes, 0);
	target_free(target);
}

static void
test_data_that_do_not_fit_the_command(void **state)
{
	struct target *target = usual();

	(void)state;
	/* too short, the wrong way, not the guest's */
	say_10(target, SCSI_READ_10, 0, 2, 1023);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target->cdb[0] = SCSI_READ_10;
	put_be16(target->cdb + SCSI_RW_10_BLOCKS, 1);
	say(target, HV_STOR_OUT, 512);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target->not_mapped = true;
	say_10(target, SCSI_READ_10, 0, 1, 512);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	target->not_mapped = false;
	/* longer than wanted: only what was wanted */
	memset(target->data, 0xee, ROOM);
	say_10(target, SCSI_READ_10, 0, 1, 1024);
	is_good(target, 512);
	assert_int_equal(target->data[512], 0xee);
	target_free(target);
}

static void
test_sectors_of_4096_bytes(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .sector_size = 4096 });

	(void)state;
	say_10(target, SCSI_READ_10, 2, 1, 4096);
	is_good(target, 4096);
	assert_memory_equal(target->data, target->lun.bytes + 8192, 4096);
	say_10(target, SCSI_READ_10, DISK_SIZE / 4096, 1, 4096);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	target_free(target);
}

static void
test_a_read_only_disk_is_not_written(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .read_only = true, .unmap = true });
	uint8_t was = target->lun.bytes[0];

	(void)state;
	target->data[0] = (uint8_t)~was;
	say_10(target, SCSI_WRITE_10, 0, 1, 512);
	has_failed(target, SCSI_KEY_DATA_PROTECT, SCSI_ASC_WRITE_PROTECTED);
	assert_int_equal(target->lun.bytes[0], was);
	target_free(target);
}

static void
test_flushes_are_counted(void **state)
{
	struct target *target = usual();

	(void)state;
	say_10(target, SCSI_SYNCHRONIZE_CACHE_10, 0, 0, 0);
	is_good(target, 0);
	target->cdb[0] = SCSI_SYNCHRONIZE_CACHE_16;
	say(target, HV_STOR_NO_DATA, 0);
	is_good(target, 0);
	assert_int_equal(target->counts.flushes, 2);
	say_10(target, SCSI_SYNCHRONIZE_CACHE_10, UINT32_MAX, 1, 0);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	say_10(target, SCSI_VERIFY_10, 0, 8, 0);
	is_good(target, 0);
	assert_int_equal(target->counts.flushes, 2);
	target_free(target);
}

/* ---- Memory that is a file's ------------------------------------------ */

struct file {
	unsigned flushes, discards;
	uint64_t offset, size; /* of the last discard */
};

static void
file_flush(void *ctx)
{
	((struct file *)ctx)->flushes++;
}

static void
file_discard(void *ctx, uint64_t offset, uint64_t size)
{
	struct file *file = ctx;

	file->discards++;
	file->offset = offset;
	file->size = size;
}

static struct target *
of_file(struct file *file)
{
	return target_new(&(struct host_lun_config){ .size = DISK_SIZE,
	    .unmap = true,
	    .flush = file_flush,
	    .discard = file_discard,
	    .ctx = file });
}

static void
test_what_must_last_is_flushed(void **state)
{
	struct file file = { 0 };
	struct target *target = of_file(&file);

	(void)state;
	say_10(target, SCSI_WRITE_10, 0, 1, 512);
	is_good(target, 512);
	assert_int_equal(file.flushes, 0);
	target->cdb[SCSI_RW_FLAGS] = SCSI_RW_FUA;
	say_10(target, SCSI_WRITE_10, 0, 1, 512);
	is_good(target, 512);
	assert_int_equal(file.flushes, 1);
	target->cdb[SCSI_RW_FLAGS] = SCSI_RW_FUA;
	say_10(target, SCSI_READ_10, 0, 1, 512);
	is_good(target, 512);
	assert_int_equal(file.flushes, 1);
	say_10(target, SCSI_SYNCHRONIZE_CACHE_10, 0, 0, 0);
	is_good(target, 0);
	assert_int_equal(file.flushes, 2);
	target_free(target);
}

/* ---- UNMAP ------------------------------------------------------------ */

static void
put_range(struct target *target, unsigned i, uint64_t block, uint32_t count)
{
	uint8_t *at = target->data + SCSI_UNMAP_HEADER +
	    i * SCSI_UNMAP_DESCRIPTOR;

	put_be64(at + SCSI_UNMAP_LBA, block);
	put_be32(at + SCSI_UNMAP_BLOCKS, count);
}

static void
say_unmap(struct target *target, unsigned ranges)
{
	uint16_t length = (uint16_t)(SCSI_UNMAP_HEADER +
	    ranges * SCSI_UNMAP_DESCRIPTOR);

	put_be16(target->data + SCSI_UNMAP_DATA_LENGTH, (uint16_t)(length - 2));
	put_be16(target->data + SCSI_UNMAP_DESCRIPTORS, (uint16_t)(length - 8));
	target->cdb[0] = SCSI_UNMAP;
	put_be16(target->cdb + SCSI_UNMAP_LIST_LENGTH, length);
	say(target, HV_STOR_OUT, length);
}

static bool
is_zero(const struct target *target, uint64_t from, uint64_t size)
{
	for (uint64_t i = from; i < from + size; i++)
		if (target->lun.bytes[i] != 0)
			return false;
	return true;
}

static void
test_unmap_of_several_ranges(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .unmap = true });

	(void)state;
	put_range(target, 0, 8, 2);
	put_range(target, 1, 100, 1);
	put_range(target, 2, 50, 0);
	say_unmap(target, 3);
	is_good(target, 56);
	assert_true(is_zero(target, 8 * 512, 1024));
	assert_true(is_zero(target, 100 * 512, 512));
	assert_false(is_zero(target, 50 * 512, 512));
	assert_false(is_zero(target, 10 * 512, 512));
	assert_int_equal(target->counts.unmaps, 1);
	say_unmap(target, 0);
	is_good(target, 8);
	target_free(target);
}

static void
test_unmap_is_the_file_s_affair(void **state)
{
	struct file file = { 0 };
	struct target *target = of_file(&file);

	(void)state;
	put_range(target, 0, 8, 2);
	put_range(target, 1, 50, 0);
	say_unmap(target, 2);
	is_good(target, 40);
	assert_int_equal(file.discards, 1);
	assert_int_equal(file.offset, 8 * 512);
	assert_int_equal(file.size, 1024);
	assert_false(is_zero(target, 8 * 512, 1024));
	target_free(target);
}

static void
test_unmap_keeps_to_the_granularity(void **state)
{
	struct target *target = target_new(&(struct host_lun_config){
	    .unmap = true,
	    .unmap_granularity = 4096,
	    .unmap_alignment = 1024,
	});

	(void)state;
	/* 2 to 26: whole are 2 to 10, 10 to 18, 18 to 26 */
	put_range(target, 0, 3, 20);
	say_unmap(target, 1);
	is_good(target, 24);
	assert_false(is_zero(target, 3 * 512, 7 * 512));
	assert_true(is_zero(target, 10 * 512, 8 * 512));
	assert_false(is_zero(target, 18 * 512, 512));
	target_free(target);
}

static void
test_unmap_lists_that_are_wrong(void **state)
{
	struct target *target = target_new(
	    &(struct host_lun_config){ .unmap = true });

	(void)state;
	put_range(target, 0, DISK_SIZE / 512, 1);
	say_unmap(target, 1);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	put_range(target, 0, UINT64_MAX, UINT32_MAX);
	say_unmap(target, 1);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	say_unmap(target, SCSI_TARGET_UNMAPS + 1);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST,
	    SCSI_ASC_INVALID_PARAMETER);
	/* lengths that disagree */
	for (unsigned i = 0; i < 4; i++) {
		put_range(target, 0, 0, 1);
		put_be16(target->data, i == 0 ? 21 : 22);
		put_be16(target->data + 2, i == 1 ? 32 : 16);
		target->cdb[0] = SCSI_UNMAP;
		put_be16(target->cdb + SCSI_UNMAP_LIST_LENGTH, i == 2 ? 7 : 24);
		say(target, HV_STOR_OUT, i == 2 ? 7 : i == 3 ? 40 : 24);
		has_failed(target, SCSI_KEY_ILLEGAL_REQUEST,
		    SCSI_ASC_INVALID_CDB);
	}
	assert_int_equal(target->counts.unmaps, 0);
	target_free(target);
}

static void
test_unmap_where_there_is_none(void **state)
{
	struct target *target = usual();

	(void)state;
	put_range(target, 0, 0, 1);
	say_unmap(target, 1);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_INVALID_CDB);
	assert_false(is_zero(target, 0, 512));
	target_free(target);
}

/* ---- Attentions and the rest ------------------------------------------ */

static void
test_an_attention_is_told_once(void **state)
{
	struct target *target = usual();

	(void)state;
	target->lun.attention = SCSI_ASC_CAPACITY_CHANGED;
	/* it waits for a command that may tell */
	say_inquiry(target, false, 0, 36);
	is_good(target, 36);
	say_10(target, SCSI_READ_10, 0, 1, 512);
	has_failed(target, SCSI_KEY_UNIT_ATTENTION, SCSI_ASC_CAPACITY_CHANGED);
	say_10(target, SCSI_READ_10, 0, 1, 512);
	is_good(target, 512);
	/* or is asked for */
	target->lun.attention = SCSI_ASC_CAPACITY_CHANGED;
	target->cdb[0] = SCSI_REQUEST_SENSE;
	target->cdb[SCSI_REQUEST_SENSE_ROOM] = 18;
	say(target, HV_STOR_IN, 18);
	is_good(target, 18);
	assert_int_equal(target->data[SCSI_FIXED_KEY], SCSI_KEY_UNIT_ATTENTION);
	assert_int_equal(get_be16(target->data + SCSI_FIXED_ASC),
	    SCSI_ASC_CAPACITY_CHANGED);
	target->cdb[0] = SCSI_TEST_UNIT_READY;
	say(target, HV_STOR_NO_DATA, 0);
	is_good(target, 0);
	target_free(target);
}

static void
test_unknown_commands_fail(void **state)
{
	struct target *target = usual();
	static const uint8_t codes[] = { 0x01, 0x04, 0x15, SCSI_READ_TOC,
		SCSI_WRITE_SAME_16, SCSI_MAINTENANCE_IN, 0xff };

	(void)state;
	for (unsigned i = 0; i < sizeof(codes); i++) {
		target->cdb[0] = codes[i];
		say(target, HV_STOR_IN, 512);
		has_failed(target, SCSI_KEY_ILLEGAL_REQUEST,
		    SCSI_ASC_INVALID_OPCODE);
	}
	target_free(target);
}

static void
test_resized_memory_keeps_what_was_there(void **state)
{
	struct target *target = usual();
	uint8_t first = target->lun.bytes[1];

	(void)state;
	assert_true(scsi_lun_resize(&target->lun, 2 * DISK_SIZE));
	assert_int_equal(target->lun.bytes[1], first);
	assert_true(is_zero(target, DISK_SIZE, DISK_SIZE));
	say_10(target, SCSI_READ_10, DISK_SIZE / 512, 1, 512);
	is_good(target, 512);
	assert_true(scsi_lun_resize(&target->lun, 512));
	say_10(target, SCSI_READ_10, 1, 1, 512);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	assert_true(scsi_lun_resize(&target->lun, 0));
	say_10(target, SCSI_READ_10, 0, 1, 512);
	has_failed(target, SCSI_KEY_ILLEGAL_REQUEST, SCSI_ASC_LBA_OUT_OF_RANGE);
	target_free(target);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inquiry_names_microsoft),
		cmocka_unit_test(test_inquiry_is_cut_to_its_room),
		cmocka_unit_test(
		    test_inquiry_of_2012_says_spc2_and_a_wrong_length),
		cmocka_unit_test(test_inquiry_of_a_cd),
		cmocka_unit_test(test_inquiry_of_what_is_not_there),
		cmocka_unit_test(test_vpd_pages_are_listed_and_there),
		cmocka_unit_test(test_vpd_without_unmap_has_no_limits),
		cmocka_unit_test(test_capacities),
		cmocka_unit_test(test_capacities_lie_when_told),
		cmocka_unit_test(test_mode_sense_tells_cache_and_protection),
		cmocka_unit_test(test_mode_sense_of_other_pages_fails),
		cmocka_unit_test(test_read_and_write_of_each_length),
		cmocka_unit_test(test_the_end_of_the_disk_is_the_end),
		cmocka_unit_test(test_data_that_do_not_fit_the_command),
		cmocka_unit_test(test_sectors_of_4096_bytes),
		cmocka_unit_test(test_a_read_only_disk_is_not_written),
		cmocka_unit_test(test_flushes_are_counted),
		cmocka_unit_test(test_what_must_last_is_flushed),
		cmocka_unit_test(test_unmap_of_several_ranges),
		cmocka_unit_test(test_unmap_is_the_file_s_affair),
		cmocka_unit_test(test_unmap_keeps_to_the_granularity),
		cmocka_unit_test(test_unmap_lists_that_are_wrong),
		cmocka_unit_test(test_unmap_where_there_is_none),
		cmocka_unit_test(test_an_attention_is_told_once),
		cmocka_unit_test(test_unknown_commands_fail),
		cmocka_unit_test(test_resized_memory_keeps_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
