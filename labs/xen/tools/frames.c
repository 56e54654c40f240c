/* SPDX-License-Identifier: ISC */

/*
 *	frames INTERFACE echo COUNT MIN MAX
 *	frames INTERFACE tx|rx SIZE MILLISECONDS
 *
 * What pvguest's `nic` does, in Linux, with peer.c on the other side; sizes
 * are those of frames with their header of 14 bytes.
 *
 * echo: COUNT frames of MIN, MIN + 1, ... MAX, MIN, ... bytes go out and must
 * come back as they were; status 1 if not.  tx, rx: a line with the frames per
 * second that arrived.
 */
#define _GNU_SOURCE /* sendmmsg */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdbool.h>
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
#define WINDOW 64      /* echoes on their way */
#define PATIENCE 10000 /* milliseconds for one frame */
#define BUFFER (8 << 20)

struct command {
	uint16_t what, size;
	uint32_t ms;
	uint64_t number;
};

static uint8_t own[6], peer[6] = { 255, 255, 255, 255, 255, 255 };

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static int
frames_of(const char *interface, uint16_t type)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_protocol = htons(type),
		.sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(type)), size = BUFFER;
	struct ifreq request = { 0 };

	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
		fail(interface);
	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request) != 0)
		fail(interface);
	memcpy(own, request.ifr_hwaddr.sa_data, 6);
	return fd;
}

static void
head(uint8_t *frame, uint16_t type)
{
	memcpy(frame, peer, 6);
	memcpy(frame + 6, own, 6);
	frame[12] = (uint8_t)(type >> 8), frame[13] = (uint8_t)type;
}

static void
send_frame(int fd, const uint8_t *frame, size_t len)
{
	while (send(fd, frame, len, 0) < 0)
		usleep(100);
}

static bool
wait_for(int fd, int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, ms) > 0;
}

static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void
ask(int fd, const struct command *command)
{
	uint8_t frame[60] = { 0 };

	head(frame, TYPE_ASK);
	memcpy(frame + HEADER, command, sizeof *command);
	send_frame(fd, frame, sizeof frame);
}

static uint64_t
answer(int fd, int ms)
{
	struct command command;
	uint8_t frame[128];

	if (!wait_for(fd, ms) || recv(fd, frame, sizeof frame, 0) < 38) {
		fprintf(stderr, "no answer from the peer\n");
		exit(1);
	}
	memcpy(peer, frame + 6, 6);
	memcpy(&command, frame + HEADER, sizeof command);
	return command.number;
}

/* Reset the peer's counter, and learn its address by the way. */
static uint64_t
count_of_peer(int fd)
{
	ask(fd, &(struct command){ .what = 1 });
	return answer(fd, PATIENCE);
}

static int
discard(int fd)
{
	static uint8_t room[BATCH][64];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH];

	memset(messages, 0, sizeof messages);
	for (int i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){ room[i], sizeof room[i] };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	return recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
}

static void
result(const char *way, size_t size, uint64_t frames, uint64_t us)
{
	printf("%s %zu: %llu frames/s, %llu frames in %llu us\n", way, size,
	    (unsigned long long)(frames * 1000000 / us),
	    (unsigned long long)frames, (unsigned long long)us);
}

static void
tx(const char *interface, size_t size, unsigned ms)
{
	static uint8_t frame[LARGEST];
	struct iovec piece = { frame, size };
	struct mmsghdr messages[BATCH];
	int fd = frames_of(interface, TYPE_COUNT);
	int control = frames_of(interface, TYPE_ASK);
	uint64_t start, end;

	count_of_peer(control);
	head(frame, TYPE_COUNT);
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < BATCH; i++) {
		messages[i].msg_hdr.msg_iov = &piece;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	start = now_us();
	do {
		if (sendmmsg(fd, messages, BATCH, 0) < 0)
			usleep(100);
		end = now_us();
	} while (end - start < ms * 1000ull);
	/* the question goes behind the frames, so the time is theirs, too */
	ask(control, &(struct command){ .what = 1 });
	result("tx", size, answer(control, PATIENCE), now_us() - start);
}

static void
rx(const char *interface, size_t size, unsigned ms)
{
	int fd = frames_of(interface, TYPE_COUNT);
	int control = frames_of(interface, TYPE_ASK);
	uint64_t frames = 0, start;
	int n;

	count_of_peer(control);
	start = now_us();
	ask(control,
	    &(struct command){ .what = 2, .size = (uint16_t)size, .ms = ms });
	do {
		wait_for(fd, 1);
		while ((n = discard(fd)) > 0)
			frames += (uint64_t)n;
	} while (!wait_for(control, 0) &&
	    now_us() - start < (ms + PATIENCE) * 1000ull);
	while ((n = discard(fd)) > 0)
		frames += (uint64_t)n;
	result("rx", size, frames, now_us() - start);
}

/* Frame n holds its number, as far as it has room, and a pattern. */
static void
fill(uint8_t *frame, size_t size, unsigned n)
{
	for (size_t i = HEADER; i < size; i++)
		frame[i] = i < HEADER + 4 ? (uint8_t)(n >> (i - HEADER) * 8)
					  : (uint8_t)(n + i);
}

static int
echo(const char *interface, unsigned count, size_t min, size_t max)
{
	static uint8_t frame[LARGEST], got[LARGEST];
	int fd = frames_of(interface, TYPE_ECHO);
	size_t range = max - min + 1;
	unsigned sent = 0, back = 0;

	count_of_peer(frames_of(interface, TYPE_ASK));
	head(frame, TYPE_ECHO);
	while (back < count) {
		for (; sent < count && sent - back < WINDOW; sent++) {
			fill(frame, min + sent % range, sent);
			send_frame(fd, frame, min + sent % range);
		}
		if (!wait_for(fd, PATIENCE)) {
			printf("frame %u of %u did not come back\n", back,
			    count);
			return 1;
		}
		fill(frame, min + back % range, back);
		if (recv(fd, got, sizeof got, 0) !=
			(ssize_t)(min + back % range) ||
		    memcmp(got, own, 6) != 0 || memcmp(got + 6, peer, 6) != 0 ||
		    memcmp(got + 12, frame + 12, min + back % range - 12) !=
			0) {
			printf("frame %u came back changed\n", back);
			return 1;
		}
		back++;
	}
	printf("%u frames of %zu to %zu bytes\n", count, min, max);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[2], "echo") == 0)
		return echo(argv[1], (unsigned)atoi(argv[3]),
		    (size_t)atoi(argv[4]), (size_t)atoi(argv[5]));
	if (argc == 5 && strcmp(argv[2], "tx") == 0)
		tx(argv[1], (size_t)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else if (argc == 5 && strcmp(argv[2], "rx") == 0)
		rx(argv[1], (size_t)atoi(argv[3]), (unsigned)atoi(argv[4]));
	else {
		fprintf(stderr,
		    "usage: frames INTERFACE echo COUNT MIN MAX\n"
		    "       frames INTERFACE tx|rx SIZE MS\n");
		return 2;
	}
	return 0;
}
