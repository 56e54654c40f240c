/* SPDX-License-Identifier: ISC */
/*
 * A whole machine whose fw_cfg host says what the input says.
 * Input: how the host behaves (1 byte), transfers that go well first (1), size
 * of the directory (2), the directory, then the bytes of a file and of the
 * SMBIOS table.
 */
#include "fuzz/fuzz.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"
#include "wire/fwcfg.h"

#define NO_DMA 0x04
#define NO_STRING 0x08
#define TOO_LATE 0x10 /* longer than the driver waits */

static void
done(struct pv_kv *kv)
{
	++*(unsigned *)kv->owner;
}

/* Runs one request to its end, which must come. */
static void
request(struct sim *sim, struct pv_bus *bus, struct pv_kv *kv)
{
	unsigned answers = 0;

	kv->done = done;
	kv->owner = &answers;
	kv->deadline = sim_now(sim) + 20 * PV_SECOND;
	pv_store_submit(bus, pv_bus_interface(bus, 0), kv);
	for (unsigned i = 0; answers == 0 && i < 200; i++) {
		pv_bus_poll(bus, 64);
		sim_advance(sim, sim_now(sim) + PV_SECOND / 4);
	}
	MUST(answers == 1);
	MUST(kv->error <= 0);
	MUST(kv->len <= kv->room);
	if (kv->error != PV_OK)
		MUST(kv->len == 0 || kv->error == PV_OK);
}

/* List all, then read the first names of the list. */
static void
use(struct sim *sim, struct pv_bus *bus)
{
	static char names[4096], value[4096];
	struct pv_kv list = { .op = PV_LIST,
		.flags = PV_KV_RECURSIVE,
		.key = "",
		.value = names,
		.room = sizeof(names) };

	request(sim, bus, &list);
	for (size_t at = 0, n = 0; at < list.len && n < 8; n++) {
		struct pv_kv read = { .op = PV_READ,
			.key = names + at,
			.keylen = strlen(names + at),
			.value = value,
			.room = sizeof(value) };

		MUST(read.keylen > 0);
		request(sim, bus, &read);
		MUST(read.error != PV_ENOENT);
		at += read.keylen + 1;
	}
}

static void
make_host(struct sim_machine *machine, const uint8_t *data, size_t size)
{
	struct host_fwcfg *fwcfg = sim_machine_fwcfg(machine);
	struct host_fwcfg_manners *manners = host_fwcfg_manners(fwcfg);
	uint8_t head[4];
	size_t directory;

	take(&data, &size, head, sizeof(head));
	manners->dma = head[0] & 3;
	manners->no_dma = head[0] & NO_DMA;
	manners->dma_delay = head[0] & TOO_LATE ? 6 * PV_SECOND
						: 7 * PV_MILLISECOND;
	manners->dma_after = head[1];
	if (head[0] & NO_STRING)
		sim_machine_own_port(machine)->io_read_string = NULL;
	directory = head[2] | (size_t)head[3] << 8;
	if (directory > size)
		directory = size;
	MUST(host_fwcfg_add(fwcfg, "opt/file", data + directory,
	    size - directory));
	MUST(host_fwcfg_add(fwcfg, FWCFG_FILE_SMBIOS, data + directory,
	    size - directory));
	if (directory > 0)
		MUST(host_fwcfg_set_directory(fwcfg, data, directory));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_driver *const drivers[] = { &pv_fwcfg_driver,
		&pv_smbios_driver, NULL };
	struct sim *sim = sim_new(size);
	const char *error;
	struct sim_machine *machine = sim_machine_new(sim, "kvm", &error);
	struct pv_bus *bus;

	MUST(machine != NULL);
	make_host(machine, data, size);
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							machine),
			       .drivers = drivers },
		 &bus) == PV_OK);
	if (pv_bus_interface(bus, 0)->store != NULL)
		use(sim, bus);
	pv_bus_detach(bus);
	MUST(sim_machine_counts(machine)->memory == 0);
	MUST(sim_machine_counts(machine)->violations == 0);
	for (const char *c = sim_machine_log(machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(machine);
	sim_free(sim);
	return 0;
}
