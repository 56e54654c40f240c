/* SPDX-License-Identifier: ISC */
/* Xen: the model of host/xen, and what of it a vCPU sees. */
#include <stdlib.h>

#include "programs/pvhost/face_xen.h"
#include "programs/pvhost/vcpu.h"
#include "wire/xen/hypercall.h"

#define DOMAIN 1
#define SECOND 1000000000u
#define STORE_PAGE MEMORY_SPECIAL
#define CONSOLE_PAGE (MEMORY_SPECIAL + MEMORY_PAGE)

/* ---- What the guest wants of the machine ------------------------------ */

static void
shutdown(void *ctx, unsigned reason)
{
	struct face_xen *face = ctx;
	struct machine *machine = face->machine;

	switch (reason) {
	case XEN_SHUTDOWN_POWEROFF:
		machine_end(machine, EXIT_OFF, "the guest has powered off");
		break;
	case XEN_SHUTDOWN_REBOOT:
		machine_end(machine, EXIT_OFF, "the guest wants a reboot");
		break;
	case XEN_SHUTDOWN_SOFT_RESET:
		machine_end(machine, EXIT_OFF,
		    "the guest wants to go on as another kernel (kexec), "
		    "which pvhost cannot do");
		break;
	default:
		machine_end(machine, EXIT_CRASHED,
		    "the guest tells Xen of its crash (reason %u)", reason);
		break;
	}
}

static void
console(void *ctx, const char *bytes, size_t size)
{
	struct face_xen *face = ctx;

	for (size_t i = 0; i < size; i++)
		(void)outlet_byte(face->console, (uint8_t)bytes[i]);
}

static void
debug(void *ctx, const char *bytes, size_t size)
{
	struct face_xen *face = ctx;

	if (face->machine->options.verbose)
		console(face, bytes, size);
}

/* ---- Ports and MSRs --------------------------------------------------- */

static uint32_t
unplug_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	struct face_xen *face = ctx;
	uint32_t value = UINT32_MAX;

	(void)vcpu;
	host_xen_in(face->xen, port, width, &value);
	return value;
}

static void
unplug_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct face_xen *face = ctx;

	(void)vcpu;
	host_xen_out(face->xen, port, width, value);
}

static void
call_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	(void)port;
	(void)width;
	(void)value;
	if (vcpu != NULL)
		face_xen_hypercall(ctx, vcpu);
}

static uint32_t
nothing_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	(void)ctx;
	(void)vcpu;
	(void)port;
	(void)width;
	return UINT32_MAX;
}

/* Another face may have MSRs of the same numbers. */
static bool
wrmsr(void *self, unsigned vcpu, uint32_t msr, uint64_t value)
{
	struct face_xen *face = self;

	(void)vcpu;
	return msr == face->msr && host_xen_wrmsr(face->xen, msr, value);
}

static void
add_ports(struct face_xen *face)
{
	face->unplug = (struct port_range){
		.first = XEN_UNPLUG_PORT,
		.last = XEN_UNPLUG_PORT + 3,
		.ctx = face,
		.in = unplug_in,
		.out = unplug_out,
	};
	face->call = (struct port_range){
		.first = FACE_XEN_CALL_PORT,
		.last = FACE_XEN_CALL_PORT,
		.ctx = face,
		.in = nothing_in,
		.out = call_out,
	};
	ports_add(&face->machine->ports, &face->unplug);
	ports_add(&face->machine->ports, &face->call);
}

/* ---- Life ------------------------------------------------------------- */

static void
forget(void *ctx, const void *argument)
{
	struct machine *machine = ctx;

	timers_forget(&machine->timers, argument);
}

static bool
make_model(struct face_xen *face)
{
	struct machine *machine = face->machine;
	struct host_world world = machine->world;
	struct host_xen_config config = {
		.world = &world,
		.vcpus = machine->options.vcpus,
		.domain = DOMAIN,
		.name = "pvhost",
		.vmmcall = face_xen_is_amd(),
		.call_port = machine->xen_exits ? 0 : FACE_XEN_CALL_PORT,
		.real_apics = true,
		.no_callback_vector = true,
		.memory = machine->options.memory,
		.wall = machine_wall(machine),
		.map = face->map,
		.map_count = face_xen_map(face),
		.ctx = face,
		.shutdown = shutdown,
		.console = console,
		.debug = debug,
		.line = face_xen_line,
	};

	world.populate = face_xen_populate;
	world.forget = forget;
	host_xen_scale(&config, machine->tsc_hz);
	face->xen = host_xen_new(&config);
	if (face->xen == NULL ||
	    !host_xen_set_pages(face->xen, STORE_PAGE, CONSOLE_PAGE)) {
		say("xen: out of memory");
		return false;
	}
	face->store = host_xen_store(face->xen);
	return true;
}

/* Leaf 4 has the vCPU's number, too, which is not the same for all. */
static void
cpuid_of(void *self, unsigned vcpu, struct host_cpuid_leaf *leaf)
{
	const struct face_xen *face = self;

	if (leaf->leaf == face->leaf)
		leaf->ebx = vcpu;
}

static void
show(struct face_xen *face, uint32_t base)
{
	struct host_cpuid *cpuid = &face->machine->cpuid;
	struct host_cpuid_leaf hvm = host_cpuid_get(cpuid, base + XEN_LEAF_HVM);

	face->leaf = base + XEN_LEAF_HVM;
	hvm.ecx = DOMAIN;
	host_cpuid_set(cpuid, hvm);
	face->msr = host_cpuid_get(cpuid, base + XEN_LEAF_HYPERCALL).ebx;
}

static void
face_free(void *self)
{
	struct face_xen *face = self;

	host_xen_free(face->xen);
	if (face->console != NULL)
		outlet_close(face->console, &face->console_user);
	if (face->unplug.ctx != NULL) {
		pci_remove(face->machine->pci, &face->platform);
		ports_remove(&face->machine->ports, &face->unplug);
		ports_remove(&face->machine->ports, &face->call);
	}
	free(face);
}

static void *
face_make(struct machine *machine, uint32_t base)
{
	struct face_xen *face = calloc(1, sizeof(*face));

	if (face == NULL) {
		say("xen: out of memory");
		return NULL;
	}
	face->machine = machine;
	face->console = outlet_open(machine, "stdio", &face->console_user);
	if (face->console == NULL || !make_model(face) ||
	    !face_xen_platform(face)) {
		face_free(face);
		return NULL;
	}
	show(face, base);
	add_ports(face);
	return face;
}

const struct face_kind face_xen = {
	.face = HOST_XEN,
	.make = face_make,
	.free = face_free,
	.wrmsr = wrmsr,
	.hypercall = face_xen_hypercall,
	.cpuid = cpuid_of,
	.disk_add = face_xen_disk_add,
	.disk_remove = face_xen_disk_remove,
	.nic_add = face_xen_nic_add,
	.nic_remove = face_xen_nic_remove,
	.key_set = face_xen_key_set,
	.key_get = face_xen_key_get,
	.key_list = face_xen_key_list,
	.request = face_xen_request,
	.step = face_xen_step,
	.status = face_xen_status,
	.manners = face_xen_manners,
	.look = face_xen_look,
};
