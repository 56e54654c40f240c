/* SPDX-License-Identifier: ISC */
/*
 * xbf on a host that breaks the rules.  Whatever it does: each request is
 * answered once, nothing of the guest's is lost or used again while the host
 * can reach it, a counter rises, and the other devices go on.
 */
#include <stdio.h>

#include "tests/support/disk.h"

#define COUNT 12

static const struct host_disk_config plain = { 0 };

struct load {
	struct lab_io io[COUNT];
	unsigned char *data;
	uint64_t physical;
};

static void
submit(struct lab *lab, struct load *load, enum pv_disk_op op)
{
	load->data = lab_pages(lab, COUNT, &load->physical);
	for (unsigned i = 0; i < COUNT; i++)
		lab_submit(lab, &load->io[i], op, i * 4096,
		    load->data + i * 4096, load->physical + i * 4096, 4096);
}

/* All end, once, and these may be the ends. */
static unsigned
ends(struct lab *lab, struct load *load, int error)
{
	unsigned good = 0;

	for (unsigned i = 0; i < COUNT; i++) {
		int got = lab_wait(lab, &load->io[i]);

		if (got == PV_OK)
			good++;
		else
			assert_int_equal(got, error);
	}
	lab_run(lab, PV_SECOND);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(load->io[i].done, 1);
	return good;
}

static void
broken(struct lab *lab, const char *why)
{
	char line[160];
	unsigned char data[512];

	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->device->state, PV_DEVICE_BROKEN);
	snprintf(line, sizeof(line), "xbf0: %s; out of use", why);
	world_has_line(lab->world, line);
	assert_false(lab->disk->online);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
			     512),
	    PV_EPROTO);
	/* the bus and XenStore are well */
	assert_int_equal(lab->device->parent->state, PV_DEVICE_ATTACHED);
}

#define BAD_ANSWER "the host answered what was not asked"
#define BAD_INDEX "the host's ring index is impossible"
#define NOT_LET_GO "the host does not let go of memory that was lent to it"

static struct host_blkback_manners *
start(struct lab *lab, const struct host_disk_config *config)
{
	lab_start(lab, config);
	return host_blkback_manners(lab->blk);
}

/* ---- Indices ---------------------------------------------------------- */

static void
test_1_producer_beyond_size(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->producer_jump = 1000;
	submit(lab, &load, PV_DISK_WRITE);
	ends(lab, &load, PV_EPROTO);
	assert_int_equal(lab->device->stats.bad_index, 1);
	broken(lab, BAD_INDEX);
}

static void
test_1_producer_one_too_far(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->producer_jump = 1;
	submit(lab, &load, PV_DISK_READ);
	ends(lab, &load, PV_EPROTO);
	broken(lab, BAD_INDEX);
}

static void
test_2_producer_moves_backwards(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain);
	submit(lab, &load, PV_DISK_READ);
	assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	host_blkback_manners(lab->blk)->producer_back = true;
	submit(lab, &load, PV_DISK_READ);
	ends(lab, &load, PV_EPROTO);
	assert_int_equal(lab->device->stats.bad_index, 1);
	broken(lab, BAD_INDEX);
}

static void
test_4_own_indices_rewritten(void **state)
{
	struct lab *lab = *state;

	start(lab, &plain)->rewrite_indices = true;
	for (unsigned i = 0; i < 50; i++) {
		static struct load load;

		submit(lab, &load, PV_DISK_READ);
		assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	}
	assert_int_equal(lab->device->state, PV_DEVICE_ATTACHED);
}

/* ---- Ids -------------------------------------------------------------- */

static void
bad_id(struct lab *lab, unsigned nth, uint64_t id)
{
	static struct load load;

	host_blkback_manners(lab->blk)->bad_id_nth = nth;
	host_blkback_manners(lab->blk)->bad_id = id;
	submit(lab, &load, PV_DISK_WRITE);
	assert_int_equal(ends(lab, &load, PV_EPROTO), nth - 1);
	assert_int_equal(lab->device->stats.bad_id +
		lab->device->stats.bad_duplicate,
	    1);
	broken(lab, BAD_ANSWER);
}

static void
test_10_id_out_of_range(void **state)
{
	start(*state, &plain);
	bad_id(*state, 1, 1 << 16 | 32);
}

static void
test_10_id_far_out_of_range(void **state)
{
	start(*state, &plain);
	bad_id(*state, 5, 1 << 16 | 65535);
}

static void
test_11_id_never_issued(void **state)
{
	start(*state, &plain);
	bad_id(*state, 3, 30);
}

static void
test_12_id_completed_twice(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->twice_nth = 4;
	submit(lab, &load, PV_DISK_READ);
	ends(lab, &load, PV_EPROTO);
	lab_run(lab, PV_SECOND);
	assert_true(
	    lab->device->stats.bad_duplicate + lab->device->stats.bad_index ==
	    1);
	assert_int_equal(lab->device->state, PV_DEVICE_BROKEN);
}

static const struct host_xen_config two_cpus = { .vcpus = 2,
	.domain = 7,
	.name = "guest" };

static void
test_13_id_of_another_queue(void **state)
{
	struct lab *lab = *state;
	struct pv_segment segment;
	struct pv_io io = { .op = PV_DISK_READ,
		.segments = &segment,
		.count = 1 };

	lab_machine(lab, &two_cpus);
	lab_disk(lab, &(struct host_disk_config){ .max_queues = 2 });
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
	segment.data = lab_pages(lab, 1, &segment.physical);
	segment.len = 4096;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(lab_request(lab, 1, &io), PV_OK);
	host_blkback_manners(lab->blk)->bad_id_nth = 1;
	host_blkback_manners(lab->blk)->bad_id = 1 << 16;
	assert_int_equal(lab_request(lab, 1, &io), PV_EPROTO);
	broken(lab, BAD_ANSWER);
	assert_int_equal(lab_request(lab, 0, &io), PV_EPROTO);
}

static void
test_14_id_of_a_request_before_the_restart(void **state)
{
	struct lab *lab = *state;

	start(lab, &plain);
	host_blkback_manners(lab->blk)->stop = true;
	{
		static struct load load;

		submit(lab, &load, PV_DISK_WRITE);
		host_blkback_restart(lab->blk,
		    &(struct host_disk_config){ .device = XVDA,
			.size = 4 * MIB });
		host_blkback_manners(lab->blk)->stop = false;
		assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	}
	bad_id(lab, 1, 1 << 16 | 0);
}

static void
test_15_operation_of_another_request(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->bad_op_nth = 2;
	submit(lab, &load, PV_DISK_READ);
	assert_int_equal(ends(lab, &load, PV_EPROTO), 1);
	assert_int_equal(lab->device->stats.bad_value, 1);
	broken(lab, BAD_ANSWER);
}

static void
test_16_stale_id_after_reuse(void **state)
{
	struct lab *lab = *state;

	start(lab, &plain);
	for (unsigned i = 0; i < 5; i++) {
		static struct load load;

		submit(lab, &load, PV_DISK_READ);
		assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	}
	/* slot 0 again, as it was the first time */
	bad_id(lab, 1, 1 << 16 | 0);
}

static void
test_17_id_zero(void **state)
{
	start(*state, &plain);
	bad_id(*state, 1, 0);
}

static void
test_17_id_all_ones(void **state)
{
	start(*state, &plain);
	bad_id(*state, 1, UINT64_MAX);
}

/* ---- Answers ---------------------------------------------------------- */

static void
test_23_status_unknown(void **state)
{
	static const int statuses[] = { -3, 1, 32767, -32768 };
	struct lab *lab = *state;
	unsigned char *data;
	uint64_t physical;

	start(lab, &plain);
	data = lab_pages(lab, 1, &physical);
	for (unsigned i = 0; i < 4; i++) {
		host_blkback_manners(lab->blk)->fail_nth = 1;
		host_blkback_manners(lab->blk)->fail_status = statuses[i];
		assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical,
				     4096),
		    PV_EIO);
	}
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->device->stats.bad_value, 4);
	/* that request is answered, and all is well */
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 4096),
	    PV_OK);
}

/* It is asked for again on a new connection. */
static void
test_29_answer_never_comes(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->lost_nth = 3;
	submit(lab, &load, PV_DISK_WRITE);
	assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	world_has_line(lab->world,
	    "xbf0: no answer for 60 seconds; connecting anew");
	assert_true(lab->disk->online);
}

static void
test_29_no_answer_to_anything(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->stop = true;
	submit(lab, &load, PV_DISK_READ);
	assert_int_equal(ends(lab, &load, PV_EPROTO), 0);
	broken(lab, "the host does not answer");
}

/* ---- What the back end announces -------------------------------------- */

static void
key(struct lab *lab, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/local/domain/0/backend/vbd/7/51712/%s",
	    name);
	assert_true(host_xenstore_write(host_xen_store(lab->xen), path, value,
	    strlen(value)));
}

/* What it announces before we write anything. */
static void
lies_first(struct lab *lab, const char *name, const char *value)
{
	lab_machine(lab, NULL);
	lab_disk(lab, &plain);
	sim_advance(lab->world->sim, sim_now(lab->world->sim) + PV_SECOND);
	key(lab, name, value);
	lab_attach(lab);
}

/* What it says as it connects: the guest is stopped after its own part, until
 * the host has done its own. */
static void
lies_then(struct lab *lab, const char *name, const char *value)
{
	struct host_xenstore *store;
	const char *front;
	size_t size;

	lab_start(lab, &plain);
	lab_run(lab, PV_SECOND);
	store = host_xen_store(lab->xen);
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA, .size = 4 * MIB });
	do {
		lab_run(lab, 100);
		front = host_xenstore_read(store,
		    "/local/domain/7/device/vbd/51712/state", &size);
		assert_non_null(front);
	} while (front[0] != '3');
	sim_advance(lab->world->sim, sim_now(lab->world->sim) + PV_SECOND);
	key(lab, name, value);
}

static void
test_31_nonsense_that_is_left_out(void **state)
{
	static const struct {
		const char *name, *value;
		bool first;
	} keys[] = {
		{ "max-ring-page-order", "31", true },
		{ "max-ring-page-order", "4294967296", true },
		{ "max-ring-page-order", "-1", true },
		{ "max-ring-pages", "0", true },
		{ "max-ring-pages", "4294967295", true },
		{ "multi-queue-max-queues", "0", true },
		{ "multi-queue-max-queues", "2147483648", true },
		{ "feature-max-indirect-segments", "2147483648", false },
		{ "feature-max-indirect-segments", "99999999999999999999999",
		    false },
		{ "feature-persistent", "yes", false },
		{ "feature-flush-cache", "", false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		unsigned char data[4096] = { 0 };
		struct lab *lab;
		void *inner;

		assert_int_equal(lab_setup(&inner), 0);
		lab = inner;
		if (keys[i].first)
			lies_first(lab, keys[i].name, keys[i].value);
		else
			lies_then(lab, keys[i].name, keys[i].value);
		lab_until(lab, lab_is_online, keys[i].name);
		assert_int_equal(lab_do(lab, PV_DISK_WRITE, 0, data,
				     PV_NO_PHYSICAL, 4096),
		    PV_OK);
		if (lab->device->stats.bad_value == 0)
			fail_msg("%s = \"%s\" was not counted", keys[i].name,
			    keys[i].value);
		assert_int_equal(lab_teardown(&inner), 0);
	}
}

static void
impossible(const char *name, const char *value)
{
	unsigned char data[512];
	struct lab *lab;
	struct lab_io io;
	void *inner;

	assert_int_equal(lab_setup(&inner), 0);
	lab = inner;
	lies_then(lab, name, value);
	lab_submit(lab, &io, PV_DISK_READ, 0, data, PV_NO_PHYSICAL, 512);
	if (lab_wait(lab, &io) != PV_EPROTO)
		fail_msg("%s = \"%s\" was taken: size %llu", name, value,
		    (unsigned long long)lab->disk->size);
	if (lab->device->stats.bad_value == 0)
		fail_msg("%s = \"%s\" was not counted", name, value);
	broken(lab, "the host describes a disk that cannot be");
	assert_int_equal(lab_teardown(&inner), 0);
}

static void
test_31_sectors_impossible(void **state)
{
	(void)state;
	impossible("sectors", "0");
	impossible("sectors", "18446744073709551615");
	impossible("sectors", "18446744073709551616");
	impossible("sectors", "36028797018963968");
	impossible("sectors", "-5");
	impossible("sectors", "many");
}

static void
test_31_sector_size_impossible(void **state)
{
	(void)state;
	impossible("sector-size", "0");
	impossible("sector-size", "1");
	impossible("sector-size", "3");
	impossible("sector-size", "256");
	impossible("sector-size", "1536");
	impossible("sector-size", "1048576");
	impossible("sector-size", "4294967808");
}

static void
test_31_resized_to_nonsense(void **state)
{
	static const char *const sizes[] = { "0", "18446744073709551615", "-1",
		"" };
	struct lab *lab = *state;
	unsigned char data[512];

	start(lab, &plain);
	for (unsigned i = 0; i < 4; i++) {
		key(lab, "sectors", sizes[i]);
		host_blkback_state(lab->blk, 4);
		lab_run(lab, PV_SECOND);
		assert_int_equal(lab->disk->size, 4 * MIB);
		assert_true(lab->device->stats.bad_value >= i + 1);
	}
	assert_int_equal(lab_do(lab, PV_DISK_READ, 4 * MIB - 512, data,
			     PV_NO_PHYSICAL, 512),
	    PV_OK);
}

static void
test_31_features_gone_after_they_were_promised(void **state)
{
	struct lab *lab = *state;

	start(lab,
	    &(struct host_disk_config){ .flush = true,
		.discard = true,
		.indirect = 64 });
	for (unsigned i = 0; i < 3; i++) {
		host_blkback_manners(lab->blk)->fail_nth = 1;
		host_blkback_manners(lab->blk)->fail_status = -2;
		assert_int_equal(i == 0 ? lab_flush(lab)
					: lab_discard(lab, 0, 4096, 0),
		    PV_ENOTSUP);
	}
	lab_run(lab, PV_SECOND);
	assert_false(lab->disk->can_flush);
	assert_false(lab->disk->can_discard);
	assert_true(lab->disk->online);
}

/* ---- Events ----------------------------------------------------------- */

static void
test_39_events_without_work(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->storm = 20000;
	for (unsigned i = 0; i < 20; i++) {
		submit(lab, &load, PV_DISK_READ);
		assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	}
	/* it was heard less and less often */
	assert_true(lab->device->stats.spurious < 1000);
	assert_int_equal(lab->device->state, PV_DEVICE_ATTACHED);
}

static void
test_42_events_lost(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain)->never_signal = true;
	submit(lab, &load, PV_DISK_WRITE);
	assert_int_equal(ends(lab, &load, PV_OK), COUNT);
}

static void
test_42_interrupts_lost(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	start(lab, &plain);
	host_xen_manners(lab->xen)->lose_events = true;
	submit(lab, &load, PV_DISK_WRITE);
	assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	host_xen_manners(lab->xen)->drop_events = true;
	submit(lab, &load, PV_DISK_READ);
	assert_int_equal(ends(lab, &load, PV_OK), COUNT);
	host_xen_manners(lab->xen)->drop_events = false;
	host_xen_manners(lab->xen)->lose_events = false;
}

/* ---- Memory ----------------------------------------------------------- */

/* The owner is told never to use that memory again. */
static void
test_45_page_of_the_owner_stays_mapped(void **state)
{
	struct lab *lab = *state;
	unsigned char *data;
	uint64_t physical, began;
	struct lab_io io;

	start(lab, &plain);
	data = lab_pages(lab, 1, &physical);
	host_xen_manners(lab->xen)->hold_grants = true;
	began = sim_now(lab->world->sim);
	lab_submit(lab, &io, PV_DISK_READ, 0, data, physical, 4096);
	assert_int_equal(lab_wait(lab, &io), PV_EBUSY);
	assert_true(sim_now(lab->world->sim) - began >= PV_SECOND);
	assert_true(sim_now(lab->world->sim) - began < 3 * PV_SECOND);
	lab_run(lab, 0);
	assert_int_equal(lab->device->stats.held, 1);
	broken(lab, NOT_LET_GO);
	/* for the end of the test */
	host_xen_manners(lab->xen)->hold_grants = false;
	host_xen_release_grants(lab->xen);
}

static void
test_45_page_stays_mapped_for_a_while(void **state)
{
	struct lab *lab = *state;
	unsigned char *data, expected[4096];
	uint64_t physical;
	struct lab_io io;

	start(lab, &plain);
	lab_pattern(host_blkback_bytes(lab->blk), 4096, 0);
	lab_pattern(expected, 4096, 0);
	data = lab_pages(lab, 1, &physical);
	host_xen_manners(lab->xen)->hold_grants = true;
	lab_submit(lab, &io, PV_DISK_READ, 0, data, physical, 4096);
	lab_run(lab, PV_SECOND / 2);
	assert_int_equal(io.done, 0);
	host_xen_manners(lab->xen)->hold_grants = false;
	host_xen_release_grants(lab->xen);
	assert_int_equal(lab_wait(lab, &io), PV_OK);
	assert_memory_equal(data, expected, 4096);
	assert_int_equal(lab->device->stats.held, 0);
}

/* A page of ours: the request need not wait for it. */
static void
test_45_page_of_ours_stays_mapped(void **state)
{
	struct lab *lab = *state;
	unsigned char data[4096];

	start(lab, &plain);
	host_xen_manners(lab->xen)->hold_grants = true;
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
			     4096),
	    PV_OK);
	host_xen_manners(lab->xen)->hold_grants = false;
	host_xen_release_grants(lab->xen);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab->device->stats.held, 0);
}

/* All pages to copy through are gone: then there is no memory for a request,
 * and nothing hangs. */
static void
test_45_all_pages_of_ours_stay_mapped(void **state)
{
	struct lab *lab = *state;
	unsigned char *data = malloc(MIB);
	int error = PV_OK;

	start(lab, &plain);
	host_xen_manners(lab->xen)->hold_grants = true;
	for (unsigned i = 0; i < 40 && error == PV_OK; i++)
		error = lab_do(lab, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
		    4096);
	assert_int_equal(error, PV_ENOMEM);
	host_xen_manners(lab->xen)->hold_grants = false;
	host_xen_release_grants(lab->xen);
	lab_run(lab, PV_SECOND);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
			     MIB),
	    PV_OK);
	free(data);
}

static void
test_45_ring_stays_mapped_for_ever(void **state)
{
	struct lab *lab = *state;
	unsigned char data[512];

	start(lab, &(struct host_disk_config){ .max_ring_order = 1 })
	    ->keep_grants = true;
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA,
		.size = MIB,
		.max_ring_order = 1 });
	host_blkback_manners(lab->blk)->keep_grants = false;
	lab_run(lab, PV_SECOND);
	assert_true(lab->disk->online);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, PV_NO_PHYSICAL,
			     512),
	    PV_OK);
	/* those of the first connection are never used again */
	lab->mapped = 2;
	world_expect_leaked_pages(lab->world, 2);
}

/* ---- Every call can fail ---------------------------------------------- */

static struct pv_device *
find(struct lab *lab, const char *name)
{
	const struct pv_device *device = pv_bus_devices(lab->world->bus);

	while (device != NULL && strcmp(device->name, name) != 0)
		device = device->next;
	return (struct pv_device *)(uintptr_t)device;
}

/* True: nothing failed, for it was called less often. */
static bool
life(unsigned nth, bool memory, const struct host_disk_config *config)
{
	struct host_xen_manners *manners;
	unsigned char data[8192];
	struct lab *lab;
	void *state;
	bool none;

	assert_int_equal(lab_setup(&state), 0);
	lab = state;
	lab_machine(lab, NULL);
	lab_disk(lab, config);
	manners = host_xen_manners(lab->xen);
	if (memory)
		sim_machine_fail_alloc(lab->world->machine, nth);
	else {
		manners->fail_nth = nth;
		manners->fail_with = -12;
	}
	if (lab_attach_bus(lab) == PV_OK) {
		lab_run(lab, 5 * PV_SECOND);
		lab->device = find(lab, "xbf0");
		if (lab->device != NULL &&
		    lab->device->state == PV_DEVICE_ATTACHED) {
			lab->disk = lab->device->disk;
			if (lab->disk->online)
				lab_do(lab, PV_DISK_READ, 0, data,
				    PV_NO_PHYSICAL, 8192);
			host_blkback_restart(lab->blk,
			    &(struct host_disk_config){ .device = XVDA,
				.size = MIB });
			lab_run(lab, 5 * PV_SECOND);
		}
	}
	none = memory ? nth > 4000 : manners->fail_nth > 0;
	manners->fail_nth = 0;
	sim_machine_fail_alloc(lab->world->machine, 0);
	if (lab->world->bus == NULL)
		none = false;
	if (lab_teardown(&state) != 0)
		fail_msg("something was lost when call %u failed", nth);
	return none;
}

static void
test_50_each_hypercall_fails(void **state)
{
	unsigned nth = 1;

	(void)state;
	while (!life(nth, false,
	    &(struct host_disk_config){ .max_ring_order = 1, .indirect = 32 }))
		nth++;
	assert_true(nth > 10);
}

static void
test_50_each_allocation_fails(void **state)
{
	(void)state;
	for (unsigned nth = 1; nth < 250; nth++)
		life(nth, true,
		    &(struct host_disk_config){ .max_ring_order = 1,
			.indirect = 32 });
}

static void
test_50_grant_table_is_full(void **state)
{
	struct lab *lab = *state;
	unsigned char data[8192];

	lab_machine(lab,
	    &(struct host_xen_config){ .vcpus = 1,
		.domain = 7,
		.name = "guest",
		.grant_frames = 1 });
	lab_disk(lab,
	    &(struct host_disk_config){ .max_ring_order = 3,
		.persistent = true,
		.indirect = 256 });
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
	assert_int_equal(lab_do(lab, PV_DISK_WRITE, 0, data, PV_NO_PHYSICAL,
			     8192),
	    PV_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_1_producer_beyond_size),
		lab_test(test_1_producer_one_too_far),
		lab_test(test_2_producer_moves_backwards),
		lab_test(test_4_own_indices_rewritten),
		lab_test(test_10_id_out_of_range),
		lab_test(test_10_id_far_out_of_range),
		lab_test(test_11_id_never_issued),
		lab_test(test_12_id_completed_twice),
		lab_test(test_13_id_of_another_queue),
		lab_test(test_14_id_of_a_request_before_the_restart),
		lab_test(test_15_operation_of_another_request),
		lab_test(test_16_stale_id_after_reuse),
		lab_test(test_17_id_zero),
		lab_test(test_17_id_all_ones),
		lab_test(test_23_status_unknown),
		lab_test(test_29_answer_never_comes),
		lab_test(test_29_no_answer_to_anything),
		cmocka_unit_test(test_31_nonsense_that_is_left_out),
		cmocka_unit_test(test_31_sectors_impossible),
		cmocka_unit_test(test_31_sector_size_impossible),
		lab_test(test_31_resized_to_nonsense),
		lab_test(test_31_features_gone_after_they_were_promised),
		lab_test(test_39_events_without_work),
		lab_test(test_42_events_lost),
		lab_test(test_42_interrupts_lost),
		lab_test(test_45_page_of_the_owner_stays_mapped),
		lab_test(test_45_page_stays_mapped_for_a_while),
		lab_test(test_45_page_of_ours_stays_mapped),
		lab_test(test_45_all_pages_of_ours_stay_mapped),
		lab_test(test_45_ring_stays_mapped_for_ever),
		cmocka_unit_test(test_50_each_hypercall_fails),
		cmocka_unit_test(test_50_each_allocation_fails),
		lab_test(test_50_grant_table_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
