/* SPDX-License-Identifier: ISC */
/*
 * What the files of VMBus share.  Two halves meet here: the connection with its
 * messages and offers (vmbus.c, vmbus_connect.c, vmbus_request.c,
 * vmbus_messages.c, vmbus_offers.c, vmbus_nodes.c, vmbus_attach.c) and the
 * channels with what is lent on them (channel*.c, gpadl.c, traffic.c,
 * monitor.c).
 */
#ifndef GUEST_HYPERV_VMBUS_PRIVATE_H
#define GUEST_HYPERV_VMBUS_PRIVATE_H

#include "guest/hyperv/vmbus.h"

struct vmbus;
struct vmbus_lent;
struct vmbus_opening;
struct vmbus_node;

/* ---- What is asked of the host: vmbus_request.c ----------------------- */

/* How long the host may take to answer, where nothing else is said. */
#define VMBUS_PATIENCE (5 * PV_SECOND)

enum vmbus_answer {
	VMBUS_NO_ANSWER,    /* ends when it is posted */
	VMBUS_CREATED,      /* of `relid` and `id`, a GPADL */
	VMBUS_TORNDOWN,     /* of `id`, a GPADL; the host names no channel */
	VMBUS_OPENED,       /* of `relid` and `id`, that of the open */
	VMBUS_MODIFIED,     /* of `relid` */
	VMBUS_VERSION_SEEN, /* these two are for vmbus_connect.c */
	VMBUS_UNLOADED
};

/*
 * One question, or a message that has no answer.  Requests are posted in the
 * order in which they are made, one after the other with all their messages,
 * and wait while the host has no buffer.  The memory is the caller's until
 * `done`, which is called once, from vmbus_poll() and never from inside
 * vmbus_request(); after a vmbus_request_cancel() it is not called.
 */
struct vmbus_request {
	/* Put message `number`, from 0, of at most HV_MESSAGE_PAYLOAD bytes to
	 * `to`, which is zeroed; how many bytes, 0: there is no other. */
	size_t (*message)(struct vmbus_request *, unsigned number, void *to);
	enum vmbus_answer answer;
	uint32_t relid, id;
	uint64_t patience; /* from when it is all posted; 0: VMBUS_PATIENCE */
	/* PV_OK: `status` is the host's, 0 where its answer has none.
	 * PV_ETIMEDOUT; PV_EINTR: the connection has ended; others: it could
	 * not be posted. */
	void (*done)(struct vmbus_request *, int error, uint32_t status);
	void *owner;

	/* private */
	struct vmbus_request *next;
	enum vmbus_request_state {
		REQUEST_IDLE, /* not under way */
		REQUEST_QUEUED,
		REQUEST_POSTED, /* its answer is awaited */
		REQUEST_ENDED   /* `done` is to be called */
	} state;
	unsigned number; /* of the next message */
	uint64_t deadline;
	int error;
	uint32_t status;
};

void vmbus_request(struct vmbus *, struct vmbus_request *);
/* Forget one that is not to be answered.  Nothing of it may be posted yet if it
 * has several messages: a GPADL that is half made cannot be torn down. */
void vmbus_request_cancel(struct vmbus *, struct vmbus_request *);
static inline bool
vmbus_request_busy(const struct vmbus_request *request)
{
	return request->state != REQUEST_IDLE;
}
/* An answer has come; false: nobody asked. */
bool vmbus_answered(struct vmbus *, enum vmbus_answer, uint32_t relid,
    uint32_t id, uint32_t status);
/* All that is under way ends so. */
void vmbus_requests_end(struct vmbus *, int error);
bool vmbus_requests_poll(struct vmbus *, unsigned budget);
uint64_t vmbus_requests_deadline(const struct vmbus *);

/* ---- The connection --------------------------------------------------- */

/* Of the mark of a relid. */
#define MARK_OWNED 0x1u
#define MARK_EVENT 0x2u /* an event has come, and was not taken */

enum vmbus_phase {
	VMBUS_DOWN,     /* not connected; asleep, or at the end */
	VMBUS_DRAINING, /* of what was said to those before us: UNLOAD */
	VMBUS_CONTACT,  /* a version was proposed */
	VMBUS_OFFERS,   /* until the host has told all of them */
	VMBUS_UP,
	VMBUS_UNLOADING,
	VMBUS_FAILED /* a line has said why */
};

/* More than these in one connection are not taken. */
#define VMBUS_CHANNELS_MAX 512u

struct vmbus {
	struct hyperv *hyperv;
	enum vmbus_phase phase;
	uint32_t version;    /* 0: not agreed on */
	uint32_t connection; /* that messages go to */

	/* Of each relid, as long as the bus lives; atomic.  An interrupt handler
	 * looks at nothing else, so that closing a channel waits for no CPU. */
	uint32_t marks[HV_VMBUS_RELIDS];
	/* of each relid that is ours; primaries and subs */
	struct vmbus_channel *channels[HV_VMBUS_RELIDS];
	struct vmbus_channel *first, **last; /* by next, in order of offers */
	unsigned count;
	uint32_t bad_flags; /* atomic: events of relids that are not ours */

	/* Bits of relids each way, only before 2.4 to the guest, and to the
	 * host for channels that are not dedicated. */
	struct hv_vmbus_interrupt_page *interrupts;
	uint64_t interrupts_physical;
	struct hv_monitor_page *monitor_to_guest, *monitor_to_host;
	uint64_t monitor_to_guest_physical, monitor_to_host_physical;

	/* vmbus_request.c */
	struct vmbus_request *queue, **queue_end; /* to be posted */
	struct vmbus_request *posted;             /* awaiting an answer */
	struct vmbus_request *ended;
	uint8_t message[HV_MESSAGE_PAYLOAD]; /* the next of the first */
	size_t message_len;                  /* 0: not made yet */
	unsigned refusals;                   /* of it, in a row */
	uint64_t retry, give_up;

	/* vmbus_connect.c */
	unsigned attempt;  /* index of the version that is proposed */
	bool unloaded;     /* once, to get rid of an older connection */
	bool lost;         /* nobody knows whether the host forgot us */
	bool asked;        /* for the offers */
	bool delivered;    /* all of them have been told */
	uint64_t deadline; /* of the phase */
	struct hv_vmbus_version_response response;
	struct vmbus_request contact, offers, unload;

	/* vmbus_offers.c, vmbus_nodes.c */
	unsigned checks;
	bool working; /* devices come and go, and none does from in there */
	bool held;    /* none is attached yet, services are */
	bool full;    /* and a line has said so */

	/* gpadl.c: all that the host may hold, of channels that are there and
	 * of those that are gone */
	struct vmbus_lent *lent;
	uint32_t last_gpadl; /* handles are counted up, over the whole life */
	uint32_t last_open;
	/* channel_close.c: rings of which the host is to be told, or is being
	 * told, that they are closed */
	struct vmbus_opening *closing;
	uint32_t broken; /* atomic: a ring is, and no line has said so yet */
};

static inline struct vmbus *
channel_vmbus(const struct vmbus_channel *channel)
{
	return channel->hyperv->vmbus;
}

/* Whether this is a version from `version` on. */
static inline bool
vmbus_since(const struct vmbus *vmbus, uint32_t version)
{
	return vmbus->version >= version;
}

/* vmbus_connect.c */
void vmbus_connect(struct vmbus *);
bool vmbus_connect_poll(struct vmbus *);
uint64_t vmbus_connect_deadline(const struct vmbus *);
/* Ask the host to forget us, and wait for that, for a while. True: it has. */
bool vmbus_disconnect(struct vmbus *);
void vmbus_version_response(struct vmbus *, const void *payload, size_t size);
void vmbus_unload_response(struct vmbus *);
/* Whether it is decided that there is a connection, or that there is none. */
bool vmbus_connected(const struct hyperv *, int *error);

/* vmbus_messages.c: at most `budget` of what has come. */
bool vmbus_messages_poll(struct vmbus *, unsigned budget);

/* vmbus_offers.c: what the host says */
void vmbus_offered(struct vmbus *, const void *payload, size_t size);
void vmbus_rescind(struct vmbus *, uint32_t relid);
void vmbus_all_offered(struct vmbus *);

/* vmbus_attach.c: somebody takes it, or nobody does.  False: not now. */
bool vmbus_node_try(struct vmbus *, struct vmbus_node *);
/* Attaching waits no longer for a device to be up. */
#define VMBUS_DEVICE_PATIENCE (5 * PV_SECOND)

/* vmbus_nodes.c: what comes of it.  Attach, detach, release what is to be. */
bool vmbus_nodes_poll(struct vmbus *, unsigned budget);
/* Forget users that are gone; before anything is done on their account. */
void vmbus_nodes_check(struct vmbus *);
uint64_t vmbus_nodes_deadline(const struct vmbus *);
bool vmbus_nodes_settled(const struct vmbus *);
/* All users are told. */
void vmbus_nodes_suspend(struct vmbus *);
/* Sub-channels are no more, and the others are kept to be met again. */
void vmbus_nodes_forget(struct vmbus *);
/* All are offered that will be: those that were met go on, others leave. */
void vmbus_nodes_resume(struct vmbus *);
void vmbus_nodes_close(struct vmbus *);
void vmbus_node_free(struct vmbus *, struct vmbus_node *);
/* Nobody uses it any more. */
void vmbus_node_unused(struct vmbus_channel *);
/* The services are settled; devices may be attached now. */
bool vmbus_services_settled(const struct hyperv *);
void vmbus_attach_devices(struct hyperv *);

/* vmbus.c: take an event of a channel, without an interrupt: on its CPU. */
bool vmbus_collect(struct vmbus_channel *);
/* When vmbus_collect() is wanted at the latest. */
uint64_t vmbus_collect_deadline(const struct vmbus_channel *);

/* A channel as VMBus knows it: what vmbus_offers.c adds. */
struct vmbus_node {
	struct vmbus_channel channel; /* first */
	struct vmbus_request release; /* of its relid */
	unsigned seen;                /* in which check its device was there */
	bool looked;                  /* whether it is a service */
	bool tried;                   /* attached, or known to have no driver */
	bool resuming;                /* its user hears soon what came of it */
	bool rescinded;               /* the host takes it away */
	bool told;                    /* and its user was told so */
	bool left;                    /* nobody uses it, nor will */
	bool releasing;               /* the release is on its way */
	bool forgotten;               /* the host knows its relid no more */
	uint64_t patience; /* settled until then, or not waited for */
};

static inline struct vmbus_node *
channel_node(const struct vmbus_channel *channel)
{
	return (struct vmbus_node *)(uintptr_t)channel;
}

/* ---- What vmbus*.c calls of the channels ------------------------------ */

/* channel.c: the host has taken it away.  An open that is under way ends (with
 * PV_ENODEV), nothing more is sent, and the state is VMBUS_RESCINDED. The user
 * is told by vmbus_offers.c, after this. */
void channel_rescinded(struct vmbus_channel *);
/*
 * Whether the relid may be given back and the channel freed: its rings are
 * closed and the host holds nothing of it any more, or has been waited for long
 * enough.  Called again and again after a vmbus_channel_close(), or for one
 * that never was opened, or with the user gone (and so it closes what is open).
 */
bool channel_gone(struct vmbus_channel *);
/* The host has forgotten all channels and GPADLs: states are VMBUS_CLOSED again
 * (or VMBUS_RESCINDED), rings and all lent memory are freed, of channels that
 * are gone too.  Not `sure`: nobody knows whether it has; then that memory is
 * kept, and counted as held.  All requests have ended (PV_EINTR) before. */
void channels_forget(struct vmbus *, bool sure);
/* What has ended, and what is due. */
bool channels_poll(struct vmbus *, unsigned budget);
uint64_t channels_deadline(const struct vmbus *);

#endif
