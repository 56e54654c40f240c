/* SPDX-License-Identifier: ISC */
/*
 * A program that calls the ioctls, and the transport between it and the bus.
 *
 * Its memory is an array behind made-up addresses.  After a call that fails
 * all of it is compared, byte for byte, with what it was before; after one
 * that works, by caller_result().  A lazy transport learns the addresses one
 * by one, as CUSE does.
 */
#ifndef TESTS_SUPPORT_CALLER_H
#define TESTS_SUPPORT_CALLER_H

#include "tests/support/world.h"
#include "wire/pvbus.h"

/* Addresses; below 4 GiB, for the 32-bit caller. */
#define CALLER_BASE 0x10000000ull
#define CALLER_ARG CALLER_BASE
#define CALLER_KEY (CALLER_BASE + 0x1000)
#define CALLER_VALUE (CALLER_BASE + 0x20000)
#define CALLER_SIZE 0x40000

/* structure, key, value or results, and one to spare */
#define CALLER_PIECES 4

struct caller_piece {
	bool results;
	uint64_t at;
	size_t size;
};

struct caller {
	struct world *world;
	unsigned char memory[CALLER_SIZE], before[CALLER_SIZE];
	uint64_t fault_from, fault_to; /* these addresses are bad */
	bool lazy;
	bool ilp32;
	bool read_only; /* the descriptor is not open for writing */
	bool no_bus;
	unsigned unit;

	/* what happened in the last call */
	struct pv_ioctl io;
	unsigned starts, dones;
	bool finished;
	bool structure_back; /* it was returned */
	size_t delivered;    /* bytes of results */

	struct caller_piece known[CALLER_PIECES];
	unsigned known_count;
	size_t reserved_structure, reserved;
	uint64_t reserved_at;
};

struct caller *caller_new(struct world *);
void caller_free(struct caller *);

/* The two ends of a call, for tests that act in between. */
void caller_start(struct caller *, unsigned long cmd);
/* The error; with one, nothing but results of the structure has changed. */
int caller_finish(struct caller *);
/* Both, with as much virtual time between them as it takes. */
int caller_call(struct caller *, unsigned long cmd);

/* ---- First set: numbers of the layout that the caller has. */

unsigned long caller_kvread(const struct caller *);
unsigned long caller_kvwrite(const struct caller *);
unsigned long caller_type(const struct caller *);

/* Put a request structure at CALLER_ARG. */
void caller_request(struct caller *, uint64_t keylen, uint64_t key,
    uint64_t valuelen, uint64_t value);
/* Key and value at their places, the value's room filled with '#'. */
void caller_set_key(struct caller *, const void *key, size_t len);
void caller_fill_value(struct caller *, const void *value, size_t len);
int caller_read(struct caller *, const char *key, size_t room);
int caller_write(struct caller *, const char *key, const char *value);

/* ---- Second set. */

/* Put this at CALLER_ARG; version, key and value are filled in when 0. */
void caller_kv(struct caller *, struct pvbus_kv_wire);
/* The structure as it is now. */
struct pvbus_kv_wire caller_kv_back(const struct caller *);
/* A command with a key and room; `value` is that of a PUT, or NULL. */
int caller_command(struct caller *, unsigned long cmd, const char *key,
    const void *value, size_t room);

/* The call worked, `expected` is now at `at`, and nothing else has changed. */
void caller_result(struct caller *, uint64_t at, const void *expected,
    size_t len);

#endif
