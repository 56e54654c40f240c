/* SPDX-License-Identifier: ISC */
/*
 * libpvbus over a socket whose other end tells the truth, lies, dawdles or
 * leaves.  Each test is a list of steps that the other end goes through, one a
 * request; what it was asked is kept and looked at afterwards.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/client/client_private.h"
#include "wire/socket.h"

#define KV sizeof(struct pvbus_kv)

enum how {
	HOW_WHOLE,
	HOW_CUT,     /* only `cut` bytes, then the end */
	HOW_STALL,   /* nothing */
	HOW_DRIBBLE, /* byte by byte */
	HOW_LATE     /* after 50 ms */
};

struct step {
	int32_t error;
	const char *data;
	size_t length;
	uint64_t actual; /* 0: the length */
	uint64_t seen;
	enum how how;
	size_t cut;
	/* lies */
	bool no_structure;
	uint32_t magic;
	int structure_add;
	int length_add;
	int valuelen_add;
};

struct asked {
	struct socket_request header;
	struct pvbus_kv kv;
	char key[64];
	unsigned char value[65536];
};

struct peer {
	struct pvbus bus;
	int fd;
	pthread_t thread;
	const struct step *steps;
	size_t count;
	struct asked asked[12];
	size_t requests;
};

static char big[200000];

static void
sleep_ms(unsigned ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) != 0)
		continue;
}

static bool
take(int fd, void *to, size_t length)
{
	char *p = to;

	while (length > 0) {
		ssize_t n = recv(fd, p, length, 0);

		if (n <= 0)
			return false;
		p += n;
		length -= (size_t)n;
	}
	return true;
}

static bool
take_request(struct peer *peer, struct asked *a)
{
	static char message[SOCKET_MAX_LENGTH];

	if (!take(peer->fd, &a->header, sizeof(a->header)) ||
	    a->header.length > sizeof(message) ||
	    !take(peer->fd, message, a->header.length))
		return false;
	if (a->header.cmd == (uint32_t)PVBUSIOC_TYPE)
		return true;
	memcpy(&a->kv, message, KV);
	if (a->kv.pk_keylen < sizeof(a->key))
		memcpy(a->key, message + a->kv.pk_key, a->kv.pk_keylen);
	if (a->header.cmd == (uint32_t)PVBUSIOC_PUT)
		memcpy(a->value, message + a->kv.pk_value, a->kv.pk_valuelen);
	return true;
}

/* The reply as bytes, so that any number of them can be sent. */
static size_t
make_reply(char *out, const struct step *s, const struct asked *a)
{
	struct pvbus_kv kv = a->kv;
	bool kind_kv = a->header.cmd != (uint32_t)PVBUSIOC_TYPE;
	bool structure = kind_kv && !s->no_structure;
	size_t front = structure ? KV : 0;
	struct socket_reply reply = {
		.magic = s->magic != 0 ? s->magic : SOCKET_MAGIC,
		.error = s->error,
		.structure = (uint32_t)(front + s->structure_add),
		.length = (uint32_t)(front + s->length + s->length_add),
	};
	size_t used = 0;

	kv.pk_valuelen = (uint32_t)(s->length + s->valuelen_add);
	kv.pk_actual = s->actual != 0 ? s->actual : s->length;
	kv.pk_seen = s->seen;
	memcpy(out, &reply, sizeof(reply));
	used += sizeof(reply);
	if (structure) {
		memcpy(out + used, &kv, sizeof(kv));
		used += sizeof(kv);
	}
	if (s->length > 0)
		memcpy(out + used, s->data, s->length);
	return used + s->length;
}

static void *
talk(void *argument)
{
	static char out[SOCKET_MAX_LENGTH + 128];
	struct peer *peer = argument;

	for (size_t i = 0; i < peer->count; i++) {
		const struct step *s = &peer->steps[i];
		size_t length, piece;
		char end;

		if (!take_request(peer, &peer->asked[i]))
			break;
		peer->requests++;
		length = make_reply(out, s, &peer->asked[i]);
		piece = length;
		if (s->how == HOW_STALL) {
			recv(peer->fd, &end, 1, 0); /* until it is closed */
			break;
		}
		if (s->how == HOW_LATE)
			sleep_ms(50);
		if (s->how == HOW_CUT && s->cut < length)
			length = s->cut;
		if (s->how == HOW_DRIBBLE)
			piece = 1;
		for (size_t done = 0; done < length; done += piece) {
			if (length - done < piece)
				piece = length - done;
			send(peer->fd, out + done, piece, MSG_NOSIGNAL);
		}
		if (s->how == HOW_CUT)
			break;
	}
	shutdown(peer->fd, SHUT_RDWR);
	return NULL;
}

static struct pvbus *
begin(struct peer *peer, const struct step *steps, size_t count)
{
	int fds[2];

	memset(peer, 0, sizeof(*peer));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	peer->bus.fd = fds[0];
	peer->bus.is_socket = true;
	peer->bus.writable = true;
	peer->bus.slack = 50;
	peer->fd = fds[1];
	peer->steps = steps;
	peer->count = count;
	assert_int_equal(pthread_create(&peer->thread, NULL, talk, peer), 0);
	return &peer->bus;
}

static void
end(struct peer *peer)
{
	shutdown(peer->bus.fd, SHUT_RDWR);
	pthread_join(peer->thread, NULL);
	close(peer->bus.fd);
	close(peer->fd);
}

static struct peer peer;

#define BEGIN(steps) begin(&peer, steps, sizeof(steps) / sizeof((steps)[0]))

/* pvbus_get() of "key", freed. */
static int
try_get(struct pvbus *p, const void *expected, size_t expected_len)
{
	size_t length = 0;
	void *value = NULL;
	int error;

	error = pvbus_get(p, "key", &value, &length);
	if (error != 0)
		return error;
	assert_int_equal(length, expected_len);
	assert_memory_equal(value, expected, length);
	assert_int_equal(((char *)value)[length], '\0');
	free(value);
	return 0;
}

/* ---- Reading ---------------------------------------------------------- */

static void
get_asks_as_the_header_says(void **state)
{
	static const struct step steps[] = { { .data = "hello", .length = 5 } };
	struct pvbus *p = BEGIN(steps);
	const struct asked *a = &peer.asked[0];

	(void)state;
	pvbus_set_timeout(p, 1234);
	assert_int_equal(try_get(p, "hello", 5), 0);
	end(&peer);
	assert_int_equal(a->header.magic, SOCKET_MAGIC);
	assert_int_equal(a->header.cmd, (uint32_t)PVBUSIOC_GET);
	assert_int_equal(a->header.flags, SOCKET_WRITABLE);
	assert_int_equal(a->header.length, KV + 3);
	assert_int_equal(a->kv.pk_version, PVBUS_KV_VERSION);
	assert_int_equal(a->kv.pk_flags, 0);
	assert_int_equal(a->kv.pk_key, KV);
	assert_int_equal(a->kv.pk_keylen, 3);
	assert_int_equal(a->kv.pk_timeout, 1234);
	assert_int_equal(a->kv.pk_value, KV + 3);
	assert_int_equal(a->kv.pk_valuelen, 4096);
	assert_int_equal(a->kv.pk_reserved, 0);
	assert_int_equal(a->kv.pk_offset, 0);
	assert_string_equal(a->key, "key");
}

static void
get_empty_value(void **state)
{
	static const struct step steps[] = { { .length = 0 } };
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, "", 0), 0);
	end(&peer);
}

static void
get_takes_the_length_from_the_answer(void **state)
{
	static const struct step steps[] = {
		{ .error = ERANGE, .actual = 60000 },
		{ .data = big, .length = 60000 },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, big, 60000), 0);
	end(&peer);
	assert_int_equal(peer.asked[1].kv.pk_valuelen, 60000);
}

static void
get_long_value_in_pieces(void **state)
{
	static const struct step steps[] = {
		{ .error = ERANGE, .actual = 150000 },
		{ .data = big, .length = 65536, .actual = 150000 },
		{ .data = big + 65536, .length = 1000, .actual = 150000 },
		{ .data = big + 66536, .length = 65536, .actual = 150000 },
		{ .data = big + 132072, .length = 17928, .actual = 150000 },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, big, 150000), 0);
	end(&peer);
	assert_int_equal(peer.requests, 5);
	assert_int_equal(peer.asked[1].kv.pk_flags, PVBUS_KV_PARTIAL);
	assert_int_equal(peer.asked[3].kv.pk_offset, 66536);
	assert_int_equal(peer.asked[4].kv.pk_valuelen, 17928);
}

static void
get_value_that_shrinks_starts_again(void **state)
{
	static const struct step steps[] = {
		{ .error = ERANGE, .actual = 150000 },
		{ .data = big, .length = 65536, .actual = 150000 },
		{ .length = 0, .actual = 10 }, /* past the new end */
		{ .data = big, .length = 10 },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, big, 10), 0);
	end(&peer);
}

static void
get_value_that_grows_starts_again(void **state)
{
	static const struct step steps[] = {
		{ .error = ERANGE, .actual = 5000 },
		{ .error = ERANGE, .actual = 6000 },
		{ .data = big, .length = 6000 },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, big, 6000), 0);
	end(&peer);
}

static void
get_value_that_never_rests(void **state)
{
	struct step steps[8];
	struct pvbus *p;

	(void)state;
	memset(steps, 0, sizeof(steps));
	for (unsigned i = 0; i < 8; i += 2) {
		steps[i] = (struct step){ .error = ERANGE, .actual = 150000 };
		steps[i + 1] = (struct step){ .data = big,
			.length = 65536,
			.actual = 150001 + i };
	}
	p = begin(&peer, steps, 8);
	assert_int_equal(try_get(p, NULL, 0), -EAGAIN);
	assert_false(p->broken);
	end(&peer);
	assert_int_equal(peer.requests, 8);
}

static void
get_value_that_always_outgrows_its_buffer(void **state)
{
	struct step steps[10];
	struct pvbus *p;

	(void)state;
	memset(steps, 0, sizeof(steps));
	for (unsigned i = 0; i < 10; i++)
		steps[i] = (struct step){ .error = ERANGE, .actual = 5000 + i };
	p = begin(&peer, steps, 10);
	assert_int_equal(try_get(p, NULL, 0), -EAGAIN);
	end(&peer);
	assert_int_equal(peer.requests, 5);
}

static void
get_value_too_long(void **state)
{
	static const struct step steps[] = {
		{ .error = ERANGE, .actual = 64 * 1024 * 1024 + 1 },
		{ .error = ERANGE, .actual = UINT64_MAX },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, NULL, 0), -EMSGSIZE);
	assert_int_equal(try_get(p, NULL, 0), -EMSGSIZE);
	end(&peer);
}

static void
get_into_a_buffer(void **state)
{
	static const struct step steps[] = {
		{ .data = "hello", .length = 5 },
		{ .error = ERANGE, .actual = 6 },
		{ .error = ERANGE, .actual = 70000 },
		{ .error = ERANGE, .actual = 1 },
		{ .length = 0 },
		{ .error = ENOENT },
	};
	struct pvbus *p = BEGIN(steps);
	char buffer[6] = "------";
	size_t n = 99;

	(void)state;
	assert_int_equal(pvbus_get_into(p, "key", buffer, 5, &n), 0);
	assert_int_equal(n, 5);
	assert_memory_equal(buffer, "hello-", 6);
	assert_int_equal(pvbus_get_into(p, "key", buffer, 5, &n), -ERANGE);
	assert_int_equal(n, 6);
	assert_memory_equal(buffer, "hello-", 6);
	assert_int_equal(pvbus_get_into(p, "key", buffer, 5, &n), -EMSGSIZE);
	assert_int_equal(n, 70000);
	assert_int_equal(pvbus_get_into(p, "key", NULL, 0, &n), -ERANGE);
	assert_int_equal(n, 1);
	assert_int_equal(pvbus_get_into(p, "key", NULL, 0, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(pvbus_get_into(p, "key", buffer, 5, &n), -ENOENT);
	end(&peer);
}

/* ---- Lists, type, info ------------------------------------------------ */

static void
list_names(void **state)
{
	static const struct step steps[] = {
		{ .data = "one\0two/\0", .length = 9 },
		{ .length = 0 },
		{ .error = ERANGE, .actual = 65537 },
		{ .data = "one\0tw", .length = 6 },
		{ .data = "one\0\0two", .length = 9 },
		{ .data = "", .length = 1 },
	};
	struct pvbus *p = BEGIN(steps);
	char **names;
	size_t n;

	(void)state;
	assert_int_equal(pvbus_list(p, "", false, &names, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0], "one");
	assert_string_equal(names[1], "two/");
	pvbus_names_free(names, n);
	assert_int_equal(pvbus_list(p, "dir", true, &names, &n), 0);
	assert_int_equal(n, 0);
	pvbus_names_free(names, n);
	assert_int_equal(pvbus_list(p, "", false, &names, &n), -EMSGSIZE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pvbus_list(p, "", false, &names, &n), -EPROTO);
	end(&peer);
	assert_int_equal(peer.asked[0].kv.pk_keylen, 0);
	assert_int_equal(peer.asked[0].kv.pk_flags, 0);
	assert_string_equal(peer.asked[1].key, "dir");
	assert_int_equal(peer.asked[1].kv.pk_flags, PVBUS_KV_RECURSIVE);
}

static void
type_and_its_lies(void **state)
{
	static const struct step steps[] = {
		{ .data = "Hyper-V", .length = 8 },
		{ .data = "Hyper-V", .length = 8 },
		{ .data = "", .length = 1 },
		{ .length = 0 },
		{ .data = big, .length = 64 },
	};
	struct pvbus *p = BEGIN(steps);
	char name[16];

	(void)state;
	memset(big, 'x', 64);
	assert_int_equal(pvbus_type(p, name, sizeof(name)), 0);
	assert_string_equal(name, "Hyper-V");
	assert_int_equal(pvbus_type(p, name, 7), -ERANGE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pvbus_type(p, name, sizeof(name)), -EPROTO);
	end(&peer);
	assert_int_equal(peer.asked[0].header.length, sizeof(struct pvbus_req));
}

static void
info_is_text(void **state)
{
	static const struct step steps[] = {
		{ .data = "abi 1\n", .length = 6 },
		{ .data = "abi\0 1\n", .length = 7 },
	};
	struct pvbus *p = BEGIN(steps);
	char *text;

	(void)state;
	assert_int_equal(pvbus_info(p, &text), 0);
	assert_string_equal(text, "abi 1\n");
	free(text);
	assert_int_equal(pvbus_info(p, &text), -EPROTO);
	end(&peer);
}

/* ---- Writing ---------------------------------------------------------- */

static void
put_sends_the_bytes(void **state)
{
	static const struct step steps[] = {
		{ .length = 0 },
		{ .length = 0 },
		{ .length = 0 },
		{ .error = EROFS },
		{ .length = 0 },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(pvbus_put(p, "key", "a\0b", 3), 0);
	assert_int_equal(pvbus_put(p, "key", NULL, 0), 0);
	assert_int_equal(pvbus_put(p, "key", big, 65536), 0);
	assert_int_equal(pvbus_put(p, "key", big, 65537), -EMSGSIZE);
	assert_int_equal(pvbus_put(p, "key", "x", 1), -EROFS);
	assert_int_equal(pvbus_remove(p, "key"), 0);
	p->writable = false;
	assert_int_equal(pvbus_put(p, "key", "x", 1), -EPERM);
	assert_int_equal(pvbus_remove(p, "key"), -EPERM);
	end(&peer);
	assert_int_equal(peer.requests, 5);
	assert_int_equal(peer.asked[0].header.length, KV + 3 + 3);
	assert_int_equal(peer.asked[0].kv.pk_value, KV + 3);
	assert_int_equal(peer.asked[0].kv.pk_valuelen, 3);
	assert_memory_equal(peer.asked[0].value, "a\0b", 3);
	assert_int_equal(peer.asked[1].kv.pk_valuelen, 0);
	assert_memory_equal(peer.asked[2].value, big, 65536);
	assert_int_equal(peer.asked[4].header.cmd, (uint32_t)PVBUSIOC_REMOVE);
}

static void
keys_that_are_none_are_not_sent(void **state)
{
	struct pvbus *p = begin(&peer, NULL, 0);
	char *key = malloc(65538);
	uint64_t seen = 0;
	char **names;
	void *value;
	size_t n;

	(void)state;
	assert_non_null(key);
	memset(key, 'k', 65537);
	key[65537] = '\0';
	assert_int_equal(pvbus_get(p, "", &value, &n), -EINVAL);
	assert_int_equal(pvbus_get_into(p, "", key, 1, &n), -EINVAL);
	assert_int_equal(pvbus_watch(p, "", &seen, &value, &n), -EINVAL);
	assert_int_equal(pvbus_put(p, "", "x", 1), -EINVAL);
	assert_int_equal(pvbus_remove(p, ""), -EINVAL);
	assert_int_equal(pvbus_get(p, key, &value, &n), -ENAMETOOLONG);
	assert_int_equal(pvbus_list(p, key, false, &names, &n), -ENAMETOOLONG);
	free(key);
	end(&peer);
}

/* ---- Watching --------------------------------------------------------- */

static void
watch_hands_back_what_was_seen(void **state)
{
	static const struct step steps[] = {
		{ .data = "one", .length = 3, .seen = 7 },
		{ .error = ENOENT, .seen = 8 },
		{ .error = ETIMEDOUT, .seen = 8 },
		{ .error = ERANGE, .actual = 5000, .seen = 9 },
		{ .data = big, .length = 5000, .seen = 9 },
	};
	struct pvbus *p = BEGIN(steps);
	uint64_t seen = 0;
	void *value;
	size_t n;

	(void)state;
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), 0);
	assert_int_equal(seen, 7);
	assert_int_equal(n, 3);
	free(value);
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), -ENOENT);
	assert_int_equal(seen, 8);
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), -ETIMEDOUT);
	assert_false(p->broken);
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), 0);
	assert_int_equal(seen, 9);
	free(value);
	end(&peer);
	assert_int_equal(peer.asked[1].kv.pk_seen, 7);
	/* what did not fit was not seen */
	assert_int_equal(peer.asked[4].kv.pk_seen, 8);
}

static void
watch_of_a_long_value(void **state)
{
	static const struct step steps[] = {
		{ .error = ERANGE, .actual = 70000, .seen = 3 },
		{ .error = ERANGE, .actual = 70000 },
		{ .data = big, .length = 65536, .actual = 70000 },
		{ .data = big + 65536, .length = 4464, .actual = 70000 },
		{ .error = ERANGE, .actual = 70000, .seen = 3 },
	};
	struct pvbus *p = BEGIN(steps);
	uint64_t seen = 0;
	void *value;
	size_t n;

	(void)state;
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), 0);
	assert_int_equal(n, 70000);
	assert_int_equal(seen, 3);
	assert_memory_equal(value, big, n);
	free(value);
	/* one that gives no state would be asked for ever */
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), -EMSGSIZE);
	end(&peer);
}

static void
watch_has_no_limit_of_its_own(void **state)
{
	static const struct step steps[] = {
		{ .data = "x", .length = 1, .seen = 1, .how = HOW_LATE }
	};
	struct pvbus *p = BEGIN(steps);
	uint64_t seen = 0;
	void *value;
	size_t n;

	(void)state;
	p->slack = 0;
	assert_int_equal(pvbus_watch(p, "key", &seen, &value, &n), 0);
	free(value);
	end(&peer);
}

/* ---- A peer that is not what it should be ----------------------------- */

static void
nonsense_breaks_the_handle(void **state)
{
	static const struct step lies[] = {
		{ .data = "x", .length = 1, .magic = 1 },
		{ .data = "x", .length = 1, .error = -1 },
		{ .error = 4096 },
		{ .error = INT32_MIN },
		{ .error = ENOENT, .data = "x", .length = 1 },
		{ .structure_add = -1 },
		{ .structure_add = 1 },
		{ .structure_add = -1000 },
		{ .length_add = -1 },
		{ .length_add = -1000 },
		{ .length_add = 4097 },
		{ .length_add = INT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct pvbus *p = begin(&peer, &lies[i], 1);

		assert_int_equal(try_get(p, NULL, 0), -EPROTO);
		assert_int_equal(try_get(p, NULL, 0), -ENODEV);
		assert_int_equal(pvbus_put(p, "key", "x", 1), -ENODEV);
		end(&peer);
		assert_int_equal(peer.requests, 1);
	}
}

static void
lies_in_good_framing(void **state)
{
	static const struct step steps[] = {
		{ .data = "xy", .length = 2, .no_structure = true },
		{ .data = "xy", .length = 2, .valuelen_add = 1, .actual = 3 },
		{ .data = "xy", .length = 2, .valuelen_add = -1, .actual = 1 },
		{ .data = "xy", .length = 2, .actual = 3 },
		{ .data = "xy", .length = 2, .actual = 1 },
		{ .valuelen_add = 5000, .actual = 5000 },
		/* too small a buffer, but for what? */
		{ .error = ERANGE, .actual = 4096 },
		{ .error = ERANGE, .no_structure = true },
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		assert_int_equal(try_get(p, NULL, 0), -EPROTO);
	end(&peer);
	assert_int_equal(peer.requests, 8);
}

static void
lies_about_pieces(void **state)
{
	static const struct step lies[] = {
		{ .length = 0, .actual = 70000 },
		{ .data = big,
		    .length = 65536,
		    .actual = 70000,
		    .no_structure = true },
		{ .error = ERANGE, .actual = 70000 },
		{ .error = EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct step steps[] = {
			{ .error = ERANGE, .actual = 70000 },
			lies[i],
		};
		struct pvbus *p = BEGIN(steps);

		/* at the offset 0, EINVAL means what it says */
		assert_int_equal(try_get(p, NULL, 0),
		    lies[i].error == EINVAL ? -EINVAL : -EPROTO);
		end(&peer);
	}
}

static void
errors_of_the_store_pass(void **state)
{
	static const int errors[] = { ENOENT, EINVAL, EACCES, EMSGSIZE, ENOTSUP,
		ETIMEDOUT, EPROTO, ENXIO, EIO, EBUSY };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct step steps[] = {
			{ .error = errors[i] },
			{ .error = errors[i], .no_structure = true },
			{ .data = "x", .length = 1 },
		};
		struct pvbus *p = BEGIN(steps);

		assert_int_equal(try_get(p, NULL, 0), -errors[i]);
		assert_int_equal(try_get(p, NULL, 0), -errors[i]);
		assert_int_equal(try_get(p, "x", 1), 0);
		end(&peer);
	}
}

static void
peer_leaves_after_any_byte(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < sizeof(struct socket_reply) + KV + 5;
	     cut++) {
		struct step step = { .data = "hello",
			.length = 5,
			.how = HOW_CUT,
			.cut = cut };
		struct pvbus *p = begin(&peer, &step, 1);

		assert_int_equal(try_get(p, NULL, 0), -ENODEV);
		assert_int_equal(try_get(p, NULL, 0), -ENODEV);
		end(&peer);
	}
}

static void
peer_is_not_there(void **state)
{
	struct pvbus *p = begin(&peer, NULL, 0);

	(void)state;
	pthread_join(peer.thread, NULL);
	assert_int_equal(pvbus_put(p, "key", big, 65536), -ENODEV);
	close(p->fd);
	close(peer.fd);
}

static void
reply_byte_by_byte(void **state)
{
	static const struct step steps[] = {
		{ .data = "hello", .length = 5, .how = HOW_DRIBBLE }
	};
	struct pvbus *p = BEGIN(steps);

	(void)state;
	assert_int_equal(try_get(p, "hello", 5), 0);
	end(&peer);
}

static void
peer_that_stalls(void **state)
{
	static const struct step steps[] = { { .how = HOW_STALL } };
	struct pvbus *p = BEGIN(steps);

	(void)state;
	pvbus_set_timeout(p, 20);
	assert_int_equal(try_get(p, NULL, 0), -ETIMEDOUT);
	assert_true(p->broken);
	assert_int_equal(try_get(p, NULL, 0), -ENODEV);
	end(&peer);
}

static void
peer_that_does_not_read(void **state)
{
	int fds[2], small = 4096;
	struct pvbus p = { .is_socket = true, .writable = true, .timeout = 20 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	p.fd = fds[0];
	assert_int_equal(pvbus_put(&p, "key", big, 65536), -ETIMEDOUT);
	assert_true(p.broken);
	close(fds[0]);
	close(fds[1]);
}

static void
on_alarm(int number)
{
	(void)number;
}

static void
signals_do_not_end_a_request(void **state)
{
	static const struct step steps[] = {
		{ .data = "hello", .length = 5, .how = HOW_LATE }
	};
	struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm }, old;
	struct pvbus *p = BEGIN(steps);

	(void)state;
	sigaction(SIGALRM, &action, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(try_get(p, "hello", 5), 0);
	setitimer(ITIMER_REAL, &never, NULL);
	end(&peer);
	sigaction(SIGALRM, &old, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(get_asks_as_the_header_says),
		cmocka_unit_test(get_empty_value),
		cmocka_unit_test(get_takes_the_length_from_the_answer),
		cmocka_unit_test(get_long_value_in_pieces),
		cmocka_unit_test(get_value_that_shrinks_starts_again),
		cmocka_unit_test(get_value_that_grows_starts_again),
		cmocka_unit_test(get_value_that_never_rests),
		cmocka_unit_test(get_value_that_always_outgrows_its_buffer),
		cmocka_unit_test(get_value_too_long),
		cmocka_unit_test(get_into_a_buffer),
		cmocka_unit_test(list_names),
		cmocka_unit_test(type_and_its_lies),
		cmocka_unit_test(info_is_text),
		cmocka_unit_test(put_sends_the_bytes),
		cmocka_unit_test(keys_that_are_none_are_not_sent),
		cmocka_unit_test(watch_hands_back_what_was_seen),
		cmocka_unit_test(watch_of_a_long_value),
		cmocka_unit_test(watch_has_no_limit_of_its_own),
		cmocka_unit_test(nonsense_breaks_the_handle),
		cmocka_unit_test(lies_in_good_framing),
		cmocka_unit_test(lies_about_pieces),
		cmocka_unit_test(errors_of_the_store_pass),
		cmocka_unit_test(peer_leaves_after_any_byte),
		cmocka_unit_test(peer_is_not_there),
		cmocka_unit_test(reply_byte_by_byte),
		cmocka_unit_test(peer_that_stalls),
		cmocka_unit_test(peer_that_does_not_read),
		cmocka_unit_test(signals_do_not_end_a_request),
	};

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
