/* SPDX-License-Identifier: ISC */
/* What VMBus stands on, opened in its order: what the host says that we may,
 * the CPUs' numbers, hypercalls, the SynIC and the clock. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/hyperv/hyperv_private.h"

#define CPUS_MAX 4096u

void
hyperv_log(struct hyperv *hyperv, enum pv_log level, const char *format, ...)
{
	char line[160];
	size_t len = pv_format(line, sizeof(line),
	    "%s: ", hyperv->device->name);
	va_list args;

	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	hyperv->port->log(hyperv->port->ctx, level, line);
}

bool
hyperv_place(struct hyperv *hyperv, uint32_t msr, uint64_t physical)
{
	const struct pv_port *port = hyperv->port;
	uint64_t wanted = physical != 0 ? physical | HV_PLACE_ENABLE : 0;
	uint64_t value = 0;

	hyperv->stats->exits += 3;
	if (port->msr_read(port->ctx, msr, &value) != PV_OK)
		return false;
	value &= ~(HV_PLACE_ADDRESS | HV_PLACE_ENABLE);
	if (port->msr_write(port->ctx, msr, value | wanted) != PV_OK ||
	    port->msr_read(port->ctx, msr, &value) != PV_OK)
		return false;
	return physical != 0
	    ? (value & (HV_PLACE_ADDRESS | HV_PLACE_ENABLE)) == wanted
	    : !(value & HV_PLACE_ENABLE);
}

static struct pv_cpuid
leaf(struct hyperv *hyperv, uint32_t number)
{
	struct pv_cpuid answer = { 0 };

	if (hyperv->base + number <= hyperv->device->interface->max_leaf)
		hyperv->port->cpuid(hyperv->port->ctx, hyperv->base + number, 0,
		    &answer);
	return answer;
}

/* The layouts of wire/hyperv are those of 64-bit guests. */
static bool
port_suffices(const struct pv_port *port)
{
	return sizeof(uintptr_t) == sizeof(uint64_t) &&
	    port->msr_read != NULL && port->msr_write != NULL &&
	    port->hyperv_hypercall != NULL && port->pages_alloc != NULL &&
	    port->pages_free != NULL;
}

/* What is missing, or NULL. */
static const char *
missing(struct hyperv *hyperv)
{
	struct pv_cpuid features = leaf(hyperv, HV_LEAF_FEATURES);

	if (!port_suffices(hyperv->port))
		return "not on this platform";
	if (leaf(hyperv, HV_LEAF_INTERFACE).eax != HV_INTERFACE)
		return "not functional, of another interface";
	hyperv->access[0] = features.eax;
	hyperv->access[1] = features.ebx;
	hyperv->features = features.edx;
	hyperv->hints = leaf(hyperv, HV_LEAF_HINTS).eax;
	if (!(features.eax & HV_ACCESS_HYPERCALL))
		return "not functional, no hypercalls";
	if (!(features.eax & HV_ACCESS_SYNIC))
		return "not functional, no interrupt controller";
	/* all memory would have to be shown to the host before it is lent */
	if ((features.ebx & HV_MAY_ISOLATION) &&
	    HV_ISOLATION_TYPE(leaf(hyperv, HV_LEAF_ISOLATION).ebx) !=
		HV_ISOLATION_NONE)
		return "not functional, this guest is isolated";
	return NULL;
}

uint32_t
hyperv_vp_number(struct hyperv *hyperv, unsigned cpu)
{
	uint64_t number = cpu;

	if ((hyperv->access[0] & HV_ACCESS_VP_INDEX) &&
	    hyperv->port->msr_read(hyperv->port->ctx, HV_MSR_VP_INDEX,
		&number) != PV_OK)
		number = HYPERV_NO_VP;
	if (number >= HYPERV_NO_VP) {
		hyperv_log(hyperv, PV_LOG_ERROR, "CPU %u has no number; unused",
		    cpu);
		return HYPERV_NO_VP;
	}
	for (unsigned i = 0; i < hyperv->cpus; i++)
		if (i != cpu && hyperv->vp[i] == number) {
			hyperv->stats->bad_duplicate++;
			hyperv_log(hyperv, PV_LOG_ERROR,
			    "CPU %u has the number of CPU %u; unused", cpu, i);
			return HYPERV_NO_VP;
		}
	return (uint32_t)number;
}

static int
cpus_open(struct hyperv *hyperv)
{
	const struct pv_port *port = hyperv->port;

	hyperv->cpus = port->cpus != NULL ? port->cpus(port->ctx) : 1;
	if (hyperv->cpus == 0)
		hyperv->cpus = 1;
	if (hyperv->cpus > CPUS_MAX)
		hyperv->cpus = CPUS_MAX;
	hyperv->vp = pv_alloc(hyperv->bus, hyperv->cpus * sizeof(*hyperv->vp));
	if (hyperv->vp == NULL)
		return PV_ENOMEM;
	for (unsigned i = 0; i < hyperv->cpus; i++)
		hyperv->vp[i] = HYPERV_NO_VP;
	hyperv->vp[0] = hyperv_vp_number(hyperv, 0);
	return hyperv->vp[0] != HYPERV_NO_VP ? PV_OK : PV_EPROTO;
}

int
hyperv_open(struct hyperv *hyperv)
{
	const char *what = missing(hyperv);
	int error;

	if (what != NULL) {
		hyperv_log(hyperv, PV_LOG_INFO, "%s", what);
		return PV_ENODEV;
	}
	error = cpus_open(hyperv);
	if (error == PV_OK)
		error = hyperv_hypercall_open(hyperv);
	if (error == PV_OK)
		error = hyperv_synic_open(hyperv);
	/* without a clock one lives well enough */
	if (error == PV_OK && hyperv_clock_open(hyperv) == PV_ENOMEM)
		error = PV_ENOMEM;
	if (error != PV_OK)
		hyperv_close(hyperv);
	return error;
}

/* Each of these does nothing where there is nothing. */
void
hyperv_close(struct hyperv *hyperv)
{
	hyperv_clock_close(hyperv);
	hyperv_synic_close(hyperv);
	hyperv_hypercall_close(hyperv);
	pv_free(hyperv->bus, hyperv->vp, hyperv->cpus * sizeof(*hyperv->vp));
	hyperv->vp = NULL;
}
