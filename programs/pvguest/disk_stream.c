/* SPDX-License-Identifier: ISC */
/* fill, check: a whole disk with a pattern, and whether it is there; mix: the
 * same in requests of all sizes and shapes at random places. */
#include "programs/pvguest/disk.h"
#include "programs/pvguest/pattern.h"

#define STREAM_SLOTS 8u
#define MIX_MOST (64u * 1024)

struct stream {
	const char *name;
	uint64_t seed, at, end; /* in sectors */
	unsigned busy;
	int error; /* of the device */
	bool different;
	/* mix */
	uint64_t random, left;
	uint32_t step; /* sectors that every offset is a multiple of */
};

static void
differs(struct stream *stream, uint64_t sector, const char *memory,
    size_t offset, unsigned word)
{
	uint64_t got;

	memcpy(&got, memory + offset * 512 + word * 8, sizeof(got));
	fail(STATUS_FAILED,
	    "disk: %s sector %lu word %u: expected %016lx, got %016lx",
	    stream->name, sector, word,
	    pattern_word(stream->seed, sector, word), got);
	stream->different = true;
}

/* Take back what is done; what was read is looked at. */
static void
collect(struct stream *stream, struct disk_slot *slot)
{
	uint64_t sector = slot->sector;
	unsigned word;

	slot->busy = false;
	stream->busy--;
	if (slot->io.error != PV_OK) {
		stream->error = slot->io.error;
		return;
	}
	if (slot->io.op == PV_DISK_READ && !stream->different &&
	    !pattern_check(stream->seed, &sector, slot->segment[0].data,
		slot->sectors, &word))
		differs(stream, sector, slot->segment[0].data,
		    sector - slot->sector, word);
}

/* The segments lie one behind the other in memory, so that it can be filled and
 * checked as one; but they begin and end anywhere. */
static void
cut(struct stream *stream, struct disk_slot *slot)
{
	size_t left = slot->sectors * 512;
	char *at = slot->memory + 8 * (pattern_random(&stream->random) % 512);
	unsigned n = 0;

	while (left > 0) {
		size_t len = 1 + pattern_random(&stream->random) % 12000;

		if (len > left || n == DISK_PIECES - 1)
			len = left;
		slot->segment[n++] = (struct pv_segment){ at,
			pattern_random(&stream->random) % 4 == 0
			    ? PV_NO_PHYSICAL
			    : (uintptr_t)at,
			len };
		at += len;
		left -= len;
	}
	slot->io.count = n;
}

static bool
next_mixed(struct stream *stream, struct disk_slot *slot)
{
	uint64_t range = stream->end / stream->step, sector, sectors;
	bool writing = pattern_random(&stream->random) % 2 == 0;

	if (stream->left == 0 || range == 0)
		return false;
	stream->left--;
	sector = pattern_random(&stream->random) % range;
	sectors = 1 +
	    pattern_random(&stream->random) % (MIX_MOST / 512 / stream->step);
	if (sectors > range - sector)
		sectors = range - sector;
	disk_request(slot, writing ? PV_DISK_WRITE : PV_DISK_READ,
	    sector * stream->step, sectors * stream->step);
	cut(stream, slot);
	if (writing)
		pattern_fill(stream->seed, slot->sector, slot->segment[0].data,
		    slot->sectors);
	return true;
}

static bool
next_in_order(struct stream *stream, struct disk_slot *slot, bool filling)
{
	uint64_t count = stream->end - stream->at;

	if (count == 0)
		return false;
	if (count > DISK_CHUNK / 512)
		count = DISK_CHUNK / 512;
	disk_request(slot, filling ? PV_DISK_WRITE : PV_DISK_READ, stream->at,
	    count);
	if (filling)
		pattern_fill(stream->seed, stream->at, slot->memory, count);
	stream->at += count;
	return true;
}

enum how {
	FILL,
	CHECK,
	MIX
};

/* Returns whether there is more to do. */
static bool
submit_more(struct stream *stream, struct disk_slot *slots, enum how how)
{
	struct pv_disk *disk = disk_again(stream->name);
	bool more = true;

	if (disk == NULL)
		stream->error = PV_ENODEV;
	if (stream->error != PV_OK || stream->different)
		return false;
	for (unsigned i = 0; i < STREAM_SLOTS && more; i++) {
		if (slots[i].busy)
			continue;
		more = how == MIX
		    ? next_mixed(stream, &slots[i])
		    : next_in_order(stream, &slots[i], how == FILL);
		if (!more)
			break;
		stream->busy++;
		pv_disk_submit(disk, 0, &slots[i].io);
	}
	pv_disk_kick(disk, 0);
	return more;
}

static int
run(struct stream *stream, enum how how)
{
	static struct disk_slot slots[STREAM_SLOTS];
	bool more = true;

	if (!disk_slots(slots, STREAM_SLOTS, DISK_CHUNK))
		return fail(STATUS_FAILED, "disk: no memory");
	while (more || stream->busy > 0) {
		bool any = false;

		more = more && submit_more(stream, slots, how);
		for (unsigned i = 0; i < STREAM_SLOTS; i++) {
			if (!slots[i].busy || !slots[i].done)
				continue;
			any = true;
			collect(stream, &slots[i]);
		}
		if (stream->busy > 0 && !any)
			guest_wait(PV_NEVER);
	}
	disk_slots_free(slots, STREAM_SLOTS);
	if (stream->error != PV_OK)
		return fail(STATUS_FAILED, "disk: %s: %s", stream->name,
		    pv_error_text(stream->error));
	return stream->different ? STATUS_FAILED : STATUS_OK;
}

/* What is written stays when the power goes. */
static int
flush(const char *name)
{
	static struct disk_slot slot;
	int error;

	disk_request(&slot, PV_DISK_FLUSH, 0, 0);
	error = disk_do(name, &slot);
	return error == PV_OK ? STATUS_OK
			      : fail(STATUS_FAILED, "disk: %s flush: %s", name,
				    pv_error_text(error));
}

int
disk_stream(int argc, char **argv)
{
	const struct pv_disk *disk = disk_again(argv[1]);
	uint64_t size = disk->size / 512, count, start = bare_now();
	struct stream stream = { .name = argv[1] };
	bool filling = same(argv[2], "fill");
	int status;

	if (argc < 4 || argc > 6 || !number(argv[3], &stream.seed) ||
	    !number_at(argc, argv, 4, 0, &stream.at) || stream.at > size ||
	    !number_at(argc, argv, 5, size - stream.at, &count) ||
	    count > size - stream.at)
		return fail(STATUS_USAGE,
		    "disk: expected %s SEED [FROM [SECTORS]] within %lu "
		    "sectors",
		    argv[2], size);
	stream.end = stream.at + count;
	status = run(&stream, filling ? FILL : CHECK);
	if (status == STATUS_OK && filling)
		status = flush(argv[1]);
	if (status == STATUS_OK)
		bare_printf("disk %s %s %s: %lu sectors in %lu us\n", argv[1],
		    argv[2], argv[3], count, (bare_now() - start) / 1000);
	return status;
}

int
disk_mix(int argc, char **argv)
{
	const struct pv_disk *disk = disk_again(argv[1]);
	uint64_t start = bare_now(), count;
	struct stream stream = { .name = argv[1],
		.end = disk->size / 512,
		.step = disk->sector_size / 512 };
	int status;

	if (argc != 5 || !number(argv[3], &stream.seed) ||
	    !number(argv[4], &stream.left))
		return fail(STATUS_USAGE, "disk: expected mix SEED COUNT");
	stream.random = stream.seed;
	count = stream.left;
	status = run(&stream, MIX);
	if (status == STATUS_OK)
		bare_printf("disk %s mix %s: %lu requests in %lu us\n", argv[1],
		    argv[3], count, (bare_now() - start) / 1000);
	return status;
}
