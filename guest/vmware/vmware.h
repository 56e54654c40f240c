/* SPDX-License-Identifier: ISC */
/*
 * What the files of guest/vmware share: the backdoor, remote calls to the host
 * (GuestRPC) over it or over vsock, the host's own calls (TCLO), and what vmt
 * does with them.
 *
 * Each exit to the host is answered at once, so a call by the backdoor is a
 * bounded number of exits; by vsock it takes time.  Both look the same here: a
 * request with a completion, driven by poll.
 */
#ifndef GUEST_VMWARE_VMWARE_H
#define GUEST_VMWARE_VMWARE_H

#include "pvbus/guest.h"
#include "wire/vmware/backdoor.h"

/* A message, command text and all (tools limit: 64 KiB). */
#define VMWARE_MESSAGE_MAX 65536u

struct guestinfo;
struct vmware_rpc;
struct vmware_tclo;
struct vmt_info;

struct vmware {
	struct pv_device *device; /* vmt0 */
	struct pv_bus *bus;
	const struct pv_port *port;
	struct pv_stats *stats; /* exits: calls of the backdoor */
	enum pv_backdoor_way way;
	uint32_t version, product; /* of command 10 */
	struct vmware_rpc *rpc;
	struct vmware_tclo *tclo;
	struct guestinfo *guestinfo;
	struct vmt_info *info;
	struct vmt_commands *commands;
	struct vmt_power *power;
	struct vmt_backup *backup;
	struct vmt_time *time;
	struct vmt_options *options;
};

/* One line, after the name of the device; texts of the host made printable. */
void vmware_log(struct vmware *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for what a host can cause as often as it likes: a few lines a
 * minute, then the number of those that were left out. */
struct vmware_rate {
	uint64_t since;
	unsigned lines, left_out;
};
void vmware_complain(struct vmware *, struct vmware_rate *, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* ---- backdoor.c ------------------------------------------------------- */

/* Is this VMware?  By CPUID's signature and the probe (V-1): PV_OK or
 * PV_ENODEV; sets way, version, product. */
int vmware_probe(struct vmware *);
/* One call of a command: PV_OK with *registers as they came back. */
int vmware_call(struct vmware *, unsigned command, uint32_t bx,
    struct pv_backdoor *registers);
/* The low level of a channel: command 30 with a type, channel and cookies. */
int vmware_message(struct vmware *, struct pv_backdoor *registers);
int vmware_string(struct vmware *, bool out, struct pv_backdoor *registers);
/* Host time (commands 55, 46, 23): nanoseconds since 1970 and how far it is
 * behind what the guest was shown. */
int vmware_host_time(struct vmware *, uint64_t *wall, uint64_t *lag);

/* ---- channel.c: one GuestRPC channel by the backdoor, no waiting ------ */

struct vmware_channel {
	struct vmware *vmware;
	bool open, cookies;
	bool slow; /* the string form has failed: 4 bytes an exit */
	uint16_t id;
	uint32_t high, low;
};

/* PV_EAGAIN: none free just now (128 a machine).  Closed at any error. */
int vmware_channel_open(struct vmware *, struct vmware_channel *,
    uint32_t protocol);
void vmware_channel_close(struct vmware_channel *);
int vmware_channel_send(struct vmware_channel *, const void *bytes, size_t);
/* Bytes, 0: nothing waits (*waiting false), PV_EMSGSIZE: longer than room, and
 * thrown away.  A checkpoint at any step is PV_EAGAIN: all begins anew. */
long vmware_channel_receive(struct vmware_channel *, void *to, size_t room,
    bool *waiting);

/* ---- rpc.c: calls of the guest (RPCI) --------------------------------- */

/*
 * One call.  The memory is the caller's until `done`, called once from a poll,
 * never from inside submit.  Calls go one after the other, in order.
 * Errors: PV_OK (the host said "1 "), PV_EIO (it said "0 ": the text is in the
 * reply), PV_EMSGSIZE (request or reply), PV_ETIMEDOUT, PV_EPROTO, PV_ENODEV.
 */
struct vmware_request {
	const void *bytes; /* command and data */
	size_t len;
	char *reply;       /* without the first two bytes; terminated */
	size_t room;       /* of reply, the NUL included */
	uint64_t deadline; /* 0: ten seconds */
	void (*done)(struct vmware_request *);
	void *owner;
	int error;
	size_t reply_len; /* of the whole, also with PV_EMSGSIZE */
	/* private */
	struct vmware_request *next;
	bool under_way, ended;
};

int vmware_rpc_open(struct vmware *);
void vmware_rpc_close(struct vmware *);
void vmware_rpc_submit(struct vmware *, struct vmware_request *);
void vmware_rpc_cancel(struct vmware *, struct vmware_request *);
bool vmware_rpc_poll(struct vmware *, unsigned budget);
uint64_t vmware_rpc_deadline(const struct vmware *);
/* "vsock" or "backdoor" */
const char *vmware_rpc_text(const struct vmware *);

/* ---- tclo.c: calls of the host ---------------------------------------- */

/* The loop; it is what makes the host say that tools are running. */
int vmware_tclo_open(struct vmware *);
void vmware_tclo_close(struct vmware *);
bool vmware_tclo_poll(struct vmware *, unsigned budget);
uint64_t vmware_tclo_deadline(const struct vmware *);

/* ---- vmt_commands.c: what the host asks ------------------------------- */

/* The answer to one call, text "OK " or "ERROR ...", into `to`. */
size_t vmt_command(struct vmware *, const char *text, size_t len, char *to,
    size_t room);
/* Capabilities and version; after a reset and when asked for. */
void vmt_capabilities(struct vmware *);
/* All that follows the host's commands, the four features below too: what
 * vmt.c calls in their place. */
int vmt_commands_open(struct vmware *);
void vmt_commands_close(struct vmware *);
bool vmt_commands_poll(struct vmware *);
uint64_t vmt_commands_deadline(const struct vmware *);

/* vmt_power.c, vmt_options.c, vmt_backup.c, vmt_time.c: one feature each; a
 * command is theirs when they return a length above 0. */
#define VMT_FEATURE(name)                                              \
	int vmt_##name##_open(struct vmware *);                        \
	void vmt_##name##_close(struct vmware *);                      \
	size_t vmt_##name##_command(struct vmware *, const char *text, \
	    size_t len, char *to, size_t room);                        \
	bool vmt_##name##_poll(struct vmware *);                       \
	uint64_t vmt_##name##_deadline(const struct vmware *)
VMT_FEATURE(power);
VMT_FEATURE(options);
VMT_FEATURE(backup);
VMT_FEATURE(time);
/* Options that others follow: "synctime", "synctime.period". */
bool vmt_option_is(const struct vmware *, const char *name, const char *value);

/* ---- vmt_info*.c: what the guest reports ------------------------------ */

int vmt_info_open(struct vmware *);
void vmt_info_close(struct vmware *);
bool vmt_info_poll(struct vmware *);
uint64_t vmt_info_deadline(const struct vmware *);
/* All again: after a resume or a reset. */
void vmt_info_force(struct vmware *);
/* For "broadcastIP". */
bool vmt_info_address(struct vmware *, char *to, size_t room);

/* ---- guestinfo.c: the store ------------------------------------------- */

int guestinfo_open(struct vmware *);
void guestinfo_close(struct vmware *);

#endif
