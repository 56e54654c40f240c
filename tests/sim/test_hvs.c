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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_reports_controller_and_disk),
		scsi_test(test_reads_and_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
