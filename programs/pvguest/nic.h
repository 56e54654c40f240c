/* SPDX-License-Identifier: ISC */
/* What the commands on network interfaces share. */
#ifndef PVGUEST_NIC_H
#define PVGUEST_NIC_H

#include "programs/pvguest/net.h"
#include "programs/pvguest/pvguest.h"

#define NIC_MOST 8u
#define NIC_SLOTS 256u
#define NIC_LARGEST 65535u

struct guest_nic;

/* A frame to send, with its memory. */
struct nic_slot {
	struct pv_frame frame;
	struct pv_segment segment;
	uint8_t *memory;
	size_t size; /* of the memory */
	bool busy;
	struct guest_nic *owner;
};

struct guest_nic {
	struct pv_nic *nic; /* NULL: none, or it has gone */
	struct net_end self;
	struct {
		uint32_t ip;
		uint8_t mac[6];
	} known[8]; /* who answered to ARP */
	unsigned knows;
	struct nic_slot slot[NIC_SLOTS];
	unsigned busy;
	unsigned next; /* where to look for a slot */
	uint64_t received, broken, unsent;
	int error; /* of the last frame that was not sent */
	/* The command that runs now gets all frames first; true: it was for
	 * it. */
	bool (*hook)(struct guest_nic *, const struct pv_frame *,
	    const uint8_t *head);
};

/* Take over interfaces that have come. */
void nics_poll(void);
/* The one of that name, once it has its link; NULL, after a word, if not. */
struct guest_nic *nic_find(const char *name);

/* A slot with so much room, or NULL: none is free just now. */
struct nic_slot *nic_slot(struct guest_nic *, size_t size);
/* Send what is in it. */
void nic_send(struct nic_slot *, size_t len, uint32_t flags);
void nic_kick(struct guest_nic *);
/* The bytes of a frame in one piece, or NULL when they are too many. */
const uint8_t *nic_bytes(const struct pv_frame *);
/* Parse an IPv4 frame, its checksum completed. */
enum net_kind nic_parse(const struct pv_frame *, struct net_packet *);

/* An address of our own, beside that of the other end, unless there is one. */
void nic_choose_address(struct guest_nic *, uint32_t other);
/* Ask who has an address: fills in to->mac, or false. */
bool nic_resolve(struct guest_nic *, struct net_end *to);

int nic_ping(struct guest_nic *, const char *name, int argc, char **argv);
int nic_echo(struct guest_nic *, const char *name, int argc, char **argv);
int nic_datagrams(struct guest_nic *, const char *name, int argc, char **argv);
int nic_bench(struct guest_nic *, const char *name, int argc, char **argv);

/* labs/xen/tools/peer.c on the other side: its command, and its answer. */
#define PEER_ECHO 0x88b5u
#define PEER_COUNT 0x88b6u
#define PEER_ASK 0x88b7u
#define PEER_HOW_MANY 1u
#define PEER_SEND 2u
void peer_ask(struct guest_nic *, const uint8_t to[6], uint16_t what,
    uint16_t size, uint32_t ms);
/* For a hook: whether it is an answer; *number is what it says. */
bool peer_answer(const struct pv_frame *, const uint8_t *head,
    uint64_t *number);
/* Find the peer: its address, or false. */
bool peer_find(struct guest_nic *, uint8_t mac[6]);

#endif
