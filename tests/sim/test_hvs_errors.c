/* SPDX-License-Identifier: ISC */
/* hvs: what each kind of answer means for who asked. */
#include <stdio.h>

#include "tests/support/scsi_disk.h"

struct answer {
	uint8_t srb, status, key, asc, ascq;
};

/* The next command of the disk is answered so, once. */
static void
next(struct scsi *scsi, const struct answer *answer)
{
	struct host_storvsp_manners *manners = host_storvsp_manners(scsi->stor);

	manners->srb_status = answer->srb;
	manners->scsi_status = answer->status;
	manners->sense_key = answer->key;
	manners->asc = answer->asc;
	manners->ascq = answer->ascq;
	manners->fail_count = 1;
	manners->fail_nth = 1;
}

static int
ends(struct scsi *scsi, enum pv_disk_op op, const struct answer *answer)
{
	static unsigned char data[4096];

	lab_run(&scsi->lab, PV_SECOND);
	next(scsi, answer);
	if (op == PV_DISK_FLUSH)
		return lab_flush(&scsi->lab);
	if (op == PV_DISK_DISCARD)
		return lab_discard(&scsi->lab, 0, 4096, 0);
	return lab_do(&scsi->lab, op, 0, data, PV_NO_PHYSICAL, 4096);
}

#define CHECK SCSI_STATUS_CHECK_CONDITION

static void
test_errors_of_the_medium(void **state)
{
	static const struct answer answers[] = {
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_MEDIUM_ERROR, 0x11, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_HARDWARE_ERROR, 0x44, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_ILLEGAL_REQUEST, 0x24, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_NOT_READY, 0x3e, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_MISCOMPARE, 0x1d, 0 },
		{ HV_SRB_ERROR, SCSI_STATUS_RESERVATION_CONFLICT, 0, 0, 0 },
		{ HV_SRB_ERROR, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_INVALID_REQUEST, SCSI_STATUS_GOOD, 0, 0, 0 },
	};
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		assert_int_equal(ends(scsi,
				     i % 2 == 0 ? PV_DISK_READ : PV_DISK_WRITE,
				     &answers[i]),
		    PV_EIO);
	scsi_works(scsi);
}

/* None of these is the request's fault, and it is done in the end. */
static void
test_what_is_done_again(void **state)
{
	static const struct answer answers[] = {
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_UNIT_ATTENTION, 0x29, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_UNIT_ATTENTION, 0x77, 7 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_ABORTED, 0, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_NOT_READY, 4, 1 },
		{ HV_SRB_ABORTED, SCSI_STATUS_TASK_ABORTED, 0, 0, 0 },
		{ HV_SRB_BUS_RESET, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_FLUSHED, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_TIMEOUT, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_BUSY, SCSI_STATUS_BUSY, 0, 0, 0 },
		{ HV_SRB_ERROR, SCSI_STATUS_TASK_SET_FULL, 0, 0, 0 },
	};
	struct scsi *scsi = *state;
	unsigned char *data;
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ .unmap = true });
	data = lab_pages(&scsi->lab, 1, &physical);
	lab_pattern(data, 4096, 9);
	for (unsigned i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		uint64_t offset = i * 4096;

		for (int op = PV_DISK_READ; op <= PV_DISK_DISCARD; op++)
			assert_int_equal(ends(scsi, (enum pv_disk_op)op,
					     &answers[i]),
			    PV_OK);
		lab_run(&scsi->lab, PV_SECOND);
		next(scsi, &answers[i]);
		assert_int_equal(lab_do(&scsi->lab, PV_DISK_WRITE, offset, data,
				     physical, 4096),
		    PV_OK);
		assert_memory_equal(scsi_bytes(scsi) + offset, data, 4096);
	}
	assert_int_equal(scsi->device->state, PV_DEVICE_ATTACHED);
}

static void
test_write_protected(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	assert_int_equal(ends(scsi, PV_DISK_WRITE,
			     &(struct answer){ HV_SRB_ERROR, CHECK,
				 SCSI_KEY_DATA_PROTECT, 0x27, 0 }),
	    PV_EROFS);
	/* it was looked at, and is not */
	lab_run(&scsi->lab, PV_SECOND);
	assert_false(scsi->lab.disk->read_only);
	scsi_works(scsi);
}

static void
test_a_lun_that_is_not_there_is_looked_for(void **state)
{
	static const struct answer answers[] = {
		{ HV_SRB_INVALID_LUN, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_NO_DEVICE, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_SELECTION_TIMEOUT, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_ERROR, CHECK, SCSI_KEY_ILLEGAL_REQUEST, 0x25, 0 },
	};
	struct scsi *scsi = *state;
	uint64_t inquiries;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	for (unsigned i = 0; i < 4; i++) {
		lab_run(&scsi->lab, PV_SECOND);
		inquiries = host_storvsp_counts(scsi->stor)->inquiries;
		assert_int_equal(ends(scsi, PV_DISK_READ, &answers[i]),
		    PV_ENODEV);
		lab_run(&scsi->lab, PV_SECOND);
		assert_true(
		    host_storvsp_counts(scsi->stor)->inquiries > inquiries);
	}
	assert_true(scsi_has(scsi, "sd0"));
	scsi_works(scsi);
}

/* The host said that it can, and cannot. */
static void
test_flush_and_discard_that_the_host_takes_back(void **state)
{
	static const struct answer unknown = { HV_SRB_ERROR, CHECK,
		SCSI_KEY_ILLEGAL_REQUEST, 0x20, 0 };
	struct scsi *scsi = *state;
	uint64_t flushes;

	scsi_start(scsi, &(struct host_lun_config){ .unmap = true });
	assert_int_equal(ends(scsi, PV_DISK_FLUSH, &unknown), PV_ENOTSUP);
	assert_int_equal(ends(scsi, PV_DISK_DISCARD, &unknown), PV_ENOTSUP);
	lab_run(&scsi->lab, PV_SECOND);
	assert_false(scsi->lab.disk->can_flush);
	assert_false(scsi->lab.disk->can_discard);
	flushes = host_storvsp_counts(scsi->stor)->flushes;
	assert_int_equal(lab_discard(&scsi->lab, 0, 4096, 0), PV_ENOTSUP);
	assert_int_equal(host_storvsp_counts(scsi->stor)->flushes, flushes);
	scsi_works(scsi);
}

/* D-11 of OpenBSD's driver: an error in one part is that of the whole. */
static void
test_an_error_in_any_part_is_that_of_the_whole(void **state)
{
	struct scsi *scsi = *state;
	struct host_storvsp_manners *manners;
	unsigned char *data;
	uint64_t physical;

	scsi_machine(scsi, 1,
	    &(struct host_storvsp_config){ .max_transfer = 64 * KIB });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	manners = host_storvsp_manners(scsi->stor);
	data = lab_pages(&scsi->lab, 64, &physical);
	for (unsigned part = 1; part <= 4; part++) {
		manners->fail_nth = part;
		assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
				     physical, 256 * KIB),
		    PV_EIO);
		assert_int_equal(manners->fail_nth, 0);
	}
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data, physical,
			     256 * KIB),
	    PV_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_errors_of_the_medium),
		scsi_test(test_what_is_done_again),
		scsi_test(test_write_protected),
		scsi_test(test_a_lun_that_is_not_there_is_looked_for),
		scsi_test(test_flush_and_discard_that_the_host_takes_back),
		scsi_test(test_an_error_in_any_part_is_that_of_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
