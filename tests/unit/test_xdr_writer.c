/* SPDX-License-Identifier: ISC */
/* What writes our messages: within its room, and each kind of item as it is to
 * be.  XDR is compared with others' in test_xdr.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "guest/vmware/vmt_info.h"

static uint8_t ours[65536];

/* ---- Lists of NICs ---------------------------------------------------- */

/* All that one can hold. */
static void
fill(struct vmt_net *net)
{
	memset(net, 0, sizeof(*net));
	net->nics = NICINFO_NICS;
	for (unsigned n = 0; n < NICINFO_NICS; n++) {
		struct pv_netif *netif = &net->nic[n].netif;

		netif->mac[5] = (uint8_t)(n + 1);
		netif->addresses = PV_NETIF_ADDRESSES;
		for (unsigned i = 0; i < PV_NETIF_ADDRESSES; i++)
			netif->address[i] = (struct pv_address){
				.family = i % 2 ? 4 : 6,
				.prefix = 32,
				.bytes = { 192, 0, 2, (uint8_t)i },
			};
	}
}

/* Whole addresses, all interfaces, and no byte behind the room. */
static void
test_what_does_not_fit_version_2_is_left_out_whole(void **state)
{
	struct vmt_net *net;
	struct writer writer;
	unsigned dropped, kept;

	(void)state;
	net = test_malloc(sizeof(*net));
	fill(net);
	for (size_t room = 12 + 16 * 76; room < 65520; room += 519) {
		memset(ours, 0xa5, sizeof(ours));
		writer_init(&writer, ours, room);
		dropped = vmt_nics_v2(net, &writer);
		kept = NICINFO_NICS * PV_NETIF_ADDRESSES - dropped;
		assert_false(writer.full);
		assert_int_equal(writer.len, 12 + 16 * 76 + 520 * kept);
		assert_true(room - writer.len < 520 || dropped == 0);
		assert_int_equal(ours[room], 0xa5);
	}
	test_free(net);
}

static void
test_version_1_is_the_structure(void **state)
{
	struct nicinfo_v1 expected = { .nics = 3 };
	struct vmt_net *net = test_calloc(1, sizeof(*net));
	struct writer writer;

	(void)state;
	net->nics = 3;
	net->nic[0].netif = (struct pv_netif){
		.mac = { 0x00, 0x50, 0x56, 0xab, 0xcd, 0xef },
		.addresses = 2,
		.address = { { .family = 6, .bytes = { 0xfe, 0x80 } },
		    { .family = 4, .bytes = { 192, 0, 2, 17 } } },
	};
	net->nic[1].netif = (struct pv_netif){
		.mac = { 0x00, 0x50, 0x56, 0xab, 0xcd, 0x01 },
		.addresses = 2,
		.address = { { .family = 4, .bytes = { 198, 51, 100, 1 } },
		    { .family = 4, .bytes = { 169, 254, 7, 8 } } },
	};
	net->nic[2].netif = (struct pv_netif){
		.addresses = 1,
		.address = { { .family = 4, .bytes = { 10, 8, 0, 2 } } },
	};
	expected.nic[0].ips = 1;
	strcpy(expected.nic[0].mac, "00:50:56:ab:cd:ef");
	strcpy(expected.nic[0].ip[0], "192.0.2.17");
	expected.nic[1].ips = 2;
	strcpy(expected.nic[1].mac, "00:50:56:ab:cd:01");
	strcpy(expected.nic[1].ip[0], "198.51.100.1");
	strcpy(expected.nic[1].ip[1], "169.254.7.8");
	expected.nic[2].ips = 1;
	strcpy(expected.nic[2].ip[0], "10.8.0.2");
	writer_init(&writer, ours, sizeof(ours));
	vmt_nics_v1(net, &writer);
	assert_int_equal(writer.len, sizeof(expected));
	assert_memory_equal(ours, &expected, sizeof(expected));

	/* eight addresses of the longest kind, and not one more */
	net->nic[0].netif.addresses = 12;
	for (unsigned i = 0; i < 12; i++)
		net->nic[0].netif.address[i] = (struct pv_address){
			.family = i == 3 ? 6 : 4,
			.bytes = { 255, 255, 255, 255 },
		};
	writer_init(&writer, ours, sizeof(ours));
	vmt_nics_v1(net, &writer);
	assert_int_equal(ours[4], 8);
	for (unsigned i = 0; i < 8; i++)
		assert_string_equal((char *)ours + 4 +
			offsetof(struct nicinfo_v1_nic, ip) + 16 * i,
		    "255.255.255.255");
	test_free(net);
}

/* ---- The writer ------------------------------------------------------- */

static void
test_base64(void **state)
{
	/* RFC 4648, 10 */
	static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" },
		{ "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
		{ "\xff\xef\xbe", "/+++" } };
	struct writer writer;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		writer_init(&writer, ours, sizeof(ours));
		write_base64(&writer, vectors[i][0], strlen(vectors[i][0]));
		assert_int_equal(writer.len, strlen(vectors[i][1]));
		assert_memory_equal(ours, vectors[i][1], writer.len);
	}
}

static void
test_json_strings(void **state)
{
	static const char *const vectors[][2] = { { "ext4", "\"ext4\"" },
		{ "", "\"\"" }, { "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\x1f\x7f", "\"\\u000a\\u001f\\u007f\"" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		/* alone, cut, too long, a surrogate, too large */
		{ "\xff\x80z", "\"??z\"" }, { "a\xe2\x82", "\"a??\"" },
		{ "\xc0\x80", "\"??\"" }, { "\xe0\x80\x80", "\"???\"" },
		{ "\xed\xa0\x80", "\"???\"" },
		{ "\xf4\x90\x80\x80", "\"????\"" } };
	struct writer writer;

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		writer_init(&writer, ours, sizeof(ours));
		write_json_string(&writer, vectors[i][0]);
		assert_int_equal(writer.len, strlen(vectors[i][1]));
		assert_memory_equal(ours, vectors[i][1], writer.len);
	}
}

static void
test_decimals(void **state)
{
	static const uint64_t values[] = { 0, 9, 10, 65535, 65536, 99999,
		UINT32_MAX, 1ull << 32, 123456789012345678ull, UINT64_MAX };
	struct writer writer;
	char expected[24];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(expected, sizeof(expected), "%llu",
		    (unsigned long long)values[i]);
		writer_init(&writer, ours, sizeof(ours));
		write_decimal(&writer, values[i]);
		assert_int_equal(writer.len, strlen(expected));
		assert_memory_equal(ours, expected, writer.len);
	}
}

/* Each kind of item in a room that is a byte too small: nothing is written
 * behind it, and what comes after does not go in, however small. */
static void
test_a_full_writer_stays_full(void **state)
{
	struct writer writer;

	(void)state;
	for (unsigned kind = 0; kind < 5; kind++) {
		static const size_t sizes[] = { 4, 12, 4, 64, 8 };
		size_t len;

		memset(ours, 0xa5, sizeof(ours));
		writer_init(&writer, ours, sizes[kind] - 1);
		switch (kind) {
		case 0:
			xdr_write_u32(&writer, 1);
			break;
		case 1:
			xdr_write_string(&writer, "12345");
			break;
		case 2:
			write_base64(&writer, "a", 1);
			break;
		case 3:
			xdr_write_chars(&writer, "a", 16);
			break;
		case 4:
			write_le64(&writer, 1);
			break;
		}
		assert_true(writer.full);
		assert_int_equal(ours[sizes[kind] - 1], 0xa5);
		len = writer.len;
		write_text(&writer, "");
		write_bytes(&writer, "", 1);
		assert_int_equal(writer.len, len);
		assert_int_equal(ours[sizes[kind] - 1], 0xa5);
		writer_back(&writer, 0);
		write_bytes(&writer, "x", 1);
		assert_false(writer.full);
	}
	/* a text as long as its array has no room for its end */
	writer_init(&writer, ours, sizeof(ours));
	xdr_write_chars(&writer, "1234", 4);
	assert_true(writer.full);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_what_does_not_fit_version_2_is_left_out_whole),
		cmocka_unit_test(test_version_1_is_the_structure),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_json_strings),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_a_full_writer_stays_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
