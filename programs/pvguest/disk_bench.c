/* SPDX-License-Identifier: ISC */
/*
 * disk NAME bench: requests of one size, one behind the other and from the
 * start again, so many on their way, for so long.  With cpus=N, queue i is
 * owned by CPU i + 1, and all of them work at once.
 */
#include "programs/pvguest/disk.h"

/* How often CPU 0 lets the bus do its other work. */
#define HOUSEKEEPING (10 * PV_MILLISECOND)

struct job {
	struct pv_disk *disk;
	unsigned queue;
	enum pv_disk_op op;
	size_t sectors;
	uint64_t at, from, end; /* sectors; each job has its part of the disk */
	uint64_t until;
	unsigned depth, busy;
	struct disk_slot *slots;
	struct disk_slot *idle[DISK_SLOTS]; /* a stack */
	unsigned idles;
	uint64_t finished;
	bool housekeeper;
	bool stop; /* the disk goes away: touch it no more */
	int error;
};

static struct disk_slot slots[DISK_SLOTS];
static struct job jobs[BARE_CPUS];
static unsigned jobs_count;

static void
bench_done(struct pv_io *io)
{
	struct disk_slot *slot = io->owner;
	struct job *job = (struct job *)(uintptr_t)slot->segment[1].physical;

	job->busy--;
	job->idle[job->idles++] = slot;
	if (io->error != PV_OK)
		job->error = io->error;
	else
		job->finished++;
}

static void
submit(struct job *job)
{
	while (job->idles > 0) {
		struct disk_slot *slot = job->idle[--job->idles];

		if (job->sectors > job->end - job->at)
			job->at = job->from;
		disk_request(slot, job->op, job->at, job->sectors);
		slot->io.done = bench_done;
		/* a segment that is not used holds whose it is */
		slot->segment[1].physical = (uintptr_t)job;
		job->at += job->sectors;
		job->busy++;
		pv_disk_submit(job->disk, job->queue, &slot->io);
	}
	pv_disk_kick(job->disk, job->queue);
}

static bool
stopped(const struct job *job)
{
	return __atomic_load_n(&job->stop, __ATOMIC_ACQUIRE);
}

static void
work(void *argument)
{
	struct job *job = argument;
	uint64_t kept = bare_now();

	while (!stopped(job)) {
		uint64_t now = bare_now(), before = job->finished;
		bool more;

		if (now < job->until && job->error == PV_OK)
			submit(job);
		else if (job->busy == 0)
			break;
		more = pv_disk_poll(job->disk, job->queue, 64);
		if (job->housekeeper && now - kept > HOUSEKEEPING) {
			kept = now;
			guest_poll();
		} else if (!more && job->finished == before && job->busy > 0) {
			uint64_t next = pv_disk_deadline(job->disk, job->queue);

			bare_wait(next);
		}
	}
}

/* On CPU 0, from within the bus: the disk may be about to go. */
static void
changed(struct pv_disk *disk, void *owner)
{
	(void)owner;
	if (!disk->gone)
		return;
	for (unsigned i = 0; i < jobs_count; i++)
		__atomic_store_n(&jobs[i].stop, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < jobs_count; i++)
		if (!jobs[i].housekeeper &&
		    bare_cpu_join(i + 1, bare_now() + PATIENCE) != PV_OK)
			bare_panic("CPU %u does not let go of a disk", i + 1);
}

static void
make_jobs(struct pv_disk *disk, enum pv_disk_op op, size_t size, unsigned depth,
    uint64_t ms, unsigned count)
{
	uint64_t share = disk->size / 512 / count;

	share -= share % (size / 512);
	jobs_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct job *job = &jobs[i];

		memset(job, 0, sizeof(*job));
		job->disk = disk;
		job->queue = i;
		job->op = op;
		job->sectors = size / 512;
		job->from = job->at = i * share;
		job->end = job->from + share;
		job->until = bare_now() + ms * PV_MILLISECOND;
		job->depth = depth;
		job->housekeeper = count == 1;
		for (unsigned n = 0; n < depth; n++)
			job->idle[job->idles++] = &slots[i * depth + n];
	}
}

/* Queues to their CPUs, or all back to CPU 0. */
static int
hand_out(struct pv_disk *disk, unsigned count, bool out)
{
	int error = PV_OK;

	for (unsigned i = 0; i < count && error == PV_OK; i++)
		error = pv_disk_own(disk, i, out ? i + 1 : 0);
	return error;
}

static int
run(struct pv_disk *disk, unsigned count)
{
	int error;

	disk->changed = changed;
	if (count == 1) {
		work(&jobs[0]);
		return PV_OK;
	}
	error = hand_out(disk, count, true);
	for (unsigned i = 0; i < count && error == PV_OK; i++)
		error = bare_cpu_run(i + 1, work, &jobs[i]);
	for (unsigned i = 0; i < count && error == PV_OK; i++)
		while (!bare_cpu_idle(i + 1))
			guest_wait(bare_now() + PV_MILLISECOND);
	if (!jobs[0].stop)
		hand_out(disk, count, false);
	return error;
}

/* Those that were on their way when the disk went are answered by the bus. */
static unsigned
still_busy(void)
{
	unsigned busy = 0;

	for (unsigned i = 0; i < jobs_count; i++)
		busy += jobs[i].busy;
	return busy;
}

/* The counters of its device, or of nothing when it has gone. */
static struct pv_stats
counters(const char *name)
{
	const struct pv_device *device = guest_device(name);

	return device != NULL ? device->stats : (struct pv_stats){ 0 };
}

static int
measure(const char *name, struct pv_disk *disk, size_t size, unsigned count)
{
	struct pv_stats before = counters(name), after;
	uint64_t start = bare_now(), time, finished = 0;
	int error = run(disk, count);

	time = (bare_now() - start) / 1000 + 1;
	while (still_busy() > 0)
		guest_wait(bare_now() + PV_MILLISECOND);
	for (unsigned i = 0; i < count; i++) {
		finished += jobs[i].finished;
		if (error == PV_OK)
			error = jobs[i].error;
	}
	if (jobs[0].stop)
		error = PV_ENODEV;
	else
		disk->changed = NULL;
	if (error != PV_OK)
		return fail(STATUS_FAILED, "disk: %s bench: %s", name,
		    pv_error_text(error));
	guest_poll(); /* the counters of the queues come together */
	after = counters(name);
	bare_printf("bench disk %s %s %lu depth %u: %lu requests/s, %lu ops, "
		    "%lu us, hypercalls %lu, signals %lu, grants %lu\n",
	    name, jobs[0].op == PV_DISK_READ ? "read" : "write",
	    (unsigned long)size, jobs[0].depth, finished * 1000000 / time,
	    finished, time, after.hypercalls - before.hypercalls,
	    after.signals - before.signals, after.grants - before.grants);
	return STATUS_OK;
}

int
disk_bench(int argc, char **argv)
{
	struct pv_disk *disk = disk_again(argv[1]);
	uint64_t size, depth, ms, cpus = 1;
	unsigned total;
	bool reading;
	int status;

	if (argc < 7 || argc > 8 || !number(argv[4], &size) ||
	    !number(argv[5], &depth) || !number(argv[6], &ms) ||
	    (argc == 8 &&
		(memcmp(argv[7], "cpus=", 5) != 0 ||
		    !number(argv[7] + 5, &cpus))) ||
	    size == 0 || size % disk->sector_size != 0 ||
	    size > disk->size / 2 || size > 4 << 20 || depth == 0 ||
	    cpus == 0 || depth * cpus > DISK_SLOTS || depth > DISK_SLOTS)
		return fail(STATUS_USAGE,
		    "disk: expected bench read|write "
		    "SIZE DEPTH MS [cpus=N]");
	reading = same(argv[3], "read");
	if (!reading && !same(argv[3], "write"))
		return fail(STATUS_USAGE,
		    "disk: bench: expected read or write, got %s", argv[3]);
	if (cpus > 1 && (cpus > disk->queues || cpus >= bare_cpus()))
		return fail(STATUS_MISSING,
		    "disk: bench: expected %lu queues and %lu CPUs, there are "
		    "%u and %u",
		    cpus, cpus + 1, disk->queues, bare_cpus());
	total = (unsigned)(depth * cpus);
	if (!disk_slots(slots, total, size))
		return fail(STATUS_FAILED, "disk: no memory");
	make_jobs(disk, reading ? PV_DISK_READ : PV_DISK_WRITE, size,
	    (unsigned)depth, ms, (unsigned)cpus);
	status = measure(argv[1], disk, size, (unsigned)cpus);
	disk_slots_free(slots, total);
	return status;
}
