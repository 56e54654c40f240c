/* SPDX-License-Identifier: ISC */
/* xbf while the other end comes, goes and comes back. */
#include <stdio.h>

#include "tests/support/disk.h"

#define UNDER_WAY 24

/* Requests that the host has not answered when something happens. */
struct load {
	struct lab_io io[UNDER_WAY];
	unsigned char *data, *expected;
	uint64_t physical;
};

#define PIECE (20 * KIB)

/* Writes at even places, reads at odd ones. */
static void
begin(struct lab *lab, struct load *load)
{
	load->data = lab_pages(lab, UNDER_WAY * 5, &load->physical);
	load->expected = malloc(UNDER_WAY * PIECE);
	lab_pattern(host_blkback_bytes(lab->blk), 4 * MIB, 0);
	lab_pattern(load->expected, UNDER_WAY * PIECE, 77777);
	memcpy(load->data, load->expected, UNDER_WAY * PIECE);
	host_blkback_manners(lab->blk)->stop = true;
	for (unsigned i = 0; i < UNDER_WAY; i++)
		lab_submit(lab, &load->io[i],
		    i % 2 == 0 ? PV_DISK_WRITE : PV_DISK_READ, i * PIECE,
		    load->data + i * PIECE, load->physical + i * PIECE, PIECE);
	for (unsigned i = 0; i < UNDER_WAY; i++)
		assert_int_equal(load->io[i].done, 0);
}

static void
end(struct lab *lab, struct load *load, int error)
{
	unsigned char pattern[PIECE];

	host_blkback_manners(lab->blk)->stop = false;
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		assert_int_equal(lab_wait(lab, &load->io[i]), error);
		if (error != PV_OK)
			continue;
		lab_pattern(pattern, PIECE, i * PIECE);
		if (i % 2 == 0)
			assert_memory_equal(host_blkback_bytes(lab->blk) +
				i * PIECE,
			    load->expected + i * PIECE, PIECE);
		else
			assert_memory_equal(load->data + i * PIECE, pattern,
			    PIECE);
	}
	free(load->expected);
}

static bool
restarted(struct lab *lab)
{
	return lab->disk->online && host_blkback_counts(lab->blk)->queues > 0 &&
	    host_blkback_counts(lab->blk)->restarts > 0;
}

/* What is under way when the back end goes is done by the one that comes. */
static void
restart(struct lab *lab, const struct host_disk_config *first,
    const struct host_disk_config *second)
{
	struct host_disk_config config = *second;
	static struct load load;

	lab_start(lab, first);
	begin(lab, &load);
	config.device = XVDA;
	config.size = 4 * MIB;
	host_blkback_restart(lab->blk, &config);
	host_blkback_manners(lab->blk)->stop = false;
	lab_until(lab, restarted, "online again");
	end(lab, &load, PV_OK);
	lab_run(lab, PV_SECOND);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

static const struct host_disk_config plain = { 0 };
static const struct host_disk_config rich = { .max_ring_order = 3,
	.indirect = 64,
	.persistent = true,
	.flush = true,
	.discard = true };

static void
test_restart(void **state)
{
	restart(*state, &plain, &plain);
}

static void
test_restart_with_persistent_grants(void **state)
{
	restart(*state, &rich, &rich);
}

static void
test_restart_with_more(void **state)
{
	struct lab *lab = *state;

	restart(lab, &plain, &rich);
	assert_true(lab->disk->can_flush);
	assert_int_equal(lab->disk->depth, 256);
	assert_int_equal(host_blkback_counts(lab->blk)->ring_pages, 8);
}

static void
test_restart_with_less(void **state)
{
	struct lab *lab = *state;

	restart(lab, &rich, &plain);
	assert_false(lab->disk->can_flush);
	assert_false(lab->disk->can_discard);
	assert_int_equal(lab->disk->depth, 32);
	assert_int_equal(host_blkback_counts(lab->blk)->ring_pages, 1);
}

static void
test_restart_again_and_again(void **state)
{
	struct lab *lab = *state;
	struct host_disk_config config = rich;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	config.device = XVDA;
	config.size = 4 * MIB;
	for (unsigned i = 0; i < 20; i++) {
		config.persistent = i & 1;
		config.max_ring_order = i % 4;
		host_blkback_restart(lab->blk, &config);
		lab_run(lab, i * 700 * 1000ull);
	}
	host_blkback_manners(lab->blk)->stop = false;
	end(lab, &load, PV_OK);
}

static void
test_smaller_disk_after_a_restart(void **state)
{
	struct lab *lab = *state;
	struct lab_io io;
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &plain);
	data = lab_pages(lab, 1, &physical);
	host_blkback_manners(lab->blk)->stop = true;
	lab_submit(lab, &io, PV_DISK_READ, 3 * MIB, data, physical, 4096);
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA, .size = MIB });
	host_blkback_manners(lab->blk)->stop = false;
	assert_int_equal(lab_wait(lab, &io), PV_EINVAL);
	assert_int_equal(lab->disk->size, MIB);
}

static const struct host_xen_config four_cpus = { .vcpus = 4,
	.domain = 7,
	.name = "guest" };

static void
test_fewer_queues_after_a_restart(void **state)
{
	struct lab *lab = *state;
	struct pv_segment segment;
	struct pv_io io = { .op = PV_DISK_READ,
		.segments = &segment,
		.count = 1 };

	lab_machine(lab, &four_cpus);
	lab_disk(lab, &(struct host_disk_config){ .max_queues = 4 });
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
	assert_int_equal(lab->disk->queues, 4);
	segment.data = lab_pages(lab, 1, &segment.physical);
	segment.len = 4096;
	assert_int_equal(lab_request(lab, 3, &io), PV_OK);
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA,
		.size = MIB,
		.max_queues = 1 });
	lab_run(lab, PV_MILLISECOND / 2);
	/* to a queue that there will not be any more */
	assert_int_equal(lab_request(lab, 3, &io), PV_OK);
	assert_int_equal(lab->disk->queues, 1);
	assert_int_equal(lab_request(lab, 2, &io), PV_OK);
}

/* ---- Closing ---------------------------------------------------------- */

static void
test_closing_lets_requests_finish(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	host_blkback_state(lab->blk, 5);
	lab_until(lab, lab_is_offline, "offline");
	assert_int_equal(load.io[0].done, 0);
	end(lab, &load, PV_OK);
}

static void
test_removed_politely(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	host_blkback_manners(lab->blk)->stop = false;
	host_blkback_remove(lab->blk, true);
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		int error = lab_wait(lab, &load.io[i]);

		assert_true(error == PV_OK || error == PV_ENODEV);
	}
	free(load.expected);
	lab_run(lab, 20 * PV_SECOND);
	world_has_line(lab->world, "xen0: xbf0 detached from device/vbd/51712");
	for (const struct pv_device *device = pv_bus_devices(lab->world->bus);
	     device != NULL; device = device->next)
		assert_string_not_equal(device->name, "xbf0");
}

static void
test_torn_out(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	host_blkback_remove(lab->blk, false);
	lab_run(lab, 20 * PV_SECOND);
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		assert_int_equal(load.io[i].done, 1);
		assert_int_equal(load.io[i].io.error, PV_ENODEV);
	}
	free(load.expected);
}

static void
test_torn_out_and_plugged_in(void **state)
{
	struct lab *lab = *state;
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &plain);
	host_blkback_remove(lab->blk, false);
	lab_run(lab, PV_SECOND);
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA, .size = 2 * MIB });
	lab_run(lab, PV_SECOND);
	lab->device = (struct pv_device *)(uintptr_t)world_device(lab->world,
	    "xbf0");
	lab->disk = lab->device->disk;
	lab_until(lab, lab_is_online, "online");
	data = lab_pages(lab, 1, &physical);
	assert_int_equal(lab_do(lab, PV_DISK_READ, 0, data, physical, 4096),
	    PV_OK);
	assert_int_equal(lab->disk->size, 2 * MIB);
}

static unsigned told_gone;

static void
gone(struct pv_disk *disk, void *owner)
{
	(void)owner;
	if (disk->gone)
		told_gone++;
}

static void
test_owner_is_told_before_it_goes(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &plain);
	told_gone = 0;
	lab->disk->changed = gone;
	host_blkback_remove(lab->blk, false);
	lab_run(lab, PV_SECOND);
	assert_int_equal(told_gone, 1);
}

/* ---- Any state at any time -------------------------------------------- */

static void
test_state_that_is_none(void **state)
{
	static const unsigned states[] = { 9, 100, 4294967295u, 7, 8 };
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	for (unsigned i = 0; i < 5; i++) {
		host_blkback_state(lab->blk, states[i]);
		lab_run(lab, PV_MILLISECOND);
		assert_true(lab->disk->online);
	}
	assert_int_equal(lab->device->stats.bad_state, 5);
	end(lab, &load, PV_OK);
}

static void
test_connected_twice(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	for (unsigned i = 0; i < 10; i++) {
		host_blkback_state(lab->blk, 4);
		lab_run(lab, i * 10000);
	}
	assert_true(lab->disk->online);
	end(lab, &load, PV_OK);
}

/* The host writes any states in any order; then the device still works, or it
 * is defined why not, and all is given back. */
static void
test_states_at_random(void **state)
{
	struct lab *lab = *state;
	struct sim *sim = lab->world->sim;
	static struct load load;

	lab_start(lab, &rich);
	begin(lab, &load);
	for (unsigned i = 0; i < 200; i++) {
		host_blkback_state(lab->blk, 1 + (unsigned)sim_random(sim, 10));
		lab_run(lab, sim_random(sim, 3 * PV_MILLISECOND));
	}
	host_blkback_manners(lab->blk)->stop = false;
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA, .size = 4 * MIB });
	lab_run(lab, 100 * PV_SECOND);
	if (lab->device->state == PV_DEVICE_BROKEN) {
		end(lab, &load, PV_EPROTO);
		return;
	}
	assert_true(lab->disk->online);
	end(lab, &load, PV_OK);
}

/* ---- An earlier driver of this guest ---------------------------------- */

static void
left_behind(struct lab *lab, const char *front, unsigned back)
{
	struct host_xenstore *store;

	lab_machine(lab, NULL);
	lab_disk(lab, &plain);
	sim_advance(lab->world->sim, sim_now(lab->world->sim) + PV_SECOND);
	store = host_xen_store(lab->xen);
	host_blkback_state(lab->blk, back);
	assert_true(host_xenstore_write(store,
	    "/local/domain/7/device/vbd/51712/state", front, 1));
	sim_advance(lab->world->sim, sim_now(lab->world->sim) + PV_SECOND);
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
}

static void
test_firmware_has_closed(void **state)
{
	left_behind(*state, "6", 6);
}

static void
test_firmware_is_still_connected(void **state)
{
	left_behind(*state, "4", 4);
}

static void
test_firmware_is_closing(void **state)
{
	left_behind(*state, "5", 5);
}

static void
test_back_end_that_waits_as_initialised(void **state)
{
	left_behind(*state, "1", 3);
}

/* Connected, closing, and connected all the same. */
static void
test_host_changes_its_mind_about_closing(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	host_blkback_state(lab->blk, 5);
	lab_until(lab, lab_is_offline, "offline");
	host_blkback_state(lab->blk, 4);
	lab_until(lab, lab_is_online, "online again");
	end(lab, &load, PV_OK);
}

/* ---- Saved and restored ----------------------------------------------- */

static void
save(struct lab *lab, int error)
{
	assert_int_equal(pv_bus_suspend(lab->world->bus), error);
}

static void
saved(struct lab *lab, const struct host_disk_config *config)
{
	static struct load load;

	lab_start(lab, config);
	begin(lab, &load);
	save(lab, PV_OK);
	host_blkback_manners(lab->blk)->stop = false;
	end(lab, &load, PV_OK);
	assert_true(lab->disk->online);
	assert_int_equal(host_xen_counts(lab->xen)->suspends, 1);
	assert_int_equal(host_blkback_counts(lab->blk)->refused, 0);
}

static void
test_saved(void **state)
{
	saved(*state, &plain);
}

static void
test_saved_with_persistent_grants(void **state)
{
	saved(*state, &rich);
}

static void
test_saved_and_restored_as_another_domain(void **state)
{
	struct lab *lab = *state;

	lab_machine(lab, NULL);
	lab_disk(lab, &rich);
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
	host_xen_resume_as(lab->xen, 42);
	save(lab, PV_OK);
	lab_run(lab, 2 * PV_SECOND);
	assert_true(lab->disk->online);
	assert_int_equal(lab_flush(lab), PV_OK);
	assert_int_equal(host_blkback_counts(lab->blk)->flushes, 1);
}

static void
test_saved_and_thought_better_of_it(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	host_xen_manners(lab->xen)->suspend_cancelled = true;
	save(lab, PV_EINTR);
	assert_true(lab->disk->online);
	end(lab, &load, PV_OK);
}

static void
test_saved_many_times(void **state)
{
	struct lab *lab = *state;

	lab_start(lab, &rich);
	for (unsigned i = 0; i < 30; i++) {
		static struct load load;

		begin(lab, &load);
		lab_run(lab, sim_random(lab->world->sim, PV_MILLISECOND));
		save(lab, PV_OK);
		lab_run(lab, sim_random(lab->world->sim, PV_MILLISECOND));
		end(lab, &load, PV_OK);
	}
}

/* Saved while the back end restarts, at any moment of it. */
static void
test_saved_at_any_moment_of_connecting(void **state)
{
	struct lab *lab = *state;
	struct host_disk_config config = rich;

	config.device = XVDA;
	config.size = 4 * MIB;
	lab_start(lab, &rich);
	for (unsigned i = 0; i < 60; i++) {
		static struct load load;

		begin(lab, &load);
		host_blkback_restart(lab->blk, &config);
		lab_run(lab, i * 50000);
		save(lab, PV_OK);
		end(lab, &load, PV_OK);
	}
}

/* ---- Detached by its owner -------------------------------------------- */

static void
test_detached_with_requests_under_way(void **state)
{
	struct lab *lab = *state;
	static struct load load;

	lab_start(lab, &plain);
	begin(lab, &load);
	pv_bus_detach(lab->world->bus);
	lab->world->bus = NULL;
	for (unsigned i = 0; i < UNDER_WAY; i++) {
		assert_int_equal(load.io[i].done, 1);
		assert_int_equal(load.io[i].io.error, PV_EINTR);
	}
	free(load.expected);
}

static void
test_detached_before_it_is_connected(void **state)
{
	struct lab *lab = *state;

	lab_machine(lab, NULL);
	lab_disk(lab, &rich);
	host_blkback_state(lab->blk, 1);
	lab_attach(lab);
}

static void
test_requests_wait_until_it_is_online(void **state)
{
	struct lab *lab = *state;
	struct lab_io io;
	unsigned char *data;
	uint64_t physical;

	lab_start(lab, &plain);
	data = lab_pages(lab, 1, &physical);
	host_blkback_restart(lab->blk,
	    &(struct host_disk_config){ .device = XVDA, .size = 4 * MIB });
	lab_until(lab, lab_is_offline, "offline");
	lab_submit(lab, &io, PV_DISK_READ, 0, data, physical, 4096);
	assert_int_equal(io.done, 0);
	assert_int_equal(lab_wait(lab, &io), PV_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(test_restart),
		lab_test(test_restart_with_persistent_grants),
		lab_test(test_restart_with_more),
		lab_test(test_restart_with_less),
		lab_test(test_restart_again_and_again),
		lab_test(test_smaller_disk_after_a_restart),
		lab_test(test_fewer_queues_after_a_restart),
		lab_test(test_closing_lets_requests_finish),
		lab_test(test_removed_politely),
		lab_test(test_torn_out),
		lab_test(test_torn_out_and_plugged_in),
		lab_test(test_owner_is_told_before_it_goes),
		lab_test(test_state_that_is_none),
		lab_test(test_connected_twice),
		lab_test(test_states_at_random),
		lab_test(test_firmware_has_closed),
		lab_test(test_firmware_is_still_connected),
		lab_test(test_firmware_is_closing),
		lab_test(test_back_end_that_waits_as_initialised),
		lab_test(test_host_changes_its_mind_about_closing),
		lab_test(test_saved),
		lab_test(test_saved_with_persistent_grants),
		lab_test(test_saved_and_restored_as_another_domain),
		lab_test(test_saved_and_thought_better_of_it),
		lab_test(test_saved_many_times),
		lab_test(test_saved_at_any_moment_of_connecting),
		lab_test(test_detached_with_requests_under_way),
		lab_test(test_detached_before_it_is_connected),
		lab_test(test_requests_wait_until_it_is_online),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
