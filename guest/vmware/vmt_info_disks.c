/* SPDX-License-Identifier: ISC */
/* File systems: as JSON, and packed for hosts that do not know that. */
#include "guest/bus/libc.h"
#include "guest/vmware/vmt_info.h"
#include "wire/vmware/guestrpc.h"

/* Of the platform; a host takes 255 of the packed form. */
#define FILESYSTEMS_MAX DISKINFO_V0_MAX

/* The index-th, its texts terminated: 1, or 0 past the last, -1: not known. */
static int
next(const struct pv_port *port, unsigned index, struct pv_filesystem *out)
{
	int error;

	if (port->filesystem == NULL)
		return -1;
	memset(out, 0, sizeof(*out));
	error = port->filesystem(port->ctx, index, out);
	if (error != PV_OK)
		return error == PV_ENOENT ? 0 : -1;
	out->path[sizeof(out->path) - 1] = '\0';
	out->type[sizeof(out->type) - 1] = '\0';
	if (out->devices > sizeof(out->device) / sizeof(out->device[0]))
		out->devices = sizeof(out->device) / sizeof(out->device[0]);
	for (unsigned i = 0; i < out->devices; i++)
		out->device[i][sizeof(out->device[i]) - 1] = '\0';
	return 1;
}

static void
put_json(struct writer *writer, const struct pv_filesystem *fs)
{
	write_text(writer, "{\"name\":\"");
	write_base64(writer, fs->path, strlen(fs->path));
	write_text(writer, "\",\"free\":\"");
	write_decimal(writer, fs->free);
	write_text(writer, "\",\"size\":\"");
	write_decimal(writer, fs->size);
	write_text(writer, "\"");
	if (fs->type[0] != '\0') {
		write_text(writer, ",\"fstype\":");
		write_json_string(writer, fs->type);
	}
	if (fs->devices > 0) {
		write_text(writer, ",\"devices\":[");
		for (unsigned i = 0; i < fs->devices; i++) {
			if (i > 0)
				write_text(writer, ",");
			write_json_string(writer, fs->device[i]);
		}
		write_text(writer, "]");
	}
	write_text(writer, "}");
}

/* The layout is fixed, to its newlines (open-vm-tools guestInfoServer.c). */
static const char json_head[] = "{\n\"version\":\"" DISKINFO_JSON_VERSION
				"\",\n\"disks\":[\n";
static const char json_tail[] = "\n]}";

bool
vmt_disks_json(const struct pv_port *port, struct writer *writer,
    unsigned *dropped)
{
	struct pv_filesystem fs;
	bool any = false;
	int found = 1;

	*dropped = 0;
	write_text(writer, json_head);
	writer->room -= sizeof(json_tail); /* its NUL goes out, too */
	for (unsigned i = 0; i <= FILESYSTEMS_MAX; i++) {
		size_t before = writer->len;

		found = next(port, i, &fs);
		if (found <= 0)
			break;
		if (any)
			write_text(writer, ",\n");
		put_json(writer, &fs);
		if (writer->full || i == FILESYSTEMS_MAX) {
			writer_back(writer, before);
			++*dropped;
			continue;
		}
		any = true;
	}
	writer->room += sizeof(json_tail);
	write_bytes(writer, any ? json_tail : json_tail + 1,
	    any ? sizeof(json_tail) : sizeof(json_tail) - 1);
	return found >= 0;
}

bool
vmt_disks_v0(const struct pv_port *port, struct writer *writer,
    unsigned *dropped)
{
	struct diskinfo_v0 entry;
	struct pv_filesystem fs;
	size_t where = writer->len;
	uint8_t count = 0;
	int found = 1;

	*dropped = 0;
	write_zeroes(writer, 1);
	for (unsigned i = 0; i <= FILESYSTEMS_MAX; i++) {
		size_t len, before = writer->len;

		found = next(port, i, &fs);
		if (found <= 0)
			break;
		len = strlen(fs.path);
		if (len >= sizeof(entry.name) || count == DISKINFO_V0_MAX) {
			++*dropped;
			continue;
		}
		write_le64(writer, fs.free);
		write_le64(writer, fs.size);
		write_bytes(writer, fs.path, len);
		write_zeroes(writer, sizeof(entry.name) - len);
		if (writer->full) {
			writer_back(writer, before);
			++*dropped;
			continue;
		}
		count++;
	}
	writer->to[where] = count;
	return found >= 0;
}
