/* SPDX-License-Identifier: ISC */
/*
 * pvbusd's character device without a kernel that has CUSE: the test is the
 * kernel at the other end of /dev/cuse.  It carries ioctls as Linux does
 * (fs/fuse/ioctl.c, fuse_do_ioctl()): it copies what the daemon names, from and
 * to a caller's memory that it also watches for copies that must not be.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/pvbusd/daemon.h"
#include "wire/pvbus.h"
#include "wire/socket.h"

/* What Linux carries in a message each way: FUSE_DEFAULT_MAX_PAGES_PER_REQ. */
#define CARRIED (32u * 4096u)

/* The caller's memory; the rest of the address space is not mapped. */
#define USER_BASE 0x10000u
#define USER_SIZE 0x50000u
#define USER_END (USER_BASE + USER_SIZE)
#define ARG USER_BASE
#define KEY (USER_BASE + 0x1000u)
#define VALUE (USER_BASE + 0x20000u)

#define SECOND 1000000000ull
#define DEADLINE (30 * SECOND)

/* Alone, then with one piece more each time: structure, key, value, results. */
#define ARRIVALS_MAX 5

#define KEY_TEXT "opt/key"
#define CALLS_MAX 256 /* of cuse.c */

/* ---- A store that the test sees through -------------------------------- */

struct store {
	struct pv_store store;
	bool hold; /* answers when the test says */
	unsigned started, cancelled;
	struct pv_kv *held[400];
	unsigned held_count;
	enum pv_op op;
	char key[65537];
	unsigned char value[65536];
	size_t key_len, value_len;
};

static void
store_answer(struct store *store, struct pv_kv *kv)
{
	kv->actual = store->value_len;
	kv->len = 0;
	if (kv->op == PV_READ && store->value_len > kv->room &&
	    (kv->flags & PV_KV_PARTIAL) == 0) {
		pv_kv_done(kv->bus, kv, PV_ERANGE);
		return;
	}
	if (kv->op == PV_READ || kv->op == PV_WATCH) {
		kv->len = store->value_len < kv->room ? store->value_len
						      : kv->room;
		memcpy(kv->value, store->value, kv->len);
		kv->seen++;
	}
	pv_kv_done(kv->bus, kv, PV_OK);
}

static void
store_start(struct pv_store *base, struct pv_kv *kv)
{
	struct store *store = (struct store *)base;

	store->started++;
	store->op = kv->op;
	store->key_len = kv->keylen;
	memcpy(store->key, kv->key, kv->keylen);
	if (kv->op == PV_WRITE) {
		store->value_len = kv->room;
		memcpy(store->value, kv->value, kv->room);
	}
	if (store->hold)
		store->held[store->held_count++] = kv;
	else
		store_answer(store, kv);
}

static void
store_cancel(struct pv_store *base, struct pv_kv *kv)
{
	struct store *store = (struct store *)base;

	store->cancelled++;
	for (unsigned i = 0; i < store->held_count; i++)
		if (store->held[i] == kv) {
			store->held[i] = store->held[--store->held_count];
			return;
		}
	abort(); /* it was not there */
}

/* ---- The kernel -------------------------------------------------------- */

struct kernel {
	struct daemon daemon;
	struct node node;
	struct store store;
	struct pv_store *real_store;
	int fd;
	int said, old_stderr;
	uint64_t unique;
	uint64_t file; /* handle of the open file */
	unsigned char memory[USER_SIZE];
	struct ioctl *calls;
	void (*on_arrival)(struct kernel *, unsigned arrival);
	union {
		struct fuse_out_header header;
		unsigned char bytes[CARRIED + 4096];
	} message;
	size_t message_len;
};

/* One ioctl(2) of the caller. */
struct ioctl {
	struct ioctl *next;
	uint32_t cmd;
	uint64_t arg;
	bool compat;
	uint32_t uid, pid;
	/* on its way */
	uint64_t unique;
	unsigned arrivals;
	struct fuse_ioctl_iovec pieces[FUSE_IOCTL_MAX_IOV];
	uint32_t in_count, out_count;
	bool done;
	int result; /* 0 or a negative errno */
};

static void *
user(struct kernel *k, uint64_t address, uint64_t size)
{
	if (address < USER_BASE || address > USER_END ||
	    size > USER_END - address)
		return NULL;
	return k->memory + (address - USER_BASE);
}

static void
turn(struct kernel *k)
{
	uint64_t deadline = loop_now() + SECOND / 100;
	uint64_t next = machine_poll(k->daemon.machines);

	assert_true(
	    loop_once(&k->daemon.loop, next < deadline ? next : deadline));
}

static void
to_daemon(struct kernel *k, uint32_t opcode, uint64_t unique,
    const struct ioctl *call, const void *body, size_t size, const void *more,
    size_t more_size)
{
	struct fuse_in_header header = { .opcode = opcode,
		.unique = unique,
		.nodeid = FUSE_ROOT_ID,
		.uid = call != NULL ? call->uid : 0,
		.gid = 0,
		.pid = call != NULL ? call->pid : 1,
		.len = (uint32_t)(sizeof(header) + size + more_size) };
	struct iovec iov[3] = { { &header, sizeof(header) },
		{ (void *)(uintptr_t)body, size },
		{ (void *)(uintptr_t)more, more_size } };

	assert_int_equal(writev(k->fd, iov, 3), header.len);
}

static bool
from_daemon(struct kernel *k)
{
	ssize_t got = recv(k->fd, k->message.bytes, sizeof(k->message),
	    MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return false;
	assert_in_range(got, sizeof(struct fuse_out_header),
	    sizeof(k->message));
	assert_int_equal(k->message.header.len, got);
	k->message_len = (size_t)got - sizeof(struct fuse_out_header);
	return true;
}

static void *
body_of(struct kernel *k)
{
	return k->message.bytes + sizeof(struct fuse_out_header);
}

/* The answer to a request that is no ioctl: 0 or a negative errno. */
static int
reply_to(struct kernel *k, uint64_t unique)
{
	uint64_t end = loop_now() + DEADLINE;

	while (!from_daemon(k)) {
		turn(k);
		assert_true(loop_now() < end);
	}
	assert_int_equal(k->message.header.unique, unique);
	return k->message.header.error;
}

static void
finish(struct ioctl *call, int result)
{
	call->done = true;
	call->result = result;
}

static size_t
total(const struct fuse_ioctl_iovec *pieces, uint32_t count)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		assert_in_range(pieces[i].len, 0, CARRIED);
		sum += pieces[i].len;
	}
	return sum;
}

/* Once more with all that the daemon named by now. */
static void
arrive(struct kernel *k, struct ioctl *call)
{
	static unsigned char in[CARRIED];
	size_t in_size = total(call->pieces, call->in_count);
	size_t out_size = total(call->pieces + call->in_count, call->out_count);
	struct fuse_ioctl_in body = { .fh = k->file,
		.flags = FUSE_IOCTL_UNRESTRICTED |
		    (call->compat ? FUSE_IOCTL_COMPAT | FUSE_IOCTL_32BIT : 0),
		.cmd = call->cmd,
		.arg = call->arg,
		.in_size = (uint32_t)in_size,
		.out_size = (uint32_t)out_size };
	size_t at = 0;

	if (k->on_arrival != NULL)
		k->on_arrival(k, call->arrivals);
	call->arrivals++;
	if (in_size > CARRIED || out_size > CARRIED) {
		finish(call, -ENOMEM);
		return;
	}
	for (uint32_t i = 0; i < call->in_count; i++) {
		const void *from = user(k, call->pieces[i].base,
		    call->pieces[i].len);

		if (from == NULL) {
			finish(call, -EFAULT);
			return;
		}
		memcpy(in + at, from, call->pieces[i].len);
		at += call->pieces[i].len;
	}
	call->unique = k->unique += 2;
	to_daemon(k, FUSE_IOCTL, call->unique, call, &body, sizeof(body), in,
	    in_size);
}

static void
again(struct kernel *k, struct ioctl *call, const struct fuse_ioctl_out *out)
{
	uint32_t count = out->in_iovs + out->out_iovs;

	assert_in_range(count, 1, FUSE_IOCTL_MAX_IOV);
	assert_int_equal(k->message_len,
	    sizeof(*out) + count * sizeof(struct fuse_ioctl_iovec));
	/* who changes what he asks for only keeps himself busy */
	assert_in_range(call->arrivals, 1,
	    ARRIVALS_MAX - 1 + (k->on_arrival != NULL ? 3 : 0));
	memcpy(call->pieces, out + 1, count * sizeof(call->pieces[0]));
	call->in_count = out->in_iovs;
	call->out_count = out->out_iovs;
	arrive(k, call);
}

static void
take_results(struct kernel *k, struct ioctl *call,
    const struct fuse_ioctl_out *out)
{
	const unsigned char *from = (const unsigned char *)(out + 1);
	size_t left = k->message_len - sizeof(*out);

	if (left > total(call->pieces + call->in_count, call->out_count)) {
		finish(call, -EIO);
		return;
	}
	for (uint32_t i = 0; i < call->out_count && left > 0; i++) {
		const struct fuse_ioctl_iovec *piece =
		    &call->pieces[call->in_count + i];
		size_t size = piece->len < left ? piece->len : left;
		void *to = user(k, piece->base, size);

		if (to == NULL) {
			finish(call, -EFAULT);
			return;
		}
		memcpy(to, from, size);
		from += size;
		left -= size;
	}
	finish(call, out->result);
}

/* Take what the daemon has answered. */
static void
take_replies(struct kernel *k)
{
	while (from_daemon(k)) {
		const struct fuse_ioctl_out *out = body_of(k);
		struct ioctl *call = k->calls;

		if (k->message.header.unique & 1) {
			/* an interrupt of what it does not know: "send it
			 * again", which only helps if the two were swapped */
			assert_int_equal(k->message.header.error, -EAGAIN);
			continue;
		}
		while (call != NULL &&
		    (call->done || call->unique != k->message.header.unique))
			call = call->next;
		assert_non_null(call); /* or it was answered twice */
		if (k->message.header.error != 0) {
			assert_int_equal(k->message_len, 0);
			finish(call, k->message.header.error);
			continue;
		}
		assert_true(k->message_len >= sizeof(*out));
		if (out->flags & FUSE_IOCTL_RETRY)
			again(k, call, out);
		else
			take_results(k, call, out);
	}
}

static void
begin(struct kernel *k, struct ioctl *call)
{
	call->next = k->calls;
	k->calls = call;
	call->arrivals = call->in_count = call->out_count = 0;
	call->done = false;
	if (call->pid == 0)
		call->pid = 1000;
	arrive(k, call);
}

static int
wait_for(struct kernel *k, const struct ioctl *call)
{
	uint64_t end = loop_now() + DEADLINE;

	while (!call->done) {
		turn(k);
		take_replies(k);
		assert_true(loop_now() < end);
	}
	return call->result;
}

/* Until the store has so many requests. */
static void
wait_for_store(struct kernel *k, unsigned started)
{
	uint64_t end = loop_now() + DEADLINE;

	while (k->store.started < started) {
		turn(k);
		take_replies(k);
		assert_true(loop_now() < end);
	}
}

static void
forget_calls(struct kernel *k)
{
	k->calls = NULL;
}

static int
run_as(struct kernel *k, uint32_t cmd, bool compat)
{
	struct ioctl call = { .cmd = cmd, .arg = ARG, .compat = compat };
	int result;

	begin(k, &call);
	result = wait_for(k, &call);
	forget_calls(k);
	return result;
}

static int
run(struct kernel *k, uint32_t cmd)
{
	return run_as(k, cmd, false);
}

static void
interrupt(struct kernel *k, uint64_t unique)
{
	struct fuse_interrupt_in body = { .unique = unique };

	/* Linux sets the lowest bit of the request's own number */
	to_daemon(k, FUSE_INTERRUPT, unique | 1, NULL, &body, sizeof(body),
	    NULL, 0);
}

static uint64_t
open_file(struct kernel *k, uint32_t flags)
{
	struct fuse_open_in body = { .flags = flags };
	struct fuse_open_out out;

	k->unique += 2;
	to_daemon(k, FUSE_OPEN, k->unique, NULL, &body, sizeof(body), NULL, 0);
	assert_int_equal(reply_to(k, k->unique), 0);
	assert_int_equal(k->message_len, sizeof(out));
	memcpy(&out, body_of(k), sizeof(out));
	return out.fh;
}

/* ---- The caller ------------------------------------------------------- */

static void
put_text(struct kernel *k, uint64_t at, const char *text)
{
	memcpy(user(k, at, strlen(text)), text, strlen(text));
}

static void
put_request(struct kernel *k, uint64_t keylen, uint64_t key, uint64_t valuelen,
    uint64_t value)
{
	uint64_t words[PVBUS_REQ_WORDS] = { keylen, key, valuelen, value };

	memcpy(user(k, ARG, sizeof(words)), words, sizeof(words));
}

static void
put_narrow(struct kernel *k, uint32_t keylen, uint32_t key, uint32_t valuelen,
    uint32_t value)
{
	uint32_t words[PVBUS_REQ_WORDS] = { keylen, key, valuelen, value };

	memcpy(user(k, ARG, sizeof(words)), words, sizeof(words));
}

/* A request of the second set about KEY_TEXT. */
static struct pvbus_kv_wire
usual(uint32_t valuelen)
{
	return (struct pvbus_kv_wire){ .version = PVBUS_KV_ABI,
		.key = KEY,
		.keylen = sizeof(KEY_TEXT) - 1,
		.value = VALUE,
		.valuelen = valuelen };
}

static void
put_kv(struct kernel *k, struct pvbus_kv_wire kv)
{
	put_text(k, KEY, KEY_TEXT);
	memcpy(user(k, ARG, sizeof(kv)), &kv, sizeof(kv));
}

static struct pvbus_kv_wire
get_kv(struct kernel *k)
{
	struct pvbus_kv_wire kv;

	memcpy(&kv, user(k, ARG, sizeof(kv)), sizeof(kv));
	return kv;
}

static void
store_has(struct kernel *k, const char *value)
{
	k->store.value_len = strlen(value);
	memcpy(k->store.value, value, strlen(value));
}

static void
has_said(struct kernel *k, const char *part)
{
	char text[4096];
	ssize_t got = pread(k->said, text, sizeof(text) - 1, 0);

	assert_true(got >= 0);
	text[got] = '\0';
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" is not in: %s", part, text);
}

/* ---- Setup ------------------------------------------------------------- */

static void
quiet(void *ctx, enum pv_log level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static int
setup(void **state)
{
	struct kernel *k = calloc(1, sizeof(*k));
	struct daemon *daemon;
	const char *error;
	int pair[2], size = 4 << 20;

	assert_non_null(k);
	daemon = &k->daemon;
	daemon->config.clients = 16;
	daemon->machines = machine_new(&daemon->config, "sim:kvm", 0, quiet,
	    &error);
	assert_non_null(daemon->machines);
	k->store.store = (struct pv_store){ .name = "test",
		.ops = 1u << PV_READ | 1u << PV_WRITE | 1u << PV_REMOVE |
		    1u << PV_WATCH | 1u << PV_LIST,
		.start = store_start,
		.cancel = store_cancel };
	k->real_store = pv_bus_interface(daemon->machines->bus, 0)->store;
	pv_bus_interface(daemon->machines->bus, 0)->store = &k->store.store;
	k->node = (struct node){ .daemon = daemon,
		.machine = daemon->machines,
		.listener = { .fd = -1 } };
	daemon->nodes = &k->node;
	/* each message stays whole; no end ever waits for the other */
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	for (int i = 0; i < 2; i++)
		if (setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size,
			sizeof(size)) < 0)
			setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size,
			    sizeof(size));
	k->fd = pair[0];
	k->said = memfd_create("said", MFD_CLOEXEC);
	k->old_stderr = fcntl(2, F_DUPFD_CLOEXEC, 3);
	assert_true(k->said >= 0 && k->old_stderr >= 0);
	dup2(k->said, 2);
	assert_true(cuse_open_fd(&k->node, pair[1]));
	*state = k;
	return 0;
}

static void
init(struct kernel *k)
{
	struct cuse_init_in body = { .major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.flags = CUSE_UNRESTRICTED_IOCTL };

	k->unique = 2;
	to_daemon(k, CUSE_INIT, k->unique, NULL, &body, sizeof(body), NULL, 0);
	assert_int_equal(reply_to(k, k->unique), 0);
}

static int
setup_made(void **state)
{
	if (setup(state) != 0)
		return -1;
	init(*state);
	((struct kernel *)*state)->file = open_file(*state, O_RDWR);
	return 0;
}

static int
teardown(void **state)
{
	struct kernel *k = *state;
	struct daemon *daemon = &k->daemon;
	int result = 0;

	cuse_close(&k->node);
	clients_close(daemon);
	if (daemon->call_count != 0 || k->store.held_count != 0 ||
	    daemon->loop.count != (k->node.listener.fd >= 0 ? 1u : 0u)) {
		print_error("# %u calls, %u requests, %u sources are left\n",
		    daemon->call_count, k->store.held_count,
		    daemon->loop.count);
		result = -1;
	}
	if (k->node.path != NULL)
		socket_close(&k->node);
	loop_free(&daemon->loop);
	pv_bus_interface(daemon->machines->bus, 0)->store = k->real_store;
	machine_free(daemon->machines);
	dup2(k->old_stderr, 2);
	close(k->old_stderr);
	close(k->said);
	if (k->fd >= 0)
		close(k->fd);
	free(k);
	return result;
}

/* ---- The device is made ------------------------------------------------ */

static void
test_asks_for_its_name_and_for_unrestricted_ioctls(void **state)
{
	struct kernel *k = *state;
	struct cuse_init_out out;

	assert_false(cuse_settled(&k->node));
	init(k);
	assert_true(k->message_len > sizeof(out));
	memcpy(&out, body_of(k), sizeof(out));
	assert_int_equal(out.major, FUSE_KERNEL_VERSION);
	assert_true(out.flags & CUSE_UNRESTRICTED_IOCTL);
	assert_int_equal(k->message_len - sizeof(out),
	    sizeof("DEVNAME=pvbus0"));
	assert_memory_equal((char *)body_of(k) + sizeof(out), "DEVNAME=pvbus0",
	    sizeof("DEVNAME=pvbus0"));
	assert_true(cuse_settled(&k->node));
}

static void
test_kernel_makes_no_device(void **state)
{
	struct kernel *k = *state;
	uint64_t end = loop_now() + DEADLINE;

	close(k->fd);
	k->fd = -1;
	while (k->node.cuse != NULL && loop_now() < end)
		turn(k);
	assert_null(k->node.cuse);
	assert_true(cuse_settled(&k->node));
	has_said(k, "pvbusd: /dev/pvbus0: the kernel did not make the device");
	has_said(k, "the socket still works");
}

/* ---- What works -------------------------------------------------------- */

static void
test_type(void **state)
{
	struct kernel *k = *state;
	struct ioctl call = { .cmd = PVBUS_LP64_TYPE, .arg = ARG };

	put_request(k, 10, VALUE, 0, 0);
	memset(user(k, VALUE, 11), 'x', 11);
	begin(k, &call);
	assert_int_equal(wait_for(k, &call), 0);
	assert_memory_equal(user(k, VALUE, 11), "KVM\0xxxxxxx", 11);
	/* alone; with the structure; with room for the answer */
	assert_int_equal(call.arrivals, 3);
	assert_int_equal(k->store.started, 0);
}

static void
test_kvread(void **state)
{
	struct kernel *k = *state;

	store_has(k, "a value");
	put_text(k, KEY, KEY_TEXT);
	put_request(k, 7, KEY, 100, VALUE);
	memset(user(k, VALUE, 100), 'x', 100);
	assert_int_equal(run(k, PVBUS_LP64_KVREAD), 0);
	assert_memory_equal(user(k, VALUE, 100), "a value\0xxx", 11);
	assert_int_equal(k->store.started, 1);
	assert_memory_equal(k->store.key, KEY_TEXT, 7);
}

static void
test_get_and_erange(void **state)
{
	struct kernel *k = *state;

	store_has(k, "twelve bytes");
	put_kv(k, usual(12));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
	assert_int_equal(get_kv(k).valuelen, 12);
	assert_int_equal(get_kv(k).actual, 12);
	assert_memory_equal(user(k, VALUE, 12), "twelve bytes", 12);

	put_kv(k, usual(11));
	put_text(k, VALUE, "the old bytes");
	assert_int_equal(run(k, PVBUS_CMD_GET), -ERANGE);
	/* the structure says how much is wanted, the value stays */
	assert_int_equal(get_kv(k).actual, 12);
	assert_int_equal(get_kv(k).valuelen, 0);
	assert_memory_equal(user(k, VALUE, 13), "the old bytes", 13);
	assert_int_equal(k->store.started, 2);
}

static void
test_length_alone(void **state)
{
	struct kernel *k = *state;
	struct pvbus_kv_wire kv = usual(0);

	store_has(k, "twelve bytes");
	kv.value = 0;
	put_kv(k, kv);
	assert_int_equal(run(k, PVBUS_CMD_GET), -ERANGE);
	assert_int_equal(get_kv(k).actual, 12);
}

static void
test_put_is_done_once(void **state)
{
	struct kernel *k = *state;
	struct ioctl call = { .cmd = PVBUS_CMD_PUT, .arg = ARG };

	put_kv(k, usual(5));
	put_text(k, VALUE, "a\1\2\3b");
	begin(k, &call);
	assert_int_equal(wait_for(k, &call), 0);
	assert_int_equal(k->store.started, 1);
	assert_int_equal(k->store.op, PV_WRITE);
	assert_int_equal(k->store.key_len, 7);
	assert_memory_equal(k->store.key, KEY_TEXT, 7);
	assert_int_equal(k->store.value_len, 5);
	assert_memory_equal(k->store.value, "a\1\2\3b", 5);
	assert_in_range(call.arrivals, 2, ARRIVALS_MAX);
}

static void
test_kvwrite_is_done_once(void **state)
{
	struct kernel *k = *state;

	put_text(k, KEY, KEY_TEXT);
	put_text(k, VALUE, "value");
	put_request(k, 7, KEY, 5, VALUE);
	assert_int_equal(run(k, PVBUS_LP64_KVWRITE), 0);
	assert_int_equal(k->store.started, 1);
	assert_int_equal(k->store.value_len, 5);
	assert_memory_equal(k->store.value, "value", 5);
	/* OpenBSD's write answers with a value, ours with "" */
	assert_memory_equal(user(k, VALUE, 5), "\0alue", 5);
}

static void
test_remove_is_done_once(void **state)
{
	struct kernel *k = *state;

	put_kv(k, usual(0));
	assert_int_equal(run(k, PVBUS_CMD_REMOVE), 0);
	assert_int_equal(k->store.started, 1);
	assert_int_equal(k->store.op, PV_REMOVE);
}

/* Key and value fill what the kernel carries; there is a structure as well. */
static void
test_largest_put(void **state)
{
	struct kernel *k = *state;
	struct pvbus_kv_wire kv = usual(65536);

	kv.keylen = 65536;
	memset(user(k, KEY, 65536), 'k', 65536);
	memset(user(k, VALUE, 65536), 'v', 65536);
	memcpy(user(k, ARG, sizeof(kv)), &kv, sizeof(kv));
	assert_int_equal(run(k, PVBUS_CMD_PUT), 0);
	assert_int_equal(k->store.started, 1);
	assert_int_equal(k->store.key_len, 65536);
	assert_int_equal(k->store.value_len, 65536);
	assert_int_equal(k->store.key[65535], 'k');
	assert_int_equal(k->store.value[65535], 'v');
	assert_int_equal(get_kv(k).version, PVBUS_KV_ABI);
}

static void
test_largest_get(void **state)
{
	struct kernel *k = *state;

	k->store.value_len = 65536;
	memset(k->store.value, 'v', 65536);
	put_kv(k, usual(65536));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
	assert_int_equal(get_kv(k).valuelen, 65536);
	assert_memory_equal(user(k, VALUE, 65536), k->store.value, 65536);
}

static void
test_answer_that_comes_later(void **state)
{
	struct kernel *k = *state;
	struct ioctl call = { .cmd = PVBUS_CMD_GET, .arg = ARG };

	store_has(k, "later");
	k->store.hold = true;
	put_kv(k, usual(100));
	begin(k, &call);
	wait_for_store(k, 1);
	turn(k);
	take_replies(k);
	assert_false(call.done);
	store_answer(&k->store, k->store.held[--k->store.held_count]);
	assert_int_equal(wait_for(k, &call), 0);
	assert_memory_equal(user(k, VALUE, 5), "later", 5);
}

/* ---- 32-bit callers ---------------------------------------------------- */

static void
test_first_set_of_a_32_bit_caller(void **state)
{
	struct kernel *k = *state;

	store_has(k, "a value");
	put_text(k, KEY, KEY_TEXT);
	put_narrow(k, 7, KEY, 8, VALUE);
	assert_int_equal(run_as(k, PVBUS_ILP32_KVREAD, true), 0);
	assert_memory_equal(user(k, VALUE, 8), "a value", 8);
	put_narrow(k, 7, KEY, 3, VALUE);
	assert_int_equal(run_as(k, PVBUS_ILP32_KVREAD, true), -ERANGE);
	put_narrow(k, 4, VALUE, 0, 0);
	assert_int_equal(run_as(k, PVBUS_ILP32_TYPE, true), 0);
	assert_memory_equal(user(k, VALUE, 4), "KVM", 4);
	put_text(k, VALUE, "new");
	put_narrow(k, 7, KEY, 3, VALUE);
	assert_int_equal(run_as(k, PVBUS_ILP32_KVWRITE, true), 0);
	assert_memory_equal(k->store.value, "new", 3);
}

static void
test_second_set_of_a_32_bit_caller(void **state)
{
	struct kernel *k = *state;

	store_has(k, "a value");
	put_kv(k, usual(100));
	assert_int_equal(run_as(k, PVBUS_CMD_GET, true), 0);
	assert_int_equal(get_kv(k).valuelen, 7);
	assert_memory_equal(user(k, VALUE, 7), "a value", 7);
}

static void
test_commands_of_the_other_width(void **state)
{
	struct kernel *k = *state;

	put_request(k, 10, VALUE, 0, 0);
	assert_int_equal(run_as(k, PVBUS_LP64_TYPE, true), -ENOTTY);
	assert_int_equal(run_as(k, PVBUS_LP64_KVREAD, true), -ENOTTY);
	assert_int_equal(run(k, PVBUS_ILP32_TYPE), -ENOTTY);
	assert_int_equal(run(k, PVBUS_ILP32_KVREAD), -ENOTTY);
	assert_int_equal(run(k, 0x5401), -ENOTTY);
	assert_int_equal(k->store.started, 0);
}

/* ---- What is refused --------------------------------------------------- */

static void
test_structure_at_a_bad_address(void **state)
{
	static const uint64_t bad[] = { 0, USER_BASE - 1, USER_END - 8,
		USER_END, UINT64_MAX, UINT64_MAX - 63, 1ull << 63 };
	struct kernel *k = *state;
	struct ioctl call;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		call = (struct ioctl){ .cmd = PVBUS_CMD_GET, .arg = bad[i] };
		begin(k, &call);
		assert_int_equal(wait_for(k, &call), -EFAULT);
		call = (struct ioctl){ .cmd = PVBUS_LP64_KVWRITE,
			.arg = bad[i] };
		begin(k, &call);
		assert_int_equal(wait_for(k, &call), -EFAULT);
		forget_calls(k);
	}
	assert_int_equal(k->store.started, 0);
	assert_int_equal(k->daemon.call_count, 0);
}

static void
test_key_at_a_bad_address(void **state)
{
	static const uint64_t bad[] = { 0, USER_END - 6, UINT64_MAX - 3 };
	struct kernel *k = *state;
	struct pvbus_kv_wire kv;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		kv = usual(10);
		kv.key = bad[i];
		put_kv(k, kv);
		assert_int_equal(run(k, PVBUS_CMD_GET), -EFAULT);
		assert_int_equal(run(k, PVBUS_CMD_PUT), -EFAULT);
		assert_int_equal(run(k, PVBUS_CMD_REMOVE), -EFAULT);
		put_request(k, 7, bad[i], 10, VALUE);
		assert_int_equal(run(k, PVBUS_LP64_KVREAD), -EFAULT);
		put_request(k, 7, bad[i] + 3, 0, 0);
		assert_int_equal(run(k, PVBUS_LP64_TYPE), -EFAULT);
	}
	assert_int_equal(k->store.started, 0);
}

static void
test_value_at_a_bad_address(void **state)
{
	static const uint64_t bad[] = { 0, USER_END - 9, UINT64_MAX - 3 };
	struct kernel *k = *state;
	struct pvbus_kv_wire kv;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		kv = usual(10);
		kv.value = bad[i];
		put_kv(k, kv);
		assert_int_equal(run(k, PVBUS_CMD_PUT), -EFAULT);
		put_text(k, KEY, KEY_TEXT);
		put_request(k, 7, KEY, 10, bad[i]);
		assert_int_equal(run(k, PVBUS_LP64_KVWRITE), -EFAULT);
	}
	assert_int_equal(k->store.started, 0);
	/* where a result is to go shows only when there is one */
	store_has(k, "a value");
	kv.value = USER_END - 3;
	put_kv(k, kv);
	assert_int_equal(run(k, PVBUS_CMD_GET), -EFAULT);
	assert_int_equal(k->store.started, 1);
}

static void
test_lengths_beyond_all(void **state)
{
	struct kernel *k = *state;
	struct pvbus_kv_wire kv = usual(UINT32_MAX);

	put_kv(k, kv);
	assert_int_equal(run(k, PVBUS_CMD_GET), -ENAMETOOLONG);
	kv.valuelen = 10;
	kv.keylen = UINT32_MAX;
	put_kv(k, kv);
	assert_int_equal(run(k, PVBUS_CMD_GET), -ENAMETOOLONG);
	put_request(k, UINT64_MAX, KEY, 10, VALUE);
	assert_int_equal(run(k, PVBUS_LP64_KVREAD), -ENAMETOOLONG);
	assert_int_equal(k->store.started, 0);
}

static void
test_writes_on_a_read_only_open(void **state)
{
	struct kernel *k = *state;

	k->file = open_file(k, O_RDONLY);
	put_text(k, KEY, KEY_TEXT);
	put_request(k, 7, KEY, 5, VALUE);
	assert_int_equal(run(k, PVBUS_LP64_KVWRITE), -EPERM);
	put_kv(k, usual(5));
	assert_int_equal(run(k, PVBUS_CMD_PUT), -EPERM);
	assert_int_equal(run(k, PVBUS_CMD_REMOVE), -EPERM);
	assert_int_equal(k->store.started, 0);
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
	k->file = open_file(k, O_WRONLY);
	put_kv(k, usual(5));
	assert_int_equal(run(k, PVBUS_CMD_PUT), 0);
	k->file = open_file(k, O_RDWR | O_NONBLOCK);
	put_kv(k, usual(5));
	assert_int_equal(run(k, PVBUS_CMD_REMOVE), 0);
	assert_int_equal(k->store.started, 3);
}

static void
test_read_only_store(void **state)
{
	struct kernel *k = *state;

	k->store.store.read_only = true;
	put_kv(k, usual(5));
	assert_int_equal(run(k, PVBUS_CMD_PUT), -EROFS);
	put_kv(k, usual(5));
	assert_int_equal(run(k, PVBUS_CMD_REMOVE), -EROFS);
	assert_int_equal(k->store.started, 0);
}

/* ---- A caller that changes its memory under the kernel's hands ---------- */

static unsigned change_at;
static struct pvbus_kv_wire change_to;

static void
change(struct kernel *k, unsigned arrival)
{
	if (arrival == change_at)
		memcpy(user(k, ARG, sizeof(change_to)), &change_to,
		    sizeof(change_to));
}

static void
is_in_the_store(struct kernel *k)
{
	assert_memory_equal(k->store.key, user(k, KEY, k->store.key_len),
	    k->store.key_len);
	assert_memory_equal(k->store.value, user(k, VALUE, k->store.value_len),
	    k->store.value_len);
}

/* The old structure counts or the new one, and never a mixture. */
static void
test_structure_changes_between_arrivals(void **state)
{
	static const int errors[] = { 0, 0, 0, -EFAULT, -EINVAL };
	struct kernel *k = *state;
	struct pvbus_kv_wire changed[5];

	for (size_t i = 0; i < 5; i++)
		changed[i] = usual(5);
	changed[0].keylen = 1;
	changed[1].keylen = 65536;
	changed[2].valuelen = 65536;
	changed[3].key = changed[3].value = UINT64_MAX;
	changed[4].version = 7;
	memset(user(k, KEY, 65536), 'k', 65536);
	memset(user(k, VALUE, 65536), 'v', 65536);
	k->on_arrival = change;
	for (size_t i = 0; i < 5; i++)
		for (change_at = 0; change_at < ARRIVALS_MAX; change_at++) {
			unsigned before = k->store.started;
			int result;

			change_to = changed[i];
			put_kv(k, usual(5));
			result = run(k, PVBUS_CMD_PUT);
			if (result != 0)
				assert_int_equal(result, errors[i]);
			else
				is_in_the_store(k);
			assert_int_equal(k->store.started - before,
			    result == 0 ? 1 : 0);
		}
	k->on_arrival = NULL;
	store_has(k, "value");
	put_kv(k, usual(5));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
	assert_int_equal(k->daemon.call_count, 0);
}

/* ---- Signals ----------------------------------------------------------- */

static void
test_interrupted_watch(void **state)
{
	struct kernel *k = *state;
	struct ioctl call = { .cmd = PVBUS_CMD_WATCH, .arg = ARG };

	k->store.hold = true;
	put_kv(k, usual(100));
	begin(k, &call);
	wait_for_store(k, 1);
	interrupt(k, call.unique);
	assert_int_equal(wait_for(k, &call), -EINTR);
	assert_int_equal(k->store.cancelled, 1);
	assert_int_equal(k->store.held_count, 0);
	assert_int_equal(k->daemon.call_count, 0);
	forget_calls(k);
	/* the device is as good as before */
	k->store.hold = false;
	store_has(k, "value");
	put_kv(k, usual(100));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
}

/* fw_cfg has no event: the bus looks again and again. */
static void
test_interrupted_watch_of_a_polled_store(void **state)
{
	struct kernel *k = *state;
	struct ioctl call = { .cmd = PVBUS_CMD_WATCH, .arg = ARG };
	struct pvbus_kv_wire kv = usual(100);

	k->store.store.ops &= ~(1u << PV_WATCH);
	store_has(k, "value");
	put_kv(k, kv);
	assert_int_equal(run(k, PVBUS_CMD_WATCH), 0);
	kv.seen = get_kv(k).seen;
	put_kv(k, kv);
	begin(k, &call);
	wait_for_store(k, k->store.started + 1);
	assert_false(call.done);
	interrupt(k, call.unique);
	assert_int_equal(wait_for(k, &call), -EINTR);
	assert_int_equal(k->daemon.call_count, 0);
}

static void
test_interrupt_that_comes_too_late(void **state)
{
	struct kernel *k = *state;
	struct ioctl call = { .cmd = PVBUS_CMD_GET, .arg = ARG };

	put_kv(k, usual(100));
	begin(k, &call);
	assert_int_equal(wait_for(k, &call), 0);
	interrupt(k, call.unique);
	interrupt(k, 4);
	for (unsigned i = 0; i < 4; i++)
		turn(k);
	forget_calls(k);
	put_kv(k, usual(100));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
}

static void
test_interrupt_of_one_of_many(void **state)
{
	struct kernel *k = *state;
	struct ioctl calls[8];

	k->store.hold = true;
	put_kv(k, usual(100));
	for (unsigned i = 0; i < 8; i++) {
		calls[i] = (struct ioctl){ .cmd = PVBUS_CMD_GET,
			.arg = ARG,
			.pid = 100 + i };
		begin(k, &calls[i]);
		wait_for_store(k, i + 1);
	}
	interrupt(k, calls[3].unique);
	assert_int_equal(wait_for(k, &calls[3]), -EINTR);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(calls[i].done, i == 3);
	while (k->store.held_count > 0)
		store_answer(&k->store, k->store.held[--k->store.held_count]);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(wait_for(k, &calls[i]), i == 3 ? -EINTR : 0);
	assert_int_equal(k->store.cancelled, 1);
}

/* ---- Many -------------------------------------------------------------- */

static unsigned
begin_many(struct kernel *k, struct ioctl *calls, unsigned count, uint32_t uid)
{
	unsigned busy = 0;

	k->store.hold = true;
	put_kv(k, usual(100));
	for (unsigned i = 0; i < count; i++) {
		unsigned started = k->store.started;

		calls[i] = (struct ioctl){ .cmd = PVBUS_CMD_WATCH,
			.arg = ARG,
			.uid = uid,
			.pid = 100 + i };
		begin(k, &calls[i]);
		while (!calls[i].done && k->store.started == started) {
			turn(k);
			take_replies(k);
		}
		if (calls[i].done) {
			assert_int_equal(calls[i].result, -EBUSY);
			busy++;
		}
	}
	return busy;
}

static void
end_all(struct kernel *k, struct ioctl *calls, unsigned count)
{
	while (k->store.held_count > 0)
		store_answer(&k->store, k->store.held[--k->store.held_count]);
	for (unsigned i = 0; i < count; i++)
		wait_for(k, &calls[i]);
	forget_calls(k);
	assert_int_equal(k->daemon.call_count, 0);
}

static void
test_300_calls_at_once(void **state)
{
	struct kernel *k = *state;
	struct ioctl *calls = calloc(300, sizeof(*calls));

	assert_int_equal(begin_many(k, calls, 300, 0), 300 - CALLS_MAX);
	assert_int_equal(k->daemon.call_count, CALLS_MAX);
	end_all(k, calls, 300);
	/* there is room again */
	k->store.hold = false;
	put_kv(k, usual(100));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
	assert_int_equal(begin_many(k, calls, 300, 0), 300 - CALLS_MAX);
	end_all(k, calls, 300);
	free(calls);
}

static void
test_one_user_takes_a_quarter(void **state)
{
	struct kernel *k = *state;
	struct ioctl *calls = calloc(300, sizeof(*calls));

	assert_int_equal(begin_many(k, calls, 100, geteuid() + 1),
	    100 - CALLS_MAX / 4);
	/* another user, and root, are not kept out */
	assert_int_equal(begin_many(k, calls + 100, 10, geteuid() + 2), 0);
	assert_int_equal(begin_many(k, calls + 110, 10, 0), 0);
	end_all(k, calls, 120);
	free(calls);
}

static void
test_users_leave_a_quarter_to_root(void **state)
{
	struct kernel *k = *state;
	struct ioctl *calls = calloc(400, sizeof(*calls));
	unsigned busy = 0;

	for (uint32_t i = 0; i < 4; i++)
		busy += begin_many(k, calls + 80 * i, 80, geteuid() + 1 + i);
	assert_int_equal(busy, 320 - CALLS_MAX * 3 / 4);
	assert_int_equal(begin_many(k, calls + 320, 10, 0), 0);
	end_all(k, calls, 330);
	free(calls);
}

/* ---- Other requests ---------------------------------------------------- */

static void
test_release(void **state)
{
	struct kernel *k = *state;
	struct fuse_release_in body = { .fh = k->file };

	k->unique += 2;
	to_daemon(k, FUSE_RELEASE, k->unique, NULL, &body, sizeof(body), NULL,
	    0);
	assert_int_equal(reply_to(k, k->unique), 0);
	k->file = open_file(k, O_RDONLY);
	put_kv(k, usual(100));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
}

static void
test_reading_and_writing_is_not_for_this_device(void **state)
{
	struct kernel *k = *state;
	struct fuse_read_in in = { .fh = k->file, .size = 4096 };
	struct fuse_write_in out = { .fh = k->file, .size = 4 };

	k->unique += 2;
	to_daemon(k, FUSE_READ, k->unique, NULL, &in, sizeof(in), NULL, 0);
	assert_int_equal(reply_to(k, k->unique), -ENOSYS);
	k->unique += 2;
	to_daemon(k, FUSE_WRITE, k->unique, NULL, &out, sizeof(out), "abcd", 4);
	assert_int_equal(reply_to(k, k->unique), -ENOSYS);
	k->unique += 2;
	to_daemon(k, 4000, k->unique, NULL, "12345678", 8, NULL, 0);
	assert_int_equal(reply_to(k, k->unique), -ENOSYS);
	put_kv(k, usual(100));
	assert_int_equal(run(k, PVBUS_CMD_GET), 0);
}

/* ---- The end ----------------------------------------------------------- */

static void
is_taken_away(struct kernel *k)
{
	uint64_t end = loop_now() + DEADLINE;

	while (k->node.cuse != NULL && loop_now() < end)
		turn(k);
	assert_null(k->node.cuse);
	has_said(k,
	    "pvbusd: /dev/pvbus0: the kernel took the device away; "
	    "the socket still works");
}

static void
socket_works(struct kernel *k)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct {
		struct socket_request header;
		struct pvbus_kv_wire kv;
		char key[sizeof(KEY_TEXT) - 1];
	} request = { { SOCKET_MAGIC, PVBUS_CMD_GET, 0,
			  sizeof(request.kv) + sizeof(KEY_TEXT) - 1 },
		usual(100), "" };
	struct {
		struct socket_reply header;
		struct pvbus_kv_wire kv;
		char value[5];
	} reply;
	uint64_t end = loop_now() + DEADLINE;
	size_t size = sizeof(request.header) + sizeof(request.kv) +
	    sizeof(request.key);
	size_t wanted = sizeof(reply.header) + sizeof(reply.kv) + 5;
	ssize_t got;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	store_has(k, "value");
	k->store.hold = false;
	memcpy(request.key, KEY_TEXT, sizeof(request.key));
	request.kv.key = sizeof(request.kv);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
	    k->node.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(send(fd, &request, size, 0), size);
	while ((got = recv(fd, &reply, wanted, MSG_DONTWAIT)) < 0) {
		assert_true(loop_now() < end);
		turn(k);
	}
	assert_int_equal(got, wanted);
	assert_int_equal(reply.header.error, 0);
	assert_memory_equal(reply.value, "value", 5);
	close(fd);
}

static void
open_socket(struct kernel *k, char *directory)
{
	assert_non_null(mkdtemp(directory));
	k->daemon.config.directory = directory;
	assert_true(socket_open(&k->node));
}

static void
test_kernel_takes_the_device_away(void **state)
{
	char directory[] = "/tmp/pvbusd-cuse-XXXXXX";
	struct kernel *k = *state;

	open_socket(k, directory);
	socket_works(k);
	close(k->fd);
	k->fd = -1;
	is_taken_away(k);
	socket_works(k);
	clients_close(&k->daemon);
	socket_close(&k->node);
	k->node.path = NULL;
	k->node.listener.fd = -1;
	assert_int_equal(rmdir(directory), 0);
}

static void
test_kernel_goes_while_calls_are_under_way(void **state)
{
	struct kernel *k = *state;
	struct ioctl *calls = calloc(10, sizeof(*calls));

	begin_many(k, calls, 10, 0);
	close(k->fd);
	k->fd = -1;
	is_taken_away(k);
	assert_int_equal(k->store.cancelled, 10);
	assert_int_equal(k->daemon.call_count, 0);
	free(calls);
}

static void
test_kernel_talks_nonsense(void **state)
{
	struct kernel *k = *state;

	assert_int_equal(write(k->fd, "nonsense", 8), 8);
	is_taken_away(k);
}

static void
test_daemon_ends_while_calls_are_under_way(void **state)
{
	struct kernel *k = *state;
	struct ioctl *calls = calloc(10, sizeof(*calls));

	begin_many(k, calls, 10, 0);
	cuse_close(&k->node);
	assert_int_equal(k->store.cancelled, 10);
	for (unsigned i = 0; i < 10; i++) {
		assert_true(from_daemon(k));
		assert_true(k->message.header.error == -EINTR ||
		    ((struct fuse_ioctl_out *)body_of(k))->result == -EINTR);
	}
	assert_int_equal(recv(k->fd, k->message.bytes, 1, 0), 0);
	free(calls);
}

#define made(f) cmocka_unit_test_setup_teardown(f, setup_made, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_asks_for_its_name_and_for_unrestricted_ioctls, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_kernel_makes_no_device,
		    setup, teardown),
		made(test_type),
		made(test_kvread),
		made(test_get_and_erange),
		made(test_length_alone),
		made(test_put_is_done_once),
		made(test_kvwrite_is_done_once),
		made(test_remove_is_done_once),
		made(test_largest_put),
		made(test_largest_get),
		made(test_answer_that_comes_later),
		made(test_first_set_of_a_32_bit_caller),
		made(test_second_set_of_a_32_bit_caller),
		made(test_commands_of_the_other_width),
		made(test_structure_at_a_bad_address),
		made(test_key_at_a_bad_address),
		made(test_value_at_a_bad_address),
		made(test_lengths_beyond_all),
		made(test_writes_on_a_read_only_open),
		made(test_read_only_store),
		made(test_structure_changes_between_arrivals),
		made(test_interrupted_watch),
		made(test_interrupted_watch_of_a_polled_store),
		made(test_interrupt_that_comes_too_late),
		made(test_interrupt_of_one_of_many),
		made(test_300_calls_at_once),
		made(test_one_user_takes_a_quarter),
		made(test_users_leave_a_quarter_to_root),
		made(test_release),
		made(test_reading_and_writing_is_not_for_this_device),
		made(test_kernel_takes_the_device_away),
		made(test_kernel_goes_while_calls_are_under_way),
		made(test_kernel_talks_nonsense),
		made(test_daemon_ends_while_calls_are_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
