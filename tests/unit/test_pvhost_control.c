/* SPDX-License-Identifier: ISC */
/* pvhost: the control socket, with a machine that is none. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "programs/pvhost/control.h"
#include "programs/pvhost/disk.h"
#include "programs/pvhost/face.h"
#include "programs/pvhost/fwcfg.h"
#include "programs/pvhost/manners.h"
#include "programs/pvhost/nic.h"
#include "programs/pvhost/parts.h"
#include "programs/pvhost/serial.h"
#include "tests/support/pvhost_said.h"

static struct machine machine;
static char done[4096];
static char directory[] = "/tmp/pvhost-control-XXXXXX", path[64];
static void *control;

/* ---- What else a machine has ------------------------------------------ */

static void note(const char *, ...) __attribute__((format(printf, 1, 2)));

static void
note(const char *format, ...)
{
	size_t length = strlen(done);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(done + length, sizeof(done) - length, format, arguments);
	va_end(arguments);
}

void
machine_end(struct machine *self, int status, const char *format, ...)
{
	(void)format;
	self->ended = true;
	self->status = status;
}

uint64_t
machine_now(const struct machine *self)
{
	(void)self;
	return 42;
}

bool
power_button(struct machine *self)
{
	(void)self;
	return false;
}

bool
serial_type(struct serial *self, const void *bytes, size_t size,
    struct reply *reply)
{
	(void)self;
	(void)reply;
	note("type %.*s;", (int)size, (const char *)bytes);
	return true;
}

bool
fwcfg_manners(struct machine *self, struct manners *manners)
{
	(void)self;
	(void)manners;
	return false;
}

struct disk *
disk_open(const char *words, unsigned number, struct reply *reply)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	assert_non_null(disk);
	if (strcmp(words, "missing") == 0) {
		free(disk);
		reply_no(reply, "missing: no such file");
		return NULL;
	}
	snprintf(disk->name, sizeof(disk->name), "disk%u", number);
	disk->path = strdup(words);
	disk->size = 512;
	return disk;
}

void
disk_close(struct disk *disk)
{
	note("close %s;", disk->path);
	free(disk->path);
	free(disk);
}

static const struct nic_kind kind_of_nics = { .name = "user" };

struct nic *
nic_open(struct machine *self, const char *words, unsigned number,
    struct reply *reply)
{
	struct nic *nic = calloc(1, sizeof(*nic));

	(void)self;
	(void)words;
	(void)reply;
	assert_non_null(nic);
	snprintf(nic->name, sizeof(nic->name), "nic%u", number);
	nic->kind = &kind_of_nics;
	return nic;
}

void
nic_close(struct nic *nic)
{
	note("close %s;", nic->name);
	free(nic);
}

bool
faces_disk_add(struct machine *self, struct disk *disk, struct reply *reply)
{
	(void)self;
	if (strcmp(disk->path, "refused") == 0)
		return reply_no(reply, "no place for it");
	note("add %s;", disk->path);
	return true;
}

bool
faces_disk_remove(struct machine *self, struct disk *disk, struct reply *reply)
{
	(void)self;
	if (strcmp(disk->path, "stays") == 0)
		return reply_no(reply, "it stays");
	return true;
}

bool
faces_nic_add(struct machine *self, struct nic *nic, struct reply *reply)
{
	(void)self;
	(void)reply;
	note("add %s;", nic->name);
	return true;
}

bool
faces_nic_remove(struct machine *self, struct nic *nic, struct reply *reply)
{
	(void)self;
	(void)nic;
	(void)reply;
	return true;
}

/* ---- Two faces: one with all, one with keys alone --------------------- */

static bool
key_set(void *self, const char *key, const void *value, size_t size,
    struct reply *reply)
{
	if (strcmp(key, "refused") == 0)
		return reply_no(reply, "not this one");
	note("%s %s%s%.*s %zu;", (const char *)self, key,
	    value != NULL ? "=" : "", (int)size,
	    value != NULL ? (const char *)value : "", size);
	return true;
}

static bool
key_get(void *self, const char *key, struct reply *reply)
{
	(void)self;
	if (strcmp(key, "large") == 0)
		for (unsigned i = 0; i < 1u << 20; i++)
			reply_add(reply, "x", 1);
	else if (strcmp(key, "endless") == 0)
		while (!reply->cut)
			reply_print(reply, "%4096s", "");
	else
		reply_add(reply, "a\0b", 3);
	return true;
}

static bool
key_list(void *self, const char *key, struct reply *reply)
{
	reply_print(reply, "%s<%s>\n", (const char *)self, key);
	return true;
}

static bool
request(void *self, const char *what, struct reply *reply)
{
	(void)self;
	(void)reply;
	note("request %s;", what);
	return true;
}

static bool
step(void *self, int64_t nanoseconds, struct reply *reply)
{
	(void)self;
	(void)reply;
	note("step %lld;", (long long)nanoseconds);
	return true;
}

static void
status(void *self, struct reply *reply)
{
	reply_print(reply, "counts of %s\n", (const char *)self);
}

static struct {
	bool silent;
} sample;
static const struct manner fields[] = { { "silent", MANNER_BOOL, 0, 1 } };

static bool
manners(void *self, const char *part, struct manners *to)
{
	(void)self;
	*to = (struct manners){ &sample, fields, 1 };
	return strcmp(part, "vsp0") == 0;
}

static void
look(void *self)
{
	note("look %s;", (const char *)self);
}

static char first_name[] = "one", second_name[] = "two";
const struct face_kind face_hyperv = { .face = HOST_HYPERV,
	.key_set = key_set,
	.key_get = key_get,
	.key_list = key_list,
	.request = request,
	.step = step,
	.status = status,
	.manners = manners,
	.look = look };
const struct face_kind face_vmware = { .face = HOST_VMWARE,
	.key_set = key_set,
	.key_list = key_list };
static struct face first = { &face_hyperv, first_name },
		   second = { &face_vmware, second_name };

const struct face_kind *
face_kind(const char *name, size_t length)
{
	if (length == 6 && memcmp(name, "hyperv", 6) == 0)
		return &face_hyperv;
	if (length == 6 && memcmp(name, "vmware", 6) == 0)
		return &face_vmware;
	return NULL;
}

/* ---- Commands --------------------------------------------------------- */

static struct reply reply;

static bool
command(const char *text)
{
	size_t length = strlen(text);
	char *line = malloc(length + 1);
	bool good;

	assert_non_null(line);
	memcpy(line, text, length);
	reply_free(&reply);
	done[0] = '\0';
	good = control_command(&machine, line, length, &reply);
	free(line);
	if (reply.text == NULL)
		reply_add(&reply, "", 0);
	return good;
}

#define DOES(line, what)                         \
	do {                                     \
		assert_true(command(line));      \
		assert_string_equal(done, what); \
	} while (0)
#define ANSWERS(line, what)                            \
	do {                                           \
		assert_true(command(line));            \
		assert_string_equal(reply.text, what); \
	} while (0)
#define REFUSES(line, what)                                \
	do {                                               \
		assert_false(command(line));               \
		assert_non_null(strstr(reply.text, what)); \
		assert_string_equal(done, "");             \
	} while (0)

static int
setup(void **state)
{
	(void)state;
	memset(&machine, 0, sizeof(machine));
	machine.options.image = "image";
	machine.faces[0] = &first;
	machine.faces[1] = &second;
	machine.face_count = 2;
	said[0] = done[0] = '\0';
	sample.silent = false;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	reply_free(&reply);
	return 0;
}

static void
keys(void **state)
{
	(void)state;
	DOES("set k v", "one k=v 1;");
	DOES("set \"k l\" \"v\\x0aw\"", "one k l=v\nw 3;");
	DOES("set k \"\"", "one k= 0;");
	DOES("vmware: set k v", "two k=v 1;");
	DOES("delete k", "one k 0;");
	assert_true(command("get k"));
	assert_int_equal(reply.size, 3);
	assert_memory_equal(reply.text, "a\0b", 3);
	ANSWERS("list", "one<>\n");
	ANSWERS("list k", "one<k>\n");
	ANSWERS("vmware: list k", "two<k>\n");
}

static void
bad_keys(void **state)
{
	(void)state;
	REFUSES("set refused v", "not this one");
	REFUSES("set k", "expected set KEY VALUE");
	REFUSES("set k v w", "expected set KEY VALUE");
	REFUSES("set k\\x00l v", "without a NUL");
	REFUSES("vmware: get k", "the face vmware has no keys to read");
	REFUSES("xen: get k", "there is no face \"xen\" here");
	REFUSES(": get k", "there is no face");
	REFUSES("hyperv:", "expected a command");
}

static void
requests(void **state)
{
	(void)state;
	DOES("request shutdown", "request shutdown;");
	DOES("request shutdown force", "request shutdown force;");
	DOES("request \"shutdown force\"", "request shutdown force;");
	DOES("look", "look one;");
	DOES("type \"ls\\n\"", "type ls\n;");
	REFUSES("button", "does not listen");
	REFUSES("vmware: request halt", "makes no requests");
	REFUSES("request", "expected request");
	REFUSES("nonsense", "no command \"nonsense\"");
	REFUSES("", "expected a command");
	REFUSES("set \"k", "expected a \"");
	assert_true(command("quit"));
	assert_true(machine.ended);
	assert_int_equal(machine.status, EXIT_OFF);
}

static void
steps(void **state)
{
	(void)state;
	DOES("step 3600", "step 3600000000000;");
	DOES("step -0.5", "step -500000000;");
	DOES("step +1.0000000019", "step 1000000001;");
	DOES("step 1000000000", "step 1000000000000000000;");
	REFUSES("step 1000000001", "expected seconds");
	REFUSES("step 99999999999999999999", "expected seconds");
	REFUSES("step x", "expected seconds");
	REFUSES("step -", "expected seconds");
	REFUSES("step .5", "expected seconds");
	REFUSES("step 1s", "expected seconds");
	REFUSES("step 1.5.5", "expected seconds");
	REFUSES("vmware: step 1", "no clock");
}

static void
misbehaviour(void **state)
{
	(void)state;
	ANSWERS("misbehave vsp0", "silent no\n");
	ANSWERS("misbehave vsp0 silent yes", "");
	assert_true(sample.silent);
	REFUSES("misbehave vsp0 silent", "PART FIELD VALUE");
	REFUSES("misbehave vsp0 silent 2", "yes or no");
	REFUSES("misbehave vsp1", "no part \"vsp1\"");
	REFUSES("misbehave fwcfg", "no part \"fwcfg\"");
}

static void
disks(void **state)
{
	(void)state;
	ANSWERS("disk add a", "disk0\n");
	ANSWERS("disk add stays", "disk1\n");
	DOES("disk remove disk0", "close a;");
	ANSWERS("disk add b", "disk0\n");
	REFUSES("disk add missing", "no such file");
	REFUSES("disk remove disk1", "it stays");
	REFUSES("disk remove disk7", "no disk \"disk7\"");
	REFUSES("disk move disk0", "expected add or remove");
	REFUSES("vmware: disk remove disk0", "removes no disks");
	assert_false(command("disk add refused"));
	assert_string_equal(reply.text, "no place for it");
	assert_string_equal(done, "close refused;");
	assert_false(command("vmware: disk add c"));
	assert_string_equal(done, "close c;");
	assert_true(command("status"));
	assert_non_null(strstr(reply.text, "disk0 512 b\n"));
	while (machine.disks != NULL) {
		struct disk *disk = machine.disks;

		machine.disks = disk->next;
		disk_close(disk);
	}
}

static void
nics(void **state)
{
	(void)state;
	ANSWERS("nic add user", "nic0\n");
	assert_true(command("status"));
	assert_non_null(strstr(reply.text,
	    "nic0 user 00:00:00:00:00:00 sent 0 received 0 dropped 0\n"));
	REFUSES("nic remove nic1", "no NIC \"nic1\"");
	REFUSES("nic x nic0", "expected add or remove");
	DOES("nic remove nic0", "close nic0;");
	assert_null(machine.nics);
}

static void
statuses(void **state)
{
	(void)state;
	assert_true(command("status"));
	assert_non_null(strstr(reply.text, "image image\n"));
	assert_non_null(strstr(reply.text, "nanoseconds 42\n"));
	assert_non_null(
	    strstr(reply.text, "face hyperv\ncounts of one\nface vmware\n"));
	ANSWERS("hyperv: status", "face hyperv\ncounts of one\n");
	assert_true(command("help"));
	assert_non_null(strstr(reply.text, "set KEY VALUE\n"));
}

/* ---- The socket ------------------------------------------------------- */

static int
start(void **state)
{
	setup(state);
	machine.options.control = path;
	control = part_control.make(&machine);
	return control == NULL;
}

static int
stop(void **state)
{
	(void)state;
	if (control != NULL)
		part_control.free(control);
	control = NULL;
	loop_free(&machine.loop);
	machine.loop.fds = NULL;
	return access(path, F_OK) == 0;
}

static void
turn(void)
{
	for (int i = 0; i < 4; i++)
		assert_true(loop_once(&machine.loop, loop_now()));
}

static void
connect_it(int fd)
{
	struct sockaddr_un address;

	assert_true(control_address(&address, path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	turn();
}

static int
connect_there(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	connect_it(fd);
	return fd;
}

static void
send_text(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	turn();
}

static void
expect(int fd, const char *text)
{
	char bytes[256] = "";
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

	assert_true(n >= 0);
	assert_string_equal(bytes, text);
}

static void
an_answer_for_each_line(void **state)
{
	int fd = connect_there();

	(void)state;
	send_text(fd, "list\nlook\nbogus\nli");
	expect(fd,
	    "ok 6\none<>\nok 0\nno 46\nthere is no command \"bogus\"; "
	    "\"help\" lists them");
	send_text(fd, "st\n");
	expect(fd, "ok 6\none<>\n");
	close(fd);
	turn();
	assert_int_equal(((struct control *)control)->client_count, 0);
}

static void
only_its_owner_may(void **state)
{
	struct stat it;

	(void)state;
	assert_int_equal(stat(path, &it), 0);
	assert_true(S_ISSOCK(it.st_mode));
	assert_int_equal(it.st_mode & 0777, 0600);
}

static void
who_stops_sending_still_reads(void **state)
{
	int fd = connect_there();

	(void)state;
	assert_int_equal(write(fd, "list\nlook", 9), 9);
	shutdown(fd, SHUT_WR);
	turn();
	expect(fd, "ok 6\none<>\n");
	/* a line without its end is none */
	assert_string_equal(done, "");
	expect(fd, "");
	close(fd);
}

static void
who_does_not_read_holds_up_nobody(void **state)
{
	int slow = connect_there(), other = connect_there();
	size_t total = 0;
	char bytes[65536];

	(void)state;
	send_text(slow, "get large\nget large\nlist\n");
	send_text(other, "list\n");
	expect(other, "ok 6\none<>\n");
	for (int i = 0; i < 1000; i++) {
		ssize_t n = read(slow, bytes, sizeof(bytes));

		total += n > 0 ? (size_t)n : 0;
		turn();
	}
	assert_int_equal(total, 2 * ((1u << 20) + 11) + 11);
	close(slow);
	close(other);
	turn();
}

static void
who_goes_in_the_middle_of_an_answer(void **state)
{
	int fd = connect_there();

	(void)state;
	send_text(fd, "get large\nget large\nget large\n");
	close(fd);
	turn();
	assert_int_equal(((struct control *)control)->client_count, 0);
}

static void
an_answer_without_end(void **state)
{
	int fd = connect_there();

	(void)state;
	send_text(fd, "get endless\n");
	expect(fd,
	    "no 54\nout of memory, or an answer of more than 4194304 bytes");
	close(fd);
	turn();
}

static void
a_line_without_end(void **state)
{
	int fd = connect_there();
	char bytes[65536];

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	for (int i = 0; i < 100; i++) {
		(void)!send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		turn();
	}
	expect(fd, "no 40\nexpected a line of at most 1048576 bytes");
	assert_int_equal(((struct control *)control)->client_count, 0);
	close(fd);
}

/* A guest's connections by a network in user space are descriptors, too. */
static void
one_comes_by_where_all_descriptors_are_in_use(void **state)
{
	struct control *self = control;
	struct rlimit before, few;
	int one, other, used[64];
	unsigned count = 0;

	(void)state;
	one = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	other = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 40;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (count < 64 && (used[count] = dup(one)) >= 0)
		count++;
	connect_it(one);
	send_text(one, "list\n");
	expect(one, "ok 6\none<>\n");
	/* the other waits, and the loop does not spin for him */
	connect_it(other);
	assert_int_equal(self->client_count, 1);
	assert_int_equal(self->listener.events, 0);
	while (count > 0)
		close(used[--count]);
	close(one);
	turn();
	send_text(other, "list\n");
	expect(other, "ok 6\none<>\n");
	close(other);
	turn();
	assert_true(self->spare >= 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void
eight_at_a_time(void **state)
{
	int fds[CONTROL_CLIENTS], more;

	(void)state;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		fds[i] = connect_there();
	more = connect_there();
	expect(more, "no 35\n8 others are here, come again later");
	close(more);
	send_text(fds[7], "list\n");
	expect(fds[7], "ok 6\none<>\n");
	close(fds[0]);
	turn();
	fds[0] = connect_there();
	send_text(fds[0], "list\n");
	expect(fds[0], "ok 6\none<>\n");
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		close(fds[i]);
	turn();
}

static void
another_one_answers(void **state)
{
	(void)state;
	assert_null(part_control.make(&machine));
	assert_non_null(strstr(said, "another pvhost answers there"));
	/* and is left in peace */
	assert_int_equal(access(path, F_OK), 0);
}

static void
somebody_elses_name_stays(void **state)
{
	(void)state;
	assert_int_equal(unlink(path), 0);
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	part_control.free(control);
	control = NULL;
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
}

static void
a_dead_socket_is_replaced(void **state)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	assert_true(control_address(&address, path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	close(fd);
	assert_int_equal(start(state), 0);
	assert_int_equal(stop(state), 0);
}

static void
a_file_is_not_replaced(void **state)
{
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0600)), 0);
	assert_int_not_equal(start(state), 0);
	assert_non_null(strstr(said, "this is there and no socket"));
	assert_int_equal(unlink(path), 0);
}

static void
no_such_directory(void **state)
{
	char before[sizeof(path)];

	strcpy(before, path);
	strcpy(path, "/nonexistent/socket");
	assert_int_not_equal(start(state), 0);
	strcpy(path, before);
	assert_non_null(strstr(said, "/nonexistent/socket: No such file"));
}

static void
a_name_too_long(void **state)
{
	char name[200];

	setup(state);
	memset(name, 'n', sizeof(name));
	name[108] = '\0';
	machine.options.control = name;
	assert_null(part_control.make(&machine));
	assert_non_null(strstr(said, "at most 107 bytes"));
}

static int
make_directory(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/socket", directory);
	return 0;
}

static int
remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

#define COMMAND(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define SOCKET(test) cmocka_unit_test_setup_teardown(test, start, stop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		COMMAND(keys),
		COMMAND(bad_keys),
		COMMAND(requests),
		COMMAND(steps),
		COMMAND(misbehaviour),
		COMMAND(disks),
		COMMAND(nics),
		COMMAND(statuses),
		SOCKET(an_answer_for_each_line),
		SOCKET(only_its_owner_may),
		SOCKET(who_stops_sending_still_reads),
		SOCKET(who_does_not_read_holds_up_nobody),
		SOCKET(who_goes_in_the_middle_of_an_answer),
		SOCKET(an_answer_without_end),
		SOCKET(a_line_without_end),
		SOCKET(one_comes_by_where_all_descriptors_are_in_use),
		SOCKET(eight_at_a_time),
		SOCKET(another_one_answers),
		SOCKET(somebody_elses_name_stays),
		cmocka_unit_test(a_dead_socket_is_replaced),
		cmocka_unit_test(a_file_is_not_replaced),
		cmocka_unit_test(no_such_directory),
		cmocka_unit_test(a_name_too_long),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
