/* SPDX-License-Identifier: ISC */
/*
 * A host's information store, the same shape on every hypervisor.
 *
 * Keys are text: no NUL, not terminated, a length beside them.  Values are
 * bytes with a length.  A store answers each request exactly once, through
 * `done`, at once or later, and never touches the request after that.
 */
#ifndef PVBUS_STORE_H
#define PVBUS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pvbus/error.h"

/* The longest key and the longest piece of a value that one request carries:
 * PVBUS_KVOP_MAXSIZE of OpenBSD's pvbus(4) since 2023. */
#define PV_KV_MAX 65536u

enum pv_op {
	PV_READ,
	PV_WRITE,
	PV_LIST,
	PV_REMOVE,
	PV_WATCH
};

/* READ: give what fits from `offset` on, rather than PV_ERANGE. */
#define PV_KV_PARTIAL 0x1u
/* LIST: everything below the key, as names relative to it. */
#define PV_KV_RECURSIVE 0x2u

/*
 * One request.  The caller owns it and what it points to until `done`.
 *
 * READ   value[room] receives the value.  A value that does not fit ends in
 *        PV_ERANGE with nothing written (but see PV_KV_PARTIAL).
 * WRITE  value[room] is the value.
 * LIST   value[room] receives the names below `key` ("" is the top; a key
 *        ends in '/' or is taken as if it did), each ended by a NUL.  A name
 *        that ends in '/' has names below it.
 * REMOVE the key is gone afterwards.
 * WATCH  answers as READ does (LIST for a key that ends in '/') as soon as the
 *        state of the key is another than `seen`, and sets `seen` to that of
 *        the state it answers with.  0 is no state: the first watch answers at
 *        once.  The end of a key is a change, answered by PV_ENOENT.  `value`
 *        may be written at any time until then.
 */
struct pv_kv {
	enum pv_op op;
	uint32_t flags;
	const char *key;
	size_t keylen;
	void *value;
	size_t room;
	uint64_t offset;   /* with PV_KV_PARTIAL */
	uint64_t deadline; /* of the port's clock; then PV_ETIMEDOUT */
	uint64_t seen;

	void (*done)(struct pv_kv *);
	void *owner;

	int error;
	uint64_t actual; /* length of the whole value, also with PV_ERANGE */
	size_t len;      /* bytes now at `value` */
	bool constant;   /* READ: no other value will ever be there */

	/* The bus's and the store's own while the request is under way. */
	struct pv_bus *bus;
	struct pv_interface *interface;
	struct pv_store *store;
	struct pv_kv *next;
	struct pv_kv *store_next;
	uint64_t scratch[4]; /* the store's */
};

struct pv_store {
	const char *name; /* "fwcfg", "xenstore", … */
	uint32_t ops;     /* 1 << enum pv_op; the others are PV_ENOTSUP */
	bool read_only;   /* WRITE and REMOVE are PV_EROFS */

	void (*start)(struct pv_store *, struct pv_kv *);
	/* Forget the request; it is not answered, its memory not touched. */
	void (*cancel)(struct pv_store *, struct pv_kv *);
	/* After all devices are detached.  NULL: a driver owns the store, and
	 * takes it from the interface in its detach. */
	void (*destroy)(struct pv_store *);
};

#endif
