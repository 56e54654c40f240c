/* SPDX-License-Identifier: ISC */
/*
 * A whole machine with one integration service, or dynamic memory, whose host
 * sends what the input says.
 * Input: which (1 byte: 0 to 5 as HOST_IC_…, 6 balloon), how (1), then packets:
 * type (1: 0 in-band), length (2), bytes, beginning with the pipe's header.
 */
#include "fuzz/fuzz.h"
#include "host/hyperv/devices.h"
#include "port/sim/sim.h"
#include "pvbus/guest.h"
#include "wire/hyperv/ring.h"

#define OLD 0x01          /* the oldest versions */
#define NO_NEGOTIATE 0x02 /* nothing is agreed on */
#define SLOW 0x04         /* freezing takes a while */
#define RESCIND 0x08
#define SLEEP 0x10
#define NOBODY 0x20 /* the port does nothing of what it is asked */

#define PACKETS 24u

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
packet(struct host_vmbus_device *device, const uint8_t **data, size_t *size)
{
	static uint8_t bytes[0x4000];
	struct host_vmbus_channel *channel = host_vmbus_channel(device, 0);
	uint8_t head[3];
	size_t len;

	take(data, size, head, sizeof(head));
	len = head[1] | (size_t)(head[2] & 0x3f) << 8;
	if (len > *size)
		len = *size;
	take(data, size, bytes, len);
	if (channel == NULL)
		return;
	(void)host_vmbus_send(channel,
	    &(struct host_vmbus_packet){ .type = head[0] == 0 ? HV_PACKET_INBAND
							      : head[0],
		.id = len,
		.data = bytes,
		.len = len });
	host_vmbus_sent(channel);
}

static struct host_vmbus_device *
offer(struct host_hyperv *host, unsigned which, unsigned how)
{
	struct host_balloon *balloon;
	struct host_ic *ic;

	if (which == HOST_IC_COUNT) {
		balloon = host_balloon_new(host);
		MUST(balloon != NULL);
		return host_balloon_device(balloon);
	}
	ic = host_ic_new(host, 1u << which);
	MUST(ic != NULL);
	host_ic_manners(ic, which)->old_framework = how & OLD;
	host_ic_manners(ic, which)->no_negotiate = how & NO_NEGOTIATE;
	return host_ic_device(ic, which);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pv_driver *const drivers[] = { &pv_hyperv_driver,
		NULL };
	struct sim *sim = sim_new(1);
	const char *error;
	struct sim_machine *machine = sim_machine_new(sim, "hyperv", &error);
	struct host_vmbus_device *device;
	struct pv_bus *bus;
	uint8_t head[2];

	MUST(machine != NULL);
	take(&data, &size, head, sizeof(head));
	if (head[1] & NOBODY) {
		sim_machine_own_port(machine)->freeze = NULL;
		sim_machine_own_port(machine)->request = NULL;
		sim_machine_own_port(machine)->time = NULL;
	}
	if (head[1] & SLOW)
		sim_machine_owner(machine)->freeze_again = 20;
	device = offer(sim_machine_hyperv(machine),
	    head[0] % (HOST_IC_COUNT + 1), head[1]);
	MUST(pv_bus_attach(&(struct pv_bus_config){ .port = sim_machine_port(
							machine),
			       .drivers = drivers },
		 &bus) == PV_OK);
	run(sim, bus, machine, 20 * PV_MILLISECOND);
	for (unsigned i = 0; i < PACKETS && size > 0; i++) {
		packet(device, &data, &size);
		run(sim, bus, machine, 2 * PV_MILLISECOND);
	}
	if (head[1] & SLEEP)
		(void)pv_bus_suspend(bus);
	if (head[1] & RESCIND)
		host_vmbus_rescind(device);
	run(sim, bus, machine, 2 * PV_SECOND);
	pv_bus_detach(bus);
	MUST(!sim_machine_owner(machine)->frozen);
	MUST(sim_machine_counts(machine)->memory == 0);
	MUST(sim_machine_counts(machine)->pages == 0);
	MUST(sim_machine_counts(machine)->violations == 0);
	MUST(host_hyperv_counts(sim_machine_hyperv(machine))->refused == 0);
	MUST(host_hyperv_counts(sim_machine_hyperv(machine))->violations == 0);
	for (const char *c = sim_machine_log(machine); *c != '\0'; c++)
		MUST(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
	sim_machine_free(machine);
	sim_free(sim);
	return 0;
}
