/* SPDX-License-Identifier: ISC */
/*
 * A model of Hyper-V as a guest of generation 2 meets it: registers,
 * hypercalls, the synthetic interrupt controller (SynIC), clocks and timers,
 * and VMBus with what is offered on it.
 *
 * One struct host_hyperv is one guest and its root partition.  All calls come
 * from one thread.  Manners are what a test makes it do wrong; none happens
 * unless asked for.  All of the guest's memory is looked at through the world,
 * as hostile as a guest may be: the model serves a VMM too.
 */
#ifndef HOST_HYPERV_HYPERV_H
#define HOST_HYPERV_HYPERV_H

#include "host/bus/world.h"
#include "wire/hyperv/vmbus.h"

struct host_hyperv;

struct host_hyperv_config {
	const struct host_world *world;
	unsigned vcpus;       /* 1 to 32 */
	uint32_t version_max; /* of VMBus; 0: 5.3 */
	uint32_t version_min; /* 0: 0.13 */
	bool no_reference_tsc, no_counter, no_stimer, no_direct_timer;
	bool no_auto_eoi;  /* it is deprecated, as on AMD: a hint says so */
	bool no_monitor;   /* no offer uses the monitor pages */
	bool vmmcall;      /* AMD's instruction in the hypercall page */
	uint8_t call_port; /* not 0: it has OUT to this port instead, where a
			    * VMM does not see the instruction */
	uint64_t tsc_hz;   /* 0: 2 GHz; below 16 GHz */
	uint32_t apic_hz;  /* of the local APIC's timer; 0: 200 MHz */
	unsigned messages; /* that wait for a slot, at most; 0: 64 */
};

/* NULL when out of memory. */
struct host_hyperv *host_hyperv_new(const struct host_hyperv_config *);
void host_hyperv_free(struct host_hyperv *);

/* ---- What a vCPU does ------------------------------------------------- */

/* False: not ours, or a general protection fault. */
bool host_hyperv_rdmsr(struct host_hyperv *, unsigned vcpu, uint32_t msr,
    uint64_t *value);
bool host_hyperv_wrmsr(struct host_hyperv *, unsigned vcpu, uint32_t msr,
    uint64_t value);
/* The result word. */
uint64_t host_hyperv_hypercall(struct host_hyperv *, unsigned vcpu,
    uint64_t control, uint64_t input, uint64_t output);
/* EAX, EBX, EDX of leaf base + 3 and EAX of base + 4, by the configuration. */
void host_hyperv_leaves(const struct host_hyperv_config *, uint32_t access[2],
    uint32_t *features, uint32_t *hints);
/* The TSC at a time of the world, by a configuration. */
uint64_t host_hyperv_tsc(const struct host_hyperv_config *, uint64_t now);
/* The guest has read its TSC; for a page that changes with each look. */
void host_hyperv_looked(struct host_hyperv *);
/* Whether interrupts of the SynIC with this vector end by themselves. */
bool host_hyperv_auto_eoi(const struct host_hyperv *, unsigned vcpu,
    uint8_t vector);

/* ---- Misbehaviour and counts ------------------------------------------ */

struct host_hyperv_manners {
	/* the n-th hypercall with the code `fail_code` from now on (1 is the
	 * next; code 0: any) ends in this status, once; 0: none does */
	unsigned fail_nth, fail_code;
	uint16_t fail_status;
	unsigned fail_count; /* so many of them; 0: 1 */
	bool lose_events;    /* flags are set, no interrupt comes */
	bool drop_events;    /* not even a flag is set */
	bool tsc_invalid;    /* the sequence of the reference page stays 0 */
	bool tsc_wild;       /* and changes with each look */
	/* about messages to the guest: the n-th of type `message_type` (0: any)
	 * from now on, once */
	unsigned message_nth, message_type;
	enum {
		HOST_MESSAGE_DROP = 1,
		HOST_MESSAGE_TWICE,
		HOST_MESSAGE_SIZE,    /* payload size is `message_value` */
		HOST_MESSAGE_TYPE,    /* its channel message type is */
		HOST_MESSAGE_WORD,    /* 32-bit word `message_word` is */
		HOST_MESSAGE_PENDING, /* flag always set */
		HOST_MESSAGE_SLOT     /* SynIC message type is */
	} message_how;
	unsigned message_word;
	uint32_t message_value;
	bool silent;       /* no channel message is answered any more */
	bool no_delivered; /* ALLOFFERS_DELIVERED never comes */
	bool gpadl_hold;   /* GPADL teardown is never acknowledged */
};
struct host_hyperv_manners *host_hyperv_manners(struct host_hyperv *);

struct host_hyperv_counts {
	uint64_t hypercalls, posts, signals; /* of the guest */
	uint64_t monitored; /* signals through the monitor page */
	uint64_t events;    /* flags set for the guest */
	uint64_t messages;
	uint64_t eoms;
	unsigned gpadls, gpadl_pages; /* lent now */
	unsigned channels;            /* open now */
	unsigned offered;             /* now, sub-channels too */
	unsigned connects, unloads, resets;
	uint32_t version;       /* agreed on; 0: not connected */
	uint64_t guest_id;      /* of the register */
	uint64_t crash[5];      /* what the guest said of its end */
	uint64_t crash_control; /* how: HV_CRASH_… */
	bool crashed;
	/* What no guest may do, though Hyper-V lets it: a message page or ring
	 * freed while in use, a post with a wrong size, an offer opened twice,
	 * a relid used after its release. */
	unsigned violations;
	unsigned refused; /* messages of the guest that are wrong */
};
const struct host_hyperv_counts *host_hyperv_counts(struct host_hyperv *);

/* Set any event flag on a vCPU, owned or not. */
void host_hyperv_raise(struct host_hyperv *, unsigned vcpu, unsigned flag);
/* Any message to VMBus's source on vCPU 0: `size` bytes of payload. */
void host_hyperv_send(struct host_hyperv *, uint32_t type, const void *payload,
    unsigned size);
/* The guest has been saved and restored here or elsewhere: time has jumped.
 * VMBus goes on. */
void host_hyperv_jump(struct host_hyperv *, uint64_t nanoseconds);
/* The guest was switched off and on again behind its back (hibernation, kexec
 * without an unload): registers are reset when `registers`, and VMBus has
 * forgotten the connection or, as after a kexec, still has it. */
void host_hyperv_reset(struct host_hyperv *, bool registers, bool vmbus);

/* ---- What is offered -------------------------------------------------- */

/*
 * One device of the root partition.  The model calls it when the guest opens,
 * signals or closes a channel of it, never from inside a hypercall of the guest.
 */
struct host_vmbus_device;
struct host_vmbus_channel;

struct host_vmbus_kind {
	struct hv_guid type;
	bool pipe; /* messages are in a pipe's header: services */
	/* of the offer, at most HV_VMBUS_USER_DATA bytes; NULL: zeros */
	const void *offer_user;
	unsigned offer_user_len;
	/* user data of the open, as many as user_len bytes; false: refused */
	bool (*opened)(void *self, struct host_vmbus_channel *,
	    const void *user, unsigned user_len);
	void (*signalled)(void *self, struct host_vmbus_channel *);
	/* before the rings go; memory of GPADLs must not be touched after */
	void (*closed)(void *self, struct host_vmbus_channel *);
	void (*free)(void *self);
};

/* Offered at once if the guest is connected, else when it asks.  instance 0:
 * one is made.  NULL: out of memory. */
struct host_vmbus_device *host_vmbus_offer(struct host_hyperv *,
    const struct host_vmbus_kind *, const struct hv_guid *instance, void *self);
/* So many sub-channels, offered now. */
bool host_vmbus_offer_subs(struct host_vmbus_device *, unsigned count);
/* Take it away: RESCIND for each channel; and free it, calling kind->free when
 * the guest has released all of them, or with the host. */
void host_vmbus_rescind(struct host_vmbus_device *);
/* Any offer message, for tests: relid, class and all as they stand. */
void host_vmbus_offer_raw(struct host_hyperv *, const struct hv_vmbus_offer *);
void host_vmbus_rescind_raw(struct host_hyperv *, uint32_t relid);

struct host_hyperv *host_vmbus_host(struct host_vmbus_device *);
const struct host_world *host_hyperv_world(struct host_hyperv *);
/* The world's `later` (later.c), which its owner can take back: what is still
 * to come when a device is freed.  All is, when the host is. */
void host_hyperv_later(struct host_hyperv *, const void *owner, uint64_t delay,
    void (*call)(void *), void *argument);
void host_hyperv_forget(struct host_hyperv *, const void *owner);
struct hv_guid host_vmbus_instance(const struct host_vmbus_device *);
unsigned host_vmbus_sub(const struct host_vmbus_channel *); /* 0: primary */
unsigned host_vmbus_vcpu(const struct host_vmbus_channel *);
uint32_t host_vmbus_relid(const struct host_vmbus_channel *);
/* The channel of that number, or NULL when it is not open. */
struct host_vmbus_channel *host_vmbus_channel(struct host_vmbus_device *,
    unsigned sub);

/* ---- Traffic: ring.c -------------------------------------------------- */

struct host_vmbus_packet {
	uint16_t type, flags;
	uint64_t id;
	const uint8_t *header; /* between descriptor and payload */
	size_t header_len;
	const uint8_t *data;
	size_t len;
};

/* The next packet of the guest's, until the next call; false: none, or the
 * guest's ring is broken (counted as refused). */
bool host_vmbus_receive(struct host_vmbus_channel *,
    struct host_vmbus_packet *);
/* Room was made; signal the guest if it waits for that. */
void host_vmbus_received(struct host_vmbus_channel *);
/* Into the guest's ring; false: no room, and `signalled` comes when there may
 * be. */
bool host_vmbus_send(struct host_vmbus_channel *,
    const struct host_vmbus_packet *);
/* Publish what was sent, and interrupt the guest if it wants that. */
void host_vmbus_sent(struct host_vmbus_channel *);

/* Bytes of a list of ranges in a packet's header (GPA direct), or of a GPADL of
 * this channel; false: outside it, or not the guest's. */
bool host_vmbus_gpa_read(struct host_vmbus_channel *,
    const struct host_vmbus_packet *, uint64_t offset, void *to, size_t size);
bool host_vmbus_gpa_write(struct host_vmbus_channel *,
    const struct host_vmbus_packet *, uint64_t offset, const void *from,
    size_t size);
uint64_t host_vmbus_gpa_length(const struct host_vmbus_packet *);
bool host_vmbus_gpadl_read(struct host_vmbus_channel *, uint32_t gpadl,
    uint64_t offset, void *to, size_t size);
bool host_vmbus_gpadl_write(struct host_vmbus_channel *, uint32_t gpadl,
    uint64_t offset, const void *from, size_t size);
uint64_t host_vmbus_gpadl_length(struct host_vmbus_channel *, uint32_t gpadl);

/* What a channel's ring does wrong; of each channel, kept through a close. */
struct host_ring_manners {
	/* the n-th packet to the guest from now on, once; 0: none */
	unsigned bad_nth;
	enum {
		HOST_RING_OFFSET8 = 1, /* these fields become bad_value */
		HOST_RING_LENGTH8,
		HOST_RING_TYPE,
		HOST_RING_FLAGS,
		HOST_RING_ID,
		HOST_RING_TWICE,
		HOST_RING_LOST
	} bad_how;
	uint64_t bad_value;
	/* written once, at the next host_vmbus_sent(), over what is there */
	bool set_write_index, set_read_index;
	uint32_t write_index, read_index;
	bool rewrite_guest; /* junk over the guest's own indices */
	bool full_is_size1; /* pending_send_sz is ring size - 1 when it waits */
	bool no_features;   /* does not announce pending_send_sz */
	bool always_masked; /* its interrupt mask is set all the time */
	unsigned storm;     /* signals without work, so many */
	bool never_signal;
};
struct host_ring_manners *host_vmbus_manners(struct host_vmbus_device *,
    unsigned sub);
/* As if the guest had signalled. */
void host_vmbus_look(struct host_vmbus_device *, unsigned sub);

struct host_ring_counts {
	uint64_t packets_in, packets_out; /* in: of the guest */
	uint64_t signals_in, signals_out, elided_out;
	uint64_t publishes_out;
};
const struct host_ring_counts *host_vmbus_counts(struct host_vmbus_device *,
    unsigned sub);

#endif
