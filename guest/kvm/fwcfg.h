/* SPDX-License-Identifier: ISC */
#ifndef GUEST_KVM_FWCFG_H
#define GUEST_KVM_FWCFG_H

#include "guest/kvm/fwcfg_ports.h"
#include "guest/kvm/fwstore.h"
#include "wire/fwcfg.h"

struct fwcfg_item {
	char name[FWCFG_NAME_SIZE];
	uint64_t size;
	uint32_t id; /* selector key, or the platform's number */
};

struct fwcfg {
	struct fw_source source; /* first: the store hands it back */
	struct pv_device *device;
	bool by_ports;
	struct fwcfg_ports ports;
	struct fwcfg_item *items;
	size_t count, allocated;
	struct pv_kv *queue; /* oldest first; by ports the head is being read */
	bool fresh;          /* the platform was not asked yet for the newest */
};

/*
 * One directory entry as the host wrote it.  0, or what is wrong with it:
 * PV_EINVAL a name that is empty, unterminated or not printable, PV_EPROTO a
 * key that no file can have.
 */
int fwcfg_entry(const uint8_t entry[FWCFG_ENTRY_SIZE], struct fwcfg_item *);

/* True for a name that can be a key of the store. */
bool fwcfg_name_ok(const char name[FWCFG_NAME_SIZE]);

/*
 * Read a whole file at attach, for a driver that finds its tables there.
 * *size is set to its length, which is at most `max`; *data is from pv_alloc.
 * PV_ENOENT when there is no such file.
 */
int fwcfg_read_file(struct fwcfg *, const char *name, size_t max,
    uint8_t **data, size_t *size);

#endif
