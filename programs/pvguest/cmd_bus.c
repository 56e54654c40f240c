/* SPDX-License-Identifier: ISC */
/* Commands about the bus and its devices. */
#include "programs/pvguest/pvguest.h"

int
cmd_dmesg(int argc, char **argv)
{
	size_t len;
	const char *text = bare_log(&len);

	(void)argc;
	(void)argv;
	bare_write(text, len);
	return STATUS_OK;
}

static int
no_bus(const char *command)
{
	return fail(STATUS_MISSING, "%s: expected a hypervisor, found none",
	    command);
}

int
cmd_devices(int argc, char **argv)
{
	static const char *const states[] = { "attached", "held",
		"not configured", "broken" };
	const struct pv_device *device;

	(void)argc;
	(void)argv;
	if (guest_bus() == NULL)
		return no_bus("devices");
	bare_printf("%s\n", pv_bus_line(guest_bus()));
	for (device = pv_bus_devices(guest_bus()); device != NULL;
	     device = device->next) {
		unsigned depth = 1;

		for (const struct pv_device *up = device->parent; up != NULL;
		     up = up->parent)
			depth++;
		bare_printf("%*s%s: %s\n", (int)(2 * depth), "",
		    device->line[0] != '\0' ? device->line : device->name,
		    states[device->state]);
	}
	return STATUS_OK;
}

static void
print_stats(const struct pv_device *device)
{
	const struct pv_stats *stats = &device->stats;
	const struct {
		const char *name;
		uint64_t value;
	} all[] = {
		{ "requests", stats->requests },
		{ "bytes", stats->bytes },
		{ "exits", stats->exits },
		{ "copies", stats->copies },
		{ "hypercalls", stats->hypercalls },
		{ "signals", stats->signals },
		{ "elided", stats->elided },
		{ "events", stats->events },
		{ "spurious", stats->spurious },
		{ "grants", stats->grants },
		{ "slots", stats->slots },
		{ "published", stats->published },
		{ "stalls", stats->stalls },
		{ "bad_length", stats->bad_length },
		{ "bad_text", stats->bad_text },
		{ "bad_duplicate", stats->bad_duplicate },
		{ "bad_state", stats->bad_state },
		{ "bad_index", stats->bad_index },
		{ "bad_id", stats->bad_id },
		{ "bad_value", stats->bad_value },
		{ "held", stats->held },
	};

	bare_printf("%s:", device->name);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].value != 0)
			bare_printf(" %s %lu", all[i].name, all[i].value);
	bare_printf("\n");
}

int
cmd_stats(int argc, char **argv)
{
	const struct pv_device *device;
	bool any = false;

	if (guest_bus() == NULL)
		return no_bus("stats");
	for (device = pv_bus_devices(guest_bus()); device != NULL;
	     device = device->next) {
		if (argc > 1 && !same(device->name, argv[1]))
			continue;
		any = true;
		print_stats(device);
	}
	if (!any && argc > 1)
		return fail(STATUS_MISSING,
		    "stats: expected a device, %s is "
		    "none",
		    argv[1]);
	return STATUS_OK;
}

int
cmd_again(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	if (guest_bus() == NULL)
		return no_bus("again");
	guest_again();
	return guest_bus() != NULL ? STATUS_OK : STATUS_FAILED;
}

int
cmd_suspend(int argc, char **argv)
{
	const struct pv_port *port = bare_port();

	(void)argc;
	(void)argv;
	if (guest_bus() == NULL)
		return no_bus("suspend");
	port->request(port->ctx, PV_REQUEST_SUSPEND, NULL);
	guest_poll();
	return STATUS_OK;
}
