/* SPDX-License-Identifier: ISC */
/*
 * Request structures kept from one arrival of an ioctl to the next.
 *
 * The kernel carries 32 pages a time (FUSE_DEFAULT_MAX_PAGES_PER_REQ), which
 * a key and a value of 64 KiB each fill to the last byte.  So when those two
 * come, the structure that named them stays here.
 */
#ifndef PVBUSD_CUSE_SAVED_H
#define PVBUSD_CUSE_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CUSE_CARRIES (32u * 4096u)

struct saved {
	pid_t caller; /* the thread: it has one ioctl at a time; 0: free */
	uint64_t arg;
	unsigned cmd;
	size_t size;
	uint64_t until; /* of loop_now() */
	unsigned char bytes[64];
};

struct saved_table {
	struct saved slots[32];
};

/* False: no slot is free, or the caller is of a PID namespace that we cannot
 * see and has no number.  The kernel comes again at once or, where an address
 * was bad, never: slots are given up after some seconds. */
bool saved_put(struct saved_table *, const struct saved *);
/* Fill in the size and the bytes that this caller's ioctl left; they are gone
 * from the table then. */
bool saved_take(struct saved_table *, struct saved *);
/* An ioctl of this caller begins: the one before never came back. */
void saved_forget(struct saved_table *, pid_t caller);

#endif
