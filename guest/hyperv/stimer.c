/* SPDX-License-Identifier: ISC */
/* A synthetic timer: one shot, told by an interrupt of its own or by a message
 * in a slot. */
#include "guest/bus/shared.h"
#include "guest/hyperv/synic_private.h"

#define TIMER 0

/* Whatever the slot holds: it is nobody else's. */
static void
slot_clear(struct hyperv *hyperv, unsigned number)
{
	struct synic_cpu *cpu = synic_cpu(hyperv, number);
	struct hv_message *slot;

	if (cpu == NULL)
		return;
	slot = &cpu->messages->sint[HYPERV_SINT_TIMER];
	if (shared_load32(&slot->type) != HV_MESSAGE_NONE)
		synic_slot_free(hyperv, slot);
}

/* An interrupt of the local APIC, if direct, never ends by itself. */
static void
interrupt(void *argument, unsigned cpu)
{
	struct hyperv *hyperv = argument;
	struct synic_timer *timer = &hyperv->synic->timer;

	if (!timer->direct)
		slot_clear(hyperv, cpu);
	if (cpu < hyperv->cpus)
		timer->handler(timer->argument, cpu);
	if (timer->direct || !synic_auto_eoi(hyperv))
		hyperv->port->vector_eoi(hyperv->port->ctx);
}

int
hyperv_timer_open(struct hyperv *hyperv, void (*handler)(void *, unsigned cpu),
    void *argument)
{
	struct hyperv_synic *synic = hyperv->synic;
	const struct pv_port *port = hyperv->port;
	bool eoi = port->vector_eoi != NULL;
	struct synic_timer timer = { .handler = handler, .argument = argument };

	if (!(hyperv->access[0] & HV_ACCESS_STIMER) ||
	    port->vector_alloc == NULL || port->vector_free == NULL)
		return PV_ENOTSUP;
	if (synic->timer.vector >= 0)
		return PV_EBUSY;
	timer.direct = (hyperv->features & HV_HAS_STIMER_DIRECT) && eoi;
	if (!timer.direct && !synic_auto_eoi(hyperv) && !eoi)
		return PV_ENOTSUP;
	synic->timer = timer;
	synic->timer.vector = port->vector_alloc(port->ctx, interrupt, hyperv);
	if (synic->timer.vector > (int)UINT8_MAX ||
	    (synic->timer.vector >= 0 &&
		synic->timer.vector < HV_SINT_VECTOR_FIRST)) {
		port->vector_free(port->ctx, synic->timer.vector);
		synic->timer.vector = PV_ENOTSUP;
	}
	return synic->timer.vector >= 0 ? PV_OK : synic->timer.vector;
}

static int
msr_write(struct hyperv *hyperv, uint32_t msr, uint64_t value)
{
	return hyperv->port->msr_write(hyperv->port->ctx, msr, value);
}

static int
disarm(struct hyperv *hyperv)
{
	int error = msr_write(hyperv, HV_MSR_STIMER_CONFIG(TIMER), 0);
	int other = msr_write(hyperv, HV_MSR_STIMER_COUNT(TIMER), 0);

	if (!hyperv->synic->timer.direct)
		msr_write(hyperv, HV_MSR_SINT(HYPERV_SINT_TIMER),
		    HV_SINT_RESET);
	return error != PV_OK ? error : other;
}

/* Other CPUs have disarmed theirs; an interrupt that is late finds nobody. */
void
hyperv_timer_close(struct hyperv *hyperv)
{
	struct synic_timer *timer = &hyperv->synic->timer;

	if (timer->vector < 0)
		return;
	disarm(hyperv);
	hyperv->port->vector_free(hyperv->port->ctx, timer->vector);
	timer->vector = PV_ENOTSUP;
}

/* Its source is set each time: any CPU may be the first to want it, and may
 * have slept since. */
int
hyperv_timer_set(struct hyperv *hyperv, uint64_t at)
{
	const struct synic_timer *timer = &hyperv->synic->timer;
	uint64_t config = HV_STIMER_AUTO_ENABLE;
	int error = PV_OK;

	if (timer->vector < 0)
		return PV_ENOTSUP;
	if (at == 0)
		return disarm(hyperv);
	if (timer->direct) {
		config |= HV_STIMER_DIRECT |
		    (uint64_t)timer->vector << HV_STIMER_VECTOR_SHIFT;
	} else {
		config |= (uint64_t)HYPERV_SINT_TIMER << HV_STIMER_SINT_SHIFT;
		error = msr_write(hyperv, HV_MSR_SINT(HYPERV_SINT_TIMER),
		    HV_SINT_VECTOR(timer->vector) |
			(synic_auto_eoi(hyperv) ? HV_SINT_AUTO_EOI : 0));
	}
	if (error == PV_OK)
		error = msr_write(hyperv, HV_MSR_STIMER_CONFIG(TIMER), config);
	if (error == PV_OK)
		error = msr_write(hyperv, HV_MSR_STIMER_COUNT(TIMER), at);
	return error;
}
