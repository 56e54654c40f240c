/* SPDX-License-Identifier: ISC */
/* The two directories of a device in XenStore. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/xen/backend_private.h"

#define PATH_MAX_ 160

static void write_key(struct backend *, const char *directory, const char *key,
    const char *format, va_list) __attribute__((format(printf, 4, 0)));

static void
write_key(struct backend *backend, const char *directory, const char *key,
    const char *format, va_list arguments)
{
	char path[PATH_MAX_], value[128];

	snprintf(path, sizeof(path), "%s/%s", directory, key);
	vsnprintf(value, sizeof(value), format, arguments);
	host_xenstore_write(backend->store, path, value, strlen(value));
}

/* ---- What a test has it say ------------------------------------------- */

static struct backend_lie *
find_lie(const struct backend *backend, const char *key)
{
	struct backend_lie *lie = backend->lies;

	while (lie != NULL && strcmp(lie->key, key) != 0)
		lie = lie->next;
	return lie;
}

static void
remove_key(struct backend *backend, const char *key)
{
	char path[PATH_MAX_];

	snprintf(path, sizeof(path), "%s/%s", backend->back, key);
	host_xenstore_remove(backend->store, path);
}

static void
tell_lie(struct backend *backend, const struct backend_lie *lie)
{
	char path[PATH_MAX_];

	if (lie->value == NULL) {
		remove_key(backend, lie->key);
		return;
	}
	snprintf(path, sizeof(path), "%s/%s", backend->back, lie->key);
	host_xenstore_write(backend->store, path, lie->value,
	    strlen(lie->value));
}

void
backend_lie(struct backend *backend, const char *key, const char *value)
{
	struct backend_lie *lie = find_lie(backend, key);

	if (lie == NULL) {
		lie = calloc(1, sizeof(*lie));
		if (lie == NULL || (lie->key = strdup(key)) == NULL)
			abort(); /* a test that is not heard proves nothing */
		lie->next = backend->lies;
		backend->lies = lie;
	}
	free(lie->value);
	lie->value = value != NULL ? strdup(value) : NULL;
	if (value != NULL && lie->value == NULL)
		abort();
	if (!backend->gone)
		tell_lie(backend, lie);
}

void
backend_forget_lies(struct backend *backend)
{
	while (backend->lies != NULL) {
		struct backend_lie *lie = backend->lies;

		backend->lies = lie->next;
		free(lie->key);
		free(lie->value);
		free(lie);
	}
}

/* ---- Keys ------------------------------------------------------------- */

void
backend_write(struct backend *backend, const char *key, const char *format, ...)
{
	const struct backend_lie *lie = find_lie(backend, key);
	va_list arguments;

	if (lie != NULL) {
		tell_lie(backend, lie);
		return;
	}
	va_start(arguments, format);
	write_key(backend, backend->back, key, format, arguments);
	va_end(arguments);
}

void
backend_say(struct backend *backend, const char *key, uint64_t value, bool said)
{
	if (said && backend->withdrawing)
		remove_key(backend, key);
	else if (said)
		backend_write(backend, key, "%llu", (unsigned long long)value);
}

void
backend_write_front(struct backend *backend, const char *key,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_key(backend, backend->front, key, format, arguments);
	va_end(arguments);
}

/* A directory that one domain owns and the other reads, as libxl makes it. */
static bool
make(struct backend *backend, const char *path, unsigned owner, unsigned reader)
{
	char own[16], read[16];
	const char *const permissions[] = { own, read };

	snprintf(own, sizeof(own), "n%u", owner);
	snprintf(read, sizeof(read), "r%u", reader);
	return host_xenstore_mkdir(backend->store, path) &&
	    host_xenstore_permit(backend->store, path, permissions, 2);
}

bool
backend_make_directories(struct backend *backend)
{
	unsigned domain = host_xen_domain(backend->xen);

	snprintf(backend->front, sizeof(backend->front),
	    "/local/domain/%u/device/%s/%u", domain, backend->kind->class_name,
	    backend->unit);
	snprintf(backend->back, sizeof(backend->back),
	    "/local/domain/0/backend/%s/%u/%u", backend->kind->class_name,
	    domain, backend->unit);
	if (!make(backend, backend->back, 0, domain))
		return false;
	backend_write(backend, "frontend", "%s", backend->front);
	backend_write(backend, "frontend-id", "%u", domain);
	backend_write(backend, "online", "1");
	backend_write(backend, "state", "%u", XEN_BUS_INITIALISING);
	/* the front end's last: its watch tells the guest of the device */
	if (!make(backend, backend->front, domain, 0))
		return false;
	backend_write_front(backend, "backend", "%s", backend->back);
	backend_write_front(backend, "backend-id", "0");
	backend->kind->toolstack(backend);
	backend_write_front(backend, "state", "%u", XEN_BUS_INITIALISING);
	for (const struct backend_lie *l = backend->lies; l; l = l->next)
		tell_lie(backend, l);
	return true;
}

void
backend_remove_directories(struct backend *backend)
{
	host_xenstore_remove(backend->store, backend->front);
	host_xenstore_remove(backend->store, backend->back);
}

void
backend_queue_key(char *to, size_t room, int queue, const char *key)
{
	if (queue < 0)
		snprintf(to, room, "%s", key);
	else
		snprintf(to, room, "queue-%d/%s", queue, key);
}

bool
backend_text(struct backend *backend, const char *key, char *to, size_t room)
{
	char path[PATH_MAX_];
	const char *value;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", backend->front, key);
	value = host_xenstore_read(backend->store, path, &size);
	if (value == NULL || size >= room)
		return false;
	memcpy(to, value, size);
	to[size] = '\0';
	return true;
}

bool
backend_read(struct backend *backend, const char *key, uint32_t *value)
{
	char text[32], *end;
	unsigned long long number;

	if (!backend_text(backend, key, text, sizeof(text)))
		return false;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' ||
	    number > UINT32_MAX)
		return false;
	*value = (uint32_t)number;
	return true;
}

bool
backend_flag(struct backend *backend, const char *key)
{
	uint32_t value;

	return backend_read(backend, key, &value) && value != 0;
}
