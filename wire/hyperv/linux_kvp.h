/* SPDX-License-Identifier: ISC */
/*
 * Key/value exchange between the Linux kernel and its daemon: the messages of
 * /dev/vmbus/hv_kvp, and the files where the daemon keeps the pools. Text is
 * UTF-8 with a NUL that sizes count. Compared with the header by
 * tests/unit/test_published_hyperv.c.
 * Source: Linux include/uapi/linux/hyperv.h, drivers/hv/hv_kvp.c,
 * tools/hv/hv_kvp_daemon.c.
 */
#ifndef WIRE_HYPERV_LINUX_KVP_H
#define WIRE_HYPERV_LINUX_KVP_H

#include <stdint.h>

#define HV_LINUX_KVP_DEVICE "/dev/vmbus/hv_kvp"

#define HV_LINUX_KVP_KEY 512    /* bytes */
#define HV_LINUX_KVP_VALUE 2048 /* bytes */
/* What fits of it once it is UTF-16, with its NUL. */
#define HV_LINUX_KVP_KEY_UNITS 254
#define HV_LINUX_KVP_VALUE_UNITS 1022

/* The first message is the daemon's; the answer has the kernel's version. */
#define HV_LINUX_KVP_REGISTER 4 /* a daemon without addresses */
#define HV_LINUX_KVP_REGISTER1 100

/* The daemon writes a status in place of operation, pool and padding. */
struct hv_linux_kvp_header {
	uint8_t operation; /* HV_KVP_… of kvp.h, or the above */
	uint8_t pool;
	uint16_t reserved;
};
_Static_assert(sizeof(struct hv_linux_kvp_header) == 4, "header");

struct hv_linux_kvp_value {
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint8_t key[HV_LINUX_KVP_KEY];
	uint8_t value[HV_LINUX_KVP_VALUE];
};
_Static_assert(sizeof(struct hv_linux_kvp_value) == 2572, "value");

struct hv_linux_kvp_enumerate {
	uint32_t index;
	struct hv_linux_kvp_value item;
};

struct hv_linux_kvp_delete {
	uint32_t key_size;
	uint8_t key[HV_LINUX_KVP_KEY];
};

/* Here addresses are text in units of 16 bits, but UTF-8 in the bytes of it. */
struct hv_linux_kvp_ip {
	uint8_t adapter[256];
	uint8_t family;
	uint8_t dhcp;
	uint8_t addresses[2048];
	uint8_t masks[2048];
	uint8_t gateways[1024];
	uint8_t dns[2048];
};
_Static_assert(sizeof(struct hv_linux_kvp_ip) == 7426, "addresses");

/* read() wants room for all of it, and write() all of it. */
struct hv_linux_kvp {
	union {
		struct hv_linux_kvp_header header;
		uint32_t status;
	} u;
	union {
		struct hv_linux_kvp_value value; /* get and set */
		struct hv_linux_kvp_enumerate enumerate;
		struct hv_linux_kvp_delete remove;
		struct hv_linux_kvp_ip ip;
		uint8_t version[HV_LINUX_KVP_KEY]; /* register */
	} body;
};
_Static_assert(sizeof(struct hv_linux_kvp) == 7432, "message");
_Static_assert(__builtin_offsetof(struct hv_linux_kvp, body) == 4, "message");

/* The file of pool n, an array of records. What follows a NUL can be old. */
#define HV_LINUX_KVP_POOL_FILE "/var/lib/hyperv/.kvp_pool_" /* and the number */
#define HV_LINUX_KVP_POOLS 5

struct hv_linux_kvp_record {
	uint8_t key[HV_LINUX_KVP_KEY];
	uint8_t value[HV_LINUX_KVP_VALUE];
};
_Static_assert(sizeof(struct hv_linux_kvp_record) == 2560, "record");

#endif
