/* SPDX-License-Identifier: ISC */
/* OpenBSD's vmm: its CPUID leaves and vmd's control device.  The clock behind
 * MSR 0x4b564d01 is KVM's own, which vmm has taken over as it is. */
#include <stdlib.h>
#include <string.h>

#include "host/vmm/vmmci.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/pci.h"
#include "programs/pvhost/reply.h"
#include "wire/pci.h"
#include "wire/vmm/vmmci.h"

#define BAR_SIZE 64u
_Static_assert(BAR_SIZE >= VMMCI_SIZE, "registers beyond the BAR");

struct face_vmm {
	struct machine *machine;
	struct host_vmmci *vmmci;
	struct pci_device device;
};

static uint32_t
ports_read(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	struct face_vmm *face = ctx;

	(void)vcpu;
	return host_vmmci_in(face->vmmci,
	    port - pci_bar_address(&face->device, 0), width);
}

static void
ports_write(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct face_vmm *face = ctx;

	(void)vcpu;
	host_vmmci_out(face->vmmci, port - pci_bar_address(&face->device, 0),
	    width, value);
}

static void
interrupt(void *ctx, bool level)
{
	struct face_vmm *face = ctx;

	pci_interrupt(face->machine, &face->device, level);
}

static void
impatient(void *ctx, uint32_t command)
{
	struct face_vmm *face = ctx;

	machine_end(face->machine, EXIT_OFF,
	    "the guest has not %s in time; ended, as vmd does",
	    command == VMMCI_REBOOT ? "rebooted" : "shut down");
}

static const char *
word(uint32_t command)
{
	static const char *const words[] = { [VMMCI_NONE] = "none",
		[VMMCI_SHUTDOWN] = "shutdown",
		[VMMCI_REBOOT] = "reboot",
		[VMMCI_SYNCRTC] = "syncrtc" };

	return words[command];
}

static bool
command(struct face_vmm *face, uint32_t command, struct reply *reply)
{
	switch (host_vmmci_command(face->vmmci, command)) {
	case HOST_VMMCI_SENT:
		return true;
	case HOST_VMMCI_NO_DRIVER:
		return reply_no(reply,
		    "the guest has no driver for vmmci, or not yet");
	case HOST_VMMCI_NOT_AGREED:
		break;
	}
	return reply_no(reply, "the guest's driver takes no %s", word(command));
}

/* ---- What face.h has -------------------------------------------------- */

static bool
request(void *self, const char *what, struct reply *reply)
{
	struct face_vmm *face = self;

	for (uint32_t i = VMMCI_SHUTDOWN; i <= VMMCI_SYNCRTC; i++)
		if (strcmp(what, word(i)) == 0)
			return command(face, i, reply);
	return reply_no(reply,
	    "the face vmm knows shutdown, reboot and syncrtc, not \"%s\"",
	    what);
}

static bool
step(void *self, int64_t nanoseconds, struct reply *reply)
{
	struct face_vmm *face = self;

	/* changed for those that look, in any case */
	host_vmmci_step(face->vmmci, nanoseconds);
	return command(face, VMMCI_SYNCRTC, reply);
}

static void
status(void *self, struct reply *reply)
{
	struct face_vmm *face = self;
	const struct host_vmmci_counts *counts = host_vmmci_counts(face->vmmci);

	reply_print(reply, "vmmci.features %u\n",
	    host_vmmci_features(face->vmmci));
	reply_print(reply, "vmmci.command %s\n",
	    word(host_vmmci_pending(face->vmmci)));
	reply_print(reply, "vmmci.acknowledged %s\n",
	    host_vmmci_acknowledged(face->vmmci) ? "yes" : "no");
#define SHOW(name)                                   \
	reply_print(reply, "vmmci." #name " %llu\n", \
	    (unsigned long long)counts->name)
	SHOW(reads);
	SHOW(writes);
	SHOW(bad_accesses);
	SHOW(commands);
	SHOW(acks);
	SHOW(wrong_acks);
	SHOW(own_requests);
	SHOW(times);
	SHOW(resets);
	SHOW(ended);
#undef SHOW
}

static bool
manners(void *self, const char *part, struct manners *out)
{
	static const struct manner fields[] = {
#define FIELD(name, kind) MANNER(struct host_vmmci_manners, name, kind)
		FIELD(absent, MANNER_BOOL),
		FIELD(features, MANNER_U32),
		FIELD(no_status, MANNER_BOOL),
		FIELD(deaf, MANNER_BOOL),
		FIELD(unknown, MANNER_BOOL),
		FIELD(again, MANNER_BOOL),
		FIELD(restless, MANNER_BOOL),
		FIELD(lies, MANNER_BOOL),
		FIELD(seconds, MANNER_U64),
		FIELD(microseconds, MANNER_U64),
		FIELD(patient, MANNER_BOOL),
#undef FIELD
	};
	struct face_vmm *face = self;

	if (strcmp(part, "vmmci") != 0)
		return false;
	*out = (struct manners){ .at = host_vmmci_manners(face->vmmci),
		.fields = fields,
		.count = sizeof(fields) / sizeof(fields[0]) };
	return true;
}

/* ---- Life ------------------------------------------------------------- */

static void
face_free(void *self)
{
	struct face_vmm *face = self;

	pci_remove(face->machine->pci, &face->device);
	timers_forget(&face->machine->timers, face->vmmci);
	host_vmmci_free(face->vmmci);
	free(face);
}

static void *
face_make(struct machine *machine, uint32_t base)
{
	struct face_vmm *face = calloc(1, sizeof(*face));

	(void)base;
	if (face == NULL) {
		say("out of memory");
		return NULL;
	}
	face->machine = machine;
	face->device = (struct pci_device){
		.vendor = VMMCI_PCI_VENDOR,
		.device = VMMCI_PCI_DEVICE,
		.subsystem_vendor = VMMCI_PCI_VENDOR,
		.subsystem = VMMCI_PCI_SUBSYSTEM,
		.class_code = PCI_CLASS_COMMUNICATION_OTHER << 8,
		.interrupt = true,
		.bars = { { .size = BAR_SIZE,
		    .io = true,
		    .range = { .ctx = face,
			.in = ports_read,
			.out = ports_write } } },
	};
	face->vmmci = host_vmmci_new(
	    &(struct host_vmmci_config){ .world = &machine->world,
		.wall = machine_wall(machine),
		.interrupt = interrupt,
		.impatient = impatient,
		.ctx = face });
	if (face->vmmci == NULL) {
		say("out of memory");
		free(face);
		return NULL;
	}
	if (!pci_add(machine->pci, &face->device)) {
		say("there is no place on PCI for vmmci; try fewer faces or "
		    "devices");
		face_free(face);
		return NULL;
	}
	return face;
}

const struct face_kind face_vmm = {
	.face = HOST_VMM,
	.make = face_make,
	.free = face_free,
	.request = request,
	.step = step,
	.status = status,
	.manners = manners,
};
