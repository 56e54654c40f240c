/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/disk.h"

int
lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	if (lab == NULL || world_setup(state) != 0)
		return -1;
	lab->world = *state;
	*state = lab;
	return 0;
}

static void
free_pages(struct lab *lab)
{
	while (lab->pages != NULL) {
		struct run_of_pages *run = lab->pages;
		const struct pv_port *port = sim_machine_port(
		    lab->world->machine);

		lab->pages = run->next;
		port->pages_free(port->ctx, run->memory, run->pages);
		free(run);
	}
}

int
lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *world = lab->world;
	int result = 0;

	pv_bus_detach(lab->world->bus);
	lab->world->bus = NULL;
	free_pages(lab);
	if (lab->xen != NULL &&
	    host_xen_counts(lab->xen)->mapped != lab->mapped) {
		fprintf(stderr, "# grants still mapped: expected %u, got %u\n",
		    lab->mapped, host_xen_counts(lab->xen)->mapped);
		result = -1;
	}
	result |= world_teardown(&world);
	free(lab);
	return result;
}

/* ---- The machine ------------------------------------------------------ */

void
lab_machine(struct lab *lab, const struct host_xen_config *config)
{
	world_machine(lab->world, "xen");
	if (config != NULL)
		assert_true(sim_machine_set_xen(lab->world->machine, config));
	lab->xen = sim_machine_xen(lab->world->machine);
	assert_non_null(lab->xen);
}

void
lab_disk(struct lab *lab, const struct host_disk_config *config)
{
	struct host_disk_config with = *config;

	if (with.device == 0)
		with.device = XVDA;
	if (with.size == 0)
		with.size = 4 * MIB;
	lab->blk = host_blkback_new(lab->xen, &with);
	assert_non_null(lab->blk);
}

static void
changed(struct pv_disk *disk, void *owner)
{
	struct lab *lab = owner;

	/* else it was that of the test before */
	if (disk == lab->disk)
		lab->changes++;
}

int
lab_attach_bus(struct lab *lab)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xbf_driver, NULL };

	return pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							  lab->world->machine),
				 .drivers = drivers },
	    &lab->world->bus);
}

void
lab_use(struct lab *lab, const char *name)
{
	lab->device = (struct pv_device *)(uintptr_t)world_device(lab->world,
	    name);
	lab->disk = lab->device->disk;
	assert_non_null(lab->disk);
	lab->disk->changed = changed;
	lab->disk->owner = lab;
}

void
lab_attach(struct lab *lab)
{
	assert_int_equal(lab_attach_bus(lab), PV_OK);
	lab_use(lab, "xbf0");
}

void
lab_start(struct lab *lab, const struct host_disk_config *config)
{
	lab_machine(lab, NULL);
	lab_disk(lab, config);
	lab_attach(lab);
	lab_until(lab, lab_is_online, "online");
}

/* ---- Time ------------------------------------------------------------- */

void
lab_run(struct lab *lab, uint64_t time)
{
	uint64_t end = sim_now(lab->world->sim) + time;

	while (sim_now(lab->world->sim) < end)
		world_turn(lab->world, end);
	pv_bus_poll(lab->world->bus, 64);
}

void
lab_until(struct lab *lab, bool (*so)(struct lab *), const char *what)
{
	uint64_t end = sim_now(lab->world->sim) + 60 * PV_SECOND;

	while (!so(lab)) {
		if (sim_now(lab->world->sim) >= end)
			fail_msg("not %s within a minute\n%s", what,
			    sim_machine_log(lab->world->machine));
		world_turn(lab->world, end);
	}
}

bool
lab_is_online(struct lab *lab)
{
	return lab->disk->online;
}

bool
lab_is_offline(struct lab *lab)
{
	return !lab->disk->online;
}

bool
lab_is_broken(struct lab *lab)
{
	return lab->device->state == PV_DEVICE_BROKEN;
}

/* ---- Requests --------------------------------------------------------- */

void *
lab_pages(struct lab *lab, size_t pages, uint64_t *physical)
{
	const struct pv_port *port = sim_machine_port(lab->world->machine);
	struct run_of_pages *run = malloc(sizeof(*run));
	uint64_t unused;

	assert_non_null(run);
	run->memory = port->pages_alloc(port->ctx, pages,
	    physical != NULL ? physical : &unused);
	assert_non_null(run->memory);
	run->pages = pages;
	run->next = lab->pages;
	lab->pages = run;
	return run->memory;
}

static void
done(struct pv_io *io)
{
	((struct lab_io *)io->owner)->done++;
}

void
lab_prepare(struct lab_io *request, enum pv_disk_op op, uint64_t offset)
{
	request->io = (struct pv_io){ .op = op,
		.offset = offset,
		.segments = &request->segment,
		.count = 1,
		.done = done,
		.owner = request };
}

void
lab_submit(struct lab *lab, struct lab_io *request, enum pv_disk_op op,
    uint64_t offset, void *data, uint64_t physical, size_t len)
{
	memset(request, 0, sizeof(*request));
	request->segment = (struct pv_segment){ data, physical, len };
	lab_prepare(request, op, offset);
	pv_disk_submit(lab->disk, 0, &request->io);
	pv_disk_kick(lab->disk, 0);
}

int
lab_wait(struct lab *lab, struct lab_io *request)
{
	uint64_t end = sim_now(lab->world->sim) + 300 * PV_SECOND;

	while (request->done == 0) {
		if (sim_now(lab->world->sim) >= end)
			fail_msg("a request was not answered\n%s",
			    sim_machine_log(lab->world->machine));
		world_turn(lab->world, end);
	}
	assert_int_equal(request->done, 1);
	return request->io.error;
}

int
lab_do(struct lab *lab, enum pv_disk_op op, uint64_t offset, void *data,
    uint64_t physical, size_t len)
{
	struct lab_io request;

	lab_submit(lab, &request, op, offset, data, physical, len);
	return lab_wait(lab, &request);
}

int
lab_request(struct lab *lab, unsigned queue, struct pv_io *io)
{
	struct lab_io request = { .io = *io };

	request.io.done = done;
	request.io.owner = &request;
	pv_disk_submit(lab->disk, queue, &request.io);
	pv_disk_kick(lab->disk, queue);
	return lab_wait(lab, &request);
}

int
lab_flush(struct lab *lab)
{
	return lab_request(lab, 0, &(struct pv_io){ .op = PV_DISK_FLUSH });
}

int
lab_discard(struct lab *lab, uint64_t offset, uint64_t length, uint32_t flags)
{
	return lab_request(lab, 0,
	    &(struct pv_io){ .op = PV_DISK_DISCARD,
		.offset = offset,
		.length = length,
		.flags = flags });
}

void
lab_pattern(void *to, size_t len, uint64_t at)
{
	unsigned char *bytes = to;

	for (size_t i = 0; i < len; i++) {
		uint64_t place = at + i;

		bytes[i] = (unsigned char)(place * 7 + place / 251 +
		    (place >> 16) * 13);
	}
}
