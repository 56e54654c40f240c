/* SPDX-License-Identifier: ISC */
/*
 * A whole disk of 4 MiB, written and read in pieces of any shape, with many
 * under way and answered in any order; then compared byte for byte.
 */
#ifndef TESTS_SUPPORT_TRIAL_H
#define TESTS_SUPPORT_TRIAL_H

#include "tests/support/disk.h"

#define TRIAL_SIZE (4 * MIB)

struct trial_area;

struct trial {
	struct lab *lab;
	uint8_t *host; /* the disk, as the host has it */
	struct trial_area *areas;
	unsigned char *disk; /* as it has to be */
	unsigned left, errors, queues;
	bool retried; /* errors are expected, and each is done again */
	void *owner;
};

/* On the lab's disk, whose bytes the host has there. */
struct trial *trial_new(struct lab *, uint8_t *host);
/* So many requests; `event` happens now and then while they run. */
void trial_run(struct trial *, unsigned count, void (*event)(struct trial *));
/* Both sides have the same, and the device is there. */
void trial_end(struct trial *);
uint64_t trial_dice(struct trial *, uint64_t limit);

#endif
