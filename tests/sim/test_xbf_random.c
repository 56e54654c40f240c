/* SPDX-License-Identifier: ISC */
/*
 * A whole disk, written and read in pieces of any shape, with many under way
 * and answered in any order; then compared byte for byte.
 */
#include <stdio.h>

#include "tests/support/disk.h"

#define SIZE (4 * MIB)
#define AREAS 16 /* of the disk, with one request in each at a time */
#define AREA (SIZE / AREAS)
#define SEGMENTS 24
#define MEMORY (AREA + SEGMENTS * 4096)

struct area {
	struct trial *trial;
	unsigned number;
	struct pv_io io;
	struct pv_segment segments[SEGMENTS];
	unsigned char *memory, *wanted;
	uint64_t physical;
	size_t length;
	bool busy;
};

struct trial {
	struct lab *lab;
	struct area areas[AREAS];
	unsigned char *disk; /* as it has to be */
	unsigned left, errors, queues;
	bool retried; /* errors are expected, and each is done again */
};

static uint64_t
dice(struct trial *trial, uint64_t limit)
{
	return sim_random(trial->lab->world->sim, limit);
}

/* Segments of any length and place, some of them without an address. */
static void
shape(struct area *area)
{
	struct trial *trial = area->trial;
	size_t at = 0, left = area->length;
	unsigned count = 0, style = (unsigned)dice(trial, 4);

	while (left > 0) {
		struct pv_segment *segment = &area->segments[count++];
		size_t len = (size_t)dice(trial, left) + 1;

		if (style < 2)
			len = (len + 511) / 512 * 512;
		if (len > left || count == SEGMENTS)
			len = left;
		if (style != 0)
			at += dice(trial, 4096) & (style == 1 ? 3584u : 4095u);
		if (at + left > MEMORY)
			at = MEMORY - left;
		*segment = (struct pv_segment){ area->memory + at,
			dice(trial, 16) == 0 ? PV_NO_PHYSICAL
					     : area->physical + at,
			len };
		at += len;
		left -= len;
	}
	area->io.segments = area->segments;
	area->io.count = count;
}

/* Between the segments' memory and one piece. */
static void
gather(struct area *area, unsigned char *bytes, bool to_segments)
{
	for (unsigned i = 0; i < area->io.count; i++) {
		struct pv_segment *segment = &area->segments[i];

		if (to_segments)
			memcpy(segment->data, bytes, segment->len);
		else
			memcpy(bytes, segment->data, segment->len);
		bytes += segment->len;
	}
}

static void done(struct pv_io *);

static void
submit(struct area *area)
{
	area->io.done = done;
	area->io.owner = area;
	area->busy = true;
	pv_disk_submit(area->trial->lab->disk,
	    area->number % area->trial->queues, &area->io);
}

static void
begin(struct area *area)
{
	struct trial *trial = area->trial;
	uint32_t sector = trial->lab->disk->sector_size;
	uint64_t first = dice(trial, AREA / sector);

	area->length = sector *
	    (size_t)(1 + dice(trial, AREA / sector - first));
	if (dice(trial, 4) > 0 && area->length > 16384)
		area->length = 16384;
	memset(&area->io, 0, sizeof(area->io));
	area->io.offset = (uint64_t)area->number * AREA + first * sector;
	area->io.op = dice(trial, 2) == 0 ? PV_DISK_READ : PV_DISK_WRITE;
	if (trial->lab->disk->can_discard && dice(trial, 20) == 0) {
		area->io.op = PV_DISK_DISCARD;
		area->io.length = area->length;
		memset(trial->disk + area->io.offset, 0, area->length);
	} else if (dice(trial, 20) == 0) {
		area->io.op = PV_DISK_FLUSH;
	} else {
		shape(area);
		for (size_t i = 0; i < area->length; i++)
			area->wanted[i] = (unsigned char)dice(trial, 256);
		gather(area, area->wanted, true);
		if (area->io.op == PV_DISK_WRITE)
			memcpy(trial->disk + area->io.offset, area->wanted,
			    area->length);
	}
	submit(area);
}

static void
done(struct pv_io *io)
{
	struct area *area = io->owner;
	struct trial *trial = area->trial;

	assert_true(area->busy);
	area->busy = false;
	if (io->error != PV_OK) {
		assert_true(trial->retried);
		assert_int_equal(io->error, PV_EIO);
		trial->errors++;
		submit(area);
		return;
	}
	if (io->op == PV_DISK_READ) {
		gather(area, area->wanted, false);
		assert_memory_equal(area->wanted, trial->disk + io->offset,
		    area->length);
	} else if (io->op == PV_DISK_WRITE) {
		/* and what was written is left as it was */
		memset(area->wanted, 0, area->length);
		gather(area, area->wanted, false);
		assert_memory_equal(area->wanted, trial->disk + io->offset,
		    area->length);
	}
	if (trial->left > 0) {
		trial->left--;
		begin(area);
	}
}

static bool
busy(const struct trial *trial)
{
	for (unsigned i = 0; i < AREAS; i++)
		if (trial->areas[i].busy)
			return true;
	return false;
}

static struct trial *
trial_new(struct lab *lab)
{
	struct trial *trial = calloc(1, sizeof(*trial));

	trial->lab = lab;
	trial->queues = lab->disk->queues;
	trial->disk = malloc(SIZE);
	lab_pattern(trial->disk, SIZE, 0);
	memcpy(host_blkback_bytes(lab->blk), trial->disk, SIZE);
	for (unsigned i = 0; i < AREAS; i++) {
		struct area *area = &trial->areas[i];

		area->trial = trial;
		area->number = i;
		area->wanted = malloc(AREA);
		area->memory = lab_pages(lab, MEMORY / 4096, &area->physical);
	}
	return trial;
}

static void
trial_end(struct trial *trial)
{
	assert_memory_equal(host_blkback_bytes(trial->lab->blk), trial->disk,
	    SIZE);
	assert_int_equal(trial->lab->device->state, PV_DEVICE_ATTACHED);
	for (unsigned i = 0; i < AREAS; i++)
		free(trial->areas[i].wanted);
	free(trial->disk);
	free(trial);
}

static void
kick(struct trial *trial)
{
	for (unsigned i = 0; i < trial->lab->disk->queues; i++)
		pv_disk_kick(trial->lab->disk, i);
}

/* `event` happens now and then while it runs. */
static void
run(struct trial *trial, unsigned count, void (*event)(struct trial *))
{
	uint64_t end = sim_now(trial->lab->world->sim) + 3600 * PV_SECOND;

	trial->left = count;
	for (unsigned i = 0; i < AREAS; i++)
		begin(&trial->areas[i]);
	kick(trial);
	while (busy(trial)) {
		if (sim_now(trial->lab->world->sim) >= end)
			fail_msg("it hangs\n%s",
			    sim_machine_log(trial->lab->world->machine));
		lab_run(trial->lab, 1 + dice(trial, 200000));
		kick(trial);
		if (event != NULL && dice(trial, 10) == 0)
			event(trial);
	}
}

static void
go(struct lab *lab, const struct host_disk_config *config)
{
	struct trial *trial;

	lab_start(lab, config);
	host_blkback_manners(lab->blk)->reorder = true;
	host_blkback_manners(lab->blk)->delay = 20000;
	trial = trial_new(lab);
	run(trial, 600, NULL);
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
	trial = trial_new(lab);
	run(trial, 600, NULL);
	trial_end(trial);
}

/* ---- With something always going wrong -------------------------------- */

static void
fail_one(struct trial *trial)
{
	host_blkback_manners(trial->lab->blk)->fail_nth = 1 +
	    (unsigned)dice(trial, 10);
}

static void
test_errors(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_start(lab, &(struct host_disk_config){ 0 });
	host_blkback_manners(lab->blk)->delay = 50000;
	trial = trial_new(lab);
	trial->retried = true;
	run(trial, 3000, fail_one);
	assert_true(trial->errors > 0);
	trial_end(trial);
}

static void
restart(struct trial *trial)
{
	host_blkback_restart(trial->lab->blk,
	    &(struct host_disk_config){ .device = XVDA,
		.size = SIZE,
		.discard = true,
		.flush = dice(trial, 2) == 0,
		.persistent = dice(trial, 2) == 0,
		.indirect = (unsigned)dice(trial, 80),
		.max_ring_order = (unsigned)dice(trial, 5) });
}

static void
test_restarts(void **state)
{
	struct lab *lab = *state;
	struct trial *trial;

	lab_start(lab, &(struct host_disk_config){ .discard = true });
	host_blkback_manners(lab->blk)->delay = 100000;
	trial = trial_new(lab);
	run(trial, 2000, restart);
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
	trial = trial_new(lab);
	run(trial, 2000, save);
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
	trial = trial_new(lab);
	run(trial, 1000, lose);
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
