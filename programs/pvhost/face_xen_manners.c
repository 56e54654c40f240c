/* SPDX-License-Identifier: ISC */
/* What can be made to misbehave: the hypervisor, xenstored, and each back end. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xenstored.h"
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face_xen.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/nic.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define FIELD(field, kind) MANNER(struct host_xen_manners, field, kind)
static const struct manner xen_fields[] = {
	FIELD(fail_nth, MANNER_U32),
	FIELD(fail_op, MANNER_U32),
	FIELD(fail_with, MANNER_U64),
	FIELD(lose_events, MANNER_BOOL),
	FIELD(drop_events, MANNER_BOOL),
	FIELD(hold_grants, MANNER_BOOL),
	FIELD(suspend_cancelled, MANNER_BOOL),
	FIELD(keep_upcall_pending, MANNER_BOOL),
	FIELD(time_odd, MANNER_BOOL),
};
#undef FIELD

#define FIELD(field, kind) MANNER(struct host_xenstore_manners, field, kind)
static const struct manner xenstored_fields[] = {
	FIELD(delay, MANNER_U64),
	FIELD(silent, MANNER_U32),
	FIELD(wrong_id, MANNER_U32),
	FIELD(wrong_type, MANNER_U32),
	FIELD(twice, MANNER_U32),
	FIELD(too_long, MANNER_U32),
	FIELD(unknown_error, MANNER_U32),
	FIELD(unterminated, MANNER_U32),
	FIELD(again, MANNER_U32),
	FIELD(bad_names, MANNER_U32),
	FIELD(junk_events, MANNER_U32),
	FIELD(flood, MANNER_U32),
	FIELD(split, MANNER_BOOL),
	FIELD(bad_indices, MANNER_BOOL),
	FIELD(no_part, MANNER_BOOL),
	FIELD(part_moves, MANNER_BOOL),
	FIELD(reconnect, MANNER_BOOL),
	FIELD(ring_error, MANNER_BOOL),
};
#undef FIELD

#define FIELD(field, kind) MANNER(struct host_blkback_manners, field, kind)
static const struct manner blkback_fields[] = {
	FIELD(delay, MANNER_U64),
	FIELD(reorder, MANNER_BOOL),
	FIELD(stop, MANNER_BOOL),
	FIELD(fail_nth, MANNER_U32),
	FIELD(fail_status, MANNER_INT),
	FIELD(fail_count, MANNER_U32),
	FIELD(bad_id_nth, MANNER_U32),
	FIELD(bad_id, MANNER_U64),
	FIELD(twice_nth, MANNER_U32),
	FIELD(bad_op_nth, MANNER_U32),
	FIELD(lost_nth, MANNER_U32),
	FIELD(producer_jump, MANNER_U32),
	FIELD(producer_back, MANNER_BOOL),
	FIELD(storm, MANNER_U32),
	FIELD(never_signal, MANNER_BOOL),
	FIELD(rewrite_indices, MANNER_BOOL),
	FIELD(keep_grants, MANNER_BOOL),
};
#undef FIELD

#define FIELD(field, kind) MANNER(struct host_netback_manners, field, kind)
static const struct manner netback_fields[] = {
	FIELD(delay, MANNER_U64),
	FIELD(stop, MANNER_BOOL),
	FIELD(bad_rx_id_nth, MANNER_U32),
	FIELD(bad_rx_id, MANNER_U16),
	FIELD(rx_status_nth, MANNER_U32),
	FIELD(rx_status, MANNER_INT),
	FIELD(rx_offset_nth, MANNER_U32),
	FIELD(rx_offset, MANNER_U16),
	FIELD(rx_more_forever, MANNER_BOOL),
	FIELD(extra_nth, MANNER_U32),
	FIELD(extra_type, MANNER_U8),
	FIELD(extra_flags, MANNER_U8),
	FIELD(extra_gso_type, MANNER_U8),
	FIELD(extra_gso_size, MANNER_U16),
	FIELD(tx_id_nth, MANNER_U32),
	FIELD(tx_id, MANNER_U16),
	FIELD(tx_twice_nth, MANNER_U32),
	FIELD(tx_error_nth, MANNER_U32),
	FIELD(tx_producer_jump, MANNER_U32),
	FIELD(rx_producer_jump, MANNER_U32),
	FIELD(storm, MANNER_U32),
	FIELD(never_signal, MANNER_BOOL),
	FIELD(keep_grants, MANNER_BOOL),
};
#undef FIELD

static bool
give(struct manners *manners, void *at, const struct manner *fields,
    size_t count)
{
	*manners = (struct manners){ .at = at,
		.fields = fields,
		.count = (unsigned)count };
	return true;
}

/* The number behind a name; `limit` when there is none. */
static unsigned
place(const char *part, const char *name, unsigned limit)
{
	size_t length = strlen(name);
	unsigned long number;
	char *end;

	if (strncmp(part, name, length) != 0 || part[length] < '0' ||
	    part[length] > '9')
		return limit;
	number = strtoul(part + length, &end, 10);
	return *end == '\0' && number < limit ? (unsigned)number : limit;
}

bool
face_xen_manners(void *self, const char *part, struct manners *manners)
{
	struct face_xen *face = self;
	unsigned disk = place(part, "blkback", FACE_XEN_DISKS);
	unsigned nic = place(part, "netback", FACE_XEN_NICS);

	if (strcmp(part, "xen") == 0)
		return give(manners, host_xen_manners(face->xen), xen_fields,
		    COUNT(xen_fields));
	if (strcmp(part, "xenstored") == 0)
		return give(manners, host_xenstore_manners(face->store),
		    xenstored_fields, COUNT(xenstored_fields));
	if (disk < FACE_XEN_DISKS && face->disks[disk] != NULL)
		return give(manners,
		    host_blkback_manners(face->disks[disk]->device),
		    blkback_fields, COUNT(blkback_fields));
	if (nic < FACE_XEN_NICS && face->nics[nic] != NULL)
		return give(manners,
		    host_netback_manners(face->nics[nic]->device),
		    netback_fields, COUNT(netback_fields));
	return false;
}

void
face_xen_look(void *self)
{
	struct face_xen *face = self;

	for (unsigned i = 0; i < FACE_XEN_DISKS; i++)
		if (face->disks[i] != NULL)
			host_blkback_look(face->disks[i]->device);
	for (unsigned i = 0; i < FACE_XEN_NICS; i++)
		if (face->nics[i] != NULL)
			host_netback_look(face->nics[i]->device);
}
