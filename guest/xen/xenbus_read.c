/* SPDX-License-Identifier: ISC */
/* Values that a driver reads, all at once. */
#include "guest/bus/libc.h"
#include "guest/xen/xenbus_private.h"

/* Nothing here points to what belongs to the driver: it may be gone, by a
 * detach of the bus, when an answer comes. */
struct item {
	struct xs_request request;
	struct xenbus_reading *reading;
	char path[sizeof(((struct xenbus_device *)NULL)->backend) +
	    sizeof(((struct xenbus_value *)NULL)->key)];
};

struct xenbus_reading {
	struct xenbus_reading *next;
	struct xenbus_node *node;
	struct xenbus_read *read;
	unsigned count, left;
	int error;
	size_t size;
	struct item items[];
};

static void
answer(struct xenbus_node *node, struct xenbus_read *read, int error)
{
	if (xenbus_node_driver(node) == NULL)
		return;
	read->error = error;
	read->done(read);
}

static void
end(struct xenbus_reading *reading, int error)
{
	struct xenbus_node *node = reading->node;
	struct xenbus_reading **link = &node->readings;
	struct xenbus_read *read = reading->read;
	struct pv_bus *bus = node->bus->xen->bus;

	while (*link != reading)
		link = &(*link)->next;
	*link = reading->next;
	for (unsigned i = 0; i < reading->count; i++)
		xs_cancel(xenbus_xs(node->bus), &reading->items[i].request);
	pv_free(bus, reading, reading->size);
	answer(node, read, error);
}

/* What the owner sees is a text, or nothing. */
static void
take(struct xenbus_node *node, struct xenbus_value *value,
    const struct xs_request *request)
{
	struct pv_stats *stats = node->bus->xen->stats;

	if (node->device.device != NULL)
		stats = &xenbus_node_device(node)->stats;
	if (request->length >= sizeof(value->text)) {
		stats->bad_length++;
		return;
	}
	for (size_t i = 0; i < request->length; i++)
		if (request->reply[i] < 0x20 || request->reply[i] > 0x7e) {
			stats->bad_text++;
			return;
		}
	memcpy(value->text, request->reply, request->length);
	value->text[request->length] = '\0';
	value->there = true;
}

/* Whether all the others fail in this way, too. */
static bool
is_ours(int error)
{
	return error == PV_ETIMEDOUT || error == PV_EPROTO ||
	    error == PV_EAGAIN || error == PV_ENOMEM || error == PV_ENODEV;
}

static void
item_done(struct xs_request *request)
{
	struct item *item = request->owner;
	struct xenbus_reading *reading = item->reading;
	size_t index = (size_t)(item - reading->items);

	if (request->error == PV_OK &&
	    xenbus_node_driver(reading->node) != NULL)
		take(reading->node, &reading->read->values[index], request);
	else if (is_ours(request->error))
		reading->error = request->error;
	if (--reading->left == 0)
		end(reading, reading->error);
}

static int
submit(struct xenbus_reading *reading, unsigned index)
{
	struct xenbus_device *device = &reading->node->device;
	struct xenbus_value *value = &reading->read->values[index];
	struct item *item = &reading->items[index];

	if (!xenbus_path(item->path, sizeof(item->path),
		value->end == XENBUS_FRONT ? device->node : device->backend,
		value->key))
		return PV_EMSGSIZE;
	item->reading = reading;
	item->request = (struct xs_request){
		.type = XEN_STORE_READ,
		.parts = { { item->path, strlen(item->path) + 1 } },
		.done = item_done,
		.owner = item,
	};
	return xs_submit(xenbus_xs(reading->node->bus), &item->request);
}

/* The answer is given in the next poll, as that of any other. */
static void
refuse(struct xenbus_node *node, struct xenbus_read *read, int error)
{
	struct xenbus_read **link = &node->unread;

	read->error = error;
	read->next = NULL;
	while (*link != NULL)
		link = &(*link)->next;
	*link = read;
}

void
xenbus_read(struct xenbus_device *device, struct xenbus_read *read)
{
	struct xenbus_node *node = xenbus_node(device);
	size_t size = sizeof(struct xenbus_reading) +
	    read->count * sizeof(struct item);
	struct xenbus_reading *reading;

	read->device = device;
	for (unsigned i = 0; i < read->count; i++) {
		read->values[i].there = false;
		read->values[i].text[0] = '\0';
	}
	if (node->vanished || read->count == 0) {
		refuse(node, read, node->vanished ? PV_ENODEV : PV_OK);
		return;
	}
	reading = pv_alloc(node->bus->xen->bus, size);
	if (reading == NULL) {
		refuse(node, read, PV_ENOMEM);
		return;
	}
	reading->node = node;
	reading->read = read;
	reading->size = size;
	reading->count = read->count;
	reading->next = node->readings;
	node->readings = reading;
	for (unsigned i = 0; i < read->count; i++) {
		int error = submit(reading, i);

		if (error == PV_OK)
			reading->left++;
		else if (is_ours(error))
			reading->error = error;
	}
}

/* Those that are refused, and those of which no part could be asked for. */
void
xenbus_reads_poll(struct xenbus_node *node)
{
	struct xenbus_reading *reading = node->readings;
	struct xenbus_read *read = node->unread;

	node->unread = NULL;
	while (read != NULL) {
		struct xenbus_read *next = read->next;

		/* a driver that is gone took the list with it */
		if (xenbus_node_driver(node) == NULL)
			break;
		answer(node, read, read->error);
		read = next;
	}
	while (reading != NULL) {
		struct xenbus_reading *next = reading->next;

		if (reading->left == 0) {
			end(reading, reading->error);
			next = node->readings;
		}
		reading = next;
	}
}

/* Not those that a completion begins. */
void
xenbus_reads_end(struct xenbus_node *node, int error)
{
	struct xenbus_reading *reading;
	unsigned count = 0;

	for (reading = node->readings; reading != NULL; reading = reading->next)
		count++;
	for (struct xenbus_read *read = node->unread; read != NULL;
	     read = xenbus_node_driver(node) != NULL ? read->next : NULL)
		read->error = error;
	xenbus_reads_poll(node);
	while (count-- > 0 && node->readings != NULL)
		end(node->readings, error);
}

uint64_t
xenbus_number(struct xenbus_device *device, const struct xenbus_value *value,
    uint64_t limit, uint64_t otherwise)
{
	struct xenbus_node *node = xenbus_node(device);
	struct pv_device *pv_device = xenbus_node_device(node);
	uint64_t number;

	if (!value->there)
		return otherwise;
	if (xs_number(value->text, strlen(value->text), limit, &number))
		return number;
	if (pv_device != NULL)
		pv_device->stats.bad_value++;
	else
		device->xen->stats->bad_value++;
	return otherwise;
}
