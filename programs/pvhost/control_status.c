/* SPDX-License-Identifier: ISC */
/* What there is to know of a machine: "NAME VALUE" in lines. */
#include "programs/pvhost/control.h"
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/nic.h"

static void
machine_status(const struct machine *machine, struct reply *reply)
{
	reply_print(reply, "pvhost %s\n", PVBUS_VERSION);
	reply_print(reply, "image %s\n", machine->options.image);
	reply_print(reply, "memory %llu\n",
	    (unsigned long long)machine->options.memory);
	reply_print(reply, "vcpus %u\n", machine->vcpu_count);
	reply_print(reply, "nanoseconds %llu\n",
	    (unsigned long long)machine_now(machine));
}

static void
disk_status(const struct disk *disk, struct reply *reply)
{
	reply_print(reply, "%s %llu%s%s %s\n", disk->name,
	    (unsigned long long)disk->size, disk->read_only ? " read-only" : "",
	    disk->cdrom ? " cdrom" : "", disk->path);
}

static void
nic_status(const struct nic *nic, struct reply *reply)
{
	const uint8_t *mac = nic->mac;

	reply_print(reply,
	    "%s %s %02x:%02x:%02x:%02x:%02x:%02x sent %llu received %llu "
	    "dropped %llu\n",
	    nic->name, nic->kind->name, mac[0], mac[1], mac[2], mac[3], mac[4],
	    mac[5], (unsigned long long)nic->sent,
	    (unsigned long long)nic->received,
	    (unsigned long long)nic->dropped);
}

static void
face_status(const struct face *face, struct reply *reply)
{
	reply_print(reply, "face %s\n", host_face_name(face->kind->face));
	if (face->kind->status != NULL)
		face->kind->status(face->self, reply);
}

bool
control_status(struct control_call *call)
{
	struct machine *machine = call->machine;

	if (call->face != NULL) {
		face_status(call->face, call->reply);
		return true;
	}
	machine_status(machine, call->reply);
	for (struct disk *disk = machine->disks; disk != NULL;
	     disk = disk->next)
		disk_status(disk, call->reply);
	for (struct nic *nic = machine->nics; nic != NULL; nic = nic->next)
		nic_status(nic, call->reply);
	for (unsigned i = 0; i < machine->face_count; i++)
		face_status(machine->faces[i], call->reply);
	return true;
}
