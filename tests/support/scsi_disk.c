/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/scsi_disk.h"

static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
	&pv_hvs_driver, &pv_sd_driver, &pv_cd_driver, NULL };

int
scsi_setup(void **state)
{
	struct scsi *scsi = calloc(1, sizeof(*scsi));

	if (scsi == NULL || world_setup(state) != 0)
		return -1;
	scsi->lab.world = *state;
	partition_init(&scsi->partition, *state);
	*state = scsi;
	return 0;
}

int
scsi_teardown(void **state)
{
	struct scsi *scsi = *state;
	int result;

	scsi_cpu(scsi, 0);
	result = partition_end(&scsi->partition);
	/* frees all, the lab being the first of it */
	return lab_teardown(state) | result;
}

/* ---- The machine ------------------------------------------------------ */

void
scsi_machine(struct scsi *scsi, unsigned cpus,
    const struct host_storvsp_config *config)
{
	static const struct host_storvsp_config usual = { 0 };

	partition_machine(&scsi->partition,
	    &(struct host_hyperv_config){ .vcpus = cpus,
		.no_monitor = scsi->no_monitor });
	scsi->stor = host_storvsp_new(scsi->partition.host,
	    config != NULL ? config : &usual);
	assert_non_null(scsi->stor);
}

void
scsi_disk(struct scsi *scsi, const struct host_lun_config *config, bool tell)
{
	struct host_lun_config with = *config;

	if (with.size == 0)
		with.size = 4 * MIB;
	assert_true(host_storvsp_add(scsi->stor, &with, tell));
}

int
scsi_attach_bus(struct scsi *scsi)
{
	return partition_attach_bus(&scsi->partition, drivers);
}

void
scsi_attach(struct scsi *scsi)
{
	partition_attach(&scsi->partition, drivers);
	scsi->device = (struct pv_device *)(uintptr_t)
	    world_device(scsi->lab.world, "hvs0");
	scsi->hvs = scsi->device->softc;
}

static bool
runs(struct lab *lab)
{
	struct scsi *scsi = (struct scsi *)lab;

	return scsi->hvs->phase == HVS_RUNNING && scsi->hvs->channel->settled;
}

void
scsi_start(struct scsi *scsi, const struct host_lun_config *config)
{
	scsi_machine(scsi, 1, NULL);
	scsi_disk(scsi, config, false);
	scsi_attach(scsi);
	scsi_use(scsi, "sd0");
}

void
scsi_start_channels(struct scsi *scsi, unsigned cpus, unsigned channels)
{
	scsi_machine(scsi, cpus,
	    &(struct host_storvsp_config){ .max_channels = channels });
	scsi_disk(scsi, &(struct host_lun_config){ 0 }, false);
	scsi_attach(scsi);
	partition_start_cpus(&scsi->partition);
	lab_until(&scsi->lab, runs, "running");
	scsi_use(scsi, "sd0");
}

/* ---- What is there ---------------------------------------------------- */

bool
scsi_has(struct scsi *scsi, const char *name)
{
	return partition_find(&scsi->partition, name) != NULL;
}

static void
wait_for(struct scsi *scsi, const char *name, bool there)
{
	for (unsigned i = 0; scsi_has(scsi, name) != there; i++) {
		if (i == 6000)
			fail_msg("%s is %sthere after a minute\n%s", name,
			    there ? "not " : "",
			    sim_machine_log(scsi->lab.world->machine));
		lab_run(&scsi->lab, 10 * PV_MILLISECOND);
	}
}

void
scsi_use(struct scsi *scsi, const char *name)
{
	wait_for(scsi, name, true);
	lab_use(&scsi->lab, name);
	lab_until(&scsi->lab, lab_is_online, "online");
}

void
scsi_wait_gone(struct scsi *scsi, const char *name)
{
	wait_for(scsi, name, false);
}

static bool
broken(struct lab *lab)
{
	return ((struct scsi *)lab)->device->state == PV_DEVICE_BROKEN;
}

void
scsi_is_broken(struct scsi *scsi, const char *why)
{
	unsigned char data[512];
	char line[160];

	lab_until(&scsi->lab, broken, "broken");
	snprintf(line, sizeof(line), "hvs0: %s; out of use", why);
	world_has_line(scsi->lab.world, line);
	if (scsi->lab.disk == NULL)
		return;
	assert_false(scsi->lab.disk->online);
	assert_int_equal(lab_do(&scsi->lab, PV_DISK_READ, 0, data,
			     PV_NO_PHYSICAL, 512),
	    PV_EPROTO);
	/* the bus is well */
	assert_int_equal(scsi->partition.device->state, PV_DEVICE_ATTACHED);
}

void
scsi_cpu(struct scsi *scsi, unsigned cpu)
{
	if (scsi->lab.world->machine != NULL)
		sim_machine_set_cpu(scsi->lab.world->machine, cpu);
}

uint8_t *
scsi_bytes(struct scsi *scsi)
{
	return host_storvsp_bytes(scsi->stor, 0, 0);
}

/* ---- That it works ---------------------------------------------------- */

void
scsi_works(struct scsi *scsi)
{
	static const size_t sizes[] = { 4 * KIB, 64 * KIB, 1 * MIB };
	unsigned char *expected = malloc(1 * MIB), *data;
	struct lab *lab = &scsi->lab;
	uint64_t physical;

	data = lab_pages(lab, 256, &physical);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t offset = 64 * KIB * (i + 1);

		lab_pattern(expected, sizes[i], 1000 * i);
		memcpy(data, expected, sizes[i]);
		assert_int_equal(lab_do(lab, PV_DISK_WRITE, offset, data,
				     physical, sizes[i]),
		    PV_OK);
		assert_memory_equal(scsi_bytes(scsi) + offset, expected,
		    sizes[i]);
		memset(data, 0xee, sizes[i]);
		assert_int_equal(lab_do(lab, PV_DISK_READ, offset, data,
				     physical, sizes[i]),
		    PV_OK);
		assert_memory_equal(data, expected, sizes[i]);
	}
	free(expected);
	assert_int_equal(host_storvsp_counts(scsi->stor)->refused, 0);
}
