/* SPDX-License-Identifier: ISC */
/* The whole machine: made, run, taken apart. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <x86intrin.h>

#include "programs/pvhost/disk.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/kvm.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/reply.h"
#include "programs/pvhost/vcpu_private.h"
#include "programs/pvhost/world.h"

static const struct part *const all_parts[] = { &part_pci, &part_power,
	&part_rtc, &part_serial, &part_debug, &part_fwcfg, &part_control };
#define PARTS (sizeof(all_parts) / sizeof(all_parts[0]))
_Static_assert(PARTS <= MACHINE_PARTS, "parts that a machine has no room for");

static void
say_line(const char *format, va_list arguments)
{
	char line[1024];

	vsnprintf(line, sizeof(line), format, arguments);
	fprintf(stderr, "pvhost: %s\n", line);
}

void
say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_line(format, arguments);
	va_end(arguments);
}

void
say_more(const struct machine *machine, const char *format, ...)
{
	va_list arguments;

	if (!machine->options.verbose)
		return;
	va_start(arguments, format);
	say_line(format, arguments);
	va_end(arguments);
}

uint64_t
machine_now(const struct machine *machine)
{
	if (machine->tsc_hz == 0)
		return 0;
	return (uint64_t)((unsigned __int128)(__rdtsc() + machine->tsc_offset) *
	    1000000000u / machine->tsc_hz);
}

void
machine_irq(struct machine *machine, unsigned line, bool level)
{
	struct kvm_irq_level irq = { .irq = line, .level = level };

	(void)ioctl(machine->vm, KVM_IRQ_LINE, &irq);
}

/* ---- The end ---------------------------------------------------------- */

/* The loop's thread may be asleep in poll(2). */
static void
wake(struct machine *machine)
{
	uint64_t one = 1;

	(void)!write(machine->wake.fd, &one, sizeof(one));
}

static void
woken(void *ctx, short revents)
{
	struct machine *machine = ctx;
	uint64_t times;

	(void)revents;
	(void)!read(machine->wake.fd, &times, sizeof(times));
}

void
machine_end(struct machine *machine, int status, const char *format, ...)
{
	va_list arguments;

	if (machine->ended)
		return;
	machine->ended = true;
	machine->status = status;
	if (status != EXIT_OFF || machine->options.verbose) {
		va_start(arguments, format);
		say_line(format, arguments);
		va_end(arguments);
	}
	for (unsigned i = 0; i < machine->vcpu_count; i++)
		vcpu_kick(machine->vcpus[i]);
	wake(machine);
}

static void
time_is_over(void *argument)
{
	struct machine *machine = argument;

	machine_end(machine, EXIT_TIME,
	    "the guest runs longer than %u seconds; try another --timeout",
	    machine->options.timeout);
}

static void
unlock(void *ctx)
{
	pthread_mutex_unlock(&((struct machine *)ctx)->lock);
}

static void
lock(void *ctx)
{
	pthread_mutex_lock(&((struct machine *)ctx)->lock);
}

/* ---- From nothing ----------------------------------------------------- */

static bool
wake_make(struct machine *machine)
{
	machine->wake = (struct loop_source){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.events = POLLIN,
		.call = woken,
		.ctx = machine,
	};
	if (machine->wake.fd < 0)
		return false;
	loop_add(&machine->loop, &machine->wake);
	return timers_init(&machine->timers, machine);
}

/* They come first, for the clock is theirs, and get their CPUID last, when the
 * faces are there. */
static bool
vcpus_make(struct machine *machine)
{
	for (unsigned i = 0; i < machine->options.vcpus; i++) {
		machine->vcpus[i] = vcpu_make(machine, i);
		if (machine->vcpus[i] == NULL)
			return false;
		machine->vcpu_count++;
	}
	return kvm_clock(machine);
}

static bool
parts_make(struct machine *machine)
{
	for (unsigned i = 0; i < PARTS; i++) {
		void *self = all_parts[i]->make(machine);

		if (self == NULL)
			return false;
		machine->parts[machine->part_count++] = self;
	}
	return true;
}

static bool
tell(struct reply *reply, const char *what, bool good)
{
	if (!good)
		say("%s: %s", what,
		    reply->text == NULL ? "out of memory" : reply->text);
	reply_free(reply);
	return good;
}

static bool
disks_make(struct machine *machine)
{
	const struct options *options = &machine->options;

	disks_guard(machine);
	for (unsigned i = 0; i < options->disk_count; i++) {
		struct reply reply = { 0 };
		struct disk *disk = disk_open(options->disks[i], i, &reply);

		if (disk != NULL) {
			disk->next = machine->disks;
			machine->disks = disk;
		}
		if (!tell(&reply, options->disks[i],
			disk != NULL && faces_disk_add(machine, disk, &reply)))
			return false;
	}
	return true;
}

static bool
nics_make(struct machine *machine)
{
	const struct options *options = &machine->options;

	for (unsigned i = 0; i < options->nic_count; i++) {
		struct reply reply = { 0 };
		struct nic *nic = nic_open(machine, options->nics[i], i,
		    &reply);

		if (nic != NULL) {
			nic->next = machine->nics;
			machine->nics = nic;
		}
		if (!tell(&reply, options->nics[i],
			nic != NULL && faces_nic_add(machine, nic, &reply)))
			return false;
	}
	return true;
}

static bool
cpuids_set(struct machine *machine)
{
	for (unsigned i = 0; i < machine->vcpu_count; i++)
		if (!vcpu_set_cpuid(machine->vcpus[i])) {
			say("vCPU %u: KVM takes no CPUID: %s", i,
			    strerror(errno));
			return false;
		}
	return true;
}

static bool
rest_make(struct machine *machine)
{
	uint64_t rsdp;

	if (!parts_make(machine) || !faces_make(machine) ||
	    !disks_make(machine) || !nics_make(machine) ||
	    !store_load(machine) || !cpuids_set(machine))
		return false;
	rsdp = firmware_write(machine);
	return rsdp != 0 && boot_load(machine, rsdp);
}

bool
machine_make(struct machine *machine)
{
	pthread_mutexattr_t attributes;
	bool good;

	machine->kvm = machine->vm = machine->wake.fd = -1;
	machine->status = EXIT_BROKEN;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&machine->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	machine->loop.before = unlock;
	machine->loop.after = lock;
	machine->loop.ctx = machine;
	world_init(machine);
	if (!wake_make(machine)) {
		say("no descriptors: %s", strerror(errno));
		return false;
	}
	machine->status = EXIT_NO_KVM;
	if (!kvm_open(machine))
		return false;
	machine->status = EXIT_IMAGE;
	if (!memory_make(&machine->memory, machine->vm,
		machine->options.memory)) {
		say("%llu MiB of memory: %s",
		    (unsigned long long)machine->options.memory >> 20,
		    strerror(errno));
		return false;
	}
	pthread_mutex_lock(&machine->lock);
	good = vcpus_make(machine) && rest_make(machine);
	pthread_mutex_unlock(&machine->lock);
	return good;
}

int
machine_run(struct machine *machine)
{
	bool good = true;

	pthread_mutex_lock(&machine->lock);
	if (machine->options.timeout != 0)
		timers_later(&machine->timers,
		    machine->options.timeout * 1000000000ull, time_is_over,
		    machine);
	for (unsigned i = 0; i < machine->vcpu_count && good; i++)
		good = vcpu_start(machine->vcpus[i]);
	if (!good)
		machine_end(machine, EXIT_BROKEN, "it does not start");
	while (!machine->ended)
		if (!loop_once(&machine->loop, LOOP_NEVER))
			machine_end(machine, EXIT_BROKEN, "poll: %s",
			    strerror(errno));
	pthread_mutex_unlock(&machine->lock);
	return machine->status;
}

/* ---- To nothing ------------------------------------------------------- */

void
machine_free(struct machine *machine)
{
	for (unsigned i = 0; i < machine->vcpu_count; i++)
		vcpu_free(machine->vcpus[i]);
	machine->vcpu_count = 0;
	pthread_mutex_lock(&machine->lock);
	faces_free(machine);
	while (machine->nics != NULL) {
		struct nic *nic = machine->nics;

		machine->nics = nic->next;
		nic_close(nic);
	}
	while (machine->disks != NULL) {
		struct disk *disk = machine->disks;

		machine->disks = disk->next;
		disk_close(disk);
	}
	while (machine->part_count > 0) {
		machine->part_count--;
		all_parts[machine->part_count]->free(
		    machine->parts[machine->part_count]);
	}
	pthread_mutex_unlock(&machine->lock);
	timers_free(&machine->timers);
	loop_remove(&machine->wake);
	if (machine->wake.fd >= 0)
		close(machine->wake.fd);
	loop_free(&machine->loop);
	memory_free(&machine->memory);
	kvm_close(machine);
	pthread_mutex_destroy(&machine->lock);
}
