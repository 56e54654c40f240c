/* SPDX-License-Identifier: ISC */
/*
 * KVM as it shows itself: its leaves.  What they promise is done by the real
 * one below, clocks above all; keys are files of fw_cfg, and a request is what
 * ACPI has.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "host/kvm/fwcfg.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/fwcfg.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"
#include "wire/cpuid.h"
#include "wire/fwcfg.h"

#define ENTRIES 256u
/* A file of the host's; Linux reads one in pieces of a page. */
#define VALUE_MAX (16u << 20)

struct face_kvm {
	struct machine *machine;
	uint32_t features;
};

/* ---- Keys -------------------------------------------------------------- */

static bool
name_good(const char *name)
{
	size_t size = strlen(name);

	for (size_t i = 0; i < size; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return size > 0 && size < FWCFG_NAME_SIZE;
}

static bool
key_set(void *self, const char *key, const void *value, size_t size,
    struct reply *reply)
{
	struct face_kvm *face = self;

	if (!name_good(key))
		return reply_no(reply,
		    "expected a name of fw_cfg, 1 to %u printable characters, "
		    "as opt/org.example/name; got %zu",
		    FWCFG_NAME_SIZE - 1, strlen(key));
	if (value == NULL)
		return reply_no(reply,
		    "fw_cfg cannot take a file away; try an empty value");
	if (size > VALUE_MAX)
		return reply_no(reply,
		    "expected at most %u bytes for a file, got %zu", VALUE_MAX,
		    size);
	return fwcfg_set(face->machine, key, value, size) ||
	    reply_no(reply, "there are too many files, or out of memory");
}

static bool
key_get(void *self, const char *key, struct reply *reply)
{
	struct face_kvm *face = self;
	size_t size;
	const void *bytes = host_fwcfg_find(fwcfg_model(face->machine), key,
	    &size);

	if (bytes == NULL)
		return reply_no(reply, "no such file in fw_cfg: %s", key);
	reply_add(reply, bytes, size);
	return true;
}

/* Whole names that are below a path; "": all. */
static bool
key_list(void *self, const char *key, struct reply *reply)
{
	struct face_kvm *face = self;
	size_t length = strlen(key);
	const char *name;

	for (unsigned i = 0;
	     (name = host_fwcfg_name(fwcfg_model(face->machine), i)) != NULL;
	     i++)
		if (strncmp(name, key, length) == 0 &&
		    (length == 0 || key[length - 1] == '/' ||
			name[length] == '/' || name[length] == '\0'))
			reply_print(reply, "%s\n", name);
	return true;
}

/* ---- The administrator ------------------------------------------------- */

static bool
request(void *self, const char *what, struct reply *reply)
{
	struct face_kvm *face = self;

	if (strcmp(what, "shutdown") != 0)
		return reply_no(reply,
		    "the face kvm knows shutdown, by ACPI's power button, not "
		    "\"%s\"",
		    what);
	return power_button(face->machine) ||
	    reply_no(reply, "the guest does not listen to its power button");
}

static void
status(void *self, struct reply *reply)
{
	struct face_kvm *face = self;
	unsigned files = 0;

	while (host_fwcfg_name(fwcfg_model(face->machine), files) != NULL)
		files++;
	reply_print(reply, "kvm.features 0x%x\n", face->features);
	reply_print(reply, "kvm.files %u\n", files);
}

/* ---- Life -------------------------------------------------------------- */

/* What the KVM below does for a guest; 0: nothing, or it does not say. */
static uint32_t
supported(const struct machine *machine)
{
	struct kvm_cpuid2 *all = calloc(1,
	    sizeof(*all) + ENTRIES * sizeof(all->entries[0]));
	uint32_t features = 0;

	if (all == NULL)
		return 0;
	all->nent = ENTRIES;
	if (ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, all) >= 0)
		for (unsigned i = 0; i < all->nent; i++)
			if (all->entries[i].function ==
			    CPUID_HV_FIRST + CPUID_KVM_FEATURES)
				features = all->entries[i].eax;
	free(all);
	return features;
}

static void *
face_make(struct machine *machine, uint32_t base)
{
	struct face_kvm *face = calloc(1, sizeof(*face));
	struct host_cpuid_leaf leaf;

	if (face == NULL) {
		say("out of memory");
		return NULL;
	}
	face->machine = machine;
	leaf = host_cpuid_get(&machine->cpuid, base + CPUID_KVM_FEATURES);
	leaf.leaf = base + CPUID_KVM_FEATURES;
	leaf.eax &= supported(machine);
	face->features = leaf.eax;
	if (!host_cpuid_set(&machine->cpuid, leaf)) {
		say("there is no room for KVM's leaves; try fewer faces");
		free(face);
		return NULL;
	}
	if (!(leaf.eax & (CPUID_KVM_CLOCKSOURCE | CPUID_KVM_CLOCKSOURCE2)))
		say_more(machine, "this KVM has no clock for its guests");
	return face;
}

const struct face_kind face_kvm = {
	.face = HOST_KVM,
	.make = face_make,
	.free = free,
	.key_set = key_set,
	.key_get = key_get,
	.key_list = key_list,
	.request = request,
	.status = status,
};
