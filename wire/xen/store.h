/* SPDX-License-Identifier: ISC */
/*
 * XenStore: messages, and the page that carries them; states of devices.
 * Source: Xen public headers io/xs_wire.h, io/xenbus.h; docs/misc/xenstore.txt,
 * docs/misc/xenstore-ring.txt.
 */
#ifndef WIRE_XEN_STORE_H
#define WIRE_XEN_STORE_H

#include <stdint.h>

/* A message, of a request as of a reply: this, then length bytes. */
struct xen_store_header {
	uint32_t type;   /* XEN_STORE_… */
	uint32_t req_id; /* the reply repeats it; 0 in a watch event */
	uint32_t tx_id;  /* 0: outside of a transaction */
	uint32_t length; /* bytes of payload */
};
_Static_assert(sizeof(struct xen_store_header) == 16, "store message");

#define XEN_STORE_CONTROL 0
#define XEN_STORE_DIRECTORY 1
#define XEN_STORE_READ 2
#define XEN_STORE_GET_PERMS 3
#define XEN_STORE_WATCH 4
#define XEN_STORE_UNWATCH 5
#define XEN_STORE_TRANSACTION_START 6
#define XEN_STORE_TRANSACTION_END 7
#define XEN_STORE_INTRODUCE 8
#define XEN_STORE_RELEASE 9
#define XEN_STORE_GET_DOMAIN_PATH 10
#define XEN_STORE_WRITE 11
#define XEN_STORE_MKDIR 12
#define XEN_STORE_RM 13
#define XEN_STORE_SET_PERMS 14
#define XEN_STORE_WATCH_EVENT 15
#define XEN_STORE_ERROR 16
#define XEN_STORE_IS_DOMAIN_INTRODUCED 17
#define XEN_STORE_RESUME 18
#define XEN_STORE_SET_TARGET 19
#define XEN_STORE_RESET_WATCHES 21
#define XEN_STORE_DIRECTORY_PART 22
#define XEN_STORE_TYPES 23 /* as of Xen 4.17 */
#define XEN_STORE_TYPE_INVALID 0xffff

/* Bytes; a path is counted without its NUL. A longer payload ends the
 * connection. */
#define XEN_STORE_PAYLOAD_MAX 4096
#define XEN_STORE_ABS_PATH_MAX 3072
#define XEN_STORE_REL_PATH_MAX 2048

/* The payload of an error is one of these names, with its NUL: X(name,
 * number), with the numbers of wire/xen/hypercall.h. */
#define XEN_STORE_ERRORS(X)           \
	X("EINVAL", XEN_EINVAL)       \
	X("EACCES", XEN_EACCES)       \
	X("EEXIST", XEN_EEXIST)       \
	X("EISDIR", XEN_EISDIR)       \
	X("ENOENT", XEN_ENOENT)       \
	X("ENOMEM", XEN_ENOMEM)       \
	X("ENOSPC", XEN_ENOSPC)       \
	X("EIO", XEN_EIO)             \
	X("ENOTEMPTY", XEN_ENOTEMPTY) \
	X("ENOSYS", XEN_ENOSYS)       \
	X("EROFS", XEN_EROFS)         \
	X("EBUSY", XEN_EBUSY)         \
	X("EAGAIN", XEN_EAGAIN)       \
	X("EISCONN", XEN_EISCONN)     \
	X("E2BIG", XEN_E2BIG)         \
	X("EPERM", XEN_EPERM)

/* Paths that can only be watched. */
#define XEN_STORE_WATCH_INTRODUCE "@introduceDomain"
#define XEN_STORE_WATCH_RELEASE "@releaseDomain"

/* The payload of XEN_STORE_TRANSACTION_END, with its NUL. */
#define XEN_STORE_COMMIT "T"
#define XEN_STORE_ABORT "F"

/* A permission is a letter and a decimal domain; the first names the owner and
 * says what all others may. */
#define XEN_STORE_PERM_NONE 'n'
#define XEN_STORE_PERM_READ 'r'
#define XEN_STORE_PERM_WRITE 'w'
#define XEN_STORE_PERM_BOTH 'b'

/* The page. The counters run freely; a place is counter modulo ring size. */
#define XEN_STORE_RING_SIZE 1024 /* bytes */
#define XEN_STORE_RING_MASK (XEN_STORE_RING_SIZE - 1)

struct xen_store_page {
	uint8_t req[XEN_STORE_RING_SIZE];
	uint8_t rsp[XEN_STORE_RING_SIZE]; /* replies and watch events */
	uint32_t req_cons;                /* the store's */
	uint32_t req_prod;                /* the guest's */
	uint32_t rsp_cons;                /* the guest's */
	uint32_t rsp_prod;                /* the store's */
	uint32_t features;                /* XEN_STORE_FEATURE_… */
	uint32_t connection;              /* XEN_STORE_CONNECTION_… */
	uint32_t error;                   /* XEN_STORE_ERROR_… */
	uint8_t unused[2020];             /* the rest of the page */
};
_Static_assert(sizeof(struct xen_store_page) == 4096, "store page");

#define XEN_STORE_FEATURE_RECONNECTION 0x1u /* connection is valid */
#define XEN_STORE_FEATURE_ERROR 0x2u        /* error is valid */

#define XEN_STORE_CONNECTION_UP 0
#define XEN_STORE_CONNECTION_RECONNECT 1 /* asked by the guest */

#define XEN_STORE_ERROR_NONE 0
#define XEN_STORE_ERROR_COMM 1
#define XEN_STORE_ERROR_RINGIDX 2
#define XEN_STORE_ERROR_PROTO 3

/* The node "state" of each end of a device, as a decimal number. */
#define XEN_BUS_UNKNOWN 0
#define XEN_BUS_INITIALISING 1
#define XEN_BUS_INIT_WAIT 2
#define XEN_BUS_INITIALISED 3
#define XEN_BUS_CONNECTED 4
#define XEN_BUS_CLOSING 5
#define XEN_BUS_CLOSED 6
#define XEN_BUS_RECONFIGURING 7
#define XEN_BUS_RECONFIGURED 8

#endif
