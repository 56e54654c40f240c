/* SPDX-License-Identifier: ISC */
/*
 * The requests of /dev/pvbusN on a Unix stream socket, for where there is no
 * CUSE.  An ioctl is carried whole: the message is the caller's memory, and an
 * address in the request structure is an offset into it.
 *
 * Both ends are on one machine, so numbers are in its own byte order.
 *
 * request: header, then `length` bytes: the request structure of the command,
 *          then what its addresses point to (key, and the value of a PUT).
 *          An address for results need not be inside the message.
 * reply:   header, then `structure` bytes of the request structure as it is
 *          now, then the result bytes, together `length`.
 *
 * One request at a time: the next is read after the reply has been sent.
 */
#ifndef WIRE_SOCKET_H
#define WIRE_SOCKET_H

#include <stdint.h>

/* "pvb1": the version of this framing. */
#define SOCKET_MAGIC 0x31627670u

/* Two buffers of 64 KiB and a request structure of 64 bytes. */
#define SOCKET_MAX_LENGTH (2 * 65536 + 64)

struct socket_request {
	uint32_t magic;
	uint32_t cmd; /* PVBUSIOC_… of the 64-bit ABI */
	uint32_t flags;
	uint32_t length;
};

#define SOCKET_WRITABLE 0x1u /* the caller opened it for writing */

struct socket_reply {
	uint32_t magic;
	int32_t error; /* errno of the daemon's machine, 0 or positive */
	uint32_t structure;
	uint32_t length;
};

#endif
