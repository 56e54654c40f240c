/* SPDX-License-Identifier: ISC */
#include "tests/support/request.h"

void
request_done(struct pv_kv *kv)
{
	struct request *request = kv->owner;

	request->dones++;
	request->finished = true;
}

void
request_begin(struct world *world, struct request *request, enum pv_op op,
    const char *key, size_t room)
{
	uint64_t seen = request->kv.seen;

	request->dones = 0;
	request->finished = false;
	memset(request->value, '#', sizeof(request->value));
	request->kv = (struct pv_kv){ .op = op,
		.key = key,
		.keylen = strlen(key),
		.value = request->value,
		.room = room,
		.deadline = PV_NEVER,
		.seen = seen,
		.done = request_done,
		.owner = request };
	pv_store_submit(world->bus, pv_bus_interface(world->bus, 0),
	    &request->kv);
}

void
let_pass(struct world *world, uint64_t time)
{
	uint64_t until = sim_now(world->sim) + time;
	bool never = false;

	assert_int_equal(pv_await(world->bus, &never, until), PV_ETIMEDOUT);
}

void
request_ends(struct world *world, struct request *request, int error)
{
	assert_int_equal(pv_await(world->bus, &request->finished,
			     sim_now(world->sim) + 3600 * PV_SECOND),
	    PV_OK);
	assert_int_equal(request->kv.error, error);
	assert_int_equal(request->dones, 1);
}

void
request_brought(const struct request *request, const void *expected, size_t len)
{
	const struct pv_kv *kv = &request->kv;

	assert_int_equal(kv->len, len);
	assert_int_equal(kv->actual, len);
	assert_memory_equal(request->value, expected, len);
	for (size_t i = kv->op == PV_WATCH ? kv->room : len;
	     i < sizeof(request->value); i++)
		assert_int_equal(request->value[i], '#');
}
