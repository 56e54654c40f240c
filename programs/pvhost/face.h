/* SPDX-License-Identifier: ISC */
/*
 * A face: what one hypervisor shows its guest, by the model of host/ behind it.
 *
 * Everything is called with the machine's lock held.  What a face has not (a
 * VMware without disks, KVM without an administrator) is a NULL here, and who
 * asks for it is told so.
 */
#ifndef PVHOST_FACE_H
#define PVHOST_FACE_H

#include "programs/pvhost/machine.h"

struct disk;
struct manners;
struct nic;
struct reply;

struct face_kind {
	enum host_face face; /* its name is host_face_name()'s */
	/* The model, ports, PCI devices; leaves at `base` are those of
	 * host_cpuid_show(), for the face to complete in machine->cpuid.  NULL:
	 * a line was said. */
	void *(*make)(struct machine *, uint32_t base);
	void (*free)(void *self);

	/* ---- What a vCPU does ---- */

	/* False: not its, or what the hypervisor answers with a fault. */
	bool (*rdmsr)(void *self, unsigned vcpu, uint32_t msr, uint64_t *value);
	bool (*wrmsr)(void *self, unsigned vcpu, uint32_t msr, uint64_t value);
	/* VMCALL or VMMCALL, where KVM lets it be ours; by registers. */
	bool (*hypercall)(void *self, struct vcpu *);
	/* What of its CPUID leaves is not the same for each vCPU. */
	void (*cpuid)(void *self, unsigned vcpu, struct host_cpuid_leaf *);

	/* ---- Devices ---- */

	/* The disk or NIC stays its owner's and there until it is removed.
	 * False: a line in the reply. */
	bool (*disk_add)(void *self, struct disk *, struct reply *);
	bool (*disk_remove)(void *self, struct disk *, struct reply *);
	bool (*nic_add)(void *self, struct nic *, struct reply *);
	bool (*nic_remove)(void *self, struct nic *, struct reply *);

	/* ---- The administrator ---- */

	/* Keys as hostctl(8) on this hypervisor names them; before the guest
	 * runs, too.  set with NULL: delete.  False: a line in the reply.  What
	 * takes an exchange with the guest (KVP) is said done when it is under
	 * way. */
	bool (*key_set)(void *self, const char *key, const void *value,
	    size_t size, struct reply *);
	bool (*key_get)(void *self, const char *key, struct reply *);
	bool (*key_list)(void *self, const char *key, struct reply *);
	/* "shutdown", "reboot", "suspend", "halt", "freeze", "thaw",
	 * "heartbeat"; what its hypervisor knows. */
	bool (*request)(void *self, const char *what, struct reply *);
	/* The host's clock is this far from what it was. */
	bool (*step)(void *self, int64_t nanoseconds, struct reply *);
	/* Lines "NAME VALUE": counts of the model, what the guest reported. */
	void (*status)(void *self, struct reply *);
	/* Parts that can be made to misbehave, by name ("storvsp0"); false: no
	 * such part. */
	bool (*manners)(void *self, const char *part, struct manners *);
	/* Let them look now. */
	void (*look)(void *self);
};

extern const struct face_kind face_kvm, face_hyperv, face_vmware, face_xen,
    face_vmm;

struct face {
	const struct face_kind *kind;
	void *self;
};

/* Of a word on the command line: "hyperv", or two with a comma.  NULL or 0: not
 * one. */
const struct face_kind *face_kind(const char *name, size_t length);
bool faces_make(struct machine *);
void faces_free(struct machine *);
/* In their order: the one behind `after`, or the first for NULL; NULL: none. */
static inline const struct face *
faces_next(const struct machine *machine, const struct face *after)
{
	for (unsigned i = 0; i < machine->face_count; i++) {
		if (after == NULL)
			return machine->faces[i];
		if (machine->faces[i] == after)
			after = NULL;
	}
	return NULL;
}
/* The same, of those that have this operation: `face` is where to go on from,
 * and what is found. */
#define FACES_NEXT(machine, face, operation)      \
	do {                                      \
		face = faces_next(machine, face); \
	} while (face != NULL && face->kind->operation == NULL)
/* Ask each in turn; false: none took it. */
bool faces_rdmsr(struct machine *, unsigned vcpu, uint32_t, uint64_t *value);
bool faces_wrmsr(struct machine *, unsigned vcpu, uint32_t, uint64_t value);
bool faces_hypercall(struct machine *, struct vcpu *);
void faces_cpuid(struct machine *, unsigned vcpu, struct host_cpuid_leaf *);
/* To the first that takes such; false: a line in the reply. */
bool faces_disk_add(struct machine *, struct disk *, struct reply *);
bool faces_disk_remove(struct machine *, struct disk *, struct reply *);
bool faces_nic_add(struct machine *, struct nic *, struct reply *);
bool faces_nic_remove(struct machine *, struct nic *, struct reply *);

#endif
