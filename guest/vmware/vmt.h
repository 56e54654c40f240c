/* SPDX-License-Identifier: ISC */
/*
 * What the files of vmt share that follow the host's commands.
 *
 * A command is answered at once, in the call that hands it over; what the guest
 * has to say afterwards goes out by RPC from polls.  Each feature has one call
 * under way and a fixed place for what waits, so that no flood of commands makes
 * it grow.
 */
#ifndef GUEST_VMWARE_VMT_H
#define GUEST_VMWARE_VMT_H

#include "guest/vmware/vmware.h"
#include "wire/vmware/guestrpc.h"

/* The answer to a command stands in the channel by then: what follows from a
 * command is not said ahead of it. */
#define VMT_ANSWER_FIRST (10 * PV_MILLISECOND)

/* ---- vmt_text.c: pure, from bytes to words ---------------------------- */

/* A command's first word, and what stands behind it with the blank or the NUL
 * that ends that. */
struct vmt_words {
	const char *name, *args;
	size_t name_len, args_len;
};
void vmt_split(struct vmt_words *, const char *text, size_t len);
/* Of `len` bytes, that text and no more. */
bool vmt_is(const char *bytes, size_t len, const char *text);
/* Take the next word, ended by a blank, a NUL or the end; false: none. */
bool vmt_word(const char **args, size_t *args_len, const char **word,
    size_t *len);
/* A decimal number, all of it; false: it is none, or more than 32 bits. */
bool vmt_number(const char *bytes, size_t len, uint32_t *value);
/* The answer to a command: its length, and terminated where there is room. */
size_t vmt_answer(char *to, size_t room, bool good, const char *text);

/* ---- vmt_say.c: one call to the host ---------------------------------- */

struct vmt_say {
	struct vmware_request request;
	void (*said)(struct vmware *, struct vmt_say *);
	struct vmware *vmware;
	bool busy;
	char text[192], reply[128];
};
/* Not while it is busy.  `nul`: the NUL belongs to what is sent.  `said` is
 * called from a poll, with request.error and reply. */
void vmt_say(struct vmware *, struct vmt_say *, bool nul, const char *format,
    ...) __attribute__((format(printf, 4, 5)));
/* `said` is not called any more. */
void vmt_unsay(struct vmware *, struct vmt_say *);
/* The host's own words for why not, or ours. */
const char *vmt_why(const struct vmt_say *);

/* ---- What one feature asks of another --------------------------------- */

/* A line, but not too many, about what the host says and nobody understands. */
void vmt_complain(struct vmware *, const char *what, const char *bytes,
    size_t len);
/* The value of an option as a number. */
uint32_t vmt_option_number(const struct vmware *, const char *name);
/* The host has reset its side: nobody waits for a snapshot any more. */
void vmt_backup_reset(struct vmware *);
/* The guest stood still: its clock is behind. */
void vmt_time_moved(struct vmware *);
/* This option of time has been given. */
void vmt_time_option(struct vmware *, const char *name);

/* ---- vmt_quiesce.c: pure ---------------------------------------------- */

/* How a snapshot is wanted. */
struct vmt_quiesce {
	bool hold;        /* the file systems */
	uint32_t timeout; /* seconds; 0: not said */
};
/* From the XDR of VMWARE_BACKUP_START_OPTIONS: PV_OK, PV_EMSGSIZE (lengths are
 * wrong), PV_EPROTO, PV_ENOTSUP (another version). */
int vmt_quiesce_read(const void *bytes, size_t len, struct vmt_quiesce *);

#endif
