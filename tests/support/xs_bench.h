/* SPDX-License-Identifier: ISC */
/* The engine of XenStore's client on a port of its own, with a test for host. */
#ifndef TESTS_SUPPORT_XS_BENCH_H
#define TESTS_SUPPORT_XS_BENCH_H

#include "guest/xen/xs.h"
#include "tests/support/world.h"

struct bench {
	struct pv_port port;
	struct pv_stats stats;
	uint64_t now;
	size_t memory;
	struct xs xs;
	/* the last message that went out */
	struct xen_store_header header;
	char payload[XEN_STORE_PAYLOAD_MAX + 1];
};

/* A request and what became of it. */
struct asked {
	struct xs_request request;
	unsigned dones;
	int error;
	size_t length;
	char reply[XEN_STORE_PAYLOAD_MAX + 1];
	struct bench *again; /* submits itself once more when it is done */
};

int bench_setup(void **state);
int bench_teardown(void **state);
void asked_done(struct xs_request *request);
int try_ask(struct bench *bench, struct asked *asked, uint32_t type,
    const char *path);
void ask(struct bench *bench, struct asked *asked, const char *path);
/* The next message, taken out in pieces; false: there is none. */
bool goes_out(struct bench *bench);
void sends(struct bench *bench, uint32_t type, const char *path);
void sends_nothing(struct bench *bench);
int comes_in(struct bench *bench, uint32_t type, uint32_t id,
    const void *payload, size_t size);
/* The answer to what was sent last. */
void answers(struct bench *bench, const char *text);
void fails(struct bench *bench, const char *name);
void ended(const struct asked *asked, int error);
void brought(const struct asked *asked, const char *text);

#define xs_test(f) \
	cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)

#endif
