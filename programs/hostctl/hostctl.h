/* SPDX-License-Identifier: ISC */
/* What the commands of hostctl share. */
#ifndef HOSTCTL_H
#define HOSTCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "limit.h"
#include "options.h"
#include "output.h"
#include "pvbus/client.h"
#include "status.h"

#define JSON_SCHEMA 1

struct hostctl {
	struct options options;
	struct output output;
	struct limit limit;
	struct pvbus *bus;
	enum status status; /* the first that was not 0 */
};

/* Keep the first status that tells of a failure. */
void hostctl_status(struct hostctl *, enum status);

/* The device of the options, else the first with a store.  False: it said
 * why. */
bool hostctl_open(struct hostctl *, bool writable);
/* The same for any path, and in silence. */
int hostctl_try(struct hostctl *, const char *path, bool writable);
void open_failed(struct hostctl *, const char *path, int error);

/* 0, or the errno for a key that no device needs to see. */
int key_check(const char *key);
/* Say what is wrong with a key and keep the status.  With -q "no such key" is
 * said by the status alone. */
void key_failed(struct hostctl *, const char *key, int error);

/* {"schema":1,"device":PATH without its end */
void json_begin(struct hostctl *);
void json_end(struct hostctl *);
void json_key(struct hostctl *, const char *key);
void json_error(struct hostctl *, int error);

/* A value as the options want it; `key` is put before it, NULL: none. */
void value_print(struct hostctl *, const char *key, const char *value,
    size_t length);

void command_get(struct hostctl *);
void command_list(struct hostctl *);
void command_watch(struct hostctl *);
void command_tree(struct hostctl *);
void command_type(struct hostctl *);
void command_put(struct hostctl *);
void command_remove(struct hostctl *);

#endif
