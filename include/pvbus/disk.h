/* SPDX-License-Identifier: ISC */
/*
 * A disk, the same shape on every hypervisor: xbf on Xen, hvs on Hyper-V.
 *
 * Threads: the context that owns the bus owns the disk; each queue may be
 * owned by another CPU (pv_disk_own), which then alone submits to it, kicks it
 * and polls it.  All of a disk's memory lives until its device is detached; see
 * `gone`.
 */
#ifndef PVBUS_DISK_H
#define PVBUS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"

/* A segment with this address cannot be reached by the host: it is copied. */
#define PV_NO_PHYSICAL UINT64_MAX

/* A piece of the owner's memory, in one physical run. */
struct pv_segment {
	void *data;
	uint64_t physical; /* or PV_NO_PHYSICAL */
	size_t len;
};

enum pv_disk_op {
	PV_DISK_READ,
	PV_DISK_WRITE,
	PV_DISK_FLUSH,
	PV_DISK_DISCARD
};

/* DISCARD: the data must not come back. */
#define PV_DISK_SECURE 0x1u

struct pv_disk;

/*
 * One request.  The caller owns it, the segments and their memory until
 * `done`, which is called exactly once, from submit or from a poll of the same
 * queue, on its CPU.
 *
 * READ and WRITE move the bytes of the segments, in order, from or to
 * `offset`; their sum is the length, and both are multiples of the sector
 * size.  Any length is taken: what the host cannot take in one request is
 * split, and an error in any part is the error of the whole.
 * FLUSH ends when all writes that ended before it was submitted are stable; at
 * once where the host has no cache to flush (can_flush is false).
 * DISCARD: `length` bytes from `offset`.
 *
 * Errors: PV_EINVAL (not multiples, or past the end), PV_EROFS, PV_ENOTSUP,
 * PV_EIO (the host says so), PV_ENODEV (the disk is gone), PV_EPROTO (the
 * device is broken), PV_ENOMEM (no place to copy to), PV_EINTR (the disk is
 * being detached by its owner), PV_EBUSY (the host does not let go of the
 * memory: it may read it, and after a READ write to it, at any time from now
 * on, so its owner must never use it for anything again).
 */
struct pv_io {
	enum pv_disk_op op;
	uint32_t flags;
	uint64_t offset; /* bytes */
	uint64_t length; /* bytes; of a DISCARD only */
	const struct pv_segment *segments;
	unsigned count;

	void (*done)(struct pv_io *);
	void *owner;
	int error;

	/* The driver's until `done`. */
	struct pv_io *next;
	uint64_t total, progress;
	unsigned segment; /* that progress is in */
	size_t within;    /* bytes into it */
	unsigned pending;
	bool submitted;
};

struct pv_disk_ops {
	void (*submit)(struct pv_disk *, unsigned queue, struct pv_io *);
	void (*kick)(struct pv_disk *, unsigned queue);
	bool (*poll)(struct pv_disk *, unsigned queue, unsigned budget);
	int (*own)(struct pv_disk *, unsigned queue, unsigned cpu);
	uint64_t (*deadline)(struct pv_disk *, unsigned queue);
};

/* What the host says is current after each change; `changed` tells of it. */
struct pv_disk {
	const struct pv_disk_ops *ops;
	bool online; /* requests are taken; else they wait */
	/* The device is being taken away: when `changed` has returned, no other
	 * CPU uses a queue of it any more, and nobody once `done` was called
	 * for all that is under way. */
	bool gone;
	uint64_t size;        /* bytes */
	uint32_t sector_size; /* of every offset and length; at least 512 */
	uint32_t physical_sector_size;
	bool read_only, removable;
	bool can_flush, can_discard, can_secure;
	uint32_t discard_granularity, discard_alignment; /* bytes */
	unsigned queues;     /* at least 1; may change with a new connection */
	unsigned depth;      /* requests of the host's size in one queue */
	size_t max_transfer; /* bytes in one request of the host */
	void (*changed)(struct pv_disk *, void *owner); /* or NULL */
	void *owner;
};

/* Give a request to a queue.  The host may hear of it only with the next kick,
 * so that many are told by one signal. */
static inline void
pv_disk_submit(struct pv_disk *disk, unsigned queue, struct pv_io *io)
{
	disk->ops->submit(disk, queue, io);
}

static inline void
pv_disk_kick(struct pv_disk *disk, unsigned queue)
{
	disk->ops->kick(disk, queue);
}

/* Complete what is ready, at most `budget` completions.  True: more is ready.
 * pv_bus_poll() does this for queues that no other CPU has taken. */
static inline bool
pv_disk_poll(struct pv_disk *disk, unsigned queue, unsigned budget)
{
	return disk->ops->poll(disk, queue, budget);
}

/*
 * From the context that owns the bus: a CPU takes a queue, and its events come
 * there from now on; CPU 0 gives it back to pv_bus_poll().  Nobody may be using
 * the queue meanwhile.  PV_ENOTSUP: the host delivers events to CPU 0 only, and
 * nothing has changed.  PV_EINVAL: no such queue or CPU.  PV_EBUSY: disks of one
 * controller share its queues (hvs), and the owner of another has it on another
 * CPU.
 */
static inline int
pv_disk_own(struct pv_disk *disk, unsigned queue, unsigned cpu)
{
	return disk->ops->own(disk, queue, cpu);
}

/* When the CPU that has taken a queue is to poll it at the latest: events can
 * get lost, and a disk that goes wants its queues back.  PV_NEVER: nobody has
 * taken it, and nothing is under way. */
static inline uint64_t
pv_disk_deadline(struct pv_disk *disk, unsigned queue)
{
	return disk->ops->deadline(disk, queue);
}

#endif
