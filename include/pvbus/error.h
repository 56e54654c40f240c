/* SPDX-License-Identifier: ISC */
/*
 * Every way a request can end, in one list.
 *
 * The guest half returns 0 or one of these negative codes; a platform turns
 * them into its own errno with pv_errno() of its port.  The last column is the
 * one meaning that each code has on every store and every device.
 */
#ifndef PVBUS_ERROR_H
#define PVBUS_ERROR_H

#define PV_ERRORS(X)                                        \
	X(ENOENT, 1, "no such key")                         \
	X(EINVAL, 2, "key or value not acceptable")         \
	X(EROFS, 3, "read-only for the guest")              \
	X(EACCES, 4, "refused")                             \
	X(ERANGE, 5, "buffer too small")                    \
	X(EMSGSIZE, 6, "larger than the store can take")    \
	X(ENOTSUP, 7, "not supported by this store")        \
	X(ETIMEDOUT, 8, "the host did not answer in time")  \
	X(EPROTO, 9, "the host answered nonsense")          \
	X(ENODEV, 10, "no such device")                     \
	X(ENXIO, 11, "no store here")                       \
	X(EPERM, 12, "not opened for writing")              \
	X(ENOTTY, 13, "unknown command")                    \
	X(ENOMEM, 14, "no room")                            \
	X(ENAMETOOLONG, 15, "longer than the device takes") \
	X(EFAULT, 16, "bad address")                        \
	X(EIO, 17, "input/output error")                    \
	X(EAGAIN, 18, "not yet")                            \
	X(EINTR, 19, "cancelled")                           \
	X(EBUSY, 20, "busy")

enum pv_error {
	PV_OK = 0,
#define PV_ERROR_ENUM(name, number, text) PV_##name = -(number),
	PV_ERRORS(PV_ERROR_ENUM)
#undef PV_ERROR_ENUM
};

/* The text of the list above; "unknown error" for a code that is not in it. */
const char *pv_error_text(int error);

#endif
