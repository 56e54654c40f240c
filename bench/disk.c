/* SPDX-License-Identifier: ISC */
/*
 * What a request of a disk costs the guest, counted in a simulated Xen: these
 * numbers are the same on every machine and each time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "port/sim/sim.h"
#include "pvbus/guest.h"

#define REQUESTS 4096
#define DISK (64u << 20)

struct bench {
	struct sim *sim;
	struct sim_machine *machine;
	struct pv_bus *bus;
	struct pv_disk *disk;
	const struct pv_device *device;
	struct pv_io io[32];
	struct pv_segment segments[32];
	unsigned left, under_way;
};

static void
die(const char *what)
{
	fprintf(stderr, "disk: %s\n", what);
	exit(1);
}

static void
done(struct pv_io *io)
{
	struct bench *bench = io->owner;

	if (io->error != PV_OK)
		die(pv_error_text(io->error));
	if (bench->left == 0) {
		bench->under_way--;
		return;
	}
	bench->left--;
	pv_disk_submit(bench->disk, 0, io);
}

static void
turn(struct bench *bench)
{
	const struct pv_port *port = sim_machine_port(bench->machine);

	pv_disk_kick(bench->disk, 0);
	if (!pv_bus_poll(bench->bus, 64))
		port->wait(port->ctx, pv_bus_deadline(bench->bus));
}

/* `depth` requests are under way all the time. */
static void
run(struct bench *bench, unsigned requests, size_t size, unsigned depth)
{
	const struct pv_port *port = sim_machine_port(bench->machine);

	bench->left = requests - depth;
	bench->under_way = depth;
	for (unsigned i = 0; i < depth; i++) {
		struct pv_segment *segment = &bench->segments[i];

		if (segment->data == NULL)
			segment->data = port->pages_alloc(port->ctx, 256,
			    &segment->physical);
		if (segment->data == NULL)
			die("out of memory");
		segment->len = size;
		bench->io[i] = (struct pv_io){ .op = i % 2 == 0 ? PV_DISK_READ
								: PV_DISK_WRITE,
			.offset = (uint64_t)i * size,
			.segments = segment,
			.count = 1,
			.done = done,
			.owner = bench };
		pv_disk_submit(bench->disk, 0, &bench->io[i]);
	}
	while (bench->under_way > 0)
		turn(bench);
	pv_bus_poll(bench->bus, 64);
}

static void
print(const char *name, size_t size, unsigned depth, const struct pv_stats *a,
    const struct pv_stats *b)
{
#define PER(field) ((double)(b->field - a->field) / REQUESTS)
	printf("%-28s %5zu KiB x %-2u %8.3f %8.3f %8.3f %8.3f %8.3f %8.3f\n",
	    name, size / 1024, depth, PER(slots), PER(hypercalls), PER(signals),
	    PER(events), PER(grants), PER(copies));
#undef PER
}

static void
measure(const char *name, const struct host_disk_config *with, size_t size,
    unsigned depth)
{
	static const struct pv_driver *const drivers[] = { &pv_xen_driver,
		&pv_xbf_driver, NULL };
	struct host_disk_config config = *with;
	struct bench *bench = calloc(1, sizeof(*bench));
	struct host_blkback *blk;
	struct pv_stats before;
	const char *error;

	if (bench == NULL)
		die("out of memory");
	config.device = 51712;
	config.size = DISK;
	bench->sim = sim_new(1);
	bench->machine = sim_machine_new(bench->sim, "xen", &error);
	if (bench->machine == NULL)
		die(error);
	blk = host_blkback_new(sim_machine_xen(bench->machine), &config);
	if (blk == NULL ||
	    pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
						       bench->machine),
			      .drivers = drivers },
		&bench->bus) != PV_OK)
		die("no machine");
	bench->device = pv_bus_devices(bench->bus);
	while (bench->device != NULL && bench->device->disk == NULL)
		bench->device = bench->device->next;
	if (bench->device == NULL)
		die("no disk");
	bench->disk = bench->device->disk;
	/* a disk takes its time, or each request would be alone */
	host_blkback_manners(blk)->delay = 50000;
	run(bench, 256, size, depth);
	before = bench->device->stats;
	run(bench, REQUESTS, size, depth);
	print(name, size, depth, &before, &bench->device->stats);
	pv_bus_detach(bench->bus);
	sim_machine_free(bench->machine);
	sim_free(bench->sim);
	free(bench);
}

int
main(void)
{
	static const struct host_disk_config plain = { .size = 0 };
	static const struct host_disk_config persistent = {
		.persistent = true
	};
	static const struct host_disk_config indirect = { .indirect = 256 };
	static const struct host_disk_config both = { .indirect = 256,
		.persistent = true };

	printf("%-28s %14s %8s %8s %8s %8s %8s %8s\n", "for each request", "",
	    "slots", "calls", "signals", "events", "grants", "copies");
	for (unsigned depth = 1; depth <= 32; depth *= 32) {
		measure("pages lent", &plain, 4096, depth);
		measure("persistent grants", &persistent, 4096, depth);
	}
	measure("pages lent", &plain, 1 << 20, 1);
	measure("indirect", &indirect, 1 << 20, 1);
	measure("indirect, persistent", &both, 1 << 20, 1);
	return 0;
}
