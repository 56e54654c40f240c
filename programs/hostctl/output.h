/* SPDX-License-Identifier: ISC */
/*
 * Where results go: standard output, a file that is replaced as a whole, or
 * what else -o names (a FIFO, a terminal), which is written as we go.
 */
#ifndef HOSTCTL_OUTPUT_H
#define HOSTCTL_OUTPUT_H

#include <stdbool.h>

#include "buffer.h"
#include "status.h"

struct output {
	struct buffer buffer; /* results are added here */
	const char *path;     /* for messages; NULL: standard output */
	int fd;               /* -1: a file to be replaced */
	bool terminal;        /* bytes are to be made harmless */
};

/* `path` NULL or "-": standard output.  All three say what is wrong. */
enum status output_open(struct output *, const char *path);
/* Write what there is, unless it is for a file: that waits for its end. */
enum status output_flush(struct output *);
/* Write what there is; a file now holds just that.  May be called again. */
enum status output_commit(struct output *);
/* What was not committed is forgotten. */
enum status output_close(struct output *);

#endif
