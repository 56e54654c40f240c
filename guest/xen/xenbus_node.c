/* SPDX-License-Identifier: ISC */
/* One device of XenStore: read, attached, watched, unplugged. */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xenbus_private.h"

/* The first that is no guest's number (DOMID_FIRST_RESERVED). */
#define DOMAINS 0x7ff0u

enum key {
	KEY_BACKEND,
	KEY_BACKEND_ID,
	KEY_TYPE,
	KEY_STATE,
	KEYS
};

bool
xenbus_path(char *to, size_t size, const char *dir, const char *key)
{
	size_t a = strlen(dir), b = strlen(key);

	if (a >= size || b + 1 >= size - a) {
		to[0] = '\0';
		return false;
	}
	memcpy(to, dir, a);
	to[a] = '/';
	memcpy(to + a + 1, key, b + 1);
	return true;
}

struct xenbus_node *
xenbus_node_new(struct xenbus *bus, const char *class_name, const char *unit,
    size_t unit_length)
{
	struct xenbus_node **link = &bus->nodes, *node = NULL;
	struct xenbus_device *device;

	if (bus->count < XENBUS_DEVICES_MAX)
		node = pv_alloc(bus->xen->bus, sizeof(*node));
	if (node == NULL) {
		xen_log(bus->xen, PV_LOG_ERROR,
		    "XenStore: no room for another device");
		return NULL;
	}
	node->bus = bus;
	device = &node->device;
	device->xen = bus->xen;
	memcpy(device->class_name, class_name, strlen(class_name) + 1);
	memcpy(device->unit, unit, unit_length);
	pv_format(device->node, sizeof(device->node), "device/%s/%s",
	    class_name, device->unit);
	while (*link != NULL)
		link = &(*link)->next;
	*link = node;
	bus->count++;
	xenbus_node_read(node);
	return node;
}

struct pv_device *
xenbus_node_device(const struct xenbus_node *node)
{
	const struct pv_device *parent = node->bus->xen->device;
	const struct pv_device *device = pv_bus_devices(node->bus->xen->bus);

	while (device != NULL &&
	    (device->parent != parent || device->aux != &node->device))
		device = device->next;
	return (struct pv_device *)(uintptr_t)device;
}

/* The bus may have detached the driver without our knowing. */
const struct xenbus_driver *
xenbus_node_driver(const struct xenbus_node *node)
{
	const struct pv_device *device;

	if (node->device.driver == NULL)
		return NULL;
	device = xenbus_node_device(node);
	return device != NULL && device->driver != NULL ? node->device.driver
							: NULL;
}

/* ---- What its directory says ------------------------------------------ */

static bool
text_ok(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

static void
take_text(struct xenbus_node *node, char *to, size_t size,
    const struct xs_request *request)
{
	struct pv_stats *stats = node->bus->xen->stats;

	if (request->length >= size)
		stats->bad_length++;
	else if (!text_ok(request->reply, request->length))
		stats->bad_text++;
	else {
		memcpy(to, request->reply, request->length);
		to[request->length] = '\0';
	}
}

static void
take_number(struct xenbus_node *node, uint64_t limit, uint64_t *to,
    const struct xs_request *request)
{
	if (!xs_number(request->reply, request->length, limit, to))
		node->bus->xen->stats->bad_value++;
}

static void
take_key(struct xenbus_node *node, enum key key,
    const struct xs_request *request)
{
	struct xenbus_device *device = &node->device;
	uint64_t number = 0;

	switch (key) {
	case KEY_BACKEND:
		take_text(node, device->backend, sizeof(device->backend),
		    request);
		if (!xs_path_ok(device->backend, strlen(device->backend)))
			device->backend[0] = '\0';
		break;
	case KEY_BACKEND_ID:
		take_number(node, DOMAINS - 1, &number, request);
		device->backend_id = (uint16_t)number;
		break;
	case KEY_TYPE:
		take_text(node, device->type, sizeof(device->type), request);
		break;
	default:
		take_number(node, UINT32_MAX, &number, request);
		device->state = (unsigned)number;
		break;
	}
}

static bool
has_driver(const struct xenbus_device *device)
{
	return memcmp(device->class_name, "vbd", 4) == 0 ||
	    memcmp(device->class_name, "vif", 4) == 0;
}

static void watch_backend(struct xenbus_node *);

static void
known(struct xenbus_node *node)
{
	const struct xenbus_driver *driver;

	if (node->state == NODE_READING) {
		node->state = NODE_READY;
		return;
	}
	node->resuming = false;
	driver = xenbus_node_driver(node);
	if (driver == NULL)
		return;
	watch_backend(node);
	if (driver->resume != NULL)
		driver->resume(&node->device);
}

static void
back_done(struct xs_request *request)
{
	struct xenbus_node *node = request->owner;
	uint64_t state = XEN_BUS_UNKNOWN;

	if (request->error == PV_OK)
		take_number(node, UINT32_MAX, &state, request);
	node->device.backend_state = (unsigned)state;
	known(node);
}

static int
read_back(struct xenbus_node *node, void (*done)(struct xs_request *))
{
	if (!xenbus_path(node->back_path, sizeof(node->back_path),
		node->device.backend, "state"))
		return PV_EMSGSIZE;
	node->back = (struct xs_request){
		.type = XEN_STORE_READ,
		.parts = { { node->back_path, strlen(node->back_path) + 1 } },
		.done = done,
		.owner = node,
	};
	return xs_submit(xenbus_xs(node->bus), &node->back);
}

static void
keys_known(struct xenbus_node *node)
{
	bool resuming = node->state == NODE_ATTACHED;

	node->device.backend_state = XEN_BUS_UNKNOWN;
	if (node->device.backend[0] != '\0' &&
	    read_back(node, back_done) == PV_OK)
		return;
	if (resuming || !has_driver(&node->device)) {
		known(node);
		return;
	}
	/* the toolstack may be about to write the rest */
	node->state = NODE_INCOMPLETE;
	if (node->reread)
		xenbus_node_read(node);
}

static void
key_done(struct xs_request *request)
{
	struct xenbus_node *node = request->owner;

	if (request->error == PV_OK)
		take_key(node, (enum key)(request - node->keys), request);
	if (--node->left == 0)
		keys_known(node);
}

void
xenbus_node_read(struct xenbus_node *node)
{
	static const char *const names[KEYS] = { "backend", "backend-id",
		"device-type", "state" };
	struct xs *xs = xenbus_xs(node->bus);

	if (node->state != NODE_ATTACHED)
		node->state = NODE_READING;
	node->reread = false;
	xs_cancel(xs, &node->back);
	node->device.backend[0] = node->device.type[0] = '\0';
	node->left = 1;
	for (unsigned i = 0; i < KEYS; i++) {
		struct xs_request *request = &node->keys[i];

		xs_cancel(xs, request);
		xenbus_path(node->paths[i], sizeof(node->paths[i]),
		    node->device.node, names[i]);
		*request = (struct xs_request){
			.type = XEN_STORE_READ,
			.parts = { { node->paths[i],
			    strlen(node->paths[i]) + 1 } },
			.done = key_done,
			.owner = node,
		};
		if (xs_submit(xs, request) == PV_OK)
			node->left++;
	}
	if (--node->left == 0)
		keys_known(node);
}

/* ---- Was it removed and made again? ----------------------------------- */

static void
verify_done(struct xs_request *request)
{
	struct xenbus_node *node = request->owner;
	uint64_t state = XEN_BUS_UNKNOWN;

	if (request->error == PV_OK)
		xs_number(request->reply, request->length, UINT32_MAX, &state);
	else if (request->error != PV_ENOENT)
		return;
	if (node->jobs != NULL)
		return; /* we are writing it ourselves */
	if (node->device.state != node->expected) {
		xenbus_node_verify(node); /* we have, meanwhile */
		return;
	}
	if (state != node->device.state) {
		node->vanished = true;
		xenbus_scan_start(node->bus);
	}
}

/* Its state is what we have written, or it is another device of that name. */
void
xenbus_node_verify(struct xenbus_node *node)
{
	struct xs_request *request = &node->keys[KEY_STATE];

	node->suspect = false;
	if (request->state != XS_IDLE)
		return;
	request->done = verify_done;
	node->expected = node->device.state;
	(void)xs_submit(xenbus_xs(node->bus), request);
}

/* ---- The back end's state --------------------------------------------- */

static void read_state(struct xenbus_node *);

static void
state_done(struct xs_request *request)
{
	struct xenbus_node *node = request->owner;
	const struct xenbus_driver *driver = xenbus_node_driver(node);
	uint64_t state = XEN_BUS_UNKNOWN;

	int error = request->error;
	bool number = error == PV_OK &&
	    xs_number(request->reply, request->length, UINT32_MAX, &state);

	/* it is one and the same request */
	if (node->watch_again)
		read_state(node);
	if (error == PV_OK && !number)
		node->bus->xen->stats->bad_value++;
	/* in a directory that is gone, XenStore refuses rather than says so */
	if (!number && error != PV_ENOENT && error != PV_EACCES)
		return;
	node->device.backend_state = (unsigned)state;
	if (driver != NULL && driver->backend != NULL)
		driver->backend(&node->device, (unsigned)state);
}

static void
read_state(struct xenbus_node *node)
{
	node->watch_again = node->back.state != XS_IDLE;
	if (!node->watch_again)
		(void)read_back(node, state_done);
}

static void
state_event(struct xs_watch *watch)
{
	struct xenbus_node *node = watch->owner;

	if (!node->resuming)
		read_state(node);
}

static void
state_failed(struct xs_watch *watch, int error)
{
	struct xenbus_node *node = watch->owner;

	xen_log(node->bus->xen, PV_LOG_ERROR, "XenStore: watch of %s: %s",
	    node->device.backend, pv_error_text(error));
}

static void
watch_backend(struct xenbus_node *node)
{
	char path[sizeof(node->back_path)];
	int error;

	xs_watch_remove(xenbus_xs(node->bus), &node->watch);
	node->watch = (struct xs_watch){
		.event = state_event,
		.failed = state_failed,
		.owner = node,
	};
	if (!xenbus_path(path, sizeof(path), node->device.backend, "state"))
		return;
	error = xs_watch_add(xenbus_xs(node->bus), &node->watch, path,
	    strlen(path));
	if (error != PV_OK)
		state_failed(&node->watch, error);
}

/* ---- Attach and unplug ------------------------------------------------ */

static const char *
driver_name(const struct xenbus_device *device)
{
	if (memcmp(device->class_name, "vbd", 4) == 0)
		return "xbf";
	return "xnf";
}

void
xenbus_node_attach(struct xenbus_node *node)
{
	struct xenbus_device *device = &node->device;

	node->state = NODE_ATTACHED;
	node->patience = pv_bus_now(node->bus->xen->bus) + XENBUS_PATIENCE;
	device->device = NULL;
	/* a class may have the name of any driver, that of xen itself too */
	if (has_driver(device))
		device->device = pv_device_attach(node->bus->xen->device,
		    driver_name(device), device->node, device);
	else
		pv_device_unconfigured(node->bus->xen->device,
		    device->class_name, device->node, device);
	if (device->device == NULL)
		device->driver = NULL;
	if (device->driver != NULL)
		watch_backend(node);
}

void
xenbus_node_free(struct xenbus_node *node)
{
	struct xenbus *bus = node->bus;
	struct xenbus_node **link = &bus->nodes;
	struct xs *xs = xenbus_xs(bus);

	for (unsigned i = 0; i < KEYS; i++)
		xs_cancel(xs, &node->keys[i]);
	xs_cancel(xs, &node->back);
	xs_watch_remove(xs, &node->watch);
	xenbus_reads_end(node, PV_EINTR);
	xenbus_writes_end(node, PV_EINTR); /* the last states go out */
	while (*link != node)
		link = &(*link)->next;
	*link = node->next;
	bus->count--;
	pv_free(bus->xen->bus, node, sizeof(*node));
}

void
xenbus_node_unplug(struct xenbus_node *node)
{
	const struct xenbus_driver *driver = xenbus_node_driver(node);
	struct pv_device *device = xenbus_node_device(node);

	xenbus_reads_end(node, PV_ENODEV);
	xenbus_writes_end(node, PV_ENODEV);
	/* nobody is there any more to let go of what it was lent */
	node->device.backend_state = XEN_BUS_UNKNOWN;
	if (driver != NULL && driver->backend != NULL)
		driver->backend(&node->device, XEN_BUS_UNKNOWN);
	if (device != NULL) {
		xen_log(node->bus->xen, PV_LOG_INFO, "%s detached from %s",
		    device->name, node->device.node);
		pv_device_detach(device);
	}
	xenbus_node_free(node);
}

void
xenbus_node_resume(struct xenbus_node *node)
{
	struct xs *xs = xenbus_xs(node->bus);

	for (unsigned i = 0; i < KEYS; i++)
		xs_cancel(xs, &node->keys[i]);
	xs_cancel(xs, &node->back);
	if (node->state != NODE_ATTACHED) {
		node->state = NODE_INCOMPLETE;
		return;
	}
	xs_watch_remove(xs, &node->watch);
	node->resuming = true;
	node->suspect = node->watch_again = false;
	node->patience = pv_bus_now(node->bus->xen->bus) + XENBUS_PATIENCE;
}

bool
xenbus_node_settled(const struct xenbus_node *node)
{
	const struct pv_device *device;

	if (node->state == NODE_READING || node->state == NODE_READY)
		return false;
	if (node->state == NODE_INCOMPLETE || xenbus_node_driver(node) == NULL)
		return true;
	device = xenbus_node_device(node);
	if (device->state != PV_DEVICE_ATTACHED ||
	    pv_bus_now(node->bus->xen->bus) >= node->patience ||
	    node->device.state == XEN_BUS_CLOSED)
		return true;
	/* a NIC has its line when it knows its address */
	return device->announced &&
	    (device->disk == NULL || device->disk->online);
}
