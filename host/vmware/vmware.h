/* SPDX-License-Identifier: ISC */
/*
 * A model of VMware as its guest's tools meet it: the backdoor, GuestRPC both
 * ways over it and over vsock, guestinfo with its limits, and an administrator.
 *
 * All calls come from one thread.  Manners are what a test makes it do wrong;
 * none happens unless asked for.  The guest is hostile too: the model serves a
 * VMM.
 */
#ifndef HOST_VMWARE_VMWARE_H
#define HOST_VMWARE_VMWARE_H

#include "host/bus/world.h"

struct host_vmware;

struct host_vmware_config {
	const struct host_world *world;
	bool no_cookies;      /* open with the flag is refused */
	bool no_high;         /* no high-bandwidth port */
	unsigned channels;    /* at most; 0: 128 */
	size_t message_limit; /* bytes; 0: 65536 */
	size_t info_limit;    /* of all guestinfo, bytes; 0: 1 MiB */
	bool info_read_only;  /* isolation.tools.setInfo.disable */
	bool vsock;           /* streams are taken at 976 and 975 */
	bool vsock_unprivileged_refused;
	unsigned time_commands; /* 55, 46 and 23 known; 2: 46 and 23; 1: 23;
				 * 0: all */
	uint64_t wall; /* nanoseconds since 1970 at the world's time 0 */
	uint64_t lag;
	/* what is refused, so that the guest falls back: bits */
	unsigned refuse; /* HOST_VMWARE_NO_… */
	/* no calls of the host's own (reset, Capabilities_Register, Set_Option,
	 * ping): only those of host_vmware_call() and the others below */
	bool no_greeting;
	/* guest_rpc.rpci.auth.cmd.info-get and info-set: only from privileged
	 * streams */
	bool secure_info;
	unsigned calls;     /* VMWARE_CALL_…, for the sim's CPUID; 0: none */
	unsigned megahertz; /* of command 1; 0: 2000 */
	/* of command 45; 0: not known */
	uint64_t tsc_hz;
	uint32_t apic_hz;
	unsigned megabytes; /* of command 20; 0: 512 */
	uint8_t uuid[16];   /* of command 19, as the BIOS shows it */
};
#define HOST_VMWARE_NO_NIC_V3 0x1u
#define HOST_VMWARE_NO_NIC_TYPE_10 0x2u
#define HOST_VMWARE_NO_NIC_V2 0x4u
#define HOST_VMWARE_NO_DETAILED 0x8u
#define HOST_VMWARE_NO_DISK_JSON 0x10u
#define HOST_VMWARE_NO_VERSIONTYPE 0x20u

/* NULL when out of memory. */
struct host_vmware *host_vmware_new(const struct host_vmware_config *);
void host_vmware_free(struct host_vmware *);

/* ---- What a vCPU does ------------------------------------------------- */

/* Registers in and out as VMware's convention has them (AX…BP).  Which
 * instruction it was is seen in DX: a port, or with VMCALL and VMMCALL flags;
 * those with VMWARE_FLAG_HIGH are the string form, wherever they come in. */
struct host_backdoor {
	uint64_t ax, bx, cx, dx, si, di, bp;
};
/* The low-bandwidth form.  Addresses of the string form are linear. */
void host_vmware_backdoor(struct host_vmware *, struct host_backdoor *);
void host_vmware_string(struct host_vmware *, bool out, struct host_backdoor *);

/* A stream of the guest's to a port: a number, or -1 refused, -2 not from this
 * source.  What the guest writes, and what it can read. */
int host_vmware_vsock_open(struct host_vmware *, unsigned port,
    bool privileged);
bool host_vmware_vsock_write(struct host_vmware *, int stream,
    const void *bytes, size_t size);
/* Bytes, 0: nothing now, -1: it has ended. */
long host_vmware_vsock_read(struct host_vmware *, int stream, void *to,
    size_t room);
void host_vmware_vsock_close(struct host_vmware *, int stream);
/* Another number after each byte that a guest can read since, and each end. */
uint64_t host_vmware_vsock_events(const struct host_vmware *);

/* ---- Misbehaviour and counts ------------------------------------------ */

struct host_vmware_manners {
	bool silent; /* registers come back unchanged */
	bool ones;   /* all ones */
	/* in the n-th message call (command 30) from now on, once: */
	unsigned bad_nth;
	enum {
		HOST_VMWARE_FAIL = 1, /* no success bit */
		HOST_VMWARE_CHECKPOINT,
		HOST_VMWARE_CLOSED,
		HOST_VMWARE_CHANNEL, /* another channel id comes back */
		HOST_VMWARE_COOKIE,
		HOST_VMWARE_LENGTH,   /* reply length is bad_value */
		HOST_VMWARE_TYPE,     /* DX high is bad_value */
		HOST_VMWARE_NO_REPLY, /* nothing waits */
		HOST_VMWARE_STATUS    /* bad_value is the status */
	} bad_how;
	uint32_t bad_value;
	bool checkpoint_always;
	unsigned high_fails;   /* the n-th string call moves half and fails */
	unsigned vsock_cut;    /* the stream ends in the n-th packet */
	bool vsock_mute;       /* takes all, answers nothing */
	const char *rpc_reply; /* to each call, in place of the true one */
	size_t rpc_reply_len;  /* 0: its text */
	bool snapshot_hold;    /* never done; see host_vmware_snapshot() */
};
struct host_vmware_manners *host_vmware_manners(struct host_vmware *);

struct host_vmware_counts {
	uint64_t exits, strings;
	uint64_t rpcs, tclo_polls, tclo_calls;
	unsigned channels_open, streams_open;
	uint64_t refused; /* what no guest should say */
	bool running;     /* tools are, by the loop or by vsock's ping, within
			   * the last 30 seconds */
	unsigned pings;
};
const struct host_vmware_counts *host_vmware_counts(struct host_vmware *);

/* ---- guestinfo -------------------------------------------------------- */

bool host_vmware_set_info(struct host_vmware *, const char *key,
    const void *value, size_t size);
/* NULL: there is none; the length at *size. */
const char *host_vmware_info(struct host_vmware *, const char *key,
    size_t *size);
/* The n-th key, from 0, in no order; NULL: there are no more. */
const char *host_vmware_info_key(struct host_vmware *, size_t n);
/* The guest may not touch keys that begin so. */
void host_vmware_deny(struct host_vmware *, const char *prefix);

/* ---- The administrator ------------------------------------------------ */

/* Put a call to the guest in the queue, as it stands; the answer is kept.
 * False: out of memory, or 1024 wait. */
bool host_vmware_call(struct host_vmware *, const void *text, size_t size);
/* The answer to the n-th such call since the start, from 0, or NULL: none yet,
 * lost with its channel, or one before the last 1024.  Calls of the host's own
 * do not count. */
const char *host_vmware_answer(struct host_vmware *, unsigned n, size_t *size);
/* How many have been answered or lost. */
unsigned host_vmware_answers(struct host_vmware *);
/* What the guest said, RPCs in order: "info-set a b".  The last 1024 are kept,
 * and no more than 1 MiB; NULL: forgotten, or not said yet. */
const char *host_vmware_rpc(struct host_vmware *, unsigned n, size_t *size);
/* The last of those that begins so, or NULL. */
const char *host_vmware_rpc_last(struct host_vmware *, const char *prefix,
    size_t *size);
/* OS_Halt and the others, with what the guest said of it: 0 nothing yet,
 * 1 good, -1 refused.  False: no such word, or out of memory. */
bool host_vmware_power(struct host_vmware *, const char *what);
int host_vmware_power_status(struct host_vmware *);
/* vmbackup.start; the disks are copied at once when the guest has them at rest
 * (prov.snapshotCommit), and vmbackup.snapshotDone follows, unless
 * snapshot_hold is set: then it is for host_vmware_call().  Without quiescing
 * nothing is said to the guest.  A guest that says nothing for a minute is given
 * up.  False: one is under way. */
bool host_vmware_snapshot(struct host_vmware *, bool quiesce);
/* What snapshot_hold holds ends: vmbackup.snapshotDone, or, as long as the guest
 * is not at rest, vmbackup.abort.  False: nothing is under way, or out of
 * memory. */
bool host_vmware_thaw(struct host_vmware *);
bool host_vmware_snapshot_busy(struct host_vmware *);
/* The last event that the guest sent, "req.done 0 "; NULL: none yet. */
const char *host_vmware_backup_event(struct host_vmware *);
/* The host's clock steps. */
void host_vmware_step(struct host_vmware *, int64_t nanoseconds);
/* The machine was saved and comes back: channels and streams are gone. */
void host_vmware_resume(struct host_vmware *);
/* What SetGuestInfo told last, checked: text by type, without its NUL; the rest
 * (NIC lists, disks of type 3, memory, details) as bytes.  SetGuestDiskInfo is
 * type 0. */
const char *host_vmware_reported(struct host_vmware *, unsigned type,
    size_t *size);

#endif
