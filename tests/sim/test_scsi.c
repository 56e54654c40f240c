/* SPDX-License-Identifier: ISC */
/* Commands and answers of SCSI, by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/hyperv/scsi.h"
#include "wire/endian.h"

/* An answer of exactly so many bytes, so that a look past them is found. */
static uint8_t *
exact(const void *from, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, from, len);
	return copy;
}

/* ---- Commands --------------------------------------------------------- */

static void
test_small_and_near_is_10_bytes(void **state)
{
	struct scsi_cdb cdb = scsi_cdb_data(false, 0x12345678, 0xffff);

	(void)state;
	assert_int_equal(cdb.length, 10);
	assert_int_equal(cdb.bytes[0], SCSI_READ_10);
	assert_int_equal(get_be32(cdb.bytes + 2), 0x12345678);
	assert_int_equal(get_be16(cdb.bytes + 7), 0xffff);
	cdb = scsi_cdb_data(true, UINT32_MAX, 1);
	assert_int_equal(cdb.length, 10);
	assert_int_equal(cdb.bytes[0], SCSI_WRITE_10);
}

static void
test_far_or_large_is_16_bytes(void **state)
{
	struct scsi_cdb cdb = scsi_cdb_data(true, 1ull << 32, 1);

	(void)state;
	assert_int_equal(cdb.length, 16);
	assert_int_equal(cdb.bytes[0], SCSI_WRITE_16);
	assert_true(get_be64(cdb.bytes + 2) == 1ull << 32);
	assert_int_equal(get_be32(cdb.bytes + 10), 1);
	cdb = scsi_cdb_data(false, 0, 0x10000);
	assert_int_equal(cdb.bytes[0], SCSI_READ_16);
	assert_int_equal(get_be32(cdb.bytes + 10), 0x10000);
}

static void
test_unmap_list(void **state)
{
	uint8_t list[SCSI_UNMAP_LIST];

	(void)state;
	scsi_put_unmap(list, 0x123456789a, 77);
	assert_int_equal(get_be16(list), 22);
	assert_int_equal(get_be16(list + 2), 16);
	assert_true(get_be64(list + 8) == 0x123456789a);
	assert_int_equal(get_be32(list + 16), 77);
	assert_int_equal(get_be16(scsi_cdb_unmap().bytes + 7), 24);
}

/* ---- Sense ------------------------------------------------------------ */

static struct scsi_sense
sense(const void *bytes, size_t len)
{
	uint8_t *copy = exact(bytes, len);
	struct scsi_sense out = scsi_parse_sense(copy, len);

	free(copy);
	return out;
}

static void
test_fixed_sense(void **state)
{
	uint8_t bytes[18] = { 0xf0, 0, 6, [7] = 10, [12] = 0x2a, [13] = 9 };
	struct scsi_sense out = sense(bytes, 18);

	(void)state;
	assert_true(out.valid);
	assert_false(out.deferred);
	assert_int_equal(out.key, SCSI_KEY_UNIT_ATTENTION);
	assert_int_equal(out.asc, SCSI_ASC_CAPACITY_CHANGED);
	bytes[0] = 0x71;
	assert_true(sense(bytes, 18).deferred);
	/* says that it is shorter */
	bytes[7] = 5;
	assert_int_equal(sense(bytes, 18).asc, 0);
	assert_int_equal(sense(bytes, 18).key, SCSI_KEY_UNIT_ATTENTION);
}

static void
test_descriptor_sense(void **state)
{
	uint8_t bytes[8] = { 0x72, 5, 0x20, 0 };
	struct scsi_sense out = sense(bytes, 8);

	(void)state;
	assert_true(out.valid);
	assert_int_equal(out.key, SCSI_KEY_ILLEGAL_REQUEST);
	assert_int_equal(out.asc, SCSI_ASC_INVALID_OPCODE);
	bytes[0] = 0xf3;
	assert_true(sense(bytes, 4).deferred);
}

static void
test_h22_sense_cut_anywhere(void **state)
{
	static const uint8_t formats[] = { 0x70, 0x71, 0x72, 0x73, 0, 0x7f,
		0x12 };
	uint8_t bytes[20];

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	for (unsigned i = 0; i < sizeof(formats); i++)
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			bytes[0] = formats[i];
			(void)sense(bytes, len);
		}
	assert_false(sense(bytes, 0).valid);
	bytes[0] = 0x70;
	assert_false(sense(bytes, 2).valid);
	assert_int_equal(sense(bytes, 3).key, 0xf);
	assert_int_equal(sense(bytes, 12).asc, 0);
	bytes[0] = 0x12;
	assert_false(sense(bytes, 20).valid);
}

/* ---- INQUIRY ---------------------------------------------------------- */

static const uint8_t disk[36] = "\0\0\5\2\37\0\0\2Msft    Virtual Disk    1.0";

static int
inquiry(const void *bytes, size_t len, struct scsi_inquiry *out)
{
	uint8_t *copy = exact(bytes, len);
	int error = scsi_parse_inquiry(copy, len, out);

	free(copy);
	return error;
}

static void
test_inquiry(void **state)
{
	struct scsi_inquiry out;

	(void)state;
	assert_int_equal(inquiry(disk, 36, &out), PV_OK);
	assert_true(out.present);
	assert_false(out.removable);
	assert_false(out.repaired);
	assert_int_equal(out.type, SCSI_TYPE_DISK);
	assert_int_equal(out.version, SCSI_VERSION_SPC3);
	assert_string_equal(out.vendor, "Msft");
	assert_string_equal(out.product, "Virtual Disk");
	assert_string_equal(out.revision, "1.0");
}

static void
test_inquiry_of_server_2012(void **state)
{
	struct scsi_inquiry out;
	uint8_t bytes[36];

	(void)state;
	memcpy(bytes, disk, 36);
	bytes[2] = bytes[3] = 0;
	assert_int_equal(inquiry(bytes, 36, &out), PV_OK);
	assert_int_equal(out.version, SCSI_VERSION_SPC3);
	assert_true(out.repaired);
	bytes[2] = SCSI_VERSION_SPC2;
	bytes[3] = 2;
	assert_int_equal(inquiry(bytes, 36, &out), PV_OK);
	assert_int_equal(out.version, SCSI_VERSION_SPC3);
	/* of nobody else */
	memcpy(bytes + 8, "QEMU    ", 8);
	assert_int_equal(inquiry(bytes, 36, &out), PV_OK);
	assert_int_equal(out.version, SCSI_VERSION_SPC2);
	assert_false(out.repaired);
}

static void
test_inquiry_of_nothing(void **state)
{
	struct scsi_inquiry out;
	uint8_t bytes[5] = { 0x7f, 0, 5, 2, 0 };

	(void)state;
	assert_int_equal(inquiry(bytes, 5, &out), PV_OK);
	assert_false(out.present);
	bytes[0] = 0x20;
	assert_int_equal(inquiry(bytes, 5, &out), PV_OK);
	assert_false(out.present);
	bytes[0] = 0x1f;
	assert_int_equal(inquiry(bytes, 5, &out), PV_OK);
	assert_false(out.present);
}

static void
test_h22_inquiry_cut_anywhere(void **state)
{
	struct scsi_inquiry out;

	(void)state;
	for (size_t len = 0; len < 36; len++)
		assert_int_equal(inquiry(disk, len, &out), PV_EPROTO);
}

static void
test_inquiry_with_text_that_is_none(void **state)
{
	struct scsi_inquiry out;
	uint8_t bytes[36];

	(void)state;
	memcpy(bytes, disk, 36);
	memcpy(bytes + 8, "\33[2J\200\0\n ", 8);
	assert_int_equal(inquiry(bytes, 36, &out), PV_OK);
	assert_string_equal(out.vendor, "?[2J???");
}

/* ---- REPORT LUNS ------------------------------------------------------ */

static void
test_luns(void **state)
{
	uint8_t bytes[8 + 6 * 8] = { [3] = 48 };
	struct scsi_luns out;

	(void)state;
	bytes[8 + 1] = 0;
	bytes[16 + 1] = 63;
	bytes[24] = 0x40; /* flat */
	bytes[24 + 1] = 5;
	bytes[32] = 0x01; /* of another bus */
	bytes[40 + 1] = 63;
	bytes[48 + 1] = 9; /* of a hierarchy */
	bytes[48 + 3] = 1;
	assert_int_equal(scsi_parse_luns(bytes, sizeof(bytes), &out), PV_OK);
	assert_int_equal(out.count, 3);
	assert_int_equal(out.ignored, 3);
	assert_true(scsi_has_lun(&out, 0));
	assert_true(scsi_has_lun(&out, 5));
	assert_true(scsi_has_lun(&out, 63));
	assert_false(scsi_has_lun(&out, 9));
}

static void
test_h22_luns_more_than_are_there(void **state)
{
	uint8_t bytes[8 + 8 + 7] = { 0xff, 0xff, 0xff, 0xff, [9] = 3 };
	struct scsi_luns out;

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		uint8_t *copy = exact(bytes, len);

		assert_int_equal(scsi_parse_luns(copy, len, &out),
		    len < 8 ? PV_EPROTO : PV_OK);
		assert_int_equal(out.count, len >= 16);
		free(copy);
	}
}

static void
test_h22_luns_of_no_length(void **state)
{
	uint8_t bytes[16] = { 0 };
	struct scsi_luns out;

	(void)state;
	assert_int_equal(scsi_parse_luns(bytes, 16, &out), PV_OK);
	assert_int_equal(out.count, 0);
	bytes[3] = 7;
	assert_int_equal(scsi_parse_luns(bytes, 16, &out), PV_OK);
	assert_int_equal(out.count, 0);
}

/* ---- VPD -------------------------------------------------------------- */

static void
test_pages(void **state)
{
	uint8_t bytes[10] = { 0, 0, 0, 6, 0, 0x80, 0x83, 0xb0, 0xb2, 0xc5 };
	struct scsi_pages out;

	(void)state;
	assert_int_equal(scsi_parse_pages(bytes, 10, &out), PV_OK);
	assert_true(
	    out.serial && out.identifiers && out.limits && out.provisioning);
	assert_false(out.characteristics);
	/* cut, and another page */
	assert_int_equal(scsi_parse_pages(bytes, 6, &out), PV_OK);
	assert_false(out.identifiers);
	assert_int_equal(scsi_parse_pages(bytes, 3, &out), PV_EPROTO);
	bytes[1] = 0x80;
	assert_int_equal(scsi_parse_pages(bytes, 10, &out), PV_EPROTO);
}

static void
test_identity_is_the_best_that_there_is(void **state)
{
	uint8_t page[] = { 0, 0x83, 0, 4 + 3 + 4 + 8 + 4 + 2,
		/* of the port, and so none of the disk's */
		1, 0x13, 0, 3, 9, 9, 9,
		/* NAA */
		1, 0x03, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
		/* the vendor's */
		2, 0x01, 0, 2, 'a', 'b' };
	uint8_t serial[] = { 0, 0x80, 0, 4, 'x', 'y', ' ', 0 };
	struct scsi_identity out = { 0 };

	(void)state;
	assert_int_equal(scsi_parse_serial(serial, sizeof(serial), &out),
	    PV_OK);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.bytes + 1, "xy", 2);
	assert_int_equal(scsi_parse_identifiers(page, sizeof(page), &out),
	    PV_OK);
	assert_int_equal(out.len, 9);
	assert_memory_equal(out.bytes + 1, "\1\2\3\4\5\6\7\10", 8);
	/* and the serial number does not count then */
	assert_int_equal(scsi_parse_serial(serial, sizeof(serial), &out),
	    PV_OK);
	assert_int_equal(out.len, 9);
}

static void
test_h27_designators_that_lead_nowhere(void **state)
{
	uint8_t page[64] = { 0, 0x83, 0, 60 };
	struct scsi_identity out;

	(void)state;
	/* of no length: no progress but over their headers */
	memset(&out, 0, sizeof(out));
	assert_int_equal(scsi_parse_identifiers(page, 64, &out), PV_OK);
	assert_int_equal(out.len, 0);
	/* longer than the page */
	page[5] = 3;
	page[7] = 57;
	assert_int_equal(scsi_parse_identifiers(page, 64, &out), PV_EPROTO);
	page[7] = 56;
	assert_int_equal(scsi_parse_identifiers(page, 64, &out), PV_OK);
	assert_int_equal(out.len, 57);
	for (size_t len = 0; len < 64; len++) {
		uint8_t *copy = exact(page, len);

		memset(&out, 0, sizeof(out));
		(void)scsi_parse_identifiers(copy, len, &out);
		assert_int_equal(out.len, 0);
		free(copy);
	}
	/* and longer than we keep */
	page[7] = 255;
	page[3] = 255;
	assert_int_equal(scsi_parse_identifiers(page, 64, &out), PV_EPROTO);
}

static void
test_limits(void **state)
{
	uint8_t page[64] = { 0, 0xb0, 0, 60 };
	struct scsi_limits out;

	(void)state;
	put_be32(page + 8, 1024);
	put_be32(page + 20, 8192);
	put_be32(page + 24, 1);
	put_be32(page + 28, 128);
	put_be32(page + 32, 0x80000008);
	assert_int_equal(scsi_parse_limits(page, 64, &out), PV_OK);
	assert_int_equal(out.transfer, 1024);
	assert_int_equal(out.unmap, 8192);
	assert_int_equal(out.granularity, 128);
	assert_int_equal(out.alignment, 8);
	/* not valid */
	put_be32(page + 32, 8);
	assert_int_equal(scsi_parse_limits(page, 64, &out), PV_OK);
	assert_int_equal(out.alignment, 0);
	/* the page of SBC-2 */
	page[3] = 12;
	assert_int_equal(scsi_parse_limits(page, 64, &out), PV_OK);
	assert_int_equal(out.transfer, 1024);
	assert_int_equal(out.unmap, 0);
	page[3] = 4;
	assert_int_equal(scsi_parse_limits(page, 64, &out), PV_EPROTO);
}

static void
test_characteristics_and_provisioning(void **state)
{
	uint8_t turns[8] = { 0, 0xb1, 0, 60, 0x1c, 0x20 };
	uint8_t thin[8] = { 0, 0xb2, 0, 4, 0, 0x80, 2, 0 };
	bool unmap, is_thin;
	uint16_t rotation;

	(void)state;
	assert_int_equal(scsi_parse_rotation(turns, 8, &rotation), PV_OK);
	assert_int_equal(rotation, 7200);
	assert_int_equal(scsi_parse_rotation(turns, 5, &rotation), PV_EPROTO);
	assert_int_equal(rotation, SCSI_ROTATION_UNKNOWN);
	assert_int_equal(scsi_parse_provisioning(thin, 8, &unmap, &is_thin),
	    PV_OK);
	assert_true(unmap && is_thin);
	assert_int_equal(scsi_parse_provisioning(thin, 6, &unmap, &is_thin),
	    PV_OK);
	assert_true(unmap && !is_thin);
	assert_int_equal(scsi_parse_provisioning(thin, 5, &unmap, &is_thin),
	    PV_EPROTO);
	assert_false(unmap);
}

/* ---- Capacities ------------------------------------------------------- */

static int
ten(uint32_t last, uint32_t block, struct scsi_capacity *out)
{
	uint8_t bytes[8];

	put_be32(bytes, last);
	put_be32(bytes + 4, block);
	return scsi_parse_capacity10(bytes, 8, out);
}

static int
sixteen(uint64_t last, uint32_t block, struct scsi_capacity *out)
{
	uint8_t bytes[32] = { [13] = 0x13, [14] = 0x80 };

	put_be64(bytes, last);
	put_be32(bytes + 8, block);
	return scsi_parse_capacity16(bytes, 32, out);
}

static void
test_capacities(void **state)
{
	struct scsi_capacity out;

	(void)state;
	assert_int_equal(ten(8191, 512, &out), PV_OK);
	assert_true(out.blocks == 8192);
	assert_int_equal(out.block, 512);
	assert_false(out.more);
	assert_int_equal(ten(UINT32_MAX, 512, &out), PV_OK);
	assert_true(out.more);
	assert_int_equal(sixteen(1ull << 40, 512, &out), PV_OK);
	assert_true(out.blocks == (1ull << 40) + 1);
	assert_int_equal(out.physical, 4096);
	assert_true(out.unmap);
}

static void
test_h31_sizes_that_cannot_be(void **state)
{
	static const uint32_t blocks[] = { 0, 1, 3, 256, 513, 520, 8192,
		1u << 20, 1u << 31, UINT32_MAX };
	struct scsi_capacity out;
	uint8_t bytes[32] = { 0 };

	(void)state;
	for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		assert_int_equal(ten(100, blocks[i], &out), PV_EPROTO);
		assert_int_equal(sixteen(100, blocks[i], &out), PV_EPROTO);
	}
	assert_int_equal(sixteen(UINT64_MAX, 512, &out), PV_EPROTO);
	assert_int_equal(sixteen(UINT64_MAX - 1, 512, &out), PV_EPROTO);
	assert_int_equal(sixteen(1ull << 54, 512, &out), PV_EPROTO);
	assert_int_equal(sixteen((1ull << 54) - 2, 512, &out), PV_OK);
	for (size_t len = 0; len < 8; len++)
		assert_int_equal(scsi_parse_capacity10(bytes, len, &out),
		    PV_EPROTO);
	for (size_t len = 0; len < 15; len++)
		assert_int_equal(scsi_parse_capacity16(bytes, len, &out),
		    PV_EPROTO);
}

/* ---- MODE SENSE ------------------------------------------------------- */

static void
test_mode(void **state)
{
	uint8_t bytes[24] = { 23, 0, 0x80, 0, 0x08, 18, 0x04 };
	struct scsi_mode out;

	(void)state;
	assert_int_equal(scsi_parse_mode(bytes, 24, &out), PV_OK);
	assert_true(out.write_protected && out.has_cache && out.write_cache);
	bytes[6] = 0;
	assert_int_equal(scsi_parse_mode(bytes, 24, &out), PV_OK);
	assert_true(out.has_cache && !out.write_cache);
}

static void
test_mode_behind_others(void **state)
{
	uint8_t bytes[40] = { 39, 0, 0, 8, [12] = 0x01, 10, [24] = 0x88, 14,
		0x04 };
	struct scsi_mode out;

	(void)state;
	assert_int_equal(scsi_parse_mode(bytes, 40, &out), PV_OK);
	assert_false(out.write_protected);
	assert_true(out.has_cache && out.write_cache);
}

static void
test_h27_mode_pages_that_lead_nowhere(void **state)
{
	uint8_t bytes[64] = { 63, 0, 0, 0 };
	struct scsi_mode out;

	(void)state;
	/* pages of no length, to the end */
	assert_int_equal(scsi_parse_mode(bytes, 64, &out), PV_OK);
	assert_false(out.has_cache);
	memset(bytes, 0xff, sizeof(bytes));
	for (size_t len = 0; len <= 64; len++) {
		uint8_t *copy = exact(bytes, len);

		assert_int_equal(scsi_parse_mode(copy, len, &out),
		    len < 4 ? PV_EPROTO : PV_OK);
		assert_false(out.has_cache);
		free(copy);
	}
	/* the page, without what it would say */
	memset(bytes, 0, sizeof(bytes));
	bytes[0] = 63;
	bytes[4] = 8;
	bytes[5] = 18;
	assert_int_equal(scsi_parse_mode(bytes, 6, &out), PV_OK);
	assert_false(out.has_cache);
	bytes[5] = 0;
	assert_int_equal(scsi_parse_mode(bytes, 64, &out), PV_OK);
	assert_false(out.has_cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_and_near_is_10_bytes),
		cmocka_unit_test(test_far_or_large_is_16_bytes),
		cmocka_unit_test(test_unmap_list),
		cmocka_unit_test(test_fixed_sense),
		cmocka_unit_test(test_descriptor_sense),
		cmocka_unit_test(test_h22_sense_cut_anywhere),
		cmocka_unit_test(test_inquiry),
		cmocka_unit_test(test_inquiry_of_server_2012),
		cmocka_unit_test(test_inquiry_of_nothing),
		cmocka_unit_test(test_h22_inquiry_cut_anywhere),
		cmocka_unit_test(test_inquiry_with_text_that_is_none),
		cmocka_unit_test(test_luns),
		cmocka_unit_test(test_h22_luns_more_than_are_there),
		cmocka_unit_test(test_h22_luns_of_no_length),
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_identity_is_the_best_that_there_is),
		cmocka_unit_test(test_h27_designators_that_lead_nowhere),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_characteristics_and_provisioning),
		cmocka_unit_test(test_capacities),
		cmocka_unit_test(test_h31_sizes_that_cannot_be),
		cmocka_unit_test(test_mode),
		cmocka_unit_test(test_mode_behind_others),
		cmocka_unit_test(test_h27_mode_pages_that_lead_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
