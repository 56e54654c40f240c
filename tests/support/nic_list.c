/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/nic_list.h"

struct reader {
	const uint8_t *at;
	size_t left;
	char *to;
	size_t room;
};

static void say(struct reader *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct reader *r, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(r->to, r->room, format, args);
	va_end(args);
	assert_true(len >= 0 && (size_t)len < r->room);
	r->to += len;
	r->room -= (size_t)len;
}

static const uint8_t *
take(struct reader *r, size_t size)
{
	const uint8_t *at = r->at;

	assert_true(size <= r->left);
	r->at += size;
	r->left -= size;
	return at;
}

static uint32_t
u32(struct reader *r)
{
	const uint8_t *at = take(r, 4);

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static bool
there(struct reader *r)
{
	uint32_t value = u32(r);

	assert_true(value <= 1);
	return value;
}

static void
string(struct reader *r, size_t max)
{
	uint32_t len = u32(r);
	const uint8_t *at = take(r, (len + 3u) / 4 * 4);

	assert_true(len <= max);
	for (uint32_t i = len; i % 4 != 0; i++)
		assert_int_equal(at[i], 0);
	say(r, "%.*s", (int)len, (const char *)at);
}

static void
address(struct reader *r)
{
	uint32_t type = u32(r), len = u32(r);
	char text[64];

	assert_true((type == 1 && len == 4) || (type == 2 && len == 16));
	say(r, "%s",
	    inet_ntop(type == 1 ? AF_INET : AF_INET6, take(r, len), text,
		sizeof(text)));
}

static void
dns(struct reader *r)
{
	uint32_t count;

	say(r, "dns ");
	for (unsigned i = 0; i < 2; i++) {
		if (there(r))
			string(r, 255);
		else
			say(r, "-");
		say(r, " ");
	}
	count = u32(r);
	assert_true(count <= 16);
	say(r, "[");
	for (uint32_t i = 0; i < count; i++) {
		say(r, i > 0 ? " " : "");
		address(r);
	}
	count = u32(r);
	assert_true(count <= 10);
	say(r, "] [");
	for (uint32_t i = 0; i < count; i++) {
		say(r, i > 0 ? " " : "");
		string(r, 255);
	}
	say(r, "]");
}

/* DNS, WINS, DHCP twice. */
static void
configuration(struct reader *r, const char *before)
{
	if (there(r)) {
		say(r, "%s", before);
		dns(r);
	}
	assert_false(there(r));
	for (unsigned i = 0; i < 2; i++)
		if (there(r)) {
			say(r, "%s%u", i == 0 ? "; dhcp " : " ", u32(r));
			string(r, 16384);
		}
}

static void
nic_v3(struct reader *r)
{
	uint32_t count;

	string(r, 18);
	count = u32(r);
	assert_true(count <= 2048);
	for (uint32_t i = 0; i < count; i++) {
		say(r, i > 0 ? ", " : " ");
		address(r);
		say(r, "/%u", u32(r));
		if (there(r))
			say(r, " o%u", u32(r));
		if (there(r))
			say(r, " s%u", u32(r));
	}
	configuration(r, "; ");
	say(r, "\n");
}

static void
v3(struct reader *r)
{
	uint32_t nics = u32(r), routes;

	assert_true(nics <= 16);
	for (uint32_t i = 0; i < nics; i++)
		nic_v3(r);
	routes = u32(r);
	assert_true(routes <= 100);
	for (uint32_t i = 0; i < routes; i++) {
		uint32_t nic;

		say(r, "route ");
		address(r);
		say(r, "/%u", u32(r));
		if (there(r)) {
			say(r, " via ");
			address(r);
		}
		nic = u32(r);
		assert_true(nic < nics);
		say(r, " nic %u type %u", nic, u32(r));
		say(r, " metric %d\n", (int)u32(r));
	}
	configuration(r, "");
	say(r, "\n");
}

static void
chars(struct reader *r, size_t size)
{
	bool end = false;

	for (size_t i = 0; i < size; i++) {
		uint32_t c = u32(r);

		assert_true(c < 128);
		assert_false(end && c != 0);
		end |= c == 0;
		if (!end)
			say(r, "%c", (int)c);
	}
	assert_true(end);
}

static void
v2(struct reader *r)
{
	uint32_t nics = u32(r);

	assert_true(nics <= 16);
	for (uint32_t i = 0; i < nics; i++) {
		uint32_t count;

		chars(r, 18);
		count = u32(r);
		assert_true(count <= 64);
		for (uint32_t n = 0; n < count; n++) {
			bool dhcp;

			assert_true(u32(r) <= 1);
			dhcp = there(r);
			say(r, n > 0 ? ", " : " ");
			chars(r, 64);
			say(r, "/");
			chars(r, 64);
			say(r, "%s", dhcp ? " dhcp" : "");
		}
		say(r, "\n");
	}
}

void
nic_list_xdr(const void *bytes, size_t size, char *to, size_t room)
{
	struct reader r = { bytes, size, to, room };
	uint32_t version;

	assert_non_null(bytes);
	version = u32(&r);
	assert_true(version == 2 || version == 3);
	assert_true(there(&r));
	if (version == 2)
		v2(&r);
	else
		v3(&r);
	assert_int_equal(r.left, 0);
}

static uint32_t
le32(struct reader *r)
{
	return __builtin_bswap32(u32(r));
}

void
nic_list_v1(const void *bytes, size_t size, char *to, size_t room)
{
	struct reader r = { bytes, size, to, room };
	uint32_t nics;

	assert_non_null(bytes);
	assert_int_equal(size, 2436);
	nics = le32(&r);
	assert_true(nics <= 16);
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t count = le32(&r);
		const char *mac = (const char *)take(&r, 19);

		assert_true(count <= 8);
		if (i < nics)
			say(&r, "%s", mac);
		for (uint32_t n = 0; n < 8; n++) {
			const char *ip = (const char *)take(&r, 16);

			assert_int_equal(n < count, ip[0] != '\0');
			if (n < count)
				say(&r, " %s", ip);
		}
		take(&r, 1);
		if (i < nics)
			say(&r, "\n");
	}
}
