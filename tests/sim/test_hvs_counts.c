/* SPDX-License-Identifier: ISC */
/*
 * What a request of a disk of hvs costs, exactly.  A signal goes through the
 * monitor page where the host has one for the channel, and else is a hypercall.
 */
#include <stdio.h>

#include "tests/support/scsi_disk.h"

struct costs {
	uint64_t requests, slots, copies; /* of the disk */
	uint64_t published, signals, hypercalls, elided, events, exits;
	uint64_t host_packets, host_signals;
};

static struct costs
now(struct scsi *scsi)
{
	const struct pv_stats *disk = &scsi->lab.device->stats;
	const struct pv_stats *stats = &scsi->device->stats;
	const struct host_ring_counts *host =
	    host_vmbus_counts(host_storvsp_device(scsi->stor), 0);

	pv_bus_poll(scsi->lab.world->bus, 64);
	return (struct costs){ disk->requests, disk->slots, disk->copies,
		stats->published, stats->signals, stats->hypercalls,
		stats->elided, stats->events, stats->exits + disk->exits,
		host->packets_in, host->signals_in };
}

static struct costs
since(struct scsi *scsi, const struct costs *before)
{
	struct costs after = now(scsi);

	after.requests -= before->requests;
	after.slots -= before->slots;
	after.copies -= before->copies;
	after.published -= before->published;
	after.signals -= before->signals;
	after.hypercalls -= before->hypercalls;
	after.elided -= before->elided;
	after.events -= before->events;
	after.exits -= before->exits;
	after.host_packets -= before->host_packets;
	after.host_signals -= before->host_signals;
	return after;
}

static struct costs
cost_of(struct scsi *scsi, enum pv_disk_op op, size_t size, bool physical)
{
	struct costs before, after;
	unsigned char *data;
	uint64_t address;

	data = lab_pages(&scsi->lab, 256, &address);
	if (!physical)
		address = PV_NO_PHYSICAL;
	before = now(scsi);
	assert_int_equal(lab_do(&scsi->lab, op, 0, data, address, size), PV_OK);
	after = since(scsi, &before);
	assert_int_equal(after.requests, 1);
	assert_int_equal(after.exits, 0);
	assert_int_equal(after.host_packets, after.slots);
	assert_int_equal(after.host_signals, after.signals);
	return after;
}

static void
test_4k(void **state)
{
	struct scsi *scsi = *state;
	struct costs cost;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	for (int op = PV_DISK_READ; op <= PV_DISK_WRITE; op++) {
		cost = cost_of(scsi, (enum pv_disk_op)op, 4096, true);
		assert_int_equal(cost.slots, 1);
		assert_int_equal(cost.copies, 0);
		assert_int_equal(cost.signals, 1);
		assert_int_equal(cost.hypercalls, scsi->no_monitor);
		assert_int_equal(cost.events, 1);
		/* one for the request, one for the room of its answer */
		assert_int_equal(cost.published, 2);
	}
}

static void
test_4k_copied(void **state)
{
	struct scsi *scsi = *state;
	struct costs cost;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	for (int op = PV_DISK_READ; op <= PV_DISK_WRITE; op++) {
		cost = cost_of(scsi, (enum pv_disk_op)op, 4096, false);
		assert_int_equal(cost.slots, 1);
		assert_int_equal(cost.copies, 1);
		assert_int_equal(cost.signals, 1);
		assert_int_equal(cost.hypercalls, scsi->no_monitor);
		assert_int_equal(cost.events, 1);
	}
}

static void
test_1m_in_two_requests(void **state)
{
	struct scsi *scsi = *state;
	struct costs cost;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	cost = cost_of(scsi, PV_DISK_READ, MIB, true);
	assert_int_equal(cost.slots, 2);
	assert_int_equal(cost.copies, 0);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.hypercalls, scsi->no_monitor);
	assert_true(cost.events <= 2);
	assert_true(cost.published <= 3);
}

static void
batch_of(struct scsi *scsi, unsigned count)
{
	struct lab *lab = &scsi->lab;
	static struct lab_io io[64];
	struct costs before, cost;
	unsigned char *data;
	uint64_t physical;

	data = lab_pages(lab, count, &physical);
	before = now(scsi);
	for (unsigned i = 0; i < count; i++) {
		struct lab_io *one = &io[i];

		/* as lab_submit() does, but for the kick */
		memset(one, 0, sizeof(*one));
		one->segment = (struct pv_segment){ data + i * 4096,
			physical + i * 4096, 4096 };
		lab_prepare(one, PV_DISK_READ, i * 4096);
		pv_disk_submit(lab->disk, 0, &one->io);
	}
	/* nobody has heard of it */
	assert_int_equal(since(scsi, &before).host_packets, 0);
	pv_disk_kick(lab->disk, 0);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(lab_wait(lab, &io[i]), PV_OK);
	cost = since(scsi, &before);
	assert_int_equal(cost.slots, count);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.hypercalls, scsi->no_monitor);
	assert_int_equal(cost.elided, 0);
	assert_int_equal(cost.copies, 0);
	assert_int_equal(cost.events, 1);
	/* the requests, and the room of their answers */
	assert_int_equal(cost.published, 2);
}

static void
test_batch_of_8_is_1_index_and_1_signal(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	batch_of(scsi, 8);
}

static void
test_without_a_monitor_1_hypercall(void **state)
{
	struct scsi *scsi = *state;

	scsi->no_monitor = true;
	scsi_start(scsi, &(struct host_lun_config){ 0 });
	assert_int_equal(cost_of(scsi, PV_DISK_READ, 4096, true).hypercalls, 1);
	batch_of(scsi, 8);
}

static void
test_batch_of_64_is_no_more(void **state)
{
	struct scsi *scsi = *state;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	batch_of(scsi, 64);
}

static void
test_a_host_at_work_needs_no_signal(void **state)
{
	struct scsi *scsi = *state;
	struct lab *lab = &scsi->lab;
	struct costs before, cost;
	static struct lab_io io[10];
	unsigned char *data;
	uint64_t physical;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	host_storvsp_manners(scsi->stor)->delay = PV_MILLISECOND;
	data = lab_pages(lab, 10, &physical);
	before = now(scsi);
	/* each with its kick; the host has not come to the first */
	for (unsigned i = 0; i < 10; i++)
		lab_submit(lab, &io[i], PV_DISK_READ, i * 4096, data + i * 4096,
		    physical + i * 4096, 4096);
	cost = since(scsi, &before);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.elided, 9);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(lab_wait(lab, &io[i]), PV_OK);
	assert_int_equal(since(scsi, &before).signals, 1);
}

static void
test_flush_costs_a_slot(void **state)
{
	struct scsi *scsi = *state;
	struct costs before, cost;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	before = now(scsi);
	assert_int_equal(lab_flush(&scsi->lab), PV_OK);
	cost = since(scsi, &before);
	assert_int_equal(cost.slots, 1);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.copies, 0);
}

static void
test_idle_costs_nothing(void **state)
{
	struct scsi *scsi = *state;
	struct costs before, cost;

	scsi_start(scsi, &(struct host_lun_config){ 0 });
	before = now(scsi);
	lab_run(&scsi->lab, 100 * PV_SECOND);
	cost = since(scsi, &before);
	assert_int_equal(cost.hypercalls, 0);
	assert_int_equal(cost.published, 0);
	assert_int_equal(cost.events, 0);
}

/* Nothing is allocated while requests run. */
static void
test_no_memory_is_taken_for_requests(void **state)
{
	struct scsi *scsi = *state;
	const struct sim_counts *counts;
	size_t memory, pages;

	scsi_start(scsi, &(struct host_lun_config){ .unmap = true });
	counts = sim_machine_counts(scsi->lab.world->machine);
	(void)lab_pages(&scsi->lab, 256, NULL);
	memory = counts->memory;
	pages = counts->pages;
	sim_machine_fail_alloc(scsi->lab.world->machine, 1);
	sim_machine_fail_pages(scsi->lab.world->machine, true);
	for (unsigned i = 0; i < 50; i++) {
		static unsigned char data[100000];

		assert_int_equal(lab_do(&scsi->lab,
				     i & 1 ? PV_DISK_READ : PV_DISK_WRITE, 512,
				     data, PV_NO_PHYSICAL, 99840),
		    PV_OK);
		assert_int_equal(lab_flush(&scsi->lab), PV_OK);
		assert_int_equal(lab_discard(&scsi->lab, 0, 4096, 0), PV_OK);
	}
	assert_int_equal(counts->memory, memory);
	assert_int_equal(counts->pages, pages);
	sim_machine_fail_alloc(scsi->lab.world->machine, 0);
	sim_machine_fail_pages(scsi->lab.world->machine, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		scsi_test(test_4k),
		scsi_test(test_4k_copied),
		scsi_test(test_1m_in_two_requests),
		scsi_test(test_batch_of_8_is_1_index_and_1_signal),
		scsi_test(test_without_a_monitor_1_hypercall),
		scsi_test(test_batch_of_64_is_no_more),
		scsi_test(test_a_host_at_work_needs_no_signal),
		scsi_test(test_flush_costs_a_slot),
		scsi_test(test_idle_costs_nothing),
		scsi_test(test_no_memory_is_taken_for_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
