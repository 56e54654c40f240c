/* SPDX-License-Identifier: ISC */
/* hvs with much under way, and something always going wrong. */
#include "tests/support/scsi_disk.h"
#include "tests/support/trial.h"

static struct host_storvsp_manners *
manners(const struct trial *trial)
{
	return host_storvsp_manners(((struct scsi *)trial->lab)->stor);
}

static struct trial *
trial_of(struct scsi *scsi)
{
	struct trial *trial = trial_new(&scsi->lab, scsi_bytes(scsi));

	trial->owner = scsi;
	return trial;
}

static void
go(struct scsi *scsi, const struct host_storvsp_config *config,
    const struct host_lun_config *lun)
{
	struct trial *trial;

	scsi_machine(scsi, 1, config);
	scsi_disk(scsi, lun, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	trial = trial_of(scsi);
	manners(trial)->reorder = true;
	manners(trial)->delay = 20000;
	trial_run(trial, 600, NULL);
	assert_int_equal(host_storvsp_counts(scsi->stor)->refused, 0);
	trial_end(trial);
}

static void
test_plain(void **state)
{
	go(*state, NULL, &(struct host_lun_config){ 0 });
}

static void
test_small_transfers(void **state)
{
	go(*state, &(struct host_storvsp_config){ .max_transfer = 12 * KIB },
	    &(struct host_lun_config){ .unmap = true });
}

static void
test_old_protocol(void **state)
{
	go(*state,
	    &(struct host_storvsp_config){ .version_max = HV_STOR_4_2,
		.max_transfer = 64 * KIB },
	    &(struct host_lun_config){ .old_inquiry = true });
}

static void
test_ide(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_machine(scsi, 1, &(struct host_storvsp_config){ .ide = true });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
	trial = trial_of(scsi);
	trial_run(trial, 600, NULL);
	trial_end(trial);
}

static void
test_sectors_of_4096(void **state)
{
	go(*state, NULL,
	    &(struct host_lun_config){ .sector_size = 4096, .unmap = true });
}

static void
test_four_channels(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start_channels(scsi, 4, 3);
	trial = trial_of(scsi);
	assert_int_equal(trial->queues, 4);
	manners(trial)->reorder = true;
	trial_run(trial, 600, NULL);
	trial_end(trial);
}

/* ---- With something always going wrong -------------------------------- */

/* What goes wrong by chance may do so seldom: then there is more of it. */
#define ROUNDS 10

static void
fail_one(struct trial *trial)
{
	manners(trial)->fail_nth = 1 + (unsigned)trial_dice(trial, 10);
}

static void
test_errors(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	trial = trial_of(scsi);
	manners(trial)->delay = 50000;
	trial->retried = true;
	for (unsigned i = 0; i < ROUNDS && trial->errors == 0; i++)
		trial_run(trial, 3000, fail_one);
	assert_true(trial->errors > 0);
	trial_end(trial);
}

/* All that is not the request's own fault: it does not fail for that. */
static void
trouble(struct trial *trial)
{
	static const struct {
		uint8_t srb, status, key, asc, ascq;
	} troubles[] = { { HV_SRB_BUSY, SCSI_STATUS_BUSY, 0, 0, 0 },
		{ HV_SRB_ERROR, SCSI_STATUS_TASK_SET_FULL, 0, 0, 0 },
		{ HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION, 6, 0x29, 0 },
		{ HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION, 6, 0x2a, 9 },
		{ HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION, 6, 0x3f, 0xe },
		{ HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION, 2, 4, 1 },
		{ HV_SRB_ERROR, SCSI_STATUS_CHECK_CONDITION, 0xb, 0, 0 },
		{ HV_SRB_BUS_RESET, SCSI_STATUS_GOOD, 0, 0, 0 },
		{ HV_SRB_ABORTED, SCSI_STATUS_TASK_ABORTED, 0, 0, 0 } };
	unsigned which = (unsigned)trial_dice(trial,
	    sizeof(troubles) / sizeof(troubles[0]));

	manners(trial)->srb_status = troubles[which].srb;
	manners(trial)->scsi_status = troubles[which].status;
	manners(trial)->sense_key = troubles[which].key;
	manners(trial)->asc = troubles[which].asc;
	manners(trial)->ascq = troubles[which].ascq;
	manners(trial)->fail_count = 1 + (unsigned)trial_dice(trial, 3);
	manners(trial)->fail_nth = 1 + (unsigned)trial_dice(trial, 5);
}

static void
test_trouble(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	trial = trial_of(scsi);
	manners(trial)->delay = 50000;
	trial_run(trial, 3000, trouble);
	trial_end(trial);
}

/* Other disks come and go. */
static void
plug(struct trial *trial)
{
	struct scsi *scsi = trial->owner;
	uint8_t lun = (uint8_t)(1 + trial_dice(trial, 5));
	bool tell = trial_dice(trial, 4) > 0;

	if (host_storvsp_bytes(scsi->stor, 0, lun) != NULL)
		host_storvsp_remove(scsi->stor, 0, lun, tell);
	else
		scsi_disk(scsi,
		    &(struct host_lun_config){ .lun = lun, .size = MIB }, tell);
}

static void
test_other_disks_come_and_go(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start(scsi, &(struct host_lun_config){ .unmap = true });
	trial = trial_of(scsi);
	manners(trial)->delay = 50000;
	trial_run(trial, 2000, plug);
	trial_end(trial);
}

static void
save(struct trial *trial)
{
	/* or it would never get so far as to do anything */
	if (trial->lab->disk->online)
		assert_int_equal(pv_bus_suspend(trial->lab->world->bus), PV_OK);
}

static void
test_saved(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start(scsi, &(struct host_lun_config){ .unmap = true });
	trial = trial_of(scsi);
	manners(trial)->delay = 100000;
	for (unsigned i = 0; i < ROUNDS &&
	     host_hyperv_counts(scsi->partition.host)->unloads == 0;
	     i++)
		trial_run(trial, 2000, save);
	assert_true(host_hyperv_counts(scsi->partition.host)->unloads > 0);
	trial_end(trial);
}

static void
test_saved_with_many_channels(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start_channels(scsi, 3, 2);
	partition_stop_cpus(&scsi->partition);
	trial = trial_of(scsi);
	manners(trial)->delay = 100000;
	trial_run(trial, 1000, save);
	trial_end(trial);
}

static void
lose(struct trial *trial)
{
	struct scsi *scsi = trial->owner;
	struct host_ring_manners *ring =
	    host_vmbus_manners(host_storvsp_device(scsi->stor), 0);

	ring->never_signal = !ring->never_signal;
	ring->storm = 10;
}

static void
test_events_lost_and_found(void **state)
{
	struct scsi *scsi = *state;
	struct trial *trial;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	trial = trial_of(scsi);
	trial_run(trial, 1000, lose);
	trial_end(trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_plain),
		scsi_test(test_small_transfers),
		scsi_test(test_old_protocol),
		scsi_test(test_ide),
		scsi_test(test_sectors_of_4096),
		scsi_test(test_four_channels),
		scsi_test(test_errors),
		scsi_test(test_trouble),
		scsi_test(test_other_disks_come_and_go),
		scsi_test(test_saved),
		scsi_test(test_saved_with_many_channels),
		scsi_test(test_events_lost_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
