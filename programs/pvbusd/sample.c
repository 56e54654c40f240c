/* SPDX-License-Identifier: ISC */
/* What the host of a simulated machine has in its store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/sim/sim.h"
#include "programs/pvbusd/machine.h"

/* What every guest gets; of OpenBSD's vmd no more than this. */
static const struct {
	const char *name, *value;
} usual[] = {
	{ "bootorder", "/pci@i0cf8/ide@1,1/drive@0/disk@0" },
	{ "etc/screen-and-debug", "" },
};

static const struct {
	const char *name, *value;
} samples[] = {
	{ "opt/org.example/greeting", "hello from the host" },
	{ "opt/org.example/net/address", "192.0.2.7" },
	{ "opt/org.example/net/gateway", "192.0.2.1" },
	{ "opt/io.systemd.credentials/motd", "a credential by fw_cfg" },
};

static const char *const sample_oem[] = {
	"org.example.role=database",
	"io.systemd.credential:colour=blue",
	"io.systemd.credential.binary:key=c2VjcmV0IGJ5dGVzAAE=",
};

#define CLOCK "opt/org.example/clock"
#define CLOCK_SIZE 12

/* A file that changes, so that there is something to watch. */
static void
make_clock(void *ctx, char *bytes, size_t size)
{
	unsigned seconds = (unsigned)(sim_now(ctx) / PV_SECOND);
	char text[CLOCK_SIZE + 1];

	snprintf(text, sizeof(text), "%*u s", CLOCK_SIZE - 2, seconds);
	memcpy(bytes, text, size);
}

static bool
add_text(struct host_fwcfg *fwcfg, const char *name, const char *value)
{
	return host_fwcfg_add(fwcfg, name, value, strlen(value));
}

static bool
fill_from_samples(struct sim_machine *machine, struct sim *sim)
{
	struct host_fwcfg *fwcfg = sim_machine_fwcfg(machine);

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		if (!add_text(fwcfg, samples[i].name, samples[i].value))
			return false;
	return host_fwcfg_add_live(fwcfg, CLOCK, CLOCK_SIZE, make_clock, sim) &&
	    sim_machine_set_oem(machine, sample_oem,
		sizeof(sample_oem) / sizeof(sample_oem[0]));
}

static bool
fill_from_config(struct sim_machine *machine, const struct config *config)
{
	struct host_fwcfg *fwcfg = sim_machine_fwcfg(machine);
	const char **strings;
	size_t count = 0;
	bool good = true;

	for (const struct config_item *item = config->items; item != NULL;
	     item = item->next)
		if (item->where == CONFIG_OEM)
			count++;
		else if (item->where == CONFIG_FWCFG &&
		    !host_fwcfg_add(fwcfg, item->name, item->bytes, item->size))
			return false;
	strings = calloc(count + 1, sizeof(*strings));
	if (strings == NULL)
		return false;
	count = 0;
	for (const struct config_item *item = config->items; item != NULL;
	     item = item->next)
		if (item->where == CONFIG_OEM)
			strings[count++] = item->bytes;
	if (count > 0)
		good = sim_machine_set_oem(machine, strings, count);
	free(strings);
	return good;
}

static bool
fill_fwcfg(struct sim_machine *machine, struct sim *sim, const char *faces,
    const struct config *config)
{
	struct host_fwcfg *fwcfg = sim_machine_fwcfg(machine);

	if (fwcfg == NULL)
		return true;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!add_text(fwcfg, usual[i].name, usual[i].value))
			return false;
	if (strcmp(faces, "vmm") == 0)
		return true;
	if (config->items != NULL)
		return fill_from_config(machine, config);
	return fill_from_samples(machine, sim);
}

bool
sample_fill(struct sim_machine *machine, struct sim *sim, const char *faces,
    const struct config *config)
{
	struct host_xen *xen = sim_machine_xen(machine);
	struct host_vmware *vmware = sim_machine_vmware(machine);

	return fill_fwcfg(machine, sim, faces, config) &&
	    (xen == NULL || sample_fill_xen(xen, config)) &&
	    (vmware == NULL || sample_fill_vmware(vmware, config));
}
