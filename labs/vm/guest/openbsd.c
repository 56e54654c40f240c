/* SPDX-License-Identifier: ISC */

/*
 * A caller of /dev/pvbus0 as somebody would have written it for OpenBSD, from
 * pvbus(4) and nothing else: one structure, three ioctls.  Only the name of
 * the header differs.  It goes through the whole order of checks, with the
 * store of QEMU's fw_cfg (read-only) behind the device, and is built for both
 * word sizes.
 *
 * P-numbers are those of the behavioural specification of pvbus(4).
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <pvbus/ioctl.h> /* <dev/pv/pvvar.h> there */

#include "check.h"

/* One request; returns the errno. P-29: whatever comes of it, the structure
 * stays as it was. */
static int
call(int fd, unsigned long command, char *key, size_t keylen, char *val,
    size_t valuelen)
{
	struct pvbus_req req;
	int error;

	req.pvr_keylen = keylen;
	req.pvr_key = key;
	req.pvr_valuelen = valuelen;
	req.pvr_value = val;
	error = ioctl(fd, command, &req) == -1 ? errno : 0;
	if (req.pvr_keylen != keylen || req.pvr_key != key ||
	    req.pvr_valuelen != valuelen || req.pvr_value != val)
		complain("expected the same structure after %s, got another",
		    errno_name(error));
	return error;
}

/* The three requests as most checks want them. */

static int
get(char *key, size_t keylen, char *val, size_t valuelen)
{
	return call(rdonly, PVBUSIOC_KVREAD, key, keylen, val, valuelen);
}

static int
put(char *key, size_t keylen, char *val, size_t valuelen)
{
	return call(rdwr, PVBUSIOC_KVWRITE, key, keylen, val, valuelen);
}

static int
type(char *key, size_t keylen)
{
	return call(rdonly, PVBUSIOC_TYPE, key, keylen, NULL, 0);
}

/* Reading a key that is a C string; its NUL is sent too, as programs do. */
static int
get_text(const char *key, char *val, size_t valuelen)
{
	return get((char *)(uintptr_t)key, strlen(key) + 1, val, valuelen);
}

static void
expect_value(const char *wanted, const char *buffer, size_t n)
{
	size_t used = strlen(wanted) + 1;

	if (memcmp(buffer, wanted, used) != 0)
		complain("expected \"%s\", got \"%.*s\"", wanted, (int)used,
		    buffer);
	else if (!filled(buffer + used, n - used))
		complain("expected %zu bytes written for \"%s\", got more",
		    used, wanted);
}

/* The interface itself (P-26, P-27). */

static void
check_layout(void)
{
	size_t word = sizeof(void *);

	if (sizeof(struct pvbus_req) != 4 * word)
		complain("expected a structure of %zu bytes, got %zu", 4 * word,
		    sizeof(struct pvbus_req));
	if (PVBUSIOC_KVREAD != (word == 8 ? 0xc0205601UL : 0xc0105601UL))
		complain("expected 0x%s5601 for KVREAD, got %#lx",
		    word == 8 ? "c020" : "c010",
		    (unsigned long)PVBUSIOC_KVREAD);
	if (PVBUSIOC_KVWRITE != PVBUSIOC_KVREAD + 1 ||
	    PVBUSIOC_TYPE != PVBUSIOC_KVREAD + 2)
		complain("expected KVREAD, KVWRITE, TYPE in a row, got others");
	if (PVBUSIOC_KVTYPE != PVBUSIOC_TYPE)
		complain("expected KVTYPE to be TYPE, got another number");
}

static void
check_only_ioctl(void) /* P-23 */
{
	char c = 'x';

	if (read(rdwr, &c, 1) != -1)
		complain("expected that read(2) fails, got success");
	if (write(rdwr, &c, 1) != -1)
		complain("expected that write(2) fails, got success");
	if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, rdwr, 0) != MAP_FAILED)
		complain("expected that mmap(2) fails, got success");
}

static void
check_struct_fault(void)
{
	expect(EFAULT, ioctl(rdonly, PVBUSIOC_KVREAD, bad) == -1 ? errno : 0,
	    "KVREAD of a bad pointer");
	expect(EFAULT, ioctl(rdonly, PVBUSIOC_TYPE, NULL) == -1 ? errno : 0,
	    "TYPE of a null pointer");
}

static void
check_unknown_command(void) /* step 5, before any look at the lengths */
{
	struct half {
		uint32_t word[sizeof(void *) == 8 ? 4 : 8];
	};
	int error;

	expect(ENOTTY,
	    call(rdonly, _IOWR('V', 99, struct pvbus_req), NULL, 0, NULL, 0),
	    "command 99");
	expect(ENOTTY,
	    call(rdwr, _IOWR('x', 1, struct pvbus_req), NULL, 0, NULL, 0),
	    "another group");
	error = call(rdonly, _IOWR('V', 1, struct half), edge_text(room, KEY),
	    strlen(KEY), value, MAXSIZE);
	expect(ENOTTY, error, "KVREAD's number for another word size");
	if (isatty(rdonly) || errno != ENOTTY)
		complain("expected ENOTTY from isatty(3), got %s",
		    errno_name(errno));
}

/* TYPE (step 6). */

static void
check_type(void)
{
	char *key = edge(room, 32);

	/* The value fields do not matter. */
	expect(0, call(rdonly, PVBUSIOC_TYPE, key, 32, bad, 0), "TYPE");
	expect_value(TYPE, key, 32);
	key = edge(room, sizeof TYPE);
	expect(0,
	    call(rdonly, PVBUSIOC_KVTYPE, key, sizeof TYPE, NULL, MAXSIZE + 1),
	    "KVTYPE that just fits");
	expect_value(TYPE, key, sizeof TYPE);
}

static void
check_type_short(void)
{
	size_t n;
	char *key;

	for (n = 0; n < sizeof TYPE; n++) {
		key = edge(room, 32);
		expect(ENOMEM, type(key, n), "TYPE with a short buffer");
		if (!filled(key, 32))
			complain("expected an untouched buffer, got writing");
	}
	expect(ENOMEM, type(bad, 0), "TYPE with no buffer");
}

/* There is no upper limit, and only the name is written. */
static void
check_type_large(void)
{
	char *key = edge(room, sizeof TYPE);

	expect(0, type(key, MAXSIZE + 1), "TYPE with a length above the limit");
	expect_value(TYPE, key, sizeof TYPE);
	key = edge(room, sizeof TYPE);
	expect(0, type(key, SIZE_MAX), "TYPE with the largest length");
	expect_value(TYPE, key, sizeof TYPE);
}

static void
check_type_fault(void)
{
	expect(EFAULT, type(bad, 32), "TYPE into a bad pointer");
	expect(EFAULT, type(NULL, 32), "TYPE into a null pointer");
	expect(EFAULT, type(bad - 2, 32), "TYPE into a buffer that breaks off");
}

/* How the device was opened (step 3, P-32). */

static void
check_write_needs_writing(void)
{
	char *key = edge_text(room, KEY);

	expect(EPERM,
	    call(rdonly, PVBUSIOC_KVWRITE, key, strlen(KEY), value, 1),
	    "KVWRITE when opened read-only");
	expect(EPERM, call(rdonly, PVBUSIOC_KVWRITE, NULL, 0, NULL, 0),
	    "that with empty lengths");
	expect(EPERM, call(rdonly, PVBUSIOC_KVWRITE, bad, 8, bad, 8),
	    "that with bad pointers");
	expect(EPERM, call(rdonly, PVBUSIOC_KVWRITE, key, MAXSIZE + 1, key, 1),
	    "that with a long key");
}

static void
check_read_needs_nothing(void)
{
	int fd = open(DEVICE, O_WRONLY);
	char *buffer = edge(value, 64), *key = edge(room, 32);

	if (fd == -1) {
		complain("expected to open %s write-only, got %s", DEVICE,
		    errno_name(errno));
		return;
	}
	expect(0, call(fd, PVBUSIOC_TYPE, key, 32, NULL, 0),
	    "TYPE when opened write-only");
	expect_value(TYPE, key, 32);
	key = edge_text(room, KEY);
	expect(0, call(fd, PVBUSIOC_KVREAD, key, strlen(KEY), buffer, 64),
	    "KVREAD when opened write-only");
	expect_value(VALUE, buffer, 64);
	close(fd);
}

/* The key (step 7, P-28, P-31). Both commands, the value is good. */

static void
check_key_empty(void)
{
	expect(EINVAL, get(room, 0, value, 64), "an empty key");
	expect(EINVAL, put(bad, 0, value, 64), "an empty key, writing");
}

static void
check_key_too_long(void)
{
	memset(room, 'k', MAXSIZE + 1);
	expect(ENAMETOOLONG, get(room, MAXSIZE + 1, value, 64),
	    "a key of 65537 bytes");
	expect(ENAMETOOLONG, get(bad, SIZE_MAX, value, 64), "the longest key");
	expect(ENAMETOOLONG, put(room, MAXSIZE + 1, value, 64),
	    "that, writing");
}

static void
check_key_fault(void)
{
	char *key = edge_text(room, KEY);

	expect(EFAULT, get(bad, 8, value, 64), "a bad key pointer");
	expect(EFAULT, get(NULL, 8, value, 64), "a null key pointer");
	expect(EFAULT, put(bad, 8, value, 64), "a bad key pointer, writing");
	/* All of the length must be there, not just what is before the NUL. */
	expect(EFAULT, get(key, strlen(KEY) + 1, value, 64),
	    "a key that breaks off");
}

static void
check_key_not_terminated(void)
{
	char *buffer = edge(value, 64);

	expect(0, get(edge_text(room, KEY), strlen(KEY), buffer, 64),
	    "a key without NUL");
	expect_value(VALUE, buffer, 64);
}

static void
check_key_ends_at_nul(void)
{
	char key[] = KEY "\0more", *buffer = edge(value, 64);

	expect(0, get(key, sizeof key, buffer, 64),
	    "a key with something after its NUL");
	expect_value(VALUE, buffer, 64);
}

static void
check_key_of_65536(void)
{
	char *key = edge(room, MAXSIZE), *buffer = edge(value, 64);

	memset(key, 0, MAXSIZE);
	memcpy(key, KEY, strlen(KEY));
	expect(0, get(key, MAXSIZE, buffer, 64), "a key of 65536 bytes");
	expect_value(VALUE, buffer, 64);
}

/* The value (step 8). It is copied in for writes only, so a read learns of a
 * bad pointer at the end. */

static void
check_value_empty(void)
{
	expect(EINVAL, get_text(KEY, value, 0), "an empty value");
	expect(EINVAL, get_text(MISSING_KEY, bad, 0),
	    "an empty value of a missing key");
	expect(EINVAL, put(room, 8, bad, 0), "that, writing");
}

static void
check_value_too_long(void)
{
	char *key = edge_text(room, KEY);

	expect(ENAMETOOLONG, get_text(KEY, value, MAXSIZE + 1),
	    "a value of 65537 bytes");
	expect(ENAMETOOLONG, get_text(MISSING_KEY, bad, SIZE_MAX),
	    "the longest value");
	expect(ENAMETOOLONG, put(key, strlen(KEY), bad, MAXSIZE + 1),
	    "that, writing");
}

static void
check_value_fault(void)
{
	char *key = edge_text(room, KEY);

	expect(EFAULT, get_text(KEY, bad, 64), "reading into a bad pointer");
	expect(EFAULT, get_text(KEY, NULL, 64), "reading into a null pointer");
	expect(EFAULT, get_text(KEY, bad - 4, 64),
	    "reading into a buffer that breaks off");
	expect(EFAULT, put(key, strlen(KEY), bad, 8),
	    "writing from a bad pointer");
	expect(EFAULT, put(key, strlen(KEY), bad - 4, 8),
	    "writing what breaks off");
}

static void
check_key_before_value(void)
{
	expect(EINVAL, get(room, 0, bad, MAXSIZE + 1),
	    "an empty key, a long value");
	expect(ENAMETOOLONG, get(room, MAXSIZE + 1, room, 0),
	    "a long key, an empty value");
	expect(EFAULT, get(bad, 8, value, 0),
	    "a bad key pointer, an empty value");
	expect(EFAULT, put(bad, 8, value, MAXSIZE + 1),
	    "a bad key pointer, a long value");
}

static void
check_store_before_value_fault(void)
{
	expect(ENOENT, get_text(MISSING_KEY, bad, 64),
	    "a missing key and a bad value pointer");
}

/* What the store says (steps 9 and 10, P-33, P-35). */

static void
check_read(void)
{
	char *buffer = edge(value, MAXSIZE);

	expect(0, get_text(KEY, buffer, MAXSIZE), "KVREAD");
	expect_value(VALUE, buffer, MAXSIZE);
}

static void
check_read_that_just_fits(void)
{
	char *buffer = edge(value, 64);

	expect(0, get_text(KEY, buffer, sizeof VALUE), "KVREAD that just fits");
	expect_value(VALUE, buffer, 64);
	/* The length may be a lie: only the text and its NUL are written. */
	buffer = edge(value, sizeof VALUE);
	expect(0, get_text(KEY, buffer, MAXSIZE),
	    "KVREAD into less than was said, but enough");
	expect_value(VALUE, buffer, sizeof VALUE);
}

static void
check_read_too_small(void)
{
	char *buffer = edge(value, 64);

	expect(ERANGE, get_text(KEY, buffer, sizeof VALUE - 1),
	    "KVREAD without room for the NUL");
	expect(ERANGE, get_text(KEY, buffer, 1),
	    "KVREAD with room for the NUL only");
	if (!filled(buffer, 64))
		complain("expected an untouched buffer, got writing");
}

static void
check_read_empty_item(void)
{
	char *buffer = edge(value, 64);

	expect(0, get_text(EMPTY_KEY, buffer, 1), "an empty item");
	expect_value("", buffer, 64);
}

static void
check_read_missing(void)
{
	char *buffer = edge(value, 64);

	expect(ENOENT, get_text(MISSING_KEY, buffer, 64), "a missing key");
	expect(ENOENT, get_text("opt/org.example/greetin", buffer, 64),
	    "the beginning of a key");
	if (!filled(buffer, 64))
		complain("expected an untouched buffer, got writing");
}

static void
check_write(void)
{
	char *key = edge_text(room, KEY), *buffer = edge(value, 64);

	expect(EROFS, put(key, strlen(KEY), buffer, 64), "KVWRITE to fw_cfg");
	if (!filled(buffer, 64))
		complain("expected an untouched value, got writing");
	expect(0, get_text(KEY, buffer, 64), "KVREAD after KVWRITE");
	expect_value(VALUE, buffer, 64);
}

/* Both at their limit are more than one FUSE request can carry. */
static void
check_write_of_65536(void)
{
	char *key = edge(room, MAXSIZE), *buffer = edge(value, MAXSIZE);

	memset(key, 0, MAXSIZE);
	memcpy(key, KEY, strlen(KEY));
	memset(buffer, 'v', MAXSIZE);
	expect(EROFS, put(key, MAXSIZE, buffer, MAXSIZE),
	    "KVWRITE of 65536 and 65536 bytes");
}

static void
check_many_callers(void) /* P-24 */
{
	int i, n, fd, status, callers = 4;
	char *buffer;

	for (i = 0; i < callers; i++) {
		if (fork() != 0)
			continue;
		for (n = 0; n < 25; n++) {
			buffer = edge(value, 64);
			if ((fd = open(DEVICE, O_RDONLY)) == -1 ||
			    call(fd, PVBUSIOC_KVREAD, edge_text(room, KEY),
				strlen(KEY), buffer, 64) != 0 ||
			    strcmp(buffer, VALUE) != 0)
				_exit(1);
			close(fd);
		}
		_exit(0);
	}
	for (i = 0; i < callers; i++) {
		if (wait(&status) == -1 || status != 0)
			complain("expected %d callers side by side to read the "
				 "same, got failures",
			    callers);
	}
}

const struct check checks[] = {
	{ "layout", check_layout },
	{ "only-ioctl", check_only_ioctl },
	{ "struct-fault", check_struct_fault },
	{ "unknown-command", check_unknown_command },
	{ "type", check_type },
	{ "type-short", check_type_short },
	{ "type-large", check_type_large },
	{ "type-fault", check_type_fault },
	{ "write-needs-writing", check_write_needs_writing },
	{ "read-needs-nothing", check_read_needs_nothing },
	{ "key-empty", check_key_empty },
	{ "key-too-long", check_key_too_long },
	{ "key-fault", check_key_fault },
	{ "key-not-terminated", check_key_not_terminated },
	{ "key-ends-at-nul", check_key_ends_at_nul },
	{ "key-of-65536", check_key_of_65536 },
	{ "value-empty", check_value_empty },
	{ "value-too-long", check_value_too_long },
	{ "value-fault", check_value_fault },
	{ "key-before-value", check_key_before_value },
	{ "store-before-value-fault", check_store_before_value_fault },
	{ "read", check_read },
	{ "read-that-just-fits", check_read_that_just_fits },
	{ "read-too-small", check_read_too_small },
	{ "read-empty-item", check_read_empty_item },
	{ "read-missing", check_read_missing },
	{ "write", check_write },
	{ "write-of-65536", check_write_of_65536 },
	{ "many-callers", check_many_callers },
	{ NULL, NULL },
};
