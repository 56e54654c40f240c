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
	/* `words` are its own, "NAME" or "forward=…,restrict"; NULL: a line
	 * in the reply */
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
	/* its kind's: takes blank and segmented frames as they are; else
	 * nic_send completes and cuts them before */
	bool offload;
	/* its face's, true as long as the guest is like that: what the guest
	 * does not take is completed and cut before it comes to receive */
	bool takes_blank, takes_segments;
	/* its face's: a frame for the guest; false: there is no room now, and
	 * it comes once more */
	bool (*receive)(void *ctx, const struct nic_frame *);
	void *ctx;
	void *device;
	unsigned place;
	uint64_t sent, received, dropped;
};

/*
 * "KIND[:WHICH][,mac=…][,mtu=N]", with
 *   tap:NAME   a tap device
 *   peer:PATH  another pvhost that is given the same: datagram sockets PATH, of
 *              the one that came first, and PATH.2; either may come and go
 *   user[,forward=tcp:HOSTPORT:GUESTPORT][,loopback][,restrict]
 *              a network in user space: the guest is 10.0.2.15 by DHCP, the
 *              way out 10.0.2.2.  forward (udp, too) opens a port of 127.0.0.1;
 *              loopback lets the guest reach this machine's own services at
 *              10.0.2.2, restrict nothing but what is forwarded.
 * NULL: a line in the reply.
 */
struct nic *nic_open(struct machine *, const char *words, unsigned number,
    struct reply *);
void nic_close(struct nic *);
/* From the guest. */
void nic_send(struct nic *, const struct nic_frame *);
/* To the guest; for kinds.  False: no room, keep it and try again (nic_pull.h
 * does). */
bool nic_deliver(struct nic *, const struct nic_frame *);

#endif
