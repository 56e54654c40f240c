/* SPDX-License-Identifier: ISC */
/*
 * vmmci: the control device of OpenBSD's vmd.  Its administrator wants the guest
 * to shut down, to restart, or to set its clock; and it tells the time.
 *
 * The interrupt of a PCI device is not for every port to give, so the register
 * with the command is looked at once a second: of the three that vmd waits
 * before it ends a guest which does not acknowledge.
 */
#include "guest/vmm/vmmci.h"
#include "guest/bus/format.h"

#define LOOK (1 * PV_SECOND)
/* As often as OpenBSD's driver looks for its sensor. */
#define SAMPLE (15 * PV_SECOND)

/* Of what a host says without an end, so much is done and said a minute. */
#define RATE_TIME (60 * PV_SECOND)
#define RATE_TIMES 10u

#define ONES_8 0xffu
#define ONES_32 UINT32_MAX

void
vmmci_log(struct vmmci *vmmci, enum pv_log level, const char *format, ...)
{
	char line[160];
	size_t len;
	va_list args;

	len = pv_format(line, sizeof(line), "%s: ", vmmci->device->name);
	va_start(args, format);
	pv_vformat(line + len, sizeof(line) - len, format, args);
	va_end(args);
	vmmci->port->log(vmmci->port->ctx, level, line);
}

/* Whether the host's next word is to be followed; the first that is not, and
 * later how many were not, is said. */
static bool
may(struct vmmci *vmmci)
{
	uint64_t now = pv_bus_now(vmmci->device->bus);

	if (vmmci->rate.times == 0 || now - vmmci->rate.since >= RATE_TIME) {
		if (vmmci->rate.left_out > 0)
			vmmci_log(vmmci, PV_LOG_ERROR,
			    "%u commands were left out", vmmci->rate.left_out);
		vmmci->rate.since = now;
		vmmci->rate.times = vmmci->rate.left_out = 0;
	}
	if (vmmci->rate.times < RATE_TIMES) {
		vmmci->rate.times++;
		return true;
	}
	if (vmmci->rate.left_out++ == 0)
		vmmci_log(vmmci, PV_LOG_ERROR,
		    "the host gives command after command; left out for a "
		    "minute");
	return false;
}

/* ---- Commands --------------------------------------------------------- */

static void
acknowledge(struct vmmci *vmmci, uint32_t command)
{
	if (vmmci->features & VMMCI_FEATURE_ACK)
		(void)pci_bar_write(&vmmci->bar, VMMCI_COMMAND, 4, command);
}

/* vmd is done with it once it is acknowledged, and will say it again then. */
static void
synchronize(struct vmmci *vmmci)
{
	int error = vmmci_tell_time(vmmci, PV_TIME_SYNC);

	if (error != PV_OK)
		vmmci_log(vmmci, PV_LOG_ERROR,
		    "the host wants the clock to be set: %s",
		    pv_error_text(error));
	acknowledge(vmmci, VMMCI_SYNCRTC);
	vmmci->command = VMMCI_NONE;
}

/* What is refused is not acknowledged: vmd then does it its own way, soon. */
static void
request(struct vmmci *vmmci, uint32_t command)
{
	enum pv_request wanted = command == VMMCI_REBOOT ? PV_REQUEST_REBOOT
							 : PV_REQUEST_SHUTDOWN;

	if (pv_device_request(vmmci->device, wanted, NULL) == PV_OK)
		acknowledge(vmmci, command);
}

static void
act(struct vmmci *vmmci, uint32_t command)
{
	vmmci->stats->requests++;
	switch (command) {
	case VMMCI_SHUTDOWN:
	case VMMCI_REBOOT:
		request(vmmci, command);
		break;
	case VMMCI_SYNCRTC:
		synchronize(vmmci);
		break;
	default:
		vmmci->stats->bad_value++;
		vmmci_log(vmmci, PV_LOG_ERROR,
		    "the host gives the command 0x%x, which is none; ignored",
		    command);
		break;
	}
}

/* A command stays in its register when it is done, and the same can come again
 * with nothing but the interrupt's reason to tell of it. */
static int
look(struct vmmci *vmmci)
{
	uint32_t isr, command;
	int error = pci_bar_read(&vmmci->bar, VIRTIO_LEGACY_ISR, 1, &isr);

	if (error == PV_OK)
		error = pci_bar_read(&vmmci->bar, VMMCI_COMMAND, 4, &command);
	if (error != PV_OK)
		return error;
	if (isr == ONES_8 && command == ONES_32)
		return PV_ENODEV;
	if ((isr & VIRTIO_ISR_CONFIG) != 0)
		vmmci->stats->events++;
	else if (command == vmmci->command)
		return PV_OK;
	vmmci->command = command;
	if (command == VMMCI_NONE)
		vmmci->stats->spurious += isr != 0;
	else if (may(vmmci))
		act(vmmci, command);
	else
		vmmci->stats->bad_state++;
	return PV_OK;
}

static bool
vmmci_poll(struct pv_device *device, unsigned budget)
{
	struct vmmci *vmmci = device->softc;
	uint64_t now = pv_bus_now(device->bus);
	int error;

	if (budget == 0 || device->state == PV_DEVICE_BROKEN)
		return false;
	if (now >= vmmci->sample) {
		vmmci->sample = now + SAMPLE;
		(void)vmmci_tell_time(vmmci, PV_TIME_SAMPLE);
	}
	if (now < vmmci->look)
		return false;
	vmmci->look = now + LOOK;
	error = look(vmmci);
	if (error == PV_OK)
		return false;
	pv_device_broken(device,
	    error == PV_ENODEV ? "all its registers read as ones"
			       : "its registers cannot be read");
	return false;
}

static uint64_t
vmmci_deadline(struct pv_device *device)
{
	const struct vmmci *vmmci = device->softc;

	if (device->state == PV_DEVICE_BROKEN)
		return PV_NEVER;
	return vmmci->look < vmmci->sample ? vmmci->look : vmmci->sample;
}

/* ---- Attach ----------------------------------------------------------- */

static int
open_bar(struct vmmci *vmmci)
{
	int error = pci_bar_open(&vmmci->bar, vmmci->port, vmmci->stats,
	    VMMCI_PCI_VENDOR, VMMCI_PCI_DEVICE, VMMCI_SIZE);

	if (error == PV_EPROTO)
		vmmci_log(vmmci, PV_LOG_ERROR,
		    "its first BAR is 0x%x where I/O ports were expected",
		    vmmci->bar.value);
	return error;
}

static void
describe(struct vmmci *vmmci)
{
	char where[32];

	pv_format(where, sizeof(where), "pci %s", vmmci->bar.place);
	pv_device_describe_at(vmmci->device, where, "shutdown, reboot%s%s%s",
	    vmmci->features & VMMCI_FEATURE_TIMESYNC ? ", host time" : "",
	    vmmci->features & VMMCI_FEATURE_SYNCRTC ? ", clock sync" : "",
	    vmmci->features & VMMCI_FEATURE_ACK ? "" : ", no acknowledge");
}

static void
vmmci_detach(struct pv_device *device)
{
	struct vmmci *vmmci = device->softc;

	vmmci_stop(vmmci);
	pci_bar_close(&vmmci->bar);
	pv_free(device->bus, vmmci, sizeof(*vmmci));
}

static int
vmmci_attach(struct pv_device *device)
{
	struct vmmci *vmmci = pv_alloc(device->bus, sizeof(*vmmci));
	int error;

	if (vmmci == NULL)
		return PV_ENOMEM;
	vmmci->device = device;
	vmmci->port = pv_bus_port(device->bus);
	vmmci->stats = &device->stats;
	device->softc = vmmci;
	error = open_bar(vmmci);
	if (error == PV_OK)
		error = vmmci_start(vmmci);
	if (error != PV_OK) {
		vmmci_detach(device);
		return error;
	}
	vmmci->look = vmmci->sample = pv_bus_now(device->bus);
	if ((vmmci->features & VMMCI_FEATURE_TIMESYNC) == 0)
		vmmci->sample = PV_NEVER;
	describe(vmmci);
	return PV_OK;
}

/* The device may have been reset meanwhile, and the clock stood still. */
static void
vmmci_wake(struct pv_device *device)
{
	struct vmmci *vmmci = device->softc;

	if (device->state == PV_DEVICE_BROKEN)
		return;
	if (!vmmci_runs(vmmci) && vmmci_start(vmmci) != PV_OK) {
		pv_device_broken(device, "it does not start again");
		return;
	}
	vmmci->look = pv_bus_now(device->bus);
	if (vmmci->features & VMMCI_FEATURE_TIMESYNC) {
		vmmci->sample = vmmci->look + SAMPLE;
		(void)vmmci_tell_time(vmmci, PV_TIME_SYNC);
	}
}

const struct pv_driver pv_vmmci_driver = {
	.name = "vmmci",
	.attach = vmmci_attach,
	.detach = vmmci_detach,
	.poll = vmmci_poll,
	.deadline = vmmci_deadline,
	.wake = vmmci_wake,
};
