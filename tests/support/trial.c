/* SPDX-License-Identifier: ISC */
#include "tests/support/trial.h"

#define AREAS 16 /* of the disk, with one request in each at a time */
#define AREA (TRIAL_SIZE / AREAS)
#define SEGMENTS 24
#define MEMORY (AREA + SEGMENTS * 4096)

struct trial_area {
	struct trial *trial;
	unsigned number;
	struct pv_io io;
	struct pv_segment segments[SEGMENTS];
	unsigned char *memory, *wanted;
	uint64_t physical;
	size_t length;
	bool busy;
};

uint64_t
trial_dice(struct trial *trial, uint64_t limit)
{
	return sim_random(trial->lab->world->sim, limit);
}

/* Segments of any length and place, some of them without an address. */
static void
shape(struct trial_area *area)
{
	struct trial *trial = area->trial;
	size_t at = 0, left = area->length;
	unsigned count = 0, style = (unsigned)trial_dice(trial, 4);

	while (left > 0) {
		struct pv_segment *segment = &area->segments[count++];
		size_t len = (size_t)trial_dice(trial, left) + 1;

		if (style < 2)
			len = (len + 511) / 512 * 512;
		if (len > left || count == SEGMENTS)
			len = left;
		if (style != 0)
			at += trial_dice(trial, 4096) &
			    (style == 1 ? 3584u : 4095u);
		if (at + left > MEMORY)
			at = MEMORY - left;
		*segment = (struct pv_segment){ area->memory + at,
			trial_dice(trial, 16) == 0 ? PV_NO_PHYSICAL
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
gather(struct trial_area *area, unsigned char *bytes, bool to_segments)
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
submit(struct trial_area *area)
{
	area->io.done = done;
	area->io.owner = area;
	area->busy = true;
	pv_disk_submit(area->trial->lab->disk,
	    area->number % area->trial->queues, &area->io);
}

static void
begin(struct trial_area *area)
{
	struct trial *trial = area->trial;
	uint32_t sector = trial->lab->disk->sector_size;
	uint64_t first = trial_dice(trial, AREA / sector);

	area->length = sector *
	    (size_t)(1 + trial_dice(trial, AREA / sector - first));
	if (trial_dice(trial, 4) > 0 && area->length > 16384)
		area->length = 16384;
	memset(&area->io, 0, sizeof(area->io));
	area->io.offset = (uint64_t)area->number * AREA + first * sector;
	area->io.op = trial_dice(trial, 2) == 0 ? PV_DISK_READ : PV_DISK_WRITE;
	if (trial->lab->disk->can_discard && trial_dice(trial, 20) == 0) {
		area->io.op = PV_DISK_DISCARD;
		area->io.length = area->length;
		memset(trial->disk + area->io.offset, 0, area->length);
	} else if (trial_dice(trial, 20) == 0) {
		area->io.op = PV_DISK_FLUSH;
	} else {
		shape(area);
		for (size_t i = 0; i < area->length; i++)
			area->wanted[i] = (unsigned char)trial_dice(trial, 256);
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
	struct trial_area *area = io->owner;
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

struct trial *
trial_new(struct lab *lab, uint8_t *host)
{
	struct trial *trial = calloc(1, sizeof(*trial));

	trial->lab = lab;
	trial->areas = calloc(AREAS, sizeof(*trial->areas));
	trial->queues = lab->disk->queues;
	trial->disk = malloc(TRIAL_SIZE);
	lab_pattern(trial->disk, TRIAL_SIZE, 0);
	trial->host = host;
	memcpy(host, trial->disk, TRIAL_SIZE);
	for (unsigned i = 0; i < AREAS; i++) {
		struct trial_area *area = &trial->areas[i];

		area->trial = trial;
		area->number = i;
		area->wanted = malloc(AREA);
		area->memory = lab_pages(lab, MEMORY / 4096, &area->physical);
	}
	return trial;
}

void
trial_end(struct trial *trial)
{
	assert_memory_equal(trial->host, trial->disk, TRIAL_SIZE);
	assert_int_equal(trial->lab->device->state, PV_DEVICE_ATTACHED);
	for (unsigned i = 0; i < AREAS; i++)
		free(trial->areas[i].wanted);
	free(trial->areas);
	free(trial->disk);
	free(trial);
}

static void
kick(struct trial *trial)
{
	for (unsigned i = 0; i < trial->lab->disk->queues; i++)
		pv_disk_kick(trial->lab->disk, i);
}

void
trial_run(struct trial *trial, unsigned count, void (*event)(struct trial *))
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
		lab_run(trial->lab, 1 + trial_dice(trial, 200000));
		kick(trial);
		if (event != NULL && trial_dice(trial, 10) == 0)
			event(trial);
	}
}
