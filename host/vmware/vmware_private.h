/* SPDX-License-Identifier: ISC */
/* What the files of host/vmware share. */
#ifndef HOST_VMWARE_PRIVATE_H
#define HOST_VMWARE_PRIVATE_H

#include "host/vmware/vmware.h"
#include "wire/vmware/backdoor.h"
#include "wire/vmware/guestrpc.h"

#define STREAMS 32
#define CALLS_WAITING 1024
#define ANSWERS 1024
#define RPCS 1024
#define RPC_BYTES 1048576u
#define DENIED 16

#define SECOND 1000000000ull

struct message {
	uint8_t *bytes; /* with a NUL behind the last */
	size_t size;
};

/* Whose a call to the guest is. */
enum call_kind {
	CALL_NONE,
	CALL_GREETING,
	CALL_PING,
	CALL_ADMINISTRATOR,
	CALL_POWER,
	CALL_SNAPSHOT
};

struct call {
	struct call *next;
	enum call_kind kind;
	unsigned number; /* of the administrator's */
	struct message text;
};

/* One end of calls to the guest, a channel or a stream. */
struct tclo {
	bool main; /* the tools' main service: calls go there */
	unsigned greeting;
	enum call_kind out; /* with the guest */
	unsigned number;
	uint64_t spoke; /* when it was last called */
};

struct channel {
	bool open, cookies;
	uint32_t protocol, high, low;
	/* from the guest */
	bool receiving;
	struct message in;
	size_t got;
	/* to the guest */
	bool waiting;
	struct message out;
	size_t sent;
	struct tclo tclo;
};

struct stream {
	bool open, privileged, ended;
	unsigned port;
	uint8_t *in, *out;
	size_t in_size, in_room, out_size, out_room, out_sent;
	struct tclo tclo;
};

struct info {
	char *key;
	struct message value;
};

enum snapshot {
	SNAPSHOT_NONE,
	SNAPSHOT_STARTED,
	SNAPSHOT_TAKEN /* snapshotDone is on its way */
};

struct host_vmware {
	struct host_vmware_config config;
	struct host_vmware_manners manners;
	struct host_vmware_counts counts;
	uint64_t numbers; /* where the world has no random ones */
	int64_t step;
	bool alive; /* the loop or a ping was seen, at: */
	uint64_t alive_at;

	struct channel channels[VMWARE_CHANNELS];
	struct stream streams[STREAMS];
	uint64_t stream_events;
	unsigned stream_packets; /* to be sent until vsock_cut */

	struct info *infos;
	size_t info_count, info_room, info_bytes;
	char *denied[DENIED];
	bool synctime; /* the guest's tools keep its clock */

	struct message rpcs[RPCS];
	size_t rpc_bytes;
	unsigned rpc_first, rpc_next;

	struct call *calls, **calls_end;
	unsigned calls_waiting, calls_made, calls_over;
	struct message answers[ANSWERS];

	unsigned power; /* the VMWARE_STATE_… asked for */
	int power_status;
	enum snapshot snapshot;
	uint64_t snapshot_at; /* when the guest last said something of it */
	struct message backup_event;
	struct message reported[VMWARE_INFO_TYPES];
};

/* vmware.c */
uint64_t vmx_now(const struct host_vmware *);
uint32_t vmx_random(struct host_vmware *);
void vmx_alive(struct host_vmware *);
bool vmx_message_set(struct message *, const void *bytes, size_t size);
void vmx_message_free(struct message *);
/* `text` is that, NUL or not behind it. */
bool vmx_message_begins(const struct message *, const char *text);

/* channel.c: the status that goes back in the high half of CX */
unsigned vmx_channel_call(struct host_vmware *, struct host_backdoor *);
unsigned vmx_channel_string(struct host_vmware *, bool out,
    struct host_backdoor *);
void vmx_channel_reset(struct host_vmware *, struct channel *);

/* manners.c */
/* Registers are what no VMware leaves there. */
bool vmx_manners_deaf(struct host_vmware *, struct host_backdoor *);
/* Misbehave in this message call: true, and it is done; or it is called as it
 * should be, and then `vmx_manners_after`. */
bool vmx_manners_before(struct host_vmware *, struct host_backdoor *,
    unsigned *status);
void vmx_manners_after(struct host_vmware *, struct host_backdoor *,
    unsigned *status);
bool vmx_manners_string_fails(struct host_vmware *);

/* rpc.c */
/* Run what the guest calls; the reply is the caller's.  False: out of memory. */
bool vmx_rpc_run(struct host_vmware *, const uint8_t *bytes, size_t size,
    bool privileged, struct message *reply);

/* info.c: the text of a refusal, or NULL */
const char *vmx_info_get(struct host_vmware *, const char *key,
    const struct message **value);
const char *vmx_info_set(struct host_vmware *, const char *key,
    const char *value);

/* report.c */
/* What stands behind the command's name; NULL: taken. */
const char *vmx_report_info(struct host_vmware *, const uint8_t *bytes,
    size_t size);
const char *vmx_report_disks(struct host_vmware *, const uint8_t *bytes,
    size_t size);
/* report_nic.c: the version of the list, or 0: not one. */
unsigned vmx_report_nics(const uint8_t *bytes, size_t size, bool *over_64);

/* tclo.c */
bool vmx_tclo_queue(struct host_vmware *, enum call_kind, const void *text,
    size_t size);
void vmx_tclo_open(struct host_vmware *, struct tclo *);
/* The call that goes to the guest now; `stream`: it pings by itself. */
bool vmx_tclo_next(struct host_vmware *, struct tclo *, bool stream,
    struct message *);
void vmx_tclo_answer(struct host_vmware *, struct tclo *, const uint8_t *bytes,
    size_t size);
/* What is out will not be answered. */
void vmx_tclo_lost(struct host_vmware *, struct tclo *);

/* vsock.c */
/* Calls that wait go out on streams. */
void vmx_vsock_pump(struct host_vmware *);
void vmx_vsock_end(struct host_vmware *); /* all of them */
void vmx_stream_reset(struct host_vmware *, struct stream *);

/* datamap.c */
struct datamap {
	uint64_t type;
	const uint8_t *payload; /* or NULL */
	size_t payload_size;
	bool fast_close;
};
bool vmx_datamap_parse(const uint8_t *bytes, size_t size, struct datamap *);
#define DATAMAP_OVERHEAD 44u
/* The length, DATAMAP_OVERHEAD and the payload at most. */
size_t vmx_datamap_make(uint8_t *to, const void *payload, size_t size);

/* admin.c: what the guest's calls say of power and snapshots */
void vmx_admin_status(struct host_vmware *, const char *text);
void vmx_admin_event(struct host_vmware *, const char *text);
void vmx_admin_answer(struct host_vmware *, enum call_kind, bool good);

#endif
