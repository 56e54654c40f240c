/* SPDX-License-Identifier: ISC */
/* hostctl: the store of the host, a request at a time. */
#include "programs/pvguest/pvguest.h"

struct request {
	struct pv_kv kv;
	bool done;
};

static void
done(struct pv_kv *kv)
{
	((struct request *)kv->owner)->done = true;
}

/* The first interface with a store, or that of -u. */
static struct pv_interface *
find(const char *unit)
{
	const struct pv_detection *detection;
	uint64_t n;

	if (guest_bus() == NULL)
		return NULL;
	if (unit != NULL)
		return number(unit, &n) && n < PV_HV_COUNT
		    ? pv_bus_interface(guest_bus(), (unsigned)n)
		    : NULL;
	detection = pv_bus_detection(guest_bus());
	for (unsigned i = 0; i < detection->count; i++) {
		struct pv_interface *interface = pv_bus_interface(guest_bus(),
		    i);

		if (interface->store != NULL)
			return interface;
	}
	return NULL;
}

/* Statuses: 0, or one that says why. */
static int
submit(struct request *request, struct pv_interface *interface,
    uint64_t patience)
{
	request->done = false;
	request->kv.done = done;
	request->kv.owner = request;
	request->kv.deadline = bare_now() + patience;
	pv_store_submit(guest_bus(), interface, &request->kv);
	/* the bus itself answers at the deadline */
	guest_await(&request->done, PV_NEVER);
	return request->kv.error;
}

static void
print_names(const char *names, size_t len)
{
	for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
		print_bytes(names + at, strlen(names + at));
		bare_write("\n", 1);
	}
}

struct arguments {
	const char *unit, *expected, *key, *value;
	enum pv_op op;
	uint32_t flags;
	uint64_t patience;
	bool type;
};

static int
usage(void)
{
	return fail(STATUS_USAGE,
	    "hostctl: expected [-u N] "
	    "[-l|-r|-d|-t|-w MS|-c VALUE] KEY [VALUE]");
}

static bool
take_flag(struct arguments *a, char flag)
{
	switch (flag) {
	case 'r':
		a->flags = PV_KV_RECURSIVE;
		/* fallthrough */
	case 'l':
		a->op = PV_LIST;
		return true;
	case 'd':
		a->op = PV_REMOVE;
		return true;
	case 't':
		a->type = true;
		return true;
	}
	return false;
}

static bool
take_value(struct arguments *a, char flag, const char *value)
{
	uint64_t ms;

	switch (flag) {
	case 'u':
		a->unit = value;
		return true;
	case 'c':
		a->expected = value;
		return true;
	case 'w':
		if (!number(value, &ms))
			return false;
		a->op = PV_WATCH;
		a->patience = ms * PV_MILLISECOND;
		return true;
	}
	return false;
}

static int
parse(int argc, char **argv, struct arguments *a)
{
	int i = 1;

	*a = (struct arguments){ .op = PV_READ, .patience = PATIENCE };
	for (; i < argc && argv[i][0] == '-' && argv[i][1] != '\0'; i++) {
		const char *flag = argv[i] + 1;

		for (; *flag != '\0' && take_flag(a, *flag); flag++)
			;
		if (*flag == '\0')
			continue;
		if (flag[1] != '\0' || i + 1 == argc ||
		    !take_value(a, *flag, argv[++i]))
			return usage();
	}
	a->key = i < argc ? argv[i++] : NULL;
	a->value = i < argc ? argv[i++] : NULL;
	if (a->key == NULL && a->op == PV_LIST)
		a->key = "";
	if (a->value != NULL && a->op == PV_READ && a->expected == NULL)
		a->op = PV_WRITE;
	else if (a->value != NULL)
		return usage();
	return i < argc || (a->key == NULL && !a->type) ? usage() : STATUS_OK;
}

static int
answer(const struct arguments *a, const struct pv_kv *kv)
{
	if (a->op == PV_WRITE || a->op == PV_REMOVE)
		return STATUS_OK;
	if (a->op == PV_LIST ||
	    (a->op == PV_WATCH && kv->keylen > 0 &&
		kv->key[kv->keylen - 1] == '/')) {
		print_names(kv->value, kv->len);
		return STATUS_OK;
	}
	if (a->expected != NULL &&
	    (kv->len != strlen(a->expected) ||
		memcmp(kv->value, a->expected, kv->len) != 0))
		return fail(STATUS_FAILED,
		    "hostctl: %s: expected \"%s\", got "
		    "\"%.*s\"",
		    a->key, a->expected, (int)kv->len, (const char *)kv->value);
	print_bytes(kv->value, kv->len);
	bare_write("\n", 1);
	return STATUS_OK;
}

/* A watch answers at once with the state as it is; then with its change. */
static int
perform(const struct arguments *a, struct pv_interface *interface,
    struct request *request)
{
	int error = submit(request, interface, a->patience);

	if (a->op != PV_WATCH || request->kv.seen == 0)
		return error;
	request->kv.actual = request->kv.len = 0;
	return submit(request, interface, a->patience);
}

int
cmd_hostctl(int argc, char **argv)
{
	static char room[PV_KV_MAX];
	struct request request = { .done = false };
	struct pv_interface *interface;
	struct arguments a;
	int status = parse(argc, argv, &a);

	if (status != STATUS_OK)
		return status;
	interface = find(a.unit);
	if (interface == NULL)
		return fail(STATUS_MISSING,
		    "hostctl: expected a store, found none");
	if (a.type) {
		bare_printf("%s\n", interface->name);
		return STATUS_OK;
	}
	request.kv.op = a.op;
	request.kv.flags = a.flags;
	request.kv.key = a.key;
	request.kv.keylen = strlen(a.key);
	request.kv.value = room;
	request.kv.room = sizeof(room);
	if (a.op == PV_WRITE) {
		request.kv.room = strlen(a.value);
		memcpy(room, a.value, request.kv.room);
	}
	if (perform(&a, interface, &request) != PV_OK)
		return fail(STATUS_FAILED, "hostctl: %s: %s", a.key,
		    pv_error_text(request.kv.error));
	return answer(&a, &request.kv);
}
