/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "port/sim/sim_private.h"

/* So large that most of it may never be touched. */
#define LARGE (64 * PV_PAGE_SIZE)

/* From the system: a page costs nothing before it is used, and who runs over an
 * end is caught there, with or without sanitizers. */
static unsigned char *
guarded_new(size_t size)
{
	unsigned char *all = mmap(NULL, size + 2 * PV_PAGE_SIZE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (all == MAP_FAILED ||
	    mprotect(all + PV_PAGE_SIZE, size, PROT_READ | PROT_WRITE) != 0)
		abort();
	return all + PV_PAGE_SIZE;
}

unsigned char *
pages_new(size_t size)
{
	unsigned char *bytes;

	if (size >= LARGE)
		return guarded_new(size);
	bytes = aligned_alloc(PV_PAGE_SIZE, size);
	if (bytes == NULL)
		abort();
	return memset(bytes, 0, size);
}

void
pages_drop(unsigned char *bytes, size_t size)
{
	if (size >= LARGE)
		munmap(bytes - PV_PAGE_SIZE, size + 2 * PV_PAGE_SIZE);
	else
		free(bytes);
}
