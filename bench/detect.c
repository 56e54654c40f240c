/* SPDX-License-Identifier: ISC */
/* The whole scan on this machine, against one CPUID instruction. */
#include <stdio.h>

#include "bench/clock.h"
#include "port/linux/linux.h"
#include "pvbus/guest.h"

#define ROUNDS 300

static uint64_t scans[ROUNDS], leaves[ROUNDS];

int
main(void)
{
	struct linux_port *linux_port = linux_port_new(
	    &(struct linux_port_config){ 0 });
	const struct pv_port *port = linux_port_table(linux_port);
	struct pv_detection detection;
	struct pv_cpuid regs;
	uint64_t start, scan, leaf;

	if (port->cpuid == NULL) {
		puts("this CPU has no CPUID");
		return 77;
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		start = nanoseconds();
		port->cpuid(port->ctx, 1, 0, &regs);
		leaves[i] = nanoseconds() - start;
		start = nanoseconds();
		pv_detect(port, &detection);
		scans[i] = nanoseconds() - start;
	}
	leaf = median(leaves, ROUNDS);
	scan = median(scans, ROUNDS);
	printf("%-24s %8.2f us\n", "one CPUID", (double)leaf / 1000);
	printf("%-24s %8.2f us  %5.1f x that, %u interfaces\n",
	    "the whole scan", (double)scan / 1000, (double)scan / (double)leaf,
	    detection.count);
	linux_port_free(linux_port);
	return 0;
}
