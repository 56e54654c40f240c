/* SPDX-License-Identifier: ISC */
#ifndef PVHOST_FILE_H
#define PVHOST_FILE_H

#include <stddef.h>

/* The largest that is given to a guest, or taken as a list of keys. */
#define FILE_MAX (16u << 20)

/* All of it, with a NUL behind; for the caller to free.  NULL: *problem says
 * why. */
char *file_read(const char *path, size_t *size, const char **problem);

#endif
