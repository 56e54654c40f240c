/* SPDX-License-Identifier: ISC */
/* port/linux: what VMware's driver asks of it, on a machine that is none: the
 * backdoor faults, vsock is a directory of Unix sockets where the test plays
 * the host, and the rest is compared with what else the kernel says. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "port/linux/linux.h"
#include "tests/support/tree.h"
#include "wire/vmware/backdoor.h"

/* cmocka 1.1 has "not ok" for what skip() was said of.  Leaves the test. */
#define skip_test(why)                                           \
	do {                                                     \
		print_message("# SKIP %s: %s\n", __func__, why); \
		return;                                          \
	} while (0)

struct place {
	char root[64], proc[96], sys[96];
	int listener, peer;
	struct linux_port *linux_port;
	const struct pv_port *port;
	unsigned requests, freezes;
};

static int
take_request(void *owner, enum pv_request request, const struct pv_reason *why)
{
	struct place *place = owner;

	assert_int_equal(request, PV_REQUEST_REBOOT);
	assert_null(why);
	place->requests++;
	return PV_EBUSY;
}

static int
take_freeze(void *owner, bool frozen)
{
	struct place *place = owner;

	place->freezes += frozen;
	return PV_EAGAIN;
}

static void
port_new(struct place *place, bool as_vmware)
{
	linux_port_free(place->linux_port);
	place->linux_port = linux_port_new(
	    &(struct linux_port_config){ .sys = place->sys,
		.proc = place->proc,
		.vsock = place->root,
		.as_vmware = as_vmware,
		.time = LINUX_TIME_SLEW,
		.request = take_request,
		.freeze = take_freeze,
		.owner = place });
	assert_non_null(place->linux_port);
	place->port = linux_port_table(place->linux_port);
}

static int
setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (place == NULL)
		return -1;
	place->listener = place->peer = -1;
	strcpy(place->root, "/tmp/pvbus-test.XXXXXX");
	if (mkdtemp(place->root) == NULL)
		return -1;
	strcpy(place->proc, "/proc");
	strcpy(place->sys, "/sys");
	port_new(place, true);
	*state = place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	linux_port_free(place->linux_port);
	if (place->peer >= 0)
		close(place->peer);
	if (place->listener >= 0)
		close(place->listener);
	tree_remove(place->root);
	free(place);
	return 0;
}

/* ---- The backdoor ----------------------------------------------------- */

#if defined(__x86_64__) || defined(__i386__)

static volatile sig_atomic_t caught;
static sigjmp_buf again;

static void
own_handler(int number)
{
	caught = number;
	siglongjmp(again, 1);
}

static void catch (int number, struct sigaction *before)
{
	struct sigaction action = { .sa_handler = own_handler };

	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(number, &action, before), 0);
	caught = 0;
}

static void
registers_of_version(struct pv_backdoor *registers)
{
	*registers = (struct pv_backdoor){ .ax = VMWARE_MAGIC,
		.bx = 0x1111,
		.cx = VMWARE_VERSION,
		.dx = VMWARE_PORT,
		.si = 0x2222,
		.di = 0x3333,
		.bp = 0x4444 };
}

static void
test_backdoor_gated_by_cpuid(void **state)
{
	struct place *place = *state;
	struct pv_backdoor registers, before;

	port_new(place, false);
	if (linux_port_is_vmware(place->linux_port))
		skip_test("this is a machine of VMware");
	registers_of_version(&registers);
	before = registers;
	assert_int_equal(place->port->backdoor(place->port->ctx,
			     PV_BACKDOOR_PORT, &registers),
	    PV_ENODEV);
	assert_memory_equal(&registers, &before, sizeof(before));
	assert_int_equal(place->port->vsock_open(place->port->ctx,
			     VMWARE_VSOCK_RPCI, false),
	    PV_ENODEV);
}

static void
test_backdoor_that_faults_is_survived(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct sigaction ours, now;
	struct pv_backdoor registers, before;
	char bytes[16] = "";

	port_new(place, false);
	if (linux_port_is_vmware(place->linux_port))
		skip_test("this is a machine of VMware");
	port_new(place, true);
	port = place->port;
	catch (SIGSEGV, &ours);
	registers_of_version(&registers);
	before = registers;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(port->backdoor(port->ctx, PV_BACKDOOR_PORT,
				     &registers),
		    PV_ENODEV);
	registers.dx = before.dx = VMWARE_PORT_HIGH;
	registers.cx = before.cx = sizeof(bytes);
	registers.si = registers.di = (uintptr_t)bytes;
	before = registers;
	assert_int_equal(port->backdoor_string(port->ctx, PV_BACKDOOR_PORT,
			     true, &registers),
	    PV_ENODEV);
	assert_memory_equal(&registers, &before, sizeof(before));
	assert_int_equal(caught, 0);
	/* the test's own handler is there again, and works */
	assert_int_equal(sigaction(SIGSEGV, NULL, &now), 0);
	assert_ptr_equal(now.sa_handler, own_handler);
	if (sigsetjmp(again, 1) == 0)
		raise(SIGSEGV);
	assert_int_equal(caught, SIGSEGV);
	assert_int_equal(sigaction(SIGSEGV, &ours, NULL), 0);
}

static void
test_backdoor_faults_with_its_signal_blocked(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct pv_backdoor registers;
	sigset_t blocked, before, now;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGSEGV);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
	registers_of_version(&registers);
	(void)port->backdoor(port->ctx, PV_BACKDOOR_PORT, &registers);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, &now), 0);
	assert_int_equal(sigismember(&now, SIGSEGV), 1);
}

/* Another thread has faults of its own all the while. */
static atomic_bool stop;
static atomic_uint faults;
static char *nowhere;
static __thread sigjmp_buf back;

static void
count_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	if (info->si_addr != nowhere)
		_exit(9);
	atomic_fetch_add(&faults, 1);
	siglongjmp(back, 1);
}

static void *
fault(void *argument)
{
	(void)argument;
	while (!atomic_load(&stop))
		if (sigsetjmp(back, 1) == 0)
			*(volatile char *)nowhere = 1;
	return NULL;
}

static void
test_backdoor_beside_faults_of_others(void **state)
{
	struct sigaction action = { .sa_flags = SA_SIGINFO }, before;
	struct place *place = *state;
	struct pv_backdoor registers;
	pthread_t thread;

	nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	assert_ptr_not_equal(nowhere, MAP_FAILED);
	action.sa_sigaction = count_fault;
	sigemptyset(&action.sa_mask);
	assert_int_equal(sigaction(SIGSEGV, &action, &before), 0);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&thread, NULL, fault, NULL), 0);
	registers_of_version(&registers);
	for (unsigned i = 0; i < 200; i++) {
		port_new(place, true); /* one that has not faulted yet */
		(void)place->port->backdoor(place->port->ctx, PV_BACKDOOR_PORT,
		    &registers);
	}
	while (atomic_load(&faults) < 100)
		sched_yield();
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
	munmap(nowhere, 4096);
}

/* Where nobody catches a signal, it still ends the process. */
static void
test_backdoor_leaves_the_default(void **state)
{
	struct place *place = *state;
	struct pv_backdoor registers;
	struct sigaction now;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGILL, SIG_IGN);
		registers_of_version(&registers);
		(void)place->port->backdoor(place->port->ctx, PV_BACKDOOR_PORT,
		    &registers);
		if (sigaction(SIGSEGV, NULL, &now) < 0 ||
		    now.sa_handler != SIG_DFL ||
		    sigaction(SIGILL, NULL, &now) < 0 ||
		    now.sa_handler != SIG_IGN)
			_exit(9);
		raise(SIGSEGV);
		_exit(8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
}

#endif

/* ---- vsock ------------------------------------------------------------ */

static void
listen_at(struct place *place, unsigned port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%u",
	    place->root, port);
	place->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(place->listener,
			     (const struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(place->listener, 4), 0);
}

static int
open_stream(struct place *place)
{
	int stream;

	listen_at(place, VMWARE_VSOCK_RPCI);
	stream = place->port->vsock_open(place->port->ctx, VMWARE_VSOCK_RPCI,
	    true);
	assert_true(stream >= 0);
	place->peer = accept(place->listener, NULL, NULL);
	assert_true(place->peer >= 0);
	return stream;
}

static long
take(struct place *place, int stream, void *to, size_t room)
{
	return place->port->vsock_read(place->port->ctx, stream, to, room);
}

static long
give(struct place *place, int stream, const void *from, size_t size)
{
	return place->port->vsock_write(place->port->ctx, stream, from, size);
}

static bool
event(const struct place *place, int milliseconds)
{
	struct pollfd one = { .events = POLLIN,
		.fd = linux_port_event(place->linux_port) };

	if (poll(&one, 1, milliseconds) <= 0)
		return false;
	linux_port_event_seen(place->linux_port);
	return true;
}

static void
test_vsock_that_nobody_listens_at(void **state)
{
	struct place *place = *state;
	char byte;

	assert_int_equal(place->port->vsock_open(place->port->ctx,
			     VMWARE_VSOCK_TCLO, false),
	    PV_ENODEV);
	assert_int_equal(take(place, 0, &byte, 1), PV_ENODEV);
	assert_int_equal(give(place, 7, &byte, 1), PV_ENODEV);
	assert_int_equal(give(place, -1, &byte, 1), PV_ENODEV);
	place->port->vsock_close(place->port->ctx, 3);
}

static void
test_vsock_both_ways(void **state)
{
	struct place *place = *state;
	int stream = open_stream(place);
	char bytes[8] = "";

	assert_int_equal(take(place, stream, bytes, sizeof(bytes)), PV_EAGAIN);
	(void)event(place, 0); /* it can be written */
	assert_false(event(place, 0));
	assert_int_equal(give(place, stream, "hello", 5), 5);
	assert_int_equal(recv(place->peer, bytes, sizeof(bytes), 0), 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(send(place->peer, "answer", 6, 0), 6);
	assert_true(event(place, 1000));
	assert_false(event(place, 0));
	assert_int_equal(take(place, stream, bytes, 4), 4);
	/* who leaves some for later is told again */
	assert_true(event(place, 1000));
	assert_int_equal(take(place, stream, bytes + 4, 4), 2);
	assert_false(event(place, 0));
	assert_memory_equal(bytes, "answer", 6);
	assert_int_equal(take(place, stream, bytes, 4), PV_EAGAIN);
	place->port->vsock_close(place->port->ctx, stream);
	assert_int_equal(recv(place->peer, bytes, sizeof(bytes), 0), 0);
	assert_int_equal(take(place, stream, bytes, 4), PV_ENODEV);
}

static void
test_vsock_that_is_full_goes_on(void **state)
{
	struct place *place = *state;
	int stream = open_stream(place);
	static char bytes[65536];
	long total = 0, moved;

	while ((moved = give(place, stream, bytes, sizeof(bytes))) > 0)
		total += moved;
	assert_int_equal(moved, PV_EAGAIN);
	assert_true(total > 0);
	while (event(place, 0))
		;
	while (total > 0) {
		moved = recv(place->peer, bytes, sizeof(bytes), 0);
		assert_true(moved > 0);
		total -= moved;
	}
	assert_true(event(place, 1000));
	assert_int_equal(give(place, stream, bytes, 1), 1);
}

/* An end that nobody takes notice of must not keep the loop busy. */
static void
test_vsock_that_ends_is_told_once(void **state)
{
	struct place *place = *state;
	int stream = open_stream(place);
	char byte;

	while (event(place, 0))
		;
	close(place->peer);
	place->peer = -1;
	assert_true(event(place, 1000));
	while (event(place, 0))
		;
	assert_int_equal(give(place, stream, "x", 1), PV_ENODEV);
	assert_int_equal(take(place, stream, &byte, 1), PV_ENODEV);
	assert_int_equal(take(place, stream, &byte, 1), PV_ENODEV);
	place->port->vsock_close(place->port->ctx, stream);
}

static void
test_vsock_four_at_most(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	int streams[4], other;

	listen_at(place, VMWARE_VSOCK_TCLO);
	for (unsigned i = 0; i < 4; i++) {
		streams[i] = port->vsock_open(port->ctx, VMWARE_VSOCK_TCLO,
		    i & 1);
		assert_int_equal(streams[i], i);
	}
	assert_int_equal(port->vsock_open(port->ctx, VMWARE_VSOCK_TCLO, true),
	    PV_ENOMEM);
	port->vsock_close(port->ctx, streams[2]);
	other = port->vsock_open(port->ctx, VMWARE_VSOCK_TCLO, true);
	assert_int_equal(other, 2);
}

/* Here a real one leads to no VMware: no stall, and an answer. */
static void
test_vsock_of_this_machine(void **state)
{
	struct linux_port *linux_port = linux_port_new(
	    &(struct linux_port_config){ .as_vmware = true });
	const struct pv_port *port;
	char byte;

	(void)state;
	assert_non_null(linux_port);
	if (linux_port_is_vmware(linux_port) && access("/dev/vsock", F_OK) < 0)
		print_message("# no /dev/vsock: no transport at all\n");
	port = linux_port_table(linux_port);
	for (unsigned i = 0; i < 2; i++) {
		int stream = port->vsock_open(port->ctx, VMWARE_VSOCK_RPCI,
		    i == 0);

		if (stream >= 0) { /* it may take a while to fail */
			for (unsigned n = 0; n < 50 &&
			     port->vsock_read(port->ctx, stream, &byte, 1) ==
				 PV_EAGAIN;
			     n++)
				usleep(1000);
			port->vsock_close(port->ctx, stream);
		} else
			assert_true(stream == PV_ENODEV ||
			    stream == PV_EACCES || stream == PV_EBUSY);
	}
	linux_port_free(linux_port);
}

/* ---- Changes ---------------------------------------------------------- */

/* 127.250.0.N at the loopback, made or removed. */
static int
change_address(uint16_t type, uint8_t n)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg body;
		struct rtattr attribute;
		uint8_t address[4];
	} request = {
		.header = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = type,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE },
		.body = { .ifa_family = AF_INET,
		    .ifa_prefixlen = 32,
		    .ifa_index = if_nametoindex("lo") },
		.attribute = { .rta_len = RTA_LENGTH(4),
		    .rta_type = IFA_LOCAL },
		.address = { 127, 250, 0, n },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[256];
	} reply;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0 ||
	    recv(fd, &reply, sizeof(reply), 0) < (ssize_t)NLMSG_HDRLEN)
		reply.error.error = -errno;
	if (fd >= 0)
		close(fd);
	return reply.error.error;
}

static uint64_t
changes(const struct place *place)
{
	return place->port->netif_changes(place->port->ctx);
}

static void
test_change_of_an_address_is_noticed(void **state)
{
	struct place *place = *state;
	uint64_t before = changes(place);
	unsigned n;

	(void)change_address(RTM_DELADDR, 77);
	while (event(place, 100))
		;
	before = changes(place);
	if (change_address(RTM_NEWADDR, 77) != 0)
		skip_test("only root can change addresses");
	assert_true(event(place, 5000));
	assert_int_not_equal(changes(place), before);
	before = changes(place);
	for (n = 0; n < 50 && event(place, 100); n++)
		;
	assert_true(n < 50); /* it is told and over */
	before = changes(place);
	assert_int_equal(change_address(RTM_DELADDR, 77), 0);
	assert_true(event(place, 5000));
	assert_int_not_equal(changes(place), before);
}

/* So many that the kernel drops some: still a change, and then quiet. */
static void
test_flood_of_changes(void **state)
{
	struct place *place = *state;
	uint64_t before = changes(place);
	unsigned n;

	for (unsigned i = 0; i < 400; i++)
		if (change_address(i & 1 ? RTM_DELADDR : RTM_NEWADDR, 78) != 0)
			skip_test("only root can change addresses");
	assert_int_not_equal(changes(place), before);
	for (n = 0; n < 100 && event(place, 100); n++)
		;
	assert_true(n < 100);
	before = changes(place);
	assert_int_equal(changes(place), before);
}

/* ---- Routes ----------------------------------------------------------- */

static bool
has_route(const struct place *place, const char *name, uint32_t to,
    unsigned prefix, uint32_t gateway, uint32_t metric)
{
	const struct pv_port *port = place->port;
	struct pv_route route;
	struct pv_netif netif;
	uint32_t through;
	bool found = false;

	for (unsigned i = 0; port->route(port->ctx, i, &route) == PV_OK; i++) {
		if (found || route.to.family != 4 || route.to.prefix != prefix)
			continue;
		memcpy(&through, route.gateway.bytes, 4);
		if (memcmp(route.to.bytes, &to, 4) != 0 || through != gateway ||
		    route.metric != metric)
			continue;
		for (unsigned n = 0; port->netif(port->ctx, n, &netif) == PV_OK;
		     n++)
			if (n == route.netif && strcmp(netif.name, name) == 0)
				found = true;
	}
	return found;
}

static void
test_routes_are_those_of_proc(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	FILE *file = fopen("/proc/net/route", "re");
	unsigned expected = 0, found = 0, flags, metric;
	struct pv_route route;
	char line[256], name[32];
	uint32_t to, gateway, mask;

	if (file == NULL)
		skip_test("no /proc/net/route");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%31s %x %x %x %*s %*s %u %x", name, &to,
			&gateway, &flags, &metric, &mask) != 6 ||
		    strcmp(name, "lo") == 0 || !(flags & 1))
			continue;
		expected++;
		assert_true(has_route(place, name, to,
		    (unsigned)__builtin_popcount(mask), gateway, metric));
	}
	fclose(file);
	for (unsigned i = 0; port->route(port->ctx, i, &route) == PV_OK; i++)
		found += route.to.family == 4;
	assert_int_equal(found, expected);
	if (expected == 0)
		print_message("# this machine has no routes\n");
}

/* ---- File systems ----------------------------------------------------- */

static void
write_mountinfo(struct place *place, const char *text)
{
	char path[160];
	FILE *file;

	snprintf(place->proc, sizeof(place->proc), "%s/proc", place->root);
	mkdir(place->proc, 0755);
	snprintf(path, sizeof(path), "%s/self", place->proc);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/self/mountinfo", place->proc);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	port_new(place, true);
}

static unsigned
filesystems(const struct place *place, struct pv_filesystem *first)
{
	const struct pv_port *port = place->port;
	struct pv_filesystem one;
	unsigned count = 0;

	while (port->filesystem(port->ctx, count, &one) == PV_OK) {
		if (count == 0)
			*first = one;
		count++;
	}
	return count;
}

static void
test_filesystems_against_statvfs(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct pv_filesystem one;
	struct statvfs sizes;

	for (unsigned i = 0; port->filesystem(port->ctx, i, &one) == PV_OK;
	     i++) {
		assert_int_equal(statvfs(one.path, &sizes), 0);
		assert_int_equal(one.size,
		    (uint64_t)sizes.f_blocks * sizes.f_frsize);
		assert_true(one.free <= one.size);
		assert_true(one.devices >= 1);
		assert_true(strncmp(one.device[0], "/dev/", 5) == 0 ||
		    strchr(one.device[0], '/') != NULL);
		assert_string_not_equal(one.type, "tmpfs");
	}
}

/* The test's directory is the only one whose disk is known. */
static void
test_filesystem_with_an_escaped_path(void **state)
{
	struct place *place = *state;
	struct pv_filesystem one;
	struct stat status;
	struct statvfs sizes;
	char path[128], text[1024];

	snprintf(path, sizeof(path), "%s/a b\\c", place->root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &status), 0);
	if (major(status.st_dev) == 0)
		skip_test("/tmp is on no disk");
	/* of a network, of a program, of memory; the same disk twice */
	snprintf(text, sizeof(text),
	    "21 1 0:5 / /proc rw - proc proc rw\n"
	    "22 1 0:6 / /nowhere/nfs rw shared:1 - nfs4 server:/x rw\n"
	    "23 1 0:7 / /nowhere/fuse rw - fuse.sshfs me@there: rw\n"
	    "24 1 %u:%u / %s/a\\040b\\134c rw,noatime shared:7 master:1 - "
	    "ext4 /dev/some\\040disk rw\n"
	    "25 1 %u:%u /sub %s rw - ext4 /dev/some\\040disk rw\n"
	    "26 1 7:1 / /snap rw - ext4 /dev/loop1 rw\n"
	    "nonsense\n27 - - -\n28 1 8:1 / \n",
	    major(status.st_dev), minor(status.st_dev), place->root,
	    major(status.st_dev), minor(status.st_dev), place->root);
	snprintf(place->sys, sizeof(place->sys), "%s/sys", place->root);
	write_mountinfo(place, text);
	assert_int_equal(filesystems(place, &one), 1);
	assert_string_equal(one.path, path);
	assert_string_equal(one.type, "ext4");
	assert_int_equal(one.devices, 1);
	assert_string_equal(one.device[0], "/dev/some disk");
	assert_int_equal(statvfs(path, &sizes), 0);
	assert_int_equal(one.size, (uint64_t)sizes.f_blocks * sizes.f_frsize);
}

/* Whatever may not answer is not passed on the way. */
static void
test_filesystem_behind_a_network(void **state)
{
	static const char *const types[] = { "nfs4", "cifs", "9p", "fuse.sshfs",
		"fuseblk", "virtiofs" };
	struct place *place = *state;
	struct pv_filesystem one;
	struct stat status;
	char path[128], text[512];

	snprintf(path, sizeof(path), "%s/mnt", place->root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(stat(path, &status), 0);
	if (major(status.st_dev) == 0)
		skip_test("/tmp is on no disk");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		/* above it, at its place, and beside it */
		for (unsigned n = 0; n < 3; n++) {
			snprintf(text, sizeof(text),
			    "24 1 %u:%u / %s rw - ext4 /dev/sda1 rw\n"
			    "25 1 0:9 / %s%s rw - %s x rw\n",
			    major(status.st_dev), minor(status.st_dev), path,
			    n == 1 ? path : place->root, n == 2 ? "/mn" : "",
			    types[i]);
			write_mountinfo(place, text);
			assert_int_equal(filesystems(place, &one), n == 2);
		}
	}
}

/* What is there is not what the list says. */
static void
test_filesystem_that_is_hidden(void **state)
{
	struct place *place = *state;
	struct pv_filesystem one;
	struct stat status;
	char text[512];

	snprintf(text, sizeof(text), "24 1 8:77 / %s rw - ext4 /dev/sda1 rw\n",
	    place->root);
	write_mountinfo(place, text);
	assert_int_equal(filesystems(place, &one), 0);
	write_mountinfo(place, "");
	assert_int_equal(filesystems(place, &one), 0);
	/* by another mount at its place, of whatever kind */
	if (stat(place->root, &status) < 0 || major(status.st_dev) == 0)
		skip_test("/tmp is on no disk");
	snprintf(text, sizeof(text),
	    "24 1 %u:%u / %s rw - ext4 /dev/sda1 rw\n"
	    "25 24 0:44 / %s rw - tmpfs tmpfs rw\n",
	    major(status.st_dev), minor(status.st_dev), place->root,
	    place->root);
	write_mountinfo(place, text);
	assert_int_equal(filesystems(place, &one), 0);
}

static void
make(const struct place *place, const char *path)
{
	char whole[320];

	for (size_t i = 1; i <= strlen(path); i++)
		if (path[i] == '/' || path[i] == '\0') {
			snprintf(whole, sizeof(whole), "%s/%.*s", place->root,
			    (int)i, path);
			assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
		}
}

/* A volume on an encrypted RAID: its partitions are told. */
static void
test_filesystem_of_layers(void **state)
{
	struct place *place = *state;
	struct pv_filesystem one;
	struct stat status;
	char path[160], text[512];

	assert_int_equal(stat(place->root, &status), 0);
	if (major(status.st_dev) == 0)
		skip_test("/tmp is on no disk");
	make(place, "sys/class/block/dm-1/slaves/dm-0");
	make(place, "sys/class/block/dm-0/slaves/md0");
	make(place, "sys/class/block/md0/slaves/sda2");
	make(place, "sys/class/block/md0/slaves/sdb2");
	make(place, "sys/class/block/sda2");
	make(place, "sys/dev/block");
	snprintf(path, sizeof(path), "%s/sys/dev/block/%u:%u", place->root,
	    major(status.st_dev), minor(status.st_dev));
	assert_int_equal(symlink("../../devices/virtual/block/dm-1", path), 0);
	snprintf(place->sys, sizeof(place->sys), "%s/sys", place->root);
	snprintf(text, sizeof(text),
	    "24 1 %u:%u / %s rw - ext4 /dev/mapper/root rw\n",
	    major(status.st_dev), minor(status.st_dev), place->root);
	write_mountinfo(place, text);
	assert_int_equal(filesystems(place, &one), 1);
	assert_int_equal(one.devices, 2);
	assert_true((strcmp(one.device[0], "/dev/sda2") == 0) !=
	    (strcmp(one.device[1], "/dev/sda2") == 0));
	assert_true((strcmp(one.device[0], "/dev/sdb2") == 0) !=
	    (strcmp(one.device[1], "/dev/sdb2") == 0));
}

/* ---- Memory, the owner, the clock ------------------------------------- */

static void
test_memory_is_that_of_sysinfo(void **state)
{
	struct place *place = *state;
	uint64_t available, committed;
	struct sysinfo info;

	assert_int_equal(place->port->memory(place->port->ctx, &available,
			     &committed),
	    PV_OK);
	assert_int_equal(sysinfo(&info), 0);
	assert_true(available > 0);
	assert_true(committed > 0);
	assert_in_range(available + committed,
	    (uint64_t)info.totalram * info.mem_unit / PV_PAGE_SIZE - 1,
	    (uint64_t)info.totalram * info.mem_unit / PV_PAGE_SIZE + 1);
}

static void
test_owner_is_asked_on_vmware_alone(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;

	assert_int_equal(port->request(port->ctx, PV_REQUEST_REBOOT, NULL),
	    PV_EBUSY);
	assert_int_equal(place->requests, 1);
	assert_int_equal(port->freeze(port->ctx, true), PV_EAGAIN);
	assert_int_equal(place->freezes, 1);
	assert_non_null(port->time);
	port_new(place, false);
	port = place->port;
	if (linux_port_is_vmware(place->linux_port))
		skip_test("this is a machine of VMware");
	assert_null(port->request);
	assert_null(port->freeze);
	assert_null(port->time);
}

/* Nothing here changes the clock: what is near enough, or too far to slew. */
static void
test_time_near_and_far(void **state)
{
	struct place *place = *state;
	const struct pv_port *port = place->port;
	struct timespec now;
	uint64_t wall;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
	wall = (uint64_t)now.tv_sec * PV_SECOND + (uint64_t)now.tv_nsec;
	assert_int_equal(port->time(port->ctx, PV_TIME_SAMPLE,
			     wall + 3600 * PV_SECOND, port->now(port->ctx)),
	    PV_ERANGE);
	assert_int_equal(port->time(port->ctx, PV_TIME_SAMPLE, UINT64_MAX,
			     port->now(port->ctx)),
	    PV_EINVAL);
}

#define case_of(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__) || defined(__i386__)
		case_of(test_backdoor_gated_by_cpuid),
		case_of(test_backdoor_that_faults_is_survived),
		case_of(test_backdoor_faults_with_its_signal_blocked),
		case_of(test_backdoor_beside_faults_of_others),
		case_of(test_backdoor_leaves_the_default),
#endif
		case_of(test_vsock_that_nobody_listens_at),
		case_of(test_vsock_both_ways),
		case_of(test_vsock_that_is_full_goes_on),
		case_of(test_vsock_that_ends_is_told_once),
		case_of(test_vsock_four_at_most),
		case_of(test_vsock_of_this_machine),
		case_of(test_change_of_an_address_is_noticed),
		case_of(test_flood_of_changes),
		case_of(test_routes_are_those_of_proc),
		case_of(test_filesystems_against_statvfs),
		case_of(test_filesystem_with_an_escaped_path),
		case_of(test_filesystem_behind_a_network),
		case_of(test_filesystem_that_is_hidden),
		case_of(test_filesystem_of_layers),
		case_of(test_memory_is_that_of_sysinfo),
		case_of(test_owner_is_asked_on_vmware_alone),
		case_of(test_time_near_and_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
