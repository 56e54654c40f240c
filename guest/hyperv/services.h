/* SPDX-License-Identifier: ISC */
/*
 * The integration services: heartbeat, shutdown, timesync, KVP, VSS, file copy
 * (refused), and the version exchange of dynamic memory.  Each is a channel
 * that hyperv0 itself uses.
 */
#ifndef GUEST_HYPERV_SERVICES_H
#define GUEST_HYPERV_SERVICES_H

#include "guest/hyperv/vmbus.h"
#include "wire/hyperv/ic.h"

struct service;

/* One request of the host, in our own memory, header checked; the answer is
 * made in place. */
struct ic_message {
	struct service *service;
	uint8_t *body;   /* behind the IC header */
	size_t len;      /* as received */
	size_t room;     /* that an answer may use */
	uint32_t status; /* HV_IC_…, S_OK at first */
	bool later;      /* the answer comes by service_answer() */
};

struct service_kind {
	const char *name; /* "heartbeat" */
	const struct hv_guid *type;
	uint32_t message_type; /* HV_IC_TYPE_… that requests have */
	/* versions of its messages, best first, each major << 16 | minor */
	const uint32_t *versions;
	unsigned version_count;
	size_t body_min, body_max;
	int (*open)(struct service *);
	void (*close)(struct service *);
	void (*request)(struct service *, struct ic_message *);
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
	/* private: the request that is answered later */
	uint8_t *message;
	size_t message_len, message_room;
	uint64_t message_id;
	bool waiting;
};

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

extern const struct service_kind service_heartbeat, service_shutdown,
    service_timesync, service_kvp, service_vss, service_fcopy;

/* balloon.c: dynamic memory has a protocol of its own; says hello, agrees on a
 * version, reports, and gives no memory away. */
bool balloon_offer(struct hyperv *, struct vmbus_channel *);

#endif
