/* SPDX-License-Identifier: ISC */
/*
 * The information store of KVM, QEMU and OpenBSD's vmm: what the host left for
 * the guest at start.  fw_cfg and SMBIOS each add their keys; both are
 * read-only, so is the store.
 */
#ifndef GUEST_KVM_FWSTORE_H
#define GUEST_KVM_FWSTORE_H

#include "guest/kvm/keys.h"
#include "pvbus/guest.h"

/* Where the values of some keys come from. */
struct fw_source {
	/* Answer a read with pv_kv_done(), now or later; kv->scratch is
	 * the source's but for [0]. */
	void (*read)(struct fw_source *, uint32_t id, struct pv_kv *);
	/* Forget it; NULL where read always answers at once. */
	void (*cancel)(struct fw_source *, struct pv_kv *);
};

/*
 * Add keys to the store of an interface, which is made when it is not there
 * yet.  The names must live as long as the bus.  Returns the number of names
 * that were there already, or a PV_E code.
 */
long fwstore_add(struct pv_bus *, struct pv_interface *,
    const struct fw_key *keys, size_t count);

/*
 * Settle what part of a value of `total` bytes a read gets: 0 with *size set
 * to the bytes to be put at kv->value from kv->offset on, or PV_ERANGE.
 */
int fw_read_range(struct pv_kv *, uint64_t total, size_t *size);

/* Answer a read out of memory. */
void fw_read_bytes(struct pv_kv *, const void *bytes, size_t total);

#endif
