/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "programs/pvhost/file.h"

/* Grows as it reads: a FIFO or what is below /proc does not tell its size. */
static char *
read_all(FILE *file, size_t *size)
{
	size_t room = 0;
	char *bytes = NULL, *more;

	*size = 0;
	do {
		room = room == 0 ? 4096 : room * 2;
		more = realloc(bytes, room + 1);
		if (more == NULL) {
			free(bytes);
			return NULL;
		}
		bytes = more;
		*size += fread(bytes + *size, 1, room - *size, file);
	} while (*size == room && *size <= FILE_MAX);
	bytes[*size] = '\0';
	return bytes;
}

char *
file_read(const char *path, size_t *size, const char **problem)
{
	FILE *file = fopen(path, "re");
	char *bytes;

	*problem = NULL;
	if (file == NULL) {
		*problem = strerror(errno);
		return NULL;
	}
	errno = 0;
	bytes = read_all(file, size);
	if (bytes == NULL)
		*problem = "out of memory";
	else if (ferror(file))
		*problem = strerror(errno != 0 ? errno : EIO);
	else if (*size > FILE_MAX)
		*problem = "larger than 16 MiB, expected less";
	fclose(file);
	if (*problem != NULL) {
		free(bytes);
		return NULL;
	}
	return bytes;
}
