/* SPDX-License-Identifier: ISC */

/*
 *	peer INTERFACE
 *
 * What a guest's network interface talks to, on the bridge in dom0.  Frames,
 * by their EtherType (the first two are IEEE 802's "local experimental"):
 *
 *	0x88b5	sent back as they are, with the addresses exchanged
 *	0x88b6	counted; after 0x88b7 the count is sent
 *	0x88b7	a question: the 8 bytes behind the header are a command
 *		(little endian: 2 bytes what, 2 bytes a frame's size, 4 bytes
 *		milliseconds), answered by a 0x88b7 frame with the command and
 *		8 bytes more, a number
 *			1	how many 0x88b6 frames came since the last
 *				such question?
 *			2	send 0x88b6 frames of that size for so long; the
 *				answer comes behind them: how many were sent
 *
 * And UDP port 7: each datagram goes back to its sender.
 */
#define _GNU_SOURCE /* sendmmsg */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TYPE_ECHO 0x88b5
#define TYPE_COUNT 0x88b6
#define TYPE_ASK 0x88b7
#define HEADER 14
#define LARGEST 65536
#define BATCH 32
#define BUFFER (8 << 20) /* of a socket: nothing may be lost here */

struct command {
	uint16_t what, size;
	uint32_t ms;
	uint64_t number;
};

static uint8_t own[6];
static uint64_t counted;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
large_buffers(int fd)
{
	int size = BUFFER;

	/* beyond what rmem_max allows to others */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
		fail("SO_RCVBUFFORCE");
}

static int
frames_of(const char *interface, uint16_t type)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(type));

	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
		fail(interface);
	large_buffers(fd);
	return fd;
}

static int
datagrams(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(7) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
		fail("UDP port 7");
	large_buffers(fd);
	return fd;
}

static void
own_address(int fd, const char *interface)
{
	struct ifreq request = { 0 };

	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		fail(interface);
	memcpy(own, request.ifr_hwaddr.sa_data, 6);
}

/* Turn a frame round; one that was for a group comes from us. */
static void
turn(uint8_t *frame)
{
	uint8_t to[6];

	memcpy(to, frame, 6);
	memcpy(frame, frame + 6, 6);
	memcpy(frame + 6, (to[0] & 1) != 0 ? own : to, 6);
}

/* A device's queue that is full is a reason to wait, not to lose a frame. */
static void
send_frame(int fd, const void *frame, size_t len)
{
	while (send(fd, frame, len, 0) < 0)
		usleep(100);
}

static void
echo(int fd)
{
	static uint8_t frame[LARGEST];
	ssize_t n;

	for (int i = 0; i < BATCH; i++) {
		n = recv(fd, frame, sizeof frame, MSG_DONTWAIT);
		if (n < HEADER)
			return;
		turn(frame);
		send_frame(fd, frame, (size_t)n);
	}
}

static void
count(int fd)
{
	static uint8_t room[BATCH][64];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH];
	int n;

	memset(messages, 0, sizeof messages);
	for (int i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){ room[i], sizeof room[i] };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		if (n > 0)
			counted += (uint64_t)n;
	} while (n == BATCH);
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t
flood(int fd, const uint8_t *header, const struct command *command)
{
	static uint8_t frame[LARGEST];
	struct iovec piece = { frame, command->size };
	struct mmsghdr messages[BATCH];
	uint64_t end = now_ms() + command->ms, sent = 0;
	int n;

	if (command->size < HEADER)
		return 0;
	memcpy(frame, header, 12);
	frame[12] = TYPE_COUNT >> 8, frame[13] = TYPE_COUNT & 0xff;
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &piece;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	while (now_ms() < end) {
		n = sendmmsg(fd, messages, BATCH, 0);
		if (n > 0)
			sent += (uint64_t)n;
		else
			usleep(100);
	}
	return sent;
}

static void
answer(int fd, int counter)
{
	uint8_t frame[128] = { 0 };
	struct command command;

	if (recv(fd, frame, sizeof frame, MSG_DONTWAIT) < HEADER + 8)
		return;
	turn(frame);
	memcpy(&command, frame + HEADER, sizeof command);
	command.number = 0;
	if (command.what == 1) {
		count(counter); /* those that came before the question */
		command.number = counted;
		counted = 0;
	} else if (command.what == 2) {
		command.number = flood(fd, frame, &command);
	}
	memcpy(frame + HEADER, &command, sizeof command);
	send_frame(fd, frame, 60);
}

static void
echo_datagrams(int fd)
{
	static char data[LARGEST];
	struct sockaddr_in from;
	socklen_t size;
	ssize_t n;

	for (int i = 0; i < BATCH; i++) {
		size = sizeof from;
		n = recvfrom(fd, data, sizeof data, MSG_DONTWAIT,
		    (struct sockaddr *)&from, &size);
		if (n < 0)
			return;
		while (sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from,
			   size) < 0)
			usleep(100);
	}
}

int
main(int argc, char **argv)
{
	struct pollfd fds[4];

	if (argc != 2) {
		fprintf(stderr, "usage: peer INTERFACE\n");
		return 2;
	}
	fds[0].fd = frames_of(argv[1], TYPE_ECHO);
	fds[1].fd = frames_of(argv[1], TYPE_COUNT);
	fds[2].fd = frames_of(argv[1], TYPE_ASK);
	fds[3].fd = datagrams();
	own_address(fds[0].fd, argv[1]);
	for (int i = 0; i < 4; i++)
		fds[i].events = POLLIN;
	for (;;) {
		if (poll(fds, 4, -1) < 0)
			fail("poll");
		if (fds[0].revents != 0)
			echo(fds[0].fd);
		if (fds[1].revents != 0)
			count(fds[1].fd);
		if (fds[2].revents != 0)
			answer(fds[2].fd, fds[1].fd);
		if (fds[3].revents != 0)
			echo_datagrams(fds[3].fd);
	}
}
