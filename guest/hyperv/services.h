/* SPDX-License-Identifier: ISC */
/*
 * The integration services: heartbeat, shutdown, timesync, KVP, VSS, file copy
 * (refused), and the version exchange of dynamic memory.  Each is a channel
 * that hyperv0 itself uses.
 *
 * A host asks one thing at a time, and the answer goes back in the packet of
 * the question: what is said here, who asks again before that waits in the ring.
 */
#ifndef GUEST_HYPERV_SERVICES_H
#define GUEST_HYPERV_SERVICES_H

#include "guest/hyperv/vmbus.h"
#include "wire/hyperv/ic.h"

struct service;

/* Headers in front of a body: the pipe's and the service's. */
#define IC_HEAD (sizeof(struct hv_pipe) + sizeof(struct hv_ic))
#define IC_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))

/* One request of the host, in our own memory, header checked; the answer is
 * made in place. */
struct ic_message {
	struct service *service;
	uint8_t *body;   /* behind the IC header; at a multiple of 4 */
	size_t len;      /* as received */
	size_t room;     /* that an answer may use */
	size_t out;      /* bytes of the answer; as received at first */
	uint32_t status; /* HV_IC_STATUS_…, OK at first */
	bool later;      /* the answer comes by service_answer() */
};

struct service_kind {
	const char *name; /* "heartbeat" */
	struct hv_guid type;
	uint16_t message_type; /* HV_IC_… that requests have */
	/* versions of its messages, best first, each major << 16 | minor */
	const uint32_t *versions;
	unsigned version_count;
	size_t body_min; /* of a request, of any version */
	size_t body_max; /* what is sent at most */
	/* Each of these may be NULL.  open: softc; close undoes it. */
	int (*open)(struct service *);
	void (*close)(struct service *);
	/* the channel is up, or is no more (and may come up again) */
	void (*up)(struct service *);
	void (*down)(struct service *);
	void (*request)(struct service *, struct ic_message *);
	/* a protocol of its own, in place of request and of versions */
	void (*packet)(struct service *, const uint8_t *bytes, size_t len);
	bool (*poll)(struct service *);
	uint64_t (*deadline)(const struct service *);
};

struct service {
	struct hyperv *hyperv;
	const struct service_kind *kind;
	struct vmbus_channel *channel;
	bool up;
	uint32_t framework, version; /* agreed on; 0: not yet */
	void *softc;                 /* of the kind */
	struct service *next;
	/* private: what was asked, and its answer until it is in the ring */
	uint8_t *message;
	size_t message_len, message_room;
	uint64_t message_id;
	bool asked;   /* the host says that it wants an answer */
	bool waiting; /* which comes later */
	bool unsent;  /* or waits for room in the ring */
	bool again;   /* there may be more in the ring */
	bool broken;
	bool disagreed; /* on versions, and a line has said so */
};

/* ---- services.c ------------------------------------------------------- */

int services_open(struct hyperv *);
void services_close(struct hyperv *);
/* A channel of one of these classes has been offered: taken. */
bool services_offer(struct hyperv *, struct vmbus_channel *);
bool services_poll(struct hyperv *, unsigned budget);
uint64_t services_deadline(const struct hyperv *);
/* "heartbeat, kvp, shutdown, timesync": those that are up. */
void services_text(const struct hyperv *, char *to, size_t room);
/* Answer what was put off. */
void service_answer(struct service *, uint32_t status, size_t body_len);
/* Send what is in service->message; kept until there is room if service->asked,
 * else dropped when there is none. */
void service_send(struct service *);
/* The disks are still frozen, and nobody is left to thaw them: until done. */
void services_thaw(struct hyperv *);

/* ---- ic_message.c: pure, from bytes to bytes -------------------------- */

/* Take a packet and make the answer in service->message; true: there is one.
 * Neither: counted, or service->waiting. */
bool ic_take(struct service *, const uint8_t *packet, size_t len);
/* The header of the answer to what is in service->message. */
void ic_answer(struct service *, uint32_t status, size_t body_len);
/* Room that a kind needs for its messages. */
size_t ic_room(const struct service_kind *);

/* ---- the kinds -------------------------------------------------------- */

extern const struct service_kind service_heartbeat, service_shutdown,
    service_timesync, service_kvp, service_vss, service_fcopy, service_balloon;

/* timesync.c: nanoseconds since 1970 of Windows' time; false: it cannot be. */
bool timesync_unix(uint64_t time, uint64_t *wall);

/* shutdown.c: printable ASCII of UTF-16, terminated, other characters '?'. */
void shutdown_text(const void *utf16, size_t len, char *to, size_t room);

#endif
