/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "tests/support/xen_host.h"

#define EVENTS_MAX 512
#define PAGES_MAX 512

/* Of the one test that runs. */
static struct {
	void *pages[PAGES_MAX];
	size_t page_counts[PAGES_MAX];
	size_t page_count;
	void *spaces[PAGES_MAX];
	size_t space_count;
	struct xs_reply *events[EVENTS_MAX];
	size_t first, last;
	uint32_t request;
} held;

/* ---- Hypercalls ------------------------------------------------------- */

long
xen_call_on(struct world *world, unsigned cpu, unsigned op, uintptr_t a,
    uintptr_t b, uintptr_t c)
{
	return host_xen_hypercall(world_xen(world), cpu, op,
	    (uint64_t[5]){ a, b, c });
}

long
xen_call(struct world *world, unsigned op, uintptr_t a, uintptr_t b,
    uintptr_t c)
{
	return xen_call_on(world, 0, op, a, b, c);
}

long
event_op(struct world *world, unsigned op, void *argument)
{
	return xen_call(world, XEN_HC_EVENT_CHANNEL_OP, op, (uintptr_t)argument,
	    0);
}

long
grant_op(struct world *world, unsigned op, void *argument)
{
	return xen_call(world, XEN_HC_GRANT_TABLE_OP, op, (uintptr_t)argument,
	    1);
}

long
hvm_op(struct world *world, unsigned op, void *argument)
{
	return xen_call(world, XEN_HC_HVM_OP, op, (uintptr_t)argument, 0);
}

/* ---- Memory ----------------------------------------------------------- */

void *
guest_pages(struct world *world, size_t pages, uint64_t *frame)
{
	const struct pv_port *port = sim_machine_port(world->machine);
	uint64_t physical;
	void *memory = port->pages_alloc(port->ctx, pages, &physical);

	assert_non_null(memory);
	assert_true(held.page_count < PAGES_MAX);
	held.pages[held.page_count] = memory;
	held.page_counts[held.page_count++] = pages;
	*frame = physical >> XEN_PAGE_SHIFT;
	return memory;
}

void *
place_page(struct world *world, unsigned space, uint64_t index, uint64_t *frame)
{
	const struct pv_port *port = sim_machine_port(world->machine);
	struct xen_physmap_add add = { .domid = XEN_DOMID_SELF,
		.space = space,
		.index = index };
	uint64_t physical;
	void *memory = port->space_alloc(port->ctx, 1, &physical);

	assert_non_null(memory);
	held.spaces[held.space_count++] = memory;
	add.frame = physical >> XEN_PAGE_SHIFT;
	assert_int_equal(xen_call(world, XEN_HC_MEMORY_OP,
			     XEN_MEM_ADD_TO_PHYSMAP, (uintptr_t)&add, 0),
	    0);
	if (frame != NULL)
		*frame = add.frame;
	return memory;
}

struct xen_shared_info *
place_shared(struct world *world)
{
	return place_page(world, XEN_MAPSPACE_SHARED_INFO, 0, NULL);
}

void
give_back(struct world *world)
{
	const struct pv_port *port = sim_machine_port(world->machine);

	while (held.page_count-- > 0)
		port->pages_free(port->ctx, held.pages[held.page_count],
		    held.page_counts[held.page_count]);
	while (held.space_count-- > 0)
		port->space_free(port->ctx, held.spaces[held.space_count], 1);
	held.page_count = held.space_count = 0;
	while (held.first < held.last)
		free(held.events[held.first++]);
	held.first = held.last = 0;
}

uint32_t
open_port(struct world *world, uint16_t remote)
{
	struct xen_evtchn_alloc_unbound alloc = { .domid = XEN_DOMID_SELF,
		.remote_domid = remote };

	assert_int_equal(event_op(world, XEN_EVTCHN_ALLOC_UNBOUND, &alloc), 0);
	return alloc.port;
}

void
pass(struct world *world, uint64_t nanoseconds)
{
	sim_advance(world->sim, sim_now(world->sim) + nanoseconds);
}

/* ---- The ring --------------------------------------------------------- */

struct xen_store_page *
xs_page(struct world *world)
{
	const struct host_world *host = host_xen_world(world_xen(world));

	return host->map(host->ctx, host_xen_store_page(world_xen(world)),
	    sizeof(struct xen_store_page));
}

void
xs_notify(struct world *world)
{
	struct xen_evtchn_send send = { .port = host_xenstore_port(
					    host_xen_store(world_xen(world))) };

	event_op(world, XEN_EVTCHN_SEND, &send);
}

bool
xs_put(struct world *world, const void *bytes, size_t size)
{
	struct xen_store_page *page = xs_page(world);
	const uint8_t *from = bytes;
	uint64_t end = sim_now(world->sim) + PV_SECOND;

	while (size > 0 && sim_now(world->sim) < end) {
		while (size > 0 &&
		    page->req_prod - page->req_cons < XEN_STORE_RING_SIZE) {
			page->req[page->req_prod & XEN_STORE_RING_MASK] =
			    *from++;
			page->req_prod++;
			size--;
		}
		xs_notify(world);
		if (size > 0)
			pass(world, PV_MILLISECOND);
	}
	return size == 0;
}

bool
xs_get(struct world *world, void *bytes, size_t size)
{
	struct xen_store_page *page = xs_page(world);
	uint64_t end = sim_now(world->sim) + PV_SECOND;
	uint8_t *to = bytes;

	while (size > 0 && sim_now(world->sim) < end) {
		bool any = false;

		while (size > 0 && page->rsp_cons != page->rsp_prod) {
			*to++ = page->rsp[page->rsp_cons & XEN_STORE_RING_MASK];
			page->rsp_cons++;
			size--;
			any = true;
		}
		if (any)
			xs_notify(world);
		if (size > 0)
			pass(world, 10000);
	}
	return size == 0;
}

void
xs_request(struct world *world, uint32_t type, uint32_t tx, const void *payload,
    size_t size)
{
	struct xen_store_header header = { .type = type,
		.req_id = ++held.request,
		.tx_id = tx,
		.length = (uint32_t)size };

	assert_true(xs_put(world, &header, sizeof(header)));
	assert_true(xs_put(world, payload, size));
}

bool
xs_next(struct world *world, struct xs_reply *reply)
{
	memset(reply, 0, sizeof(*reply));
	if (!xs_get(world, &reply->header, sizeof(reply->header)))
		return false;
	assert_true(reply->header.length <= XEN_STORE_PAYLOAD_MAX);
	return xs_get(world, reply->payload, reply->header.length);
}

static void
keep_event(const struct xs_reply *reply)
{
	struct xs_reply *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	assert_true(held.last < EVENTS_MAX);
	*copy = *reply;
	held.events[held.last++] = copy;
}

static int
error_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} errors[] = {
#define ERROR(text, value) { text, value },
		XEN_STORE_ERRORS(ERROR)
#undef ERROR
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	fail_msg("%s is no error", name);
	return -1;
}

int
xs_call(struct world *world, uint32_t type, uint32_t tx, const void *payload,
    size_t size, struct xs_reply *reply)
{
	struct xs_reply own;

	if (reply == NULL)
		reply = &own;
	xs_request(world, type, tx, payload, size);
	for (;;) {
		if (!xs_next(world, reply))
			fail_msg("no answer");
		if (reply->header.type != XEN_STORE_WATCH_EVENT)
			break;
		keep_event(reply);
	}
	assert_int_equal(reply->header.req_id, held.request);
	assert_int_equal(reply->header.tx_id, tx);
	if (reply->header.type == XEN_STORE_ERROR) {
		assert_int_equal(reply->header.length,
		    strlen(reply->payload) + 1);
		return error_number(reply->payload);
	}
	assert_int_equal(reply->header.type, type);
	return 0;
}

int
xs_strings(struct world *world, struct xs_reply *reply, uint32_t type,
    uint32_t tx, ...)
{
	char payload[XEN_STORE_PAYLOAD_MAX];
	const char *text;
	size_t size = 0;
	va_list list;

	va_start(list, tx);
	while ((text = va_arg(list, const char *)) != NULL) {
		assert_true(size + strlen(text) + 1 <= sizeof(payload));
		strcpy(payload + size, text);
		size += strlen(text) + 1;
	}
	va_end(list);
	return xs_call(world, type, tx, payload, size, reply);
}

int
xs_write(struct world *world, uint32_t tx, const char *path, const char *value)
{
	char payload[XEN_STORE_PAYLOAD_MAX];
	int size = snprintf(payload, sizeof(payload), "%s%c%s", path, 0, value);
	struct xs_reply reply;
	int error;

	error = xs_call(world, XEN_STORE_WRITE, tx, payload, (size_t)size,
	    &reply);
	if (error == 0)
		assert_string_equal(reply.payload, "OK");
	return error;
}

const char *
xs_read(struct world *world, uint32_t tx, const char *path)
{
	static struct xs_reply reply;

	xs_strings(world, &reply, XEN_STORE_READ, tx, path, NULL);
	return reply.payload;
}

uint32_t
xs_start(struct world *world)
{
	struct xs_reply reply;
	uint32_t id;

	assert_int_equal(xs_strings(world, &reply, XEN_STORE_TRANSACTION_START,
			     0, "", NULL),
	    0);
	id = (uint32_t)strtoul(reply.payload, NULL, 10);
	assert_int_not_equal(id, 0);
	return id;
}

int
xs_end(struct world *world, uint32_t tx, const char *how)
{
	return xs_strings(world, NULL, XEN_STORE_TRANSACTION_END, tx, how,
	    NULL);
}

int
xs_watch(struct world *world, const char *path, const char *token)
{
	return xs_strings(world, NULL, XEN_STORE_WATCH, 0, path, token, NULL);
}

const char *
xs_event(struct world *world)
{
	static char text[2 * XEN_STORE_PAYLOAD_MAX];
	struct xs_reply reply;

	if (held.first < held.last) {
		reply = *held.events[held.first];
		free(held.events[held.first++]);
	} else if (!xs_next(world, &reply))
		return "";
	assert_int_equal(reply.header.type, XEN_STORE_WATCH_EVENT);
	snprintf(text, sizeof(text), "%s %s", reply.payload,
	    reply.payload + strlen(reply.payload) + 1);
	return text;
}

void
xs_no_event(struct world *world)
{
	assert_string_equal(xs_event(world), "");
}
