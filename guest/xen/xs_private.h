/* SPDX-License-Identifier: ISC */
/* What the files of the engine share. */
#ifndef GUEST_XEN_XS_PRIVATE_H
#define GUEST_XEN_XS_PRIVATE_H

#include "guest/xen/xs.h"

uint64_t xs_now(const struct xs *);

/* xs_watch.c */
void xs_watch_event(struct xs *, const char *body, size_t length);
void xs_watches_run(struct xs *, uint64_t now);
uint64_t xs_watches_deadline(const struct xs *);
void xs_watches_stop(struct xs *);  /* the connection is gone */
void xs_watches_start(struct xs *); /* there is another one */
void xs_watches_fail(struct xs *, int error);
void xs_watches_free(struct xs *);

/* xs_transaction.c */
void xs_transactions_run(struct xs *, uint64_t now);
uint64_t xs_transactions_deadline(const struct xs *);
void xs_transactions_fail(struct xs *, int error);
/* End a transaction that nobody wants any more. */
void xs_abort(struct xs *, uint32_t transaction);

#endif
