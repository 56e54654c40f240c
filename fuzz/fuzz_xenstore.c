/* SPDX-License-Identifier: ISC */
/*
 * The engine of XenStore's client against a host that says anything.
 * Input: steps, each a byte of which the lower half says what and the upper half
 * with which request, watch or transaction; some take a size (1 byte) and as
 * many bytes.
 */
#include "fuzz/fuzz.h"
#include "guest/xen/xs.h"

#define COUNT 16

enum step {
	RAW,       /* bytes from the host, as they are: size, bytes */
	ANSWER,    /* to the last message sent: type, size, bytes */
	EVENT,     /* of a watch, by its token: size, bytes before it */
	READ,      /* ask */
	WRITE,     /* ask, with a value: size, bytes */
	CANCEL,    /* that request */
	WATCH,     /* a path: size, bytes */
	UNWATCH,   /* that one */
	TRANSACT,  /* begin one */
	GIVE_UP,   /* that one */
	SEND,      /* let messages out */
	WAIT,      /* tenths of a second */
	CALL_BACK, /* for events */
	RESTART,   /* another connection */
	FAIL,      /* all requests */
	PAUSE
};

struct host {
	struct pv_port port;
	struct pv_stats stats;
	uint64_t now;
	size_t memory;
	struct xs xs;
	uint32_t last_type, last_id;
	char token[COUNT][9];

	struct xs_request requests[COUNT];
	unsigned asked[COUNT], answered[COUNT];
	struct xs_watch watches[COUNT];
	struct xs_transaction transactions[COUNT];
	struct xs_request inside[COUNT];
	unsigned begun[COUNT], ended[COUNT];
	uint8_t value[256];
};

static void *
port_alloc(void *ctx, size_t size)
{
	struct host *host = ctx;

	host->memory += size;
	return calloc(1, size);
}

static void
port_free(void *ctx, void *memory, size_t size)
{
	struct host *host = ctx;

	host->memory -= size;
	free(memory);
}

static uint64_t
port_now(void *ctx)
{
	return ((struct host *)ctx)->now;
}

static void
request_done(struct xs_request *request)
{
	struct host *host = request->owner;
	size_t index = (size_t)(request - host->requests);

	MUST(request->error <= 0);
	MUST(request->length <= XEN_STORE_PAYLOAD_MAX);
	MUST(request->reply[request->length] == '\0');
	host->answered[index]++;
	MUST(host->answered[index] == host->asked[index]);
}

static void
ask(struct host *host, unsigned index, uint32_t type, size_t size)
{
	struct xs_request *request = &host->requests[index];

	if (request->state != XS_IDLE)
		return;
	*request = (struct xs_request){ .type = type,
		.parts = { { "data/key", 9 }, { host->value, size } },
		.done = request_done,
		.owner = host };
	host->asked[index]++;
	if (xs_submit(&host->xs, request) != PV_OK)
		host->asked[index]--;
}

static void
cancel(struct host *host, unsigned index)
{
	if (host->requests[index].state != XS_IDLE)
		host->asked[index]--;
	xs_cancel(&host->xs, &host->requests[index]);
}

static void
event(struct xs_watch *watch)
{
	MUST(watch->slot != NULL);
}

static void
failed(struct xs_watch *watch, int error)
{
	MUST(watch->slot == NULL);
	MUST(error < 0);
}

static bool
wants(struct xs_watch *watch, const char *path, size_t length)
{
	MUST(watch->slot != NULL);
	MUST(strlen(path) == length);
	return length % 2 == 0;
}

static void
inside_done(struct xs_request *request)
{
	struct host *host = request->owner;
	size_t index = (size_t)(request - host->inside);

	xs_transaction_end(&host->transactions[index], request->error);
}

static void
body(struct xs_transaction *transaction)
{
	struct host *host = transaction->owner;
	size_t index = (size_t)(transaction - host->transactions);
	struct xs_request *request = &host->inside[index];

	MUST(transaction->id != 0);
	*request = (struct xs_request){ .type = XEN_STORE_READ,
		.transaction = transaction->id,
		.parts = { { "x", 2 } },
		.done = inside_done,
		.owner = host };
	MUST(xs_submit(&host->xs, request) == PV_OK);
}

static void
transaction_done(struct xs_transaction *transaction)
{
	struct host *host = transaction->owner;
	size_t index = (size_t)(transaction - host->transactions);

	host->ended[index]++;
	MUST(host->ended[index] == host->begun[index]);
}

static void
transact(struct host *host, unsigned index)
{
	struct xs_transaction *transaction = &host->transactions[index];

	if (transaction->phase != XS_NONE)
		return;
	*transaction = (struct xs_transaction){ .body = body,
		.done = transaction_done,
		.owner = host };
	host->begun[index]++;
	xs_transaction_start(&host->xs, transaction);
}

static void
give_up(struct host *host, unsigned index)
{
	if (host->transactions[index].phase != XS_NONE)
		host->begun[index]--;
	xs_cancel(&host->xs, &host->inside[index]);
	xs_transaction_cancel(&host->transactions[index]);
}

static void
watch(struct host *host, unsigned index, size_t size)
{
	struct xs_watch *it = &host->watches[index];

	if (it->slot != NULL)
		return;
	*it = (struct xs_watch){ .event = event,
		.failed = failed,
		.wants = wants,
		.owner = host };
	xs_watch_add(&host->xs, it, (const char *)host->value, size);
}

/* What goes out is whole, of a size that the host takes, and with an id. */
static void
let_out(struct host *host)
{
	struct xen_store_header header;
	const uint8_t *bytes;
	size_t size;

	while ((size = xs_output(&host->xs, &bytes)) > 0) {
		MUST(size >= sizeof(header));
		memcpy(&header, bytes, sizeof(header));
		MUST(header.length <= XEN_STORE_PAYLOAD_MAX);
		MUST(size == sizeof(header) + header.length);
		MUST(header.req_id != 0);
		host->last_type = header.type;
		host->last_id = header.req_id;
		if (header.type == XEN_STORE_WATCH)
			memcpy(host->token[header.req_id % COUNT],
			    bytes + size - 9, 9);
		xs_sent(&host->xs, size);
	}
	MUST(host->xs.outstanding <= XS_OUTSTANDING);
}

static void
come_in(struct host *host, uint32_t type, uint32_t id, const void *payload,
    size_t size)
{
	struct xen_store_header header = { .type = type,
		.req_id = id,
		.length = (uint32_t)size };

	if (xs_input(&host->xs, &header, sizeof(header)) == PV_OK)
		xs_input(&host->xs, payload, size);
}

static void
step(struct host *host, const uint8_t **data, size_t *left)
{
	uint8_t head, extra = 0, size = 0;
	unsigned index;

	take(data, left, &head, 1);
	index = head >> 4;
	switch (head & 0xf) {
	case ANSWER:
		take(data, left, &extra, 1);
		/* FALLTHROUGH */
	case RAW:
	case EVENT:
	case WRITE:
	case WATCH:
	case WAIT:
		take(data, left, &size, 1);
		break;
	default:
		break;
	}
	if ((head & 0xf) == RAW || (head & 0xf) == ANSWER ||
	    (head & 0xf) == EVENT || (head & 0xf) == WRITE ||
	    (head & 0xf) == WATCH)
		take(data, left, host->value, size);
	switch (head & 0xf) {
	case RAW:
		xs_input(&host->xs, host->value, size);
		break;
	case ANSWER:
		come_in(host, extra == 0xff ? host->last_type : extra,
		    host->last_id - index * XS_SLOTS, host->value, size);
		break;
	case EVENT:
		if (size + 9u <= sizeof(host->value)) {
			memcpy(host->value + size, host->token[index], 9);
			come_in(host, XEN_STORE_WATCH_EVENT, 0, host->value,
			    size + 9u);
		}
		break;
	case READ:
		ask(host, index, XEN_STORE_READ, 0);
		break;
	case WRITE:
		ask(host, index, XEN_STORE_WRITE, size);
		break;
	case CANCEL:
		cancel(host, index);
		break;
	case WATCH:
		watch(host, index, size);
		break;
	case UNWATCH:
		xs_watch_remove(&host->xs, &host->watches[index]);
		break;
	case TRANSACT:
		transact(host, index);
		break;
	case GIVE_UP:
		give_up(host, index);
		break;
	case SEND:
		let_out(host);
		break;
	case WAIT:
		host->now += size * (PV_SECOND / 10);
		xs_expire(&host->xs);
		break;
	case CALL_BACK:
		xs_events(&host->xs, index + 1);
		break;
	case RESTART:
		xs_restart(&host->xs);
		break;
	case FAIL:
		xs_fail_all(&host->xs, PV_EPROTO);
		break;
	default:
		host->xs.paused = !host->xs.paused;
		break;
	}
	/* there is no one whom nobody will ever answer */
	if (host->xs.outstanding > 0)
		MUST(xs_deadline(&host->xs) <= host->now + XS_TIMEOUT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host *host = calloc(1, sizeof(*host));

	MUST(host != NULL);
	host->now = PV_SECOND;
	host->port = (struct pv_port){ .ctx = host,
		.alloc = port_alloc,
		.free = port_free,
		.now = port_now };
	xs_init(&host->xs, &host->port, &host->stats, XEN_STORE_PAYLOAD_MAX);
	while (size > 0)
		step(host, &data, &size);
	/* all that was asked ends in its time */
	host->xs.paused = false;
	for (unsigned i = 0; i < 100; i++) {
		host->now += XS_TIMEOUT;
		xs_expire(&host->xs);
		let_out(host);
	}
	for (unsigned i = 0; i < COUNT; i++) {
		MUST(host->asked[i] == host->answered[i]);
		MUST(host->begun[i] == host->ended[i]);
		xs_watch_remove(&host->xs, &host->watches[i]);
	}
	xs_fini(&host->xs);
	MUST(host->memory == 0);
	free(host);
	return 0;
}
