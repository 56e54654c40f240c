/* SPDX-License-Identifier: ISC */
#include "tests/support/xs_bench.h"

static void *
port_alloc(void *ctx, size_t size)
{
	struct bench *bench = ctx;

	bench->memory += size;
	return calloc(1, size);
}

static void
port_free(void *ctx, void *memory, size_t size)
{
	struct bench *bench = ctx;

	bench->memory -= size;
	free(memory);
}

static uint64_t
port_now(void *ctx)
{
	return ((struct bench *)ctx)->now;
}

int
bench_setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (bench == NULL)
		return -1;
	bench->now = PV_SECOND;
	bench->port = (struct pv_port){ .ctx = bench,
		.alloc = port_alloc,
		.free = port_free,
		.now = port_now };
	xs_init(&bench->xs, &bench->port, &bench->stats, XEN_STORE_PAYLOAD_MAX);
	*state = bench;
	return 0;
}

int
bench_teardown(void **state)
{
	struct bench *bench = *state;
	int result;

	xs_fini(&bench->xs);
	result = bench->memory == 0 && bench->xs.dirty == 0 &&
		bench->xs.ungreeted == 0 && bench->xs.open_transactions == 0
	    ? 0
	    : -1;
	free(bench);
	return result;
}

void
asked_done(struct xs_request *request)
{
	struct asked *asked = request->owner;

	asked->dones++;
	asked->error = request->error;
	asked->length = request->length;
	assert_int_equal(request->reply[request->length], '\0');
	memcpy(asked->reply, request->reply, request->length + 1);
	if (asked->again != NULL) {
		struct bench *bench = asked->again;

		asked->again = NULL;
		assert_int_equal(xs_submit(&bench->xs, request), PV_OK);
	}
}

int
try_ask(struct bench *bench, struct asked *asked, uint32_t type,
    const char *path)
{
	asked->request = (struct xs_request){ .type = type,
		.parts = { { path, strlen(path) + 1 } },
		.done = asked_done,
		.owner = asked };
	asked->dones = 0;
	return xs_submit(&bench->xs, &asked->request);
}

void
ask(struct bench *bench, struct asked *asked, const char *path)
{
	assert_int_equal(try_ask(bench, asked, XEN_STORE_READ, path), PV_OK);
}

/* The next message, taken out in pieces; false: there is none. */
bool
goes_out(struct bench *bench)
{
	uint8_t message[sizeof(bench->header) + XEN_STORE_PAYLOAD_MAX];
	size_t have = 0, size, piece;
	const uint8_t *bytes;

	size = xs_output(&bench->xs, &bytes);
	if (size == 0)
		return false;
	while (have < sizeof(bench->header) ||
	    have < sizeof(bench->header) + bench->header.length) {
		size = xs_output(&bench->xs, &bytes);
		assert_true(size > 0);
		piece = size > 7 ? 7 : size;
		memcpy(message + have, bytes, piece);
		xs_sent(&bench->xs, piece);
		have += piece;
		if (have >= sizeof(bench->header))
			memcpy(&bench->header, message, sizeof(bench->header));
	}
	memcpy(bench->payload, message + sizeof(bench->header),
	    bench->header.length);
	bench->payload[bench->header.length] = '\0';
	return true;
}

void
sends(struct bench *bench, uint32_t type, const char *path)
{
	assert_true(goes_out(bench));
	assert_int_equal(bench->header.type, type);
	assert_string_equal(bench->payload, path);
}

void
sends_nothing(struct bench *bench)
{
	assert_false(goes_out(bench));
}

int
comes_in(struct bench *bench, uint32_t type, uint32_t id, const void *payload,
    size_t size)
{
	struct xen_store_header header = { .type = type,
		.req_id = id,
		.length = (uint32_t)size };
	int error = xs_input(&bench->xs, &header, sizeof(header));

	if (error == PV_OK && size > 0)
		error = xs_input(&bench->xs, payload, size);
	return error;
}

/* The answer to what was sent last. */
void
answers(struct bench *bench, const char *text)
{
	assert_int_equal(comes_in(bench, bench->header.type,
			     bench->header.req_id, text, strlen(text)),
	    PV_OK);
}

void
fails(struct bench *bench, const char *name)
{
	assert_int_equal(comes_in(bench, XEN_STORE_ERROR, bench->header.req_id,
			     name, strlen(name) + 1),
	    PV_OK);
}

void
ended(const struct asked *asked, int error)
{
	assert_int_equal(asked->dones, 1);
	assert_int_equal(asked->error, error);
}

void
brought(const struct asked *asked, const char *text)
{
	ended(asked, PV_OK);
	assert_int_equal(asked->length, strlen(text));
	assert_string_equal(asked->reply, text);
}
