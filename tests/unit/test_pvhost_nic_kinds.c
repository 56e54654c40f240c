/* SPDX-License-Identifier: ISC */
/* The outer ends of pvhost's NICs: their words, two peers on one path, the
 * network in user space, and a tap where this process may have one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "programs/pvhost/nic.h"
#include "programs/pvhost/reply.h"
#include "tests/support/pvhost_stage.h"

#define FRAMES 1200u

/* One end, and what its guest gets. */
struct end {
	struct nic *nic;
	unsigned count;
	bool full;
	uint8_t bytes[2048];
	size_t length;
	unsigned wanted;
	/* one that is looked for: this is at that place */
	const uint8_t *look;
	size_t look_at, look_size;
	bool found;
};

struct lab {
	struct machine *machine;
	struct reply reply;
	char directory[64], path[96], words[128];
	struct end ends[3];
};

static int
lab_make(void **state)
{
	struct lab *lab = calloc(1, sizeof(*lab));

	lab->machine = stage_new();
	strcpy(lab->directory, "/tmp/pvhost-nic-XXXXXX");
	assert_non_null(mkdtemp(lab->directory));
	snprintf(lab->path, sizeof(lab->path), "%s/cable", lab->directory);
	snprintf(lab->words, sizeof(lab->words), "peer:%s", lab->path);
	*state = lab;
	return 0;
}

static int
lab_free(void **state)
{
	struct lab *lab = *state;

	for (unsigned i = 0; i < 3; i++)
		nic_close(lab->ends[i].nic);
	unlink(lab->path);
	/* nothing else is left behind */
	assert_int_equal(rmdir(lab->directory), 0);
	assert_null(lab->machine->loop.sources);
	stage_free(lab->machine);
	reply_free(&lab->reply);
	free(lab);
	return 0;
}

static bool
receive(void *ctx, const struct nic_frame *frame)
{
	struct end *end = ctx;

	if (end->full)
		return false;
	end->count++;
	end->length = frame->length;
	memcpy(end->bytes, frame->bytes,
	    frame->length < 2048 ? frame->length : 2048);
	if (end->look != NULL &&
	    frame->length >= end->look_at + end->look_size &&
	    memcmp(frame->bytes + end->look_at, end->look, end->look_size) ==
		0) {
		end->found = true;
		end->look = NULL;
	}
	return true;
}

static struct end *
open_end(struct lab *lab, unsigned number, const char *words)
{
	struct end *end = &lab->ends[number];

	end->nic = nic_open(lab->machine, words, number, &lab->reply);
	if (end->nic == NULL)
		return NULL;
	end->nic->receive = receive;
	end->nic->ctx = end;
	return end;
}

static void
close_end(struct end *end)
{
	nic_close(end->nic);
	end->nic = NULL;
}

static void
send_size(struct end *end, uint8_t value, size_t length)
{
	uint8_t bytes[2048];
	struct nic_frame frame = { .bytes = bytes, .length = length };

	memset(bytes, value, sizeof(bytes));
	nic_send(end->nic, &frame);
}

static bool
has_wanted(void *ctx)
{
	const struct end *end = ctx;

	return end->count >= end->wanted;
}

static bool
has_found(void *ctx)
{
	return ((const struct end *)ctx)->found;
}

static bool
comes(struct lab *lab, struct end *end, unsigned wanted)
{
	end->wanted = wanted;
	return stage_run(lab->machine, has_wanted, end);
}

/* ---- Words -------------------------------------------------------------- */

static void
test_words_that_are_none_are_told_apart(void **state)
{
	static const struct {
		const char *words, *says;
	} wrong[] = {
		{ "", "expected a NIC as" },
		{ "bridge", "expected a NIC as" },
		{ "use", "expected a NIC as" },
		{ "user,mac=1", "expected a MAC" },
		{ "user,mac=52:54:00:12:34:5g", "expected a MAC" },
		{ "user,mac=53:54:00:12:34:56", "the first byte" },
		{ "user,mtu=67", "expected an MTU" },
		{ "user,mtu=1e3", "expected an MTU" },
		{ "user,mtu=100000", "expected an MTU" },
		{ "tap", "expected tap:NAME" },
		{ "tap:much-too-long-for-one", "expected tap:NAME" },
		{ "tap:a%d", "expected tap:NAME" },
		{ "peer", "expected peer:PATH" },
		{ "peer:/nowhere/at/all", "No such file" },
	};
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(open_end(lab, 0, wrong[i].words));
		if (strstr(lab->reply.text, wrong[i].says) == NULL)
			fail_msg("%s: %s", wrong[i].words, lab->reply.text);
	}
}

static void
test_mac_and_mtu_stand_anywhere(void **state)
{
	static const uint8_t mac[] = { 0x02, 0, 0, 0xab, 0xcd, 0xef };
	struct lab *lab = *state;
	struct end *end;

	strcat(lab->words, ",mac=02:00:00:ab:CD:ef,mtu=9000");
	end = open_end(lab, 4 % 3, lab->words);
	assert_non_null(end);
	assert_memory_equal(end->nic->mac, mac, 6);
	assert_int_equal(end->nic->mtu, 9000);
	assert_string_equal(end->nic->name, "nic1");
}

/* ---- Peers -------------------------------------------------------------- */

static void
test_two_peers_exchange_frames(void **state)
{
	struct lab *lab = *state;
	struct end *a = open_end(lab, 0, lab->words);
	struct end *b = open_end(lab, 1, lab->words);

	assert_memory_not_equal(a->nic->mac, b->nic->mac, 6);
	send_size(a, 0x11, 60);
	send_size(b, 0x22, 1514);
	assert_true(comes(lab, a, 1));
	assert_true(comes(lab, b, 1));
	assert_int_equal(b->length, 60);
	assert_int_equal(b->bytes[59], 0x11);
	assert_int_equal(a->length, 1514);
	assert_int_equal(a->bytes[1513], 0x22);
}

static void
test_a_peer_may_come_again(void **state)
{
	struct lab *lab = *state;

	open_end(lab, 0, lab->words);
	open_end(lab, 1, lab->words);
	for (unsigned i = 0; i < 4; i++) {
		struct end *stays = &lab->ends[i % 2];
		struct end *goes = &lab->ends[1 - i % 2];
		uint64_t dropped = stays->nic->dropped;

		close_end(goes);
		send_size(stays, 1, 60); /* to nobody */
		assert_int_equal(stays->nic->dropped, dropped + 1);
		goes = open_end(lab, 1 - i % 2, lab->words);
		assert_non_null(goes);
		stays->count = goes->count = 0;
		send_size(goes, 2, 60);
		assert_true(comes(lab, stays, 1));
		send_size(stays, 3, 60);
		assert_true(comes(lab, goes, 1));
		assert_int_equal(goes->bytes[0], 3);
	}
}

static void
bind_and_die(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(name.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
}

static void
test_what_a_killed_peer_left_is_no_hindrance(void **state)
{
	struct lab *lab = *state;
	char second[128];

	snprintf(second, sizeof(second), "%s.2", lab->path);
	bind_and_die(lab->path);
	bind_and_die(second);
	assert_non_null(open_end(lab, 0, lab->words));
	assert_non_null(open_end(lab, 1, lab->words));
	send_size(&lab->ends[0], 1, 60);
	assert_true(comes(lab, &lab->ends[1], 1));
}

static void
test_a_third_peer_and_a_file_of_that_name_are_refused(void **state)
{
	struct lab *lab = *state;
	struct stat status;
	int fd;

	open_end(lab, 0, lab->words);
	open_end(lab, 1, lab->words);
	assert_null(open_end(lab, 2, lab->words));
	assert_non_null(strstr(lab->reply.text, "two ends"));
	close_end(&lab->ends[0]);
	close_end(&lab->ends[1]);
	fd = open(lab->path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	/* the other name is free, and the file is left alone */
	assert_non_null(open_end(lab, 0, lab->words));
	assert_int_equal(stat(lab->path, &status), 0);
	assert_true(S_ISREG(status.st_mode));
}

/* More than a socket holds, and a guest that takes its time. */
static void
test_a_burst_arrives_whole(void **state)
{
	struct lab *lab = *state;
	struct end *a = open_end(lab, 0, lab->words);
	struct end *b = open_end(lab, 1, lab->words);

	for (unsigned i = 0; i < 300; i++)
		send_size(a, (uint8_t)i, 1514);
	assert_true(comes(lab, b, 300));
	assert_int_equal(b->bytes[0], (uint8_t)299);
	assert_int_equal(a->nic->dropped + b->nic->dropped, 0);
}

static void
test_a_peer_that_reads_nothing_costs_a_bounded_number_of_frames(void **state)
{
	struct lab *lab = *state;
	struct end *a = open_end(lab, 0, lab->words);

	assert_non_null(open_end(lab, 1, lab->words));
	for (unsigned i = 0; i < 5 * FRAMES; i++)
		send_size(a, 1, 1514);
	assert_true(a->nic->dropped > FRAMES);
}

static void
test_datagrams_of_other_programs_are_not_believed(void **state)
{
	struct lab *lab = *state;
	struct end *end = open_end(lab, 0, lab->words);
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	static uint8_t bytes[NIC_FRAME_MAX + 100];
	const size_t sizes[] = { 1, 13, NIC_FRAME_MAX + 1, NIC_FRAME_MAX + 100,
		60 };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	strcpy(name.sun_path, lab->path);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(sendto(fd, bytes, sizes[i], 0,
				     (struct sockaddr *)&name, sizeof(name)),
		    sizes[i]);
	close(fd);
	assert_true(comes(lab, end, 1));
	assert_int_equal(end->length, 60);
	assert_int_equal(end->count, 1);
	assert_int_equal(end->nic->dropped, 4);
}

/* ---- The network in user space ------------------------------------------ */

#ifdef HAVE_SLIRP
#define GUEST "\x52\x54\x00\x12\x34\x56"
#define BROADCAST "\xff\xff\xff\xff\xff\xff"

static void
send_bytes(struct end *end, const char *bytes, size_t length)
{
	struct nic_frame frame = { .bytes = (const uint8_t *)bytes,
		.length = length };

	nic_send(end->nic, &frame);
}
#define SEND(end, bytes) send_bytes(end, bytes, sizeof(bytes) - 1)

static bool
finds(struct lab *lab, struct end *end, size_t at, const char *bytes,
    size_t size)
{
	end->look = (const uint8_t *)bytes;
	end->look_at = at;
	end->look_size = size;
	end->found = false;
	return stage_run(lab->machine, has_found, end);
}
#define FINDS(lab, end, at, bytes) finds(lab, end, at, bytes, sizeof(bytes) - 1)

/* The guest says who it is: 10.0.2.15. */
static struct end *
open_user(struct lab *lab, const char *words)
{
	struct end *end = open_end(lab, 0, words);

	assert_non_null(end);
	SEND(end,
	    BROADCAST GUEST
	    "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" GUEST
	    "\x0a\x00\x02\x0f\x00\x00\x00\x00\x00\x00\x0a\x00\x02\x02");
	/* the way out has such a MAC (libslirp) */
	assert_true(FINDS(lab, end, 20,
	    "\x00\x02\x52\x55\x0a\x00\x02\x02\x0a\x00\x02\x02"));
	return end;
}

static void
test_the_way_out_answers_a_ping(void **state)
{
	struct lab *lab = *state;
	struct end *end = open_user(lab, "user");

	SEND(end,
	    "\x52\x55\x0a\x00\x02\x02" GUEST "\x08\x00"
	    "\x45\x00\x00\x1c\x00\x01\x00\x00\x40\x01\x62\xd0"
	    "\x0a\x00\x02\x0f\x0a\x00\x02\x02"
	    "\x08\x00\xf7\xfc\x00\x01\x00\x02");
	assert_true(FINDS(lab, end, 34, "\x00\x00\xff\xfc\x00\x01\x00\x02"));
	assert_memory_equal(end->bytes, GUEST, 6);
}

static void
test_dhcp_has_an_address(void **state)
{
	struct lab *lab = *state;
	struct end *end = open_end(lab, 0, "user");
	static uint8_t bytes[14 + 20 + 8 + 300] = BROADCAST GUEST
	    "\x08\x00"
	    "\x45\x00\x01\x48\x00\x00\x00\x00\x40\x11\x79\xa6"
	    "\x00\x00\x00\x00\xff\xff\xff\xff"
	    "\x00\x44\x00\x43\x01\x34\x00\x00"
	    "\x01\x01\x06\x00\x12\x34\x56\x78";

	memcpy(bytes + 42 + 28, GUEST, 6);
	memcpy(bytes + 42 + 236, "\x63\x82\x53\x63\x35\x01\x01\xff", 8);
	send_bytes(end, (const char *)bytes, sizeof(bytes));
	/* yiaddr */
	assert_true(FINDS(lab, end, 42 + 16, "\x0a\x00\x02\x0f"));
}

static int
listener(uint16_t *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(name);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 5), 0);
	getsockname(fd, (struct sockaddr *)&name, &size);
	*port = ntohs(name.sin_port);
	return fd;
}

/* SYN to a port of 10.0.2.2, its checksum for the NIC to complete. */
static void
send_syn(struct end *end, uint16_t port)
{
	uint8_t bytes[54] = "\x52\x55\x0a\x00\x02\x02" GUEST "\x08\x00"
			    "\x45\x00\x00\x28\x00\x01\x00\x00\x40\x06\x62\xbf"
			    "\x0a\x00\x02\x0f\x0a\x00\x02\x02"
			    "\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"
			    "\x50\x02\xff\xff";
	struct nic_frame frame = { .bytes = bytes,
		.length = sizeof(bytes),
		.blank = true };

	bytes[36] = (uint8_t)(port >> 8);
	bytes[37] = (uint8_t)port;
	nic_send(end->nic, &frame);
}

static void
test_services_of_this_machine_are_not_the_guests_unless_said(void **state)
{
	struct lab *lab = *state;
	uint16_t port;
	int fd = listener(&port);
	struct end *end = open_user(lab, "user");

	send_syn(end, port);
	/* ICMP: not to be reached */
	assert_true(FINDS(lab, end, 34, "\x03"));
	assert_int_equal(end->bytes[23], 1);
	assert_true(accept(fd, NULL, NULL) < 0);
	close(fd);
}

static void
test_loopback_lets_the_guest_reach_this_machine(void **state)
{
	struct lab *lab = *state;
	uint16_t port;
	int fd = listener(&port);
	struct end *end = open_user(lab, "user,loopback");

	send_syn(end, port);
	/* SYN and ACK */
	assert_true(FINDS(lab, end, 47, "\x12"));
	close(fd);
}

static void
test_a_forwarded_port_reaches_the_guest(void **state)
{
	struct lab *lab = *state;
	struct sockaddr_in name = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct end *end;
	uint16_t port;
	int fd = listener(&port);
	char words[64];

	snprintf(words, sizeof(words), "user,forward=tcp:%u:22", port);
	assert_null(open_end(lab, 0, words));
	assert_non_null(strstr(lab->reply.text, "cannot be had"));
	close(fd);
	strcat(words, ",restrict");
	end = open_user(lab, words);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	name.sin_port = htons(port);
	(void)connect(fd, (struct sockaddr *)&name, sizeof(name));
	/* to port 22 */
	assert_true(FINDS(lab, end, 36, "\x00\x16"));
	close(fd);
}

static void
test_words_of_user_that_are_none(void **state)
{
	static const char *const wrong[] = { "user,forward=tcp:1",
		"user,forward=tcp:0:22", "user,forward=sctp:1:2",
		"user,forward=tcp:1:70000", "user,forward=tcp:1:2:3",
		"user,loop", "user:x" };
	struct lab *lab = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(open_end(lab, 0, wrong[i]));
		if (strstr(lab->reply.text, "expected forward=") == NULL)
			fail_msg("%s: %s", wrong[i], lab->reply.text);
	}
}

static void
test_a_guest_without_room_gets_its_frames_later(void **state)
{
	struct lab *lab = *state;
	struct end *end = open_user(lab, "user");

	end->full = true;
	end->count = 0;
	for (unsigned i = 0; i < 5; i++)
		SEND(end,
		    "\x52\x55\x0a\x00\x02\x02" GUEST "\x08\x00"
		    "\x45\x00\x00\x1c\x00\x01\x00\x00\x40\x01\x62\xd0"
		    "\x0a\x00\x02\x0f\x0a\x00\x02\x02"
		    "\x08\x00\xf7\xfc\x00\x01\x00\x02");
	end->wanted = 0;
	stage_run(lab->machine, has_wanted, end);
	loop_once(&lab->machine->loop, 0);
	stage_pass(lab->machine, 1000000);
	end->full = false;
	assert_true(comes(lab, end, 5));
	assert_int_equal(end->nic->dropped, 0);
}

static void
test_nonsense_of_a_guest_ends_nothing(void **state)
{
	struct lab *lab = *state;
	struct end *end = open_user(lab, "user");
	uint64_t seed = 7;

	for (unsigned i = 0; i < 3000; i++) {
		uint8_t bytes[200] = "\x52\x55\x0a\x00\x02\x02" GUEST
				     "\x08\x00\x45\x00\x00\xba";
		struct nic_frame frame = { .bytes = bytes };

		for (unsigned n = i % 3 == 0 ? 12 : 18; n < 200; n++) {
			seed = seed * 6364136223846793005u + 1;
			bytes[n] = (uint8_t)(seed >> 40);
		}
		bytes[30] = 10, bytes[31] = 0, bytes[32] = 2;
		frame.length = 14 + (seed >> 33) % 187;
		nic_send(end->nic, &frame);
		loop_once(&lab->machine->loop, 0);
	}
	end->look = NULL;
	SEND(end,
	    "\x52\x55\x0a\x00\x02\x02" GUEST "\x08\x00"
	    "\x45\x00\x00\x1c\x00\x01\x00\x00\x40\x01\x62\xd0"
	    "\x0a\x00\x02\x0f\x0a\x00\x02\x02"
	    "\x08\x00\xf7\xfc\x00\x01\x00\x02");
	assert_true(FINDS(lab, end, 34, "\x00\x00\xff\xfc\x00\x01\x00\x02"));
}
#else
static void
test_without_libslirp_user_says_so(void **state)
{
	struct lab *lab = *state;

	assert_null(open_end(lab, 0, "user"));
	assert_non_null(strstr(lab->reply.text, "without libslirp"));
}
#endif

/* ---- A tap -------------------------------------------------------------- */

#define TAP "pvtest0"

static bool
configure(const char *name)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool good;

	strcpy(request.ifr_name, name);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(0xc0000209); /* 192.0.2.9 */
	good = ioctl(fd, SIOCSIFADDR, &request) == 0;
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	good = ioctl(fd, SIOCSIFFLAGS, &request) == 0 && good;
	close(fd);
	return good;
}

static void
test_linux_answers_on_a_tap(void **state)
{
	struct lab *lab = *state;
	struct end *end = open_end(lab, 0, "tap:" TAP);
	static const uint8_t request[60] =
	    "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x08\x06"
	    "\x00\x01\x08\x00\x06\x04\x00\x01"
	    "\x02\x00\x00\x00\x00\x01\xc0\x00\x02\x0a"
	    "\x00\x00\x00\x00\x00\x00\xc0\x00\x02\x09";
	struct nic_frame frame = { .bytes = request, .length = 60 };

	if (end == NULL || !configure(TAP))
		skip();
	end->look = (const uint8_t *)"\xc0\x00\x02\x09\x02\x00\x00\x00\x00\x01";
	end->look_at = 28;
	end->look_size = 10;
	nic_send(end->nic, &frame);
	assert_true(stage_run(lab->machine, has_found, end));
	assert_int_equal(end->nic->sent, 1);
}

int
main(void)
{
#define LAB(test) cmocka_unit_test_setup_teardown(test, lab_make, lab_free)
	static const struct CMUnitTest tests[] = {
		LAB(test_words_that_are_none_are_told_apart),
		LAB(test_mac_and_mtu_stand_anywhere),
		LAB(test_two_peers_exchange_frames),
		LAB(test_a_peer_may_come_again),
		LAB(test_what_a_killed_peer_left_is_no_hindrance),
		LAB(test_a_third_peer_and_a_file_of_that_name_are_refused),
		LAB(test_a_burst_arrives_whole),
		LAB(test_a_peer_that_reads_nothing_costs_a_bounded_number_of_frames),
		LAB(test_datagrams_of_other_programs_are_not_believed),
#ifdef HAVE_SLIRP
		LAB(test_the_way_out_answers_a_ping),
		LAB(test_dhcp_has_an_address),
		LAB(test_services_of_this_machine_are_not_the_guests_unless_said),
		LAB(test_loopback_lets_the_guest_reach_this_machine),
		LAB(test_a_forwarded_port_reaches_the_guest),
		LAB(test_words_of_user_that_are_none),
		LAB(test_a_guest_without_room_gets_its_frames_later),
		LAB(test_nonsense_of_a_guest_ends_nothing),
#else
		LAB(test_without_libslirp_user_says_so),
#endif
		LAB(test_linux_answers_on_a_tap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
