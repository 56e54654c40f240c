/* SPDX-License-Identifier: ISC */
/* The devices and sockets of this machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client_private.h"

struct found {
	unsigned number;
	unsigned directory; /* in the order in which they were searched */
	bool is_device;
	char *path;
};

struct search {
	struct found *found;
	size_t count;
	size_t room;
	unsigned directory;
};

/* "pvbus12": a number without leading zeros. */
static bool
parse_name(const char *name, unsigned *number)
{
	unsigned n = 0;
	const char *p;

	if (strncmp(name, "pvbus", 5) != 0)
		return false;
	p = name + 5;
	if (*p == '\0' || strlen(p) > 6 || (*p == '0' && p[1] != '\0'))
		return false;
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (unsigned)(*p - '0');
	}
	*number = n;
	return true;
}

static int
add(struct search *s, const char *directory, const char *name, unsigned number,
    bool is_device)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	struct found *f;
	char *path;

	if (s->count == s->room) {
		size_t room = s->room == 0 ? 8 : s->room * 2;

		f = realloc(s->found, room * sizeof(*f));
		if (f == NULL)
			return -ENOMEM;
		s->found = f;
		s->room = room;
	}
	path = malloc(size);
	if (path == NULL)
		return -ENOMEM;
	snprintf(path, size, "%s/%s", directory, name);
	s->found[s->count++] = (struct found){ number, s->directory, is_device,
		path };
	return 0;
}

static int
search(struct search *s, const char *directory)
{
	struct dirent *entry;
	struct stat st;
	unsigned number;
	int error = 0;
	DIR *d;

	s->directory++;
	d = opendir(directory);
	if (d == NULL)
		return errno == ENOMEM ? -ENOMEM : 0;
	while (error == 0 && (entry = readdir(d)) != NULL) {
		if (!parse_name(entry->d_name, &number))
			continue;
		if (fstatat(dirfd(d), entry->d_name, &st, 0) != 0)
			continue;
		if (S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode))
			error = add(s, directory, entry->d_name, number,
			    S_ISCHR(st.st_mode));
	}
	closedir(d);
	return error;
}

/* By number, a device before the sockets of its name. */
static int
compare(const void *left, const void *right)
{
	const struct found *a = left, *b = right;

	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->is_device != b->is_device)
		return a->is_device ? -1 : 1;
	if (a->directory != b->directory)
		return a->directory < b->directory ? -1 : 1;
	return 0;
}

/* The paths in order, each ended by a NUL, without the hidden ones. */
static int
join(const struct search *s, char ***paths, size_t *count)
{
	const struct found *device = NULL;
	size_t length = 0, used = 0;
	char *text;
	int error;

	for (size_t i = 0; i < s->count; i++)
		length += strlen(s->found[i].path) + 1;
	text = malloc(length + 1);
	if (text == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->count; i++) {
		const struct found *f = &s->found[i];

		if (f->is_device)
			device = f;
		else if (device != NULL && device->number == f->number)
			continue;
		length = strlen(f->path) + 1;
		memcpy(text + used, f->path, length);
		used += length;
	}
	error = pvbus_i_names(text, used, paths, count);
	free(text);
	return error;
}

int
client_devices(const char *const *directories, size_t n, char ***paths,
    size_t *count)
{
	struct search s = { 0 };
	int error = 0;

	for (size_t i = 0; i < n && error == 0; i++)
		error = search(&s, directories[i]);
	if (error == 0) {
		if (s.count > 1)
			qsort(s.found, s.count, sizeof(*s.found), compare);
		error = join(&s, paths, count);
	}
	for (size_t i = 0; i < s.count; i++)
		free(s.found[i].path);
	free(s.found);
	return error;
}

int
pvbus_devices(char ***paths, size_t *count)
{
	const char *directories[3] = { "/dev", "/run/pvbus" };
	const char *only = getenv("PVBUS_DIR");
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	size_t n = 2, size;
	char *own = NULL;
	int error;

	if (only != NULL && only[0] != '\0') {
		directories[0] = only;
		n = 1;
	} else if (runtime != NULL && runtime[0] == '/') {
		size = strlen(runtime) + sizeof("/pvbus");
		own = malloc(size);
		if (own == NULL)
			return -ENOMEM;
		snprintf(own, size, "%s/pvbus", runtime);
		directories[n++] = own;
	}
	error = client_devices(directories, n, paths, count);
	free(own);
	return error;
}
