/* SPDX-License-Identifier: ISC */
/* What the files of the face of Hyper-V share. */
#ifndef PVHOST_FACE_HYPERV_H
#define PVHOST_FACE_HYPERV_H

#include "host/hyperv/devices.h"
#include "programs/pvhost/face.h"

#define HYPERV_CALL_PORT 0xe2u /* of the hypercall page */
#define HYPERV_LUNS 64u

/* ---- Keys: of the host's, and what was heard of the guest's ------------ */

struct hyperv_key {
	struct hyperv_key *next;
	unsigned pool;
	char *name, *value;
	size_t size;
	bool sent, deleted;
	uint32_t refused; /* what the guest answered: HV_IC_STATUS_… */
};

struct hyperv_heard {
	char *name, *value;
	size_t size;
};

struct hyperv_pool {
	struct hyperv_heard *items;
	unsigned count;
	bool known; /* asked for to its end */
};

#define HYPERV_HEARD_POOLS 2u /* HV_KVP_POOL_GUEST, _AUTO */

struct hyperv_kvp {
	struct hyperv_key *keys; /* as they were set first */
	bool up;
	enum {
		KVP_IDLE,
		KVP_SETTING,
		KVP_DELETING,
		KVP_LISTING
	} state;
	struct hyperv_key *asked; /* NULL: changed since */
	unsigned pool;            /* of those heard of, which is asked for */
	uint32_t index;
	struct hyperv_pool pools[HYPERV_HEARD_POOLS], next;
	uint64_t list_at; /* when they are asked for again */
};

/* ---- The face ---------------------------------------------------------- */

struct hyperv_nic {
	struct hyperv_nic *next;
	struct nic *nic;
	struct host_netvsp *net;
	unsigned number;
};

struct face_hyperv {
	struct machine *machine;
	struct host_hyperv_config config;
	struct host_hyperv *host;
	struct port_range call;
	struct host_ic *ic;
	struct host_balloon *balloon;
	struct host_storvsp *storvsp;
	struct disk *luns[HYPERV_LUNS];
	struct hyperv_nic *nics;
	struct hyperv_kvp kvp;
	int64_t stepped; /* of the host's clock, nanoseconds */
	bool timed;      /* the guest has been given the time */
	unsigned tick;
};

/* face_hyperv_disk.c */
bool hyperv_disk_add(void *self, struct disk *, struct reply *);
bool hyperv_disk_remove(void *self, struct disk *, struct reply *);

/* face_hyperv_nic.c */
bool hyperv_nic_add(void *self, struct nic *, struct reply *);
bool hyperv_nic_remove(void *self, struct nic *, struct reply *);
void hyperv_nics_free(struct face_hyperv *);

/* face_hyperv_admin.c */
void hyperv_admin_start(struct face_hyperv *);
bool hyperv_request(void *self, const char *what, struct reply *);
bool hyperv_step(void *self, int64_t nanoseconds, struct reply *);

/* face_hyperv_keys.c */
bool hyperv_key_set(void *self, const char *key, const void *value, size_t size,
    struct reply *);
bool hyperv_key_get(void *self, const char *key, struct reply *);
bool hyperv_key_list(void *self, const char *key, struct reply *);

/* face_hyperv_kvp.c: what is asked of the guest next */
void hyperv_kvp_start(struct face_hyperv *);
void hyperv_kvp_free(struct hyperv_kvp *);
/* The one that was heard of, or NULL. */
const struct hyperv_heard *hyperv_kvp_heard(const struct face_hyperv *,
    unsigned pool, const char *name);

/* face_hyperv_status.c */
void hyperv_status(void *self, struct reply *);
extern const char *const hyperv_services[HOST_IC_COUNT];

/* face_hyperv_manners.c */
bool hyperv_manners(void *self, const char *part, struct manners *);

#endif
