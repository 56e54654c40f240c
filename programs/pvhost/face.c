/* SPDX-License-Identifier: ISC */
/* The faces of a machine: each at its CPUID leaves, and asked in turn. */
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/face.h"
#include "programs/pvhost/reply.h"
#include "wire/cpuid.h"

static const struct face_kind *const kinds[] = { &face_kvm, &face_hyperv,
	&face_vmware, &face_xen, &face_vmm };

const struct face_kind *
face_kind(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *kind = host_face_name(kinds[i]->face);

		if (strlen(kind) == length && memcmp(kind, name, length) == 0)
			return kinds[i];
	}
	return NULL;
}

bool
faces_make(struct machine *machine)
{
	const struct options *options = &machine->options;

	for (unsigned i = 0; i < options->face_count; i++) {
		struct face *face = calloc(1, sizeof(*face));
		uint32_t base = CPUID_HV_FIRST + i * CPUID_HV_STEP;
		const char *name = options->faces[i];

		if (face == NULL) {
			say("out of memory");
			return false;
		}
		machine->faces[machine->face_count++] = face;
		face->kind = face_kind(name, strlen(name));
		if (face->kind == NULL) {
			say("no face \"%s\"", name);
			return false;
		}
		host_cpuid_show(&machine->cpuid, face->kind->face, base);
		face->self = face->kind->make(machine, base);
		if (face->self == NULL)
			return false;
	}
	return true;
}

void
faces_free(struct machine *machine)
{
	while (machine->face_count > 0) {
		struct face *face = machine->faces[--machine->face_count];

		if (face->self != NULL)
			face->kind->free(face->self);
		free(face);
		machine->faces[machine->face_count] = NULL;
	}
}

bool
faces_rdmsr(struct machine *machine, unsigned vcpu, uint32_t msr,
    uint64_t *value)
{
	for (unsigned i = 0; i < machine->face_count; i++) {
		const struct face *face = machine->faces[i];

		if (face->kind->rdmsr != NULL &&
		    face->kind->rdmsr(face->self, vcpu, msr, value))
			return true;
	}
	return false;
}

bool
faces_wrmsr(struct machine *machine, unsigned vcpu, uint32_t msr,
    uint64_t value)
{
	for (unsigned i = 0; i < machine->face_count; i++) {
		const struct face *face = machine->faces[i];

		if (face->kind->wrmsr != NULL &&
		    face->kind->wrmsr(face->self, vcpu, msr, value))
			return true;
	}
	return false;
}

bool
faces_hypercall(struct machine *machine, struct vcpu *vcpu)
{
	for (unsigned i = 0; i < machine->face_count; i++) {
		const struct face *face = machine->faces[i];

		if (face->kind->hypercall != NULL &&
		    face->kind->hypercall(face->self, vcpu))
			return true;
	}
	return false;
}

void
faces_cpuid(struct machine *machine, unsigned vcpu,
    struct host_cpuid_leaf *leaf)
{
	for (unsigned i = 0; i < machine->face_count; i++) {
		const struct face *face = machine->faces[i];

		if (face->kind->cpuid != NULL)
			face->kind->cpuid(face->self, vcpu, leaf);
	}
}

/* ---- Disks and NICs --------------------------------------------------- */

static bool
without(const struct machine *machine, const char *what, struct reply *reply)
{
	return reply_no(reply,
	    "the face %s has no %s; try --face hyperv or xen",
	    host_face_name(machine->faces[0]->kind->face), what);
}

bool
faces_disk_add(struct machine *machine, struct disk *disk, struct reply *reply)
{
	const struct face *face = NULL;

	FACES_NEXT(machine, face, disk_add);
	return face != NULL ? face->kind->disk_add(face->self, disk, reply)
			    : without(machine, "disks", reply);
}

bool
faces_disk_remove(struct machine *machine, struct disk *disk,
    struct reply *reply)
{
	const struct face *face = NULL;

	FACES_NEXT(machine, face, disk_remove);
	return face != NULL ? face->kind->disk_remove(face->self, disk, reply)
			    : without(machine, "disks", reply);
}

bool
faces_nic_add(struct machine *machine, struct nic *nic, struct reply *reply)
{
	const struct face *face = NULL;

	FACES_NEXT(machine, face, nic_add);
	return face != NULL ? face->kind->nic_add(face->self, nic, reply)
			    : without(machine, "NICs", reply);
}

bool
faces_nic_remove(struct machine *machine, struct nic *nic, struct reply *reply)
{
	const struct face *face = NULL;

	FACES_NEXT(machine, face, nic_remove);
	return face != NULL ? face->kind->nic_remove(face->self, nic, reply)
			    : without(machine, "NICs", reply);
}
