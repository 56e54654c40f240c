/* SPDX-License-Identifier: ISC */
#include "guest/bus/format.h"
#include "guest/bus/libc.h"
#include "guest/vmware/vmt.h"

static void
done(struct vmware_request *request)
{
	struct vmt_say *say = request->owner;

	say->busy = false;
	if (say->said != NULL)
		say->said(say->vmware, say);
}

void
vmt_say(struct vmware *vmware, struct vmt_say *say, bool nul,
    const char *format, ...)
{
	va_list args;
	size_t len;

	va_start(args, format);
	len = pv_vformat(say->text, sizeof(say->text), format, args);
	va_end(args);
	say->vmware = vmware;
	say->busy = true;
	say->reply[0] = '\0';
	say->request = (struct vmware_request){
		.bytes = say->text,
		.len = len + nul,
		.reply = say->reply,
		.room = sizeof(say->reply),
		.done = done,
		.owner = say,
	};
	vmware_rpc_submit(vmware, &say->request);
}

void
vmt_unsay(struct vmware *vmware, struct vmt_say *say)
{
	if (!say->busy)
		return;
	say->busy = false;
	vmware_rpc_cancel(vmware, &say->request);
}

const char *
vmt_why(const struct vmt_say *say)
{
	if (say->request.error == PV_EIO && say->reply[0] != '\0')
		return say->reply;
	return pv_error_text(say->request.error);
}
