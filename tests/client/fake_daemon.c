/* SPDX-License-Identifier: ISC */
/*
 * A pvbusd of a page or two, with no bus behind its socket: a store in memory
 * whose keys also make every error, so that each exit status of hostctl can be
 * had at will.
 *
 *	fake_daemon [-n] [-i interface] [-m machine] PATH
 *
 * -n: no store.  "ready" is printed when PATH can be connected to.
 *	error/N		the errno N		stall	no answer, ever
 *	close		the connection ends	nonsense	bad magic
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pvbus/ioctl.h"
#include "wire/socket.h"

#define ITEMS 64

struct item {
	bool present;
	char key[80];
	char *value;
	size_t length;
	uint64_t state;
};

static struct item items[ITEMS];
static uint64_t state;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static const char *interface_name = "KVM", *machine = "this";
static bool no_store;

/* A request, and its answer. */
struct exchange {
	struct socket_request header;
	char *message;
	struct pvbus_kv kv;
	char key[80];
	char *result;
	size_t length;
	int error;
};

static struct item *
find(const char *key, bool create)
{
	struct item *free_one = NULL;

	for (size_t i = 0; i < ITEMS; i++) {
		if (items[i].key[0] == '\0' && free_one == NULL)
			free_one = &items[i];
		if (strcmp(items[i].key, key) == 0)
			return items[i].present || create ? &items[i] : NULL;
	}
	if (create && free_one != NULL)
		snprintf(free_one->key, sizeof(free_one->key), "%s", key);
	return create ? free_one : NULL;
}

static uint64_t
state_of(const char *key)
{
	for (size_t i = 0; i < ITEMS; i++)
		if (strcmp(items[i].key, key) == 0)
			return items[i].state;
	return 1;
}

static int
set(const char *key, const void *value, size_t length, bool present)
{
	struct item *item = find(key, true);

	if (item == NULL)
		return ENOSPC;
	free(item->value);
	item->value = malloc(length + 1);
	if (item->value == NULL)
		abort();
	if (length > 0)
		memcpy(item->value, value, length);
	item->length = length;
	item->present = present;
	item->state = ++state + 1;
	pthread_cond_broadcast(&changed);
	return 0;
}

static int
answer(struct exchange *x, const void *data, size_t total)
{
	size_t offset = 0, n = total;

	x->kv.pk_actual = total;
	if ((x->kv.pk_flags & PVBUS_KV_PARTIAL) != 0 &&
	    x->header.cmd == (uint32_t)PVBUSIOC_GET) {
		offset = x->kv.pk_offset < total ? x->kv.pk_offset : total;
		n = total - offset < x->kv.pk_valuelen ? total - offset
						       : x->kv.pk_valuelen;
	}
	if (n > x->kv.pk_valuelen) {
		x->kv.pk_valuelen = 0;
		return ERANGE;
	}
	x->result = malloc(n + 1);
	if (x->result == NULL)
		abort();
	memcpy(x->result, (const char *)data + offset, n);
	x->length = n;
	x->kv.pk_valuelen = (uint32_t)n;
	return 0;
}

static int
list(struct exchange *x)
{
	char names[ITEMS * 80], last[80] = "";
	size_t keylen = strlen(x->key), used = 0;

	if (keylen > 0 && x->key[keylen - 1] != '/')
		strcpy(x->key + keylen++, "/");
	for (size_t i = 0; i < ITEMS; i++) {
		const char *rest = items[i].key + keylen;
		size_t n;

		if (!items[i].present ||
		    strncmp(items[i].key, x->key, keylen) != 0)
			continue;
		n = strcspn(rest, "/");
		if ((x->kv.pk_flags & PVBUS_KV_RECURSIVE) != 0)
			n = strlen(rest);
		else if (rest[n] == '/')
			n++;
		if (strncmp(last, rest, n) == 0 && last[n] == '\0')
			continue;
		memcpy(last, rest, n);
		last[n] = '\0';
		memcpy(names + used, last, n + 1);
		used += n + 1;
	}
	if (used == 0 && keylen > 0)
		return ENOENT;
	return answer(x, names, used);
}

static int
info(struct exchange *x)
{
	char text[512];
	int n;

	n = snprintf(text, sizeof(text),
	    "abi 1\nmachine %s\ninterface %s\nversion 10.0\nbase 0x40000000\n"
	    "features 0x1\nfuture thing\n%s"
	    "bus pvbus0 at mainbus0: KVM\n"
	    "device fwcfg0 at pvbus0: DMA, 9 items\n",
	    machine, interface_name,
	    no_store ? ""
		     : "store fake\noperations read write list remove watch\n");
	return answer(x, text, (size_t)n);
}

static int
serve_kv(struct exchange *x)
{
	const char *value = x->message + x->kv.pk_value;
	struct item *item;

	if (x->header.cmd == (uint32_t)PVBUSIOC_INFO)
		return info(x);
	if (no_store)
		return ENXIO;
	if (strncmp(x->key, "error/", 6) == 0)
		return atoi(x->key + 6);
	if (strcmp(x->key, "stall") == 0)
		pause();
	switch (x->header.cmd) {
	case (uint32_t)PVBUSIOC_LIST:
		return list(x);
	case (uint32_t)PVBUSIOC_PUT:
		return set(x->key, value, x->kv.pk_valuelen, true);
	case (uint32_t)PVBUSIOC_REMOVE:
		return find(x->key, false) == NULL ? ENOENT
						   : set(x->key, "", 0, false);
	case (uint32_t)PVBUSIOC_WATCH:
		while (x->kv.pk_seen == state_of(x->key)) {
			struct timespec ts;

			clock_gettime(CLOCK_REALTIME, &ts);
			ts.tv_sec += x->kv.pk_timeout / 1000;
			ts.tv_nsec += x->kv.pk_timeout % 1000 * 1000000;
			ts.tv_sec += ts.tv_nsec / 1000000000;
			ts.tv_nsec %= 1000000000;
			if (x->kv.pk_timeout == 0)
				pthread_cond_wait(&changed, &lock);
			else if (pthread_cond_timedwait(&changed, &lock, &ts) !=
			    0)
				return ETIMEDOUT;
		}
		x->kv.pk_seen = state_of(x->key);
		break;
	default:
		break;
	}
	item = find(x->key, false);
	return item == NULL ? ENOENT : answer(x, item->value, item->length);
}

static bool
all(int fd, void *data, size_t length, bool out)
{
	char *p = data;
	ssize_t n;

	for (; length > 0; p += n, length -= (size_t)n) {
		n = out ? send(fd, p, length, MSG_NOSIGNAL)
			: recv(fd, p, length, 0);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool
serve(int fd)
{
	struct exchange x = { 0 };
	struct socket_reply reply = { .magic = SOCKET_MAGIC };
	void *structure = NULL;
	bool good = false;

	if (!all(fd, &x.header, sizeof(x.header), false))
		return false;
	x.message = calloc(1, x.header.length + 128);
	if (x.message == NULL || !all(fd, x.message, x.header.length, false))
		goto out;
	if (x.header.cmd == (uint32_t)PVBUSIOC_TYPE) {
		x.result = strdup(interface_name);
		x.length = strlen(interface_name) + 1;
	} else {
		memcpy(&x.kv, x.message, sizeof(x.kv));
		memcpy(x.key, x.message + x.kv.pk_key,
		    x.kv.pk_keylen < 70 ? x.kv.pk_keylen : 70);
		if (strcmp(x.key, "close") == 0)
			goto out;
		if (strcmp(x.key, "stall") == 0)
			pause();
		pthread_mutex_lock(&lock);
		x.error = serve_kv(&x);
		pthread_mutex_unlock(&lock);
		structure = &x.kv;
		if (strcmp(x.key, "nonsense") == 0)
			reply.magic = 0;
	}
	reply.error = x.error;
	reply.structure = structure != NULL ? sizeof(x.kv) : 0;
	reply.length = reply.structure + (uint32_t)x.length;
	good = all(fd, &reply, sizeof(reply), true) &&
	    all(fd, structure, reply.structure, true) &&
	    all(fd, x.result, x.length, true);
out:
	free(x.message);
	free(x.result);
	return good;
}

static void *
connection(void *argument)
{
	int fd = (int)(intptr_t)argument;

	while (serve(fd))
		continue;
	close(fd);
	return NULL;
}

static void
fill(void)
{
	char *big = malloc(200000);

	if (big == NULL)
		abort();
	for (size_t i = 0; i < 200000; i++)
		big[i] = (char)(i * 7 + i / 251);
	set("big", big, 200000, true);
	set("full", big, 65536, true);
	set("medium", big, 10000, true);
	set("binary", "a\0b\377\n", 5, true);
	set("dir/one", "1", 1, true);
	set("dir/sub/three", "3", 1, true);
	set("dir/two", "2", 1, true);
	set("empty", "", 0, true);
	set("greeting", "hello", 5, true);
	set("terminal", "\033[2Jx\\y\302\233\303\244", 11, true);
	set("lines", "one\ntwo: x", 10, true);
	free(big);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int option, fd, client;

	while ((option = getopt(argc, argv, "i:m:n")) != -1) {
		if (option == 'i')
			interface_name = optarg;
		else if (option == 'm')
			machine = optarg;
		else
			no_store = true;
	}
	if (optind + 1 != argc ||
	    strlen(argv[optind]) >= sizeof(address.sun_path))
		return 64;
	strcpy(address.sun_path, argv[optind]);
	unlink(argv[optind]);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 16) != 0) {
		perror(argv[optind]);
		return 1;
	}
	fill();
	puts("ready");
	fflush(stdout);
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, connection,
			(void *)(intptr_t)client) != 0)
			close(client);
		else
			pthread_detach(thread);
	}
	return 1;
}
