/* SPDX-License-Identifier: ISC */
/* hvs while its host comes, goes, does not answer and comes back. */
#include <stdio.h>

#include "tests/support/scsi_disk.h"

#define UNDER_WAY 24
#define PIECE (20 * KIB)

/* Requests that the host has not answered when something happens. */
struct load {
	struct lab_io io[UNDER_WAY];
	unsigned char *data, *expected;
	uint64_t physical;
	bool copied;
};

static struct host_storvsp_manners *
manners(struct scsi *scsi)
{
	return host_storvsp_manners(scsi->stor);
}

/* Writes at even places, reads at odd ones; every third has no address. */
static void
begin(struct scsi *scsi, struct load *load)
{
	load->data = lab_pages(&scsi->lab, UNDER_WAY * 5, &load->physical);
	load->expected = malloc(UNDER_WAY * PIECE);
	lab_pattern(scsi_bytes(scsi), 4 * MIB, 0);
	lab_pattern(load->expected, UNDER_WAY * PIECE, 77777);
	memcpy(load->data, load->expected, UNDER_WAY * PIECE);
	manners(scsi)->stop = true;
	for (unsigned i = 0; i < UNDER_WAY; i++)
		lab_submit(&scsi->lab, &load->io[i],
		    i % 2 == 0 ? PV_DISK_WRITE : PV_DISK_READ, i * PIECE,
		    load->data + i * PIECE,
		    i % 3 == 0 ? PV_NO_PHYSICAL : load->physical + i * PIECE,
		    PIECE);
	for (unsigned i = 0; i < UNDER_WAY; i++)
		assert_int_equal(load->io[i].done, 0);
}

static void
end(struct scsi *scsi, struct load *load, int error)
{
	unsigned char pattern[PIECE];

	for (unsigned i = 0; i < UNDER_WAY; i++) {
		assert_int_equal(lab_wait(&scsi->lab, &load->io[i]), error);
		if (error != PV_OK)
			continue;
		lab_pattern(pattern, PIECE, i * PIECE);
		if (i % 2 == 0)
			assert_memory_equal(scsi_bytes(scsi) + i * PIECE,
			    load->expected + i * PIECE, PIECE);
		else
			assert_memory_equal(load->data + i * PIECE, pattern,
			    PIECE);
	}
	free(load->expected);
	load->expected = NULL;
}

static bool
online_again(struct lab *lab)
{
	return lab->disk->online && lab->changes >= 2;
}

/* Until the host has taken so many packets, or there are no more. */
static void
until_taken(struct scsi *scsi, unsigned taken)
{
	uint64_t end = sim_now(scsi->lab.world->sim) + 10 * PV_SECOND;

	while (scsi_has(scsi, "hvs0") && sim_now(scsi->lab.world->sim) < end &&
	    host_vmbus_counts(host_storvsp_device(scsi->stor), 0)->packets_in <
		taken)
		lab_run(&scsi->lab, 10 * PV_MILLISECOND);
}

/* ---- Taken away ------------------------------------------------------- */

static void
test_h37_rescinded_with_requests_under_way(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	begin(scsi, &load);
	host_storvsp_rescind(scsi->stor);
	end(scsi, &load, PV_ENODEV);
	scsi_wait_gone(scsi, "hvs0");
	assert_false(scsi_has(scsi, "sd0"));
}

static void
test_h37_rescinded_after_each_answer_of_the_beginning(void **state)
{
	struct scsi *scsi = *state;

	/* none, BEGIN_INIT, ..., and then the commands of the scan */
	for (unsigned taken = 0; taken < 22; taken++) {
		scsi_machine(scsi, 2,
		    &(struct host_storvsp_config){ .max_channels = 2 });
		scsi_disk(scsi, &(struct host_lun_config){ .unmap = true },
		    false);
		/* slow enough for time to pass between each */
		manners(scsi)->delay = 100 * PV_MILLISECOND;
		assert_int_equal(scsi_attach_bus(scsi), PV_OK);
		until_taken(scsi, taken);
		host_storvsp_rescind(scsi->stor);
		scsi_wait_gone(scsi, "hvs0");
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

static void
test_h33_rescinded_while_it_opens(void **state)
{
	struct scsi *scsi = *state;

	scsi_machine(scsi, 1, NULL);
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	host_hyperv_manners(scsi->partition.host)->message_how =
	    HOST_MESSAGE_DROP;
	host_hyperv_manners(scsi->partition.host)->message_type =
	    HV_VMBUS_OPEN_RESULT;
	host_hyperv_manners(scsi->partition.host)->message_nth = 1;
	scsi_attach(scsi);
	assert_int_equal(scsi->hvs->phase, HVS_OPENING);
	host_storvsp_rescind(scsi->stor);
	scsi_wait_gone(scsi, "hvs0");
}

static void
test_rescinded_and_offered_again(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	host_storvsp_rescind(scsi->stor);
	scsi_wait_gone(scsi, "hvs0");
	scsi->lab.disk = NULL;
	scsi->stor = host_storvsp_new(scsi->partition.host,
	    &(struct host_storvsp_config){ 0 });
	assert_non_null(scsi->stor);
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_use(scsi, "sd0");
	scsi_works(scsi);
}

static void
test_rescinded_after_it_broke(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[512];

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	manners(scsi)->bad_nth = 1;
	manners(scsi)->bad_how = HOST_STOR_ID;
	manners(scsi)->bad_value = 77;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EPROTO);
	scsi_is_broken(scsi, "the host answered what was not asked");
	host_storvsp_rescind(scsi->stor);
	scsi_wait_gone(scsi, "hvs0");
}

/* What waits in a queue of another CPU ends there. */
static void
test_rescinded_while_another_cpu_has_a_queue(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data;
	struct pv_disk *disk;
	struct lab_io io = { 0 };

	scsi_start_channels(scsi, 2, 1);
	disk = lab->disk;
	data = lab_pages(lab, 1, &io.segment.physical);
	io.segment.data = data;
	io.segment.len = 4096;
	assert_int_equal(pv_disk_own(disk, 1, 1), PV_OK);
	lab_run(lab, PV_MILLISECOND);
	manners(scsi)->stop = true;
	scsi_cpu(scsi, 1);
	lab_prepare(&io, PV_DISK_READ, 0);
	pv_disk_submit(disk, 1, &io.io);
	pv_disk_kick(disk, 1);
	scsi_cpu(scsi, 0);
	host_storvsp_rescind(scsi->stor);
	/* `changed` has said that it is gone, and the queue is CPU 0's again */
	scsi_wait_gone(scsi, "hvs0");
	assert_int_equal(lab->changes, 1);
	assert_int_equal(io.done, 1);
	assert_int_equal(io.io.error, PV_ENODEV);
}

/* The host takes one channel of several. */
static void
test_h36_a_sub_channel_is_taken_away(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start_channels(scsi, 3, 2);
	assert_int_equal(scsi->lab.disk->queues, 3);
	begin(scsi, &load);
	host_vmbus_rescind_raw(scsi->partition.host,
	    scsi->hvs->queues[1].channel->offer.relid);
	manners(scsi)->stop = false;
	lab_until(&scsi->lab, online_again, "online again");
	end(scsi, &load, PV_OK);
	scsi_works(scsi);
	scsi->partition.refused =
	    host_hyperv_counts(scsi->partition.host)->refused;
	scsi->partition.violations =
	    host_hyperv_counts(scsi->partition.host)->violations;
}

/* ---- Detached --------------------------------------------------------- */

static void
test_detached_while_the_host_is_slow(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	begin(scsi, &load);
	manners(scsi)->stop = false;
	manners(scsi)->delay = 100 * PV_MILLISECOND;
	host_storvsp_look(scsi->stor);
	partition_detach(&scsi->partition);
	/* it had the time to answer */
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		assert_int_equal(load.io[i].done, 1);
		assert_int_equal(load.io[i].io.error, PV_OK);
	}
	free(load.expected);
}

static void
test_detached_while_the_host_does_not_answer(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	begin(scsi, &load);
	partition_detach(&scsi->partition);
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		assert_int_equal(load.io[i].done, 1);
		/* the host has closed the channel */
		assert_int_equal(load.io[i].io.error, PV_EINTR);
	}
	free(load.expected);
}

static void
test_detached_in_the_beginning(void **state)
{
	struct scsi *scsi = *state;

	for (unsigned taken = 0; taken < 20; taken++) {
		scsi_machine(scsi, 2,
		    &(struct host_storvsp_config){ .max_channels = 2 });
		scsi_disk(scsi, &(struct host_lun_config){ .unmap = true },
		    false);
		manners(scsi)->delay = 300 * PV_MILLISECOND;
		assert_int_equal(scsi_attach_bus(scsi), PV_OK);
		until_taken(scsi, taken);
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

/* ---- Sleep ------------------------------------------------------------ */

static void
test_h38_sleep_with_requests_under_way(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	begin(scsi, &load);
	assert_int_equal(pv_bus_suspend(scsi->lab.world->bus), PV_OK);
	manners(scsi)->stop = false;
	lab_until(&scsi->lab, online_again, "online again");
	end(scsi, &load, PV_OK);
	scsi_works(scsi);
}

static void
test_h38_sleep_with_many_queues(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start_channels(scsi, 4, 3);
	begin(scsi, &load);
	partition_stop_cpus(&scsi->partition);
	assert_int_equal(pv_bus_suspend(scsi->lab.world->bus), PV_OK);
	manners(scsi)->stop = false;
	partition_start_cpus(&scsi->partition);
	lab_until(&scsi->lab, online_again, "online again");
	assert_int_equal(scsi->lab.disk->queues, 4);
	end(scsi, &load, PV_OK);
	scsi_works(scsi);
}

static void
test_h38_sleep_after_each_answer_of_the_beginning(void **state)
{
	struct scsi *scsi = *state;

	for (unsigned taken = 0; taken < 22; taken++) {
		scsi_machine(scsi, 2,
		    &(struct host_storvsp_config){ .max_channels = 2 });
		scsi_disk(scsi, &(struct host_lun_config){ .unmap = true },
		    false);
		manners(scsi)->delay = 200 * PV_MILLISECOND;
		scsi_attach(scsi);
		until_taken(scsi, taken);
		assert_int_equal(pv_bus_suspend(scsi->lab.world->bus), PV_OK);
		scsi_use(scsi, "sd0");
		manners(scsi)->delay = 0;
		scsi_works(scsi);
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

static void
test_sleep_three_times(void **state)
{
	struct scsi *scsi = *state;

	scsi_start_channels(scsi, 2, 1);
	for (unsigned i = 0; i < 3; i++) {
		scsi->lab.changes = 0;
		partition_stop_cpus(&scsi->partition);
		assert_int_equal(pv_bus_suspend(scsi->lab.world->bus), PV_OK);
		partition_start_cpus(&scsi->partition);
		lab_until(&scsi->lab, online_again, "online again");
		scsi_works(scsi);
	}
}

static void
test_another_disk_after_the_sleep(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	static struct load load;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	begin(scsi, &load);
	assert_int_equal(pv_bus_suspend(lab->world->bus), PV_OK);
	manners(scsi)->stop = false;
	host_storvsp_remove(scsi->stor, 0, 0, false);
	scsi_disk(scsi, &(struct host_lun_config){ .lun = 2 }, false);
	end(scsi, &load, PV_ENODEV);
	scsi_wait_gone(scsi, "sd0");
	assert_true(scsi_has(scsi, "sd1"));
}

static void
test_a_smaller_disk_after_the_sleep(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	unsigned char *data;
	uint64_t physical;
	struct lab_io near, far;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	data = lab_pages(lab, 2, &physical);
	manners(scsi)->stop = true;
	lab_submit(lab, &near, PV_DISK_READ, 0, data, physical, 4096);
	lab_submit(lab, &far, PV_DISK_READ, 3 * MIB, data + 4096,
	    physical + 4096, 4096);
	assert_int_equal(pv_bus_suspend(lab->world->bus), PV_OK);
	assert_true(host_storvsp_resize(scsi->stor, 0, 0, 2 * MIB, false));
	manners(scsi)->stop = false;
	assert_int_equal(lab_wait(lab, &near), PV_OK);
	assert_int_equal(lab_wait(lab, &far), PV_EINVAL);
	assert_int_equal(lab->disk->size, 2 * MIB);
}

/* A queue's owner finds it again, on the same CPU. */
static void
test_sleep_with_a_queue_of_another_cpu(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct lab_io io = { 0 };
	unsigned char *data, expected[4096];

	scsi_start_channels(scsi, 2, 1);
	lab_pattern(scsi_bytes(scsi), 4 * MIB, 0);
	assert_int_equal(pv_disk_own(lab->disk, 1, 1), PV_OK);
	data = lab_pages(lab, 1, &io.segment.physical);
	io.segment.data = data;
	io.segment.len = 4096;
	manners(scsi)->stop = true;
	scsi_cpu(scsi, 1);
	lab_prepare(&io, PV_DISK_READ, 8192);
	pv_disk_submit(lab->disk, 1, &io.io);
	pv_disk_kick(lab->disk, 1);
	scsi_cpu(scsi, 0);
	partition_stop_cpus(&scsi->partition);
	assert_int_equal(pv_bus_suspend(lab->world->bus), PV_OK);
	manners(scsi)->stop = false;
	partition_start_cpus(&scsi->partition);
	for (unsigned i = 0; io.done == 0; i++) {
		assert_true(i < 1000);
		scsi_cpu(scsi, 1);
		pv_disk_poll(lab->disk, 1, 64);
		scsi_cpu(scsi, 0);
		lab_run(lab, 10 * PV_MILLISECOND);
	}
	assert_int_equal(io.done, 1);
	assert_int_equal(io.io.error, PV_OK);
	lab_pattern(expected, 4096, 8192);
	assert_memory_equal(data, expected, 4096);
	assert_int_equal(lab->disk->queues, 2);
	assert_int_equal(pv_disk_own(lab->disk, 1, 0), PV_OK);
}

/* It was broken, and its channels not closed yet: the sub-channels are gone with
 * the sleep all the same. */
static void
test_h38_sleep_while_it_ends(void **state)
{
	struct scsi *scsi = *state;
	struct host_hyperv_manners *bus;
	struct lab_io io = { 0 };

	scsi_start_channels(scsi, 3, 2);
	bus = host_hyperv_manners(scsi->partition.host);
	io.segment.data = lab_pages(&scsi->lab, 1, &io.segment.physical);
	io.segment.len = 4096;
	manners(scsi)->stop = true;
	lab_prepare(&io, PV_DISK_READ, 0);
	pv_disk_submit(scsi->lab.disk, 0, &io.io);
	bus->gpadl_hold = true;
	hvs_break(scsi->hvs, "as the test has it");
	lab_run(&scsi->lab, 100 * PV_MILLISECOND);
	assert_int_equal(scsi->hvs->phase, HVS_ENDING);
	assert_int_equal(io.done, 0);
	bus->gpadl_hold = false;
	partition_stop_cpus(&scsi->partition);
	assert_int_equal(pv_bus_suspend(scsi->lab.world->bus), PV_OK);
	partition_start_cpus(&scsi->partition);
	scsi_is_broken(scsi, "as the test has it");
	assert_int_equal(io.done, 1);
	assert_int_equal(io.io.error, PV_EPROTO);
}

/* ---- No answer -------------------------------------------------------- */

static void
test_a_slow_host_is_waited_for(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[512];

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	manners(scsi)->delay = 50 * PV_SECOND;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_OK);
	assert_int_equal(host_storvsp_counts(scsi->stor)->resets, 0);
}

static void
test_a_lost_answer_is_asked_for_again(void **state)
{
	struct scsi *scsi = *state;
	unsigned char *data, expected[4096];
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	lab_pattern(scsi_bytes(scsi), 4 * MIB, 0);
	data = lab_pages(&scsi->lab, 1, &physical);
	manners(scsi)->bad_nth = 1;
	manners(scsi)->bad_how = HOST_STOR_LOST;
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 4096, data, physical,
			     4096),
	    PV_OK);
	lab_pattern(expected, 4096, 4096);
	assert_memory_equal(data, expected, 4096);
	/* of the LUN, then of the bus */
	assert_int_equal(host_storvsp_counts(scsi->stor)->resets, 2);
	world_has_line(scsi->lab.world,
	    "hvs0: target 0 lun 0: no answer for 60 seconds; resetting it");
	world_has_line(scsi->lab.world,
	    "hvs0: no answer after resets; connecting anew");
	scsi_works(scsi);
}

static void
test_h29_no_answer_ever(void **state)
{
	struct scsi *scsi = *state;
	static struct load load;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	begin(scsi, &load);
	end(scsi, &load, PV_EPROTO);
	scsi_is_broken(scsi, "the host does not answer");
}

/* Whatever else it answers, this it does not, and that has an end. */
static void
test_answers_are_lost_again_and_again(void **state)
{
	struct scsi *scsi = *state;
	unsigned char data[512];
	struct lab_io io;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	manners(scsi)->bad_how = HOST_STOR_LOST;
	manners(scsi)->bad_nth = 1;
	lab_submit(&scsi->lab, &io, PV_DISK_READ, 0, data, PV_NO_PHYSICAL, 512);
	for (unsigned i = 0; i < 60000 && io.done == 0; i++) {
		/* after this question of a scan come that for the LUNs of
		 * the other target, and the read */
		if (scsi->hvs->scan.look == HVS_L_MODE &&
		    scsi->hvs->command.state == HVS_UNDER_WAY)
			manners(scsi)->bad_nth = 3;
		else if (scsi->hvs->phase != HVS_RUNNING)
			manners(scsi)->bad_nth = 0;
		manners(scsi)->delay = 20 * PV_MILLISECOND;
		lab_run(&scsi->lab, 10 * PV_MILLISECOND);
	}
	assert_int_equal(io.done, 1);
	assert_int_equal(io.io.error, PV_EPROTO);
	assert_int_equal(host_storvsp_counts(scsi->stor)->resets, 8);
	scsi_is_broken(scsi, "the host does not answer");
}

/* ---- Memory ----------------------------------------------------------- */

static void
test_no_memory_at_any_place_of_attaching(void **state)
{
	struct scsi *scsi = *state;

	for (unsigned nth = 1; nth < 60; nth++) {
		scsi_machine(scsi, 2,
		    &(struct host_storvsp_config){ .max_channels = 1 });
		scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
		sim_machine_fail_alloc(scsi->lab.world->machine, nth);
		(void)scsi_attach_bus(scsi);
		if (scsi->lab.world->bus != NULL) {
			lab_run(&scsi->lab, 20 * PV_SECOND);
			sim_machine_fail_alloc(scsi->lab.world->machine, 0);
		}
		assert_int_equal(scsi_teardown(state), 0);
		assert_int_equal(scsi_setup(state), 0);
		scsi = *state;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_h37_rescinded_with_requests_under_way),
		scsi_test(
		    test_h37_rescinded_after_each_answer_of_the_beginning),
		scsi_test(test_h33_rescinded_while_it_opens),
		scsi_test(test_rescinded_and_offered_again),
		scsi_test(test_rescinded_after_it_broke),
		scsi_test(test_rescinded_while_another_cpu_has_a_queue),
		scsi_test(test_h36_a_sub_channel_is_taken_away),
		scsi_test(test_detached_while_the_host_is_slow),
		scsi_test(test_detached_while_the_host_does_not_answer),
		scsi_test(test_detached_in_the_beginning),
		scsi_test(test_h38_sleep_with_requests_under_way),
		scsi_test(test_h38_sleep_with_many_queues),
		scsi_test(test_h38_sleep_after_each_answer_of_the_beginning),
		scsi_test(test_sleep_three_times),
		scsi_test(test_another_disk_after_the_sleep),
		scsi_test(test_a_smaller_disk_after_the_sleep),
		scsi_test(test_sleep_with_a_queue_of_another_cpu),
		scsi_test(test_h38_sleep_while_it_ends),
		scsi_test(test_a_slow_host_is_waited_for),
		scsi_test(test_a_lost_answer_is_asked_for_again),
		scsi_test(test_h29_no_answer_ever),
		scsi_test(test_answers_are_lost_again_and_again),
		scsi_test(test_no_memory_at_any_place_of_attaching),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
