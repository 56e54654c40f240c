/* SPDX-License-Identifier: ISC */
/*
 * The device /dev/pvbusN: the ABI.
 *
 * The first set is that of OpenBSD's pvbus(4): a program written for it
 * compiles against this header in place of <dev/pv/pvvar.h> and behaves the
 * same.  The second set says what the first cannot: lengths, bytes, lists,
 * removal, change.  pvbus_ioctl(4) describes both, with every error.
 */
#ifndef PVBUS_IOCTL_H
#define PVBUS_IOCTL_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__)
#include <linux/ioctl.h>
#else
#include <sys/ioccom.h>
#endif

/* ---- First set: OpenBSD's ---------------------------------------------- */

/* The largest key and the largest value (sys/dev/pv/pvvar.h, since 2023-01). */
#define PVBUS_KVOP_MAXSIZE (64 * 1024)

/* Lengths in bytes; those of buffers for results include the NUL. */
struct pvbus_req {
	size_t pvr_keylen;
	char *pvr_key;
	size_t pvr_valuelen;
	char *pvr_value;
};

#define PVBUSIOC_KVREAD _IOWR('V', 1, struct pvbus_req)
#define PVBUSIOC_KVWRITE _IOWR('V', 2, struct pvbus_req)
#define PVBUSIOC_TYPE _IOWR('V', 3, struct pvbus_req)
/* The name that OpenBSD's manual gives number 3. */
#define PVBUSIOC_KVTYPE PVBUSIOC_TYPE

/* ---- Second set -------------------------------------------------------- */

#define PVBUS_KV_VERSION 1

/* LIST: all that is below the key. */
#define PVBUS_KV_RECURSIVE 0x1u
/* GET: what fits, from pk_offset on, rather than ERANGE. */
#define PVBUS_KV_PARTIAL 0x2u

/*
 * The same layout for 32-bit and 64-bit callers.  Addresses are (uintptr_t)
 * pointers.  On return, also with an error that a store answered:
 * pk_valuelen is the number of bytes put at pk_value, pk_actual the length
 * of the whole value or list, pk_seen the state of the key (WATCH).
 */
struct pvbus_kv {
	uint32_t pk_version; /* PVBUS_KV_VERSION */
	uint32_t pk_flags;
	uint64_t pk_key;
	uint32_t pk_keylen;  /* no NUL is counted or wanted */
	uint32_t pk_timeout; /* ms; 0: the device's own, 10 s (WATCH: none) */
	uint64_t pk_value;
	uint32_t pk_valuelen;
	uint32_t pk_reserved; /* 0 */
	uint64_t pk_offset;   /* with PVBUS_KV_PARTIAL, else 0 */
	uint64_t pk_actual;
	uint64_t pk_seen; /* WATCH: 0, or what the last one answered */
};

/* Numbers from 32 on, clear of what OpenBSD may add to the first set. */
#define PVBUSIOC_GET _IOWR('V', 32, struct pvbus_kv)
#define PVBUSIOC_PUT _IOWR('V', 33, struct pvbus_kv)
#define PVBUSIOC_LIST _IOWR('V', 34, struct pvbus_kv)
#define PVBUSIOC_REMOVE _IOWR('V', 35, struct pvbus_kv)
#define PVBUSIOC_WATCH _IOWR('V', 36, struct pvbus_kv)
/* Lines of "NAME VALUE" about the interface and its devices; no key. */
#define PVBUSIOC_INFO _IOWR('V', 37, struct pvbus_kv)

#endif
