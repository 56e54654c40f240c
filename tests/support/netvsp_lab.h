/* SPDX-License-Identifier: ISC */
/*
 * The model of netvsp and a guest that fills rings by hand: what it asks, what
 * it sends, and what it is told.  No driver is in it.
 */
#ifndef TESTS_SUPPORT_NETVSP_LAB_H
#define TESTS_SUPPORT_NETVSP_LAB_H

#include "host/hyperv/devices.h"
#include "tests/support/hyperv_host.h"
#include "wire/endian.h"
#include "wire/hyperv/netvsc.h"
#include "wire/hyperv/rndis.h"

#define LAB_CHANNELS 4
#define LAB_RING_PAGES 9
#define LAB_RECEIVE_PAGES 64
#define LAB_SEND_PAGES 16
#define LAB_DATA_PAGES 24
#define LAB_ARRIVED 1024
#define LAB_HEADERS 54 /* of IPv4 and TCP */

/* An RNDIS message as it came. */
struct lab_message {
	unsigned channel, packet; /* of which packet, by number */
	uint32_t kind;            /* HV_NVSP_DATA, HV_NVSP_CONTROL */
	size_t size;
	uint8_t *bytes;
};

/* A frame that the guest sent, as the peer has it. */
struct lab_frame {
	struct host_nv_frame frame; /* without bytes */
	uint8_t bytes[65549];
};

struct lab {
	struct world *world;
	struct raw_hv *guest;
	struct host_netvsp *net;
	struct host_netvsp_manners *manners;
	const struct host_netvsp_counts *counts;
	struct hv_vmbus_offer offer, subs[LAB_CHANNELS]; /* subs[0]: none */
	struct raw_channel *channels[LAB_CHANNELS];
	uint8_t *receive, *send, *data;
	uint64_t receive_frame, send_frame, data_frame;
	uint32_t receive_gpadl, send_gpadl;
	struct hv_nvsp_section part; /* as it was answered */
	uint32_t section_size;
	uint32_t version;
	uint64_t id; /* the last one used */
	uint32_t request;
	unsigned violations;
	uint64_t refused; /* that is expected in the end */
	bool hold;        /* packets are not completed */
	uint64_t held[LAB_ARRIVED];
	unsigned held_count;
	struct lab_message arrived[LAB_ARRIVED + 1]; /* and one taken */
	unsigned arrived_count, packets;
	/* the last completion, and the last message in band */
	bool done;
	uint64_t done_id;
	size_t done_len;
	uint8_t done_bytes[256];
	unsigned told, completions;
	size_t told_len;
	uint16_t told_flags;
	uint64_t told_id;
	uint8_t told_bytes[1024];
	/* the peer */
	unsigned frames;
	struct lab_frame last;
};

int lab_setup(void **state);
int lab_teardown(void **state);
#define lab_test(f) cmocka_unit_test_setup_teardown(f, lab_setup, lab_teardown)

/* A NIC, 00:15:5d:01:02:03 when there is no other, and its offer. */
void lab_nic(struct lab *, const struct host_netvsp_config *);
/* Offers of so many sub-channels have been made. */
void lab_offered(struct lab *, unsigned subs);
void lab_open(struct lab *, unsigned sub);
void lab_close(struct lab *, unsigned sub);
/* NVS up to both buffers. */
void lab_hello(struct lab *, uint32_t version, uint32_t mtu);
/* RNDIS, too, and all frames wanted; NULL: the usual NIC, 0: the newest. */
void lab_start(struct lab *, const struct host_netvsp_config *,
    uint32_t version);
/* Time, and all that comes meanwhile. */
void lab_run(struct lab *, uint64_t time);
void lab_forget(struct lab *); /* what arrived */

/* ---- NVS -------------------------------------------------------------- */

/* Any packet; header: between descriptor and data. */
void lab_put(struct lab *, unsigned sub, uint16_t type, uint16_t flags,
    uint64_t id, const void *header, size_t header_len, const void *data,
    size_t len);
/* A message in band, and its completion; false: there was none. */
bool lab_ask(struct lab *, struct hv_nvsp *, size_t size,
    struct hv_nvsp *answer);
/* The status of an INIT. */
uint32_t lab_init(struct lab *, uint32_t version);
void lab_complete(struct lab *, unsigned sub, uint64_t id);

/* ---- RNDIS ------------------------------------------------------------ */

/* What stands in data or in a section; the status of the completion, or ~0 for
 * none. */
uint32_t lab_direct(struct lab *, unsigned sub, uint32_t kind, uint32_t offset,
    uint32_t size);
uint32_t lab_section(struct lab *, unsigned sub, uint32_t kind,
    uint32_t section, uint32_t size);
/* A message that is answered: its answer's body, or NULL. */
const void *lab_request(struct lab *, uint32_t type, const void *body,
    size_t body_size, const void *rest, size_t rest_size, size_t *size);
uint32_t lab_query(struct lab *, uint32_t oid, void *to, size_t *size);
uint32_t lab_word(struct lab *, uint32_t oid); /* it must have one */
uint32_t lab_set(struct lab *, uint32_t oid, const void *, size_t size);
void lab_filter(struct lab *, uint32_t filter);
/* Take the oldest message that arrived, until the next call. */
const struct lab_message *lab_take(struct lab *);
/* Its body; it must be of that type. */
const void *lab_first(struct lab *, uint32_t type, size_t *size);
/* The frame in it, and the value that goes with it; false: none does. */
const uint8_t *lab_bytes(const struct lab_message *, size_t *length);
bool lab_info(const struct lab_message *, uint32_t type, uint32_t *value);
/* The next is this frame; the message. */
const struct lab_message *lab_arrives(struct lab *, const uint8_t *frame,
    size_t length);
void lab_nothing(struct lab *);

/* ---- Frames ----------------------------------------------------------- */

struct lab_info {
	uint32_t type, value;
};
/* The message with a frame, filled up to a multiple of 8; its size. */
size_t lab_message(uint8_t *to, const uint8_t *frame, size_t length,
    const struct lab_info *, unsigned count);
/* In a section when there is room, else by address; the completion's status. */
uint32_t lab_send(struct lab *, unsigned sub, const uint8_t *frame,
    size_t length, const struct lab_info *, unsigned count);
/* From the peer; false: the model does not take it. */
bool lab_receive(struct lab *, const uint8_t *frame, size_t length);
void lab_pattern(uint8_t *frame, size_t length, const uint8_t to[6]);
/* TCP or UDP with the sum of the pseudo header in place; where it begins. */
size_t lab_packet(uint8_t *frame, size_t length, bool ipv6, bool tcp);
/* Whether both sums are right. */
bool lab_is_whole(const uint8_t *frame, size_t length);

extern const uint8_t lab_mac[6], lab_everybody[6];

#endif
