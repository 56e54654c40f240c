/* SPDX-License-Identifier: ISC */
/* Requests of the guest, one after the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

#define STRINGS_MAX 64

struct request {
	struct store_conn *conn;
	const struct xen_store_header *header;
	struct store_tx *tx;
	const char *payload; /* with a NUL behind it that does not count */
	size_t size;
	char path[STORE_PATH_ROOM]; /* absolute, of the first string */
};

/* How many strings with a NUL each there are; what is behind the last NUL does
 * not count. */
static unsigned
count_strings(const struct request *request)
{
	unsigned count = 0;

	for (size_t i = 0; i < request->size; i++)
		count += request->payload[i] == '\0';
	return count;
}

static const char *
string(const struct request *request, unsigned index)
{
	const char *at = request->payload;

	while (index-- > 0)
		at += strlen(at) + 1;
	return at;
}

/* The payload is one string and nothing more. */
static bool
is_one_string(const struct request *request)
{
	return request->size > 0 &&
	    strlen(request->payload) + 1 == request->size;
}

static bool
has_path(struct request *request)
{
	return store_path_absolute(request->conn, request->payload,
	    request->path);
}

static void
reply(const struct request *request, const void *payload, size_t size)
{
	store_reply(request->conn, request->header, payload, size);
}

static int
done(const struct request *request)
{
	reply(request, "OK", 3);
	return 0;
}

static int
reply_text(const struct request *request, const char *text)
{
	reply(request, text, strlen(text) + 1);
	return 0;
}

/* ---- Reading ---------------------------------------------------------- */

static int
get(struct request *request, struct store_node **node)
{
	if (!has_path(request))
		return XEN_EINVAL;
	return store_get(request->conn, request->tx, request->path, STORE_READ,
	    node);
}

static int
do_read(struct request *request)
{
	struct store_node *node = NULL;
	int error = is_one_string(request) ? get(request, &node) : XEN_EINVAL;

	if (error == 0)
		reply(request, node->value, node->size);
	return error;
}

/* The last without its NUL. */
static void
reply_bad_names(const struct request *request, const struct store_node *node)
{
	static const char bad[] = "\033[2J\0a/b\0\0..\0e?d";
	char names[XEN_STORE_PAYLOAD_MAX];
	size_t size = node->children_size;

	if (size > sizeof(names) - sizeof(bad))
		size = 0;
	if (size > 0)
		memcpy(names, node->children, size);
	memcpy(names + size, bad, sizeof(bad) - 1);
	reply(request, names, size + sizeof(bad) - 1);
}

static int
do_directory(struct request *request)
{
	struct host_xenstore_manners *manners = &request->conn->store->manners;
	struct store_node *node = NULL;
	int error = is_one_string(request) ? get(request, &node) : XEN_EINVAL;

	if (error != 0)
		return error;
	if (store_once(&manners->bad_names))
		reply_bad_names(request, node);
	else
		reply(request, node->children, node->children_size);
	return 0;
}

/* Generation, whole names, and an empty name at the end of all. */
static int
do_directory_part(struct request *request)
{
	struct host_xenstore_manners *manners = &request->conn->store->manners;
	char part[XEN_STORE_PAYLOAD_MAX];
	struct store_node *node = NULL;
	size_t offset, size, len;
	int error;

	if (manners->no_part)
		return XEN_ENOSYS;
	if (count_strings(request) != 2)
		return XEN_EINVAL;
	error = get(request, &node);
	if (error != 0)
		return error;
	if (manners->part_moves)
		node->generation = ++request->conn->store->generation;
	offset = (size_t)strtoul(string(request, 1), NULL, 10);
	size = (size_t)snprintf(part, sizeof(part), "%llu",
		   (unsigned long long)node->generation) +
	    1;
	while (offset < node->children_size) {
		len = strlen(node->children + offset) + 1;
		if (len > sizeof(part) - 1 - size)
			break;
		memcpy(part + size, node->children + offset, len);
		size += len;
		offset += len;
	}
	if (offset >= node->children_size)
		part[size++] = '\0';
	reply(request, part, size);
	return 0;
}

static int
do_get_perms(struct request *request)
{
	char text[XEN_STORE_PAYLOAD_MAX];
	struct store_node *node = NULL;
	size_t size = 0;
	int error = is_one_string(request) ? get(request, &node) : XEN_EINVAL;

	if (error != 0)
		return error;
	for (unsigned i = 0; i < node->perm_count && size + 16 < sizeof(text);
	     i++) {
		store_perm_print(&node->perms[i], text + size);
		size += strlen(text + size) + 1;
	}
	reply(request, text, size);
	return 0;
}

/* ---- Changing --------------------------------------------------------- */

static int
do_write(struct request *request)
{
	size_t path = strlen(request->payload) + 1;
	int error;

	if (count_strings(request) < 1 || !has_path(request))
		return XEN_EINVAL;
	error = store_write(request->conn, request->tx, request->path,
	    request->payload + path, request->size - path);
	return error != 0 ? error : done(request);
}

static int
do_mkdir(struct request *request)
{
	int error = XEN_EINVAL;

	if (is_one_string(request) && has_path(request))
		error = store_mkdir(request->conn, request->tx, request->path);
	return error != 0 ? error : done(request);
}

static int
do_rm(struct request *request)
{
	int error = XEN_EINVAL;

	if (is_one_string(request) && has_path(request))
		error = store_remove(request->conn, request->tx, request->path);
	return error != 0 ? error : done(request);
}

static int
do_set_perms(struct request *request)
{
	struct store_perm perms[STRINGS_MAX];
	unsigned count = count_strings(request);
	int error;

	if (count < 2 || !has_path(request))
		return XEN_EINVAL;
	count--;
	if (count > request->conn->store->quota.permissions ||
	    count > STRINGS_MAX)
		return XEN_ENOSPC;
	for (unsigned i = 0; i < count; i++)
		if (!store_perm_parse(string(request, i + 1), &perms[i]))
			return XEN_EINVAL;
	error = store_set_perms(request->conn, request->tx, request->path,
	    perms, count);
	return error != 0 ? error : done(request);
}

/* ---- Watches, transactions, domains ----------------------------------- */

/* The answer comes before the first event. */
static int
do_watch(struct request *request)
{
	int error;

	if (count_strings(request) != 2)
		return XEN_EINVAL;
	error = store_watch_add(request->conn, request->payload,
	    string(request, 1));
	if (error != 0)
		return error;
	done(request);
	store_watch_first(request->conn);
	return 0;
}

static int
do_unwatch(struct request *request)
{
	int error;

	if (count_strings(request) != 2)
		return XEN_EINVAL;
	error = store_watch_remove(request->conn, request->payload,
	    string(request, 1));
	return error != 0 ? error : done(request);
}

static int
do_reset_watches(struct request *request)
{
	store_watch_drop_all(request->conn);
	store_tx_drop_all(request->conn);
	return done(request);
}

static int
do_transaction_start(struct request *request)
{
	char text[16];
	uint32_t id;
	int error = store_tx_start(request->conn, &id);

	if (error != 0)
		return error;
	snprintf(text, sizeof(text), "%u", id);
	return reply_text(request, text);
}

static int
do_transaction_end(struct request *request)
{
	bool commit;
	int error;

	if (!is_one_string(request) ||
	    (strcmp(request->payload, XEN_STORE_COMMIT) != 0 &&
		strcmp(request->payload, XEN_STORE_ABORT) != 0))
		return XEN_EINVAL;
	if (request->tx == NULL)
		return XEN_ENOENT;
	commit = strcmp(request->payload, XEN_STORE_COMMIT) == 0;
	error = store_tx_end(request->conn, request->tx, commit);
	return error != 0 ? error : done(request);
}

static int
do_get_domain_path(struct request *request)
{
	char text[64];

	if (!is_one_string(request))
		return XEN_EINVAL;
	snprintf(text, sizeof(text), "/local/domain/%u",
	    (unsigned)strtoul(request->payload, NULL, 10) & UINT16_MAX);
	return reply_text(request, text);
}

static int
do_refuse(struct request *request)
{
	(void)request;
	return XEN_EACCES; /* domain 0's, C xenstored 4.17 says */
}

static const struct {
	int (*call)(struct request *);
	bool outside; /* has no part in a transaction */
} types[XEN_STORE_TYPES] = {
	[XEN_STORE_CONTROL] = { do_refuse, true },
	[XEN_STORE_DIRECTORY] = { do_directory, false },
	[XEN_STORE_READ] = { do_read, false },
	[XEN_STORE_GET_PERMS] = { do_get_perms, false },
	[XEN_STORE_WATCH] = { do_watch, true },
	[XEN_STORE_UNWATCH] = { do_unwatch, true },
	[XEN_STORE_TRANSACTION_START] = { do_transaction_start, true },
	[XEN_STORE_TRANSACTION_END] = { do_transaction_end, false },
	[XEN_STORE_INTRODUCE] = { do_refuse, true },
	[XEN_STORE_RELEASE] = { do_refuse, true },
	[XEN_STORE_GET_DOMAIN_PATH] = { do_get_domain_path, true },
	[XEN_STORE_WRITE] = { do_write, false },
	[XEN_STORE_MKDIR] = { do_mkdir, false },
	[XEN_STORE_RM] = { do_rm, false },
	[XEN_STORE_SET_PERMS] = { do_set_perms, false },
	[XEN_STORE_IS_DOMAIN_INTRODUCED] = { do_refuse, true },
	[XEN_STORE_RESUME] = { do_refuse, true },
	[XEN_STORE_SET_TARGET] = { do_refuse, true },
	[XEN_STORE_RESET_WATCHES] = { do_reset_watches, true },
	[XEN_STORE_DIRECTORY_PART] = { do_directory_part, false },
};

static int
dispatch(struct request *request)
{
	uint32_t type = request->header->type;
	uint32_t tx = request->header->tx_id;

	if (type >= XEN_STORE_TYPES || types[type].call == NULL)
		return XEN_ENOSYS;
	if (tx != 0 && !types[type].outside) {
		request->tx = store_tx_find(request->conn, tx);
		if (request->tx == NULL)
			return XEN_ENOENT;
	}
	return types[type].call(request);
}

void
store_handle(struct store_conn *conn, const struct xen_store_header *header,
    const char *payload)
{
	struct request request = { .conn = conn,
		.header = header,
		.payload = payload,
		.size = header->length };
	int error;

	conn->store->counts.requests++;
	store_misbehave(conn);
	error = dispatch(&request);
	if (error != 0)
		store_reply_error(conn, header, error);
}
