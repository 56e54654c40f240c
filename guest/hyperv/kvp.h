/* SPDX-License-Identifier: ISC */
/*
 * Key/value pairs: the pools, the store on them, and the two ways in which a
 * host reaches them: the service on VMBus (kvp_service.c, UTF-16) and Linux's
 * driver for it (kvp_platform.c, UTF-8).
 */
#ifndef GUEST_HYPERV_KVP_H
#define GUEST_HYPERV_KVP_H

#include "guest/hyperv/hyperv.h"
#include "wire/hyperv/kvp.h"
#include "wire/hyperv/linux_kvp.h"

/* Pools that have records; numbers of the wire. */
#define KVP_POOLS 5u

/* What a host may fill a pool with. */
#define KVP_POOL_MAX 1024u

struct kvp_record {
	struct kvp_record *next;     /* in the order in which they came */
	uint16_t key_len, value_len; /* UTF-8, without a NUL */
	char key[HV_KVP_KEY_BYTES];
	char value[];
};

struct kvp_pool {
	unsigned number;
	struct kvp_record *records;
	unsigned count;
	uint64_t generation; /* one more with each change */
	bool dirty;          /* to be written to the port */
};

struct kvp {
	struct hyperv *hyperv;
	struct pv_store store; /* on the interface */
	struct kvp_pool pools[KVP_POOLS];
	struct pv_kv *watches; /* by store_next */
	void *io;              /* for reading and writing whole pools */
	size_t io_room;
	/* kvp_platform.c */
	struct kvp_platform *platform;
	bool others; /* another program keeps the pools */
};

/* ---- kvp.c ------------------------------------------------------------ */
int kvp_open(struct hyperv *);
void kvp_close(struct hyperv *);
bool kvp_poll(struct hyperv *);
uint64_t kvp_deadline(const struct hyperv *);

/* ---- kvp_pool.c: PV_ENOENT, PV_EMSGSIZE, PV_EINVAL, PV_ENOMEM -------- */
const struct kvp_record *kvp_find(const struct kvp_pool *, const char *key,
    size_t len);
const struct kvp_record *kvp_at(const struct kvp_pool *, uint32_t index);
int kvp_set(struct kvp *, unsigned pool, const char *key, size_t key_len,
    const char *value, size_t value_len);
int kvp_delete(struct kvp *, unsigned pool, const char *key, size_t key_len);
/* Names and numbers of pools: "Guest/Parameters"; -1: unknown. */
int kvp_pool_number(const char *name, size_t len);
const char *kvp_pool_name(unsigned pool);

/* ---- kvp_auto.c: what the guest tells of itself ----------------------- */
void kvp_auto_refresh(struct kvp *);

/* ---- kvp_text.c: UTF-16LE and UTF-8 ----------------------------------- */
/* Bytes written (without a NUL), or PV_EMSGSIZE, PV_EINVAL (lone surrogates,
 * an odd length, a NUL inside).  `len` in bytes; one NUL at the end is not part
 * of the text. */
long kvp_from_utf16(const void *from, size_t len, char *to, size_t room);
long kvp_to_utf16(const char *from, size_t len, void *to, size_t room);

/* ---- kvp_ip.c: addresses of the guest --------------------------------- */
int kvp_ip_get(struct kvp *, const uint8_t *id, struct pv_netif *);

#endif
