/* SPDX-License-Identifier: ISC */
/*
 * Files of fw_cfg, fetched once and kept.
 *
 * Linux reads them by the data port, a byte an exit, hands out a page a call,
 * and skips from the first byte anew for each: a file of 128 KiB takes seconds.
 * So a thread fetches it, whole, while its owner serves others, and what was
 * fetched is not fetched again.
 */
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "port/linux/linux_private.h"

/* All that is kept.  A larger file would take hours. */
#define KEEP_MAX (16u * 1024 * 1024)
#define STACK_SIZE (64u * 1024 + PTHREAD_STACK_MIN)

struct kept {
	struct kept *next; /* the newest first */
	uint32_t id;
	size_t size;
	unsigned char bytes[];
};

struct reader {
	int event;
	struct kept *kept;
	size_t total;

	/* the fetch under way; its thread owns `file` until `ended` */
	bool running;
	pthread_t thread;
	char path[PATH_MAX];
	struct kept *file;
	int error;
	atomic_bool ended, stop;
};

static int
fetch(struct reader *reader)
{
	struct kept *file = reader->file;
	long got = linux_read_file(reader->path, file->bytes, file->size,
	    &reader->stop);

	if (got < 0)
		return (int)got;
	return (size_t)got < file->size ? PV_EIO : PV_OK;
}

static void *
run(void *argument)
{
	struct reader *reader = argument;
	uint64_t one = 1;

	reader->error = fetch(reader);
	atomic_store(&reader->ended, true);
	(void)!write(reader->event, &one, sizeof(one));
	return NULL;
}

/* ---- What is kept ----------------------------------------------------- */

static const struct kept *
find(const struct reader *reader, uint32_t id)
{
	const struct kept *file = reader->kept;

	while (file != NULL && file->id != id)
		file = file->next;
	return file;
}

static void
drop_oldest(struct reader *reader)
{
	struct kept **link = &reader->kept;

	while ((*link)->next != NULL)
		link = &(*link)->next;
	reader->total -= (*link)->size;
	free(*link);
	*link = NULL;
}

static void
keep(struct reader *reader, struct kept *file)
{
	while (reader->kept != NULL && reader->total > KEEP_MAX - file->size)
		drop_oldest(reader);
	file->next = reader->kept;
	reader->kept = file;
	reader->total += file->size;
}

/* ---- Fetching --------------------------------------------------------- */

static int
start(struct linux_port *linux_port, uint32_t id, size_t size)
{
	struct reader *reader = linux_port->reader;
	pthread_attr_t attributes;

	reader->file = calloc(1, sizeof(*reader->file) + size);
	if (reader->file == NULL)
		return PV_ENOMEM;
	reader->file->id = id;
	reader->file->size = size;
	linux_path(linux_port, reader->path,
	    "firmware/qemu_fw_cfg/by_key/%u/raw", id);
	atomic_store(&reader->ended, false);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	reader->running = pthread_create(&reader->thread, &attributes, run,
			      reader) == 0;
	pthread_attr_destroy(&attributes);
	if (!reader->running)
		run(reader); /* then all wait for it */
	return PV_EAGAIN;
}

/* Take what a fetch brought.  Its error is for who asked for that file; who asks
 * again tries again. */
static int
finish(struct reader *reader, uint32_t id)
{
	struct kept *file = reader->file;
	bool asked = file->id == id;

	if (reader->running)
		pthread_join(reader->thread, NULL);
	reader->running = false;
	reader->file = NULL;
	if (reader->error == PV_OK) {
		keep(reader, file);
		return PV_OK;
	}
	free(file);
	if (!asked)
		return PV_OK;
	/* it was listed: not "no such key", but a device that went away */
	return reader->error == PV_ENOENT ? PV_EIO : reader->error;
}

static long
copy(const struct kept *file, uint64_t offset, void *to, size_t size)
{
	uint64_t left = offset < file->size ? file->size - offset : 0;

	if (size > left)
		size = (size_t)left;
	memcpy(to, file->bytes + file->size - left, size);
	return (long)size;
}

long
linux_fw_read(void *ctx, uint32_t id, uint64_t offset, void *to, size_t size)
{
	struct linux_port *linux_port = ctx;
	struct reader *reader = linux_port->reader;
	const struct kept *file = find(reader, id);
	int64_t whole;
	int error;

	if (file == NULL && reader->file != NULL) {
		if (!atomic_load(&reader->ended))
			return PV_EAGAIN;
		error = finish(reader, id);
		if (error != PV_OK)
			return error;
		file = find(reader, id);
	}
	if (file != NULL)
		return copy(file, offset, to, size);
	whole = linux_fw_size(linux_port, id);
	if (whole < 0)
		return PV_EIO;
	if (whole > (int64_t)KEEP_MAX)
		return PV_EMSGSIZE;
	return start(linux_port, id, (size_t)whole);
}

/* ---- Events ----------------------------------------------------------- */

void
linux_reader_seen(struct linux_port *linux_port)
{
	uint64_t count;

	(void)!read(linux_port->reader->event, &count, sizeof(count));
}

bool
linux_reader_open(struct linux_port *linux_port)
{
	struct reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return false;
	reader->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reader->event < 0) {
		free(reader);
		return false;
	}
	linux_port->reader = reader;
	return linux_events_add(linux_port, reader->event);
}

/* A fetch ends after the page that it is at. */
void
linux_reader_close(struct linux_port *linux_port)
{
	struct reader *reader = linux_port->reader;

	if (reader == NULL)
		return;
	atomic_store(&reader->stop, true);
	if (reader->running)
		pthread_join(reader->thread, NULL);
	free(reader->file);
	while (reader->kept != NULL)
		drop_oldest(reader);
	close(reader->event);
	free(reader);
}
