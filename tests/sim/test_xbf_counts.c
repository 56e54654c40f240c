/* SPDX-License-Identifier: ISC */
/* What a request of xbf costs, exactly. */
#include <stdio.h>

#include "tests/support/disk.h"

struct costs {
	uint64_t requests, slots, hypercalls, signals, elided, grants, copies;
	uint64_t events, exits;
};

static struct costs
now(struct lab *lab)
{
	const struct pv_stats *stats = &lab->device->stats;

	pv_bus_poll(lab->world->bus, 64);
	return (struct costs){ stats->requests, stats->slots, stats->hypercalls,
		stats->signals, stats->elided, stats->grants, stats->copies,
		stats->events, stats->exits };
}

/* Between two times; whatever goes to the host is a hypercall and is seen by
 * it. */
static struct costs
cost_of(struct lab *lab, enum pv_disk_op op, size_t size)
{
	const struct host_xen_counts *host = host_xen_counts(lab->xen);
	struct costs before, after;
	unsigned char *data;
	uint64_t physical, hypercalls;

	data = lab_pages(lab, 256, &physical);
	/* the second of its kind: the first may have grants to write */
	assert_int_equal(lab_do(lab, op, 0, data, physical, size), PV_OK);
	before = now(lab);
	hypercalls = host->hypercalls;
	assert_int_equal(lab_do(lab, op, 0, data, physical, size), PV_OK);
	after = now(lab);
	after.requests -= before.requests;
	after.slots -= before.slots;
	after.hypercalls -= before.hypercalls;
	after.signals -= before.signals;
	after.elided -= before.elided;
	after.grants -= before.grants;
	after.copies -= before.copies;
	after.events -= before.events;
	after.exits -= before.exits;
	assert_int_equal(host->hypercalls - hypercalls, after.hypercalls);
	assert_int_equal(after.requests, 1);
	assert_int_equal(after.exits, 0);
	return after;
}

static void
test_4k_lent(void **state)
{
	struct lab *lab = *state;
	struct costs cost;

	lab_start(lab, &(struct host_disk_config){ 0 });
	for (int op = PV_DISK_READ; op <= PV_DISK_WRITE; op++) {
		cost = cost_of(lab, (enum pv_disk_op)op, 4096);
		assert_int_equal(cost.slots, 1);
		assert_int_equal(cost.signals, 1);
		assert_int_equal(cost.hypercalls, 1);
		assert_int_equal(cost.grants, 1);
		assert_int_equal(cost.copies, 0);
		assert_int_equal(cost.events, 1);
	}
}

static void
test_4k_persistent(void **state)
{
	struct lab *lab = *state;
	struct costs cost;

	lab_start(lab, &(struct host_disk_config){ .persistent = true });
	for (int op = PV_DISK_READ; op <= PV_DISK_WRITE; op++) {
		cost = cost_of(lab, (enum pv_disk_op)op, 4096);
		assert_int_equal(cost.slots, 1);
		assert_int_equal(cost.signals, 1);
		assert_int_equal(cost.hypercalls, 1);
		assert_int_equal(cost.grants, 0);
		assert_int_equal(cost.copies, 1);
		assert_int_equal(cost.events, 1);
	}
}

static void
test_1m_in_requests_of_11_segments(void **state)
{
	struct lab *lab = *state;
	struct costs cost;

	lab_start(lab, &(struct host_disk_config){ 0 });
	cost = cost_of(lab, PV_DISK_READ, MIB);
	assert_int_equal(cost.slots, 24);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.hypercalls, 1);
	assert_int_equal(cost.grants, 256);
	assert_int_equal(cost.copies, 0);
	assert_true(cost.events <= 2);
}

static void
test_1m_indirect(void **state)
{
	struct lab *lab = *state;
	struct costs cost;

	lab_start(lab, &(struct host_disk_config){ .indirect = 256 });
	cost = cost_of(lab, PV_DISK_WRITE, MIB);
	assert_int_equal(cost.slots, 1);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.hypercalls, 1);
	/* those of the pages; that of the list was written long ago */
	assert_int_equal(cost.grants, 256);
	assert_int_equal(cost.copies, 0);
	assert_int_equal(cost.events, 1);
}

static void
test_1m_indirect_and_persistent(void **state)
{
	struct lab *lab = *state;
	struct costs cost;

	lab_start(lab,
	    &(struct host_disk_config){ .indirect = 256, .persistent = true });
	cost = cost_of(lab, PV_DISK_WRITE, MIB);
	assert_int_equal(cost.slots, 1);
	assert_int_equal(cost.signals, 1);
	assert_int_equal(cost.hypercalls, 1);
	assert_int_equal(cost.grants, 0);
	assert_int_equal(cost.copies, 256);
	assert_int_equal(cost.events, 1);
}

static void
test_flush_costs_a_slot(void **state)
{
	struct lab *lab = *state;
	struct costs before, after;

	lab_start(lab, &(struct host_disk_config){ .flush = true });
	before = now(lab);
	assert_int_equal(lab_flush(lab), PV_OK);
	after = now(lab);
	assert_int_equal(after.slots - before.slots, 1);
	assert_int_equal(after.signals - before.signals, 1);
	assert_int_equal(after.grants - before.grants, 0);
}

static void
test_many_are_told_by_one_signal(void **state)
{
	struct lab *lab = *state;
	struct costs before, after;
	struct lab_io io[32];
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &(struct host_disk_config){ 0 });
	data = lab_pages(lab, 32, &physical);
	memset(io, 0, sizeof(io));
	before = now(lab);
	host_blkback_manners(lab->blk)->delay = 100000;
	for (unsigned i = 0; i < 32; i++)
		lab_submit(lab, &io[i], PV_DISK_READ, i * 4096, data + i * 4096,
		    physical + i * 4096, 4096);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(lab_wait(lab, &io[i]), PV_OK);
	after = now(lab);
	assert_int_equal(after.signals - before.signals, 1);
	assert_int_equal(after.elided - before.elided, 31);
	assert_int_equal(after.events - before.events, 1);
}

/* A queue that is kept full. */
struct full {
	struct lab *lab;
	struct lab_io io[32];
	struct pv_segment segment[32];
	unsigned left, done;
};

static void
refill(struct pv_io *io)
{
	struct full *full = io->owner;

	assert_int_equal(io->error, PV_OK);
	full->done++;
	if (full->left == 0)
		return;
	full->left--;
	pv_disk_submit(full->lab->disk, 0, io);
}

static void
depth_32(struct lab *lab, const struct host_disk_config *config, bool reorder,
    uint64_t delay)
{
	struct full full = { .lab = lab, .left = 10000 - 32 };
	struct costs before, after;

	lab_start(lab, config);
	host_blkback_manners(lab->blk)->delay = delay;
	host_blkback_manners(lab->blk)->reorder = reorder;
	before = now(lab);
	for (unsigned i = 0; i < 32; i++) {
		full.segment[i].data = lab_pages(lab, 1,
		    &full.segment[i].physical);
		full.segment[i].len = 4096;
		full.io[i].io = (struct pv_io){ .op = PV_DISK_READ,
			.offset = i * 4096,
			.segments = &full.segment[i],
			.count = 1,
			.done = refill,
			.owner = &full };
		pv_disk_submit(lab->disk, 0, &full.io[i].io);
	}
	pv_disk_kick(lab->disk, 0);
	while (full.done < 10000) {
		lab_run(lab, PV_MILLISECOND);
		pv_disk_kick(lab->disk, 0);
	}
	after = now(lab);
	assert_int_equal(after.slots - before.slots, 10000);
	/* of both ends, in both directions: less than one for ten requests */
	assert_true(
	    after.signals - before.signals + after.events - before.events <
	    1000);
	assert_int_equal(after.signals - before.signals,
	    after.hypercalls - before.hypercalls);
}

static void
test_depth_32(void **state)
{
	depth_32(*state, &(struct host_disk_config){ .persistent = true },
	    false, 50000);
}

static void
test_depth_32_at_once(void **state)
{
	depth_32(*state, &(struct host_disk_config){ .max_ring_order = 2 },
	    true, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_4k_lent),
		lab_test(test_4k_persistent),
		lab_test(test_1m_in_requests_of_11_segments),
		lab_test(test_1m_indirect),
		lab_test(test_1m_indirect_and_persistent),
		lab_test(test_flush_costs_a_slot),
		lab_test(test_many_are_told_by_one_signal),
		lab_test(test_depth_32),
		lab_test(test_depth_32_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
