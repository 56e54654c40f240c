/* SPDX-License-Identifier: ISC */
#ifndef PORT_SIM_PRIVATE_H
#define PORT_SIM_PRIVATE_H

#include "host/bus/world.h"
#include "port/sim/sim.h"

struct run;

struct sim_machine {
	struct sim *sim;
	struct pv_port port;
	struct host_world world;
	struct host_cpuid cpuid;
	struct host_fwcfg *fwcfg;

	struct run *runs; /* of pages, those freed too */
	uint64_t next_physical;
	bool pages_fail;
	unsigned alloc_fail; /* countdown */
	struct sim_counts counts;

	char *log;
	size_t log_len;
	void (*on_log)(void *, enum pv_log, const char *);
	void *on_log_ctx;
};

/* clock.c */
void sim_later(struct sim *, uint64_t delay, const void *owner,
    void (*call)(void *), void *argument);
void sim_forget(struct sim *, const void *owner);

/* memory.c */
void memory_init(struct sim_machine *);
void memory_free(struct sim_machine *);

#endif
