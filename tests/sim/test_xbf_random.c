/* SPDX-License-Identifier: ISC */
/* xbf with much under way, and something always going wrong. */
#include "tests/support/trial.h"

static void
go(struct lab *lab, const struct host_disk_config *config)
{
	struct trial *trial;

	lab_start(lab, config);
	host_blkback_manners(lab->blk)->reorder = true;
	host_blkback_manners(lab->blk)->delay = 20000;
	trial = trial_new(lab, host_blkback_bytes(lab->blk));
	trial_run(trial, 600, NULL);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
	trial_end(trial);
}

static void
test_plain(void **state)
{
	go(*state, &(struct host_disk_config){ .flush = true });
}

static void
test_persistent(void **state)
{
	go(*state,
	    &(struct host_disk_config){ .persistent = true, .discard = true });
}

static void
test_indirect(void **state)
{
	go(*state,
	    &(struct host_disk_config){ .indirect = 37,
		.max_ring_order = 1,
		.discard = true });
}

static void
test_everything(void **state)
{
	go(*state,
	    &(struct host_disk_config){ .indirect = 256,
		.persistent = true,
		.max_ring_order = 3,
		.barrier = true,
		.discard = true,
		.late_features = true });
}

static void
test_sectors_of_4096(void **state)
{
	go(*state,
	    &(struct host_disk_config){ .sector_size = 4096,
		.indirect = 64,
		.flush = true });
}

static void
test_untrusted(void **state)
{
	go(*state,
	    &(struct host_disk_config){ .untrusted = true,
		.max_ring_pages = 2 });
}

static void
test_four_queues(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_machine(lab,
	    &(struct host_xen_config){ .vcpus = 4,
		.domain = 7,
		.name = "guest" });
	lab_disk(lab,
	    &(struct host_disk_config){ .max_queues = 4, .indirect = 32 });
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
	host_blkback_manners(lab->blk)->reorder = true;
	trial = trial_new(lab, host_blkback_bytes(lab->blk));
	trial_run(trial, 600, NULL);
	trial_end(trial);
}

/* ---- With something always going wrong -------------------------------- */

/* What goes wrong by chance may do so seldom: then there is more of it. */
#define ROUNDS 10

static void
fail_one(struct trial *trial)
{
	host_blkback_manners(trial->lab->blk)->fail_nth = 1 +
	    (unsigned)trial_dice(trial, 10);
}

static void
test_errors(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_start(lab, &(struct host_disk_config){ 0 });
	host_blkback_manners(lab->blk)->delay = 50000;
	trial = trial_new(lab, host_blkback_bytes(lab->blk));
	trial->retried = true;
	for (unsigned i = 0; i < ROUNDS && trial->errors == 0; i++)
		trial_run(trial, 3000, fail_one);
	assert_true(trial->errors > 0);
	trial_end(trial);
}

static void
restart(struct trial *trial)
{
	host_blkback_restart(trial->lab->blk,
	    &(struct host_disk_config){ .device = XVDA,
		.size = TRIAL_SIZE,
		.discard = true,
		.flush = trial_dice(trial, 2) == 0,
		.persistent = trial_dice(trial, 2) == 0,
		.indirect = (unsigned)trial_dice(trial, 80),
		.max_ring_order = (unsigned)trial_dice(trial, 5) });
	trial->host = host_blkback_bytes(trial->lab->blk);
}

static void
test_restarts(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_start(lab, &(struct host_disk_config){ .discard = true });
	host_blkback_manners(lab->blk)->delay = 100000;
	trial = trial_new(lab, host_blkback_bytes(lab->blk));
	for (unsigned i = 0;
	     i < ROUNDS && host_blkback_counts(lab->blk)->restarts <= 2; i++)
		trial_run(trial, 2000, restart);
	assert_true(host_blkback_counts(lab->blk)->restarts > 2);
	trial_end(trial);
}

static void
save(struct trial *trial)
{
	assert_int_equal(pv_bus_suspend(trial->lab->world->bus), PV_OK);
}

static void
test_saved(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_start(lab, &(struct host_disk_config){ .persistent = true });
	host_blkback_manners(lab->blk)->delay = 100000;
	trial = trial_new(lab, host_blkback_bytes(lab->blk));
	for (unsigned i = 0;
	     i < ROUNDS && host_xen_counts(lab->xen)->suspends <= 2; i++)
		trial_run(trial, 2000, save);
	assert_true(host_xen_counts(lab->xen)->suspends > 2);
	trial_end(trial);
}

static void
lose(struct trial *trial)
{
	struct host_blkback_manners *manners = host_blkback_manners(
	    trial->lab->blk);

	manners->never_signal = !manners->never_signal;
	manners->storm = 10;
}

static void
test_events_lost_and_found(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_start(lab, &(struct host_disk_config){ .indirect = 16 });
	trial = trial_new(lab, host_blkback_bytes(lab->blk));
	trial_run(trial, 1000, lose);
	trial_end(trial);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_plain),
		lab_test(test_persistent),
		lab_test(test_indirect),
		lab_test(test_everything),
		lab_test(test_sectors_of_4096),
		lab_test(test_untrusted),
		lab_test(test_four_queues),
		lab_test(test_errors),
		lab_test(test_restarts),
		lab_test(test_saved),
		lab_test(test_events_lost_and_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
