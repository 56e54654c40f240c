/* SPDX-License-Identifier: ISC */
#include "tests/support/vmm.h"

static const struct pv_driver *const drivers[] = { &pv_vmmci_driver, NULL };

int
vmmlab_setup(void **state)
{
	struct vmmlab *lab = calloc(1, sizeof(*lab));
	void *world = NULL;

	if (lab == NULL || world_setup(&world) != 0)
		return -1;
	lab->world = world;
	world_machine(lab->world, "vmm");
	lab->host = sim_machine_vmmci(lab->world->machine);
	lab->manners = host_vmmci_manners(lab->host);
	lab->counts = host_vmmci_counts(lab->host);
	lab->pci = sim_machine_pci(lab->world->machine);
	lab->owner = sim_machine_owner(lab->world->machine);
	lab->sim = sim_machine_counts(lab->world->machine);
	lab->port = sim_machine_own_port(lab->world->machine);
	*state = lab;
	return 0;
}

int
vmmlab_teardown(void **state)
{
	struct vmmlab *lab = *state;
	void *world = lab->world;

	free(lab);
	return world_teardown(&world);
}

void
vmmlab_try(struct vmmlab *lab)
{
	assert_int_equal(pv_bus_attach(&(struct pv_bus_config){ .port =
								    lab->port,
					   .drivers = drivers },
			     &lab->world->bus),
	    PV_OK);
}

void
vmmlab_attach(struct vmmlab *lab)
{
	const struct pv_device *device;

	vmmlab_try(lab);
	for (device = pv_bus_devices(lab->world->bus); device != NULL;
	     device = device->next)
		if (strcmp(device->name, "vmmci0") == 0)
			lab->device = (struct pv_device *)(uintptr_t)device;
	assert_non_null(lab->device);
	lab->stats = &lab->device->stats;
}

void
vmmlab_detach(struct vmmlab *lab)
{
	pv_bus_detach(lab->world->bus);
	lab->world->bus = NULL;
}

void
vmmlab_run(struct vmmlab *lab, uint64_t time)
{
	uint64_t end = sim_now(lab->world->sim) + time, next;

	while (sim_now(lab->world->sim) < end) {
		while (pv_bus_poll(lab->world->bus, 16))
			continue;
		next = pv_bus_deadline(lab->world->bus);
		lab->port->wait(lab->port->ctx, next < end ? next : end);
	}
	while (pv_bus_poll(lab->world->bus, 16))
		continue;
}

unsigned
vmmlab_lines(struct vmmlab *lab, const char *text)
{
	const char *at = sim_machine_log(lab->world->machine);
	unsigned count = 0;

	while ((at = strstr(at, text)) != NULL) {
		count++;
		at++;
	}
	return count;
}

unsigned
vmmlab_requests(struct vmmlab *lab, enum pv_request request)
{
	return lab->sim->requests[request];
}
