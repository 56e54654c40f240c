/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/hyperv.h"

void
partition_init(struct partition *partition, struct world *world)
{
	partition->world = world;
}

int
partition_setup(void **state)
{
	struct partition *partition = calloc(1, sizeof(*partition));

	if (partition == NULL || world_setup(state) != 0)
		return -1;
	partition_init(partition, *state);
	*state = partition;
	return 0;
}

void
partition_detach(struct partition *partition)
{
	partition_stop_cpus(partition);
	pv_bus_detach(partition->world->bus);
	partition->world->bus = NULL;
	partition->device = NULL;
	partition->hyperv = NULL;
	partition->vmbus = NULL;
}

static int
count_is(const char *what, unsigned want, unsigned is)
{
	if (want == is)
		return 0;
	fprintf(stderr, "# Hyper-V: %s: expected %u, got %u\n", what, want, is);
	return -1;
}

int
partition_end(struct partition *partition)
{
	const struct host_hyperv_counts *counts;
	int result = 0;

	partition_detach(partition);
	if (partition->host != NULL) {
		counts = host_hyperv_counts(partition->host);
		result |= count_is("GPADLs", partition->gpadls, counts->gpadls);
		result |= count_is("violations", partition->violations,
		    counts->violations);
		result |= count_is("refused", partition->refused,
		    counts->refused);
	}
	return result;
}

int
partition_teardown(void **state)
{
	struct partition *partition = *state;
	void *world = partition->world;
	int result = partition_end(partition);

	result |= world_teardown(&world);
	free(partition);
	return result;
}

void
partition_machine(struct partition *partition,
    const struct host_hyperv_config *config)
{
	world_machine(partition->world, "hyperv");
	if (config != NULL)
		assert_true(
		    sim_machine_set_hyperv(partition->world->machine, config));
	partition->host = sim_machine_hyperv(partition->world->machine);
	assert_non_null(partition->host);
}

int
partition_attach_bus(struct partition *partition,
    const struct pv_driver *const *drivers)
{
	static const struct pv_driver *const alone[] = { &pv_hyperv_driver,
		NULL };
	int error;

	error = pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							   partition->world
							       ->machine),
				  .drivers = drivers != NULL ? drivers
							     : alone },
	    &partition->world->bus);
	if (error != PV_OK)
		return error;
	partition->device = partition_find(partition, "hyperv0");
	if (partition->device != NULL) {
		partition->hyperv = partition->device->softc;
		partition->vmbus = partition->hyperv->vmbus;
	}
	return PV_OK;
}

void
partition_attach(struct partition *partition,
    const struct pv_driver *const *drivers)
{
	assert_int_equal(partition_attach_bus(partition, drivers), PV_OK);
	if (partition->device == NULL)
		fail_msg("no hyperv0 in\n%s",
		    sim_machine_log(partition->world->machine));
}

void
partition_start_cpus(struct partition *partition)
{
	struct sim_machine *machine = partition->world->machine;

	for (unsigned cpu = 1; cpu < partition->hyperv->cpus; cpu++) {
		sim_machine_set_cpu(machine, cpu);
		pv_bus_cpu_start(partition->world->bus, cpu);
		partition->started |= 1u << cpu;
	}
	sim_machine_set_cpu(machine, 0);
}

void
partition_stop_cpus(struct partition *partition)
{
	struct sim_machine *machine = partition->world->machine;

	for (unsigned cpu = 1; partition->started != 0; cpu++) {
		if (!(partition->started & 1u << cpu))
			continue;
		sim_machine_set_cpu(machine, cpu);
		if (partition->world->bus != NULL)
			pv_bus_cpu_stop(partition->world->bus, cpu);
		partition->started &= ~(1u << cpu);
		sim_machine_set_cpu(machine, 0);
	}
}

struct pv_device *
partition_find(struct partition *partition, const char *name)
{
	const struct pv_device *device = pv_bus_devices(partition->world->bus);

	while (device != NULL && strcmp(device->name, name) != 0)
		device = device->next;
	return (struct pv_device *)(uintptr_t)device;
}

/* ---- Time -------------------------------------------------------------- */

void
partition_run(struct partition *partition, uint64_t time)
{
	uint64_t end = sim_now(partition->world->sim) + time;

	while (sim_now(partition->world->sim) < end)
		world_turn(partition->world, end);
	pv_bus_poll(partition->world->bus, 64);
}

void
partition_until(struct partition *partition, bool (*so)(struct partition *),
    const char *what)
{
	uint64_t end = sim_now(partition->world->sim) + 60 * PV_SECOND;

	while (!so(partition)) {
		if (sim_now(partition->world->sim) >= end)
			fail_msg("not %s within a minute\n%s", what,
			    sim_machine_log(partition->world->machine));
		world_turn(partition->world, end);
	}
}
