/* SPDX-License-Identifier: ISC */
/* Paths: docs/misc/xenstore.txt of Xen. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/xen/store_private.h"

#define ALPHABET                                                         \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" \
	"-/_@"

/* Bytes of "/local/domain/N/", or 0. */
static size_t
home_length(const char *path)
{
	static const char start[] = "/local/domain/";
	size_t len = sizeof(start) - 1;

	if (strncmp(path, start, len) != 0 || path[len] < '0' ||
	    path[len] > '9')
		return 0;
	len += strspn(path + len, "0123456789");
	return path[len] == '/' ? len + 1 : 0;
}

bool
store_path_ok(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || strspn(path, ALPHABET) != len ||
	    strstr(path, "//") != NULL || (len > 1 && path[len - 1] == '/') ||
	    len > XEN_STORE_ABS_PATH_MAX)
		return false;
	return home_length(path) == 0 ||
	    len - home_length(path) <= XEN_STORE_REL_PATH_MAX;
}

bool
store_path_absolute(const struct store_conn *conn, const char *path,
    char *absolute)
{
	size_t len = strlen(path);

	if (len >= XEN_STORE_PAYLOAD_MAX)
		return false;
	if (path[0] == '/')
		memcpy(absolute, path, len + 1);
	else
		snprintf(absolute, STORE_PATH_ROOM, "/local/domain/%u/%s",
		    conn->domain, path);
	return store_path_ok(absolute);
}

void
store_path_parent(const char *path, char *parent)
{
	size_t len = (size_t)(strrchr(path, '/') - path);

	memcpy(parent, path, len);
	parent[len] = '\0';
	if (len == 0)
		memcpy(parent, "/", 2);
}

const char *
store_path_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* Or the same. */
bool
store_path_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return path[0] == '/';
	return strncmp(path, directory, len) == 0 &&
	    (path[len] == '\0' || path[len] == '/');
}
