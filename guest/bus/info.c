/* SPDX-License-Identifier: ISC */
/* PVBUSIOC_INFO: what there is to know of an interface, a line each. */
#include "guest/bus/bus_private.h"
#include "guest/bus/format.h"
#include "guest/bus/libc.h"

struct text {
	char *to;
	size_t room, len;
};

static void add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct text *text, const char *format, ...)
{
	char line[192];
	va_list args;
	size_t len;

	va_start(args, format);
	len = pv_vformat(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[len++] = '\n';
	if (text->len <= text->room && len <= text->room - text->len)
		memcpy(text->to + text->len, line, len);
	text->len += len;
}

static void
add_operations(struct text *text, const struct pv_store *store)
{
	static const char *const names[] = { "read", "write", "list", "remove",
		"watch" };
	char line[64];
	size_t len = 0;

	for (unsigned op = 0; op < sizeof(names) / sizeof(names[0]); op++) {
		bool polled = op == PV_WATCH && (store->ops & 1u << PV_READ);

		if ((store->ops & 1u << op) || polled)
			len += pv_format(line + len, sizeof(line) - len, " %s",
			    names[op]);
	}
	line[len] = '\0';
	add(text, "operations%s", line);
}

size_t
bus_info(const struct pv_bus *bus, const struct pv_interface *interface,
    char *to, size_t room)
{
	struct text text = { .to = to, .room = room };

	add(&text, "abi 1");
	if (bus->machine != NULL)
		add(&text, "machine %s", bus->machine);
	add(&text, "interface %s", interface->name);
	if (interface->has_version)
		add(&text, "version %u.%u", interface->major, interface->minor);
	add(&text, "base 0x%x", interface->base);
	add(&text, "features 0x%x", interface->features);
	if (interface->store != NULL) {
		add(&text, "store %s", interface->store->name);
		add_operations(&text, interface->store);
	}
	add(&text, "bus %s", bus->line);
	for (const struct pv_device *device = bus->devices; device != NULL;
	     device = device->next)
		if (device->interface == interface)
			add(&text, "device %s", device->line);
	return text.len;
}
