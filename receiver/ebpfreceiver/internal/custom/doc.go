// SPDX-License-Identifier: Apache-2.0

// Package custom runs tracers that somebody else has written: a compiled object (CO-RE, ELF) and a manifest.
//
//	Inspect → Load → Attach → … → Detach → Close
//
// [Inspect] works on bytes alone and says whether an object may be loaded at all. A [Live] is a tracer in the
// kernel. The package never reads a record or a map's values, and knows nothing of telemetry: it hands out
// rings and maps.
//
// # What is taken
//
// Custom tracers observe. Objects are refused whose programs could change what the host does: kinds of programs
// that are not allowed by [Limits], helpers and kernel functions that write to processes, packets or sockets,
// override results or send signals. This is found out from the instructions, before anything is given to the
// kernel. What can't be found out so:
//   - what programs of the kinds xdp, tc and cgroup_* return, which decides about packets and sockets: these
//     kinds are not allowed unless the configuration does so;
//   - how much time programs take in what they hook: see [Live.ProgramStats];
//   - from Linux 6.18 on, programs of uprobes may write the registers of the process that they interrupt;
//     a program that stores through its context is refused where that is seen, see checkContext.
//
// Maps are created anew for each tracer, so that none reaches another's: pinned maps, maps of maps, program
// arrays and maps that hold sockets, devices or processes are refused, and so is whatever has no bound on its
// memory. An object can't name descriptors of the collector.
//
// Of extern variables (__kconfig) those are known that libbpf makes up: LINUX_KERNEL_VERSION,
// LINUX_HAS_BPF_COOKIE and LINUX_HAS_SYSCALL_WRAPPER. CONFIG_ variables are refused: many a kernel does not tell
// how it was built.
//
// Binaries of uprobes and USDT probes are looked for in the collector's mount namespace: in a container the host's are
// below /proc/1/root, if it sees the host's processes. Network interfaces are those of its network namespace.
//
// # What is not served
//
// Functions by pattern (kprobe.multi attaches to one), sessions, the multi forms of uprobes, programs that take the
// place of others (freplace), sockets' programs besides those on cgroups, and tc before Linux 6.6, which has no
// links: its filters would stay when the collector is killed. Arguments of USDT probes in floating-point registers,
// relative to symbols or with an index register; before Linux 5.15 arguments can be read only in executables that
// are not position-independent.
//
// # Hostile objects
//
// The reader of objects is made for honest ones: it copies what many symbols share as often as they name it. So
// checkELF first bounds everything that could multiply.
//
// # Iterators
//
// An iterator runs by the clock, for what its program does to maps and ring buffers. What it writes to its
// sequence file is read up to a bound, counted and thrown away.
package custom
