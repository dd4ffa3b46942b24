// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// What libbpf's usdt.bpf.h takes from the header of this name, which is not the same on every machine.
#ifndef ERRNO_H
#define ERRNO_H

#define ENOENT 2
#define ESRCH 3
#define EINVAL 22

#endif
