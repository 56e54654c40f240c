/* SPDX-License-Identifier: ISC */
/*
 * fake_kvp: /dev/vmbus/hv_kvp as Linux's hv_utils makes it, by CUSE, for a
 * machine whose host has no key/value exchange.  One opener, reads that block,
 * messages of one size (drivers/hv/hv_utils_transport.c, hv_kvp.c).
 *
 * Asks the daemon what standard input says, a line each, and prints its answer:
 *	set POOL KEY VALUE	get POOL KEY	delete POOL KEY
 *	enumerate POOL INDEX	ip MAC
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fuse3/cuse_lowlevel.h>
#include <linux/hyperv.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool opened, registered, waiting, answered;
static struct hv_kvp_msg request, answer;
static struct fuse_pollhandle *poller;
static fuse_req_t reader;

/* With the lock held. */
static void
hand_out(void)
{
	if (reader != NULL) {
		fuse_reply_buf(reader, (const char *)&request, sizeof(request));
		reader = NULL;
		waiting = false;
		pthread_cond_broadcast(&changed);
	}
	if (poller != NULL) {
		fuse_lowlevel_notify_poll(poller);
		fuse_pollhandle_destroy(poller);
		poller = NULL;
	}
}

static void
kvp_open(fuse_req_t req, struct fuse_file_info *fi)
{
	pthread_mutex_lock(&lock);
	if (opened)
		fuse_reply_err(req, EBUSY);
	else {
		opened = true;
		fuse_reply_open(req, fi);
	}
	pthread_mutex_unlock(&lock);
}

static void
kvp_release(fuse_req_t req, struct fuse_file_info *fi)
{
	(void)fi;
	pthread_mutex_lock(&lock);
	opened = registered = waiting = false;
	printf("closed\n");
	pthread_mutex_unlock(&lock);
	fuse_reply_err(req, 0);
}

static void
kvp_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{
	(void)off;
	(void)fi;
	pthread_mutex_lock(&lock);
	if (size < sizeof(request))
		fuse_reply_err(req, EINVAL);
	else {
		reader = req; /* blocks, whatever O_NONBLOCK says */
		if (waiting)
			hand_out();
	}
	pthread_mutex_unlock(&lock);
}

static void
kvp_write(fuse_req_t req, const char *buf, size_t size, off_t off,
    struct fuse_file_info *fi)
{
	(void)off;
	(void)fi;
	if (size < sizeof(answer)) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	pthread_mutex_lock(&lock);
	memcpy(&answer, buf, sizeof(answer));
	if (!registered && answer.kvp_hdr.operation == KVP_OP_REGISTER1) {
		registered = waiting = true;
		request = answer;
		strcpy((char *)request.body.kvp_register.version, "3.1");
		printf("registered\n");
		hand_out();
	} else
		answered = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	fuse_reply_write(req, size);
}

static void
kvp_poll(fuse_req_t req, struct fuse_file_info *fi, struct fuse_pollhandle *ph)
{
	(void)fi;
	pthread_mutex_lock(&lock);
	if (ph != NULL) {
		if (poller != NULL)
			fuse_pollhandle_destroy(poller);
		poller = ph;
	}
	fuse_reply_poll(req, waiting ? POLLIN | POLLRDNORM : 0);
	pthread_mutex_unlock(&lock);
}

static void
ask(const struct hv_kvp_msg *wanted)
{
	pthread_mutex_lock(&lock);
	while (!registered || waiting)
		pthread_cond_wait(&changed, &lock);
	request = *wanted;
	waiting = true;
	answered = false;
	hand_out();
	while (!answered)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void
obey(char *line)
{
	char word[16], key[512] = "", value[2048] = "";
	struct hv_kvp_msg wanted;
	unsigned pool = 0, index;
	struct hv_kvp_exchg_msg_value *item = &wanted.body.kvp_set.data;

	memset(&wanted, 0, sizeof(request));
	if (sscanf(line, "set %u %511s %2047[^\n]", &pool, key, value) == 3) {
		wanted.kvp_hdr.operation = KVP_OP_SET;
		item->value_type = 1;
		item->value_size = (uint32_t)strlen(value) + 1;
		strcpy((char *)item->value, value);
	} else if (sscanf(line, "get %u %511s", &pool, key) == 2)
		wanted.kvp_hdr.operation = KVP_OP_GET;
	else if (sscanf(line, "delete %u %511s", &pool, key) == 2) {
		wanted.kvp_hdr.operation = KVP_OP_DELETE;
		wanted.body.kvp_delete.key_size = (uint32_t)strlen(key) + 1;
		strcpy((char *)wanted.body.kvp_delete.key, key);
	} else if (sscanf(line, "enumerate %u %u", &pool, &index) == 2) {
		wanted.kvp_hdr.operation = KVP_OP_ENUMERATE;
		wanted.body.kvp_enum_data.index = index;
		item = &wanted.body.kvp_enum_data.data;
	} else if (sscanf(line, "ip %511s", key) == 1) {
		wanted.kvp_hdr.operation = KVP_OP_GET_IP_INFO;
		strcpy((char *)wanted.body.kvp_ip_val.adapter_id, key);
	} else {
		sscanf(line, "%15s", word);
		printf("what is %s\n", word);
		return;
	}
	wanted.kvp_hdr.pool = (uint8_t)pool;
	if (wanted.kvp_hdr.operation <= KVP_OP_SET) {
		item->key_size = (uint32_t)strlen(key) + 1;
		strcpy((char *)item->key, key);
	}
	index = wanted.kvp_hdr.operation;
	ask(&wanted);
	printf("answer %08x", (unsigned)answer.error);
	if (answer.error == 0 && index == KVP_OP_GET)
		printf(" %s", (char *)answer.body.kvp_get.data.value);
	if (answer.error == 0 && index == KVP_OP_ENUMERATE)
		printf(" %s %s", (char *)answer.body.kvp_enum_data.data.key,
		    (char *)answer.body.kvp_enum_data.data.value);
	if (answer.error == 0 && index == KVP_OP_GET_IP_INFO)
		printf(" %s %s", (char *)answer.body.kvp_ip_val.ip_addr,
		    (char *)answer.body.kvp_ip_val.sub_net);
	printf("\n");
}

static void *
host(void *unused)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL)
		obey(line);
	return unused;
}

int
main(int argc, char **argv)
{
	static const char *const names[] = { "DEVNAME=vmbus/hv_kvp" };
	static const struct cuse_lowlevel_ops ops = {
		.open = kvp_open,
		.release = kvp_release,
		.read = kvp_read,
		.write = kvp_write,
		.poll = kvp_poll,
	};
	struct cuse_info info = {
		.dev_info_argc = 1,
		.dev_info_argv = (const char **)names,
	};
	char *args[] = { argv[0], "-f", "-s", NULL };
	pthread_t thread;

	(void)argc;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (pthread_create(&thread, NULL, host, NULL) != 0)
		return 1;
	return cuse_lowlevel_main(3, args, &info, &ops, NULL);
}
