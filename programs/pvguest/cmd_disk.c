/* SPDX-License-Identifier: ISC */
/* disk: the commands of one request each; the others are in files of their
 * own. */
#include "programs/pvguest/disk.h"

static int
info(const char *name)
{
	const struct pv_disk *disk = disk_find(name);

	if (disk == NULL)
		return STATUS_MISSING;
	bare_printf("%s: %lu sectors of 512 bytes, sector %u, physical %u, "
		    "%u queue%s of %u, %lu bytes a request%s%s%s%s\n",
	    name, disk->size / 512, disk->sector_size,
	    disk->physical_sector_size, disk->queues,
	    disk->queues == 1 ? "" : "s", disk->depth,
	    (unsigned long)disk->max_transfer,
	    disk->read_only ? ", read-only" : "",
	    disk->can_flush ? ", flush" : "",
	    disk->can_discard ? ", discard" : "",
	    disk->can_secure ? ", secure discard" : "");
	return STATUS_OK;
}

/* Sixteen bytes a line. */
static void
dump(const char *bytes, size_t len, uint64_t offset)
{
	for (size_t at = 0; at < len; at += 16) {
		char line[80];
		size_t used = bare_format(line, sizeof(line), "%08lx",
		    offset + at);

		for (size_t i = at; i < at + 16 && i < len; i++)
			used += bare_format(line + used, sizeof(line) - used,
			    " %02x", (unsigned char)bytes[i]);
		bare_printf("%s\n", line);
	}
}

static int
one(const char *name, const char *verb, struct disk_slot *slot)
{
	int error = disk_do(name, slot);

	if (error != PV_OK)
		return fail(STATUS_FAILED, "disk: %s %s: %s", name, verb,
		    pv_error_text(error));
	return STATUS_OK;
}

static int
read_some(const char *name, uint64_t sector, uint64_t count)
{
	struct disk_slot slot;
	int status;

	if (count == 0 || count > DISK_CHUNK / 512)
		return fail(STATUS_USAGE, "disk: expected 1 to %u sectors",
		    DISK_CHUNK / 512);
	if (!disk_slots(&slot, 1, count * 512))
		return fail(STATUS_FAILED, "disk: no memory");
	disk_request(&slot, PV_DISK_READ, sector, count);
	status = one(name, "read", &slot);
	if (status == STATUS_OK)
		dump(slot.memory, count * 512, sector * 512);
	disk_slots_free(&slot, 1);
	return status;
}

/* A sector with a text in it, for whoever looks from the other side. */
static int
write_text(const char *name, uint64_t sector, const char *text)
{
	const struct pv_disk *disk = disk_again(name);
	size_t size = disk != NULL ? disk->sector_size : 512;
	size_t len = strlen(text);
	struct disk_slot slot;
	int status;

	if (!disk_slots(&slot, 1, size))
		return fail(STATUS_FAILED, "disk: no memory");
	memcpy(slot.memory, text, len < size ? len : size);
	disk_request(&slot, PV_DISK_WRITE, sector, size / 512);
	status = one(name, "write", &slot);
	disk_slots_free(&slot, 1);
	return status;
}

static int
without_data(const char *name, enum pv_disk_op op, uint64_t sector,
    uint64_t count)
{
	static struct disk_slot slot;

	disk_request(&slot, op, sector, count);
	return one(name, op == PV_DISK_FLUSH ? "flush" : "discard", &slot);
}

static int
usage(void)
{
	return fail(STATUS_USAGE,
	    "disk: expected NAME info | read SECTOR [N] | write SECTOR TEXT | "
	    "fill SEED [FROM [N]] | check SEED [FROM [N]] | mix SEED COUNT | "
	    "flush | discard FROM N | "
	    "bench read|write SIZE DEPTH MS [cpus=N]");
}

int
cmd_disk(int argc, char **argv)
{
	uint64_t a = 0, b = 1;
	const char *verb;

	if (argc < 3)
		return usage();
	verb = argv[2];
	if (same(verb, "info"))
		return info(argv[1]);
	if (disk_find(argv[1]) == NULL)
		return STATUS_MISSING;
	if (same(verb, "fill") || same(verb, "verify") || same(verb, "check"))
		return disk_stream(argc, argv);
	if (same(verb, "mix"))
		return disk_mix(argc, argv);
	if (same(verb, "bench"))
		return disk_bench(argc, argv);
	if (same(verb, "flush"))
		return without_data(argv[1], PV_DISK_FLUSH, 0, 0);
	if (argc < 4 || !number(argv[3], &a))
		return usage();
	if (same(verb, "read") && number_at(argc, argv, 4, 1, &b))
		return read_some(argv[1], a, b);
	if (same(verb, "write") && argc == 5)
		return write_text(argv[1], a, argv[4]);
	if (same(verb, "discard") && argc == 5 && number(argv[4], &b))
		return without_data(argv[1], PV_DISK_DISCARD, a, b);
	return usage();
}
