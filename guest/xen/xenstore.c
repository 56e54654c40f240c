/* SPDX-License-Identifier: ISC */
/*
 * XenStore as a store of pvbus.  Keys are its paths, relative to the guest's own
 * directory or absolute.  Reading a directory without a value lists it, as it
 * does on OpenBSD.
 */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xenstore_private.h"

static struct xenstore *
store_of(struct pv_store *store)
{
	return (struct xenstore *)store; /* its first member */
}

static struct xenstore_op *
op_of(const struct pv_kv *kv)
{
	return (struct xenstore_op *)(uintptr_t)kv->scratch[0];
}

static struct pv_bus *
bus_of(const struct xenstore_op *op)
{
	return op->store->bus->xen->bus;
}

static void
op_free(struct xenstore_op *op)
{
	struct xenstore_op **link = &op->store->ops;
	struct xs *xs = xenbus_xs(op->store->bus);

	xs_cancel(xs, &op->request);
	xs_cancel(xs, &op->other);
	if (op->listing)
		xenstore_list_stop(&op->list);
	xenstore_watch_leave(op);
	while (*link != op)
		link = &(*link)->next;
	*link = op->next;
	pv_free(bus_of(op), op, op->size);
}

void
xenstore_finish(struct xenstore_op *op, int error)
{
	struct pv_bus *bus = bus_of(op);
	struct pv_kv *kv = op->kv;

	if (error != PV_OK)
		kv->len = 0;
	op_free(op);
	pv_kv_done(bus, kv, error);
}

void
xenstore_answer(struct xenstore_op *op, const char *bytes, size_t size)
{
	xenstore_finish(op, pv_kv_give(op->kv, bytes, size));
}

/* ---- Lists ------------------------------------------------------------ */

int
xenstore_list(struct xenstore_op *op, void (*done)(struct xenstore_list *))
{
	const struct pv_kv *kv = op->kv;
	bool marks = kv->op == PV_LIST ||
	    (kv->op == PV_WATCH && kv->key[kv->keylen - 1] == '/');

	if (op->listing)
		xenstore_list_stop(&op->list);
	op->listing = true;
	op->list = (struct xenstore_list){
		.bus = op->store->bus,
		.path = op->path,
		.length = op->length,
		.recursive = kv->op == PV_LIST &&
		    (kv->flags & PV_KV_RECURSIVE) != 0,
		.marks = marks,
		.deadline = op->request.deadline,
		.done = done,
		.owner = op,
	};
	return xenstore_list_start(&op->list);
}

char *
xenstore_list_flat(struct xenstore_op *op, size_t *size)
{
	char *flat = pv_alloc(bus_of(op), op->list.size + 1);

	if (flat == NULL)
		return NULL;
	*size = op->list.size;
	xenstore_list_copy(&op->list, flat, op->list.marks ? '\0' : '\n');
	if (!op->list.marks && *size > 0)
		--*size;
	return flat;
}

static void
list_done(struct xenstore_list *list)
{
	struct xenstore_op *op = list->owner;
	struct pv_bus *bus = bus_of(op);
	size_t size, allocated = list->size + 1;
	char *flat;

	if (list->error != PV_OK) {
		/* it has gone since it was read */
		if (list->error == PV_ENOENT && op->kv->op == PV_READ)
			xenstore_answer(op, "", 0);
		else
			xenstore_finish(op, list->error);
		return;
	}
	flat = xenstore_list_flat(op, &size);
	if (flat == NULL) {
		xenstore_finish(op, PV_ENOMEM);
		return;
	}
	xenstore_answer(op, flat, size);
	pv_free(bus, flat, allocated);
}

static void
list(struct xenstore_op *op)
{
	int error = xenstore_list(op, list_done);

	if (error != PV_OK)
		xenstore_finish(op, error);
}

/* The top is our own directory, and its path has our number in it. */
static void
number_known(struct xs_request *request)
{
	struct xenstore_op *op = request->owner;
	uint64_t number = op->store->bus->xen->domain;

	if (request->error == PV_ETIMEDOUT || request->error == PV_EPROTO) {
		xenstore_finish(op, request->error);
		return;
	}
	if (request->error == PV_OK)
		xs_number(request->reply, request->length, UINT16_MAX, &number);
	op->length = pv_format(op->path, 32, "/local/domain/%u",
	    (unsigned)number);
	list(op);
}

/* ---- Read, write, remove ---------------------------------------------- */

static int
submit(struct xenstore_op *op, struct xs_request *request, uint32_t type,
    void (*done)(struct xs_request *))
{
	request->type = type;
	request->parts[0] = (struct xs_part){ op->path, op->length + 1 };
	request->done = done;
	request->owner = op;
	return xs_submit(xenbus_xs(op->store->bus), request);
}

int
xenstore_read(struct xenstore_op *op, void (*done)(struct xs_request *))
{
	return submit(op, &op->request, XEN_STORE_READ, done);
}

static void
read_done(struct xs_request *request)
{
	struct xenstore_op *op = request->owner;

	if (request->error != PV_OK)
		xenstore_finish(op, request->error);
	else if (request->length == 0)
		list(op);
	else
		xenstore_answer(op, request->reply, request->length);
}

static void
write_done(struct xs_request *request)
{
	xenstore_finish(request->owner, request->error);
}

static int
write(struct xenstore_op *op)
{
	op->request.parts[1] = (struct xs_part){ op->kv->value, op->kv->room };
	return submit(op, &op->request, XEN_STORE_WRITE, write_done);
}

/* XenStore is content to remove what is not there, so it is read as well, in
 * the same turn. */
static void
remove_read(struct xs_request *request)
{
	struct xenstore_op *op = request->owner;

	op->error = request->error;
}

static void
remove_done(struct xs_request *request)
{
	struct xenstore_op *op = request->owner;

	xenstore_finish(op,
	    op->error == PV_ENOENT ? PV_ENOENT : request->error);
}

static int
remove_key(struct xenstore_op *op)
{
	int error = submit(op, &op->other, XEN_STORE_READ, remove_read);

	if (error == PV_OK)
		error = submit(op, &op->request, XEN_STORE_RM, remove_done);
	return error;
}

/* ---- The store -------------------------------------------------------- */

/* The part of a key that is its path; *error is set when it has none. */
static size_t
path_length(const struct pv_kv *kv, int *error)
{
	size_t length = kv->keylen;
	bool absolute = length > 0 && kv->key[0] == '/';

	*error = PV_OK;
	if ((kv->op == PV_LIST || kv->op == PV_WATCH) && length > 1 &&
	    kv->key[length - 1] == '/')
		length--;
	if (length == 0)
		return 0; /* the top */
	if (length >
	    (absolute ? XEN_STORE_ABS_PATH_MAX : XEN_STORE_REL_PATH_MAX))
		*error = PV_EMSGSIZE;
	else if (kv->key[0] == '@' || !xs_path_ok(kv->key, length))
		*error = PV_EINVAL;
	return length;
}

static int
start_op(struct xenstore_op *op)
{
	switch (op->kv->op) {
	case PV_READ:
		return xenstore_read(op, read_done);
	case PV_WRITE:
		return write(op);
	case PV_REMOVE:
		return remove_key(op);
	case PV_WATCH:
		return xenstore_watch_start(op);
	default:
		break;
	}
	if (op->length > 0)
		return xenstore_list(op, list_done);
	memcpy(op->path, "domid", 6);
	op->length = 5;
	return xenstore_read(op, number_known);
}

static void
start(struct pv_store *pv_store, struct pv_kv *kv)
{
	struct xenstore *store = store_of(pv_store);
	struct pv_bus *bus = store->bus->xen->bus;
	struct xenstore_op *op = NULL;
	size_t length, size;
	int error;

	length = path_length(kv, &error);
	/* the path of the top is made later */
	size = sizeof(*op) + (length > 32 ? length : 32) + 1;
	if (error == PV_OK) {
		op = pv_alloc(bus, size);
		if (op == NULL)
			error = PV_ENOMEM;
	}
	if (error != PV_OK) {
		pv_kv_done(bus, kv, error);
		return;
	}
	op->store = store;
	op->kv = kv;
	op->size = size;
	op->length = length;
	if (length > 0)
		memcpy(op->path, kv->key, length);
	if (kv->deadline != PV_NEVER && kv->op != PV_WATCH)
		op->request.deadline = op->other.deadline = kv->deadline;
	op->next = store->ops;
	store->ops = op;
	kv->scratch[0] = (uintptr_t)op;
	error = start_op(op);
	if (error != PV_OK)
		xenstore_finish(op, error);
}

static void
cancel(struct pv_store *store, struct pv_kv *kv)
{
	(void)store;
	op_free(op_of(kv));
}

int
xenstore_open(struct xenbus *bus)
{
	struct pv_interface *interface = bus->xen->device->interface;
	struct xenstore *store = pv_alloc(bus->xen->bus, sizeof(*store));

	if (store == NULL)
		return PV_ENOMEM;
	store->bus = bus;
	store->store = (struct pv_store){
		.name = "xenstore",
		.ops = 1u << PV_READ | 1u << PV_WRITE | 1u << PV_LIST |
		    1u << PV_REMOVE | 1u << PV_WATCH,
		.start = start,
		.cancel = cancel,
	};
	bus->store = store;
	if (interface->store == NULL)
		interface->store = &store->store;
	return PV_OK;
}

void
xenstore_close(struct xenbus *bus)
{
	struct pv_interface *interface = bus->xen->device->interface;
	struct xenstore *store = bus->store;

	if (interface->store == &store->store)
		interface->store = NULL;
	while (store->ops != NULL)
		xenstore_finish(store->ops, PV_ENODEV);
	xenstore_watch_close(store);
	bus->store = NULL;
	pv_free(bus->xen->bus, store, sizeof(*store));
}

void
xenstore_poll(struct xenbus *bus)
{
	xenstore_watch_poll(bus->store);
}

uint64_t
xenstore_deadline(const struct xenbus *bus)
{
	return xenstore_watch_deadline(bus->store);
}
