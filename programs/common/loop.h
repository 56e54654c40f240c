/* SPDX-License-Identifier: ISC */
/* One thread, many descriptors: who waits for what. */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#define LOOP_NEVER UINT64_MAX

struct loop;

struct loop_source {
	struct loop_source *next;
	struct loop *loop;
	int fd; /* -1: not watched */
	short events;
	short ready; /* what poll(2) said and nobody was told yet */
	void (*call)(void *ctx, short revents);
	void *ctx;
};

struct loop {
	struct loop_source *sources;
	unsigned count;
	struct pollfd *fds; /* kept from one time to the next */
	unsigned room;
	/* around the wait itself, where others use what the calls do; NULL:
	 * nobody does */
	void (*before)(void *ctx), (*after)(void *ctx);
	void *ctx;
};

/* The source is the caller's, and stays where it is until removed. */
void loop_add(struct loop *, struct loop_source *);
void loop_remove(struct loop_source *);

/* Wait until something happens or the deadline (CLOCK_MONOTONIC, ns) comes,
 * and make the calls.  False: poll(2) failed, errno says why. */
bool loop_once(struct loop *, uint64_t deadline);
/* When there are no sources any more. */
void loop_free(struct loop *);

uint64_t loop_now(void);

#endif
