/* SPDX-License-Identifier: ISC */
/* hyperv: the bus of Hyper-V's devices, and its services. */
#include "guest/bus/format.h"
#include "guest/hyperv/hyperv_private.h"
#include "guest/hyperv/kvp.h"
#include "guest/hyperv/services.h"
#include "guest/hyperv/vmbus_private.h"

/* How long attaching waits for the devices that are there from the start. */
#define SETTLE_TIME (10 * PV_SECOND)
/* All versions, and once more when an older connection is gone. */
#define CONNECT_TIME (15 * PV_SECOND)

static bool
hyperv_poll(struct pv_device *device, unsigned budget)
{
	struct hyperv *hyperv = device->softc;
	bool more;

	if (!hyperv->privileged)
		return kvp_poll(hyperv);
	more = vmbus_poll(hyperv, budget);
	more = services_poll(hyperv, budget) || more;
	return kvp_poll(hyperv) || more;
}

static uint64_t
hyperv_deadline(struct pv_device *device)
{
	struct hyperv *hyperv = device->softc;
	uint64_t first = kvp_deadline(hyperv), next;

	if (!hyperv->privileged)
		return first;
	next = vmbus_bus_deadline(hyperv);
	first = next < first ? next : first;
	next = services_deadline(hyperv);
	return next < first ? next : first;
}

/* ---- Attach ------------------------------------------------------------ */

/* The drivers of what was found have their part in coming up. */
static bool
poll_all(struct pv_device *parent, uint64_t *deadline)
{
	const struct pv_device *devices = pv_bus_devices(parent->bus);
	bool more = hyperv_poll(parent, 64);

	*deadline = hyperv_deadline(parent);
	for (; devices != NULL; devices = devices->next) {
		struct pv_device *device =
		    (struct pv_device *)(uintptr_t)devices;
		uint64_t next = PV_NEVER;

		if (device->parent != parent || device->driver == NULL)
			continue;
		if (device->driver->poll != NULL)
			more = device->driver->poll(device, 64) || more;
		if (device->driver->deadline != NULL)
			next = device->driver->deadline(device);
		if (next < *deadline)
			*deadline = next;
	}
	return more;
}

/* The bus is not polled yet, and who attached it wants to find its disks. */
static void
wait_until(struct hyperv *hyperv, bool (*so)(const struct hyperv *),
    uint64_t end)
{
	struct pv_device *device = hyperv->device;
	const struct pv_port *port = hyperv->port;

	while (device->state == PV_DEVICE_ATTACHED && !so(hyperv)) {
		uint64_t next;
		bool more = poll_all(device, &next);

		if (so(hyperv) || pv_bus_now(hyperv->bus) >= end)
			return;
		if (!more && port->wait != NULL)
			port->wait(port->ctx, next < end ? next : end);
	}
}

static bool
decided(const struct hyperv *hyperv)
{
	int error;

	return vmbus_connected(hyperv, &error);
}

static int
connect(struct hyperv *hyperv)
{
	int error;

	wait_until(hyperv, decided, pv_bus_now(hyperv->bus) + CONNECT_TIME);
	if (!vmbus_connected(hyperv, &error))
		return PV_ETIMEDOUT;
	return error;
}

static void
report(struct hyperv *hyperv)
{
	uint32_t version = vmbus_version(hyperv);

	pv_device_describe(hyperv->device, "protocol %u.%u, features 0x%x",
	    HV_VMBUS_MAJOR(version), HV_VMBUS_MINOR(version),
	    hyperv->access[0]);
	pv_device_announce(hyperv->device);
}

/* Services first: their line belongs to the bus, and stands below its own. */
static void
settle(struct hyperv *hyperv)
{
	uint64_t end = pv_bus_now(hyperv->bus) + SETTLE_TIME;
	char services[96];

	wait_until(hyperv, vmbus_services_settled, end);
	services_text(hyperv, services, sizeof(services));
	if (services[0] != '\0')
		hyperv_log(hyperv, PV_LOG_INFO, "%s", services);
	vmbus_attach_devices(hyperv);
	wait_until(hyperv, vmbus_settled, end);
}

static void
close_all(struct hyperv *hyperv)
{
	services_close(hyperv);
	kvp_close(hyperv);
	vmbus_close(hyperv);
	hyperv_close(hyperv);
}

static int
open_all(struct hyperv *hyperv)
{
	int error = hyperv_open(hyperv);

	if (error != PV_OK)
		return error;
	error = vmbus_open(hyperv);
	if (error == PV_OK)
		error = kvp_open(hyperv);
	if (error == PV_OK)
		error = services_open(hyperv);
	if (error == PV_OK)
		error = connect(hyperv);
	if (error != PV_OK)
		close_all(hyperv);
	return error;
}

/* Where the platform drives VMBus itself, all that is left are the pairs. */
static int
hyperv_attach(struct pv_device *device)
{
	struct hyperv *hyperv = pv_alloc(device->bus, sizeof(*hyperv));
	int error;

	if (hyperv == NULL)
		return PV_ENOMEM;
	hyperv->device = device;
	hyperv->bus = device->bus;
	hyperv->port = pv_bus_port(device->bus);
	hyperv->stats = &device->stats;
	hyperv->base = device->interface->base;
	hyperv->privileged = hyperv->port->kvp_read == NULL;
	hyperv->cpus = 1;
	device->softc = hyperv;
	error = hyperv->privileged ? open_all(hyperv)
				   : hyperv_platform_attach(hyperv);
	if (error != PV_OK) {
		device->softc = NULL;
		pv_free(device->bus, hyperv, sizeof(*hyperv));
		return error;
	}
	if (hyperv->privileged) {
		report(hyperv);
		settle(hyperv);
	}
	return PV_OK;
}

/* Its devices are detached already. */
static void
hyperv_detach(struct pv_device *device)
{
	struct hyperv *hyperv = device->softc;

	if (hyperv->privileged)
		close_all(hyperv);
	else
		hyperv_platform_detach(hyperv);
	device->softc = NULL;
	pv_free(device->bus, hyperv, sizeof(*hyperv));
}

/* ---- CPUs -------------------------------------------------------------- */

/* Whoever finds a number here may send events there: it stands as long as they
 * would be found. */
static void
number_set(struct hyperv *hyperv, unsigned cpu, uint32_t number)
{
	__atomic_store_n(&hyperv->vp[cpu], number, __ATOMIC_RELEASE);
}

static void
hyperv_cpu_start(struct pv_device *device, unsigned cpu)
{
	struct hyperv *hyperv = device->softc;
	uint32_t number;
	int error;

	if (!hyperv->privileged || cpu == 0)
		return;
	if (cpu >= hyperv->cpus) {
		hyperv_log(hyperv, PV_LOG_ERROR,
		    "CPU %u was not expected; unused", cpu);
		return;
	}
	number = hyperv_vp_number(hyperv, cpu);
	if (number == HYPERV_NO_VP)
		return;
	error = hyperv_synic_cpu_start(hyperv, cpu);
	if (error == PV_OK)
		number_set(hyperv, cpu, number);
	else
		hyperv_log(hyperv, PV_LOG_ERROR, "CPU %u gets no events: %s",
		    cpu, pv_error_text(error));
}

static void
hyperv_cpu_stop(struct pv_device *device, unsigned cpu)
{
	struct hyperv *hyperv = device->softc;

	if (!hyperv->privileged || cpu == 0 || cpu >= hyperv->cpus)
		return;
	number_set(hyperv, cpu, HYPERV_NO_VP);
	hyperv_synic_cpu_stop(hyperv, cpu);
}

const struct pv_driver pv_hyperv_driver = {
	.name = "hyperv",
	.attach = hyperv_attach,
	.detach = hyperv_detach,
	.poll = hyperv_poll,
	.deadline = hyperv_deadline,
	.cpu_start = hyperv_cpu_start,
	.cpu_stop = hyperv_cpu_stop,
	.suspend = hyperv_suspended,
};
