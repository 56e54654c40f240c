/* SPDX-License-Identifier: ISC */
/*
 * The guest's ring: bytes in until a request is whole, messages out as far as
 * there is room.  All indices in it may be anything.
 */
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

/* Requests in one go: as many as a ring has room for.  Another vCPU may write
 * more all the time. */
#define SERVE_MAX (XEN_STORE_RING_SIZE / sizeof(struct xen_store_header))

/* Until the ring of a lost connection is new. */
#define RECONNECT_DELAY 1000000u

static struct xen_store_page *
ring_page(struct store_conn *conn)
{
	const struct host_world *world = conn->store->world;

	if (conn->ring == 0)
		return NULL;
	return world->map(world->ctx, conn->ring,
	    sizeof(struct xen_store_page));
}

static uint32_t
load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void
store_word(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

void
store_drop_output(struct store_conn *conn)
{
	while (conn->out != NULL) {
		struct store_message *message = conn->out;

		conn->out = message->next;
		free(message);
	}
	conn->out_end = &conn->out;
	conn->outstanding = 0;
}

/* For ever: a guest cannot connect again. */
void
store_kill(struct store_conn *conn, uint32_t reason)
{
	struct xen_store_page *page = ring_page(conn);

	conn->dead = true;
	conn->store->counts.killed++;
	store_watch_drop_all(conn);
	store_tx_drop_all(conn);
	store_drop_output(conn);
	if (page != NULL)
		store_word(&page->error, reason);
	conn->signal = true;
}

/* ---- Out -------------------------------------------------------------- */

static bool
is_queued(const struct store_conn *conn, const struct store_message *message)
{
	for (const struct store_message *m = conn->out; m != NULL; m = m->next)
		if (m->event && !m->begun && m->size == message->size &&
		    memcmp(m->bytes, message->bytes, m->size) == 0)
			return true;
	return false;
}

/* An event that waits already is not queued again. */
void
store_send(struct store_conn *conn, const struct xen_store_header *header,
    const void *payload, size_t size, uint64_t delay, bool event)
{
	const struct host_world *world = conn->store->world;
	struct store_message *message;

	message = store_memory(sizeof(*message) + sizeof(*header) + size);
	message->size = sizeof(*header) + size;
	memcpy(message->bytes, header, sizeof(*header));
	if (size > 0)
		memcpy(message->bytes + sizeof(*header), payload, size);
	message->event = event;
	message->due = world->now(world->ctx) + delay;
	if (event && is_queued(conn, message)) {
		free(message);
		return;
	}
	*conn->out_end = message;
	conn->out_end = &message->next;
	conn->outstanding++;
	store_wake(conn,
	    delay > 0 ? delay : world->random(world->ctx, STORE_DELAY));
}

static void
sent(struct store_conn *conn)
{
	struct store_message *message = conn->out;

	conn->out = message->next;
	if (conn->out == NULL)
		conn->out_end = &conn->out;
	conn->outstanding--;
	free(message);
}

/* As many bytes as there is room for; false: no more for now. */
static bool
put(struct store_conn *conn, struct xen_store_page *page)
{
	struct store_message *message = conn->out;
	uint32_t prod = load(&page->rsp_prod), cons = load(&page->rsp_cons);
	uint32_t room = XEN_STORE_RING_SIZE - (prod - cons);
	size_t left = message->size - message->done;

	if (prod - cons > XEN_STORE_RING_SIZE) {
		store_kill(conn, XEN_STORE_ERROR_RINGIDX);
		return false;
	}
	if (room > left)
		room = (uint32_t)left;
	if (conn->store->manners.split && room > 1)
		room = 1;
	if (room == 0)
		return false;
	for (uint32_t i = 0; i < room; i++)
		page->rsp[(prod + i) & XEN_STORE_RING_MASK] =
		    message->bytes[message->done + i];
	message->done += room;
	message->begun = true;
	store_word(&page->rsp_prod, prod + room);
	conn->signal = true;
	if (message->done == message->size)
		sent(conn);
	return !conn->store->manners.split;
}

static void
flush(struct store_conn *conn, struct xen_store_page *page)
{
	const struct host_world *world = conn->store->world;
	uint64_t now = world->now(world->ctx);

	while (conn->out != NULL && conn->out->due <= now)
		if (!put(conn, page))
			break;
	if (conn->out != NULL && conn->out->due > now)
		store_wake(conn, conn->out->due - now);
	else if (conn->out != NULL && conn->store->manners.split)
		store_wake(conn, 1);
}

/* ---- In --------------------------------------------------------------- */

/* Bytes that are there now, up to `want` of the request; false: none. */
static bool
fill_some(struct store_conn *conn, struct xen_store_page *page, size_t want)
{
	uint32_t cons = load(&page->req_cons), prod = load(&page->req_prod);
	uint32_t have = prod - cons;

	if (have > XEN_STORE_RING_SIZE) {
		store_kill(conn, XEN_STORE_ERROR_RINGIDX);
		return false;
	}
	if (have > want - conn->have)
		have = (uint32_t)(want - conn->have);
	if (have == 0)
		return false;
	for (uint32_t i = 0; i < have; i++)
		conn->request[conn->have++] =
		    page->req[(cons + i) & XEN_STORE_RING_MASK];
	store_word(&page->req_cons, cons + have);
	conn->signal = true;
	return true;
}

/* False: the request is not all there yet.  Linux writes one in pieces, and
 * signals a piece only when it finds those before it taken: whoever takes some
 * looks once more. */
static bool
fill(struct store_conn *conn, struct xen_store_page *page, size_t want)
{
	while (conn->have < want && fill_some(conn, page, want))
		;
	return conn->have == want;
}

/* One request, if it is whole. */
static bool
take(struct store_conn *conn, struct xen_store_page *page)
{
	char payload[XEN_STORE_PAYLOAD_MAX + 1];
	struct xen_store_header header;

	if (conn->have < sizeof(header) && !fill(conn, page, sizeof(header)))
		return false;
	memcpy(&header, conn->request, sizeof(header));
	if (header.length > XEN_STORE_PAYLOAD_MAX) {
		store_kill(conn, XEN_STORE_ERROR_PROTO);
		return false;
	}
	if (conn->have < sizeof(header) + header.length &&
	    !fill(conn, page, sizeof(header) + header.length))
		return false;
	memcpy(payload, conn->request + sizeof(header), header.length);
	payload[header.length] = '\0';
	conn->have = 0;
	store_handle(conn, &header, payload);
	return true;
}

/* ---- The connection --------------------------------------------------- */

/* Watches and transactions are forgotten, and the ring is empty. */
static void
connect_again(struct store_conn *conn, struct xen_store_page *page)
{
	store_watch_drop_all(conn);
	store_tx_drop_all(conn);
	store_drop_output(conn);
	conn->have = 0;
	conn->parting = false;
	store_word(&page->req_cons, 0);
	store_word(&page->req_prod, 0);
	store_word(&page->rsp_cons, 0);
	store_word(&page->rsp_prod, 0);
	store_word(&page->connection, XEN_STORE_CONNECTION_UP);
	conn->signal = true;
}

/* Manners that concern the ring itself, each once.  True: that is all. */
static bool
spoil(struct store_conn *conn, struct xen_store_page *page)
{
	struct host_xenstore_manners *manners = &conn->store->manners;

	if (manners->reconnect) {
		manners->reconnect = false;
		conn->parting = true;
		store_word(&page->connection, XEN_STORE_CONNECTION_RECONNECT);
		conn->signal = true;
		store_wake(conn, RECONNECT_DELAY);
		return true;
	}
	if (manners->bad_indices) {
		manners->bad_indices = false;
		store_word(&page->rsp_prod,
		    load(&page->rsp_cons) + XEN_STORE_RING_SIZE + 1);
		conn->signal = true;
		return true;
	}
	if (manners->ring_error) {
		manners->ring_error = false;
		store_word(&page->error, XEN_STORE_ERROR_COMM);
		conn->signal = true;
	}
	return false;
}

static void
serve(struct store_conn *conn, struct xen_store_page *page)
{
	unsigned served = 0;

	if (spoil(conn, page))
		return;
	if (load(&page->connection) == XEN_STORE_CONNECTION_RECONNECT)
		connect_again(conn, page);
	flush(conn, page);
	while (!conn->dead && served < SERVE_MAX &&
	    conn->outstanding < conn->store->quota.outstanding &&
	    take(conn, page)) {
		flush(conn, page);
		served++;
	}
	if (served == SERVE_MAX)
		store_wake(conn, 0);
}

/* On an event of the guest, and when there is something for it. */
void
store_serve(void *argument)
{
	struct store_conn *conn = argument;
	struct xen_store_page *page = ring_page(conn);

	if (page == NULL || conn->dead)
		return;
	serve(conn, page);
	if (conn->signal)
		host_port_send(conn->port);
	conn->signal = false;
}

static void
woken(void *argument)
{
	struct store_conn *conn = argument;

	conn->scheduled = false;
	store_serve(conn);
}

void
store_wake(struct store_conn *conn, uint64_t delay)
{
	const struct host_world *world = conn->store->world;

	if (conn->scheduled)
		return;
	conn->scheduled = true;
	world->later(world->ctx, delay, woken, conn);
}
