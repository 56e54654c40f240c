/* SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/daemon.h"

#define ARGUMENTS_MAX 32

/* What an answer has room for: as much as the device takes. */
#define ROOM 65536

double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Milliseconds; poll(2) must not take them for "for ever". */
static int
left(double end)
{
	double seconds = end - now();

	return seconds > 0 ? (int)(seconds * 1000) + 1 : 0;
}

/* False: it did not get ready in time. */
static bool
await(int fd, short events, double seconds)
{
	struct pollfd one = { .fd = fd, .events = events };
	double end = now() + seconds;
	int ready;

	do {
		ready = poll(&one, 1, left(end));
	} while (ready < 0 && errno == EINTR);
	return ready > 0;
}

/* ---- The process ------------------------------------------------------ */

static void
path_in(char *path, size_t size, const struct pvbusd *d, const char *name)
{
	snprintf(path, size, "%s/%s", d->root, name);
}

static char *
read_file(const struct pvbusd *d, const char *name)
{
	char path[128];
	char *text;
	size_t size;
	FILE *file;

	path_in(path, sizeof(path), d, name);
	text = calloc(1, 1 << 20);
	assert_non_null(text);
	file = fopen(path, "re");
	if (file == NULL)
		return text; /* nothing was started yet */
	size = fread(text, 1, (1 << 20) - 1, file);
	text[size] = '\0';
	fclose(file);
	return text;
}

void
pvbusd_configure(struct pvbusd *d, const char *text, size_t size)
{
	FILE *file = fopen(d->config, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

void
pvbusd_configure_also(struct pvbusd *d, const char *lines)
{
	FILE *file = fopen(d->config, "ae");

	assert_non_null(file);
	assert_true(fputs(lines, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void
make_large(unsigned char bytes[LARGE_SIZE])
{
	for (size_t i = 0; i < LARGE_SIZE; i++)
		bytes[i] = (unsigned char)(i * 7 + i / 251);
}

static void
write_large(const struct pvbusd *d)
{
	static unsigned char bytes[LARGE_SIZE];
	char path[128];
	FILE *file;

	make_large(bytes);
	path_in(path, sizeof(path), d, "large");
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, LARGE_SIZE, file), LARGE_SIZE);
	assert_int_equal(fclose(file), 0);
}

/* Where a service manager would listen. */
static int
listen_for_notes(const struct pvbusd *d)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	path_in(address.sun_path, sizeof(address.sun_path), d, "notify");
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
	    0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	return fd;
}

int
pvbusd_setup(void **state)
{
	struct pvbusd *d = calloc(1, sizeof(*d));
	const char *tmp = getenv("TMPDIR");
	char lines[512];

	/* a socket's path is short, a build directory's need not be */
	if (tmp == NULL || strlen(tmp) > 32)
		tmp = "/tmp";
	d->uid = geteuid();
	d->beside = -1;
	d->exited = -1;
	snprintf(d->root, sizeof(d->root), "%s/pvbusd-XXXXXX", tmp);
	if (mkdtemp(d->root) == NULL || chmod(d->root, 0755) < 0)
		return -1;
	path_in(d->sockets, sizeof(d->sockets), d, "run");
	path_in(d->config, sizeof(d->config), d, "config");
	snprintf(lines, sizeof(lines),
	    "item " GREETING_KEY " " GREETING "\n"
	    "item opt/empty\n"
	    "file " LARGE_KEY " %s/large\n"
	    "oem org.example.role=database\n",
	    d->root);
	pvbusd_configure(d, lines, strlen(lines));
	write_large(d);
	d->notify = listen_for_notes(d);
	*state = d;
	return 0;
}

static void
become(uid_t uid)
{
	if (uid == geteuid())
		return;
	if (syscall(SYS_setgroups, 0, NULL) < 0 ||
	    setresgid((gid_t)uid, (gid_t)uid, (gid_t)uid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		_exit(126);
}

static void
limit_descriptors(unsigned limit)
{
	struct rlimit both = { limit, limit };

	if (limit > 0 && setrlimit(RLIMIT_NOFILE, &both) < 0)
		_exit(126);
}

static void
redirect(const struct pvbusd *d, int fd, const char *name)
{
	char path[128];
	int file;

	path_in(path, sizeof(path), d, name);
	file = open(name[0] == '/' ? name : path,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || dup2(file, fd) < 0)
		_exit(126);
}

/* The program is opened first: another user need not reach its directory. */
static void
child(const struct pvbusd *d, const char *out, const char **argv)
{
	int program = open(getenv("PVBUSD"), O_RDONLY | O_CLOEXEC);
	char notify[128];

	path_in(notify, sizeof(notify), d, "notify");
	setenv("NOTIFY_SOCKET", notify, 1);
	unsetenv("XDG_RUNTIME_DIR");
	redirect(d, 0, "/dev/null");
	redirect(d, 1, out != NULL ? out : "out");
	redirect(d, 2, "err");
	limit_descriptors(d->limit);
	become(d->uid);
	/* nothing stays behind if the test crashes */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* exec changes no words */
	fexecve(program, (char *const *)(uintptr_t)argv, environ);
	_exit(127);
}

static void
spawn(struct pvbusd *d, const char *out, const char **argv)
{
	assert_int_equal(d->pid, 0);
	assert_non_null(getenv("PVBUSD"));
	d->pid = fork();
	assert_true(d->pid >= 0);
	if (d->pid == 0)
		child(d, out, argv);
	d->exited = (int)syscall(SYS_pidfd_open, d->pid, 0);
	assert_true(d->exited >= 0);
}

static int
reap(struct pvbusd *d)
{
	int status;

	if (!await(d->exited, POLLIN, DEADLINE)) {
		kill(d->pid, SIGKILL);
		waitpid(d->pid, NULL, 0);
		d->pid = 0;
		fail_msg("pvbusd does not end; it said: %s", pvbusd_said(d));
	}
	waitpid(d->pid, &status, 0);
	close(d->exited);
	d->pid = 0;
	d->exited = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void
await_ready(struct pvbusd *d)
{
	struct pollfd two[2] = { { .fd = d->notify, .events = POLLIN },
		{ .fd = d->exited, .events = POLLIN } };
	char note[64] = "";

	assert_int_not_equal(poll(two, 2, (int)(DEADLINE * 1000)), 0);
	if ((two[0].revents & POLLIN) == 0) {
		d->pid = two[1].revents != 0 ? 0 : d->pid;
		fail_msg("pvbusd did not get ready; it said: %s",
		    pvbusd_said(d));
	}
	assert_true(recv(d->notify, note, sizeof(note) - 1, 0) > 0);
	assert_string_equal(note, "READY=1");
}

void
pvbusd_start(struct pvbusd *d, ...)
{
	const char *argv[ARGUMENTS_MAX] = { "pvbusd", "-c", d->config, "-s",
		d->sockets };
	unsigned count = 5;
	va_list words;

	va_start(words, d);
	while (count < ARGUMENTS_MAX - 1 &&
	    (argv[count] = va_arg(words, const char *)) != NULL)
		count++;
	va_end(words);
	spawn(d, NULL, argv);
	await_ready(d);
	d->beside = client_open(d);
	client_reads_greeting(d->beside);
	d->descriptors = pvbusd_descriptors(d);
}

int
pvbusd_run(struct pvbusd *d, const char *out, ...)
{
	const char *argv[ARGUMENTS_MAX] = { "pvbusd" };
	unsigned count = 1;
	va_list words;
	int status;

	va_start(words, out);
	while (count < ARGUMENTS_MAX - 1 &&
	    (argv[count] = va_arg(words, const char *)) != NULL)
		count++;
	va_end(words);
	spawn(d, out, argv);
	status = reap(d);
	free(d->printed);
	d->printed = out == NULL ? read_file(d, "out") : NULL;
	return status;
}

int
pvbusd_end(struct pvbusd *d, int number)
{
	assert_true(d->pid > 0);
	kill(d->pid, number);
	return reap(d);
}

const char *
pvbusd_said(struct pvbusd *d)
{
	free(d->said);
	d->said = read_file(d, "err");
	return d->said;
}

void
pvbusd_has_said(struct pvbusd *d, const char *part)
{
	if (strstr(pvbusd_said(d), part) == NULL)
		fail_msg("pvbusd did not say \"%s\" but: %s", part, d->said);
}

int
pvbusd_setup_running(void **state)
{
	if (pvbusd_setup(state) != 0)
		return -1;
	pvbusd_start(*state, "-H", "sim:kvm", NULL);
	return 0;
}

static void
remove_all(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char below[512];

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		if (unlink(below) < 0)
			remove_all(below);
	}
	if (directory != NULL)
		closedir(directory);
	rmdir(path);
}

static int
complain(const char *what, const char *detail)
{
	print_error("# %s: %s\n", what, detail);
	return -1;
}

int
pvbusd_teardown(void **state)
{
	struct pvbusd *d = *state;
	struct stat there;
	int result = 0, status;

	if (d->pid != 0) {
		pvbusd_lets_go(d);
		status = pvbusd_end(d, SIGTERM);
		if (status != 0)
			result = complain("exit status is not 0",
			    pvbusd_said(d));
		if (lstat(d->sockets, &there) == 0)
			result = complain("left behind", d->sockets);
	}
	if (strstr(pvbusd_said(d), "Sanitizer") != NULL ||
	    strstr(d->said, "runtime error") != NULL)
		result = complain("pvbusd", d->said);
	if (d->beside >= 0)
		close(d->beside);
	close(d->notify);
	remove_all(d->root);
	free(d->said);
	free(d->printed);
	free(d);
	return result;
}

/* ---- What the kernel tells about it ------------------------------------ */

unsigned
pvbusd_descriptors(const struct pvbusd *d)
{
	char path[64];
	unsigned count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)d->pid);
	directory = opendir(path);
	assert_non_null(directory);
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

void
pvbusd_lets_go(const struct pvbusd *d)
{
	double end = now() + DEADLINE;

	while (pvbusd_descriptors(d) > d->descriptors) {
		if (now() > end)
			fail_msg("pvbusd holds %u descriptors, not %u",
			    pvbusd_descriptors(d), d->descriptors);
		pvbusd_settle(d);
	}
}

unsigned
pvbusd_dirty(const struct pvbusd *d)
{
	char path[64], line[128];
	unsigned dirty = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)d->pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Private_Dirty: %u", &dirty) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return dirty;
}

void
pvbusd_status(const struct pvbusd *d, const char *name, char *value,
    size_t size)
{
	char path[64], line[256];
	size_t len = strlen(name);
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
	file = fopen(path, "re");
	assert_non_null(file);
	value[0] = '\0';
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, len) != 0 || line[len] != ':')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s",
		    line + len + 1 + strspn(line + len + 1, " \t"));
	}
	fclose(file);
}

void
pvbusd_serves_others(const struct pvbusd *d)
{
	double start = now();
	int fd;

	client_reads_greeting(d->beside);
	fd = client_open(d);
	client_reads_greeting(fd);
	close(fd);
	if (now() - start > AT_ONCE)
		fail_msg("others waited %.1f s", now() - start);
}

/* One thread looks at everybody in turn: after a few turns for us, everybody
 * had one. */
void
pvbusd_settle(const struct pvbusd *d)
{
	for (unsigned i = 0; i < 4; i++)
		client_reads_greeting(d->beside);
}

/* ---- Clients ---------------------------------------------------------- */

int
client_try(const struct pvbusd *d, unsigned number, uid_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = (time_t)DEADLINE };
	uid_t self = geteuid();
	gid_t group = getegid();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/pvbus%u",
	    d->sockets, number);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	/* the kernel notes who we are when we connect */
	if (uid != self) {
		assert_int_equal(setegid((gid_t)uid), 0);
		assert_int_equal(seteuid(uid), 0);
	}
	error = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0
	    ? 0
	    : errno;
	if (uid != self) {
		assert_int_equal(seteuid(self), 0);
		assert_int_equal(setegid(group), 0);
	}
	if (error == 0)
		return fd;
	close(fd);
	return -error;
}

int
client_open_as(const struct pvbusd *d, uid_t uid)
{
	int fd = client_try(d, 0, uid);

	if (fd < 0)
		fail_msg("cannot connect: %s", strerror(-fd));
	return fd;
}

int
client_open(const struct pvbusd *d)
{
	return client_open_as(d, geteuid());
}

void
client_send(int fd, const void *bytes, size_t size)
{
	const char *p = bytes;
	ssize_t sent;

	while (size > 0) {
		sent = send(fd, p, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EAGAIN && await(fd, POLLOUT, DEADLINE))
			continue;
		if (sent < 0)
			fail_msg("pvbusd takes nothing more: %s",
			    strerror(errno));
		p += sent;
		size -= (size_t)sent;
	}
}

void
client_receive(int fd, void *bytes, size_t size)
{
	char *p = bytes;
	ssize_t got;

	while (size > 0) {
		if (!await(fd, POLLIN, DEADLINE))
			fail_msg("no answer; %zu bytes are missing", size);
		got = recv(fd, p, size, MSG_DONTWAIT);
		if (got <= 0)
			fail_msg("%zu bytes are missing: %s", size,
			    got == 0 ? "closed" : strerror(errno));
		p += got;
		size -= (size_t)got;
	}
}

void
client_request(int fd, uint32_t cmd, uint32_t flags, const void *body,
    size_t size)
{
	struct socket_request request = { .magic = SOCKET_MAGIC,
		.cmd = cmd,
		.flags = flags,
		.length = (uint32_t)size };

	client_send(fd, &request, sizeof(request));
	client_send(fd, body, size);
}

size_t
make_request(unsigned char *message, uint32_t cmd, uint32_t flags,
    const char *key, const void *value, size_t value_len)
{
	size_t key_len = strlen(key);
	struct pvbus_kv_wire kv = { .version = PVBUS_KV_ABI,
		.key = sizeof(kv),
		.keylen = (uint32_t)key_len,
		.value = sizeof(kv) + key_len,
		.valuelen = value != NULL ? (uint32_t)value_len : ROOM };
	struct socket_request request = { .magic = SOCKET_MAGIC,
		.cmd = cmd,
		.flags = flags };
	size_t size = sizeof(request);

	request.length = (uint32_t)(sizeof(kv) + key_len + value_len);
	memcpy(message, &request, sizeof(request));
	memcpy(message + size, &kv, sizeof(kv));
	size += sizeof(kv);
	memcpy(message + size, key, key_len);
	size += key_len;
	if (value_len > 0)
		memcpy(message + size, value, value_len);
	return size + value_len;
}

void
client_answer(int fd, struct answer *answer)
{
	struct socket_reply reply;

	client_receive(fd, &reply, sizeof(reply));
	assert_int_equal(reply.magic, SOCKET_MAGIC);
	assert_true(reply.structure <= reply.length);
	assert_true(reply.error >= 0);
	answer->error = reply.error;
	answer->structure = reply.structure;
	answer->data_len = reply.length - reply.structure;
	assert_true(
	    reply.structure == 0 || reply.structure == sizeof(answer->kv));
	assert_in_range(answer->data_len, 0, sizeof(answer->data));
	client_receive(fd, &answer->kv, reply.structure);
	client_receive(fd, answer->data, answer->data_len);
}

int
client_ask(int fd, uint32_t cmd, uint32_t flags, const char *key,
    struct answer *answer)
{
	unsigned char message[1024];
	const char *value = cmd == PVBUS_CMD_PUT ? "value" : NULL;

	client_send(fd, message,
	    make_request(message, cmd, flags, key, value,
		value != NULL ? strlen(value) : 0));
	client_answer(fd, answer);
	return answer->error;
}

void
client_reads(int fd, const char *key, const void *value, size_t size)
{
	static struct answer answer;

	assert_int_equal(client_ask(fd, PVBUS_CMD_GET, 0, key, &answer), 0);
	assert_int_equal(answer.structure, sizeof(answer.kv));
	assert_int_equal(answer.kv.valuelen, size);
	assert_int_equal(answer.kv.actual, size);
	assert_int_equal(answer.data_len, size);
	assert_memory_equal(answer.data, value, size);
}

void
client_reads_greeting(int fd)
{
	client_reads(fd, GREETING_KEY, GREETING, strlen(GREETING));
}

bool
client_is_closed(int fd, double seconds)
{
	return await(fd, 0, seconds);
}

void
client_waits(int fd)
{
	assert_false(await(fd, POLLIN, 0.001));
}
