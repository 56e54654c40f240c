/* SPDX-License-Identifier: ISC */
/*
 * The outer end of a NIC: a tap, a network of its own in user space, or another
 * pvhost.
 *
 * Frames are whole Ethernet frames without FCS.  A face turns them into what its
 * model takes and back; here they meet the machine outside.
 */
#ifndef PVHOST_NIC_H
#define PVHOST_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;
struct reply;

#define NIC_FRAME_MAX 65550u

struct nic_frame {
	const uint8_t *bytes;
	size_t length;
	/* TCP or UDP with only the pseudo header's sum in place */
	bool blank;
	/* the checksum is known to be good */
	bool valid;
	/* not 0: TCP, to be cut into segments of so many bytes, and blank */
	uint16_t segment_size;
};

struct nic;
struct nic_kind {
	const char *name; /* "tap", "user", "peer" */
	void *(*open)(struct nic *, struct machine *, const char *words,
	    struct reply *);
	void (*close)(void *self);
	/* From the guest: sent, or dropped and counted. */
	void (*send)(void *self, const struct nic_frame *);
};
extern const struct nic_kind nic_tap, nic_user, nic_peer;

struct nic {
	struct nic *next;
	char name[16]; /* "nic0" */
	const struct nic_kind *kind;
	void *self;
	uint8_t mac[6];
	unsigned mtu;
	/* takes and gives blank and segmented frames as they are; else nic_send
	 * completes and cuts them before, and none come */
	bool offload;
	/* its face's: a frame for the guest; false: dropped, there is no room */
	bool (*receive)(void *ctx, const struct nic_frame *);
	void *ctx;
	void *device;
	unsigned place;
	uint64_t sent, received, dropped;
};

/* "user[,mac=…][,mtu=N]", "tap:NAME", "peer:PATH": a datagram socket where the
 * first waits and the second connects.  NULL: a line in the reply. */
struct nic *nic_open(struct machine *, const char *words, unsigned number,
    struct reply *);
void nic_close(struct nic *);
/* From the guest. */
void nic_send(struct nic *, const struct nic_frame *);
/* To the guest; for kinds. */
bool nic_deliver(struct nic *, const struct nic_frame *);

#endif
