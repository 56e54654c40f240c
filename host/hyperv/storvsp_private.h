/* SPDX-License-Identifier: ISC */
#ifndef HOST_HYPERV_STORVSP_PRIVATE_H
#define HOST_HYPERV_STORVSP_PRIVATE_H

#include "host/hyperv/scsi_target.h"
#include "wire/hyperv/storvsc.h"

#define STOR_CHANNELS_MAX 64u
/* Answers that wait for room, of one channel: no request is taken while so
 * many do. */
#define STOR_ANSWERS 256u
#define STOR_HEADER __builtin_offsetof(struct hv_stor, u)
#define STOR_TRANSFER (512u * 1024)

/* The order of the exchange: openvmm's storvsp. */
enum stor_state {
	STOR_BEGIN,
	STOR_VERSION,
	STOR_PROPERTIES,
	STOR_END,
	STOR_READY
};

struct stor_lun {
	struct stor_lun *next; /* by target, then number */
	struct scsi_lun scsi;
};

struct stor_answer {
	uint16_t type; /* HV_PACKET_… */
	uint64_t id;
	uint32_t len;
	struct hv_stor packet;
};

struct stor_channel {
	struct host_storvsp *stor;
	unsigned sub;
	struct host_vmbus_channel *channel; /* NULL: closed */
	bool due;                           /* a look at the ring is */
	struct stor_answer answers[STOR_ANSWERS];
	unsigned answer_count;
};

struct host_storvsp {
	struct host_hyperv *host;
	struct host_vmbus_device *device;
	struct host_vmbus_kind kind;
	struct hv_stor_offer offer; /* IDE */
	struct host_storvsp_config config;
	struct host_storvsp_manners manners;
	struct host_storvsp_counts counts;
	enum stor_state state;
	bool subs_made;
	unsigned failing;
	struct stor_lun *luns;
	unsigned added; /* disks, so far */
	struct stor_channel *channels;
	unsigned channel_count; /* the primary is one */
};

/* ---- storvsp.c -------------------------------------------------------- */

struct stor_lun *stor_find(struct host_storvsp *, uint8_t target, uint8_t lun);

/* ---- storvsp_ring.c --------------------------------------------------- */

void stor_signalled(struct stor_channel *);
void stor_look_later(struct stor_channel *, uint64_t delay);
/* Say it, when there is room. */
void stor_put(struct stor_channel *, const struct stor_answer *);
void stor_flush(struct stor_channel *);
/* Count down to the one that is meant. */
bool stor_nth(unsigned *nth);
/* The packet without the last bytes that its version has not. */
uint32_t stor_packet_size(const struct host_storvsp *);

/* ---- storvsp_init.c --------------------------------------------------- */

/* An operation that is not a request to a disk; what the answer says. */
void stor_operation(struct stor_channel *, const struct hv_stor *,
    struct hv_stor *answer);

/* ---- storvsp_request.c ------------------------------------------------ */

void stor_request(struct stor_channel *, const struct host_vmbus_packet *,
    const struct hv_stor *, struct hv_stor *answer);

#endif
