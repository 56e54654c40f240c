/* SPDX-License-Identifier: ISC */
/*
 * hvs: a storage controller of Hyper-V and its disks, what its files share.
 *
 * hvs.c is the controller as the bus sees it, hvs_connect.c the conversation
 * with the host before there are disks, hvs_channels.c its channels, hvs_scan.c
 * and hvs_lun.c look for disks, hvs_reset.c deals with a host that does not
 * answer.  sd.c is a disk as its owner sees it, sd_queue.c who uses which
 * channel.  hvs_queue.c holds what a channel needs, hvs_io.c makes requests of
 * SCSI out of requests of the owner, hvs_memory.c ranges of pages out of his
 * memory, hvs_command.c has commands of our own; hvs_packet.c takes what the
 * host sends, hvs_status.c says what it means, and hvs_complete.c ends
 * requests.
 *
 * Threads: CPU 0 runs the controller.  A queue is a channel, and all disks use
 * it: its ring, slots and lanes belong to the CPU that has taken it, while
 * `stopped` is 0; `mode` and `dead` are how CPU 0 tells it to let go, and
 * `stopped` is how it says that it has.  A disk whose owner has not taken a
 * queue that another disk's has, sends its requests there by `posted` and gets
 * them back by its lane's `returned`.
 */
#ifndef GUEST_HYPERV_HVS_H
#define GUEST_HYPERV_HVS_H

#include "guest/hyperv/scsi.h"
#include "guest/hyperv/slots.h"
#include "guest/hyperv/vmbus.h"
#include "wire/hyperv/storvsc.h"

#define HVS_QUEUES_MAX 16u
#define HVS_RING_PAGES 32u    /* each way, as in Linux (128 KiB) */
#define HVS_RING_PAGES_MIN 8u /* where there is no memory */
#define HVS_PACKET_MAX 512u   /* of the host; completions have 80 bytes */
/* Requests of one channel, and what commands of our own need besides. */
#define HVS_DEPTH 128u
#define HVS_SLOTS (HVS_DEPTH + 4u)
#define HVS_TRANSFER_MAX (1024u * 1024u)
#define HVS_TRANSFER_USUAL (64u * 1024u) /* of a host that does not say */
#define HVS_FRAMES_MAX (HVS_TRANSFER_MAX / PV_PAGE_SIZE + 1u)
#define HVS_BOUNCE_PAGES 64u
/* As OpenBSD's hvs has it: 2 targets, 64 LUNs each. */
#define HVS_TARGETS 2u
#define HVS_LUNS 64u

/* Linux asks the host for 60 seconds, and never ends a request itself, as the
 * host is to: it may take long in a cloud. */
#define HVS_ANSWER (60 * PV_SECOND)
#define HVS_SRB_TIMEOUT 60u /* in seconds, for the host */
#define HVS_HANDSHAKE (20 * PV_SECOND)
/* After a reset was answered, all it has ended is to have come. */
#define HVS_RESET_GRACE (5 * PV_SECOND)
#define HVS_RESETS_MAX 3u
#define HVS_SUBS_WAIT (2 * PV_SECOND)
#define HVS_OPENS_MAX 4u
#define HVS_RETRY (1 * PV_SECOND)
/* How long a lost event can go unseen. */
#define HVS_LOST_EVENT (100 * PV_MILLISECOND)
#define HVS_OTHER_CPU (1 * PV_MILLISECOND)
/* A queue of another CPU hears no other way that it is to stop or may go on. */
#define HVS_LOOK PV_SECOND
#define HVS_GOODBYE (2 * PV_SECOND)
#define HVS_CLOSE (6 * PV_SECOND) /* for the host to acknowledge it */
#define HVS_FINISHED_AT_ONCE 64u
/* A LUN's turn, when several have requests waiting. */
#define HVS_TURN 8u

/* Again, and how often: after a reset and the like; and while the host is busy,
 * each time later. */
#define HVS_RETRIES_MAX 5u
#define HVS_BUSY_MAX 20u
#define HVS_BUSY_FIRST (10 * PV_MILLISECOND)
#define HVS_BUSY_LAST (2 * PV_SECOND)

struct hvs;
struct hvs_queue;
struct sd;

struct hvs_bounce {
	struct hvs_bounce *next;
	void *page;
	uint64_t physical;
};

enum hvs_slot_state {
	HVS_FREE,
	HVS_SENT,
	HVS_AGAIN /* waits to be sent again */
};

/* A command of our own: CPU 0 fills it in and posts it, the queue's CPU sends
 * it and takes the answer. */
enum hvs_command_state {
	HVS_IDLE,
	HVS_POSTED,
	HVS_UNDER_WAY,
	HVS_DONE
};

struct hvs_command {
	uint32_t state;     /* atomic; enum hvs_command_state */
	uint32_t operation; /* HV_STOR_… */
	uint8_t path, target, lun;
	struct scsi_cdb cdb; /* of HV_STOR_EXECUTE_SRB; data come in */
	uint64_t physical;
	uint32_t room;
	uint64_t patience;
	/* the body of any other, and of its answer */
	uint8_t body[HV_STOR_SRB_SIZE];
	/* what came */
	int error;       /* PV_OK: it was done */
	uint32_t status; /* NTSTATUS */
	bool absent;     /* there is no such LUN */
	bool busy;
	struct scsi_sense sense;
	uint32_t length; /* bytes of data */
};

/* What waits for a queue, of one disk. */
struct hvs_lane {
	struct sd *sd;
	struct hvs_queue *queue;
	struct hvs_lane *next; /* of those with something waiting */
	bool active;
	struct pv_io *waiting, **waiting_end;
	uint64_t not_before; /* the host is busy */
	struct pv_stats stats, told;
	/* the disk's owner has taken the queue; atomic */
	uint32_t claimed;
	struct pv_io *returned; /* atomic; done, but not told on that CPU */
};

/* A request in the ring, or one to be sent again. */
struct hvs_slot {
	struct pv_io *io;
	struct hvs_lane *lane;
	struct hvs_command *command; /* instead of these */
	struct hvs_bounce *pages;
	uint64_t start; /* where in the io it begins: progress … */
	size_t within;  /* … within … */
	unsigned segment;
	uint32_t length; /* bytes of data */
	uint64_t sequence;
	uint64_t sent, at, deadline;
	uint16_t older, newer; /* of those that were sent */
	uint8_t state;         /* enum hvs_slot_state */
	uint8_t code;          /* of the command */
	uint8_t retries, busy;
	bool lent; /* memory of the owner's is */
};

#define HVS_NONE UINT16_MAX

enum hvs_mode {
	HVS_STOP,
	HVS_RUN
};

/* How far a queue has stopped. */
enum hvs_stage {
	HVS_GOES,
	HVS_STANDS, /* the channel is CPU 0's */
	HVS_EMPTY   /* and so are the slots: nothing is in them any more */
};

/* What became of the memory of requests that will not be answered. */
enum hvs_verdict {
	HVS_UNKNOWN, /* wait */
	HVS_RELEASED,
	HVS_HELD
};

struct hvs_queue {
	struct hvs *hvs;
	struct vmbus_channel *channel; /* NULL: none */
	bool departs;                  /* the host takes the sub-channel away */
	unsigned number, cpu;
	unsigned claims;  /* disks whose owners have taken it */
	uint32_t taken;   /* atomic; by another CPU than 0 */
	uint32_t mode;    /* atomic; enum hvs_mode */
	uint32_t stopped; /* atomic; enum hvs_stage */
	struct pv_stats stats, told;

	struct slots ids;
	struct slot table[HVS_SLOTS];
	struct hvs_slot slots[HVS_SLOTS];
	uint16_t oldest, newest; /* of those that were sent */
	unsigned again;          /* that wait to be sent again */
	uint32_t in_flight;      /* atomic for readers */
	unsigned data_slots;     /* in use for requests of owners */
	uint64_t sequence;

	struct hvs_bounce *bounce; /* all of them */
	struct hvs_bounce *pages;  /* free, last used first */
	unsigned pages_left;

	struct hvs_lane *lanes, **lanes_end; /* with something waiting */
	unsigned lanes_count;
	uint64_t wake;               /* a lane is to be looked at */
	struct pv_io *posted;        /* atomic: from CPU 0 */
	struct hvs_command *mail[2]; /* atomic: the same */
	struct pv_io *finished, **finished_end;
	bool completing;
	bool owing; /* the host has not its room back */

	uint64_t looked; /* for the last time */
	/* atomic; not 0: a request is late, of target << 8 | lun << 16 | 1 */
	uint32_t late;

	/* of a packet on its way to the ring */
	struct {
		uint32_t reserved, count;
		uint32_t bytes, offset;
		uint64_t frames[HVS_FRAMES_MAX];
	} range;
	struct hv_stor packet;
};

enum hvs_phase {
	HVS_CLOSED,
	HVS_OPENING,
	HVS_ASKING,  /* who it is, what it can */
	HVS_JOINING, /* sub-channels are offered and opened */
	HVS_RUNNING,
	HVS_LEAVING, /* channels are closed, to be opened again */
	HVS_ASLEEP,
	HVS_ENDING, /* dead */
	HVS_ENDED
};

enum hvs_question {
	HVS_Q_BEGIN,
	HVS_Q_VERSION,
	HVS_Q_PROPERTIES,
	HVS_Q_END,
	HVS_Q_SUBS
};

enum hvs_reset_state {
	HVS_NO_RESET,
	HVS_LUN_ASKED,
	HVS_LUN_GRACE,
	HVS_BUS_ASKED,
	HVS_BUS_GRACE
};

/* hvs_lun.c: where the look at one LUN is. */
enum hvs_look {
	HVS_L_INQUIRY,
	HVS_L_READY,
	HVS_L_PAGES,
	HVS_L_SERIAL,
	HVS_L_IDENTIFIERS,
	HVS_L_LIMITS,
	HVS_L_CHARACTERISTICS,
	HVS_L_PROVISIONING,
	HVS_L_CAPACITY16,
	HVS_L_CAPACITY10,
	HVS_L_MODE,
	HVS_L_MODE_ALL,
	HVS_L_END
};

/* What is known of a LUN by now. */
struct hvs_found {
	struct scsi_inquiry inquiry;
	struct scsi_pages pages;
	struct scsi_identity identity;
	struct scsi_limits limits;
	struct scsi_capacity capacity;
	struct scsi_mode mode;
	uint16_t rotation;
	bool has_limits, has_capacity, has_mode, no_medium;
	bool unmap, thin;
};

struct hvs_scan {
	bool running;
	bool refresh; /* only of LUNs that want it, and only capacities */
	unsigned target, lun; /* now */
	bool asked;           /* for its LUNs */
	bool probing;         /* the host does not know REPORT LUNS */
	struct scsi_luns luns;
	enum hvs_look look;
	bool sent;
	unsigned tries, busy;
	uint64_t again;  /* not before */
	uint64_t next;   /* scan; PV_NEVER */
	uint32_t missed; /* targets that did not say what they have */
	bool incomplete; /* do it again in a while */
	struct hvs_found found;
};

struct hvs {
	struct pv_device *device;
	struct hyperv *hyperv;
	struct vmbus_channel *channel;
	bool ide;
	uint8_t path, target; /* of IDE's one disk */

	enum hvs_phase phase;
	enum hvs_question question;
	unsigned attempt, opens; /* index of the version; of the channel */
	uint64_t until, again;
	bool lost_sub; /* a sub-channel was taken away */
	bool slept;    /* it was the host's sleep that closed them */

	/* what is agreed */
	uint16_t version;
	uint32_t packet_size, srb_size, sense_size;
	uint32_t max_transfer;
	unsigned subs_wanted;
	unsigned queues_open;

	uint32_t dead; /* atomic; 0, or minus the error of all requests */
	const char *why;
	bool buried, closed;
	bool rescinded; /* the host has taken it away */
	bool detaching;
	uint32_t verdict; /* atomic; enum hvs_verdict */

	uint32_t rescan;  /* atomic: look for disks again */
	uint32_t refresh; /* atomic: some disk wants to be looked at */
	struct hvs_command command, reset;
	void *page; /* for answers; the host's to write to */
	uint64_t page_physical;
	uint8_t answer[PV_PAGE_SIZE]; /* the last of them */
	struct hvs_scan scan;
	unsigned rescans; /* in a row, of incomplete ones */

	enum hvs_reset_state resetting;
	uint64_t reset_until, reset_at;
	unsigned resets; /* not long ago */

	struct sd *disks;
	struct hvs_queue *queues;
	unsigned queues_count; /* that there can be */
};

struct sd {
	struct pv_disk disk; /* first: its operations get that */
	struct hvs *hvs;
	struct sd *next;
	struct pv_device *device; /* NULL: none takes it */
	uint8_t target, lun, type;
	bool seen;           /* in this scan */
	bool leaving;        /* its device goes when all is done */
	uint32_t dead;       /* atomic; 0, or minus the error of all requests */
	uint32_t online;     /* atomic; its requests go out */
	uint32_t attention;  /* atomic: look at it again */
	uint32_t no_flush;   /* atomic: the host does not, after all */
	uint32_t no_discard; /* the same */
	uint32_t under_way;  /* atomic; requests not done yet */
	bool returning;      /* in sd_returned() */
	struct scsi_identity identity;
	struct scsi_inquiry inquiry;
	uint16_t rotation;
	bool thin;
	uint32_t transfer; /* bytes of one command; whole sectors */
	uint32_t unmap;    /* blocks of one command */
	unsigned lanes_count;
	struct hvs_lane lanes[];
};

/* ---- hvs.c ------------------------------------------------------------ */

void hvs_log(struct hvs *, enum pv_log, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* From any CPU: all requests end in PV_EPROTO, and the device is broken once
 * they have. The first reason counts. */
void hvs_break(struct hvs *, const char *why);
static inline int
hvs_dead(struct hvs *hvs)
{
	return -(int)__atomic_load_n(&hvs->dead, __ATOMIC_ACQUIRE);
}
uint64_t hvs_now(const struct hvs *);
/* Its place: "channel 5". */
const char *hvs_where(const struct hvs *, char *to, size_t room);
/* The host has it no more. */
void hvs_taken_away(struct hvs *);
/* All disks go; their requests end, whatever the host still does, before this
 * returns. */
void hvs_end(struct hvs *, int error);

/* ---- hvs_connect.c ---------------------------------------------------- */

extern const struct vmbus_user hvs_user;
void hvs_open(struct hvs *);
/* Go on with the connection. */
void hvs_step(struct hvs *);
/* Close all channels, so that the host ends all that it has, and open them
 * again: all that is under way is done once more. */
void hvs_reconnect(struct hvs *);

/* ---- hvs_channels.c --------------------------------------------------- */

int hvs_channel_open(struct hvs *, struct hvs_queue *, struct vmbus_channel *);
void hvs_queues_start(struct hvs *);
void hvs_queues_stop(struct hvs *);
/* All of them are as far. */
bool hvs_all_stopped(const struct hvs *, enum hvs_stage);
/* What waits in queues that this connection does not have. */
void hvs_move_waiting(struct hvs *);
void hvs_channels_close(struct hvs *);
/* The host has let go of all that went by them, or not (yet). */
enum hvs_verdict hvs_channels_verdict(const struct hvs *);
/* Those of them that are not open are of no more use. */
void hvs_subs_drop(struct hvs *, bool all);
/* Open those that the host has offered. */
void hvs_subs_open(struct hvs *);
/* What disks say of their queues. */
void hvs_publish_queues(struct hvs *, struct sd *);

/* ---- hvs_scan.c, hvs_lun.c -------------------------------------------- */

void hvs_scan_step(struct hvs *);
/* Forget it, and begin anew when there is a connection. */
void hvs_scan_stop(struct hvs *);
uint64_t hvs_scan_deadline(const struct hvs *);
/* Post it to the first channel. */
void hvs_scsi(struct hvs *, const struct scsi_cdb *, uint32_t room);
struct sd *hvs_find(struct hvs *, unsigned target, unsigned lun);
/* Whether the answer counts; else the command is to be sent again. */
bool hvs_scan_answered(struct hvs *);
/* True: this LUN is done with. */
bool hvs_look_step(struct hvs *);
/* What was found out about a LUN. */
void hvs_lun_found(struct hvs *, unsigned target, unsigned lun,
    const struct hvs_found *);
/* When its requests are done, its device is detached. */
void hvs_lun_leaves(struct hvs *, struct sd *);
void hvs_luns_reap(struct hvs *);

/* ---- hvs_reset.c ------------------------------------------------------ */

void hvs_reset_step(struct hvs *);
uint64_t hvs_reset_deadline(const struct hvs *);

/* ---- hvs_queue.c ------------------------------------------------------ */

void hvs_queue_init(struct hvs *, unsigned number);
/* Pages to copy through; as many as there are. */
int hvs_queue_equip(struct hvs_queue *);
void hvs_queue_free(struct hvs_queue *);
/* All that is in the ring waits again, in the order it was in; with an error it
 * ends in that, or in PV_EBUSY where the host may still have the memory. */
void hvs_queue_halt(struct hvs_queue *, int error, bool held);
/* NULL: none is free. */
struct hvs_slot *hvs_slot_new(struct hvs_queue *, uint64_t *id);
void hvs_slot_sent(struct hvs_queue *, struct hvs_slot *, uint64_t patience);
/* It is not in the ring any more. */
void hvs_slot_back(struct hvs_queue *, struct hvs_slot *);
void hvs_slot_free(struct hvs_queue *, struct hvs_slot *);
void hvs_pages_free(struct hvs_queue *, struct hvs_bounce *);
void hvs_stats(struct pv_stats *now, struct pv_stats *told,
    struct pv_stats *sum);

/* ---- hvs_memory.c ----------------------------------------------------- */

/* As much of an io as one request carries. */
struct hvs_plan {
	size_t length;
	unsigned pages; /* to copy through */
	bool starved;   /* it could be longer with more of them */
};
struct hvs_plan hvs_make_plan(const struct hvs_queue *, const struct sd *,
    const struct pv_io *);
/* Describe it in queue->range; false: that cannot be done. */
bool hvs_lend(struct hvs_queue *, struct hvs_slot *);
/* Data that came into pages of ours. */
void hvs_copy_out(struct hvs_queue *, struct hvs_slot *);

/* ---- hvs_io.c --------------------------------------------------------- */

/* It waits for its turn. */
void hvs_enqueue(struct hvs_lane *, struct pv_io *);
void hvs_lane_activate(struct hvs_lane *);
/* The first that is active, which is not any more. */
struct hvs_lane *hvs_lane_take(struct hvs_queue *);
/* Put what waits into the ring. */
void hvs_issue(struct hvs_queue *, uint64_t now);
/* Send again what is due. */
void hvs_again(struct hvs_queue *, uint64_t now);

/* ---- hvs_send.c ------------------------------------------------------- */

/* PV_OK: it is in the ring. */
int hvs_send_data(struct hvs_queue *, struct hvs_slot *, uint64_t id);
int hvs_send_command(struct hvs_queue *, struct hvs_slot *, uint64_t id);

/* ---- hvs_command.c ---------------------------------------------------- */

/* On CPU 0.  It is IDLE or DONE before. */
void hvs_post(struct hvs *, struct hvs_command *);
bool hvs_command_busy(const struct hvs_command *);
/* On the queue's. */
void hvs_take_mail(struct hvs_queue *);
void hvs_command_done(struct hvs_command *, int error);
void hvs_mail_return(struct hvs_queue *, int error);

/* ---- hvs_packet.c ----------------------------------------------------- */

/* At most so many packets; true: there may be more. */
bool hvs_drain(struct hvs_queue *, unsigned budget);
/* After that, and when the ring is drained: be told again.  True: there are. */
bool hvs_drained(struct hvs_queue *);

/* ---- hvs_status.c ----------------------------------------------------- */

enum hvs_outcome {
	HVS_GOOD,
	HVS_FAILED, /* `error` */
	HVS_REPEAT,
	HVS_BUSY
};
/* What an answer says of a request with so many bytes. */
enum hvs_outcome hvs_outcome(struct hvs_queue *, const struct hvs_slot *,
    const struct hv_stor *, int *error);
void hvs_command_outcome(struct hvs_queue *, struct hvs_command *,
    const struct hv_stor *);

/* ---- hvs_complete.c --------------------------------------------------- */

bool hvs_queue_poll(struct hvs_queue *, unsigned budget);
uint64_t hvs_queue_deadline(const struct hvs_queue *);
/* One part of an io is done. */
void hvs_part_done(struct hvs_lane *, struct pv_io *, int error);
void hvs_finish(struct hvs_lane *, struct pv_io *);
bool hvs_run_finished(struct hvs_queue *, unsigned budget);
/* All that waits in a lane ends so. */
void hvs_lane_fail(struct hvs_lane *, int error);

/* ---- sd.c, sd_queue.c ------------------------------------------------- */

struct sd *sd_new(struct hvs *, uint8_t target, uint8_t lun);
void sd_free(struct sd *);
void sd_changed(struct sd *);
void sd_offline(struct sd *);
/* Its owner lets go of all queues. */
void sd_release(struct sd *);
/* Nothing of it can be used from now on. */
void sd_gone(struct sd *, int error);
/* Give back what other CPUs have done for CPU 0. */
bool sd_returned(struct sd *);
extern const struct pv_disk_ops sd_ops;
struct hvs_lane *sd_lane(struct sd *, unsigned number);

#endif
