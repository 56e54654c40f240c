/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "port/linux/linux_private.h"
#include "wire/cpuid.h"

static void *
port_alloc(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void
port_free(void *ctx, void *memory, size_t size)
{
	(void)ctx;
	(void)size;
	free(memory);
}

static void
port_log(void *ctx, enum pv_log level, const char *line)
{
	const struct linux_port *linux_port = ctx;

	if (linux_port->config.log != NULL)
		linux_port->config.log(linux_port->config.log_ctx, level, line);
}

void
linux_log(const struct linux_port *linux_port, enum pv_log level,
    const char *format, ...)
{
	char line[256];
	va_list args;

	if (linux_port->config.log == NULL)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	linux_port->config.log(linux_port->config.log_ctx, level, line);
}

static void
kvp_close(void *ctx)
{
	linux_kvp_close(ctx);
}

static void
xenstore_close(void *ctx)
{
	linux_xenstore_close(ctx);
}

static int
port_request(void *ctx, enum pv_request request, const struct pv_reason *why)
{
	const struct linux_port *linux_port = ctx;

	return linux_port->config.request(linux_port->config.owner, request,
	    why);
}

static int
port_freeze(void *ctx, bool frozen)
{
	const struct linux_port *linux_port = ctx;

	return linux_port->config.freeze(linux_port->config.owner, frozen);
}

/* Other hosts have the kernel's own drivers for that. */
static void
set_owner(struct linux_port *linux_port)
{
	struct pv_port *port = &linux_port->port;

	linux_port->vmware = linux_port->config.as_vmware ||
	    linux_is_vmware(linux_port);
	linux_port->vmm = linux_port->config.vmmci &&
	    (linux_port->config.as_vmm ||
		linux_cpuid_shows(CPUID_SIGNATURE_OPENBSD));
	if (linux_port->vmm) {
		port->pci_open = linux_pci_open;
		port->pci_read = linux_pci_read;
		port->pci_write = linux_pci_write;
		port->pci_close = linux_pci_close;
	}
	if (!linux_port_asks(linux_port))
		return;
	if (linux_port->config.request != NULL)
		port->request = port_request;
	if (linux_port->config.freeze != NULL)
		port->freeze = port_freeze;
	if (linux_port->config.time != LINUX_TIME_OFF)
		port->time = linux_time;
}

struct linux_port *
linux_port_new(const struct linux_port_config *config)
{
	struct linux_port *linux_port = calloc(1, sizeof(*linux_port));

	if (linux_port == NULL)
		return NULL;
	linux_port->config = *config;
	if (linux_port->config.sys == NULL)
		linux_port->config.sys = "/sys";
	linux_port->port = (struct pv_port){
		.ctx = linux_port,
		.alloc = port_alloc,
		.free = port_free,
		.log = port_log,
		.now = linux_now,
		.wait = linux_wait,
		.cpuid = linux_has_cpuid() ? linux_cpuid : NULL,
		.holder = linux_holder,
		.fw_item = linux_fw_item,
		.fw_read = linux_fw_read,
		.smbios = linux_smbios,
		.xenstore_read = linux_xenstore_read,
		.xenstore_write = linux_xenstore_write,
		.xenstore_limit = linux_xenstore_limit,
		.xenstore_close = xenstore_close,
		.kvp_read = linux_kvp_read,
		.kvp_write = linux_kvp_write,
		.kvp_close = kvp_close,
		.vmbus_item = linux_vmbus_item,
		.pool_read = linux_pool_read,
		.pool_write = linux_pool_write,
		.fact = linux_fact,
		.netif = linux_netif,
		.netif_set = config->interfaces != NULL ? linux_netif_set
							: NULL,
		.memory = linux_memory,
		.backdoor = linux_backdoor,
		.backdoor_string = linux_backdoor_string,
		.vsock_open = linux_vsock_open,
		.vsock_read = linux_vsock_read,
		.vsock_write = linux_vsock_write,
		.vsock_close = linux_vsock_close,
		.route = linux_route,
		.filesystem = linux_filesystem,
	};
	linux_port->xenstore = linux_port->kvp = -1;
	for (unsigned i = 0; i < LINUX_PCI; i++)
		linux_port->pci[i] = -1;
	if (linux_changes_open(linux_port))
		linux_port->port.netif_changes = linux_netif_changes;
	set_owner(linux_port);
	if (!linux_events_open(linux_port)) {
		linux_changes_close(linux_port);
		free(linux_port);
		return NULL;
	}
	if (!linux_reader_open(linux_port)) {
		linux_port_free(linux_port);
		return NULL;
	}
	return linux_port;
}

void
linux_port_free(struct linux_port *linux_port)
{
	if (linux_port == NULL)
		return;
	linux_reader_close(linux_port);
	linux_xenstore_close(linux_port);
	linux_kvp_close(linux_port);
	linux_netif_free(linux_port);
	linux_route_free(linux_port);
	linux_filesystem_free(linux_port);
	linux_vsock_close_all(linux_port);
	linux_pci_close_all(linux_port);
	linux_changes_close(linux_port);
	linux_events_close(linux_port);
	linux_fw_free(linux_port);
	free(linux_port->smbios);
	free(linux_port);
}

bool
linux_port_is_vmware(const struct linux_port *linux_port)
{
	return linux_port->vmware;
}

bool
linux_port_asks(const struct linux_port *linux_port)
{
	return linux_port->vmware || linux_port->vmm;
}

const struct pv_port *
linux_port_table(const struct linux_port *linux_port)
{
	return &linux_port->port;
}
