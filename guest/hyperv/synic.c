/* SPDX-License-Identifier: ISC */
/*
 * The synthetic interrupt controller of each CPU: a page of messages, a page of
 * event flags, and the source that VMBus uses.  Its registers are reached from
 * their own CPU only.
 */
#include "guest/bus/libc.h"
#include "guest/hyperv/synic_private.h"

/* A source that only polls wants a vector that could be one, too. */
#define VECTOR_POLLED 0x30u

bool
synic_auto_eoi(const struct hyperv *hyperv)
{
	return !(hyperv->hints & HV_HINT_NO_AUTO_EOI);
}

/* TLFS 11.6: a source that is masked may get nothing at all; one that polls is
 * as one that is not, but for the interrupt. */
uint64_t
synic_source_masked(const struct hyperv *hyperv)
{
	const struct hyperv_synic *synic = hyperv->synic;
	uint64_t vector = HV_SINT_VECTOR(
	    synic->vector >= 0 ? (unsigned)synic->vector : VECTOR_POLLED);

	return vector |
	    (hyperv->features & HV_HAS_SINT_POLLING ? HV_SINT_POLLING
						    : HV_SINT_MASKED);
}

uint64_t
synic_source(const struct hyperv *hyperv)
{
	const struct hyperv_synic *synic = hyperv->synic;

	if (synic->vector < 0)
		return synic_source_masked(hyperv);
	return HV_SINT_VECTOR(synic->vector) |
	    (synic->auto_eoi ? HV_SINT_AUTO_EOI : 0);
}

static int
msr_write(struct hyperv *hyperv, uint32_t msr, uint64_t value)
{
	hyperv->stats->exits++;
	return hyperv->port->msr_write(hyperv->port->ctx, msr, value);
}

/* Reserved bits stay as they are. */
static int
control(struct hyperv *hyperv, bool enable)
{
	uint64_t value = 0;
	int error = hyperv->port->msr_read(hyperv->port->ctx, HV_MSR_SCONTROL,
	    &value);

	if (error != PV_OK)
		return error;
	value &= ~HV_SCONTROL_ENABLE;
	return msr_write(hyperv, HV_MSR_SCONTROL,
	    value | (enable ? HV_SCONTROL_ENABLE : 0));
}

/* The pages first, and what makes the host use them last.  Loaders before us
 * may have used them too, and not have cleaned up. */
static int
start(struct hyperv *hyperv, unsigned number)
{
	struct synic_cpu *cpu = &hyperv->synic->cpu[number];
	int error;

	memset(cpu->messages, 0, sizeof(*cpu->messages));
	memset(cpu->events, 0, sizeof(*cpu->events));
	cpu->idle = cpu->hushed = 0;
	cpu->quiet_until = 0;
	cpu->placed = true;
	if (!hyperv_place(hyperv, HV_MSR_SIMP, cpu->messages_physical) ||
	    !hyperv_place(hyperv, HV_MSR_SIEFP, cpu->events_physical))
		return PV_EPROTO;
	__atomic_store_n(&cpu->started, 1, __ATOMIC_RELEASE);
	error = msr_write(hyperv, HV_MSR_SINT(HYPERV_SINT_VMBUS),
	    synic_source(hyperv));
	if (error == PV_OK)
		error = control(hyperv, true);
	return error;
}

/* The other way round.  Whatever fails, the pages are what counts. */
static void
stop(struct hyperv *hyperv, unsigned number)
{
	struct synic_cpu *cpu = &hyperv->synic->cpu[number];
	bool off;

	if (!cpu->placed)
		return;
	msr_write(hyperv, HV_MSR_SINT(HYPERV_SINT_VMBUS), HV_SINT_RESET);
	control(hyperv, false);
	__atomic_store_n(&cpu->started, 0, __ATOMIC_RELEASE);
	off = hyperv_place(hyperv, HV_MSR_SIMP, 0);
	cpu->placed = !hyperv_place(hyperv, HV_MSR_SIEFP, 0) || !off;
}

struct synic_cpu *
synic_cpu(const struct hyperv *hyperv, unsigned cpu)
{
	struct hyperv_synic *synic = hyperv->synic;

	if (synic == NULL || cpu >= hyperv->cpus ||
	    !__atomic_load_n(&synic->cpu[cpu].started, __ATOMIC_ACQUIRE))
		return NULL;
	return &synic->cpu[cpu];
}

static void
vector_open(struct hyperv *hyperv)
{
	struct hyperv_synic *synic = hyperv->synic;
	const struct pv_port *port = hyperv->port;

	synic->vector = PV_ENOTSUP;
	synic->auto_eoi = synic_auto_eoi(hyperv);
	if (port->vector_alloc == NULL || port->vector_free == NULL ||
	    (!synic->auto_eoi && port->vector_eoi == NULL))
		return;
	synic->vector = port->vector_alloc(port->ctx, synic_interrupt, hyperv);
	if (synic->vector > (int)UINT8_MAX ||
	    (synic->vector >= 0 && synic->vector < HV_SINT_VECTOR_FIRST)) {
		port->vector_free(port->ctx, synic->vector);
		synic->vector = PV_ENOTSUP;
	}
}

/* For all CPUs at once: a CPU that starts must not call for memory. */
static int
pages_open(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;

	for (unsigned i = 0; i < hyperv->cpus; i++) {
		struct synic_cpu *cpu = &hyperv->synic->cpu[i];

		cpu->messages = port->pages_alloc(port->ctx, 1,
		    &cpu->messages_physical);
		cpu->events = port->pages_alloc(port->ctx, 1,
		    &cpu->events_physical);
		if (cpu->messages == NULL || cpu->events == NULL)
			return PV_ENOMEM;
	}
	return PV_OK;
}

int
hyperv_synic_open(struct hyperv *hyperv)
{
	struct hyperv_synic *synic = pv_alloc(hyperv->bus, sizeof(*synic));
	int error = PV_ENOMEM;

	if (synic == NULL)
		return PV_ENOMEM;
	hyperv->synic = synic;
	synic->vector = synic->timer.vector = PV_ENOTSUP;
	synic->cpu = pv_alloc(hyperv->bus, hyperv->cpus * sizeof(*synic->cpu));
	if (synic->cpu != NULL)
		error = pages_open(hyperv);
	if (error == PV_OK) {
		vector_open(hyperv);
		error = start(hyperv, 0);
	}
	if (error != PV_OK)
		hyperv_synic_close(hyperv);
	return error;
}

static void
page_free(struct hyperv *hyperv, struct synic_cpu *cpu, void *page)
{
	if (page == NULL)
		return;
	if (cpu->placed)
		hyperv->stats->held++;
	else
		hyperv->port->pages_free(hyperv->port->ctx, page, 1);
}

/* Of CPUs that were not stopped, the pages are the host's for ever. */
void
hyperv_synic_close(struct hyperv *hyperv)
{
	struct hyperv_synic *synic = hyperv->synic;

	if (synic == NULL)
		return;
	hyperv_timer_close(hyperv);
	if (synic->cpu != NULL) {
		stop(hyperv, 0);
		for (unsigned i = 0; i < hyperv->cpus; i++) {
			page_free(hyperv, &synic->cpu[i],
			    synic->cpu[i].messages);
			page_free(hyperv, &synic->cpu[i], synic->cpu[i].events);
		}
	}
	if (synic->vector >= 0)
		hyperv->port->vector_free(hyperv->port->ctx, synic->vector);
	hyperv->synic = NULL;
	pv_free(hyperv->bus, synic->cpu, hyperv->cpus * sizeof(*synic->cpu));
	pv_free(hyperv->bus, synic, sizeof(*synic));
}

int
hyperv_synic_cpu_start(struct hyperv *hyperv, unsigned cpu)
{
	int error;

	if (hyperv->synic == NULL || cpu >= hyperv->cpus)
		return PV_EINVAL;
	error = start(hyperv, cpu);
	if (error != PV_OK)
		stop(hyperv, cpu);
	return error;
}

void
hyperv_synic_cpu_stop(struct hyperv *hyperv, unsigned cpu)
{
	if (hyperv->synic != NULL && cpu < hyperv->cpus)
		stop(hyperv, cpu);
}

void
hyperv_synic_suspend(struct hyperv *hyperv)
{
	hyperv_synic_cpu_stop(hyperv, 0);
}

/* What the others had is gone with the old life. */
int
hyperv_synic_resume(struct hyperv *hyperv)
{
	for (unsigned i = 1; i < hyperv->cpus; i++) {
		hyperv->synic->cpu[i].started = 0;
		hyperv->synic->cpu[i].placed = false;
	}
	return start(hyperv, 0);
}

bool
hyperv_synic_interrupts(const struct hyperv *hyperv)
{
	return hyperv->synic != NULL && hyperv->synic->vector >= 0;
}
