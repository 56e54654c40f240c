/* SPDX-License-Identifier: ISC */
/*
 * Key/value pairs of a host that says what the input says, and of a file that
 * was kept.
 * Input: how (1 byte), length of the file of pool External (2), the file, then
 * bodies of KVP messages: length (2), bytes.  Behind each body the guest looks
 * at the pools, as anybody may.
 */
#include "fuzz/fuzz.h"
#include "guest/hyperv/kvp.h"
#include "host/hyperv/devices.h"
#include "port/sim/sim.h"
#include "wire/hyperv/ic.h"

#define OLD 0x01 /* version 1.0, with addresses as text */
#define RECORD 2560u
#define MESSAGES 24u

static void
done(struct pv_kv *kv)
{
	++*(unsigned *)kv->owner;
}

/* All is at hand: each is answered at once. */
static void
request(struct pv_bus *bus, struct pv_kv *kv)
{
	unsigned answers = 0;

	kv->done = done;
	kv->owner = &answers;
	kv->deadline = PV_NEVER;
	pv_store_submit(bus, pv_bus_interface(bus, 0), kv);
	MUST(answers == 1);
	MUST(kv->len <= kv->room);
	MUST(kv->error == PV_OK || kv->len == 0);
}

/* Every name that is listed can be read, and every value is text. */
static void
look(struct pv_bus *bus)
{
	static char names[1u << 16], value[KVP_VALUE_BYTES];
	struct pv_kv list = { .op = PV_LIST,
		.flags = PV_KV_RECURSIVE,
		.key = "",
		.value = names,
		.room = sizeof(names) };

	request(bus, &list);
	MUST(list.error == PV_OK || list.error == PV_ERANGE);
	for (size_t at = 0; at < list.len;) {
		struct pv_kv read = { .op = PV_READ,
			.key = names + at,
			.keylen = strlen(names + at),
			.value = value,
			.room = sizeof(value) };

		request(bus, &read);
		/* a control character is no key for the bus, whoever made it */
		MUST(read.error == PV_OK || read.error == PV_EINVAL);
		MUST(kvp_units(value, read.len) >= 0);
		at += read.keylen + 1;
	}
}

static void
run(struct sim *sim, struct pv_bus *bus, struct sim_machine *machine,
    uint64_t time)
{
	const struct pv_port *port = sim_machine_port(machine);
	uint64_t end = sim_now(sim) + time;

	while (sim_now(sim) < end) {
		bool more = pv_bus_poll(bus, 64);
		uint64_t next = pv_bus_deadline(bus);

		if (!more)
			port->wait(port->ctx, next < end ? next : end);
	}
}

static void
message(struct host_ic *ic, const uint8_t **data, size_t *size)
{
	static struct {
		struct hv_ic header;
		uint8_t body[0x2000];
	} bytes;
	uint8_t head[2];
	size_t len;

	take(data, size, head, sizeof(head));
	len = head[0] | (size_t)(head[1] & 0x1f) << 8;
	memset(&bytes, 0, sizeof(bytes));
	bytes.header = (struct hv_ic){ .type = HV_IC_KVP,
		.size = (uint16_t)len,
		.flags = HV_IC_FLAG_TRANSACTION | HV_IC_FLAG_REQUEST };
	take(data, size, bytes.body, len < *size ? len : *size);
	(void)host_ic_raw(ic, HOST_IC_KVP, &bytes, sizeof(bytes.header) + len);
}

static void
make(struct sim_machine *machine, const uint8_t **data, size_t *size)
{
	static uint8_t file[16 * RECORD];
	struct sim_owner *owner = sim_machine_owner(machine);
	uint8_t head[2];
	size_t len;

	owner->netif_count = 1;
	owner->netifs[0] = (struct pv_netif){ .mac = { 0, 0x15, 0x5d, 1, 2, 3 },
		.addresses = 1,
		.address = { { .family = 4, .bytes = { 10, 0, 0, 1 } } } };
	take(data, size, head, sizeof(head));
	len = head[0] | (size_t)head[1] << 8;
	if (len > sizeof(file))
		len = sizeof(file);
	take(data, size, file, len);
	if (len > 0)
		sim_machine_set_pool(machine, HV_KVP_POOL_EXTERNAL, file, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		NULL };
	struct sim *sim = sim_new(1);
	const char *error;
	struct sim_machine *machine = sim_machine_new(sim, "hyperv", &error);
	struct host_ic *ic;
	struct pv_bus *bus;
	uint8_t how;

	MUST(machine != NULL);
	take(&data, &size, &how, 1);
	make(machine, &data, &size);
	ic = host_ic_new(sim_machine_hyperv(machine), 1u << HOST_IC_KVP);
	MUST(ic != NULL);
	host_ic_manners(ic, HOST_IC_KVP)->old_framework = how & OLD;
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							machine),
			       .drivers = drivers },
		 &bus) == PV_OK);
	run(sim, bus, machine, 20 * PV_MILLISECOND);
	look(bus);
	for (unsigned i = 0; i < MESSAGES && size > 0; i++) {
		message(ic, &data, &size);
		run(sim, bus, machine, 2 * PV_MILLISECOND);
		look(bus);
	}
	pv_bus_detach(bus);
	MUST(sim_machine_owner(machine)->pools[HV_KVP_POOL_EXTERNAL].size %
		    RECORD ==
		0 ||
	    sim_machine_owner(machine)->pool_writes == 0);
	MUST(sim_machine_counts(machine)->memory == 0);
	MUST(sim_machine_counts(machine)->pages == 0);
	MUST(sim_machine_counts(machine)->violations == 0);
	for (const char *c = sim_machine_log(machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(machine);
	sim_free(sim);
	return 0;
}
