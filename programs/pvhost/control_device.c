/* SPDX-License-Identifier: ISC */
/* Disks and NICs that come and go while the guest runs. */
#include <stdio.h>
#include <string.h>

#include "programs/pvhost/control.h"
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/nic.h"

/* ---- Disks ------------------------------------------------------------ */

static struct disk **
disk_named(struct machine *machine, const char *name)
{
	struct disk **link = &machine->disks;

	while (*link != NULL && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static unsigned
free_disk_number(struct machine *machine)
{
	char name[sizeof(((struct disk *)NULL)->name)];
	unsigned number = 0;

	for (;; number++) {
		snprintf(name, sizeof(name), "disk%u", number);
		if (*disk_named(machine, name) == NULL)
			return number;
	}
}

static bool
give_disk(struct control_call *call, struct disk *disk)
{
	const struct face *face = call->face;

	if (face == NULL)
		return faces_disk_add(call->machine, disk, call->reply);
	if (face->kind->disk_add == NULL)
		return reply_no(call->reply, "this face has no disks");
	return face->kind->disk_add(face->self, disk, call->reply);
}

static bool
take_disk(struct control_call *call, struct disk *disk)
{
	const struct face *face = call->face;

	if (face == NULL)
		return faces_disk_remove(call->machine, disk, call->reply);
	if (face->kind->disk_remove == NULL)
		return reply_no(call->reply, "this face removes no disks");
	return face->kind->disk_remove(face->self, disk, call->reply);
}

static bool
disk_add(struct control_call *call)
{
	struct machine *machine = call->machine;
	struct disk *disk = disk_open(call->words->text[1],
	    free_disk_number(machine), call->reply);

	if (disk == NULL)
		return false;
	if (!give_disk(call, disk)) {
		disk_close(disk);
		return false;
	}
	disk->next = machine->disks;
	machine->disks = disk;
	reply_print(call->reply, "%s\n", disk->name);
	return true;
}

static bool
disk_remove(struct control_call *call)
{
	const char *name = call->words->text[1];
	struct disk **link = disk_named(call->machine, name);
	struct disk *disk = *link;

	if (disk == NULL)
		return reply_no(call->reply,
		    "there is no disk \"%s\"; \"status\" names them", name);
	if (!take_disk(call, disk))
		return false;
	*link = disk->next;
	disk_close(disk);
	return true;
}

bool
control_disk(struct control_call *call)
{
	const char *what = call->words->text[0];

	if (strcmp(what, "add") == 0)
		return disk_add(call);
	if (strcmp(what, "remove") == 0)
		return disk_remove(call);
	return reply_no(call->reply, "expected add or remove, not \"%s\"",
	    what);
}

/* ---- NICs ------------------------------------------------------------- */

static struct nic **
nic_named(struct machine *machine, const char *name)
{
	struct nic **link = &machine->nics;

	while (*link != NULL && strcmp((*link)->name, name) != 0)
		link = &(*link)->next;
	return link;
}

static unsigned
free_nic_number(struct machine *machine)
{
	char name[sizeof(((struct nic *)NULL)->name)];
	unsigned number = 0;

	for (;; number++) {
		snprintf(name, sizeof(name), "nic%u", number);
		if (*nic_named(machine, name) == NULL)
			return number;
	}
}

static bool
give_nic(struct control_call *call, struct nic *nic)
{
	const struct face *face = call->face;

	if (face == NULL)
		return faces_nic_add(call->machine, nic, call->reply);
	if (face->kind->nic_add == NULL)
		return reply_no(call->reply, "this face has no NICs");
	return face->kind->nic_add(face->self, nic, call->reply);
}

static bool
take_nic(struct control_call *call, struct nic *nic)
{
	const struct face *face = call->face;

	if (face == NULL)
		return faces_nic_remove(call->machine, nic, call->reply);
	if (face->kind->nic_remove == NULL)
		return reply_no(call->reply, "this face removes no NICs");
	return face->kind->nic_remove(face->self, nic, call->reply);
}

static bool
nic_add(struct control_call *call)
{
	struct machine *machine = call->machine;
	struct nic *nic = nic_open(machine, call->words->text[1],
	    free_nic_number(machine), call->reply);

	if (nic == NULL)
		return false;
	if (!give_nic(call, nic)) {
		nic_close(nic);
		return false;
	}
	nic->next = machine->nics;
	machine->nics = nic;
	reply_print(call->reply, "%s\n", nic->name);
	return true;
}

static bool
nic_remove(struct control_call *call)
{
	const char *name = call->words->text[1];
	struct nic **link = nic_named(call->machine, name);
	struct nic *nic = *link;

	if (nic == NULL)
		return reply_no(call->reply,
		    "there is no NIC \"%s\"; \"status\" names them", name);
	if (!take_nic(call, nic))
		return false;
	*link = nic->next;
	nic_close(nic);
	return true;
}

bool
control_nic(struct control_call *call)
{
	const char *what = call->words->text[0];

	if (strcmp(what, "add") == 0)
		return nic_add(call);
	if (strcmp(what, "remove") == 0)
		return nic_remove(call);
	return reply_no(call->reply, "expected add or remove, not \"%s\"",
	    what);
}
