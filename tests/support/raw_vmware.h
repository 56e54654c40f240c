/* SPDX-License-Identifier: ISC */
/*
 * A guest of the model of VMware without any driver: registers by hand, and
 * packets byte by byte.  It judges the model; our own guest half is not asked.
 */
#ifndef TESTS_SUPPORT_RAW_VMWARE_H
#define TESTS_SUPPORT_RAW_VMWARE_H

#include "host/vmware/vmware.h"
#include "tests/support/world.h"
#include "wire/vmware/backdoor.h"
#include "wire/vmware/datamap.h"
#include "wire/vmware/guestrpc.h"
#include "wire/vmware/nicinfo.h"

/* A machine, and VMware as `config` has it (NULL: the usual one); called again,
 * another VMware in it. */
struct host_vmware *raw_vmware(struct world *,
    const struct host_vmware_config *config);
/* No channels or streams are left, and that much was refused. */
void raw_vmware_end(struct host_vmware *, uint64_t refused);

/* A call by the port; the other registers are zeroes. */
struct host_backdoor hand_call(struct host_vmware *, uint32_t cx, uint32_t bx);

struct hand_channel {
	struct host_vmware *host;
	uint16_t id;
	uint32_t high, low;
	bool strings; /* the string form, where the host has it */
	unsigned way; /* low half of DX: the port, or flags */
};

/* False: the host refused. */
bool hand_open(struct host_vmware *, uint32_t protocol, struct hand_channel *);
/* One step: the status; registers at *r, for who wants them. */
unsigned hand_step(struct hand_channel *, unsigned type, uint32_t bx,
    struct host_backdoor *r);
unsigned hand_string(struct hand_channel *, bool out, void *bytes, size_t size);
/* All of a message; false: a step failed. */
bool hand_send(struct hand_channel *, const void *bytes, size_t size);
/* The length, -1: a step failed, -2: nothing waits.  Acknowledged. */
long hand_receive(struct hand_channel *, void *to, size_t room);
void hand_close(struct hand_channel *);

/* A call of the guest's on a channel of its own; the answer as text, whole. */
const char *hand_rpc(struct host_vmware *, const char *text);
const char *hand_rpc_bytes(struct host_vmware *, const void *bytes, size_t);

/* Answer with `answer` (of any kind but NULL) and take the next call, which is
 * returned, or "" when there is none. */
const char *hand_tclo(struct hand_channel *, const char *answer);
/* The loop as tools begin it, up to where only the administrator calls. */
void hand_tools(struct host_vmware *, struct hand_channel *);

/* A packet of DATA with this payload; the length. */
size_t hand_packet(uint8_t *to, const void *payload, size_t size,
    bool fast_close);
/* Read a whole packet of DATA; its payload as text, or NULL when the stream has
 * ended, "" when nothing is there. */
const char *hand_payload(struct host_vmware *, int stream);

#endif
