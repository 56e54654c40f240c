/* SPDX-License-Identifier: ISC */
/*
 * Transactions: begun, filled by their owner, ended, and all of it again as long
 * as the store says that another came between, up to a bound.
 */
#include "guest/bus/libc.h"
#include "guest/xen/xs_private.h"

#define TRIES 64u /* nanos and others have found that enough */
#define PAUSE_MAX (100 * PV_MILLISECOND)

static void
aborted(struct xs_request *request)
{
	(void)request;
}

void
xs_abort(struct xs *xs, uint32_t transaction)
{
	if (xs->dead != PV_OK)
		return;
	for (unsigned i = 0; i < XS_ABORTS; i++) {
		struct xs_request *request = &xs->aborts[i];

		if (request->state != XS_IDLE)
			continue;
		*request = (struct xs_request){
			.type = XEN_STORE_TRANSACTION_END,
			.transaction = transaction,
			.parts = { { xs->abort_body, 2 } },
			.done = aborted,
		};
		(void)xs_submit(xs, request);
		return;
	}
}

/* On another connection the number may be that of another transaction. */
static void
abort_open(const struct xs_transaction *transaction)
{
	if (transaction->epoch == transaction->xs->epoch)
		xs_abort(transaction->xs, transaction->id);
}

static void
leave(struct xs_transaction *transaction)
{
	struct xs *xs = transaction->xs;
	struct xs_transaction **link = &xs->transactions;

	while (*link != transaction)
		link = &(*link)->next;
	*link = transaction->next;
	if (transaction->phase != XS_WAITING)
		xs->open_transactions--;
	transaction->phase = XS_NONE;
}

static void
finish(struct xs_transaction *transaction, int error)
{
	leave(transaction);
	transaction->error = error;
	transaction->done(transaction);
}

/* Others have their turn; the pause grows from 1 ms. */
static void
again(struct xs_transaction *transaction)
{
	struct xs *xs = transaction->xs;
	uint64_t pause = PAUSE_MAX;

	if (++transaction->tries >= TRIES) {
		finish(transaction, PV_EAGAIN);
		return;
	}
	if (transaction->tries < 7)
		pause = PV_MILLISECOND << transaction->tries;
	if (pause > PAUSE_MAX)
		pause = PAUSE_MAX;
	xs->open_transactions--;
	transaction->phase = XS_WAITING;
	transaction->when = xs_now(xs) + pause;
}

static void
started(struct xs_request *request)
{
	struct xs_transaction *transaction = request->owner;
	uint64_t id;

	if (request->error == PV_EAGAIN) {
		again(transaction);
		return;
	}
	if (request->error != PV_OK) {
		finish(transaction, request->error);
		return;
	}
	if (!xs_number(request->reply, strlen(request->reply), UINT32_MAX,
		&id) ||
	    id == 0) {
		transaction->xs->stats->bad_value++;
		finish(transaction, PV_EPROTO);
		return;
	}
	transaction->id = (uint32_t)id;
	transaction->epoch = transaction->xs->epoch;
	transaction->phase = XS_BODY;
	transaction->body(transaction);
}

static void
start(struct xs_transaction *transaction)
{
	struct xs *xs = transaction->xs;
	int error;

	transaction->phase = XS_STARTING;
	xs->open_transactions++;
	transaction->request = (struct xs_request){
		.type = XEN_STORE_TRANSACTION_START,
		.parts = { { "", 1 } },
		.done = started,
		.owner = transaction,
	};
	error = xs_submit(xs, &transaction->request);
	if (error != PV_OK)
		finish(transaction, error);
}

/* It begins in xs_expire(), so that `done` never comes before this returns. */
void
xs_transaction_start(struct xs *xs, struct xs_transaction *transaction)
{
	struct xs_transaction **link = &xs->transactions;

	transaction->xs = xs;
	transaction->next = NULL;
	transaction->phase = XS_WAITING;
	transaction->when = 0;
	transaction->tries = 0;
	while (*link != NULL)
		link = &(*link)->next;
	*link = transaction;
}

static void
ended(struct xs_request *request)
{
	struct xs_transaction *transaction = request->owner;

	/* it may be open still */
	if (request->error == PV_ETIMEDOUT)
		abort_open(transaction);
	if (request->error == PV_EAGAIN)
		again(transaction);
	else
		finish(transaction, request->error);
}

void
xs_transaction_end(struct xs_transaction *transaction, int error)
{
	struct xs *xs = transaction->xs;

	if (error != PV_OK) {
		abort_open(transaction);
		if (error == PV_EAGAIN)
			again(transaction);
		else
			finish(transaction, error);
		return;
	}
	transaction->phase = XS_ENDING;
	transaction->request = (struct xs_request){
		.type = XEN_STORE_TRANSACTION_END,
		.transaction = transaction->id,
		.parts = { { XEN_STORE_COMMIT, sizeof(XEN_STORE_COMMIT) } },
		.done = ended,
		.owner = transaction,
	};
	error = xs_submit(xs, &transaction->request);
	if (error != PV_OK)
		finish(transaction, error);
}

void
xs_transaction_cancel(struct xs_transaction *transaction)
{
	if (transaction->phase == XS_NONE)
		return;
	if (transaction->phase == XS_BODY)
		abort_open(transaction);
	xs_cancel(transaction->xs, &transaction->request);
	leave(transaction);
}

static struct xs_transaction *
due(const struct xs *xs, uint64_t now)
{
	struct xs_transaction *transaction = xs->transactions;

	if (xs->open_transactions >= XS_TRANSACTIONS)
		return NULL;
	while (transaction != NULL &&
	    (transaction->phase != XS_WAITING || transaction->when > now))
		transaction = transaction->next;
	return transaction;
}

void
xs_transactions_run(struct xs *xs, uint64_t now)
{
	struct xs_transaction *transaction;

	/* a completion may start another one */
	for (unsigned i = 0; i < XS_TRANSACTIONS && !xs->paused; i++) {
		transaction = due(xs, now);
		if (transaction == NULL)
			break;
		start(transaction);
	}
}

/* What is under way has failed already. */
void
xs_transactions_fail(struct xs *xs, int error)
{
	struct xs_transaction *transaction;

	for (;;) {
		transaction = xs->transactions;
		while (transaction != NULL && transaction->phase != XS_WAITING)
			transaction = transaction->next;
		if (transaction == NULL)
			return;
		finish(transaction, error);
	}
}

uint64_t
xs_transactions_deadline(const struct xs *xs)
{
	uint64_t first = PV_NEVER;

	if (xs->open_transactions >= XS_TRANSACTIONS || xs->paused)
		return PV_NEVER;
	for (const struct xs_transaction *transaction = xs->transactions;
	     transaction != NULL; transaction = transaction->next)
		if (transaction->phase == XS_WAITING &&
		    transaction->when < first)
			first = transaction->when;
	return first;
}
