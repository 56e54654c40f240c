/* SPDX-License-Identifier: ISC */
/*
 * What comes by the SynIC: messages in slots, and event flags.  A handler only
 * marks; a poll finds the same without one.
 */
#include "guest/bus/libc.h"
#include "guest/bus/shared.h"
#include "guest/hyperv/synic_private.h"

/* Interrupts without news that are taken as they come; after these the source
 * is masked for a while, longer and longer, as guest/xen/channel.c does. */
#define IDLE_INTERRUPTS 16
#define QUIET_FIRST PV_MILLISECOND
#define QUIET_DOUBLINGS 6

/* Messages of no use that are passed over in one look. */
#define JUNK_MAX 8

/* Without interrupts: how often somebody looks. */
#define POLL_INTERVAL PV_MILLISECOND

#define WORDS (HV_EVENT_FLAGS / 32)

/* ---- Messages ---------------------------------------------------------- */

/* The host fills a slot when it finds it empty; or later, when it is told so,
 * if it was not and a flag says that more waits.  So it is emptied before the
 * flag is read (TLFS 11.8.2). */
void
synic_slot_free(struct hyperv *hyperv, struct hv_message *slot)
{
	struct {
		uint8_t size, flags, reserved[2];
	} state;

	shared_store32(&slot->type, HV_MESSAGE_NONE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	shared_copy(&state, &slot->size, sizeof(state));
	if (state.flags & HV_MESSAGE_PENDING)
		hyperv->port->msr_write(hyperv->port->ctx, HV_MSR_EOM, 0);
}

static bool
message_take(struct hyperv *hyperv, struct hv_message *slot,
    struct hv_message *message)
{
	struct pv_stats *stats = hyperv->stats;

	shared_copy(message, slot, sizeof(*message));
	synic_slot_free(hyperv, slot);
	stats->events++;
	if (message->size > HV_MESSAGE_PAYLOAD)
		stats->bad_length++;
	else if (message->type != HV_MESSAGE_VMBUS)
		stats->bad_value++;
	else
		return true;
	return false;
}

bool
hyperv_synic_message(struct hyperv *hyperv, struct hv_message *message)
{
	struct synic_cpu *cpu = synic_cpu(hyperv, 0);
	struct hv_message *slot;

	if (cpu == NULL)
		return false;
	slot = &cpu->messages->sint[HYPERV_SINT_VMBUS];
	for (unsigned i = 0; i < JUNK_MAX; i++) {
		if (shared_load32(&slot->type) == HV_MESSAGE_NONE)
			return false;
		if (message_take(hyperv, slot, message))
			return true;
	}
	return false;
}

/* ---- Flags ------------------------------------------------------------- */

static struct hv_event_flags *
flags_of(const struct hyperv *hyperv, unsigned number)
{
	struct synic_cpu *cpu = synic_cpu(hyperv, number);

	return cpu != NULL ? &cpu->events->sint[HYPERV_SINT_VMBUS] : NULL;
}

unsigned
hyperv_synic_flags(struct hyperv *hyperv, unsigned cpu,
    bool (*flag)(void *argument, unsigned number), void *argument)
{
	struct hv_event_flags *flags = flags_of(hyperv, cpu);
	unsigned news = 0;

	if (flags == NULL || flag == NULL)
		return 0;
	for (unsigned i = 0; i < WORDS; i++) {
		uint32_t word;

		if (shared_load32(&flags->words[i]) == 0)
			continue;
		word = __atomic_exchange_n(&flags->words[i], 0,
		    __ATOMIC_SEQ_CST);
		for (; word != 0; word &= word - 1)
			if (flag(argument,
				i * 32 + (unsigned)__builtin_ctz(word)))
				news++;
	}
	return news;
}

bool
hyperv_synic_flag(struct hyperv *hyperv, unsigned cpu, unsigned number)
{
	struct hv_event_flags *flags = flags_of(hyperv, cpu);
	uint32_t bit = 1u << number % 32;
	uint32_t *word;

	if (flags == NULL || number >= HV_EVENT_FLAGS)
		return false;
	word = &flags->words[number / 32];
	return (shared_load32(word) & bit) &&
	    (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit);
}

void
hyperv_synic_on_flag(struct hyperv *hyperv,
    bool (*flag)(void *argument, unsigned number), void *argument)
{
	struct hyperv_synic *synic = hyperv->synic;

	__atomic_store_n(&synic->flag, NULL, __ATOMIC_SEQ_CST);
	synic->argument = argument;
	__atomic_store_n(&synic->flag, flag, __ATOMIC_SEQ_CST);
}

/* ---- Interrupts, and too many of them ---------------------------------- */

static void
source_write(struct hyperv *hyperv, uint64_t source)
{
	hyperv->port->msr_write(hyperv->port->ctx,
	    HV_MSR_SINT(HYPERV_SINT_VMBUS), source);
}

static void
hush(struct hyperv *hyperv, struct synic_cpu *cpu, uint32_t idle)
{
	uint32_t doublings = idle - IDLE_INTERRUPTS;

	if (doublings > QUIET_DOUBLINGS)
		doublings = QUIET_DOUBLINGS;
	source_write(hyperv, synic_source_masked(hyperv));
	__atomic_store_n(&cpu->quiet_until,
	    pv_bus_now(hyperv->bus) + (QUIET_FIRST << doublings),
	    __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpu->hushed, 1, __ATOMIC_SEQ_CST);
}

static bool
message_waits(struct synic_cpu *cpu, unsigned number)
{
	return number == 0 &&
	    shared_load32(&cpu->messages->sint[HYPERV_SINT_VMBUS].type) !=
	    HV_MESSAGE_NONE;
}

static bool
collect(struct hyperv *hyperv, unsigned number)
{
	struct hyperv_synic *synic = hyperv->synic;

	return hyperv_synic_flags(hyperv, number,
		   __atomic_load_n(&synic->flag, __ATOMIC_SEQ_CST),
		   synic->argument) > 0;
}

void
synic_interrupt(void *argument, unsigned number)
{
	struct hyperv *hyperv = argument;
	struct synic_cpu *cpu = synic_cpu(hyperv, number);

	if (cpu != NULL) {
		bool news = collect(hyperv, number);

		if (news || message_waits(cpu, number))
			__atomic_store_n(&cpu->idle, 0, __ATOMIC_RELAXED);
		else if (__atomic_add_fetch(&cpu->idle, 1, __ATOMIC_RELAXED) >
		    IDLE_INTERRUPTS)
			hush(hyperv, cpu, cpu->idle - 1);
	}
	if (!hyperv->synic->auto_eoi)
		hyperv->port->vector_eoi(hyperv->port->ctx);
}

/* What came meanwhile is found when the source is open again, and what came
 * between that and the look before it, by an interrupt. */
void
hyperv_synic_look(struct hyperv *hyperv, unsigned number)
{
	struct synic_cpu *cpu = synic_cpu(hyperv, number);
	bool news;

	if (cpu == NULL)
		return;
	news = collect(hyperv, number);
	if (!__atomic_load_n(&cpu->hushed, __ATOMIC_SEQ_CST))
		return;
	if (news || message_waits(cpu, number))
		__atomic_store_n(&cpu->idle, 0, __ATOMIC_RELAXED);
	else if (pv_bus_now(hyperv->bus) < cpu->quiet_until)
		return;
	__atomic_store_n(&cpu->hushed, 0, __ATOMIC_SEQ_CST);
	source_write(hyperv, synic_source(hyperv));
	collect(hyperv, number);
}

uint64_t
hyperv_synic_deadline(const struct hyperv *hyperv, unsigned number)
{
	const struct synic_cpu *cpu = synic_cpu(hyperv, number);

	if (cpu == NULL)
		return PV_NEVER;
	if (__atomic_load_n(&cpu->hushed, __ATOMIC_SEQ_CST))
		return __atomic_load_n(&cpu->quiet_until, __ATOMIC_SEQ_CST);
	if (hyperv->synic->vector < 0)
		return pv_bus_now(hyperv->bus) + POLL_INTERVAL;
	return PV_NEVER;
}
