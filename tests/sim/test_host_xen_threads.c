/* SPDX-License-Identifier: ISC */
/*
 * The model of Xen and a guest that writes at the same time, on a thread of its
 * own.  The guest does as Linux does: it writes a request to XenStore in pieces,
 * and signals a piece only when it finds all those before it taken.
 */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "tests/support/xen_host.h"

#define REQUESTS 200000u
/* Seconds for them: fewer do on a busy machine. */
#define ENOUGH 3
/* Seconds without a signal after which one is taken to be lost: of the outside,
 * as nothing of the simulation is late. */
#define PATIENCE 20

struct guest {
	struct xen_store_page *page;
	uint32_t signalled; /* atomic, for the host's thread to carry */
	uint32_t answered;  /* atomic: requests so far */
	uint32_t stop;      /* atomic */
};

static bool
is_stopped(const struct guest *guest)
{
	return __atomic_load_n(&guest->stop, __ATOMIC_SEQ_CST) != 0;
}

/* There is room: one request is under way at a time. */
static void
write_piece(struct guest *guest, const void *bytes, uint32_t size)
{
	struct xen_store_page *page = guest->page;
	uint32_t prod = __atomic_load_n(&page->req_prod, __ATOMIC_RELAXED);
	const uint8_t *from = bytes;

	for (uint32_t i = 0; i < size; i++)
		page->req[(prod + i) & XEN_STORE_RING_MASK] = from[i];
	__atomic_store_n(&page->req_prod, prod + size, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&page->req_cons, __ATOMIC_SEQ_CST) == prod)
		__atomic_store_n(&guest->signalled, 1, __ATOMIC_SEQ_CST);
}

static void
take_answer(struct guest *guest)
{
	struct xen_store_page *page = guest->page;
	uint32_t cons = __atomic_load_n(&page->rsp_cons, __ATOMIC_RELAXED);
	uint32_t size = sizeof(struct xen_store_header) + sizeof("OK");
	unsigned turns = 0;

	while (
	    __atomic_load_n(&page->rsp_prod, __ATOMIC_SEQ_CST) - cons < size) {
		if (is_stopped(guest))
			return;
		if (++turns % 4096 == 0)
			sched_yield(); /* to the host, on one processor */
	}
	__atomic_store_n(&page->rsp_cons, cons + size, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&guest->answered, 1, __ATOMIC_SEQ_CST);
}

static void *
write_requests(void *argument)
{
	static const char path[] = "data/key", value[] = "its value";
	struct guest *guest = argument;

	for (uint32_t i = 0; i < REQUESTS && !is_stopped(guest); i++) {
		struct xen_store_header header = { .type = XEN_STORE_WRITE,
			.req_id = i,
			.length = sizeof(path) + sizeof(value) };

		write_piece(guest, &header, sizeof(header));
		write_piece(guest, path, sizeof(path));
		write_piece(guest, value, sizeof(value));
		take_answer(guest);
	}
	return NULL;
}

static void
test_requests_in_pieces(void **state)
{
	struct world *world = *state;
	struct guest guest = { 0 };
	time_t start = time(NULL), last = start;
	pthread_t thread;

	world_machine(world, "xen");
	guest.page = xs_page(world);
	assert_int_equal(pthread_create(&thread, NULL, write_requests, &guest),
	    0);
	while (last - start < ENOUGH && time(NULL) - last < PATIENCE &&
	    __atomic_load_n(&guest.answered, __ATOMIC_SEQ_CST) < REQUESTS) {
		if (__atomic_exchange_n(&guest.signalled, 0,
			__ATOMIC_SEQ_CST) != 0) {
			xs_notify(world);
			pass(world, 10000);
			last = time(NULL);
		} else {
			sched_yield();
		}
	}
	__atomic_store_n(&guest.stop, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
	assert_in_range(time(NULL) - last, 0, PATIENCE - 1);
	assert_int_not_equal(guest.answered, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_requests_in_pieces),
	};

	return cmocka_run_group_tests_name("host_xen_threads", tests, NULL,
	    NULL);
}
