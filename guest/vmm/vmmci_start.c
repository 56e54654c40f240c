/* SPDX-License-Identifier: ISC */
/* A driver and a legacy virtio device agree (Virtio 1.2, 3.1.1 and 3.1.2). */
#include "guest/vmm/vmmci.h"

static int
set_status(struct vmmci *vmmci, uint32_t status)
{
	return pci_bar_write(&vmmci->bar, VIRTIO_LEGACY_STATUS, 1, status);
}

/* What comes of it must be what was written, or nobody is there. */
static int
check_status(struct vmmci *vmmci, uint32_t expected)
{
	uint32_t status;
	int error = pci_bar_read(&vmmci->bar, VIRTIO_LEGACY_STATUS, 1, &status);

	if (error != PV_OK || status == expected)
		return error;
	vmmci->stats->bad_state++;
	vmmci_log(vmmci, PV_LOG_ERROR,
	    "its status is 0x%x where 0x%x was expected; try another vmd",
	    status, expected);
	return PV_EPROTO;
}

/* Without a clock of the owner's to set, the host need not ask. */
static uint32_t
wanted(const struct vmmci *vmmci, uint32_t offered)
{
	uint32_t features = offered & VMMCI_FEATURE_ACK;

	if (vmmci->port->time != NULL && (offered & VMMCI_FEATURE_TIMESYNC))
		features |= offered &
		    (VMMCI_FEATURE_TIMESYNC | VMMCI_FEATURE_SYNCRTC);
	return features;
}

static int
negotiate(struct vmmci *vmmci)
{
	uint32_t offered;
	int error;

	error = pci_bar_read(&vmmci->bar, VIRTIO_LEGACY_DEVICE_FEATURES, 4,
	    &offered);
	if (error != PV_OK)
		return error;
	vmmci->features = wanted(vmmci, offered);
	return pci_bar_write(&vmmci->bar, VIRTIO_LEGACY_DRIVER_FEATURES, 4,
	    vmmci->features);
}

/* From its reset until it may give commands (Virtio 3.1.1).  A command that was
 * there before is another driver's. */
int
vmmci_start(struct vmmci *vmmci)
{
	uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
	int error = set_status(vmmci, 0);

	if (error == PV_OK)
		error = check_status(vmmci, 0);
	if (error == PV_OK)
		error = set_status(vmmci, status);
	if (error == PV_OK)
		error = negotiate(vmmci);
	if (error == PV_OK)
		error = pci_bar_read(&vmmci->bar, VMMCI_COMMAND, 4,
		    &vmmci->command);
	status |= VIRTIO_STATUS_DRIVER_OK;
	if (error == PV_OK)
		error = set_status(vmmci, status);
	if (error == PV_OK)
		error = check_status(vmmci, status);
	vmmci->running = error == PV_OK;
	return error;
}

bool
vmmci_runs(struct vmmci *vmmci)
{
	uint32_t status;

	return pci_bar_read(&vmmci->bar, VIRTIO_LEGACY_STATUS, 1, &status) ==
	    PV_OK &&
	    status ==
	    (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
		VIRTIO_STATUS_DRIVER_OK);
}

/* The host gives no commands any more. */
void
vmmci_stop(struct vmmci *vmmci)
{
	if (vmmci->running)
		(void)set_status(vmmci, 0);
	vmmci->running = false;
}
