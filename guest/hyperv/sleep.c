/* SPDX-License-Identifier: ISC */
/*
 * Hibernation: memory is saved by the platform, and the host forgets the guest.
 * Being saved by the host itself goes unnoticed; VMBus just goes on.
 */
#include "guest/hyperv/hyperv_private.h"
#include "guest/hyperv/vmbus_private.h"

/* From the first thing that the others need to the last. */
static int
come_back(struct hyperv *hyperv)
{
	int error = hyperv_hypercall_resume(hyperv);

	if (error == PV_OK) {
		hyperv->vp[0] = hyperv_vp_number(hyperv, 0);
		error = hyperv->vp[0] != HYPERV_NO_VP ? PV_OK : PV_EPROTO;
	}
	if (error == PV_OK)
		error = hyperv_synic_resume(hyperv);
	if (error == PV_OK)
		hyperv_clock_resume(hyperv);
	if (error == PV_OK)
		error = vmbus_resume(hyperv);
	return error;
}

/* Registers are as after a reset then, and those of other CPUs wait for these
 * to start again.  An error of the sleep is no reason not to go on. */
int
hyperv_suspended(struct pv_device *device)
{
	struct hyperv *hyperv = device->softc;
	const struct pv_port *port = hyperv->port;
	int slept, error;

	if (!hyperv->privileged || port->sleep == NULL)
		return PV_ENOTSUP;
	error = vmbus_suspend(hyperv);
	if (error != PV_OK)
		return error;
	hyperv_clock_suspend(hyperv);
	hyperv_synic_suspend(hyperv);
	hyperv_hypercall_suspend(hyperv);
	slept = port->sleep(port->ctx);
	hyperv->generation++;
	for (unsigned i = 0; i < hyperv->cpus; i++)
		hyperv->vp[i] = HYPERV_NO_VP;
	error = come_back(hyperv);
	if (error != PV_OK) {
		pv_device_broken(device, "it cannot be resumed");
		return error;
	}
	return slept;
}
