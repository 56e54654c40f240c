/* SPDX-License-Identifier: ISC */
/*
 * Key/value pairs: the pools, the store on them, and the two ways in which a
 * host reaches them: the service on VMBus (kvp_service.c, UTF-16) and Linux's
 * driver for it (kvp_platform.c, UTF-8).
 */
#ifndef GUEST_HYPERV_KVP_H
#define GUEST_HYPERV_KVP_H

#include "guest/bus/address.h"
#include "guest/bus/number.h"
#include "guest/hyperv/hyperv.h"
#include "wire/hyperv/kvp.h"
#include "wire/hyperv/linux_kvp.h"
#include "wire/hyperv/vmbus.h"

/* Pools that have records; numbers of the wire. */
#define KVP_POOLS 5u
/* Those of them that have a name and are on the wire. */
#define KVP_POOLS_NAMED 4u

/* What a host may fill a pool with: OpenBSD's index of a pool wraps there
 * (K-35), and a file of so many records has 2.5 MiB. */
#define KVP_POOL_MAX 1024u

/*
 * What fits in a message, in UTF-16 units, with a NUL behind it.  What a guest
 * writes has one unit less: Linux's driver converts no more than that
 * (kvp_respond_to_host in drivers/hv/hv_kvp.c: half of the field, less 2), and a
 * value is to mean the same whoever carries it.
 */
#define KVP_KEY_UNITS (HV_KVP_KEY / 2 - 1)
#define KVP_VALUE_UNITS (HV_KVP_VALUE / 2 - 1)
/* The same in UTF-8: no unit needs more than three bytes. */
#define KVP_KEY_BYTES (KVP_KEY_UNITS * 3)
#define KVP_VALUE_BYTES (KVP_VALUE_UNITS * 3)

/* State of a key for watches: 0 is none, and this one is "not there". */
#define KVP_STATE_ABSENT 1ull

struct kvp_record {
	struct kvp_record *next;     /* in the order in which they came */
	uint64_t state;              /* another with each change */
	uint16_t key_len, value_len; /* UTF-8, without a NUL */
	bool fact; /* of pool Auto: what the port says, not what was written */
	bool seen; /* kvp_file.c: it was in what is being read */
	char text[]; /* the key, then the value */
};

struct kvp_pool {
	unsigned number;
	struct kvp_record *records;
	unsigned count;
	uint64_t state; /* of the list of names */
	bool dirty;     /* to be written to the port */
	bool unread;    /* the port's could not be read: it is not replaced */
};

/* Addresses as text, entries separated by ';', each list terminated: ASCII, so
 * units of UTF-16 are bytes here. */
struct kvp_ip_text {
	uint8_t family; /* HV_KVP_FAMILY_… */
	uint8_t dhcp;
	char addresses[HV_KVP_IP_UNITS];
	char masks[HV_KVP_IP_UNITS]; /* 255.255.255.0, of IPv6 /64 */
	char gateways[HV_KVP_GATEWAY_UNITS];
	char dns[HV_KVP_IP_UNITS];
};

/* A network channel and the address of its NIC. */
#define KVP_ADAPTERS 64u
struct kvp_adapter {
	struct hv_guid instance;
	uint8_t mac[6];
};

struct kvp {
	struct hyperv *hyperv;
	struct pv_store store; /* on the interface */
	bool offered;          /* and it is there */
	struct kvp_pool pools[KVP_POOLS];
	uint64_t changes;      /* the last state given */
	struct pv_kv *watches; /* by store_next */
	bool look;             /* at the watches: something has changed */
	unsigned dropped;      /* addresses that fitted in no answer, so far */
	uint64_t refreshed;    /* when pool Auto was made, or 0 */
	uint64_t save_at;      /* writing failed: not again before that */
	uint64_t read_at;      /* the same of reading */
	bool save_failed;      /* and the line was printed */
	struct kvp_adapter adapters[KVP_ADAPTERS];
	unsigned adapter_count;
	/* room to work in */
	struct pv_netif netif, wanted;
	struct kvp_ip_text ip;
	char text[KVP_VALUE_BYTES + 1];
	char key[KVP_KEY_BYTES + 1];
	/* kvp_platform.c */
	struct kvp_platform *platform;
	bool others; /* another program keeps the pools: they are only read */
};

/* ---- kvp.c ------------------------------------------------------------ */

int kvp_open(struct hyperv *); /* again: nothing happens */
void kvp_close(struct hyperv *);
bool kvp_poll(struct hyperv *);
uint64_t kvp_deadline(const struct hyperv *);
/* There is somebody to exchange with: the service was offered, or the platform
 * has its device.  The pools are read and the store appears. */
void kvp_offered(struct hyperv *);
/* For hvn: the channel of this instance is the NIC of that address; NULL: no
 * more. */
void kvp_adapter(struct hyperv *, const struct hv_guid *instance,
    const uint8_t *mac);

/* ---- kvp_store.c: the pools as a store of pvbus ----------------------- */

void kvp_store_init(struct kvp *);
void kvp_store_look(struct kvp *);
void kvp_store_end(struct kvp *);

/* ---- kvp_pool.c: PV_ENOENT, PV_EMSGSIZE, PV_EINVAL, PV_ENOMEM --------- */

const struct kvp_record *kvp_find(const struct kvp_pool *, const char *key,
    size_t len);
const struct kvp_record *kvp_at(const struct kvp_pool *, uint32_t index);
static inline const char *
kvp_key(const struct kvp_record *record)
{
	return record->text;
}
static inline const char *
kvp_value(const struct kvp_record *record)
{
	return record->text + record->key_len;
}
int kvp_set(struct kvp *, unsigned pool, const char *key, size_t key_len,
    const char *value, size_t value_len);
/* PV_EROFS: a fact of pool Auto that nobody has written. */
int kvp_delete(struct kvp *, unsigned pool, const char *key, size_t key_len);
/* The same for what the port says: unless it was written, and marking nothing
 * dirty. */
int kvp_set_fact(struct kvp *, const char *key, const char *value, size_t len);
void kvp_pool_clear(struct kvp *, unsigned pool);
/* Names and numbers of pools: "Guest/Parameters"; -1: unknown. */
int kvp_pool_number(const char *name, size_t len);
const char *kvp_pool_name(unsigned pool);
/* "Pool/name": the number and the length of what stands before the name, or
 * -1. */
int kvp_split(const char *key, size_t len, size_t *name);

/* ---- kvp_file.c: pools that outlive the guest ------------------------- */

/* What the port has, in place of what is there; watches see what changed.  A
 * record that is none (no NUL, no key, no UTF-8, a key again) is left out and
 * counted, as is what is too much. */
void kvp_load(struct kvp *, unsigned pool);
void kvp_save(struct kvp *);
uint64_t kvp_save_deadline(const struct kvp *);
bool kvp_record_fits(size_t key_len, size_t value_len);

/* ---- kvp_auto.c: what the guest tells of itself ----------------------- */

/* Not more than once a second. */
void kvp_auto_refresh(struct kvp *);

/* ---- kvp_text.c: UTF-16LE and UTF-8 ----------------------------------- */

/* Bytes written (without a NUL), or PV_EMSGSIZE, PV_EINVAL (lone surrogates,
 * an odd length, a NUL inside).  `len` in bytes; one NUL at the end is not part
 * of the text. */
long kvp_from_utf16(const void *from, size_t len, char *to, size_t room);
long kvp_to_utf16(const char *from, size_t len, void *to, size_t room);
/* How many units that would be, or PV_EINVAL. */
long kvp_units(const char *from, size_t len);

/* ---- kvp_address.c: addresses from text ------------------------------- */

bool kvp_address_parse(const char *text, size_t len, struct pv_address *);
/* 255.255.255.0, /64 or 64: the length of a prefix, or -1. */
int kvp_mask_parse(const char *text, size_t len, unsigned family);

/* ---- kvp_ip.c: addresses of the guest --------------------------------- */

/* The interface that a host means, by the instance of its channel or its MAC
 * address, as text: PV_ENOENT, PV_ENOTSUP. */
int kvp_ip_find(struct kvp *, const char *id, size_t len, struct pv_netif *);
/* Whole entries that fit; returns how many did not. */
unsigned kvp_ip_text(const struct pv_netif *, struct kvp_ip_text *);
/* All or nothing: PV_EINVAL. */
int kvp_ip_parse(const struct kvp_ip_text *, struct pv_netif *);
/* Parse, find, hand to the port.  `ip` may be kvp->ip. */
int kvp_ip_set(struct kvp *, const char *id, size_t len,
    const struct kvp_ip_text *ip);
/* The form of version 5. */
unsigned kvp_ip_to_binary(const struct pv_netif *, struct hv_kvp_ip_binary *);
int kvp_ip_from_binary(const struct hv_kvp_ip_binary *, struct pv_netif *);
int kvp_ip_apply(struct kvp *, const char *id, size_t len,
    struct pv_netif *wanted);

/* ---- kvp_service.c ---------------------------------------------------- */

/* HV_IC_STATUS_… of a PV_E code. */
uint32_t kvp_status(int error);

/* ---- kvp_platform.c --------------------------------------------------- */

int kvp_platform_open(struct kvp *);
void kvp_platform_close(struct kvp *);
bool kvp_platform_poll(struct kvp *);
uint64_t kvp_platform_deadline(const struct kvp *);

#endif
