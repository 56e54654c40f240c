/* SPDX-License-Identifier: ISC */
/* guestinfo as a store: keys, values, refusals, encodings. */
#include "guest/vmware/guestinfo.h"
#include "tests/support/inflate_vectors.h"
#include "tests/support/vmware.h"

static const struct host_vmware_config quiet = { .no_greeting = true };

static char value[1u << 21];

static int
reads(struct vmlab *lab, const char *key, size_t *len)
{
	return vmlab_read(lab, key, value, 4096, len);
}

static void
reads_as(struct vmlab *lab, const char *key, const void *expected, size_t size)
{
	size_t len;

	assert_int_equal(reads(lab, key, &len), PV_OK);
	assert_int_equal(len, size);
	assert_memory_equal(value, expected, size);
}

static void
fails(struct vmlab *lab, const char *key, int error)
{
	size_t len;

	assert_int_equal(reads(lab, key, &len), error);
}

static void
set(struct vmlab *lab, const char *key, const char *text)
{
	assert_true(host_vmware_set_info(lab->host, key, text, strlen(text)));
}

static void
holds(struct vmlab *lab, const char *key, const void *expected, size_t size)
{
	size_t len;
	const char *got = host_vmware_info(lab->host, key, &len);

	assert_non_null(got);
	assert_int_equal(len, size);
	assert_memory_equal(got, expected, size);
}

/* ---- Reading ---------------------------------------------------------- */

static void
test_what_the_host_has_put_there(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.userdata", "#cloud-config\n");
	reads_as(lab, "guestinfo.userdata", "#cloud-config\n", 14);
	/* and what is no guestinfo: the host decides */
	set(lab, "machine.id", "host=a");
	reads_as(lab, "machine.id", "host=a", 6);
}

static void
test_an_empty_value_is_one(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.a", "");
	reads_as(lab, "guestinfo.a", "", 0);
}

static void
test_no_such_key(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	fails(lab, "guestinfo.none", PV_ENOENT);
	/* which is nothing to write home about */
	world_has_no_line(lab->world, "guestinfo.none");
}

static void
test_a_buffer_that_is_too_small(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	struct pv_kv kv = { .op = PV_READ,
		.key = "guestinfo.a",
		.keylen = 11,
		.value = value,
		.room = 4 };

	set(lab, "guestinfo.a", "12345");
	value[0] = '#';
	assert_int_equal(world_request(lab->world, &kv), PV_ERANGE);
	assert_int_equal(kv.actual, 5);
	assert_int_equal(kv.len, 0);
	assert_int_equal(value[0], '#');
	kv.room = 5;
	assert_int_equal(world_request(lab->world, &kv), PV_OK);
	assert_int_equal(kv.len, 5);
}

static void
test_a_value_in_pieces(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	struct pv_kv kv = { .op = PV_READ,
		.flags = PV_KV_PARTIAL,
		.key = "guestinfo.a",
		.keylen = 11,
		.value = value,
		.room = 3 };

	set(lab, "guestinfo.a", "12345");
	for (kv.offset = 0; kv.offset < 7; kv.offset++) {
		size_t left = kv.offset < 5 ? 5 - (size_t)kv.offset : 0;

		assert_int_equal(world_request(lab->world, &kv), PV_OK);
		assert_int_equal(kv.actual, 5);
		assert_int_equal(kv.len, left < 3 ? left : 3);
		assert_memory_equal(value, &"12345"[left ? kv.offset : 0],
		    kv.len);
	}
	kv.offset = UINT64_MAX;
	assert_int_equal(world_request(lab->world, &kv), PV_OK);
	assert_int_equal(kv.len, 0);
}

static void
test_there_is_no_list(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	size_t len;

	assert_int_equal(world_list(lab->world, "", false, value, 64, &len),
	    PV_ENOTSUP);
}

/* ---- Keys ------------------------------------------------------------- */

static void
test_keys_that_would_be_taken_for_more(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	fails(lab, "guestinfo.a b", PV_EINVAL);
	fails(lab, " ", PV_EINVAL);
	fails(lab, "guestinfo.a\n", PV_EINVAL);
	fails(lab, "decoded/", PV_EINVAL);
	assert_int_equal(vmlab_write(lab, "guestinfo.a b", "c", 1), PV_EINVAL);
	assert_int_equal(vmlab_remove(lab, "guestinfo.a b"), PV_EINVAL);
	assert_null(host_vmware_info(lab->host, "guestinfo.a", NULL));
}

static void
test_a_key_longer_than_a_message(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static char key[PV_KV_MAX + 1];
	uint64_t rpcs = lab->counts->rpcs;

	memset(key, 'k', sizeof(key) - 1);
	fails(lab, key, PV_EMSGSIZE);
	assert_int_equal(vmlab_write(lab, key, "v", 1), PV_EMSGSIZE);
	assert_int_equal(vmlab_remove(lab, key), PV_EMSGSIZE);
	key[60000] = '\0';
	fails(lab, key, PV_ENOENT);
	assert_true(lab->counts->rpcs > rpcs);
}

/* ---- Writing ---------------------------------------------------------- */

static void
test_what_is_written_is_what_the_host_has(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	assert_int_equal(vmlab_write(lab, "guestinfo.a", "b c \n\xff", 6),
	    PV_OK);
	holds(lab, "guestinfo.a", "b c \n\xff", 6);
	reads_as(lab, "guestinfo.a", "b c \n\xff", 6);
}

static void
test_values_that_the_host_would_not_keep(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.a", "old");
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "", 0), PV_EINVAL);
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "a\0b", 3), PV_EINVAL);
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "\0", 1), PV_EINVAL);
	holds(lab, "guestinfo.a", "old", 3);
}

static void
test_the_longest_value_to_the_byte(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	size_t room = VMWARE_MESSAGE_MAX - strlen("info-set guestinfo.a ");

	memset(value, 'v', room + 1);
	assert_int_equal(vmlab_write(lab, "guestinfo.a", value, room + 1),
	    PV_EMSGSIZE);
	assert_null(host_vmware_info(lab->host, "guestinfo.a", NULL));
	assert_int_equal(vmlab_write(lab, "guestinfo.a", value, room), PV_OK);
	assert_int_equal(vmlab_write(lab, "guestinfo.a", value, SIZE_MAX / 2),
	    PV_EMSGSIZE);
	memset(value, 'v', room);
	holds(lab, "guestinfo.a", value, room);
}

static void
note_done(struct pv_kv *kv)
{
	*(bool *)kv->owner = true;
}

/* "base64", which goes first, is longer than a byte in it is. */
static void
test_the_longest_key_of_bytes_to_the_byte(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static char key[PV_KV_MAX + 1];
	size_t most = VMWARE_MESSAGE_MAX - strlen("info-set .encoding base64") +
	    strlen("decoded/");

	memset(key, 'k', sizeof(key));
	memcpy(key, "decoded/", strlen("decoded/"));
	for (size_t more = 1; more <= 3; more++) {
		bool done = false;
		struct pv_kv kv = { .op = PV_WRITE,
			.key = key,
			.keylen = most + more,
			.value = value,
			.room = 1,
			.done = note_done,
			.owner = &done };

		pv_store_submit(lab->world->bus, lab->device->interface, &kv);
		/* before any of it is put together */
		assert_true(done);
		assert_int_equal(kv.error, PV_EMSGSIZE);
	}
}

/* ---- Refusals --------------------------------------------------------- */

static void
test_permission_denied(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.secret", "s");
	host_vmware_deny(lab->host, "guestinfo.secret");
	fails(lab, "guestinfo.secret", PV_EACCES);
	assert_int_equal(vmlab_write(lab, "guestinfo.secret", "t", 1),
	    PV_EACCES);
	assert_int_equal(vmlab_remove(lab, "guestinfo.secret"), PV_EACCES);
	world_has_line(lab->world,
	    "vmt0: reading guestinfo.secret: the host says \"Permission "
	    "denied\"");
	world_has_line(lab->world,
	    "vmt0: writing guestinfo.secret: the host says \"Permission "
	    "denied\"");
	holds(lab, "guestinfo.secret", "s", 1);
}

static void
test_a_host_where_guests_may_not_write(void **state)
{
	struct vmlab *lab = vmlab_new(state,
	    &(struct host_vmware_config){ .no_greeting = true,
		.info_read_only = true });

	set(lab, "guestinfo.a", "b");
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "c", 1), PV_EACCES);
	reads_as(lab, "guestinfo.a", "b", 1);
}

static void
test_the_host_has_no_room(void **state)
{
	struct vmlab *lab = vmlab_new(state,
	    &(struct host_vmware_config){ .no_greeting = true,
		.info_limit = 64 });

	assert_int_equal(vmlab_write(lab, "guestinfo.a", "small", 5), PV_OK);
	memset(value, 'v', 64);
	assert_int_equal(vmlab_write(lab, "guestinfo.b", value, 64),
	    PV_EMSGSIZE);
	world_has_line(lab->world,
	    "vmt0: writing guestinfo.b: the host says \"Value too long\"");
}

static void
refuses(struct vmlab *lab, const char *text, int error)
{
	lab->manners->rpc_reply = text;
	lab->manners->rpc_reply_len = 0;
	fails(lab, "guestinfo.a", error);
	lab->manners->rpc_reply = NULL;
}

static void
test_what_each_refusal_means(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	refuses(lab, "0 No value found", PV_ENOENT);
	refuses(lab, "0 no value found.", PV_ENOENT);
	refuses(lab, "0 Permission denied", PV_EACCES);
	refuses(lab, "0 disabled", PV_EACCES);
	refuses(lab, "0 Unknown command", PV_ENOTSUP);
	refuses(lab, "0 Two and exactly two arguments expected", PV_EINVAL);
	refuses(lab, "0 Value too long", PV_EMSGSIZE);
	refuses(lab, "0 size limit exceeded", PV_EMSGSIZE);
	refuses(lab, "0 ", PV_EIO);
	refuses(lab, "0 who knows", PV_EIO);
}

static void
test_the_host_s_words_are_made_printable_and_few(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	unsigned lines = 0;

	refuses(lab, "0 \x1b[2J\nvmt0: all is well\x80", PV_EIO);
	world_has_line(lab->world,
	    "vmt0: reading guestinfo.a: the host says \"?[2J?vmt0: all is "
	    "well?\"");
	for (unsigned i = 0; i < 100; i++)
		refuses(lab, "0 flood", PV_EIO);
	for (const char *at = sim_machine_log(lab->world->machine);
	     (at = strstr(at, "flood")) != NULL; at++)
		lines++;
	assert_in_range(lines, 5, 10);
	vmlab_run(lab, 61 * PV_SECOND);
	refuses(lab, "0 another", PV_EIO);
	world_has_line(lab->world,
	    "vmt0: 91 lines like those before were left out");
}

/* ---- Removal ---------------------------------------------------------- */

static void
test_a_removed_key_holds_a_blank_and_is_not_there(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.a", "b");
	assert_int_equal(vmlab_remove(lab, "guestinfo.a"), PV_OK);
	holds(lab, "guestinfo.a", " ", 1);
	fails(lab, "guestinfo.a", PV_ENOENT);
	assert_int_equal(vmlab_remove(lab, "guestinfo.a"), PV_ENOENT);
	/* one that never was leaves no tombstone */
	assert_int_equal(vmlab_remove(lab, "guestinfo.never"), PV_ENOENT);
	assert_null(host_vmware_info(lab->host, "guestinfo.never", NULL));
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "c", 1), PV_OK);
	reads_as(lab, "guestinfo.a", "c", 1);
	/* two blanks are a value */
	assert_int_equal(vmlab_write(lab, "guestinfo.a", "  ", 2), PV_OK);
	reads_as(lab, "guestinfo.a", "  ", 2);
}

/* ---- Encodings -------------------------------------------------------- */

static void
test_a_value_in_base64(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.userdata", "AAEC/w==");
	set(lab, "guestinfo.userdata.encoding", "base64");
	reads_as(lab, "decoded/guestinfo.userdata", "\x00\x01\x02\xff", 4);
	/* without the prefix it is what it is */
	reads_as(lab, "guestinfo.userdata", "AAEC/w==", 8);
	set(lab, "guestinfo.userdata.encoding", "B64");
	reads_as(lab, "decoded/guestinfo.userdata", "\x00\x01\x02\xff", 4);
	/* in lines, as base64(1) writes it */
	set(lab, "guestinfo.userdata", "AAE\nC/w\r\n==\n");
	reads_as(lab, "decoded/guestinfo.userdata", "\x00\x01\x02\xff", 4);
}

static void
test_no_encoding_is_as_it_stands(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set(lab, "guestinfo.a", "plain");
	reads_as(lab, "decoded/guestinfo.a", "plain", 5);
	set(lab, "guestinfo.a.encoding", "");
	reads_as(lab, "decoded/guestinfo.a", "plain", 5);
	set(lab, "guestinfo.a.encoding", " ");
	reads_as(lab, "decoded/guestinfo.a", "plain", 5);
	fails(lab, "decoded/guestinfo.none", PV_ENOENT);
}

static void
set_packed(struct vmlab *lab, const uint8_t *bytes, size_t size)
{
	static char text[65536];

	guestinfo_to_base64(bytes, size, text);
	assert_true(host_vmware_set_info(lab->host, "guestinfo.z", text,
	    guestinfo_base64_len(size)));
	set(lab, "guestinfo.z.encoding", "gzip+base64");
}

static void
test_a_value_in_gzip_and_base64(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);

	set_packed(lab, gz_text, sizeof(gz_text));
	reads_as(lab, "decoded/guestinfo.z", VECTOR_TEXT, strlen(VECTOR_TEXT));
	set(lab, "guestinfo.z.encoding", "gz+b64");
	reads_as(lab, "decoded/guestinfo.z", VECTOR_TEXT, strlen(VECTOR_TEXT));
}

static void
test_a_packed_value_in_pieces_and_without_room(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	struct pv_kv kv = { .op = PV_READ,
		.key = "decoded/guestinfo.z",
		.keylen = 19,
		.value = value,
		.room = 10 };

	set_packed(lab, gz_text, sizeof(gz_text));
	memset(value, '#', 16);
	assert_int_equal(world_request(lab->world, &kv), PV_ERANGE);
	assert_int_equal(kv.actual, strlen(VECTOR_TEXT));
	assert_int_equal(value[0], '#');
	kv.flags = PV_KV_PARTIAL;
	kv.offset = 14;
	assert_int_equal(world_request(lab->world, &kv), PV_OK);
	assert_int_equal(kv.len, 10);
	assert_memory_equal(value, "hostname: ", 10);
	assert_int_equal(value[10], '#');
}

static void
test_a_packed_value_of_more_than_1_mib(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static uint8_t bytes[17 * sizeof(gz_zeroes)];
	struct pv_kv kv = { .op = PV_READ,
		.key = "decoded/guestinfo.z",
		.keylen = 19,
		.value = value,
		.room = sizeof(value) };

	for (unsigned i = 0; i < 17; i++)
		memcpy(bytes + i * sizeof(gz_zeroes), gz_zeroes,
		    sizeof(gz_zeroes));
	set_packed(lab, bytes, 16 * sizeof(gz_zeroes));
	assert_int_equal(world_request(lab->world, &kv), PV_OK);
	assert_int_equal(kv.len, 1u << 20);
	set_packed(lab, bytes, sizeof(bytes));
	assert_int_equal(world_request(lab->world, &kv), PV_EMSGSIZE);
	assert_int_equal(kv.len, 0);
}

static void
test_h28_encodings_that_are_not_true(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint8_t broken[sizeof(gz_text)];
	uint64_t bad = lab->stats->bad_text;

	set(lab, "guestinfo.a", "no base64!");
	set(lab, "guestinfo.a.encoding", "base64");
	fails(lab, "decoded/guestinfo.a", PV_EPROTO);
	set(lab, "guestinfo.a", "AAAAA");
	fails(lab, "decoded/guestinfo.a", PV_EPROTO);
	set(lab, "guestinfo.a", "AAAA");
	set(lab, "guestinfo.a.encoding", "gzip+base64");
	fails(lab, "decoded/guestinfo.a", PV_EPROTO);
	memcpy(broken, gz_text, sizeof(broken));
	broken[sizeof(broken) - 5] ^= 1;
	set_packed(lab, broken, sizeof(broken));
	fails(lab, "decoded/guestinfo.z", PV_EPROTO);
	assert_int_equal(lab->stats->bad_text, bad + 4);
	set(lab, "guestinfo.a.encoding", "rot13\x07");
	fails(lab, "decoded/guestinfo.a", PV_ENOTSUP);
	world_has_line(lab->world,
	    "vmt0: an encoding that is not known here: \"rot13?\"");
}

static void
test_bytes_are_written_in_base64(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	uint8_t bytes[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	for (size_t size = 1; size < 7; size++) {
		assert_int_equal(vmlab_write(lab, "decoded/guestinfo.a", bytes,
				     size),
		    PV_OK);
		reads_as(lab, "decoded/guestinfo.a", bytes, size);
	}
	holds(lab, "guestinfo.a", "AAECAwQF", 8);
	holds(lab, "guestinfo.a.encoding", "base64", 6);
	assert_int_equal(vmlab_write(lab, "decoded/guestinfo.a", bytes, 256),
	    PV_OK);
	reads_as(lab, "decoded/guestinfo.a", bytes, 256);
	assert_int_equal(vmlab_remove(lab, "decoded/guestinfo.a"), PV_OK);
	fails(lab, "guestinfo.a", PV_ENOENT);
	fails(lab, "guestinfo.a.encoding", PV_ENOENT);
	fails(lab, "decoded/guestinfo.a", PV_ENOENT);
}

static void
test_the_most_bytes_in_base64(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	size_t room = (VMWARE_MESSAGE_MAX -
			  strlen("info-set guestinfo.a.encoding ")) /
	    4 * 3;

	memset(value, 0, room + 1);
	assert_int_equal(vmlab_write(lab, "decoded/guestinfo.a", value,
			     room + 1),
	    PV_EMSGSIZE);
	assert_int_equal(vmlab_write(lab, "decoded/guestinfo.a", value, room),
	    PV_OK);
	assert_int_equal(vmlab_write(lab, "decoded/guestinfo.a", value,
			     SIZE_MAX / 2),
	    PV_EMSGSIZE);
}

/* ---- Watches, and requests at the same time ---------------------------- */

static void
test_a_watch_sees_what_the_host_changes(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static struct request watch;

	memset(&watch, 0, sizeof(watch));
	set(lab, "guestinfo.a", "one");
	request_begin(lab->world, &watch, PV_WATCH, "guestinfo.a", 64);
	request_ends(lab->world, &watch, PV_OK);
	request_brought(&watch, "one", 3);
	request_begin(lab->world, &watch, PV_WATCH, "guestinfo.a", 64);
	vmlab_run(lab, 5 * PV_SECOND);
	assert_false(watch.finished);
	set(lab, "guestinfo.a", "two");
	request_ends(lab->world, &watch, PV_OK);
	request_brought(&watch, "two", 3);
	request_begin(lab->world, &watch, PV_WATCH, "guestinfo.a", 64);
	vmlab_run(lab, 2 * PV_SECOND);
	assert_int_equal(vmlab_remove(lab, "guestinfo.a"), PV_OK);
	request_ends(lab->world, &watch, PV_ENOENT);
}

static void
test_requests_that_wait_for_each_other(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static struct request requests[8];
	char key[] = "guestinfo.0";

	for (unsigned i = 0; i < 8; i++) {
		key[10] = (char)('0' + i);
		set(lab, key, key);
	}
	for (unsigned i = 0; i < 8; i++) {
		static char keys[8][12];

		memcpy(keys[i], "guestinfo.0", 12);
		keys[i][10] = (char)('0' + i);
		request_begin(lab->world, &requests[i], PV_READ, keys[i], 64);
	}
	/* the one under way, one that waits, the last */
	pv_store_cancel(lab->world->bus, &requests[0].kv);
	pv_store_cancel(lab->world->bus, &requests[4].kv);
	pv_store_cancel(lab->world->bus, &requests[7].kv);
	vmlab_run(lab, PV_SECOND);
	for (unsigned i = 0; i < 8; i++) {
		key[10] = (char)('0' + i);
		assert_int_equal(requests[i].dones, 1);
		if (i == 0 || i == 4 || i == 7)
			assert_int_equal(requests[i].kv.error, PV_EINTR);
		else
			request_brought(&requests[i], key, 11);
	}
}

static void
test_a_request_that_times_out_lets_the_next_go_on(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static struct request first, second;

	set(lab, "guestinfo.a", "b");
	lab->manners->checkpoint_always = true;
	request_begin(lab->world, &first, PV_READ, "guestinfo.a", 64);
	request_begin(lab->world, &second, PV_READ, "guestinfo.a", 64);
	vmlab_run(lab, 11 * PV_SECOND);
	assert_true(first.finished);
	assert_int_equal(first.kv.error, PV_ETIMEDOUT);
	lab->manners->checkpoint_always = false;
	request_ends(lab->world, &second, PV_OK);
	request_brought(&second, "b", 1);
}

static void
test_detach_ends_all(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static struct request requests[3];

	for (unsigned i = 0; i < 3; i++)
		request_begin(lab->world, &requests[i], PV_READ, "guestinfo.a",
		    64);
	vmlab_detach(lab);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(requests[i].dones, 1);
		assert_int_equal(requests[i].kv.error, PV_EINTR);
	}
}

static void
test_the_device_alone_goes(void **state)
{
	struct vmlab *lab = vmlab_new(state, &quiet);
	static struct request request;

	request_begin(lab->world, &request, PV_READ, "guestinfo.a", 64);
	pv_device_detach(lab->device);
	assert_int_equal(request.dones, 1);
	assert_int_equal(request.kv.error, PV_ENODEV);
	assert_null(pv_bus_interface(lab->world->bus, 0)->store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		vmlab_test(test_what_the_host_has_put_there),
		vmlab_test(test_an_empty_value_is_one),
		vmlab_test(test_no_such_key),
		vmlab_test(test_a_buffer_that_is_too_small),
		vmlab_test(test_a_value_in_pieces),
		vmlab_test(test_there_is_no_list),
		vmlab_test(test_keys_that_would_be_taken_for_more),
		vmlab_test(test_a_key_longer_than_a_message),
		vmlab_test(test_what_is_written_is_what_the_host_has),
		vmlab_test(test_values_that_the_host_would_not_keep),
		vmlab_test(test_the_longest_value_to_the_byte),
		vmlab_test(test_the_longest_key_of_bytes_to_the_byte),
		vmlab_test(test_permission_denied),
		vmlab_test(test_a_host_where_guests_may_not_write),
		vmlab_test(test_the_host_has_no_room),
		vmlab_test(test_what_each_refusal_means),
		vmlab_test(test_the_host_s_words_are_made_printable_and_few),
		vmlab_test(test_a_removed_key_holds_a_blank_and_is_not_there),
		vmlab_test(test_a_value_in_base64),
		vmlab_test(test_no_encoding_is_as_it_stands),
		vmlab_test(test_a_value_in_gzip_and_base64),
		vmlab_test(test_a_packed_value_in_pieces_and_without_room),
		vmlab_test(test_a_packed_value_of_more_than_1_mib),
		vmlab_test(test_h28_encodings_that_are_not_true),
		vmlab_test(test_bytes_are_written_in_base64),
		vmlab_test(test_the_most_bytes_in_base64),
		vmlab_test(test_a_watch_sees_what_the_host_changes),
		vmlab_test(test_requests_that_wait_for_each_other),
		vmlab_test(test_a_request_that_times_out_lets_the_next_go_on),
		vmlab_test(test_detach_ends_all),
		vmlab_test(test_the_device_alone_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
