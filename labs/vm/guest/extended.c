/* SPDX-License-Identifier: ISC */

/*
 * The second set of ioctls of /dev/pvbus0, straight at the device: lengths,
 * bytes, pieces, lists, a watch.  One layout for both word sizes.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pvbus/ioctl.h>

#include "check.h"

#define BLOB_KEY "opt/org.example/blob"
#define BLOB_FILE "/payload/expected/blob"
#define BLOB_SIZE 61440

#define FLOOD 300
#define OTHER_USER 1000

static uint64_t
address(const void *p)
{
	return (uintptr_t)p;
}

/* A request for a key, with room for n bytes at buffer. */
static struct pvbus_kv
request(const char *key, void *buffer, size_t n)
{
	struct pvbus_kv kv = { 0 };

	kv.pk_version = PVBUS_KV_VERSION;
	kv.pk_key = address(key);
	kv.pk_keylen = (uint32_t)strlen(key);
	kv.pk_value = address(buffer);
	kv.pk_valuelen = (uint32_t)n;
	return kv;
}

static int
call(int fd, unsigned long command, struct pvbus_kv *kv)
{
	return ioctl(fd, command, kv) == -1 ? errno : 0;
}

static void
expect_lengths(const struct pvbus_kv *kv, size_t length, size_t actual)
{
	if (kv->pk_valuelen != length || kv->pk_actual != actual)
		complain("expected lengths %zu and %zu, got %u and %llu",
		    length, actual, (unsigned)kv->pk_valuelen,
		    (unsigned long long)kv->pk_actual);
}

static void
check_layout(void)
{
	if (sizeof(struct pvbus_kv) != 64)
		complain("expected a structure of 64 bytes, got %zu",
		    sizeof(struct pvbus_kv));
	if (PVBUSIOC_GET != 0xc0405620UL || PVBUSIOC_INFO != 0xc0405625UL)
		complain(
		    "expected GET 0xc0405620, INFO 0xc0405625, got others");
}

static void
check_get(void)
{
	char *buffer = edge(value, 64);
	struct pvbus_kv kv = request(KEY, buffer, 64);

	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "GET");
	expect_lengths(&kv, strlen(VALUE), strlen(VALUE));
	if (memcmp(buffer, VALUE, strlen(VALUE)) != 0)
		complain("expected \"%s\", got other bytes", VALUE);
	/* No NUL is added. */
	if (!filled(buffer + strlen(VALUE), 64 - strlen(VALUE)))
		complain("expected untouched bytes behind it, got writing");
}

static void
check_get_that_just_fits(void)
{
	char *buffer = edge(value, strlen(VALUE));
	struct pvbus_kv kv = request(KEY, buffer, strlen(VALUE));

	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "GET that just fits");
	expect_lengths(&kv, strlen(VALUE), strlen(VALUE));
	buffer = edge(value, strlen(VALUE));
	kv = request(KEY, buffer, MAXSIZE);
	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "GET with a lie, but room");
}

static void
check_get_too_small(void)
{
	char *buffer = edge(value, 64);
	struct pvbus_kv kv = request(KEY, buffer, strlen(VALUE) - 1);

	expect(ERANGE, call(rdonly, PVBUSIOC_GET, &kv), "one byte too few");
	expect_lengths(&kv, 0, strlen(VALUE));
	if (!filled(buffer, 64))
		complain("expected an untouched buffer, got writing");
	kv = request(KEY, NULL, 0);
	expect(ERANGE, call(rdonly, PVBUSIOC_GET, &kv), "no buffer");
	expect_lengths(&kv, 0, strlen(VALUE));
}

static void
check_get_empty_item(void)
{
	struct pvbus_kv kv = request(EMPTY_KEY, NULL, 0);

	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "an empty item, no buffer");
	expect_lengths(&kv, 0, 0);
}

static void
check_get_missing(void)
{
	char *buffer = edge(value, 64);
	struct pvbus_kv kv = request(MISSING_KEY, buffer, 64);

	expect(ENOENT, call(rdonly, PVBUSIOC_GET, &kv), "a missing key");
	if (!filled(buffer, 64))
		complain("expected an untouched buffer, got writing");
}

/* Binary data, in one piece and in many. */

static int
read_blob(char *blob)
{
	FILE *file = fopen(BLOB_FILE, "r");
	int whole = file != NULL &&
	    fread(blob, 1, BLOB_SIZE, file) == BLOB_SIZE;

	if (file != NULL)
		fclose(file);
	if (!whole)
		complain("expected the file %s, got none", BLOB_FILE);
	return whole;
}

static void
check_get_blob(void)
{
	static char blob[BLOB_SIZE];
	char *buffer = edge(value, MAXSIZE);
	struct pvbus_kv kv = request(BLOB_KEY, buffer, MAXSIZE);

	if (!read_blob(blob))
		return;
	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "GET of 60 KiB");
	expect_lengths(&kv, BLOB_SIZE, BLOB_SIZE);
	if (memcmp(buffer, blob, BLOB_SIZE) != 0)
		complain("expected the blob, got other bytes");
	if (!filled(buffer + BLOB_SIZE, MAXSIZE - BLOB_SIZE))
		complain("expected untouched bytes behind it, got writing");
}

static void
check_get_pieces(void)
{
	static char blob[BLOB_SIZE];
	size_t offset, n, piece = 7000;
	char *buffer;
	struct pvbus_kv kv;

	if (!read_blob(blob))
		return;
	for (offset = 0; offset < BLOB_SIZE; offset += piece) {
		buffer = edge(value, piece);
		kv = request(BLOB_KEY, buffer, piece);
		kv.pk_flags = PVBUS_KV_PARTIAL;
		kv.pk_offset = offset;
		n = BLOB_SIZE - offset < piece ? BLOB_SIZE - offset : piece;
		expect(0, call(rdonly, PVBUSIOC_GET, &kv), "a piece");
		expect_lengths(&kv, n, BLOB_SIZE);
		if (memcmp(buffer, blob + offset, n) != 0)
			complain("expected the bytes from %zu on, got others",
			    offset);
	}
	kv = request(BLOB_KEY, value, piece);
	kv.pk_flags = PVBUS_KV_PARTIAL;
	kv.pk_offset = BLOB_SIZE;
	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "a piece at the end");
	expect_lengths(&kv, 0, BLOB_SIZE);
}

/* Lists: names, each with a NUL. */

static int
listed(const char *names, size_t length, const char *name)
{
	const char *p;

	for (p = names; p < names + length; p += strlen(p) + 1) {
		if (strcmp(p, name) == 0)
			return 1;
	}
	return 0;
}

static void
expect_names(const char *key, uint32_t flags, const char *one, const char *two)
{
	char *buffer = edge(value, MAXSIZE);
	struct pvbus_kv kv = request(key, buffer, MAXSIZE);

	kv.pk_flags = flags;
	expect(0, call(rdonly, PVBUSIOC_LIST, &kv), "LIST");
	if (kv.pk_valuelen == 0 || kv.pk_valuelen != kv.pk_actual ||
	    buffer[kv.pk_valuelen - 1] != '\0') {
		complain("expected names that end in NUL, got something else");
		return;
	}
	if (!listed(buffer, kv.pk_valuelen, one) ||
	    !listed(buffer, kv.pk_valuelen, two))
		complain("expected %s and %s below \"%s\", got %s ...", one,
		    two, key, buffer);
}

static void
check_list(void)
{
	expect_names("opt/org.example/", 0, "blob", "greeting");
	expect_names("opt/org.example", 0, "bytes", "empty");
	expect_names("", 0, "opt/", "oem/");
}

static void
check_list_recursive(void)
{
	expect_names("opt", PVBUS_KV_RECURSIVE, "org.example/greeting",
	    "io.systemd.credentials/lab");
}

static void
check_list_too_small(void)
{
	char *buffer = edge(value, 64);
	struct pvbus_kv kv = request("opt/org.example/", buffer, 4);

	expect(ERANGE, call(rdonly, PVBUSIOC_LIST, &kv), "a short list");
	expect_lengths(&kv, 0, sizeof "blob\0bytes\0empty\0greeting");
	if (!filled(buffer, 64))
		complain("expected an untouched buffer, got writing");
}

/* A store that is read-only for the guest. */

static void
check_put_and_remove(void)
{
	struct pvbus_kv kv = request(KEY, room, 3);

	edge(room, 3);
	expect(EPERM, call(rdonly, PVBUSIOC_PUT, &kv), "PUT, opened read-only");
	expect(EPERM, call(rdonly, PVBUSIOC_REMOVE, &kv),
	    "REMOVE, opened read-only");
	expect(EROFS, call(rdwr, PVBUSIOC_PUT, &kv), "PUT");
	kv = request(KEY, NULL, 0);
	expect(EROFS, call(rdwr, PVBUSIOC_REMOVE, &kv), "REMOVE");
}

/* Both at their limit are more than one FUSE request can carry. */
static void
check_put_of_65536(void)
{
	struct pvbus_kv kv = request(KEY, edge(value, MAXSIZE), MAXSIZE);
	char *key = edge(room, MAXSIZE);

	kv.pk_key = address(key);
	kv.pk_keylen = MAXSIZE;
	memset(key, 'k', MAXSIZE);
	expect(EROFS, call(rdwr, PVBUSIOC_PUT, &kv), "PUT of 65536 and 65536");
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
check_watch(void)
{
	char *buffer = edge(value, 64);
	struct pvbus_kv kv = request(KEY, buffer, 64);
	double start;

	expect(0, call(rdonly, PVBUSIOC_WATCH, &kv), "the first WATCH");
	expect_lengths(&kv, strlen(VALUE), strlen(VALUE));
	if (memcmp(buffer, VALUE, strlen(VALUE)) != 0)
		complain("expected \"%s\", got other bytes", VALUE);
	if (kv.pk_seen == 0)
		complain("expected a state that is not 0, got 0");
	kv.pk_valuelen = 64;
	kv.pk_timeout = 300;
	start = now();
	expect(ETIMEDOUT, call(rdonly, PVBUSIOC_WATCH, &kv), "WATCH, 300 ms");
	if (now() - start < 0.29 || now() - start > 20)
		complain("expected about 0.3 s, got %.3f", now() - start);
}

static void
check_info(void)
{
	char *buffer = edge(value, MAXSIZE);
	struct pvbus_kv kv = request("", buffer, MAXSIZE);

	expect(0, call(rdonly, PVBUSIOC_INFO, &kv), "INFO");
	if (kv.pk_valuelen != kv.pk_actual || kv.pk_valuelen >= MAXSIZE) {
		complain("expected a length, got %u", (unsigned)kv.pk_valuelen);
		return;
	}
	buffer[kv.pk_valuelen] = '\0';
	if (strstr(buffer, "interface " TYPE "\n") == NULL ||
	    strstr(buffer, "\ndevice fwcfg0 at pvbus0") == NULL)
		complain("expected interface and device, got \"%s\"", buffer);
}

/*
 * Somebody else's watches without end must leave room for others.  Another
 * user, as a limit for each user is the obvious answer.
 */
static void
check_flood(void)
{
	pid_t flood[FLOOD];
	struct pvbus_kv kv;
	int ready[2], i;
	char byte;

	if (pipe(ready) == -1) {
		complain("expected a pipe, got %s", errno_name(errno));
		return;
	}
	for (i = 0; i < FLOOD; i++) {
		flood[i] = fork();
		if (flood[i] != 0)
			continue;
		kv = request(KEY, value, 64);
		if (setuid(OTHER_USER) == -1)
			_exit(1);
		(void)call(rdonly, PVBUSIOC_WATCH, &kv);
		(void)!write(ready[1], "", 1);
		kv.pk_valuelen = 64;
		(void)call(rdonly, PVBUSIOC_WATCH, &kv);
		pause(); /* also those that were refused stay until the end */
		_exit(0);
	}
	close(ready[1]);
	for (i = 0; i < FLOOD; i++)
		(void)!read(ready[0], &byte, 1);
	close(ready[0]);
	usleep(300000); /* into the second watch */
	for (i = 0; i < 3; i++) {
		kv = request(KEY, value, 64);
		expect(0, call(rdonly, PVBUSIOC_GET, &kv),
		    "GET beside a flood of watches");
	}
	for (i = 0; i < FLOOD; i++) {
		if (flood[i] > 0 && kill(flood[i], SIGKILL) == 0)
			(void)waitpid(flood[i], NULL, 0);
	}
	kv = request(KEY, value, 64);
	expect(0, call(rdonly, PVBUSIOC_GET, &kv), "GET after the flood");
}

/* What is not in order. */

static void
expect_refusal(int wanted, const struct pvbus_kv *kv, const char *what)
{
	struct pvbus_kv copy = *kv;

	expect(wanted, call(rdonly, PVBUSIOC_GET, &copy), what);
}

static void
check_bad_fields(void)
{
	const struct pvbus_kv good = request(KEY, value, 64);
	struct pvbus_kv kv = good;

	kv.pk_version = PVBUS_KV_VERSION + 1;
	expect_refusal(EINVAL, &kv, "a version of the future");
	kv = good, kv.pk_version = 0;
	expect_refusal(EINVAL, &kv, "version 0");
	kv = good, kv.pk_reserved = 1;
	expect_refusal(EINVAL, &kv, "a reserved field in use");
	kv = good, kv.pk_flags = 0x80000000u;
	expect_refusal(EINVAL, &kv, "an unknown flag");
	kv = good, kv.pk_flags = PVBUS_KV_RECURSIVE;
	expect_refusal(EINVAL, &kv, "the flag of another command");
	kv = good, kv.pk_offset = 1;
	expect_refusal(EINVAL, &kv, "an offset without PARTIAL");
}

static void
check_bad_lengths(void)
{
	const struct pvbus_kv good = request(KEY, value, 64);
	struct pvbus_kv kv = good;

	kv.pk_keylen = 0;
	expect_refusal(EINVAL, &kv, "an empty key");
	kv = good, kv.pk_keylen = MAXSIZE + 1;
	expect_refusal(ENAMETOOLONG, &kv, "a key of 65537 bytes");
	kv = good, kv.pk_keylen = UINT32_MAX;
	expect_refusal(ENAMETOOLONG, &kv, "the longest key");
	kv = good, kv.pk_valuelen = MAXSIZE + 1;
	expect_refusal(ENAMETOOLONG, &kv, "a value of 65537 bytes");
}

static void
check_bad_addresses(void)
{
	const struct pvbus_kv good = request(KEY, value, 64);
	struct pvbus_kv kv = good;

	kv.pk_key = address(bad);
	expect_refusal(EFAULT, &kv, "a bad key pointer");
	kv = good, kv.pk_key = 0;
	expect_refusal(EFAULT, &kv, "a null key pointer");
	kv = good, kv.pk_value = address(bad);
	expect_refusal(EFAULT, &kv, "a bad value pointer");
	kv = good, kv.pk_value = 0;
	expect_refusal(EFAULT, &kv, "a null value pointer");
	/* No process has this one, and a 32-bit caller cannot even name it. */
	kv = good, kv.pk_key = UINT64_MAX - 4096;
	expect_refusal(EFAULT, &kv, "a key pointer beyond all memory");
	kv = good, kv.pk_value = address(value) | 1ull << 63;
	expect_refusal(EFAULT, &kv, "a value pointer beyond all memory");
	expect(EFAULT, ioctl(rdonly, PVBUSIOC_GET, bad) == -1 ? errno : 0,
	    "a bad structure pointer");
}

const struct check checks[] = {
	{ "layout", check_layout },
	{ "get", check_get },
	{ "get-that-just-fits", check_get_that_just_fits },
	{ "get-too-small", check_get_too_small },
	{ "get-empty-item", check_get_empty_item },
	{ "get-missing", check_get_missing },
	{ "get-blob", check_get_blob },
	{ "get-pieces", check_get_pieces },
	{ "list", check_list },
	{ "list-recursive", check_list_recursive },
	{ "list-too-small", check_list_too_small },
	{ "put-and-remove", check_put_and_remove },
	{ "put-of-65536", check_put_of_65536 },
	{ "watch", check_watch },
	{ "info", check_info },
	{ "flood", check_flood },
	{ "bad-fields", check_bad_fields },
	{ "bad-lengths", check_bad_lengths },
	{ "bad-addresses", check_bad_addresses },
	{ NULL, NULL },
};
