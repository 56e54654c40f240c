/* SPDX-License-Identifier: ISC */
/*
 * The names below a path.  XenStore tells one directory at a time, and not of a
 * name whether it is a directory: that takes a request for each, so several are
 * under way at once.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xenstore_private.h"

/* Nobody can be given a longer list. */
#define SIZE_LIMIT PV_KV_MAX
/* A directory that changes each time that we have half of it. */
#define RESTARTS 8u
#define OFFSET 12 /* digits of an offset, and a NUL */

/* The names of one directory, and room for them; they never move. */
struct xenstore_names {
	struct xenstore_names *next;
	size_t size;
	struct xenstore_name names[];
};

struct xenstore_lookup {
	struct xs_request request;
	struct xenstore_list *list;
	unsigned index;
	struct xenstore_name *name; /* NULL: the path itself */
	/* of a directory that comes in parts */
	uint64_t generation;
	char *parts;
	size_t have;
	unsigned restarts;
	size_t size;
	size_t length; /* of the path, with its NUL */
	char text[];   /* and then the offset */
};

static struct xs *
xs_of(struct xenstore_list *list)
{
	return xenbus_xs(list->bus);
}

static void
lookup_free(struct xenstore_lookup *lookup)
{
	struct xenstore_list *list = lookup->list;
	struct pv_bus *bus = list->bus->xen->bus;

	xs_cancel(xs_of(list), &lookup->request);
	list->lookups[lookup->index] = NULL;
	list->active--;
	pv_free(bus, lookup->parts, SIZE_LIMIT);
	pv_free(bus, lookup, lookup->size);
}

static void
lookups_free(struct xenstore_list *list)
{
	for (unsigned i = 0; i < XENSTORE_LOOKUPS; i++)
		if (list->lookups[i] != NULL)
			lookup_free(list->lookups[i]);
}

void
xenstore_list_stop(struct xenstore_list *list)
{
	lookups_free(list);
	while (list->names != NULL) {
		struct xenstore_names *names = list->names;

		list->names = names->next;
		pv_free(list->bus->xen->bus, names, names->size);
	}
	list->first = list->todo = NULL;
}

static void
end(struct xenstore_list *list, int error)
{
	lookups_free(list);
	list->error = error;
	list->done(list);
}

/* ---- Names ------------------------------------------------------------ */

/* The next name; 0 at the end.  A host can write anything, which is counted
 * where `bad` is not NULL. */
static size_t
next_name(const char *bytes, size_t size, size_t *at, const char **name,
    uint64_t *bad)
{
	while (*at < size) {
		size_t length = 0;

		*name = bytes + *at;
		while (*at + length < size && (*name)[length] != '\0')
			length++;
		*at += length + 1;
		if (xs_name_ok(*name, length))
			return length;
		if (length > 0 && bad != NULL)
			(*bad)++;
	}
	return 0;
}

static bool
grow(struct xenstore_list *list, size_t size)
{
	if (size > SIZE_LIMIT - list->size)
		return false;
	list->size += size;
	return true;
}

/* Behind the name that they are below of, so that the list is in order. */
static int
add(struct xenstore_list *list, struct xenstore_name *above, const char *bytes,
    size_t size)
{
	size_t prefix = above != NULL ? above->length + 1 : 0;
	size_t count = 0, room = 0, at = 0, length;
	struct xenstore_name **link = above != NULL ? &above->next
						    : &list->first;
	struct xenstore_names *names;
	const char *text = bytes;
	char *to;

	while ((length = next_name(bytes, size, &at, &text,
		    &list->bus->xen->stats->bad_text)) > 0) {
		count++;
		room += prefix + length;
		if (room > SIZE_LIMIT)
			return PV_EMSGSIZE;
	}
	if (count == 0)
		return PV_OK;
	room += sizeof(*names) + count * sizeof(names->names[0]);
	names = pv_alloc(list->bus->xen->bus, room);
	if (names == NULL)
		return PV_ENOMEM;
	names->size = room;
	names->next = list->names;
	list->names = names;
	to = (char *)&names->names[count];
	at = 0;
	for (size_t i = 0; i < count; i++) {
		struct xenstore_name *name = &names->names[i];

		length = next_name(bytes, size, &at, &text, NULL);
		if (!grow(list, prefix + length + 1))
			return PV_EMSGSIZE;
		name->text = to;
		name->length = prefix + length;
		if (above != NULL) {
			memcpy(to, above->text, above->length);
			to[above->length] = '/';
		}
		memcpy(to + prefix, text, length);
		to += name->length;
		name->next = *link;
		*link = name;
		link = &name->next;
		if (list->marks) {
			*list->todo_end = name;
			list->todo_end = &name->todo;
		}
	}
	return PV_OK;
}

/* ---- Asking ----------------------------------------------------------- */

static void lookup_done(struct xs_request *);
static void part_done(struct xs_request *);

static int
lookup_start(struct xenstore_list *list, struct xenstore_name *name)
{
	size_t more = name != NULL ? name->length : 0;
	size_t length = list->length + 1 + more + 1;
	struct xenstore_lookup *lookup;
	unsigned index = 0;
	int error;

	while (list->lookups[index] != NULL)
		index++;
	lookup = pv_alloc(list->bus->xen->bus,
	    sizeof(*lookup) + length + OFFSET);
	if (lookup == NULL)
		return PV_ENOMEM;
	lookup->list = list;
	lookup->index = index;
	lookup->name = name;
	lookup->size = sizeof(*lookup) + length + OFFSET;
	list->lookups[index] = lookup;
	list->active++;
	memcpy(lookup->text, list->path, list->length);
	lookup->length = list->length;
	if (name != NULL) {
		if (list->length > 1 || list->path[0] != '/')
			lookup->text[lookup->length++] = '/';
		memcpy(lookup->text + lookup->length, name->text, more);
		lookup->length += more;
	}
	lookup->length++;
	lookup->request = (struct xs_request){
		.type = XEN_STORE_DIRECTORY,
		.parts = { { lookup->text, lookup->length } },
		.deadline = list->deadline,
		.done = lookup_done,
		.owner = lookup,
	};
	error = xs_submit(xs_of(list), &lookup->request);
	if (error != PV_OK)
		lookup_free(lookup);
	return error;
}

/* Look into the next ones; the list ends when there are none. */
static void
go_on(struct xenstore_list *list)
{
	while (list->todo != NULL && list->active < XENSTORE_LOOKUPS) {
		struct xenstore_name *name = list->todo;
		int error;

		list->todo = name->todo;
		if (list->todo == NULL)
			list->todo_end = &list->todo;
		error = lookup_start(list, name);
		/* a path too long to be asked for has nothing below it */
		if (error != PV_OK && error != PV_EMSGSIZE) {
			end(list, error);
			return;
		}
	}
	if (list->active == 0)
		end(list, PV_OK);
}

/* All of one directory. */
static void
take(struct xenstore_lookup *lookup, const char *bytes, size_t size)
{
	struct xenstore_list *list = lookup->list;
	struct xenstore_name *name = lookup->name;
	size_t at = 0;
	const char *text;
	int error = PV_OK;

	if (name != NULL && next_name(bytes, size, &at, &text, NULL) > 0) {
		name->below = true;
		/* of all that is below the path, only the last names count */
		if (list->recursive)
			list->size -= name->length + 1;
		else if (!grow(list, 1))
			error = PV_EMSGSIZE;
	}
	if (error == PV_OK && (name == NULL || list->recursive))
		error = add(list, name, bytes, size);
	lookup_free(lookup);
	if (error != PV_OK)
		end(list, error);
	else
		go_on(list);
}

/* A name that is gone by now, or not for us to see, is a name all the same. */
static void
refused(struct xenstore_lookup *lookup, int error)
{
	struct xenstore_list *list = lookup->list;

	if (lookup->name != NULL &&
	    (error == PV_ENOENT || error == PV_EACCES || error == PV_EINVAL)) {
		lookup_free(lookup);
		go_on(list);
	} else
		end(list, error);
}

/* ---- A directory that is larger than a message ------------------------ */

static void
next_part(struct xenstore_lookup *lookup)
{
	char digits[21];
	size_t length = xs_decimal(digits, lookup->have) + 1;
	int error;

	memcpy(lookup->text + lookup->length, digits, length);
	lookup->request.type = XEN_STORE_DIRECTORY_PART;
	lookup->request.parts[0].size = lookup->length + length;
	lookup->request.done = part_done;
	error = xs_submit(xs_of(lookup->list), &lookup->request);
	if (error != PV_OK)
		refused(lookup, error);
}

/* "generation NUL", then names; an empty one ends the last part. */
static void
part_done(struct xs_request *request)
{
	struct xenstore_lookup *lookup = request->owner;
	size_t head = strlen(request->reply), size;
	uint64_t generation;
	const char *names;

	if (request->error != PV_OK) {
		/* ENOSYS: there is no way to get it */
		refused(lookup,
		    request->error == PV_ENOTSUP ? PV_EMSGSIZE
						 : request->error);
		return;
	}
	if (head + 1 >= request->length ||
	    !xs_number(request->reply, head, UINT64_MAX, &generation)) {
		lookup->list->bus->xen->stats->bad_text++;
		refused(lookup, PV_EPROTO);
		return;
	}
	names = request->reply + head + 1;
	size = request->length - head - 1;
	if (lookup->have > 0 && generation != lookup->generation) {
		lookup->have = 0;
		if (++lookup->restarts > RESTARTS)
			refused(lookup, PV_EAGAIN);
		else
			next_part(lookup);
		return;
	}
	lookup->generation = generation;
	if (size > SIZE_LIMIT - lookup->have) {
		refused(lookup, PV_EMSGSIZE);
		return;
	}
	memcpy(lookup->parts + lookup->have, names, size);
	lookup->have += size;
	if (names[size - 1] == '\0' && (size == 1 || names[size - 2] == '\0'))
		take(lookup, lookup->parts, lookup->have);
	else
		next_part(lookup);
}

static void
in_parts(struct xenstore_lookup *lookup)
{
	struct xenstore_list *list = lookup->list;

	/* that it has names is all that is asked */
	if (lookup->name != NULL && !list->recursive) {
		take(lookup, "x", 2);
		return;
	}
	lookup->parts = pv_alloc(list->bus->xen->bus, SIZE_LIMIT);
	if (lookup->parts == NULL)
		end(list, PV_ENOMEM);
	else
		next_part(lookup);
}

static void
lookup_done(struct xs_request *request)
{
	struct xenstore_lookup *lookup = request->owner;

	if (request->error == PV_OK)
		take(lookup, request->reply, request->length);
	else if (request->error == PV_EMSGSIZE)
		in_parts(lookup);
	else
		refused(lookup, request->error);
}

/* ---- The whole -------------------------------------------------------- */

int
xenstore_list_start(struct xenstore_list *list)
{
	list->todo_end = &list->todo;
	return lookup_start(list, NULL);
}

void
xenstore_list_copy(const struct xenstore_list *list, char *to, char ends)
{
	for (const struct xenstore_name *name = list->first; name != NULL;
	     name = name->next) {
		if (name->below && list->recursive)
			continue;
		memcpy(to, name->text, name->length);
		to += name->length;
		if (name->below)
			*to++ = '/';
		*to++ = ends;
	}
}
