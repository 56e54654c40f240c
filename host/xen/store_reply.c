/* SPDX-License-Identifier: ISC */
/* Answers and events, and all that may be wrong with them. */
#include <string.h>

#include "host/xen/store_private.h"

static const struct {
	const char *name;
	int number;
} errors[] = {
#define ERROR(name, number) { name, number },
	XEN_STORE_ERRORS(ERROR)
#undef ERROR
};

/* Count down a fault that is wanted so often; ~0u is for ever. */
bool
store_once(unsigned *count)
{
	if (*count == 0)
		return false;
	if (*count != ~0u)
		--*count;
	return true;
}

static const char *
error_name(int error)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == error)
			return errors[i].name;
	return "EINVAL";
}

/* The length that is said may be another one than is sent. */
static void
answer(struct store_conn *conn, struct xen_store_header header,
    const void *payload, size_t size)
{
	struct host_xenstore_manners *manners = &conn->store->manners;

	if (store_once(&manners->silent))
		return;
	header.length = (uint32_t)size;
	if (store_once(&manners->wrong_id))
		header.req_id ^= 0x5a5a5a5au;
	if (store_once(&manners->wrong_type))
		header.type = header.type == XEN_STORE_READ
		    ? XEN_STORE_DIRECTORY
		    : XEN_STORE_READ;
	if (store_once(&manners->too_long))
		header.length = XEN_STORE_PAYLOAD_MAX + 1 +
		    (uint32_t)conn->store->world
			    ->random(conn->store->world->ctx, 2) *
			0x7fffffffu;
	store_send(conn, &header, payload, size, manners->delay, false);
	if (store_once(&manners->twice))
		store_send(conn, &header, payload, size, manners->delay, false);
}

static void
answer_error(struct store_conn *conn, const struct xen_store_header *request,
    const char *name, size_t size)
{
	struct xen_store_header header = *request;

	header.type = XEN_STORE_ERROR;
	answer(conn, header, name, size);
}

/* An error instead of the answer, when a test wants that. */
static bool
is_spoilt(struct store_conn *conn, const struct xen_store_header *request)
{
	struct host_xenstore_manners *manners = &conn->store->manners;

	if (store_once(&manners->unknown_error)) {
		answer_error(conn, request, "EWHATEVER", 10);
		return true;
	}
	if (store_once(&manners->unterminated)) {
		answer_error(conn, request, "EINVAL", 6);
		return true;
	}
	return false;
}

void
store_reply_error(struct store_conn *conn,
    const struct xen_store_header *request, int error)
{
	const char *name = error_name(error);

	if (!is_spoilt(conn, request))
		answer_error(conn, request, name, strlen(name) + 1);
}

void
store_reply(struct store_conn *conn, const struct xen_store_header *request,
    const void *payload, size_t size)
{
	if (size > XEN_STORE_PAYLOAD_MAX)
		store_reply_error(conn, request, XEN_E2BIG);
	else if (!is_spoilt(conn, request))
		answer(conn, *request, payload, size);
}

/* ---- Events ----------------------------------------------------------- */

void
store_event(struct store_conn *conn, const char *path, const char *token)
{
	struct xen_store_header header = { .type = XEN_STORE_WATCH_EVENT };
	char payload[2 * XEN_STORE_PAYLOAD_MAX];
	size_t path_size = strlen(path) + 1, token_size = strlen(token) + 1;

	if (conn->ring == 0 || conn->dead ||
	    path_size + token_size > XEN_STORE_PAYLOAD_MAX)
		return;
	memcpy(payload, path, path_size);
	memcpy(payload + path_size, token, token_size);
	header.length = (uint32_t)(path_size + token_size);
	store_send(conn, &header, payload, header.length, 0, true);
}

static void
junk(struct store_conn *conn)
{
	static const struct {
		const char *bytes;
		size_t size;
	} kinds[] = {
		{ "", 0 },
		{ "one", 4 },
		{ "one\0two\0three", 14 },
		{ "no end", 6 },
		{ "device\0no such token", 21 },
		{ "\0", 2 },
		{ "device\0ffffffffffffffff", 24 },
	};
	unsigned kind = conn->junk++ % (sizeof(kinds) / sizeof(kinds[0]));
	struct xen_store_header header = { .type = XEN_STORE_WATCH_EVENT,
		.length = (uint32_t)kinds[kind].size };

	store_send(conn, &header, kinds[kind].bytes, kinds[kind].size, 0,
	    false);
}

/* Events that nobody has caused; before each answer. */
void
store_misbehave(struct store_conn *conn)
{
	struct host_xenstore_manners *manners = &conn->store->manners;
	const struct store_watch *watch = conn->watches;
	struct xen_store_header header = { .type = XEN_STORE_WATCH_EVENT };

	if (store_once(&manners->junk_events))
		junk(conn);
	if (manners->flood == 0 || watch == NULL)
		return;
	for (unsigned i = 0; i < manners->flood; i++) {
		char payload[STORE_PATH_ROOM + XEN_STORE_PAYLOAD_MAX];
		const char *path = watch->path + watch->prefix;
		size_t path_size = strlen(path) + 1;
		size_t token_size = strlen(watch->token) + 1;

		memcpy(payload, path, path_size);
		memcpy(payload + path_size, watch->token, token_size);
		header.length = (uint32_t)(path_size + token_size);
		store_send(conn, &header, payload, header.length, 0, false);
	}
	manners->flood = 0;
}
