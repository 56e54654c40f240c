/* SPDX-License-Identifier: ISC */
#ifndef PVHOST_SERIAL_H
#define PVHOST_SERIAL_H

#include <stdbool.h>
#include <stddef.h>

struct reply;
struct serial;

#define SERIAL_TYPED_MAX 65536u

/* As if somebody had typed it at COM1.  False: a line in the reply. */
bool serial_type(struct serial *, const void *bytes, size_t size,
    struct reply *);

#endif
