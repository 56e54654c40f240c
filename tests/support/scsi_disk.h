/* SPDX-License-Identifier: ISC */
/*
 * A simulated machine with a storage controller of Hyper-V, for cmocka tests:
 * the host's side of it, the bus, hvs0 on it, and sd0 as the disk of the lab.
 * Requests and time are those of tests/support/disk.h.
 */
#ifndef TESTS_SUPPORT_SCSI_DISK_H
#define TESTS_SUPPORT_SCSI_DISK_H

#include "guest/hyperv/hvs.h"
#include "host/hyperv/devices.h"
#include "tests/support/disk.h"
#include "tests/support/hyperv.h"

struct scsi {
	struct lab lab; /* first */
	struct partition partition;
	struct host_storvsp *stor;
	struct pv_device *device; /* hvs0 */
	struct hvs *hvs;
	/* of the machine that is made next: each signal is a hypercall */
	bool no_monitor;
};

int scsi_setup(void **state);
/* Detaches; nothing may be lent, allocated or mapped any more. */
int scsi_teardown(void **state);
#define scsi_test(f) \
	cmocka_unit_test_setup_teardown(f, scsi_setup, scsi_teardown)

/* The machine with so many CPUs, and the controller as `config` has it (NULL:
 * the usual one), with no disk. */
void scsi_machine(struct scsi *, unsigned cpus,
    const struct host_storvsp_config *);
/* A disk; of 4 MiB if it has no size. */
void scsi_disk(struct scsi *, const struct host_lun_config *, bool tell);
int scsi_attach_bus(struct scsi *);
/* Attach the bus and find hvs0. */
void scsi_attach(struct scsi *);
/* All of these with one CPU and one disk, and wait for sd0. */
void scsi_start(struct scsi *, const struct host_lun_config *);
/* The same on so many CPUs, all started, and with so many channels. */
void scsi_start_channels(struct scsi *, unsigned cpus, unsigned channels);

/* Until it is there, and in use. */
void scsi_use(struct scsi *, const char *name);
bool scsi_has(struct scsi *, const char *name);
/* Until it is not. */
void scsi_wait_gone(struct scsi *, const char *name);
/* Until the controller is out of use, for this reason. */
void scsi_is_broken(struct scsi *, const char *why);
/* On that CPU. */
void scsi_cpu(struct scsi *, unsigned cpu);

/* A disk's bytes at the host, of target 0 and LUN 0. */
uint8_t *scsi_bytes(struct scsi *);
/* Reads and writes of several sizes, compared on both sides. */
void scsi_works(struct scsi *);

#endif
