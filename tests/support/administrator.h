/* SPDX-License-Identifier: ISC */
/* The administrator of a simulated Hyper-V: integration services, and what is
 * asked of a guest through them. */
#ifndef TESTS_SUPPORT_ADMINISTRATOR_H
#define TESTS_SUPPORT_ADMINISTRATOR_H

#include "guest/hyperv/kvp.h"
#include "guest/hyperv/services.h"
#include "tests/support/hyperv.h"
#include "tests/support/request.h"

struct admin {
	struct partition partition;
	struct world *world;
	struct host_ic *ic;
	struct sim_owner *owner;
	struct kvp *kvp;
};

int admin_setup(void **state);
int admin_teardown(void **state);
#define admin_test(f) \
	cmocka_unit_test_setup_teardown(f, admin_setup, admin_teardown)

/* The machine with these services (0: all), and nothing attached. */
void admin_machine(struct admin *, unsigned services);
void admin_attach(struct admin *);
/* Both; the services are up. */
void admin_new(struct admin *, unsigned services);

/* What was asked is answered, or the test fails. */
const struct host_ic_answer *admin_answer(struct admin *, enum host_ic_service);
/* It is not, within a while. */
void admin_no_answer(struct admin *, enum host_ic_service);
/* A message as it should be, of any type and body: its status. */
uint32_t admin_ask(struct admin *, enum host_ic_service, unsigned type,
    const void *body, size_t len);
bool admin_is_up(struct admin *, enum host_ic_service);
/* A service of hyperv0 by its name, or NULL. */
struct vmbus_channel *admin_channel(struct admin *, const struct hv_guid *);
/* A packet as it stands, through the channel of a device. */
void admin_packet(struct admin *, struct host_vmbus_device *, unsigned type,
    const void *bytes, size_t size);

/* KVP by the host, with the status that is expected. */
void host_sets(struct admin *, unsigned pool, const char *key,
    const char *value);
void host_gets(struct admin *, unsigned pool, const char *key,
    const char *value);
uint32_t host_set_status(struct admin *, unsigned pool, const char *key,
    uint32_t type, const void *value, size_t len);

/* The store of hyperv0, by its caller. */
int guest_writes(struct admin *, const char *key, const char *value);
int guest_removes(struct admin *, const char *key);
void guest_reads(struct admin *, const char *key, const char *value);
void guest_fails_to_read(struct admin *, const char *key, int error);

#endif
