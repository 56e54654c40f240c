/* SPDX-License-Identifier: ISC */
#ifndef HOST_HYPERV_IC_PRIVATE_H
#define HOST_HYPERV_IC_PRIVATE_H

#include "host/hyperv/devices.h"
#include "wire/hyperv/ic.h"
#include "wire/hyperv/ring.h"

struct ic_service {
	struct host_ic *ic;
	const struct ic_kind *kind;
	struct host_vmbus_kind vmbus;
	struct host_vmbus_device *device; /* NULL: not offered, or taken away */
	struct host_vmbus_channel *channel;
	struct host_ic_manners manners;
	struct host_ic_answer answer;
	struct host_ic_counts counts;
	bool greeted; /* the versions have been offered */
	bool up;
	uint32_t framework, version; /* major << 16 | minor */
	bool asked;
	uint16_t asked_type; /* HV_IC_… */
	uint8_t transaction; /* of what was asked */
	unsigned operation;  /* KVP: of what was asked */
	uint64_t sequence;   /* heartbeat */
};

struct host_ic {
	struct host_hyperv *host;
	struct ic_service services[HOST_IC_COUNT];
	unsigned alive; /* devices that VMBus has not freed yet */
};

struct ic_kind {
	uint16_t type; /* HV_IC_… */
	struct hv_guid class_id;
	const struct hv_ic_version *versions; /* the newest first */
	unsigned count;
};

extern const struct ic_kind ic_kinds[HOST_IC_COUNT];

/* ---- ic.c ------------------------------------------------------------- */

/* NULL: not up, or there is a question already. */
struct ic_service *ic_ready(struct host_ic *, enum host_ic_service);
/* Ask; the body of a message of the service's. */
bool ic_ask(struct ic_service *, const void *body, size_t size);
/* Bytes behind the pipe header. */
bool ic_send(struct ic_service *, const void *bytes, size_t size);

/* ---- ic_negotiate.c --------------------------------------------------- */

void ic_greet(struct ic_service *);
/* False: it cannot be. */
bool ic_agreed(struct ic_service *, const uint8_t *body, size_t len);

/* ---- ic_kvp.c --------------------------------------------------------- */

/* What the answer says of key and value. */
void ic_kvp_answered(struct ic_service *);

/* ---- ic_text.c -------------------------------------------------------- */

/* With a NUL: bytes written, or 0: no UTF-8, or it does not fit. */
size_t ic_to_utf16(const char *from, size_t len, void *to, size_t room);
/* Up to a NUL; what is no text becomes U+FFFD.  Characters written, without the
 * NUL that ends them. */
size_t ic_from_utf16(const void *from, size_t size, char *to, size_t room);

#endif
