/* SPDX-License-Identifier: ISC */
/* The OEM strings of an SMBIOS table, as keys. */
#ifndef GUEST_KVM_OEM_H
#define GUEST_KVM_OEM_H

#include "guest/kvm/fwstore.h"

struct oem_value {
	const uint8_t *bytes; /* NULL: not decodable */
	size_t len;
};

/*
 * The strings of all structures of type 11, numbered from 1: oem/N is the
 * string, oem/NAME the value of one of the form NAME=VALUE.  Of
 * io.systemd.credential.binary:NAME=BASE64 the value is decoded.
 */
struct oem {
	struct fw_source source; /* first: the store hands it back */
	const struct pv_bus *bus;
	uint8_t *table;
	size_t table_size;
	unsigned strings;    /* found */
	struct fw_key *keys; /* id: index in values */
	struct oem_value *values;
	size_t count;
	char *text; /* of names and decoded values */
	size_t text_size;
	size_t allocated, text_allocated;
	unsigned bad; /* strings that could not be decoded */
	bool cut;     /* the table stopped making sense before its end */
};

/* Takes `table`, also when it fails. */
int oem_open(struct oem *, const struct pv_bus *, uint8_t *table, size_t size);
void oem_close(struct oem *);

#endif
