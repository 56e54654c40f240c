/* SPDX-License-Identifier: ISC */
/*
 * The model of Hyper-V without the guest half: a guest that writes registers,
 * makes hypercalls and fills rings by hand, and a device that sends back what
 * it gets.
 */
#ifndef TESTS_SUPPORT_HYPERV_HOST_H
#define TESTS_SUPPORT_HYPERV_HOST_H

#include "tests/support/world.h"
#include "tests/support/xen_host.h" /* guest_pages, give_back, pass */
#include "wire/hyperv/ring.h"
#include "wire/hyperv/tlfs.h"
#include "wire/hyperv/vmbus.h"

#define RAW_HV_CPUS 4
#define RAW_HV_OFFERS 256

/* ---- The guest -------------------------------------------------------- */

struct raw_hv {
	struct world *world;
	struct host_hyperv *host;
	uint64_t input; /* physical, of a page for hypercalls */
	void *input_page;
	void *call_page;
	uint64_t call_physical;
	struct hv_message_page *messages[RAW_HV_CPUS];
	struct hv_event_page *events[RAW_HV_CPUS];
	uint64_t message_physical[RAW_HV_CPUS];
	uint64_t event_physical[RAW_HV_CPUS];
	unsigned interrupts[RAW_HV_CPUS]; /* of the vector of SINT 2 */
	int vector;
	/* the connection */
	uint32_t version, connection;
	struct hv_vmbus_interrupt_page *bits;
	struct hv_monitor_page *to_guest, *to_host;
	uint64_t bits_physical, to_guest_physical, to_host_physical;
	struct hv_vmbus_offer offers[RAW_HV_OFFERS];
	unsigned offer_count;
	uint32_t next_gpadl;
	struct hv_message message; /* the last one taken */
};

/* A machine of that many CPUs with identity, hypercall page and SynIC, SINT 2
 * with a vector; no version agreed on yet.  config NULL: the usual. */
struct raw_hv *raw_hv_new(struct world *, unsigned cpus,
    const struct host_hyperv_config *);
/* Give all back: the model must not touch any of it any more. */
void raw_hv_free(struct raw_hv *);

void raw_hv_write(struct raw_hv *, unsigned cpu, uint32_t msr, uint64_t);
uint64_t raw_hv_read(struct raw_hv *, unsigned cpu, uint32_t msr);
/* PV_OK, or the fault. */
int raw_hv_try_write(struct raw_hv *, unsigned cpu, uint32_t msr, uint64_t);
int raw_hv_try_read(struct raw_hv *, unsigned cpu, uint32_t msr, uint64_t *);
uint64_t raw_hv_call(struct raw_hv *, uint64_t control, uint64_t input);
unsigned raw_hv_post(struct raw_hv *, uint32_t connection, uint32_t type,
    const void *payload, size_t size);
unsigned raw_hv_signal(struct raw_hv *, uint32_t connection, uint16_t flag);

/* The next message in a slot, taken; false: none in 20 ms. */
bool raw_hv_take(struct raw_hv *, unsigned cpu, unsigned sint);
/* Take one of VMBus, which must be of that type; its payload. */
const void *raw_hv_expect(struct raw_hv *, uint32_t type);
void raw_hv_expect_none(struct raw_hv *);
/* Whether a flag of SINT 2 is set; it is taken. */
bool raw_hv_flag(struct raw_hv *, unsigned cpu, unsigned flag);

/* ---- VMBus ------------------------------------------------------------ */

/* A message on the agreed connection; it must be taken by the hypervisor. */
void raw_hv_say(struct raw_hv *, const void *payload, size_t size);
/* Ask for a version; whether it was accepted. */
bool raw_hv_contact(struct raw_hv *, uint32_t version);
void raw_hv_connect(struct raw_hv *, uint32_t version);
/* Ask for the offers and take them all. */
void raw_hv_offers(struct raw_hv *);
/* Take one more. */
const struct hv_vmbus_offer *raw_hv_offer(struct raw_hv *);
void raw_hv_unload(struct raw_hv *);
/* Lend pages; the status of the answer. */
uint32_t raw_hv_lend(struct raw_hv *, uint32_t relid, uint32_t gpadl,
    uint64_t physical, size_t pages);
/* The same with a number of its own, which must go well. */
uint32_t raw_hv_gpadl(struct raw_hv *, uint32_t relid, uint64_t physical,
    size_t pages);
void raw_hv_teardown(struct raw_hv *, uint32_t relid, uint32_t gpadl);
/* The status of the answer. */
uint32_t raw_hv_open(struct raw_hv *, uint32_t relid, uint32_t gpadl,
    uint32_t to_guest_page, uint32_t vp);
void raw_hv_close(struct raw_hv *, uint32_t relid);
void raw_hv_release(struct raw_hv *, uint32_t relid);
/* HV_VMBUS_CLOSE, _GPADL_TEARDOWN and the like: header, relid, one more. */
void raw_hv_words(struct raw_hv *, uint32_t type, uint32_t a, uint32_t b,
    unsigned count);

/* ---- Rings ------------------------------------------------------------ */

struct raw_channel {
	struct raw_hv *guest;
	struct hv_vmbus_offer offer;
	uint32_t gpadl;
	struct hv_ring *out, *in;
	uint8_t *out_data, *in_data;
	uint32_t size; /* of the data of each */
	uint32_t write, read;
	_Alignas(8) uint8_t packet[65536]; /* the last one taken */
	uint32_t packet_size;
};

/* Rings of so many pages each, the header's included; lent and opened. */
struct raw_channel *raw_channel_new(struct raw_hv *,
    const struct hv_vmbus_offer *, unsigned pages, unsigned vp);
void raw_channel_close(struct raw_channel *); /* teardown too */
void raw_channel_free(struct raw_channel *);
/* Bytes as they stand: a whole packet without its trailer, unpublished. */
void raw_channel_put(struct raw_channel *, const void *packet, uint32_t size);
void raw_channel_publish(struct raw_channel *);
/* In band, published, signalled. */
void raw_channel_say(struct raw_channel *, uint64_t id, const void *data,
    uint32_t size);
unsigned raw_channel_signal(struct raw_channel *);
/* The next packet; false: there is none. */
bool raw_channel_take(struct raw_channel *);
void raw_channel_release(struct raw_channel *); /* publish what was read */
const struct hv_packet *raw_channel_packet(const struct raw_channel *);
const void *raw_channel_data(const struct raw_channel *, size_t *size);

/* ---- A device --------------------------------------------------------- */

struct echo {
	struct host_vmbus_device *device;
	struct host_vmbus_channel *last;
	unsigned opened, closed, signalled, freed, packets;
	bool refuse;  /* opens */
	bool silent;  /* takes packets and sends nothing */
	bool stop;    /* does not even take them */
	bool waiting; /* for room; an answer is kept */
	bool greet;   /* says something as soon as it is opened */
	struct host_vmbus_packet kept;
	uint8_t bytes[65536];
	uint8_t user[HV_VMBUS_USER_DATA];
	unsigned vcpu;
	/* called for each packet, in place of sending it back */
	void (*packet)(struct echo *, struct host_vmbus_channel *,
	    const struct host_vmbus_packet *);
};

/* Its class; not one that our drivers take. */
extern const struct hv_guid echo_type;
struct echo *echo_new(struct host_hyperv *, bool pipe);
/* With the host; or after it was freed. */
void echo_free(struct echo *);
/* From the host: one packet, published. */
bool echo_say(struct echo *, unsigned sub, uint64_t id, const void *data,
    size_t size);

#endif
