/* SPDX-License-Identifier: ISC */
/*
 * What the files of guest/hyperv share: hypercalls, the synthetic interrupt
 * controller (SynIC), time.  VMBus is in vmbus.h, the services in services.h.
 *
 * Threads: the owner of the bus calls all of this, but the owner of a queue may
 * call hyperv_signal() and hyperv_signal_fast() from its own CPU.
 */
#ifndef GUEST_HYPERV_HYPERV_H
#define GUEST_HYPERV_HYPERV_H

#include "pvbus/guest.h"
#include "wire/hyperv/tlfs.h"

struct hyperv_clock;
struct hyperv_synic;
struct kvp;
struct services;
struct vmbus;

struct hyperv {
	struct pv_device *device;
	struct pv_bus *bus;
	const struct pv_port *port;
	struct pv_stats *stats; /* of hyperv0 */
	/* Hypercalls, SynIC and VMBus are ours; else the platform drives them,
	 * and only the key/value store is reached. */
	bool privileged;
	uint32_t base;      /* of the CPUID leaves */
	uint32_t access[2]; /* what this partition may: EAX, EBX of base + 3 */
	uint32_t features;  /* EDX of base + 3 */
	uint32_t hints;     /* EAX of base + 4 */
	void *hypercall_page;
	uint64_t hypercall_physical;
	void *input_page; /* of hypercalls that are not fast; the owner's */
	uint64_t input_physical;
	unsigned cpus;       /* at least 1 */
	uint32_t *vp;        /* Hyper-V's number of each CPU, or HYPERV_NO_VP */
	unsigned generation; /* one more after each sleep */

	struct hyperv_synic *synic;
	struct hyperv_clock *clock;
	struct vmbus *vmbus;
	struct services *services;
	struct kvp *kvp;
};

/* A CPU that has not started. */
#define HYPERV_NO_VP UINT32_MAX

/* One line, after the name of the device. */
void hyperv_log(struct hyperv *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- hypercall.c ------------------------------------------------------ */

/* Guest id, then the page; closing undoes both. */
int hyperv_hypercall_open(struct hyperv *);
void hyperv_hypercall_close(struct hyperv *);
/* The status in the low 16 bits of the result (HV_STATUS_…); counted. */
unsigned hyperv_hypercall(struct hyperv *, struct pv_stats *, uint64_t control,
    uint64_t input, uint64_t output);
/* The PV_E code of a status. */
int hyperv_error(unsigned status);
/*
 * Post a message of at most 240 bytes.  The host has buffers for some only:
 * PV_EAGAIN means that it wants to be asked again in a while.
 */
int hyperv_post(struct hyperv *, uint32_t connection, uint32_t type,
    const void *payload, size_t size);
/* Signal an event: a fast hypercall, for one of 65536 flags of a connection. */
int hyperv_signal(struct hyperv *, struct pv_stats *, uint32_t connection,
    uint16_t flag);

/* ---- synic.c: messages and event flags of each CPU -------------------- */

/* The interrupt source of VMBus, and that of the synthetic timer. */
#define HYPERV_SINT_VMBUS 2u
#define HYPERV_SINT_TIMER 4u

int hyperv_synic_open(struct hyperv *);
void hyperv_synic_close(struct hyperv *);
/* On that CPU: its pages, its interrupt source. */
int hyperv_synic_cpu_start(struct hyperv *, unsigned cpu);
/* On that CPU, too: its pages are ours alone again. */
void hyperv_synic_cpu_stop(struct hyperv *, unsigned cpu);
/* After a sleep: the registers of CPU 0 again; others start again. */
int hyperv_synic_resume(struct hyperv *);
/* Before one: CPU 0 has no pages any more. */
void hyperv_synic_suspend(struct hyperv *);
/*
 * The next message for VMBus on CPU 0: its slot is copied, checked, freed and
 * the host told that it is free.  False: there is none.
 */
bool hyperv_synic_message(struct hyperv *, struct hv_message *);
/* Take the event flags of a CPU and call `flag` for each that was set; without
 * an interrupt, too: the fallback.  On that CPU, or from its handler.  Returns
 * for how many `flag` was true: that was news. */
unsigned hyperv_synic_flags(struct hyperv *, unsigned cpu,
    bool (*flag)(void *argument, unsigned number), void *argument);
/* Take one of them. */
bool hyperv_synic_flag(struct hyperv *, unsigned cpu, unsigned number);
/* What the handler does with the flags of its CPU; set by vmbus. */
void hyperv_synic_on_flag(struct hyperv *,
    bool (*flag)(void *argument, unsigned number), void *argument);
/* On that CPU, now and then: flags without an interrupt, and interrupts again
 * where they had been refused as they brought nothing. */
void hyperv_synic_look(struct hyperv *, unsigned cpu);
/* When that is wanted at the latest. */
uint64_t hyperv_synic_deadline(const struct hyperv *, unsigned cpu);
/* Whether events come by interrupts, and so on which CPU they are told. */
bool hyperv_synic_interrupts(const struct hyperv *);

/* ---- clock.c: reference time ------------------------------------------ */

int hyperv_clock_open(struct hyperv *);
void hyperv_clock_close(struct hyperv *);
/* Around a sleep. */
void hyperv_clock_suspend(struct hyperv *);
void hyperv_clock_resume(struct hyperv *);
/* In units of 100 ns since the partition was made; by the page where the host
 * keeps one, else by the counter.  Never goes back on one CPU. */
int hyperv_clock_read(struct hyperv *, uint64_t *time);
/* "TSC page", "counter" or "none" */
const char *hyperv_clock_text(const struct hyperv *);

/* ---- stimer.c: a synthetic timer -------------------------------------- */

/*
 * One shot of timer 0 of the CPU that calls, at a reference time; 0 disarms.
 * It comes as an interrupt of its own (direct) or as a message.  PV_ENOTSUP:
 * the host has none.
 */
int hyperv_timer_open(struct hyperv *, void (*handler)(void *, unsigned cpu),
    void *argument);
void hyperv_timer_close(struct hyperv *);
int hyperv_timer_set(struct hyperv *, uint64_t at);

#endif
