/* SPDX-License-Identifier: ISC */
/*
 * The device: both sets of ioctls, check by check in the order that OpenBSD's
 * pvbus(4) makes them, since programs tell errors apart by it.
 */
#include "guest/bus/bus_private.h"
#include "guest/bus/libc.h"
#include "wire/pvbus.h"

/* What a caller without a deadline of its own gets; a watch may wait for ever. */
#define DEFAULT_TIMEOUT (10 * PV_SECOND)

enum kind {
	KVREAD,
	KVWRITE,
	TYPE,
	GET,
	PUT,
	LIST,
	REMOVE,
	WATCH,
	INFO,
	UNKNOWN
};

static const struct {
	enum pv_op op;
	bool openbsd; /* of the first set */
	bool writes;  /* needs a descriptor open for writing */
	bool needs_store;
	bool sends_value; /* the value goes to the store */
	bool has_value;
	uint32_t flags; /* those it takes */
} kinds[] = {
	[KVREAD] = { PV_READ, true, false, true, false, true, 0 },
	[KVWRITE] = { PV_WRITE, true, true, true, true, true, 0 },
	[TYPE] = { PV_READ, true, false, false, false, false, 0 },
	[GET] = { PV_READ, false, false, true, false, true,
	    PVBUS_KV_FLAG_PARTIAL },
	[PUT] = { PV_WRITE, false, true, true, true, true, 0 },
	[LIST] = { PV_LIST, false, false, true, false, true,
	    PVBUS_KV_FLAG_RECURSIVE },
	[REMOVE] = { PV_REMOVE, false, true, true, false, false, 0 },
	[WATCH] = { PV_WATCH, false, false, true, false, true, 0 },
	[INFO] = { PV_READ, false, false, false, false, true, 0 },
};

/* A 32-bit caller of the second set can name addresses that it cannot have. */
static bool
address_ok(const struct pv_ioctl *io, uint64_t address)
{
	return !io->ilp32 || address <= UINT32_MAX;
}

static int
copyin(struct pv_ioctl *io, uint64_t from, void *to, size_t size)
{
	if (!address_ok(io, from))
		return PV_EFAULT;
	return io->copyin(io, from, to, size);
}

static int
reserve(struct pv_ioctl *io, size_t structure, uint64_t to, size_t data)
{
	if (data > 0 && !address_ok(io, to))
		return PV_EFAULT;
	return io->reserve(io, structure, to, data);
}

/* The request structure, whichever of the three layouts it came in. */
struct request {
	uint64_t key, keylen;
	uint64_t value, valuelen;
	uint32_t version, flags, timeout, reserved;
	uint64_t offset, seen;
};

static enum kind
kind_of(unsigned long cmd, bool ilp32)
{
	switch (cmd) {
	case PVBUS_LP64_KVREAD:
		return ilp32 ? UNKNOWN : KVREAD;
	case PVBUS_LP64_KVWRITE:
		return ilp32 ? UNKNOWN : KVWRITE;
	case PVBUS_LP64_TYPE:
		return ilp32 ? UNKNOWN : TYPE;
	case PVBUS_ILP32_KVREAD:
		return ilp32 ? KVREAD : UNKNOWN;
	case PVBUS_ILP32_KVWRITE:
		return ilp32 ? KVWRITE : UNKNOWN;
	case PVBUS_ILP32_TYPE:
		return ilp32 ? TYPE : UNKNOWN;
	case PVBUS_CMD_GET:
		return GET;
	case PVBUS_CMD_PUT:
		return PUT;
	case PVBUS_CMD_LIST:
		return LIST;
	case PVBUS_CMD_REMOVE:
		return REMOVE;
	case PVBUS_CMD_WATCH:
		return WATCH;
	case PVBUS_CMD_INFO:
		return INFO;
	}
	return UNKNOWN;
}

static int
copy_request(struct pv_ioctl *io, struct request *request)
{
	uint64_t wide[PVBUS_REQ_WORDS];
	uint32_t narrow[PVBUS_REQ_WORDS];
	struct pvbus_kv_wire kv;
	int error;

	memset(request, 0, sizeof(*request));
	if (!kinds[io->kind].openbsd) {
		error = io->copyin(io, io->arg, &kv, sizeof(kv));
		if (error != PV_OK)
			return error;
		memcpy(io->structure.bytes, &kv, sizeof(kv));
		*request = (struct request){ kv.key, kv.keylen, kv.value,
			kv.valuelen, kv.version, kv.flags, kv.timeout,
			kv.reserved, kv.offset, kv.seen };
		return PV_OK;
	}
	if (io->ilp32) {
		error = io->copyin(io, io->arg, narrow, sizeof(narrow));
		for (unsigned i = 0; error == PV_OK && i < PVBUS_REQ_WORDS; i++)
			wide[i] = narrow[i];
	} else
		error = io->copyin(io, io->arg, wide, sizeof(wide));
	if (error == PV_OK) {
		request->keylen = wide[0];
		request->key = wide[1];
		request->valuelen = wide[2];
		request->value = wide[3];
	}
	return error;
}

static void
finish(struct pv_ioctl *io, int error)
{
	io->active = false;
	io->error = error;
	io->done(io);
}

static int
type(struct pv_ioctl *io, const struct pv_interface *interface,
    const struct request *request)
{
	size_t size = strlen(interface->name) + 1;
	int error;

	if (size > request->keylen)
		return PV_ENOMEM;
	error = reserve(io, 0, request->key, size);
	if (error != PV_OK)
		return error;
	io->data_to = request->key;
	io->data = interface->name;
	io->data_len = size;
	return PV_OK;
}

static int
check_second_set(const struct pv_ioctl *io, const struct request *request)
{
	if (request->version != PVBUS_KV_ABI || request->reserved != 0 ||
	    (request->flags & ~kinds[io->kind].flags) != 0)
		return PV_EINVAL;
	if (request->offset != 0 &&
	    (request->flags & PVBUS_KV_FLAG_PARTIAL) == 0)
		return PV_EINVAL;
	return PV_OK;
}

/* OpenBSD's set refuses an empty key or buffer; the second asks lengths with
 * an empty buffer, and lists the top with an empty key. */
static int
check_length(uint64_t length, bool may_be_empty)
{
	if (length == 0 && !may_be_empty)
		return PV_EINVAL;
	return length > PV_KV_MAX ? PV_ENAMETOOLONG : PV_OK;
}

static int
copy_key(struct pv_ioctl *io, const struct request *request)
{
	bool empty = io->kind == LIST || io->kind == INFO;
	int error = check_length(request->keylen, empty);

	if (error != PV_OK)
		return error;
	io->key_size = (size_t)request->keylen + 1;
	io->key = pv_alloc(io->bus, io->key_size);
	if (io->key == NULL)
		return PV_ENOMEM;
	if (request->keylen == 0)
		return PV_OK;
	return copyin(io, request->key, io->key, (size_t)request->keylen);
}

static int
copy_value(struct pv_ioctl *io, const struct request *request)
{
	bool openbsd = kinds[io->kind].openbsd;
	int error;

	if (kinds[io->kind].has_value) {
		error = check_length(request->valuelen, !openbsd);
		if (error != PV_OK)
			return error;
		/* one more: an allocation of nothing may be none at all */
		io->value_size = (size_t)request->valuelen + 1;
		io->value = pv_alloc(io->bus, io->value_size);
		if (io->value == NULL)
			return PV_ENOMEM;
	}
	if (kinds[io->kind].sends_value && request->valuelen > 0) {
		error = copyin(io, request->value, io->value,
		    (size_t)request->valuelen);
		if (error != PV_OK)
			return error;
	}
	if (kinds[io->kind].sends_value)
		/* OpenBSD's set answers a write with a value, ours is "" */
		return reserve(io, openbsd ? 0 : PVBUS_KV_SIZE, request->value,
		    openbsd ? 1 : 0);
	return reserve(io, openbsd ? 0 : PVBUS_KV_SIZE, request->value,
	    kinds[io->kind].has_value ? (size_t)request->valuelen : 0);
}

static size_t
text_length(const char *text, size_t size)
{
	size_t len = 0;

	while (len < size && text[len] != '\0')
		len++;
	return len;
}

/* Lists travel as lines in the first set: "a\nb". */
static int
kvread_list(struct pv_ioctl *io)
{
	char *text = io->value;
	size_t len = io->kv.len;

	for (size_t i = 0; i + 1 < len; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	io->data_len = len > 0 ? len : 1;
	return PV_OK;
}

/* strlen(value) + 1 bytes, or ERANGE: never a part of the text. */
static int
kvread_text(struct pv_ioctl *io)
{
	char *text = io->value;
	size_t len = text_length(text, io->kv.len);

	if (len == io->kv.len && (io->kv.actual > len || len + 1 > io->kv.room))
		return PV_ERANGE;
	text[len] = '\0';
	io->data_len = len + 1;
	return PV_OK;
}

static int
kvwrite_done(struct pv_ioctl *io)
{
	*(char *)io->value = '\0';
	io->data_len = 1;
	return PV_OK;
}

static void
answer_second_set(struct pv_ioctl *io)
{
	struct pvbus_kv_wire kv;

	memcpy(&kv, io->structure.bytes, sizeof(kv));
	io->data_len = io->kv.error == PV_OK && kinds[io->kind].has_value &&
		!kinds[io->kind].sends_value
	    ? io->kv.len
	    : 0;
	kv.valuelen = (uint32_t)io->data_len;
	kv.actual = io->kv.actual;
	kv.seen = io->kv.seen;
	memcpy(io->structure.bytes, &kv, sizeof(kv));
	io->structure_len = sizeof(kv);
}

static void
store_done(struct pv_kv *kv)
{
	struct pv_ioctl *io = kv->owner;
	int error = kv->error;

	io->data = io->value;
	if (!kinds[io->kind].openbsd)
		answer_second_set(io);
	else if (error == PV_OK && kv->op == PV_LIST)
		error = kvread_list(io);
	else if (error == PV_OK && kv->op == PV_READ)
		error = kvread_text(io);
	else if (error == PV_OK)
		error = kvwrite_done(io);
	if (error != PV_OK)
		io->data_len = 0;
	finish(io, error);
}

static void
submit(struct pv_ioctl *io, struct pv_interface *interface,
    const struct request *request)
{
	struct pv_kv *kv = &io->kv;
	uint64_t timeout = request->timeout * PV_MILLISECOND;

	memset(kv, 0, sizeof(*kv));
	kv->op = kinds[io->kind].op;
	kv->key = io->key;
	kv->keylen = (size_t)request->keylen;
	kv->value = io->value;
	kv->room = io->value != NULL ? io->value_size - 1 : 0;
	kv->seen = request->seen;
	kv->done = store_done;
	kv->owner = io;
	if (request->timeout == 0)
		timeout = kv->op == PV_WATCH ? PV_NEVER : DEFAULT_TIMEOUT;
	kv->deadline = timeout == PV_NEVER ? PV_NEVER
					   : pv_bus_now(io->bus) + timeout;
	if (kinds[io->kind].openbsd) {
		/* text: what follows a NUL does not count */
		kv->keylen = text_length(kv->key, kv->keylen);
		if (kv->op == PV_WRITE)
			kv->room = text_length(kv->value, kv->room);
		else if (kv->keylen > 0 && kv->key[kv->keylen - 1] == '/' &&
		    (interface->store->ops & 1u << PV_LIST))
			kv->op = PV_LIST;
		else
			kv->flags = PV_KV_PARTIAL;
	} else {
		kv->offset = request->offset;
		if (request->flags & PVBUS_KV_FLAG_PARTIAL)
			kv->flags |= PV_KV_PARTIAL;
		if (request->flags & PVBUS_KV_FLAG_RECURSIVE)
			kv->flags |= PV_KV_RECURSIVE;
	}
	io->data_to = request->value;
	io->active = true;
	pv_store_submit(io->bus, interface, kv);
}

static void
info(struct pv_ioctl *io, const struct pv_interface *interface,
    const struct request *request)
{
	size_t room = io->value_size - 1;
	size_t len = bus_info(io->bus, interface, io->value, room);

	io->kv.actual = len;
	io->kv.len = len <= room ? len : 0;
	io->data = io->value;
	io->data_to = request->value;
	answer_second_set(io);
	finish(io, len <= room ? PV_OK : PV_ERANGE);
}

/* All the checks; PV_OK with *interface set means: go. */
static int
check(struct pv_ioctl *io, struct request *request,
    struct pv_interface **interface)
{
	int error;

	if (io->bus == NULL)
		return PV_ENODEV;
	*interface = pv_bus_interface(io->bus, io->unit);
	if (*interface == NULL)
		return PV_ENXIO;
	if (io->kind == UNKNOWN)
		return PV_ENOTTY;
	error = copy_request(io, request);
	if (error != PV_OK)
		return error;
	if (kinds[io->kind].writes && !io->writable)
		return PV_EPERM;
	if (kinds[io->kind].needs_store && (*interface)->store == NULL)
		return PV_ENXIO;
	if (io->kind == TYPE)
		return type(io, *interface, request);
	if (!kinds[io->kind].openbsd) {
		error = check_second_set(io, request);
		if (error != PV_OK)
			return error;
	}
	error = copy_key(io, request);
	if (error == PV_OK)
		error = copy_value(io, request);
	return error;
}

int
pv_ioctl_start(struct pv_ioctl *io)
{
	struct pv_interface *interface = NULL;
	struct request request;
	int error;

	io->kind = kind_of(io->cmd, io->ilp32);
	io->active = false;
	io->key = io->value = NULL;
	io->structure_len = io->data_len = 0;
	memset(&io->kv, 0, sizeof(io->kv));
	error = check(io, &request, &interface);
	if (error == PV_EAGAIN) {
		pv_ioctl_end(io);
		return PV_EAGAIN;
	}
	if (error != PV_OK || io->kind == TYPE)
		finish(io, error);
	else if (io->kind == INFO)
		info(io, interface, &request);
	else
		submit(io, interface, &request);
	return PV_OK;
}

void
pv_ioctl_cancel(struct pv_ioctl *io)
{
	if (io->active)
		pv_store_cancel(io->bus, &io->kv);
}

void
pv_ioctl_end(struct pv_ioctl *io)
{
	if (io->bus == NULL)
		return;
	pv_free(io->bus, io->key, io->key_size);
	pv_free(io->bus, io->value, io->value_size);
	io->key = io->value = NULL;
}
