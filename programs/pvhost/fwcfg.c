/* SPDX-License-Identifier: ISC */
/* fw_cfg, for the faces that have it: QEMU's guests and OpenBSD's vmd's find
 * their files there. */
#include <stdlib.h>
#include <string.h>

#include "host/kvm/fwcfg.h"
#include "programs/pvhost/file.h"
#include "programs/pvhost/fwcfg.h"
#include "programs/pvhost/parts.h"
#include "wire/fwcfg.h"

struct fwcfg_part {
	struct machine *machine;
	struct host_fwcfg *model; /* NULL: no face of this machine has it */
	struct port_range range;
};

static const struct manner fields[] = {
	MANNER(struct host_fwcfg_manners, no_dma, MANNER_BOOL),
	MANNER(struct host_fwcfg_manners, absent, MANNER_BOOL),
	MANNER(struct host_fwcfg_manners, dma, MANNER_INT),
	MANNER(struct host_fwcfg_manners, dma_delay, MANNER_U64),
	MANNER(struct host_fwcfg_manners, dma_after, MANNER_U32),
};

static uint32_t
port_in(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width)
{
	struct fwcfg_part *part = ctx;
	uint32_t value = 0xffffffff;

	(void)vcpu;
	(void)host_fwcfg_in(part->model, port, width, &value);
	return value;
}

static void
port_out(void *ctx, struct vcpu *vcpu, uint16_t port, unsigned width,
    uint32_t value)
{
	struct fwcfg_part *part = ctx;

	(void)vcpu;
	(void)host_fwcfg_out(part->model, port, width, value);
}

struct host_fwcfg *
fwcfg_model(const struct machine *machine)
{
	return machine->fwcfg != NULL ? machine->fwcfg->model : NULL;
}

bool
fwcfg_set(struct machine *machine, const char *name, const void *bytes,
    size_t size)
{
	struct fwcfg_part *part = machine->fwcfg;

	return part != NULL && part->model != NULL &&
	    host_fwcfg_add(part->model, name, bytes, size);
}

bool
fwcfg_manners(struct machine *machine, struct manners *manners)
{
	struct fwcfg_part *part = machine->fwcfg;

	if (part == NULL || part->model == NULL)
		return false;
	*manners = (struct manners){ host_fwcfg_manners(part->model), fields,
		sizeof(fields) / sizeof(fields[0]) };
	return true;
}

/* ---- --fwcfg ---------------------------------------------------------- */

static bool
add(struct fwcfg_part *part, const char *name, const void *bytes, size_t size)
{
	if (host_fwcfg_add(part->model, name, bytes, size))
		return true;
	say("--fwcfg %s: there are too many files, or out of memory", name);
	return false;
}

static bool
add_file(struct fwcfg_part *part, const char *name, const char *path)
{
	const char *problem;
	size_t size;
	char *bytes = file_read(path, &size, &problem);
	bool good;

	if (bytes == NULL) {
		say("--fwcfg %s: %s: %s", name, path, problem);
		return false;
	}
	good = add(part, name, bytes, size);
	free(bytes);
	return good;
}

/* "NAME=FILE" or "NAME=text:TEXT", as options_parse() has checked. */
static bool
add_words(struct fwcfg_part *part, const char *words)
{
	char name[FWCFG_NAME_SIZE] = "";
	size_t length = strcspn(words, "=");
	const char *what = words + length + 1;

	memcpy(name, words, length);
	if (strncmp(what, "text:", 5) == 0)
		return add(part, name, what + 5, strlen(what + 5));
	return add_file(part, name, what);
}

/* ---- Making ----------------------------------------------------------- */

static bool
model_make(struct fwcfg_part *part)
{
	struct machine *machine = part->machine;

	part->model = host_fwcfg_new(&machine->world);
	if (part->model == NULL) {
		say("fw_cfg: out of memory");
		return false;
	}
	part->range = (struct port_range){
		.first = FWCFG_PORT_SELECTOR,
		.last = FWCFG_PORT_DMA_LOW + 3,
		.ctx = part,
		.in = port_in,
		.out = port_out,
	};
	ports_add(&machine->ports, &part->range);
	for (unsigned i = 0; i < machine->options.fwcfg_count; i++)
		if (!add_words(part, machine->options.fwcfg[i]))
			return false;
	return true;
}

static void
fwcfg_free(void *self)
{
	struct fwcfg_part *part = self;

	part->machine->fwcfg = NULL;
	if (part->model != NULL) {
		ports_remove(&part->machine->ports, &part->range);
		/* a transfer that misbehaves ends later */
		timers_forget(&part->machine->timers, part->model);
		host_fwcfg_free(part->model);
	}
	free(part);
}

static void *
fwcfg_make(struct machine *machine)
{
	struct fwcfg_part *part = calloc(1, sizeof(*part));
	bool has = options_show(&machine->options, "kvm") ||
	    options_show(&machine->options, "vmm");

	if (part == NULL) {
		say("fw_cfg: out of memory");
		return NULL;
	}
	part->machine = machine;
	if (machine->options.fwcfg_count > 0 && !has)
		say("--fwcfg: expected the face kvm or vmm, which have it; "
		    "this one has not");
	if ((machine->options.fwcfg_count > 0 && !has) ||
	    (has && !model_make(part))) {
		fwcfg_free(part);
		return NULL;
	}
	machine->fwcfg = part;
	return part;
}

const struct part part_fwcfg = { "fwcfg", fwcfg_make, fwcfg_free };
