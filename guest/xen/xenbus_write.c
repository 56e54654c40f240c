/* SPDX-License-Identifier: ISC */
/*
 * What a driver writes, in its order: sets of values, each in a transaction, and
 * states by themselves.
 */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/xen/xenbus_private.h"

#define PATH_SIZE                                       \
	(sizeof(((struct xenbus_device *)NULL)->node) + \
	    sizeof(((struct xenbus_pair *)NULL)->key))

struct item {
	struct xs_request request;
	struct xenbus_job *job;
	char path[PATH_SIZE];
	char text[sizeof(((struct xenbus_pair *)NULL)->text)];
};

/* Only the first of a node is under way.  The state of a job without a set of
 * values goes out for nobody: that the driver is gone changes nothing. */
struct xenbus_job {
	struct xenbus_job *next;
	struct xenbus *bus;
	struct xenbus_node *node;   /* NULL: an orphan */
	struct xenbus_write *write; /* NULL: only a state */
	struct xs_transaction transaction;
	unsigned count, left;
	int error;
	size_t size;
	struct item items[];
};

static void
job_free(struct xenbus_job *job, struct xenbus_job **list)
{
	while (*list != job)
		list = &(*list)->next;
	*list = job->next;
	for (unsigned i = 0; i < job->count; i++)
		xs_cancel(xenbus_xs(job->bus), &job->items[i].request);
	xs_transaction_cancel(&job->transaction);
	pv_free(job->bus->xen->bus, job, job->size);
}

static struct xenbus_job *
job_new(struct xenbus_node *node, unsigned count)
{
	size_t size = sizeof(struct xenbus_job) + count * sizeof(struct item);
	struct xenbus_job *job = pv_alloc(node->bus->xen->bus, size);

	if (job == NULL)
		return NULL;
	job->bus = node->bus;
	job->node = node;
	job->count = count;
	job->size = size;
	return job;
}

static bool
item_set(struct xenbus_job *job, unsigned index, const char *key,
    const char *text)
{
	struct item *item = &job->items[index];

	item->job = job;
	pv_format(item->text, sizeof(item->text), "%s", text);
	return xenbus_path(item->path, sizeof(item->path),
	    job->node->device.node, key);
}

static int
item_submit(struct item *item, uint32_t transaction,
    void (*done)(struct xs_request *))
{
	item->request = (struct xs_request){
		.type = XEN_STORE_WRITE,
		.transaction = transaction,
		.parts = { { item->path, strlen(item->path) + 1 },
		    { item->text, strlen(item->text) } },
		.done = done,
		.owner = item,
	};
	return xs_submit(xenbus_xs(item->job->bus), &item->request);
}

static void
set_state(struct item *item, unsigned state)
{
	pv_format(item->text, sizeof(item->text), "%u", state);
}

/* ---- A state by itself ------------------------------------------------ */

static void
say(struct xenbus *bus, const char *path, int error)
{
	xen_log(bus->xen, PV_LOG_ERROR, "XenStore: %s: %s", path,
	    pv_error_text(error));
}

static void
state_done(struct xs_request *request)
{
	struct item *item = request->owner;
	struct xenbus_job *job = item->job;

	if (request->error != PV_OK)
		say(job->bus, item->path, request->error);
	job_free(job, &job->bus->orphans);
}

static void
state_begin(struct xenbus_job *job)
{
	struct xenbus_node *node = job->node;
	int error;

	node->jobs = job->next;
	job->next = job->bus->orphans;
	job->bus->orphans = job;
	job->node = NULL;
	error = item_submit(&job->items[0], 0, state_done);
	if (error != PV_OK) {
		say(job->bus, job->items[0].path, error);
		job_free(job, &job->bus->orphans);
	}
}

void
xenbus_orphans_free(struct xenbus *bus)
{
	while (bus->orphans != NULL)
		job_free(bus->orphans, &bus->orphans);
}

/* ---- A set ------------------------------------------------------------ */

static void begin(struct xenbus_node *);

static void
answer(struct xenbus_node *node, struct xenbus_write *write, int error)
{
	if (xenbus_node_driver(node) == NULL)
		return;
	if (error == PV_OK)
		node->device.state = write->state;
	write->error = error;
	write->done(write);
}

static void
end(struct xenbus_job *job, int error)
{
	struct xenbus_node *node = job->node;
	struct xenbus_write *write = job->write;

	job_free(job, &node->jobs);
	answer(node, write, error);
	begin(node);
}

static void
set_done(struct xs_transaction *transaction)
{
	end(transaction->owner, transaction->error);
}

/* EAGAIN is the word for all of it, whatever else went wrong. */
static void
note(struct xenbus_job *job, int error)
{
	if (error != PV_OK && job->error != PV_EAGAIN)
		job->error = error;
}

static void
item_done(struct xs_request *request)
{
	struct xenbus_job *job = ((struct item *)request->owner)->job;

	note(job, request->error);
	if (--job->left == 0)
		xs_transaction_end(&job->transaction, job->error);
}

static void
set_body(struct xs_transaction *transaction)
{
	struct xenbus_job *job = transaction->owner;

	job->error = PV_OK;
	job->left = 1;
	for (unsigned i = 0; i < job->count; i++) {
		int error = item_submit(&job->items[i], transaction->id,
		    item_done);

		note(job, error);
		if (error == PV_OK)
			job->left++;
	}
	if (--job->left == 0)
		xs_transaction_end(transaction, job->error);
}

static void
begin(struct xenbus_node *node)
{
	struct xenbus_job *job;

	while ((job = node->jobs) != NULL && job->write == NULL)
		state_begin(job);
	if (job == NULL || job->transaction.phase != XS_NONE)
		return;
	job->transaction.body = set_body;
	job->transaction.done = set_done;
	job->transaction.owner = job;
	xs_transaction_start(xenbus_xs(node->bus), &job->transaction);
}

static void
append(struct xenbus_node *node, struct xenbus_job *job)
{
	struct xenbus_job **link = &node->jobs;

	while (*link != NULL)
		link = &(*link)->next;
	*link = job;
	begin(node);
}

void
xenbus_state(struct xenbus_device *device, unsigned state)
{
	struct xenbus_node *node = xenbus_node(device);
	struct xenbus_job *job;

	device->state = state;
	/* to write would be to make it anew */
	if (node->vanished)
		return;
	job = job_new(node, 1);
	if (job == NULL) {
		say(node->bus, device->node, PV_ENOMEM);
		return;
	}
	item_set(job, 0, "state", "");
	set_state(&job->items[0], state);
	append(node, job);
}

static void
refuse(struct xenbus_node *node, struct xenbus_write *write, int error)
{
	struct xenbus_write **link = &node->unwritten;

	write->error = error;
	write->next = NULL;
	while (*link != NULL)
		link = &(*link)->next;
	*link = write;
}

void
xenbus_write(struct xenbus_device *device, struct xenbus_write *write)
{
	struct xenbus_node *node = xenbus_node(device);
	struct xenbus_job *job = NULL;
	bool fits = true;

	write->device = device;
	if (!node->vanished)
		job = job_new(node, write->count + 1);
	if (job == NULL) {
		refuse(node, write, node->vanished ? PV_ENODEV : PV_ENOMEM);
		return;
	}
	job->write = write;
	for (unsigned i = 0; i < write->count; i++)
		fits &= item_set(job, i, write->pairs[i].key,
		    write->pairs[i].text);
	fits &= item_set(job, write->count, "state", "");
	set_state(&job->items[write->count], write->state);
	if (!fits) {
		pv_free(node->bus->xen->bus, job, job->size);
		refuse(node, write, PV_EMSGSIZE);
		return;
	}
	append(node, job);
}

void
xenbus_writes_poll(struct xenbus_node *node)
{
	struct xenbus_write *write = node->unwritten;

	node->unwritten = NULL;
	while (write != NULL && xenbus_node_driver(node) != NULL) {
		struct xenbus_write *next = write->next;

		answer(node, write, write->error);
		write = next;
	}
}

/* States that were to follow are said all the same, while there is somebody to
 * hear them. */
void
xenbus_writes_end(struct xenbus_node *node, int error)
{
	struct xenbus_job *job, *next;

	for (struct xenbus_write *write = node->unwritten;
	     write != NULL && xenbus_node_driver(node) != NULL;
	     write = write->next)
		write->error = error;
	xenbus_writes_poll(node);
	job = node->jobs;
	node->jobs = NULL;
	for (; job != NULL; job = next) {
		struct xenbus_write *write = job->write;
		struct xenbus_job *list = job;

		next = job->next;
		if (write == NULL && error != PV_ENODEV && error != PV_EAGAIN) {
			job->next = node->jobs;
			node->jobs = job;
			state_begin(job);
			continue;
		}
		job_free(job, &list);
		if (write != NULL)
			answer(node, write, error);
	}
}

void
xenbus_pair_text(struct xenbus_pair *pair, const char *key, const char *text)
{
	pv_format(pair->key, sizeof(pair->key), "%s", key);
	pv_format(pair->text, sizeof(pair->text), "%s", text);
}

void
xenbus_pair_number(struct xenbus_pair *pair, const char *key, uint64_t number)
{
	char digits[21];

	xs_decimal(digits, number);
	xenbus_pair_text(pair, key, digits);
}
