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
	/* The same by an address as the running vCPU would use it: arguments
	 * of hypercalls. */
	bool (*read_linear)(void *ctx, uint64_t address, void *to, size_t size);
	bool (*write_linear)(void *ctx, uint64_t address, const void *from,
	    size_t size);
	/* Guest memory itself, until the guest's memory map changes; within one
	 * page.  NULL: not the guest's.  For words that both sides change, and
	 * to be asked for anew each time. */
	void *(*map)(void *ctx, uint64_t address, size_t size);
	/* Let a vector arrive on a vCPU, soon, and never from in here. */
	void (*interrupt)(void *ctx, unsigned vcpu, uint8_t vector);
	/* Optional: make whole pages of memory where the guest has none; false:
	 * they cannot be there. */
	bool (*populate)(void *ctx, uint64_t address, size_t size);
	/* Optional: no call that was asked for with this argument comes any
	 * more.  For what a guest may set anew any number of times. */
	void (*forget)(void *ctx, const void *argument);
	/* A number below `limit`, of the world's seed. */
	uint64_t (*random)(void *ctx, uint64_t limit);
};

#endif
