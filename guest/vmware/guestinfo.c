/* SPDX-License-Identifier: ISC */
/*
 * guestinfo as a store of pvbus: text by key, on the other side of GuestRPC.
 *
 * Any key is passed on; which of them a guest may read and write is the host's
 * to say.  There is no list, no removal and no event: a removed key holds a
 * tombstone, and a watch is the bus's own, made of reads.
 *
 * Requests go one after the other, as the calls below them do, and each is a
 * few calls, of which the one under way is `step`.
 */
#include "guest/vmware/guestinfo.h"
#include "guest/bus/libc.h"
#include "wire/vmware/guestrpc.h"

/* A value, and the NUL that ends it. */
#define REPLY_ROOM (VMWARE_MESSAGE_MAX + 1u)

/* What "KEY.encoding" becomes. */
#define WRITTEN_ENCODING "base64"

/* Of a key, in a line of the log. */
#define LOG_KEY 64u

enum step {
	READ_ENCODING,
	READ_VALUE,
	WRITE_ENCODING,
	WRITE_VALUE,
	LOOK, /* is there anything to remove? */
	REMOVE_VALUE,
	REMOVE_ENCODING
};

struct guestinfo {
	struct pv_store store;
	struct vmware *vmware;
	struct pv_kv *first; /* under way; the others after it */
	bool decoded;        /* by the prefix of its key */
	enum step step;
	enum guestinfo_encoding encoding;
	struct vmware_request call;
	struct vmware_rate rate;
	struct inflate inflate;
	char command[VMWARE_MESSAGE_MAX];
	char reply[REPLY_ROOM];
};

static struct guestinfo *
guestinfo_of(struct pv_store *store)
{
	return (struct guestinfo *)store; /* its first member */
}

static size_t
prefix(const struct pv_kv *kv)
{
	size_t len = sizeof(GUESTINFO_DECODED) - 1;

	return kv->keylen >= len && memcmp(kv->key, GUESTINFO_DECODED, len) == 0
	    ? len
	    : 0;
}

/* ---- Checks ----------------------------------------------------------- */

static bool
has_byte(const char *bytes, size_t size, char byte)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] == byte)
			return true;
	return false;
}

/* A blank ends the key, and what follows would be taken for the value. */
static int
check(const struct pv_kv *kv)
{
	size_t skip = prefix(kv), key_len = kv->keylen - skip, need;

	if (key_len == 0 || has_byte(kv->key, kv->keylen, ' '))
		return PV_EINVAL;
	need = sizeof(VMWARE_RPC_INFO_SET) - 1 + key_len + 1;
	if (skip > 0)
		need += sizeof(GUESTINFO_ENCODING) - 1;
	if (kv->op == PV_WRITE) {
		if (kv->room > VMWARE_MESSAGE_MAX)
			return PV_EMSGSIZE;
		/* the host would keep no empty value, and none behind a NUL */
		if (kv->room == 0 ||
		    (skip == 0 && has_byte(kv->value, kv->room, '\0')))
			return PV_EINVAL;
		/* the encoding goes out by a call of its own */
		if (skip > 0)
			need += guestinfo_base64_len(kv->room) <
				sizeof(WRITTEN_ENCODING) - 1
			    ? sizeof(WRITTEN_ENCODING) - 1
			    : guestinfo_base64_len(kv->room);
		else
			need += kv->room;
	} else
		need += sizeof(GUESTINFO_TOMBSTONE) - 1;
	return need <= VMWARE_MESSAGE_MAX ? PV_OK : PV_EMSGSIZE;
}

/* ---- Calls ------------------------------------------------------------ */

static void
add(struct guestinfo *guestinfo, const char *bytes, size_t size)
{
	memcpy(guestinfo->command + guestinfo->call.len, bytes, size);
	guestinfo->call.len += size;
}

static void
add_text(struct guestinfo *guestinfo, const char *text)
{
	add(guestinfo, text, strlen(text));
}

static void
add_key(struct guestinfo *guestinfo, bool encoding)
{
	const struct pv_kv *kv = guestinfo->first;
	size_t skip = prefix(kv);

	add(guestinfo, kv->key + skip, kv->keylen - skip);
	if (encoding)
		add_text(guestinfo, GUESTINFO_ENCODING);
}

static void
add_value(struct guestinfo *guestinfo)
{
	const struct pv_kv *kv = guestinfo->first;

	if (!guestinfo->decoded) {
		add(guestinfo, kv->value, kv->room);
		return;
	}
	guestinfo_to_base64(kv->value, kv->room,
	    guestinfo->command + guestinfo->call.len);
	guestinfo->call.len += guestinfo_base64_len(kv->room);
}

static void called(struct vmware_request *);

static void
get(struct guestinfo *guestinfo)
{
	add_text(guestinfo, VMWARE_RPC_INFO_GET);
	add_key(guestinfo, guestinfo->step == READ_ENCODING);
}

static void
set(struct guestinfo *guestinfo)
{
	enum step step = guestinfo->step;

	add_text(guestinfo, VMWARE_RPC_INFO_SET);
	add_key(guestinfo, step == WRITE_ENCODING || step == REMOVE_ENCODING);
	add_text(guestinfo, " ");
	if (step == WRITE_VALUE)
		add_value(guestinfo);
	else
		add_text(guestinfo,
		    step == WRITE_ENCODING ? WRITTEN_ENCODING
					   : GUESTINFO_TOMBSTONE);
}

static void
call(struct guestinfo *guestinfo, enum step step)
{
	guestinfo->step = step;
	guestinfo->call = (struct vmware_request){ .bytes = guestinfo->command,
		.reply = guestinfo->reply,
		.room = sizeof(guestinfo->reply),
		.done = called,
		.owner = guestinfo };
	if (step == READ_ENCODING || step == READ_VALUE || step == LOOK)
		get(guestinfo);
	else
		set(guestinfo);
	vmware_rpc_submit(guestinfo->vmware, &guestinfo->call);
}

/* ---- Requests --------------------------------------------------------- */

/* What is written says what it is before it is there: who reads in between gets
 * something that is no base64, and not the wrong bytes. */
static void
begin(struct guestinfo *guestinfo)
{
	const struct pv_kv *kv = guestinfo->first;

	guestinfo->decoded = prefix(kv) > 0;
	guestinfo->encoding = GUESTINFO_PLAIN;
	if (kv->op == PV_READ)
		call(guestinfo,
		    guestinfo->decoded ? READ_ENCODING : READ_VALUE);
	else if (kv->op == PV_WRITE)
		call(guestinfo,
		    guestinfo->decoded ? WRITE_ENCODING : WRITE_VALUE);
	else
		call(guestinfo, LOOK);
}

/* The next begins before this one is answered: who is answered may ask again. */
static void
end(struct guestinfo *guestinfo, int error)
{
	struct pv_kv *kv = guestinfo->first;

	guestinfo->first = kv->store_next;
	if (guestinfo->first != NULL)
		begin(guestinfo);
	pv_kv_done(guestinfo->vmware->bus, kv, error);
}

static int
refused(struct guestinfo *guestinfo)
{
	const struct pv_kv *kv = guestinfo->first;
	size_t len = guestinfo->call.reply_len;
	char key[LOG_KEY + 1];
	int error;

	if (len >= REPLY_ROOM)
		len = REPLY_ROOM - 1;
	error = guestinfo_refusal(guestinfo->reply, len);
	if (error == PV_ENOENT)
		return error;
	len = kv->keylen < LOG_KEY ? kv->keylen : LOG_KEY;
	memcpy(key, kv->key, len);
	key[len] = '\0';
	vmware_complain(guestinfo->vmware, &guestinfo->rate,
	    "%s %s: the host says \"%s\"",
	    kv->op == PV_READ ? "reading" : "writing", key, guestinfo->reply);
	return error;
}

static int
decode(struct guestinfo *guestinfo)
{
	struct pv_kv *kv = guestinfo->first;
	long size = guestinfo_base64(guestinfo->reply,
	    guestinfo->call.reply_len);
	int error = (int)size;

	if (size >= 0)
		error = guestinfo->encoding == GUESTINFO_BASE64
		    ? pv_kv_give(kv, guestinfo->reply, (size_t)size)
		    : guestinfo_give_packed(kv, &guestinfo->inflate,
			  guestinfo->reply, (size_t)size);
	if (error == PV_EPROTO)
		guestinfo->vmware->stats->bad_text++;
	return error;
}

static void
read_value(struct guestinfo *guestinfo)
{
	const struct vmware_request *call = &guestinfo->call;
	int error;

	if (guestinfo_is_tombstone(guestinfo->reply, call->reply_len))
		error = PV_ENOENT;
	else if (guestinfo->encoding == GUESTINFO_PLAIN)
		error = pv_kv_give(guestinfo->first, guestinfo->reply,
		    call->reply_len);
	else
		error = decode(guestinfo);
	end(guestinfo, error);
}

static void
read_encoding(struct guestinfo *guestinfo, int error)
{
	const struct vmware_request *request = &guestinfo->call;

	if (error != PV_OK && error != PV_ENOENT) {
		end(guestinfo, error);
		return;
	}
	if (error == PV_OK)
		guestinfo->encoding = guestinfo_encoding(guestinfo->reply,
		    request->reply_len);
	if (guestinfo->encoding != GUESTINFO_UNKNOWN) {
		call(guestinfo, READ_VALUE);
		return;
	}
	vmware_complain(guestinfo->vmware, &guestinfo->rate,
	    "an encoding that is not known here: \"%s\"", guestinfo->reply);
	end(guestinfo, PV_ENOTSUP);
}

static void
called(struct vmware_request *request)
{
	struct guestinfo *guestinfo = request->owner;
	int error = request->error == PV_EIO ? refused(guestinfo)
					     : request->error;

	if (guestinfo->step == READ_ENCODING) {
		read_encoding(guestinfo, error);
		return;
	}
	if (error != PV_OK) {
		end(guestinfo, error);
		return;
	}
	switch (guestinfo->step) {
	case READ_VALUE:
		read_value(guestinfo);
		break;
	case WRITE_ENCODING:
		call(guestinfo, WRITE_VALUE);
		break;
	case LOOK:
		if (guestinfo_is_tombstone(guestinfo->reply,
			request->reply_len))
			end(guestinfo, PV_ENOENT);
		else
			call(guestinfo, REMOVE_VALUE);
		break;
	case REMOVE_VALUE:
		if (guestinfo->decoded) {
			call(guestinfo, REMOVE_ENCODING);
			break;
		}
		end(guestinfo, PV_OK);
		break;
	default:
		end(guestinfo, PV_OK);
		break;
	}
}

/* ---- The store -------------------------------------------------------- */

static void
start(struct pv_store *store, struct pv_kv *kv)
{
	struct guestinfo *guestinfo = guestinfo_of(store);
	struct pv_kv **link = &guestinfo->first;
	int error = check(kv);

	if (error != PV_OK) {
		pv_kv_done(guestinfo->vmware->bus, kv, error);
		return;
	}
	while (*link != NULL)
		link = &(*link)->store_next;
	kv->store_next = NULL;
	*link = kv;
	if (guestinfo->first == kv)
		begin(guestinfo);
}

static void
cancel(struct pv_store *store, struct pv_kv *kv)
{
	struct guestinfo *guestinfo = guestinfo_of(store);
	struct pv_kv **link = &guestinfo->first;

	while (*link != NULL && *link != kv)
		link = &(*link)->store_next;
	if (*link == NULL)
		return;
	*link = kv->store_next;
	if (link != &guestinfo->first)
		return;
	vmware_rpc_cancel(guestinfo->vmware, &guestinfo->call);
	if (guestinfo->first != NULL)
		begin(guestinfo);
}

int
guestinfo_open(struct vmware *vmware)
{
	struct pv_interface *interface = vmware->device->interface;
	struct guestinfo *guestinfo = pv_alloc(vmware->bus, sizeof(*guestinfo));

	if (guestinfo == NULL)
		return PV_ENOMEM;
	guestinfo->vmware = vmware;
	guestinfo->store = (struct pv_store){
		.name = "guestinfo",
		.ops = 1u << PV_READ | 1u << PV_WRITE | 1u << PV_REMOVE,
		.start = start,
		.cancel = cancel,
	};
	vmware->guestinfo = guestinfo;
	if (interface->store == NULL)
		interface->store = &guestinfo->store;
	return PV_OK;
}

void
guestinfo_close(struct vmware *vmware)
{
	struct guestinfo *guestinfo = vmware->guestinfo;
	struct pv_interface *interface = vmware->device->interface;

	if (guestinfo == NULL)
		return;
	if (interface->store == &guestinfo->store)
		interface->store = NULL;
	if (guestinfo->first != NULL)
		vmware_rpc_cancel(vmware, &guestinfo->call);
	while (guestinfo->first != NULL) {
		struct pv_kv *kv = guestinfo->first;

		guestinfo->first = kv->store_next;
		pv_kv_done(vmware->bus, kv, PV_ENODEV);
	}
	vmware->guestinfo = NULL;
	pv_free(vmware->bus, guestinfo, sizeof(*guestinfo));
}
