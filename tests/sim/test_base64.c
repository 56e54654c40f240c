/* SPDX-License-Identifier: ISC */
/* base64 as systemd's credentials have it: RFC 4648, padded or not. */
#include "guest/kvm/base64.h"
#include "tests/support/world.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz"
			       "0123456789+/";

static void
decodes(const char *text, const void *expected, size_t size)
{
	uint8_t got[64];
	size_t len = 99;

	memset(got, '#', sizeof(got));
	assert_true(base64_decode(text, strlen(text), got, &len));
	assert_int_equal(len, size);
	assert_memory_equal(got, expected, size);
	assert_int_equal(got[size], '#');
}

static void
refuses(const char *text, size_t len)
{
	uint8_t got[64];
	size_t size;

	assert_false(base64_decode(text, len, got, &size));
}

/* RFC 4648, 10. */
static void
test_base64_vectors(void **state)
{
	(void)state;
	decodes("", "", 0);
	decodes("Zg==", "f", 1);
	decodes("Zm8=", "fo", 2);
	decodes("Zm9v", "foo", 3);
	decodes("Zm9vYg==", "foob", 4);
	decodes("Zm9vYmE=", "fooba", 5);
	decodes("Zm9vYmFy", "foobar", 6);
	/* without padding */
	decodes("Zg", "f", 1);
	decodes("Zm8", "fo", 2);
	decodes("Zm9vYg", "foob", 4);
	decodes("AAAA", "\0\0\0", 3);
	decodes("////", "\377\377\377", 3);
	decodes("+/+/", "\373\377\277", 3);
}

static void
test_base64_refuses(void **state)
{
	static const char *const bad[] = { "Z", "A", "A===", "AAAAA", "Zm9vY",
		"=", "==", "===", "====", "Z===", "Zg=", "Zm8==", "Zm9v=",
		"Zm9v====", "Zg==Zg==", "Z=g=", "=Zg=", "Zm9v\n", "Zm 9v",
		"Zm-v", "Zm_v", "Zm9\x80",
		/* bits that belong to no byte */
		"Zh==", "Zh", "Zm9=", "Zm9" };

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(bad[i], strlen(bad[i]));
	refuses("Zm9\0", 4);
}

static void
test_base64_each_character(void **state)
{
	char text[4] = "AAAA";
	uint8_t got[3];
	size_t size;

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		const char *digit = c == 0 ? NULL : strchr(alphabet, (char)c);

		text[2] = (char)c;
		assert_true(
		    base64_decode(text, 4, got, &size) == (digit != NULL));
		if (digit == NULL)
			continue;
		assert_int_equal(size, 3);
		assert_int_equal(got[1] << 8 | got[2], (digit - alphabet) << 6);
	}
}

/* There and back, and never more than the room that was asked for. */
static void
test_base64_random(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < 5000; i++) {
		size_t size = sim_random(world->sim, 40), len = 0, got_size;
		uint8_t bytes[40], *got;
		char text[64];

		for (size_t at = 0; at < size; at++)
			bytes[at] = (uint8_t)sim_random(world->sim, 256);
		for (size_t at = 0; at < size; at += 3) {
			uint32_t bits = (uint32_t)bytes[at] << 16;

			if (at + 1 < size)
				bits |= (uint32_t)bytes[at + 1] << 8;
			if (at + 2 < size)
				bits |= bytes[at + 2];
			for (unsigned j = 0; j < 4; j++)
				text[len++] = at + j > size
				    ? '='
				    : alphabet[bits >> (18 - 6 * j) & 63];
		}
		if (sim_random(world->sim, 2) == 0)
			while (len > 0 && text[len - 1] == '=')
				len--;
		got = malloc((len + 3) / 4 * 3 + 1);
		assert_true(base64_decode(text, len, got, &got_size));
		assert_int_equal(got_size, size);
		assert_memory_equal(got, bytes, size);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(test_base64_vectors),
		world_test(test_base64_refuses),
		world_test(test_base64_each_character),
		world_test(test_base64_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
