/* SPDX-License-Identifier: ISC */
/* The synthetic interrupt controller of each vCPU: messages in their slots, and
 * event flags. */
#include <stdlib.h>
#include <string.h>

#include "host/hyperv/hyperv_private.h"

static bool
is_on(const struct root_vcpu *vcpu, uint64_t place)
{
	return (vcpu->scontrol & HV_SCONTROL_ENABLE) != 0 &&
	    (place & HV_PLACE_ENABLE) != 0;
}

static void
interrupt(struct host_hyperv *host, unsigned vcpu, unsigned sint)
{
	uint64_t value = host->vcpus[vcpu].sints[sint].value;

	if ((value & (HV_SINT_MASKED | HV_SINT_POLLING)) == 0)
		host->world.interrupt(host->world.ctx, vcpu,
		    (uint8_t)HV_SINT_VECTOR(value));
}

static struct hv_message *
slot_of(struct host_hyperv *host, unsigned vcpu, unsigned sint)
{
	struct root_vcpu *v = &host->vcpus[vcpu];

	if (!is_on(v, v->simp))
		return NULL;
	return root_map(host,
	    (v->simp & HV_PLACE_ADDRESS) + sint * sizeof(struct hv_message),
	    sizeof(struct hv_message));
}

static void
fill(struct hv_message *slot, const struct hv_message *message, bool more)
{
	slot->size = message->size;
	slot->flags = message->flags;
	if (more)
		slot->flags |= HV_MESSAGE_PENDING;
	slot->reserved[0] = slot->reserved[1] = 0;
	slot->origin = message->origin;
	memcpy(slot->payload, message->payload, sizeof(slot->payload));
	__atomic_store_n(&slot->type, message->type, __ATOMIC_RELEASE);
}

/* The guest clears the type and then looks at the flag: whoever comes second
 * sees what the other did. */
static bool
is_free(struct hv_message *slot)
{
	if (__atomic_load_n(&slot->type, __ATOMIC_ACQUIRE) == HV_MESSAGE_NONE)
		return true;
	__atomic_fetch_or(&slot->flags, HV_MESSAGE_PENDING, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&slot->type, __ATOMIC_SEQ_CST) ==
	    HV_MESSAGE_NONE;
}

static void
deliver(struct host_hyperv *host, unsigned vcpu, unsigned sint)
{
	struct root_sint *s = &host->vcpus[vcpu].sints[sint];

	while (s->first != NULL) {
		struct root_waiting *waiting = s->first;
		struct hv_message *slot = slot_of(host, vcpu, sint);

		if (slot == NULL || !is_free(slot))
			return;
		s->first = waiting->next;
		if (s->first == NULL)
			s->last = NULL;
		s->count--;
		fill(slot, &waiting->message, s->first != NULL);
		root_timer_sent(host, vcpu, &waiting->message);
		free(waiting);
		host->counts.messages++;
		interrupt(host, vcpu, sint);
	}
}

static void
push(struct host_hyperv *host, unsigned vcpu, unsigned sint,
    const struct hv_message *message)
{
	struct root_sint *s = &host->vcpus[vcpu].sints[sint];
	struct root_waiting *waiting = root_alloc(sizeof(*waiting));

	waiting->message = *message;
	if (s->last != NULL)
		s->last->next = waiting;
	else
		s->first = waiting;
	s->last = waiting;
	s->count++;
}

/* Whether a test wants something done to this one. */
static bool
is_meant(struct host_hyperv_manners *manners, const struct hv_message *message)
{
	uint32_t type;

	memcpy(&type, message->payload, sizeof(type));
	if (manners->message_nth == 0 || message->type != HV_MESSAGE_VMBUS ||
	    (manners->message_type != 0 && manners->message_type != type))
		return false;
	return --manners->message_nth == 0;
}

static void
spoil(const struct host_hyperv_manners *manners, struct hv_message *message)
{
	unsigned word = manners->message_word;

	switch (manners->message_how) {
	case HOST_MESSAGE_SIZE:
		message->size = (uint8_t)manners->message_value;
		break;
	case HOST_MESSAGE_TYPE:
		memcpy(message->payload, &manners->message_value, 4);
		break;
	case HOST_MESSAGE_WORD:
		if (word < HV_MESSAGE_PAYLOAD / 4)
			memcpy(message->payload + (size_t)4 * word,
			    &manners->message_value, 4);
		break;
	case HOST_MESSAGE_PENDING:
		message->flags |= HV_MESSAGE_PENDING;
		break;
	case HOST_MESSAGE_SLOT:
		message->type = manners->message_value;
		break;
	default:
		break;
	}
}

void
root_message(struct host_hyperv *host, unsigned vcpu, unsigned sint,
    uint32_t type, const void *payload, unsigned size)
{
	struct hv_message message = { .type = type, .size = (uint8_t)size };

	memcpy(message.payload, payload,
	    size < HV_MESSAGE_PAYLOAD ? size : HV_MESSAGE_PAYLOAD);
	if (is_meant(&host->manners, &message)) {
		if (host->manners.message_how == HOST_MESSAGE_DROP)
			return;
		spoil(&host->manners, &message);
		if (host->manners.message_how == HOST_MESSAGE_TWICE)
			push(host, vcpu, sint, &message);
	}
	push(host, vcpu, sint, &message);
	deliver(host, vcpu, sint);
}

unsigned
root_messages_waiting(const struct host_hyperv *host, unsigned vcpu,
    unsigned sint)
{
	return host->vcpus[vcpu].sints[sint].count;
}

/* A flag that is still set has been announced before. */
void
root_event(struct host_hyperv *host, unsigned vcpu, unsigned sint,
    unsigned flag)
{
	struct root_vcpu *v = &host->vcpus[vcpu];
	uint32_t bit = 1u << flag % 32, before;
	uint32_t *word;

	if (host->manners.drop_events || !is_on(v, v->siefp))
		return;
	word = root_map(host,
	    (v->siefp & HV_PLACE_ADDRESS) +
		sint * sizeof(struct hv_event_flags) +
		flag / 32 * sizeof(*word),
	    sizeof(*word));
	if (word == NULL)
		return;
	before = __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
	host->counts.events++;
	if ((before & bit) == 0 && !host->manners.lose_events)
		interrupt(host, vcpu, sint);
}

/* ---- Registers -------------------------------------------------------- */

static void
forget(struct root_sint *sint)
{
	while (sint->first != NULL) {
		struct root_waiting *waiting = sint->first;

		sint->first = waiting->next;
		free(waiting);
	}
	*sint = (struct root_sint){ .value = HV_SINT_RESET };
}

void
root_synic_reset(struct host_hyperv *host)
{
	for (unsigned i = 0; i < ROOT_VCPUS; i++) {
		struct root_vcpu *vcpu = &host->vcpus[i];

		vcpu->scontrol = vcpu->siefp = vcpu->simp = vcpu->assist = 0;
		for (unsigned sint = 0; sint < HV_SINTS; sint++)
			forget(&vcpu->sints[sint]);
		for (unsigned timer = 0; timer < HV_STIMERS; timer++)
			vcpu->timers[timer].unsent = false;
	}
}

static void
deliver_all(struct host_hyperv *host, unsigned vcpu)
{
	for (unsigned sint = 0; sint < HV_SINTS; sint++)
		deliver(host, vcpu, sint);
	root_vmbus_feed(host);
}

/* A page that is placed begins empty. */
static void
place(struct host_hyperv *host, uint64_t *reg, uint64_t value)
{
	static const uint8_t empty[HV_PAGE_SIZE];
	uint64_t before = *reg;

	*reg = value;
	if ((value & HV_PLACE_ENABLE) == 0 || before == value)
		return;
	if (!host->world.write(host->world.ctx, value & HV_PLACE_ADDRESS, empty,
		sizeof(empty)))
		host->counts.violations++;
}

static bool
set_sint(struct host_hyperv *host, unsigned vcpu, unsigned sint, uint64_t value)
{
	if ((value & HV_SINT_MASKED) == 0 &&
	    HV_SINT_VECTOR(value) < HV_SINT_VECTOR_FIRST)
		return false;
	/* it would do, and slowly */
	if (host->config.no_auto_eoi && (value & HV_SINT_MASKED) == 0 &&
	    (value & HV_SINT_AUTO_EOI) != 0)
		host->counts.violations++;
	host->vcpus[vcpu].sints[sint].value = value;
	deliver(host, vcpu, sint);
	return true;
}

bool
root_synic_read(struct host_hyperv *host, unsigned vcpu, uint32_t msr,
    uint64_t *value)
{
	struct root_vcpu *v = &host->vcpus[vcpu];

	switch (msr) {
	case HV_MSR_SCONTROL:
		*value = v->scontrol;
		return true;
	case HV_MSR_SVERSION:
		*value = HV_SVERSION_1;
		return true;
	case HV_MSR_SIEFP:
		*value = v->siefp;
		return true;
	case HV_MSR_SIMP:
		*value = v->simp;
		return true;
	case HV_MSR_EOM:
		return true;
	default:
		*value = v->sints[msr - HV_MSR_SINT(0)].value;
		return true;
	}
}

bool
root_synic_write(struct host_hyperv *host, unsigned vcpu, uint32_t msr,
    uint64_t value)
{
	struct root_vcpu *v = &host->vcpus[vcpu];

	switch (msr) {
	case HV_MSR_SCONTROL:
		v->scontrol = value;
		break;
	case HV_MSR_SVERSION:
		return false;
	case HV_MSR_SIEFP:
		place(host, &v->siefp, value);
		break;
	case HV_MSR_SIMP:
		place(host, &v->simp, value);
		break;
	case HV_MSR_EOM:
		host->counts.eoms++;
		break;
	default:
		return set_sint(host, vcpu, msr - HV_MSR_SINT(0), value);
	}
	deliver_all(host, vcpu);
	return true;
}

bool
host_hyperv_auto_eoi(const struct host_hyperv *host, unsigned vcpu,
    uint8_t vector)
{
	if (vcpu >= host->config.vcpus)
		return false;
	for (unsigned sint = 0; sint < HV_SINTS; sint++) {
		uint64_t value = host->vcpus[vcpu].sints[sint].value;

		/* masked meanwhile, one may still be on its way */
		if ((value & HV_SINT_AUTO_EOI) != 0 &&
		    HV_SINT_VECTOR(value) == vector)
			return true;
	}
	return false;
}
