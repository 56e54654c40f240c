/* SPDX-License-Identifier: ISC */
/* A simulated machine: the host half behind the port of the guest half. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/kvm/smbios.h"
#include "port/sim/sim_private.h"
#include "wire/cpuid.h"
#include "wire/fwcfg.h"
#include "wire/xen/hypercall.h"

static void
port_log(void *ctx, enum pv_log level, const char *line)
{
	struct sim_machine *machine = ctx;
	size_t len = strlen(line);
	char *grown = realloc(machine->log, machine->log_len + len + 2);

	if (grown != NULL) {
		machine->log = grown;
		memcpy(grown + machine->log_len, line, len);
		machine->log_len += len;
		memcpy(grown + machine->log_len, "\n", 2);
		machine->log_len++;
	}
	if (machine->on_log != NULL)
		machine->on_log(machine->on_log_ctx, level, line);
}

static uint64_t
port_now(void *ctx)
{
	return sim_now(((struct sim_machine *)ctx)->sim);
}

/* Time passes only here and in sim_advance().  Now and then it wakes early, as
 * the contract allows. */
static void
port_wait(void *ctx, uint64_t deadline)
{
	struct sim_machine *machine = ctx;
	struct sim *sim = machine->sim;
	uint64_t now = sim_now(sim), next = sim_next_event(sim);
	bool changed = machine->netif_changes != machine->owner.netif_changes;

	machine->netif_changes = machine->owner.netif_changes;
	if (vmware_woken(machine) || changed)
		return;
	if (next < deadline)
		deadline = next;
	if (deadline > now && sim_random(sim, 8) == 0)
		deadline = now + (deadline - now) / 2;
	sim_advance(sim, deadline);
}

static void
port_cpuid(void *ctx, uint32_t leaf, uint32_t subleaf, struct pv_cpuid *out)
{
	struct sim_machine *machine = ctx;
	struct host_cpuid_leaf answer = host_cpuid_get(&machine->cpuid, leaf);

	(void)subleaf;
	machine->counts.cpuids++;
	if (machine->xen != NULL && leaf == machine->xen_base + XEN_LEAF_HVM) {
		answer.ebx = machine->cpu;
		answer.ecx = host_xen_domain(machine->xen);
	}
	*out = (struct pv_cpuid){ answer.eax, answer.ebx, answer.ecx,
		answer.edx };
}

/* What no device answers reads as all ones, and writes go nowhere. */
static int
port_io_read(void *ctx, uint16_t port, unsigned width, uint32_t *value)
{
	struct sim_machine *machine = ctx;

	if (machine->fwcfg != NULL &&
	    host_fwcfg_in(machine->fwcfg, port, width, value))
		return PV_OK;
	if (vmm_in(machine, port, width, value))
		return PV_OK;
	if (machine->xen == NULL ||
	    !host_xen_in(machine->xen, port, width, value))
		*value = UINT32_MAX >> (32 - 8 * width);
	return PV_OK;
}

static int
port_io_write(void *ctx, uint16_t port, unsigned width, uint32_t value)
{
	struct sim_machine *machine = ctx;

	if (machine->fwcfg != NULL)
		host_fwcfg_out(machine->fwcfg, port, width, value);
	if (machine->xen != NULL)
		host_xen_out(machine->xen, port, width, value);
	vmm_out(machine, port, width, value);
	return PV_OK;
}

static int
port_io_read_string(void *ctx, uint16_t port, void *to, size_t count)
{
	unsigned char *bytes = to;
	uint32_t value;

	for (size_t i = 0; i < count; i++) {
		port_io_read(ctx, port, 1, &value);
		bytes[i] = (unsigned char)value;
	}
	return PV_OK;
}

static uint64_t
world_now(void *ctx)
{
	return port_now(ctx);
}

static void
world_later(void *ctx, uint64_t delay, void (*call)(void *), void *argument)
{
	struct sim_machine *machine = ctx;

	sim_later(machine->sim, delay, machine, call, argument);
}

/* One word of "kvm+hyperv"; *faces is moved behind it. */
static bool
next_face(const char **faces, enum host_face *face)
{
	size_t len = strcspn(*faces, "+");

	for (*face = 0; *face < HOST_FACES; ++*face)
		if (strlen(host_face_name(*face)) == len &&
		    memcmp(host_face_name(*face), *faces, len) == 0)
			break;
	*faces += len;
	if (**faces == '+' && *++*faces == '\0')
		return false; /* nothing is joined */
	return *face < HOST_FACES;
}

static const char *
parse_faces(const char *faces, bool shown[HOST_FACES])
{
	enum host_face face;

	memset(shown, 0, HOST_FACES * sizeof(*shown));
	if (strcmp(faces, "none") == 0)
		return NULL;
	do {
		if (!next_face(&faces, &face))
			return "a simulated machine is one or more of kvm, "
			       "hyperv, vmware, xen, bhyve, vmm, qemu, joined "
			       "by '+'";
		shown[face] = true;
	} while (*faces != '\0');
	return NULL;
}

const char *
sim_faces_problem(const char *faces)
{
	bool shown[HOST_FACES];

	return parse_faces(faces, shown);
}

/* Hyper-V stands first wherever it is emulated, the real host behind it. */
static bool
show_faces(struct sim_machine *machine, const bool shown[HOST_FACES])
{
	uint32_t base = CPUID_HV_FIRST, xen = 0, vmware = 0;
	enum host_face face;

	if (shown[HOST_HYPERV]) {
		host_cpuid_show(&machine->cpuid, HOST_HYPERV, base);
		base += CPUID_HV_STEP;
	}
	for (face = 0; face < HOST_FACES; face++) {
		if (!shown[face] || face == HOST_HYPERV)
			continue;
		host_cpuid_show(&machine->cpuid, face, base);
		if (face == HOST_XEN)
			xen = base;
		if (face == HOST_VMWARE)
			vmware = base;
		base += CPUID_HV_STEP;
	}
	if (shown[HOST_KVM] || shown[HOST_QEMU] || shown[HOST_VMM])
		machine->fwcfg = host_fwcfg_new(&machine->world);
	if (shown[HOST_VMM] && !vmm_init(machine))
		return false;
	return xen_init(machine, xen) && vmware_init(machine, vmware) &&
	    kvm_init(machine, shown[HOST_KVM] || shown[HOST_VMM],
		!shown[HOST_KVM]) &&
	    hyperv_init(machine, shown[HOST_HYPERV]);
}

struct sim_machine *
sim_machine_new(struct sim *sim, const char *faces, const char **error)
{
	struct sim_machine *machine;
	bool shown[HOST_FACES];

	*error = parse_faces(faces, shown);
	if (*error != NULL)
		return NULL;
	*error = "out of memory";
	machine = calloc(1, sizeof(*machine));
	if (machine == NULL)
		return NULL;
	machine->sim = sim;
	machine->port = (struct pv_port){
		.ctx = machine,
		.log = port_log,
		.now = port_now,
		.wait = port_wait,
		.cpuid = port_cpuid,
		.io_read = port_io_read,
		.io_write = port_io_write,
		.io_read_string = port_io_read_string,
	};
	machine->world = (struct host_world){ .ctx = machine,
		.now = world_now,
		.later = world_later };
	machine->cpus = 1;
	memory_init(machine);
	interrupt_init(machine);
	owner_init(machine);
	if (show_faces(machine, shown))
		return machine;
	sim_machine_free(machine);
	return NULL;
}

void
sim_machine_free(struct sim_machine *machine)
{
	if (machine == NULL)
		return;
	sim_forget(machine->sim, machine);
	host_fwcfg_free(machine->fwcfg);
	host_xen_free(machine->xen);
	hyperv_free(machine);
	host_vmware_free(machine->vmware);
	host_pvclock_free(machine->pvclock);
	host_vmmci_free(machine->vmmci);
	owner_free(machine);
	memory_free(machine);
	free(machine->log);
	free(machine);
}

bool
sim_machine_set_oem(struct sim_machine *machine, const char *const *strings,
    size_t count)
{
	struct host_smbios smbios;
	bool added;

	if (machine->fwcfg == NULL ||
	    !host_smbios_build(&smbios, strings, count))
		return false;
	added = host_fwcfg_add(machine->fwcfg, FWCFG_FILE_SMBIOS, smbios.bytes,
	    smbios.size);
	host_smbios_free(&smbios);
	return added;
}

const struct pv_port *
sim_machine_port(struct sim_machine *machine)
{
	return &machine->port;
}

struct pv_port *
sim_machine_own_port(struct sim_machine *machine)
{
	return &machine->port;
}

struct host_cpuid *
sim_machine_cpuid(struct sim_machine *machine)
{
	return &machine->cpuid;
}

struct host_fwcfg *
sim_machine_fwcfg(struct sim_machine *machine)
{
	return machine->fwcfg;
}

void
sim_machine_on_log(struct sim_machine *machine,
    void (*call)(void *, enum pv_log, const char *), void *ctx)
{
	machine->on_log = call;
	machine->on_log_ctx = ctx;
}

const char *
sim_machine_log(const struct sim_machine *machine)
{
	return machine->log != NULL ? machine->log : "";
}

const struct sim_counts *
sim_machine_counts(const struct sim_machine *machine)
{
	return &machine->counts;
}

void
sim_machine_fail_alloc(struct sim_machine *machine, unsigned nth)
{
	machine->alloc_fail = nth;
}

void
sim_machine_fail_pages(struct sim_machine *machine, bool fail)
{
	machine->pages_fail = fail;
}
