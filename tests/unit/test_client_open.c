/* SPDX-License-Identifier: ISC */
/*
 * libpvbus: finding devices, opening them, and ioctl(2).  No test machine has
 * a /dev/pvbus0, so ioctl is played by this file on a descriptor of /dev/null.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/client/client_private.h"
#include "wire/socket.h"

/* ---- ioctl ------------------------------------------------------------ */

static struct {
	int errors[4]; /* one a call, then success */
	unsigned calls;
	unsigned long cmd;
	struct pvbus_kv kv;
	const char *data;
	size_t length;
} device;

int
ioctl(int fd, unsigned long cmd, ...)
{
	struct pvbus_kv *kv;
	va_list ap;
	int error;

	(void)fd;
	va_start(ap, cmd);
	kv = va_arg(ap, struct pvbus_kv *);
	va_end(ap);
	device.cmd = cmd;
	error = device.calls < 4 ? device.errors[device.calls] : 0;
	device.calls++;
	if (cmd == PVBUSIOC_TYPE) {
		struct pvbus_req *req = (struct pvbus_req *)(void *)kv;

		memcpy(req->pvr_key, "Xen", 4);
		return 0;
	}
	device.kv = *kv;
	kv->pk_actual = device.length;
	if (error == 0 && cmd != PVBUSIOC_PUT && cmd != PVBUSIOC_REMOVE) {
		if (device.length > kv->pk_valuelen)
			error = ERANGE;
		else if (device.length > 0)
			memcpy((void *)(uintptr_t)kv->pk_value, device.data,
			    device.length);
		kv->pk_valuelen = error == 0 ? (uint32_t)device.length : 0;
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

static struct pvbus *
open_device(void)
{
	struct pvbus *p;

	memset(&device, 0, sizeof(device));
	assert_int_equal(pvbus_open("/dev/null", true, &p), 0);
	assert_string_equal(pvbus_path(p), "/dev/null");
	return p;
}

static void
device_gets_addresses(void **state)
{
	struct pvbus *p = open_device();
	char buffer[8], type[8];
	const char *key = "key";
	size_t n;

	(void)state;
	device.data = "hello";
	device.length = 5;
	pvbus_set_timeout(p, 77);
	assert_int_equal(pvbus_get_into(p, key, buffer, 8, &n), 0);
	assert_int_equal(n, 5);
	assert_memory_equal(buffer, "hello", 5);
	assert_int_equal(device.cmd, PVBUSIOC_GET);
	assert_true(device.kv.pk_key == (uintptr_t)key);
	assert_true(device.kv.pk_value == (uintptr_t)buffer);
	assert_int_equal(device.kv.pk_timeout, 77);
	assert_int_equal(pvbus_put(p, key, buffer, 5), 0);
	assert_true(device.kv.pk_value == (uintptr_t)buffer);
	assert_int_equal(device.kv.pk_valuelen, 5);
	assert_int_equal(pvbus_type(p, type, sizeof(type)), 0);
	assert_string_equal(type, "Xen");
	pvbus_close(p);
}

static void
device_answers_too_small(void **state)
{
	static char value[9000];
	struct pvbus *p = open_device();
	void *copy;
	size_t n;

	(void)state;
	device.data = value;
	device.length = sizeof(value);
	assert_int_equal(pvbus_get(p, "key", &copy, &n), 0);
	assert_int_equal(n, sizeof(value));
	assert_int_equal(device.calls, 2);
	free(copy);
	pvbus_close(p);
}

static void
device_errors(void **state)
{
	static const int pairs[][2] = { { ENOENT, ENOENT }, { ENOTTY, ENOTTY },
		{ ENODEV, ENODEV }, { ENOTCONN, ENODEV },
		{ ECONNABORTED, ENODEV }, { EPERM, EPERM } };
	void *value;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct pvbus *p = open_device();

		device.errors[0] = pairs[i][0];
		assert_int_equal(pvbus_get(p, "key", &value, &n), -pairs[i][1]);
		pvbus_close(p);
	}
}

static void
device_interrupted(void **state)
{
	struct pvbus *p = open_device();
	void *value;
	size_t n;

	(void)state;
	device.errors[0] = device.errors[1] = EINTR;
	assert_int_equal(pvbus_get(p, "key", &value, &n), 0);
	free(value);
	assert_int_equal(device.calls, 3);
	/* a write is not done twice */
	device.calls = 0;
	assert_int_equal(pvbus_put(p, "key", "x", 1), -EINTR);
	assert_int_equal(device.calls, 1);
	pvbus_close(p);
}

/* ---- Sockets in a directory ------------------------------------------- */

static char directory[64];

static int
listen_at(const char *name, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory,
	    name);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void
touch(const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fclose(f);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof(directory), "/tmp/test_client.XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	return setenv("PVBUS_DIR", directory, 1);
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command);
}

static void
devices_in_order(void **state)
{
	static const char *const sockets[] = { "pvbus10", "pvbus2", "pvbus0",
		"pvbus01", "pvbus", "pvbus1x", "pvbus-1", "pvbus99999999" };
	static const char *const expected[] = { "pvbus0", "pvbus2", "pvbus10" };
	char **paths;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++)
		close(listen_at(sockets[i], 1));
	touch("pvbus3");
	assert_int_equal(pvbus_devices(&paths, &n), 0);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(strrchr(paths[i], '/') + 1, expected[i]);
	pvbus_names_free(paths, n);
}

static void
device_hides_sockets_of_its_name(void **state)
{
	char devices[80], path[128];
	const char *const directories[] = { directory, devices, "/nowhere" };
	char **paths;
	size_t n;

	(void)state;
	snprintf(devices, sizeof(devices), "%s/dev", directory);
	assert_int_equal(mkdir(devices, 0700), 0);
	snprintf(path, sizeof(path), "%s/pvbus1", devices);
	assert_int_equal(symlink("/dev/null", path), 0);
	close(listen_at("pvbus0", 1));
	close(listen_at("pvbus1", 1));
	close(listen_at("pvbus2", 1));
	close(listen_at("dev/pvbus2", 1));
	assert_int_equal(client_devices(directories, 3, &paths, &n), 0);
	assert_int_equal(n, 4);
	assert_string_equal(paths[1], path);
	/* two sockets of a name are two daemons */
	assert_non_null(strstr(paths[2], "/pvbus2"));
	assert_non_null(strstr(paths[3], "/dev/pvbus2"));
	pvbus_names_free(paths, n);
}

static void
own_directory_is_searched(void **state)
{
	char **paths, path[128];
	size_t n, found = 0;

	(void)state;
	unsetenv("PVBUS_DIR");
	setenv("XDG_RUNTIME_DIR", directory, 1);
	snprintf(path, sizeof(path), "%s/pvbus", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	close(listen_at("pvbus/pvbus777", 1));
	strcat(path, "/pvbus777");
	assert_int_equal(pvbus_devices(&paths, &n), 0);
	for (size_t i = 0; i < n; i++)
		found += strcmp(paths[i], path) == 0;
	assert_int_equal(found, 1);
	pvbus_names_free(paths, n);
	unsetenv("XDG_RUNTIME_DIR");
}

static void
nothing_to_open(void **state)
{
	char path[300];
	struct pvbus *p;
	char **paths;
	size_t n;

	(void)state;
	assert_int_equal(pvbus_devices(&paths, &n), 0);
	assert_int_equal(n, 0);
	pvbus_names_free(paths, n);
	assert_int_equal(pvbus_open(NULL, false, &p), -ENODEV);
	assert_int_equal(pvbus_open(directory, false, &p), -ENOTTY);
	snprintf(path, sizeof(path), "%s/pvbus0", directory);
	assert_int_equal(pvbus_open(path, false, &p), -ENODEV);
	touch("pvbus0");
	assert_int_equal(pvbus_open(path, false, &p), -ENOTTY);
	snprintf(path, sizeof(path), "%s/pvbus0/x", directory);
	assert_int_equal(pvbus_open(path, false, &p), -ENODEV);
	/* a socket whose daemon was killed */
	close(listen_at("pvbus1", 1));
	snprintf(path, sizeof(path), "%s/pvbus1", directory);
	assert_int_equal(pvbus_open(path, false, &p), -ENODEV);
	assert_int_equal(pvbus_open(NULL, false, &p), -ENODEV);
	/* the same socket by a path that sun_path does not hold */
	snprintf(path, sizeof(path), "%s", directory);
	while (strlen(path) < 120)
		strcat(path, "/.");
	strcat(path, "/pvbus1");
	assert_int_equal(pvbus_open(path, false, &p), -ENAMETOOLONG);
}

static void
daemon_that_does_not_accept(void **state)
{
	int fd = listen_at("pvbus0", 0);
	int fds[8], n = 0, last = 0;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/pvbus0", directory);
	while (n < 8) {
		last = pvbus_i_socket_open(path, 50);
		if (last < 0)
			break;
		fds[n++] = last;
	}
	assert_int_equal(last, -ETIMEDOUT);
	while (n > 0)
		close(fds[--n]);
	close(fd);
}

/* Answers one INFO. */
static void *
informed(void *argument)
{
	const char *text = argument;
	struct {
		struct socket_request header;
		struct pvbus_kv kv;
	} request;
	struct {
		struct socket_reply header;
		struct pvbus_kv kv;
		char text[64];
	} reply;
	int listener = text[0] - 'A';
	int fd = accept(listener, NULL, NULL);
	size_t n = strlen(text + 1);

	if (fd < 0 ||
	    recv(fd, &request, sizeof(request), MSG_WAITALL) != sizeof(request))
		return NULL;
	memset(&reply, 0, sizeof(reply));
	reply.header = (struct socket_reply){ SOCKET_MAGIC, 0, sizeof(reply.kv),
		(uint32_t)(sizeof(reply.kv) + n) };
	reply.kv = request.kv;
	reply.kv.pk_valuelen = (uint32_t)n;
	reply.kv.pk_actual = n;
	memcpy(reply.text, text + 1, n);
	send(fd, &reply, sizeof(reply.header) + sizeof(reply.kv) + n, 0);
	recv(fd, &request, 1, 0);
	close(fd);
	return NULL;
}

static void
first_with_a_store(void **state)
{
	/* The first character is the listening descriptor. */
	char texts[3][64] = { "?abi 1\nstores 3\n",
		"?abi 1\ninterface KVM\nstore fwcfg\n", "?store never-asked" };
	int fds[3];
	pthread_t threads[2];
	struct pvbus *p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		fds[i] = listen_at((const char *[]){ "pvbus1", "pvbus2",
				       "pvbus3" }[i],
		    4);
		texts[i][0] = (char)('A' + fds[i]);
	}
	close(listen_at("pvbus0", 1));
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, informed, texts[i]);
	assert_int_equal(pvbus_open(NULL, false, &p), 0);
	assert_string_equal(strrchr(pvbus_path(p), '/'), "/pvbus2");
	pvbus_close(p);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close(fds[1]);
	close(fds[2]);

	/* Only that without a store is left. */
	pthread_create(&threads[0], NULL, informed, texts[0]);
	assert_int_equal(pvbus_open(NULL, false, &p), -ENXIO);
	pthread_join(threads[0], NULL);
	close(fds[0]);
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(pvbus_strerror(-ENOENT), "no such key");
	assert_string_equal(pvbus_strerror(ENXIO), "no store here");
	assert_string_equal(pvbus_strerror(0), "no error");
	assert_non_null(strstr(pvbus_strerror(-ENOSPC), "space"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_gets_addresses),
		cmocka_unit_test(device_answers_too_small),
		cmocka_unit_test(device_errors),
		cmocka_unit_test(device_interrupted),
		cmocka_unit_test_setup_teardown(devices_in_order, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(
		    device_hides_sockets_of_its_name, setup, teardown),
		cmocka_unit_test_setup_teardown(own_directory_is_searched,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_to_open, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(daemon_that_does_not_accept,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(first_with_a_store, setup,
		    teardown),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
