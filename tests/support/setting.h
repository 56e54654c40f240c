/* SPDX-License-Identifier: ISC */
/* What the tests of the ioctls begin with: three interfaces and a caller. */
#ifndef TESTS_SUPPORT_SETTING_H
#define TESTS_SUPPORT_SETTING_H

#include "tests/support/caller.h"
#include "tests/support/memory_store.h"

/* pvbus0 is KVM with a read-only store ("opt/greeting" is "hello", "opt/a/b"
 * is "x"), pvbus1 Xen with one that takes everything, pvbus2 bhyve, which has
 * none. */
#define KVM 0
#define XEN 1
#define BHYVE 2

struct setting {
	struct world *world;
	struct memory_store *store; /* of pvbus1 */
	struct caller *caller;      /* at pvbus1 */
};

struct setting setting_up(void **state);
void setting_down(struct setting *);
/* The same, and one key is there: "name" is "va\0lue". */
struct setting kv_setting(void **state);
/* The three results of the structure of the second set. */
void results_are(const struct caller *, size_t valuelen, uint64_t actual);

#endif
