/* SPDX-License-Identifier: ISC */
/* What guestinfo.c and guestinfo_text.c share. */
#ifndef GUEST_VMWARE_GUESTINFO_H
#define GUEST_VMWARE_GUESTINFO_H

#include "guest/vmware/inflate.h"
#include "guest/vmware/vmware.h"

/* Keys below this stand for what an encoded value is, and "KEY.encoding" says
 * how it is encoded (cloud-init's convention for guestinfo.userdata). */
#define GUESTINFO_DECODED "decoded/"
#define GUESTINFO_ENCODING ".encoding"

/* A decoded value is not longer than this. */
#define GUESTINFO_DECODED_MAX (1024u * 1024u)

/* A host cannot take a key away.  This in its place is what cloud-init writes,
 * and takes for none. */
#define GUESTINFO_TOMBSTONE " "

enum guestinfo_encoding {
	GUESTINFO_PLAIN,
	GUESTINFO_BASE64,
	GUESTINFO_GZIP_BASE64,
	GUESTINFO_UNKNOWN
};

/* By its name, as cloud-init has them. */
enum guestinfo_encoding guestinfo_encoding(const char *name, size_t len);
bool guestinfo_is_tombstone(const char *value, size_t len);
/* What a host's refusal means; see guestinfo_text.c. */
int guestinfo_refusal(const char *text, size_t len);
/* base64 in place, blanks and newlines left out: its length, or PV_EPROTO. */
long guestinfo_base64(char *text, size_t len);
size_t guestinfo_base64_len(size_t size);
void guestinfo_to_base64(const uint8_t *from, size_t size, char *to);
/* pv_kv_give() of packed bytes; also PV_EPROTO, PV_EMSGSIZE. */
int guestinfo_give_packed(struct pv_kv *, struct inflate *, const void *bytes,
    size_t size);

#endif
