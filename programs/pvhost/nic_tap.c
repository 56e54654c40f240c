/* SPDX-License-Identifier: ISC */
/*
 * A tap of Linux: /dev/net/tun, with the header of virtio before each frame, by
 * which blank checksums and long frames of TCP pass as they are.
 * Sources: Linux Documentation/networking/tuntap.rst; virtio 1.2, section 5.1.6.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "programs/pvhost/nic_offload.h"
#include "programs/pvhost/nic_pull.h"
#include "programs/pvhost/reply.h"

#define TUN "/dev/net/tun"
#define TCP_CWR 0x80u

struct tap {
	struct nic *nic;
	struct nic_pull pull;
	int fd;
	struct loop_source source; /* without it while nothing is wanted */
	uint8_t bytes[NIC_FRAME_MAX];
};

/* ---- From the guest ---------------------------------------------------- */

static void
ask_for_segments(struct virtio_net_hdr *header, const struct nic_layout *at,
    const struct nic_frame *frame)
{
	if (frame->segment_size == 0 ||
	    at->end - at->payload <= frame->segment_size)
		return;
	header->gso_type = at->v6 ? VIRTIO_NET_HDR_GSO_TCPV6
				  : VIRTIO_NET_HDR_GSO_TCPV4;
	if ((frame->bytes[at->transport + 13] & TCP_CWR) != 0)
		header->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	header->gso_size = frame->segment_size;
	header->hdr_len = (uint16_t)at->payload;
}

static void
tap_send(void *self, const struct nic_frame *frame)
{
	struct tap *tap = self;
	struct virtio_net_hdr header = { 0 };
	uint8_t headers[NIC_HEADERS_MAX];
	struct nic_layout at;
	struct iovec parts[3] = { { &header, sizeof(header) } };
	size_t before = 0;
	union {
		const uint8_t *from;
		void *iov; /* writev(2) does not change it */
	} rest;

	bool prepared = (frame->blank || frame->segment_size != 0) &&
	    nic_prepare(headers, &at, frame);

	if (frame->segment_size != 0 &&
	    (!prepared || frame->segment_size < NIC_SEGMENT_MIN)) {
		tap->nic->dropped++;
		return;
	}
	if (prepared) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = (uint16_t)at.transport;
		header.csum_offset = (uint16_t)(at.checksum - at.transport);
		ask_for_segments(&header, &at, frame);
		before = at.payload;
	}
	rest.from = frame->bytes + before;
	parts[1] = (struct iovec){ headers, before };
	parts[2] = (struct iovec){ rest.iov, frame->length - before };
	if (writev(tap->fd, parts, 3) < 0)
		tap->nic->dropped++;
	else
		tap->nic->sent++;
}

/* ---- To the guest ------------------------------------------------------ */

/* What Linux left blank may lie deeper than others look: in a tunnel. */
static void
complete_odd(struct tap *tap, const struct virtio_net_hdr *header,
    struct nic_frame *frame)
{
	struct nic_layout at;

	if (!frame->blank || frame->segment_size != 0 ||
	    (nic_layout(&at, frame) && at.transport == header->csum_start))
		return;
	frame->blank = false;
	frame->valid = nic_complete_at(tap->bytes, frame->length,
	    header->csum_start, header->csum_offset);
}

static bool
tap_next(void *self, struct nic_frame *frame)
{
	struct tap *tap = self;
	struct virtio_net_hdr header;
	struct iovec parts[2] = { { &header, sizeof(header) },
		{ tap->bytes, sizeof(tap->bytes) } };
	ssize_t size = readv(tap->fd, parts, 2);

	if (size < 0 && errno != EAGAIN && errno != EINTR) {
		say("%s: the tap is gone: %s", tap->nic->name, strerror(errno));
		tap->source.fd = -1;
	}
	if (size <= (ssize_t)sizeof(header))
		return false;
	*frame = (struct nic_frame){
		.bytes = tap->bytes,
		.length = (size_t)size - sizeof(header),
		.blank = (header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0,
		.valid = (header.flags & VIRTIO_NET_HDR_F_DATA_VALID) != 0,
	};
	if ((header.gso_type & ~VIRTIO_NET_HDR_GSO_ECN) !=
	    VIRTIO_NET_HDR_GSO_NONE)
		frame->segment_size = header.gso_size;
	complete_odd(tap, &header, frame);
	return true;
}

static void
tap_watch(void *self, bool wanted)
{
	struct tap *tap = self;

	tap->source.fd = wanted ? tap->fd : -1;
}

static void
tap_ready(void *ctx, short revents)
{
	struct tap *tap = ctx;

	(void)revents;
	nic_pull(&tap->pull);
}

/* ---- Open and close ---------------------------------------------------- */

static bool
name_fits(const char *name, struct reply *reply)
{
	size_t length = strlen(name);

	if (length > 0 && length < IFNAMSIZ && strpbrk(name, "/%,: \t") == NULL)
		return true;
	return reply_no(reply,
	    "expected tap:NAME with a name of up to %u letters, "
	    "got \"tap:%s\"",
	    IFNAMSIZ - 1, name);
}

static bool
refuse(const char *name, const char *what, struct reply *reply)
{
	int error = errno;
	const char *hint = "";

	if (error == EPERM || error == EACCES)
		hint = "; as root: ip tuntap add NAME mode tap user USER";
	else if (error == EBUSY)
		hint = "; another program has it";
	else if (error == ENOENT || error == ENODEV)
		hint = "; as root: modprobe tun";
	else if (error == EINVAL)
		hint = "; is there a device of that name that is no tap?";
	return reply_no(reply, "tap %s: %s: %s%s", name, what, strerror(error),
	    hint);
}

static bool
attach(struct tap *tap, const char *name, struct reply *reply)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI |
		    IFF_VNET_HDR };
	int size = sizeof(struct virtio_net_hdr);

	memcpy(request.ifr_name, name, strlen(name));
	tap->fd = open(TUN, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0)
		return refuse(name, TUN, reply);
	if (ioctl(tap->fd, TUNSETIFF, &request) != 0 ||
	    ioctl(tap->fd, TUNSETVNETHDRSZ, &size) != 0)
		return refuse(name, "cannot be used", reply);
	/* without it, the kernel does the work before we read */
	(void)ioctl(tap->fd, TUNSETOFFLOAD,
	    TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
	return true;
}

static void
tap_close(void *self)
{
	struct tap *tap = self;

	nic_pull_end(&tap->pull);
	loop_remove(&tap->source);
	close(tap->fd);
	free(tap);
}

static void *
tap_open(struct nic *nic, struct machine *machine, const char *words,
    struct reply *reply)
{
	struct tap *tap;

	if (!name_fits(words, reply))
		return NULL;
	tap = calloc(1, sizeof(*tap));
	if (tap == NULL) {
		reply_no(reply, "out of memory");
		return NULL;
	}
	tap->nic = nic;
	tap->source = (struct loop_source){ .fd = -1,
		.events = POLLIN,
		.call = tap_ready,
		.ctx = tap };
	tap->pull = (struct nic_pull){ .nic = nic,
		.machine = machine,
		.next = tap_next,
		.watch = tap_watch,
		.self = tap };
	if (!attach(tap, words, reply)) {
		if (tap->fd >= 0)
			close(tap->fd);
		free(tap);
		return NULL;
	}
	nic->offload = true;
	tap->source.fd = tap->fd;
	loop_add(&machine->loop, &tap->source);
	return tap;
}

const struct nic_kind nic_tap = { "tap", tap_open, tap_close, tap_send };
