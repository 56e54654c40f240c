/* SPDX-License-Identifier: ISC */
/*
 * The virtual machine: what every part of pvhost can reach.
 *
 * One thread runs each vCPU, and one more, the main one, the loop: timers,
 * sockets, NICs and the administrator.  Everything but the run of a vCPU itself
 * happens with `lock` held: a part need not think of threads.  Parts are made
 * before the first vCPU runs, and freed after the last one has ended.
 *
 * The guest is hostile.  What it says is checked, what it can make us keep is
 * bounded, and nothing that it does reaches the machine outside but by what the
 * command line names.
 */
#ifndef PVHOST_MACHINE_H
#define PVHOST_MACHINE_H

#include <pthread.h>
#include <stdarg.h>

#include "host/bus/cpuid.h"
#include "host/bus/world.h"
#include "programs/common/loop.h"
#include "programs/pvhost/memory.h"
#include "programs/pvhost/options.h"
#include "programs/pvhost/ports.h"
#include "programs/pvhost/timers.h"

struct disk;
struct face;
struct nic;
struct outlet;
struct pci;
struct serial;
struct power;
struct vcpu;

#define MACHINE_VCPUS 8u
#define MACHINE_FACES 2u
#define MACHINE_PARTS 8u

/* Statuses of pvhost beside those that the guest gives it by its exit port and
 * 128 and a signal's number: those of sysexits(3), and of timeout(1). */
enum {
	EXIT_OFF = 0,     /* powered off, or reset */
	EXIT_USAGE = 64,  /* the command line is wrong */
	EXIT_IMAGE = 66,  /* an image or disk cannot be used */
	EXIT_NO_KVM = 69, /* there is no usable /dev/kvm */
	EXIT_BROKEN = 70, /* of pvhost or KVM: a bug */
	EXIT_CRASHED =
	    71,         /* the guest's OS has: a triple fault, or it says so */
	EXIT_TIME = 124 /* --timeout */
};

struct machine {
	struct options options;
	pthread_mutex_t lock;
	/* calls with the lock held; sources are added and removed by the main
	 * thread alone, which no vCPU's exit runs in */
	struct loop loop;
	struct timers timers;
	struct loop_source wake; /* an eventfd, for its end */
	int kvm, vm;             /* descriptors */
	bool xen_exits;          /* and lets VMCALL be ours, by KVM_XEN */
	struct memory memory;
	struct ports ports;
	struct host_world world; /* for the models; its ctx is the machine */
	struct host_cpuid cpuid; /* leaves from 0x40000000 on */
	uint64_t tsc_hz;         /* of the guest's TSC */
	uint64_t tsc_offset;     /* from ours */
	struct vcpu *vcpus[MACHINE_VCPUS];
	unsigned vcpu_count;
	struct vcpu *running; /* whose exit is being served, or NULL */
	struct face *faces[MACHINE_FACES];
	unsigned face_count;
	void *parts[MACHINE_PARTS]; /* parts.h */
	unsigned part_count;
	struct pci *pci;
	struct serial *serial;
	struct fwcfg_part *fwcfg;
	struct outlet *outlets; /* files that the guest writes to */
	struct power *power;
	struct disk *disks; /* those of the command line, and added since */
	struct nic *nics;
	/* how it ends */
	bool ended;
	int status;
};

/* The parts of a machine that is all zeroes but for its options.  False: a line
 * was said. */
bool machine_make(struct machine *);
/* Until it ends; the status. */
int machine_run(struct machine *);
void machine_free(struct machine *);

/* A line to standard error, with "pvhost: " before it. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with --verbose only. */
void say_more(const struct machine *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first call decides: vCPUs stop, the loop ends, pvhost says why and exits
 * with that status.  From any thread, with the lock held. */
void machine_end(struct machine *, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Lines of the interrupt controllers: ISA's 0 to 15 and PCI's 16 to 23. */
void machine_irq(struct machine *, unsigned line, bool level);

/* Nanoseconds by the guest's TSC, since it was 0: registers that tell time and
 * pages that do by the TSC must agree.  KVM begins it at 0 with the machine; where
 * it cannot, it is the outer one's. */
uint64_t machine_now(const struct machine *);

/* wall.c: the real time, in nanoseconds since 1970, when machine_now() was 0; it
 * moves when somebody sets the clock. */
uint64_t machine_wall(const struct machine *);

#endif
