/* SPDX-License-Identifier: ISC */
/* What a host model needs of the world around it: time, and the guest's
 * memory.  port/sim and a VMM each provide one. */
#ifndef HOST_BUS_WORLD_H
#define HOST_BUS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_world {
	void *ctx;
	/* nanoseconds, monotonic */
	uint64_t (*now)(void *ctx);
	/* call back once, `delay` nanoseconds from now, never from in here */
	void (*later)(void *ctx, uint64_t delay, void (*call)(void *),
	    void *argument);
	/* guest memory by physical address; false: not the guest's */
	bool (*read)(void *ctx, uint64_t address, void *to, size_t size);
	bool (
	    *write)(void *ctx, uint64_t address, const void *from, size_t size);
};

#endif
