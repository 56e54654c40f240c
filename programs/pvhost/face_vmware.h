/* SPDX-License-Identifier: ISC */
/* What the files of VMware's face share. */
#ifndef PVHOST_FACE_VMWARE_H
#define PVHOST_FACE_VMWARE_H

#include "host/vmware/vmware.h"
#include "programs/pvhost/face.h"

struct manners;
struct reply;

struct face_vmware {
	struct machine *machine;
	struct host_vmware *host;
	struct port_range low, high;
	uint64_t wall; /* of the model's time 0, as it is told now */
};

/* face_vmware_admin.c */
bool vmware_key_set(void *, const char *key, const void *value, size_t size,
    struct reply *);
bool vmware_key_get(void *, const char *key, struct reply *);
bool vmware_key_list(void *, const char *key, struct reply *);
bool vmware_request(void *, const char *what, struct reply *);
bool vmware_step(void *, int64_t nanoseconds, struct reply *);
bool vmware_manners(void *, const char *part, struct manners *);

/* face_vmware_status.c */
void vmware_status(void *, struct reply *);
/* What a guest says, for a terminal to show: no more than `most` bytes. */
void vmware_print_text(struct reply *, const char *bytes, size_t size,
    size_t most);

/* face_vmware_nics.c: lines "nic MAC ADDRESS/PREFIX …" of a list of NICs of
 * versions 2 and 3. */
void vmware_print_nics(struct reply *, const char *list, size_t size);

#endif
