/* SPDX-License-Identifier: ISC */
/*
 * VMBus: the connection, what is offered on it, channels and the memory that is
 * lent with them.
 *
 * Every answer of the host is matched to what was asked; nothing here blocks,
 * and each question has a deadline, after which it ends in PV_ETIMEDOUT.
 *
 * Threads: the owner of the bus calls all of this, and is called; but the CPU
 * that owns a channel (vmbus_channel_target) calls for it vmbus_send, _kick,
 * _receive, _done, _take and _deadline, and nobody else does.
 */
#ifndef GUEST_HYPERV_VMBUS_H
#define GUEST_HYPERV_VMBUS_H

#include "guest/hyperv/hyperv.h"
#include "guest/hyperv/ring.h"
#include "wire/hyperv/vmbus.h"

struct vmbus_channel;

/* An offer of the host, checked. */
struct vmbus_offer {
	struct hv_guid type, instance;
	uint32_t relid; /* 1 to HV_RELIDS - 1, ours alone until released */
	uint16_t flags; /* HV_OFFER_… */
	uint16_t sub;   /* 0: a device; else its sub-channel of that number */
	bool monitored;
	uint8_t monitor;
	bool dedicated;      /* it has a connection of its own to signal by */
	uint32_t connection; /* that */
	uint8_t user[120];
};

/* What a driver is told, by the owner of the bus; each may be NULL. */
struct vmbus_user {
	/* an open has ended: PV_OK, or why not, and it may be tried again */
	void (*opened)(void *owner, struct vmbus_channel *, int error);
	/* a sub-channel of its channel has been offered; it may be opened */
	void (*sub)(void *owner, struct vmbus_channel *sub);
	/* The host takes the device away.  The driver ends what is under way
	 * and calls vmbus_depart(), soon; absent: that is done at once. */
	void (*rescinded)(void *owner);
	/* The host forgets all (sleep): channels are closed, GPADLs are gone,
	 * nothing comes back.  Sub-channels are no more when this returns; new
	 * ones come by `sub`.  Then either `resumed`, and channels may be
	 * opened again, or `rescinded`, or nothing, if that was said before and
	 * the driver has not departed yet. */
	void (*suspended)(void *owner);
	void (*resumed)(void *owner);
};

struct vmbus_open {
	uint32_t out_pages, in_pages; /* of each ring, its header's included */
	uint32_t target;              /* CPU whose interrupts announce it */
	size_t packet_max; /* longest packet that is received, in bytes */
	const void *user;  /* at most 120 bytes for the host, or NULL */
	size_t user_len;
};

enum vmbus_state {
	VMBUS_CLOSED,
	VMBUS_OPENING,
	VMBUS_OPEN,
	VMBUS_RESCINDED /* never opens again */
};

/* Memory lent to the host on a channel. */
struct vmbus_gpadl {
	uint32_t handle; /* 0: none */
	void *memory;
	uint64_t physical;
	size_t pages;
	/* asked for, and not answered yet */
	bool pending;
	void (*done)(void *owner, struct vmbus_gpadl *, int error);
	void *owner;
	struct vmbus_gpadl *next;
};

struct vmbus_channel {
	struct hyperv *hyperv;
	struct pv_device *device; /* that it belongs to; hyperv0 for services */
	struct pv_stats *stats;   /* of that */
	struct vmbus_offer offer;
	enum vmbus_state state;
	struct vmbus_channel *primary; /* NULL: it is one */
	struct vmbus_channel *next_sub;
	const struct vmbus_user *user;
	void *owner;
	/* The driver has come as far as it will for now, up or not; attaching
	 * the bus waits for this. */
	bool settled;
	bool
	    polled; /* no interrupts wanted: mask stays, vmbus_take() is true */
	unsigned cpu;
	struct ring_out out;
	struct ring_in in;
	/* private to vmbus*.c */
	struct vmbus_channel *next;
	uint32_t *mark; /* atomic: an event has come */
	struct vmbus_opening *opening;
	struct vmbus_gpadl *gpadls;
	uint32_t broken; /* atomic: the ring cannot be believed any more */
	bool unheard; /* the host was not signalled, as the hypercall failed */
	uint64_t monitor_since; /* a trigger is set since then, or 0 */
	bool monitor_off;       /* the host does not look at it */
	bool told;              /* a line has said that it is broken */
	bool unsure;            /* nobody knows whether it was closed */
	bool departing;
	bool listed; /* the host offered it in this connection */
};

/* ---- channel.c -------------------------------------------------------- */

/* Say who uses a channel; done by attach, before anything else. */
void vmbus_channel_use(struct vmbus_channel *, struct pv_device *,
    const struct vmbus_user *, void *owner);
/* Rings, GPADL, open: `opened` comes later, and never from in here. */
int vmbus_channel_open(struct vmbus_channel *, const struct vmbus_open *);
/*
 * At once as far as the driver can see: nobody is called any more, and the
 * rings belong to VMBus, which frees them, and the GPADLs of the channel, when
 * the host has acknowledged, and never if it does not.
 */
void vmbus_channel_close(struct vmbus_channel *);
/*
 * Of a channel that was closed, or taken away: whether the host has let go of its
 * rings, and so of the memory that packets in them have named.  PV_EAGAIN: not
 * yet; PV_EBUSY: it does not; by the owner of the bus.
 */
int vmbus_channel_closed(const struct vmbus_channel *);
/* Another CPU is to be interrupted: MODIFYCHANNEL; PV_ENOTSUP before 4.1, or
 * where nothing interrupts. */
int vmbus_channel_target(struct vmbus_channel *, unsigned cpu);
/* The driver is through: the device is detached, by vmbus, soon. */
void vmbus_depart(struct vmbus_channel *);

/* ---- gpadl.c ---------------------------------------------------------- */

/* Lend pages of pages_alloc; `done` comes later, unless the gpadl was given
 * back before.  The struct is the driver's. */
int vmbus_gpadl_create(struct vmbus_channel *, struct vmbus_gpadl *);
/* Give it up with its pages, in any state: VMBus asks for it back and frees the
 * pages when the host has let go. */
void vmbus_gpadl_give(struct vmbus_channel *, struct vmbus_gpadl *);

/* ---- traffic.c: on the CPU of the channel ----------------------------- */

/* Into the ring, unpublished: PV_OK, PV_EAGAIN (no room; an event comes when
 * there is), PV_EMSGSIZE, PV_ENODEV (not open), PV_EPROTO (broken). */
int vmbus_send(struct vmbus_channel *, const struct ring_packet_out *);
/* In band, one piece. */
int vmbus_send_data(struct vmbus_channel *, uint64_t id, uint16_t flags,
    const void *data, size_t len);
/* Publish, and signal if the host wants it. */
void vmbus_kick(struct vmbus_channel *);
/* True once for each event; counts it. */
bool vmbus_take(struct vmbus_channel *);
/* 1, 0, or a PV_E code: PV_EMSGSIZE (skipped and counted), PV_EPROTO (broken:
 * counted, the channel is of no use any more). */
int vmbus_receive(struct vmbus_channel *, struct ring_packet *);
/* What was received is worked off: give the room back, ask for interrupts
 * again.  True: more has come meanwhile, receive again. */
bool vmbus_done(struct vmbus_channel *);
/* When the channel is to be looked at though no event came. */
uint64_t vmbus_deadline(const struct vmbus_channel *);

/* ---- vmbus.c ---------------------------------------------------------- */

int vmbus_open(struct hyperv *);
void vmbus_close(struct hyperv *);
bool vmbus_poll(struct hyperv *, unsigned budget);
uint64_t vmbus_bus_deadline(const struct hyperv *);
/* All offers are in, and the drivers are settled. */
bool vmbus_settled(const struct hyperv *);
/* HV_VMBUS_VERSION_…, agreed on. */
uint32_t vmbus_version(const struct hyperv *);
/* The word for a class of devices: "network"; NULL: unknown. classes.c */
const char *vmbus_class_name(const struct hv_guid *);
/* Unload, and connect anew; drivers are told (struct vmbus_user). */
int vmbus_suspend(struct hyperv *);
int vmbus_resume(struct hyperv *);

#endif
