/* SPDX-License-Identifier: ISC */
/* What rpc.c and rpc_steps.c share. */
#ifndef GUEST_VMWARE_RPC_H
#define GUEST_VMWARE_RPC_H

#include "guest/vmware/vsock.h"

/* "1 " and the longest value. */
#define RPC_REPLY_MAX (VMWARE_MESSAGE_MAX + 2u)

struct vmware_rpc {
	struct vmware *vmware;
	struct vmware_request *first; /* the one under way, then in order */
	struct vmware_channel channel;
	struct vmware_stream stream;
	uint8_t *reply;
	uint64_t idle; /* when what is not used is closed */

	/* of the first */
	enum {
		RPC_NEW,
		RPC_VSOCK,
		RPC_BACKDOOR
	} by;
	bool sent;
	bool kept;            /* the stream was there before */
	unsigned failures;    /* channels that broke under it */
	unsigned checkpoints; /* messages begun anew */
	bool anew;            /* one since it was sent */
	uint64_t when, delay; /* backdoor: when the next look is due */
	uint64_t patience;    /* vsock: until when an answer may come */
	struct vmware_rate rate;
};

/* One step of the first.  False: nothing to do before rpc_wait(). */
bool rpc_step(struct vmware_rpc *);
uint64_t rpc_wait(const struct vmware_rpc *);
/* An answer to it must not be taken for the next one's. */
void rpc_abandon(struct vmware_rpc *);
/* It is over: the next. */
void rpc_end(struct vmware_rpc *, int error);

#endif
