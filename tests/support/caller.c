/* SPDX-License-Identifier: ISC */
#include "tests/support/caller.h"

/* ---- The transport ---------------------------------------------------- */

/* The address as a kernel takes it: of a 32-bit caller the lower half. */
static uint64_t
address(const struct caller *caller, uint64_t at)
{
	return caller->ilp32 ? (uint32_t)at : at;
}

static bool
is_there(const struct caller *caller, uint64_t at, size_t size)
{
	if (at < CALLER_BASE || at - CALLER_BASE > CALLER_SIZE ||
	    size > CALLER_SIZE - (at - CALLER_BASE))
		return false;
	return at + size <= caller->fault_from || at >= caller->fault_to;
}

static bool
is_known(struct caller *caller, bool results, uint64_t at, size_t size)
{
	struct caller_piece *piece = caller->known;

	if (!caller->lazy)
		return true;
	for (unsigned i = 0; i < caller->known_count; i++, piece++)
		if (piece->results == results && piece->at == at &&
		    piece->size == size)
			return true;
	assert_in_range(caller->known_count, 0, CALLER_PIECES - 1);
	*piece = (struct caller_piece){ results, at, size };
	caller->known_count++;
	return false;
}

static int
copyin(struct pv_ioctl *io, uint64_t from, void *to, size_t size)
{
	struct caller *caller = io->owner;

	from = address(caller, from);
	assert_true(size > 0);
	if (!is_there(caller, from, size))
		return PV_EFAULT;
	if (!is_known(caller, false, from, size))
		return PV_EAGAIN;
	memcpy(to, caller->memory + (from - CALLER_BASE), size);
	return PV_OK;
}

static int
reserve(struct pv_ioctl *io, size_t structure, uint64_t to, size_t data)
{
	struct caller *caller = io->owner;

	to = address(caller, to);
	if (data > 0 && !is_there(caller, to, data))
		return PV_EFAULT;
	if (!is_known(caller, true, to, structure + data))
		return PV_EAGAIN;
	caller->reserved_structure = structure;
	caller->reserved_at = to;
	caller->reserved = data;
	return PV_OK;
}

static void
deliver(struct caller *caller, uint64_t to, const void *from, size_t len)
{
	assert_true(is_there(caller, to, len));
	memcpy(caller->memory + (to - CALLER_BASE), from, len);
}

static void
done(struct pv_ioctl *io)
{
	struct caller *caller = io->owner;

	assert_int_equal(++caller->dones, 1);
	caller->finished = true;
	caller->structure_back = io->structure_len > 0;
	caller->delivered = io->data_len;
	/* never more than was asked for, never to elsewhere */
	if (io->structure_len > 0) {
		assert_int_equal(io->structure_len, PVBUS_KV_SIZE);
		assert_int_equal(io->structure_len, caller->reserved_structure);
		deliver(caller, io->arg, io->structure.bytes,
		    io->structure_len);
	}
	if (io->data_len > 0) {
		assert_true(io->data_to == caller->reserved_at);
		assert_in_range(io->data_len, 0, caller->reserved);
		deliver(caller, io->data_to, io->data, io->data_len);
	}
	pv_ioctl_end(io);
}

struct caller *
caller_new(struct world *world)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	assert_non_null(caller);
	caller->world = world;
	memset(caller->memory, '#', sizeof(caller->memory));
	return caller;
}

void
caller_free(struct caller *caller)
{
	free(caller);
}

void
caller_start(struct caller *caller, unsigned long cmd)
{
	int error;

	memcpy(caller->before, caller->memory, sizeof(caller->before));
	caller->io = (struct pv_ioctl){
		.bus = caller->no_bus ? NULL : caller->world->bus,
		.unit = caller->unit,
		.cmd = cmd,
		.arg = CALLER_ARG,
		.writable = !caller->read_only,
		.ilp32 = caller->ilp32,
		.copyin = copyin,
		.reserve = reserve,
		.done = done,
		.owner = caller,
	};
	caller->starts = caller->dones = caller->known_count = 0;
	caller->finished = caller->structure_back = false;
	caller->delivered = 0;
	do {
		size_t held =
		    sim_machine_counts(caller->world->machine)->memory;

		caller->starts++;
		caller->reserved = caller->reserved_structure = 0;
		error = pv_ioctl_start(&caller->io);
		if (error != PV_EAGAIN)
			continue;
		/* nothing has happened, and nothing is kept */
		assert_int_equal(caller->dones, 0);
		assert_int_equal(sim_machine_counts(caller->world->machine)
				     ->memory,
		    held);
		assert_in_range(caller->starts, 1, CALLER_PIECES);
	} while (error == PV_EAGAIN);
	assert_int_equal(error, PV_OK);
}

/* Of a structure of the second set that came back, three members are results;
 * nothing else has changed. */
static void
expect_structure(struct caller *caller)
{
	struct pvbus_kv_wire before, now = caller_kv_back(caller);

	memcpy(&before, caller->before, sizeof(before));
	before.valuelen = now.valuelen;
	before.actual = now.actual;
	before.seen = now.seen;
	memcpy(caller->before, &before, sizeof(before));
}

int
caller_finish(struct caller *caller)
{
	assert_true(caller->finished);
	if (caller->structure_back)
		expect_structure(caller);
	if (caller->io.error != PV_OK)
		assert_memory_equal(caller->memory, caller->before,
		    sizeof(caller->memory));
	return caller->io.error;
}

int
caller_call(struct caller *caller, unsigned long cmd)
{
	caller_start(caller, cmd);
	if (!caller->finished)
		assert_int_equal(pv_await(caller->world->bus, &caller->finished,
				     PV_NEVER),
		    PV_OK);
	return caller_finish(caller);
}

/* ---- First set -------------------------------------------------------- */

unsigned long
caller_kvread(const struct caller *caller)
{
	return caller->ilp32 ? PVBUS_ILP32_KVREAD : PVBUS_LP64_KVREAD;
}

unsigned long
caller_kvwrite(const struct caller *caller)
{
	return caller->ilp32 ? PVBUS_ILP32_KVWRITE : PVBUS_LP64_KVWRITE;
}

unsigned long
caller_type(const struct caller *caller)
{
	return caller->ilp32 ? PVBUS_ILP32_TYPE : PVBUS_LP64_TYPE;
}

void
caller_request(struct caller *caller, uint64_t keylen, uint64_t key,
    uint64_t valuelen, uint64_t value)
{
	uint64_t wide[] = { keylen, key, valuelen, value };
	uint32_t narrow[] = { (uint32_t)keylen, (uint32_t)key,
		(uint32_t)valuelen, (uint32_t)value };

	if (caller->ilp32)
		memcpy(caller->memory, narrow, sizeof(narrow));
	else
		memcpy(caller->memory, wide, sizeof(wide));
}

void
caller_set_key(struct caller *caller, const void *key, size_t len)
{
	memcpy(caller->memory + (CALLER_KEY - CALLER_BASE), key, len);
}

void
caller_fill_value(struct caller *caller, const void *value, size_t len)
{
	unsigned char *to = caller->memory + (CALLER_VALUE - CALLER_BASE);

	memset(to, '#', CALLER_SIZE - (CALLER_VALUE - CALLER_BASE));
	if (len > 0)
		memcpy(to, value, len);
}

int
caller_read(struct caller *caller, const char *key, size_t room)
{
	caller_set_key(caller, key, strlen(key));
	caller_fill_value(caller, NULL, 0);
	caller_request(caller, strlen(key), CALLER_KEY, room, CALLER_VALUE);
	return caller_call(caller, caller_kvread(caller));
}

int
caller_write(struct caller *caller, const char *key, const char *value)
{
	caller_set_key(caller, key, strlen(key));
	caller_fill_value(caller, value, strlen(value));
	caller_request(caller, strlen(key), CALLER_KEY, strlen(value),
	    CALLER_VALUE);
	return caller_call(caller, caller_kvwrite(caller));
}

/* ---- Second set ------------------------------------------------------- */

void
caller_kv(struct caller *caller, struct pvbus_kv_wire kv)
{
	if (kv.version == 0)
		kv.version = PVBUS_KV_ABI;
	if (kv.key == 0)
		kv.key = CALLER_KEY;
	if (kv.value == 0)
		kv.value = CALLER_VALUE;
	/* what the last answer left there is to be overwritten */
	kv.actual = 0xa5a5;
	memcpy(caller->memory, &kv, sizeof(kv));
}

struct pvbus_kv_wire
caller_kv_back(const struct caller *caller)
{
	struct pvbus_kv_wire kv;

	memcpy(&kv, caller->memory, sizeof(kv));
	return kv;
}

int
caller_command(struct caller *caller, unsigned long cmd, const char *key,
    const void *value, size_t room)
{
	caller_set_key(caller, key, strlen(key));
	caller_fill_value(caller, value, value != NULL ? room : 0);
	caller_kv(caller,
	    (struct pvbus_kv_wire){ .keylen = (uint32_t)strlen(key),
		.valuelen = (uint32_t)room });
	return caller_call(caller, cmd);
}

void
caller_result(struct caller *caller, uint64_t at, const void *expected,
    size_t len)
{
	assert_int_equal(caller->io.error, PV_OK);
	assert_int_equal(caller->delivered, len);
	if (len > 0)
		memcpy(caller->before + (at - CALLER_BASE), expected, len);
	assert_memory_equal(caller->memory, caller->before,
	    sizeof(caller->memory));
}
