/* SPDX-License-Identifier: ISC */
/* The life of the model, and what a vCPU does beside hypercalls. */
#include <stdlib.h>
#include <string.h>

#include "host/xen/xen_private.h"
#include "host/xen/xenstored.h"
#include "wire/endian.h"

/* The MSRs that Xen names in CPUID: the second when it looks like Hyper-V. */
#define MSR_HYPERCALL 0x40000000u
#define MSR_HYPERCALL_VIRIDIAN 0x40000200u

#define MEMORY_DEFAULT (UINT64_C(256) << 20)

void *
xen_alloc(size_t size)
{
	void *memory = calloc(1, size > 0 ? size : 1);

	if (memory == NULL)
		abort();
	return memory;
}

static void
set_defaults(struct host_xen *xen)
{
	struct host_xen_config *config = &xen->config;

	if (config->vcpus == 0)
		config->vcpus = 1;
	if (config->vcpus > XEN_LEGACY_VCPUS)
		config->vcpus = XEN_LEGACY_VCPUS;
	if (config->grant_frames == 0)
		config->grant_frames = XEN_GRANT_FRAMES_DEFAULT;
	if (config->ports == 0)
		config->ports = XEN_PORTS_DEFAULT;
	if (config->ports >= XEN_FIFO_PORTS)
		config->ports = XEN_FIFO_PORTS - 1;
	if (config->tsc_mul == 0) {
		config->tsc_mul = 1u << 31; /* two ticks are a nanosecond */
		config->tsc_shift = 0;
	}
	if (config->memory == 0)
		config->memory = MEMORY_DEFAULT;
	strncpy(xen->name, config->name != NULL ? config->name : "guest",
	    sizeof(xen->name) - 1);
	config->name = xen->name;
	xen->domain = config->domain;
}

struct host_xen *
host_xen_new(const struct host_xen_config *config)
{
	struct host_xen *xen = calloc(1, sizeof(*xen));

	if (xen == NULL)
		return NULL;
	xen->config = *config;
	xen->world = *config->world;
	xen->config.world = &xen->world;
	set_defaults(xen);
	xen->shared.home = xen_alloc(XEN_PAGE_SIZE);
	for (unsigned i = 0; i < XEN_LEGACY_VCPUS; i++) {
		xen->vcpus[i].xen = xen;
		xen->vcpus[i].up = i == 0 || !xen->config.real_apics;
	}
	if (!xen_events_init(xen) || !xen_grants_init(xen)) {
		host_xen_free(xen);
		return NULL;
	}
	xen_time_wall(xen);
	for (unsigned i = 0; i < xen->config.vcpus; i++)
		xen_time_update(xen, i);
	xen->store = host_xenstore_new(xen);
	xen_console_open(xen);
	return xen;
}

void
host_xen_free(struct host_xen *xen)
{
	if (xen == NULL)
		return;
	while (xen->parts != NULL) {
		struct host_part *part = xen->parts;

		xen->parts = part->next;
		part->free(part->self);
	}
	host_xenstore_free(xen->store);
	xen_resume_free(xen);
	xen_grants_free(xen);
	xen_events_free(xen);
	free(xen->shared.home);
	free(xen->console_text);
	free(xen);
}

void
host_xen_add_part(struct host_xen *xen, struct host_part *part)
{
	part->next = xen->parts;
	xen->parts = part;
}

void
host_xen_drop_part(struct host_xen *xen, struct host_part *part)
{
	struct host_part **link = &xen->parts;

	while (*link != NULL && *link != part)
		link = &(*link)->next;
	if (*link != NULL)
		*link = part->next;
}

bool
host_xen_set_pages(struct host_xen *xen, uint64_t store, uint64_t console)
{
	xen->store_physical = store;
	xen->console_physical = console;
	xen->params[XEN_HVM_PARAM_STORE_PFN] = store >> XEN_PAGE_SHIFT;
	xen->params[XEN_HVM_PARAM_CONSOLE_PFN] = console >> XEN_PAGE_SHIFT;
	xen_grants_special(xen);
	host_xenstore_connect(xen->store, store);
	return xen->world.map(xen->world.ctx, store, XEN_PAGE_SIZE) != NULL;
}

uint64_t
host_xen_store_page(const struct host_xen *xen)
{
	return xen->store_physical;
}

uint64_t
host_xen_console_page(const struct host_xen *xen)
{
	return xen->console_physical;
}

static void
put_call(const struct host_xen *xen, uint8_t *at)
{
	if (xen->config.call_port != 0) {
		*at++ = 0xe6; /* OUT call_port, AL */
		*at++ = xen->config.call_port;
	} else {
		*at++ = 0x0f; /* VMCALL, VMMCALL */
		*at++ = 0x01;
		*at++ = xen->config.vmmcall ? 0xd9 : 0xc1;
	}
	*at = 0xc3; /* RET */
}

/* Entries that are not used are INT3, as in Xen. */
static void
fill_hypercall_page(const struct host_xen *xen, uint8_t page[XEN_PAGE_SIZE])
{
	memset(page, 0xcc, XEN_PAGE_SIZE);
	for (unsigned i = 0; i < XEN_HC_ENTRIES; i++) {
		uint8_t *entry = page + (size_t)i * XEN_HC_ENTRY_SIZE;

		entry[0] = 0xb8; /* MOV EAX, i */
		put_le32(entry + 1, i);
		put_call(xen, entry + 5);
	}
}

bool
host_xen_wrmsr(struct host_xen *xen, uint32_t msr, uint64_t value)
{
	uint8_t page[XEN_PAGE_SIZE];

	if (msr != MSR_HYPERCALL && msr != MSR_HYPERCALL_VIRIDIAN)
		return false;
	if (value % XEN_PAGE_SIZE != 0)
		return false; /* the low bits are an index: there is one page */
	fill_hypercall_page(xen, page);
	return xen->world.write(xen->world.ctx, value, page, sizeof(page));
}

bool
host_xen_in(struct host_xen *xen, uint16_t port, unsigned width,
    uint32_t *value)
{
	(void)xen;
	if (port < XEN_UNPLUG_PORT || port > XEN_UNPLUG_PORT + 3)
		return false;
	*value = UINT32_MAX >> (32 - 8 * width);
	if (port == XEN_UNPLUG_PORT && width == 2)
		*value = XEN_UNPLUG_MAGIC;
	if (port == XEN_UNPLUG_PORT_INFO && width == 1)
		*value = 1; /* the version of this protocol */
	return true;
}

bool
host_xen_out(struct host_xen *xen, uint16_t port, unsigned width,
    uint32_t value)
{
	if (port < XEN_UNPLUG_PORT || port > XEN_UNPLUG_PORT + 3)
		return false;
	if (port == XEN_UNPLUG_PORT && width == 2)
		xen->counts.unplugged |= value;
	if (port == XEN_UNPLUG_PORT && width == 4)
		xen->unplug_build = value;
	if (port == XEN_UNPLUG_PORT_INFO && width == 2)
		xen->unplug_product = (uint16_t)value;
	return true;
}

void
host_xen_request(struct host_xen *xen, const char *what)
{
	char path[64];

	host_xenstore_home(xen->store, path, sizeof(path), "control/shutdown");
	host_xenstore_write(xen->store, path, what, strlen(what));
}

struct host_xen_manners *
host_xen_manners(struct host_xen *xen)
{
	return &xen->manners;
}

const struct host_xen_counts *
host_xen_counts(const struct host_xen *xen)
{
	return &xen->counts;
}

struct host_xenstore *
host_xen_store(struct host_xen *xen)
{
	return xen->store;
}

const struct host_world *
host_xen_world(struct host_xen *xen)
{
	return &xen->world;
}

uint16_t
host_xen_domain(const struct host_xen *xen)
{
	return xen->domain;
}

const char *
host_xen_name(const struct host_xen *xen)
{
	return xen->name;
}

unsigned
host_xen_vcpus(const struct host_xen *xen)
{
	return xen->config.vcpus;
}

uint64_t
host_xen_memory(const struct host_xen *xen)
{
	return xen->config.memory;
}

uint32_t
host_xen_console_port(const struct host_xen *xen)
{
	return (uint32_t)xen->params[XEN_HVM_PARAM_CONSOLE_EVTCHN];
}

void
host_xen_store_port(struct host_xen *xen, uint32_t port)
{
	xen->params[XEN_HVM_PARAM_STORE_EVTCHN] = port;
}
