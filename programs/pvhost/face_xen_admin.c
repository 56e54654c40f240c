/* SPDX-License-Identifier: ISC */
/* The administrator's side: XenStore, and what is asked of the guest there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/xen/xenstored.h"
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face_xen.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"

#define PATH_ROOM 3200u /* more than XenStore's longest */

/* ---- Keys ------------------------------------------------------------- */

/* As the guest names them: relative ones are below its home. */
static bool
path_of(struct face_xen *face, const char *key, char path[PATH_ROOM],
    struct reply *reply)
{
	size_t length = strlen(key);

	if (length >= PATH_ROOM - 64)
		return reply_no(reply,
		    "expected a path of at most %u bytes, got %zu",
		    PATH_ROOM - 64, length);
	if (key[0] == '/')
		memcpy(path, key, length + 1);
	else
		host_xenstore_home(face->store, path, PATH_ROOM, key);
	/* a directory may be named with the slash behind */
	length = strlen(path);
	if (length > 1 && path[length - 1] == '/')
		path[length - 1] = '\0';
	return true;
}

static bool
no_key(struct reply *reply, const char *path)
{
	return reply_no(reply, "no key %s", path);
}

bool
face_xen_key_set(void *self, const char *key, const void *value, size_t size,
    struct reply *reply)
{
	struct face_xen *face = self;
	char path[PATH_ROOM];

	if (!path_of(face, key, path, reply))
		return false;
	if (value == NULL)
		return host_xenstore_remove(face->store, path) ||
		    no_key(reply, path);
	return host_xenstore_write(face->store, path, value, size) ||
	    reply_no(reply,
		"XenStore does not take %s; expected letters, digits and "
		"-/_@ in a path, and a value of at most 4096 bytes",
		path);
}

bool
face_xen_key_get(void *self, const char *key, struct reply *reply)
{
	struct face_xen *face = self;
	char path[PATH_ROOM];
	const char *value;
	size_t size = 0;

	if (!path_of(face, key, path, reply))
		return false;
	value = host_xenstore_read(face->store, path, &size);
	if (value == NULL)
		return no_key(reply, path);
	reply_add(reply, value, size);
	return true;
}

bool
face_xen_key_list(void *self, const char *key, struct reply *reply)
{
	struct face_xen *face = self;
	char path[PATH_ROOM];
	const char *child;

	if (!path_of(face, key, path, reply))
		return false;
	if (host_xenstore_read(face->store, path, NULL) == NULL)
		return no_key(reply, path);
	for (unsigned i = 0;
	     (child = host_xenstore_child(face->store, path, i)) != NULL; i++)
		reply_print(reply, "%s\n", child);
	return true;
}

/* ---- Requests --------------------------------------------------------- */

bool
face_xen_request(void *self, const char *what, struct reply *reply)
{
	static const struct {
		const char *word, *xen;
	} words[] = { { "shutdown", "poweroff" }, { "poweroff", "poweroff" },
		{ "reboot", "reboot" }, { "suspend", "suspend" },
		{ "halt", "halt" } };
	struct face_xen *face = self;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, what) == 0) {
			host_xen_request(face->xen, words[i].xen);
			return true;
		}
	return reply_no(reply,
	    "Xen does not know \"%s\"; try shutdown, reboot, suspend or halt",
	    what);
}

bool
face_xen_step(void *self, int64_t nanoseconds, struct reply *reply)
{
	struct face_xen *face = self;

	(void)reply;
	host_xen_step(face->xen, nanoseconds);
	return true;
}

/* ---- Status ----------------------------------------------------------- */

static void
number(struct reply *reply, const char *part, const char *name, uint64_t value)
{
	reply_print(reply, "%s.%s %" PRIu64 "\n", part, name, value);
}

static void
disk_status(const struct disk *disk, struct reply *reply)
{
	const struct host_blkback_counts *counts = host_blkback_counts(
	    disk->device);
	char part[24];

	snprintf(part, sizeof(part), "blkback%u", disk->place);
	number(reply, part, "queues", counts->queues);
	number(reply, part, "ring_pages", counts->ring_pages);
	number(reply, part, "reads", counts->reads);
	number(reply, part, "writes", counts->writes);
	number(reply, part, "flushes", counts->flushes);
	number(reply, part, "discards", counts->discards);
	number(reply, part, "indirects", counts->indirects);
	number(reply, part, "segments", counts->segments);
	number(reply, part, "persistent", counts->persistent);
	number(reply, part, "persistent_hits", counts->persistent_hits);
	number(reply, part, "signals_sent", counts->signals_sent);
	number(reply, part, "signals_elided", counts->signals_elided);
	number(reply, part, "refused", counts->refused);
	number(reply, part, "refused_connects", counts->refused_connects);
}

static void
nic_status(const struct nic *nic, struct reply *reply)
{
	const struct host_netback_counts *counts = host_netback_counts(
	    nic->device);
	char part[24];

	snprintf(part, sizeof(part), "netback%u", nic->place);
	number(reply, part, "queues", counts->queues);
	number(reply, part, "split", counts->split);
	number(reply, part, "tx_frames", counts->tx_frames);
	number(reply, part, "rx_frames", counts->rx_frames);
	number(reply, part, "tx_slots", counts->tx_slots);
	number(reply, part, "rx_slots", counts->rx_slots);
	number(reply, part, "dropped", counts->dropped);
	number(reply, part, "signals_sent", counts->signals_sent);
	number(reply, part, "signals_elided", counts->signals_elided);
	number(reply, part, "refused", counts->refused);
	number(reply, part, "refused_connects", counts->refused_connects);
}

void
face_xen_status(void *self, struct reply *reply)
{
	struct face_xen *face = self;
	const struct host_xen_counts *counts = host_xen_counts(face->xen);
	const struct host_xenstore_counts *store = host_xenstore_counts(
	    face->store);

	number(reply, "xen", "hypercalls", counts->hypercalls);
	number(reply, "xen", "signals", counts->signals);
	number(reply, "xen", "events", counts->events);
	number(reply, "xen", "ports", counts->ports);
	number(reply, "xen", "mapped", counts->mapped);
	number(reply, "xen", "suspends", counts->suspends);
	number(reply, "xen", "unplugged", counts->unplugged);
	number(reply, "xen", "callbacks_refused", counts->callbacks_refused);
	number(reply, "xen", "violations", counts->violations);
	number(reply, "xenstored", "requests", store->requests);
	number(reply, "xenstored", "watches", store->watches);
	number(reply, "xenstored", "transactions", store->transactions);
	number(reply, "xenstored", "nodes", store->nodes);
	number(reply, "xenstored", "killed", store->killed);
	for (unsigned i = 0; i < FACE_XEN_DISKS; i++)
		if (face->disks[i] != NULL)
			disk_status(face->disks[i], reply);
	for (unsigned i = 0; i < FACE_XEN_NICS; i++)
		if (face->nics[i] != NULL)
			nic_status(face->nics[i], reply);
}
