/* SPDX-License-Identifier: ISC */
/* What channel*.c, gpadl.c, traffic.c and monitor.c share. */
#ifndef GUEST_HYPERV_CHANNEL_PRIVATE_H
#define GUEST_HYPERV_CHANNEL_PRIVATE_H

#include "guest/hyperv/vmbus_private.h"

/*
 * Pages that the host may hold, from when they are first told of until it has
 * said that it lets go.  It outlives the driver's struct, and the channel.
 */
struct vmbus_lent {
	struct vmbus_lent *next;
	struct vmbus *vmbus;
	struct vmbus_channel *channel; /* NULL: it is gone */
	struct vmbus_gpadl *gpadl;     /* NULL: it was given back */
	enum vmbus_lent_state {
		LENT_ASKED,    /* whether the host takes it */
		LENT_OUT,      /* the host has it, or may have it */
		LENT_WAITING,  /* given back, but the channel closes first */
		LENT_RETURNING /* the host was asked to let go */
	} state;
	struct vmbus_request request; /* to take it, then to let go */
	uint32_t relid, handle;
	void *memory;
	uint64_t physical;
	size_t pages;
	struct vmbus_opening *after; /* LENT_WAITING: for its close */
	uint64_t overdue;            /* from when on it counts as held */
	bool held;                   /* and it does */
	bool rings;                  /* these are a channel's */
};

/* The rings of a channel, from when they are made until the host was told that
 * the channel is closed. */
struct vmbus_opening {
	struct vmbus_opening *next; /* of those that close */
	struct vmbus *vmbus;
	struct vmbus_channel *channel;
	struct vmbus_request request; /* open, then close */
	struct vmbus_request modify;  /* to another CPU */
	struct vmbus_gpadl ring;      /* when it closes */
	bool waits;         /* for older rings of the channel to be closed */
	bool asked;         /* the host may have it open */
	bool closing, told; /* that it closes */
	uint32_t relid, open_id, vp;
	uint32_t out_pages;
	void *copy;
	size_t copy_size;
	size_t user_len;
	uint8_t user[HV_VMBUS_USER_DATA];
};

/* Whether the host can be asked for something about it. */
static inline bool
channel_usable(const struct vmbus_channel *channel)
{
	const struct vmbus *vmbus = channel_vmbus(channel);

	return channel->state != VMBUS_RESCINDED && channel->listed &&
	    vmbus->version != 0 &&
	    (vmbus->phase == VMBUS_OFFERS || vmbus->phase == VMBUS_UP);
}

/* gpadl_message.c: of a struct vmbus_lent */
size_t gpadl_create_message(struct vmbus_request *, unsigned number, void *to);
size_t gpadl_teardown_message(struct vmbus_request *, unsigned number,
    void *to);

/* gpadl.c */
int gpadl_lend(struct vmbus_channel *, struct vmbus_gpadl *, bool rings);
/* The host keeps it, as far as anybody knows: it counts as held, and is not
 * asked for. */
void gpadl_keep(struct vmbus_channel *, struct vmbus_gpadl *);
/* What there is of a channel's rings: PV_OK: nothing; PV_EAGAIN, PV_EBUSY: see
 * vmbus_channel_closed(). */
int gpadls_rings(const struct vmbus *, const struct vmbus_channel *);
/* Those of a channel that its driver has not given back, but its rings: at once,
 * or (unless NULL) when the host was told that `after` is closed. */
void gpadls_give_all(struct vmbus_channel *, struct vmbus_opening *after);
void gpadls_closed(struct vmbus *, const struct vmbus_opening *);
/* Whether one of a channel was not let go of, nor waited for long enough; and
 * the same of those that were given back. */
bool gpadls_returning(const struct vmbus *, const struct vmbus_channel *);
bool gpadls_given(const struct vmbus *, const struct vmbus_channel *);
/* The channel is no more. */
void gpadls_leave(struct vmbus *, const struct vmbus_channel *);
void gpadls_forget(struct vmbus *, bool sure);
void gpadls_poll(struct vmbus *);
uint64_t gpadls_deadline(const struct vmbus *);

/* channel.c: go on with those that have waited. */
void openings_go_on(struct vmbus *);

/* channel_close.c */
/* Whether the host is still to be told that older rings are closed. */
bool channel_closing(const struct vmbus_channel *);
void opening_close(struct vmbus_opening *);
void opening_free(struct vmbus_opening *);

/* monitor.c */
/* Signal by the page that the host looks at now and then; false: by a
 * hypercall, please. */
bool monitor_signal(struct vmbus_channel *);
/* The host does not look there any more, and was not told of something. */
bool monitor_missed(struct vmbus_channel *);
uint64_t monitor_deadline(const struct vmbus_channel *);

#endif
