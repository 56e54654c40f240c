/* SPDX-License-Identifier: ISC */
/* The SynIC: what synic.c, synic_events.c and stimer.c share. */
#ifndef GUEST_HYPERV_SYNIC_PRIVATE_H
#define GUEST_HYPERV_SYNIC_PRIVATE_H

#include "guest/hyperv/hyperv_private.h"

struct synic_cpu {
	struct hv_message_page *messages;
	struct hv_event_page *events;
	uint64_t messages_physical, events_physical;
	uint32_t started; /* atomic: the host uses the pages */
	bool placed;      /* it may use them, whatever it said */
	/* interrupts in a row that brought nothing; atomic, as the next */
	uint32_t idle;
	uint32_t hushed; /* the source is masked */
	_Alignas(8) uint64_t quiet_until;
};

struct synic_timer {
	int vector; /* PV_ENOTSUP: none */
	bool direct;
	void (*handler)(void *argument, unsigned cpu);
	void *argument;
};

struct hyperv_synic {
	int vector; /* or PV_ENOTSUP: polled */
	bool auto_eoi;
	struct synic_cpu *cpu;
	bool (*flag)(void *argument, unsigned number);
	void *argument;
	struct synic_timer timer;
};

/* The source as it should be, and masked. */
uint64_t synic_source(const struct hyperv *);
uint64_t synic_source_masked(const struct hyperv *);
/* Whether interrupts end by themselves; else vector_eoi is there. */
bool synic_auto_eoi(const struct hyperv *);
/* A slot is worked off: the host may fill it again. */
void synic_slot_free(struct hyperv *, struct hv_message *slot);
void synic_interrupt(void *argument, unsigned cpu);
/* The pages of a CPU that runs, or NULL. */
struct synic_cpu *synic_cpu(const struct hyperv *, unsigned cpu);

#endif
