// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Top layer: the end of a process, which is that of its last thread.
#ifndef MEERKAT_EXIT_H
#define MEERKAT_EXIT_H

#include "kernel.h"

// is_last_thread may be true of two threads that leave at once.
static __always_inline bool is_last_thread(struct task_struct *task)
{
	return BPF_CORE_READ(task, signal, live.counter) <= 0;
}

// EXIT_HANDLER(tracer, task) { ... } defines what a tracer does when a process ends, of which it sees the last
// `struct task_struct *task`, and the programs <tracer>_exit_group, <tracer>_exit and <tracer>_exit_raw that
// do it. The first is the best: since 6.16 the tracepoint says itself whether this was the last thread. By the
// others a process may end twice.
#define EXIT_HANDLER(tracer, task)                                                            \
	static __always_inline void tracer##_handle_exit(struct task_struct *task);           \
                                                                                              \
	SEC("tp_btf/sched_process_exit")                                                      \
	int BPF_PROG(tracer##_exit_group, struct task_struct *thread, bool group_dead)        \
	{                                                                                     \
		if (group_dead)                                                               \
			tracer##_handle_exit(thread);                                         \
		return 0;                                                                     \
	}                                                                                     \
                                                                                              \
	SEC("tp_btf/sched_process_exit")                                                      \
	int BPF_PROG(tracer##_exit, struct task_struct *thread)                               \
	{                                                                                     \
		if (is_last_thread(thread))                                                   \
			tracer##_handle_exit(thread);                                         \
		return 0;                                                                     \
	}                                                                                     \
                                                                                              \
	SEC("raw_tp/sched_process_exit")                                                      \
	int BPF_PROG(tracer##_exit_raw, struct task_struct *thread)                           \
	{                                                                                     \
		if (is_last_thread(thread))                                                   \
			tracer##_handle_exit(thread);                                         \
		return 0;                                                                     \
	}                                                                                     \
                                                                                              \
	static __always_inline void tracer##_handle_exit(struct task_struct *task)

#endif
