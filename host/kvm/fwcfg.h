/* SPDX-License-Identifier: ISC */
/*
 * fw_cfg as QEMU has it: selector, data port, DMA, and a directory of files.
 *
 * The model can be told to misbehave; each way is one that a guest has to
 * survive, and none happens unless asked for.
 */
#ifndef HOST_KVM_FWCFG_H
#define HOST_KVM_FWCFG_H

#include "host/bus/world.h"

struct host_fwcfg;

/* How a DMA transfer ends. */
enum host_dma {
	HOST_DMA_AT_ONCE, /* before the OUT returns, as in QEMU */
	HOST_DMA_LATER,   /* after `dma_delay` */
	HOST_DMA_NEVER,
	HOST_DMA_FAILS
};

struct host_fwcfg_manners {
	bool no_dma; /* the feature bit is clear */
	bool absent; /* all ones on every port */
	enum host_dma dma;
	uint64_t dma_delay;
	unsigned dma_after; /* this many transfers go well first */
};

/* NULL when out of memory. */
struct host_fwcfg *host_fwcfg_new(const struct host_world *);
void host_fwcfg_free(struct host_fwcfg *);

struct host_fwcfg_manners *host_fwcfg_manners(struct host_fwcfg *);

/* Add or replace a file; the bytes are copied.  False: no memory, no selector
 * left, or a name that does not fit in 55 characters. */
bool host_fwcfg_add(struct host_fwcfg *, const char *name, const void *bytes,
    size_t size);

/* A file whose bytes are made anew each time that it is selected. */
bool host_fwcfg_add_live(struct host_fwcfg *, const char *name, size_t size,
    void (*make)(void *ctx, char *bytes, size_t size), void *ctx);

/* The bytes of a file, as they are now; NULL: there is none of that name. */
const void *host_fwcfg_find(const struct host_fwcfg *, const char *name,
    size_t *size);
/* The n-th file's name; NULL past the last one. */
const char *host_fwcfg_name(const struct host_fwcfg *, unsigned n);

/* What the directory reads as, instead of the true one; bytes are copied. */
bool host_fwcfg_set_directory(struct host_fwcfg *, const void *bytes,
    size_t size);

/* The ports; values as an x86 guest sees them.  False: not a port of ours. */
bool host_fwcfg_in(struct host_fwcfg *, uint16_t port, unsigned width,
    uint32_t *value);
bool host_fwcfg_out(struct host_fwcfg *, uint16_t port, unsigned width,
    uint32_t value);

#endif
