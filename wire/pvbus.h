/* SPDX-License-Identifier: ISC */
/*
 * The ioctls of /dev/pvbusN as numbers and offsets, for the side that answers
 * them; <pvbus/ioctl.h> is the same for programs.  tests/unit/test_abi.c holds
 * the two against each other.
 */
#ifndef WIRE_PVBUS_H
#define WIRE_PVBUS_H

#include <stdint.h>

/* OpenBSD's set, for callers with 64-bit and with 32-bit pointers. */
#define PVBUS_LP64_KVREAD 0xc0205601u
#define PVBUS_LP64_KVWRITE 0xc0205602u
#define PVBUS_LP64_TYPE 0xc0205603u
#define PVBUS_ILP32_KVREAD 0xc0105601u
#define PVBUS_ILP32_KVWRITE 0xc0105602u
#define PVBUS_ILP32_TYPE 0xc0105603u
/* Four words: length and address of the key, length and address of the value. */
#define PVBUS_REQ_WORDS 4

/* The second set, one layout for both. */
#define PVBUS_CMD_GET 0xc0405620u
#define PVBUS_CMD_PUT 0xc0405621u
#define PVBUS_CMD_LIST 0xc0405622u
#define PVBUS_CMD_REMOVE 0xc0405623u
#define PVBUS_CMD_WATCH 0xc0405624u
#define PVBUS_CMD_INFO 0xc0405625u

#define PVBUS_KV_SIZE 64
#define PVBUS_KV_ABI 1 /* pk_version */
#define PVBUS_KV_FLAG_RECURSIVE 0x1u
#define PVBUS_KV_FLAG_PARTIAL 0x2u

struct pvbus_kv_wire {
	uint32_t version;
	uint32_t flags;
	uint64_t key;
	uint32_t keylen;
	uint32_t timeout;
	uint64_t value;
	uint32_t valuelen;
	uint32_t reserved;
	uint64_t offset;
	uint64_t actual;
	uint64_t seen;
};

#endif
