// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// How long calls of fsync and fdatasync take: a histogram per cgroup, and an event for each call that fails or takes long.
// A database waits for these calls at every commit.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

// Calls that take longer are events. Above this, databases begin to complain about their disk.
#define SLOW_NS (10ULL * 1000 * 1000)

// Limits. What does not fit is counted in losses.
#define CALLS_MAX 10240	 // threads that are in such a call at the same time
#define SERIES_MAX 4096	 // histograms: two per cgroup
#define RING_BYTES 65536 // about 900 events
#define BUCKETS 36	 // the last one counts calls of 2^35 ns, which are 34 seconds, and more
#define THREAD_NAME_BYTES 16

enum call { fsync, fdatasync };

enum outcome { slow, failed };

enum loss { call_not_measured, call_not_counted, event_not_sent, LOSSES };

// The kernel's types: of each only what is read. preserve_access_index has the loader look up where a field is in the
// kernel that it loads the program into, so neither order nor size have to be right here.
struct trace_event_raw_sys_enter {
	unsigned long args[6];
} __attribute__((preserve_access_index));

struct trace_event_raw_sys_exit {
	long ret;
} __attribute__((preserve_access_index));

// An event as it goes to the collector. The manifest names its fields.
struct fsync_event {
	__u64 time; // when the call was over, by bpf_ktime_get_boot_ns
	__u64 duration_ns;
	__u64 cgroup;
	__u32 pid;
	__u32 thread;
	__s32 fd;
	__s32 error;
	enum call call;
	enum outcome outcome;
	char thread_name[THREAD_NAME_BYTES];
};

// The compiler describes types only that something global has.
const struct fsync_event *unused_fsync_event __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} events SEC(".maps");

struct started {
	__u64 time;
	__s32 fd;
	enum call call;
};

// Calls that go on, by thread.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CALLS_MAX);
	__type(key, __u32);
	__type(value, struct started);
} calls SEC(".maps");

struct series {
	__u64 cgroup;
	enum call call;
	__u32 padding; // always 0: the bytes of keys are compared
};

struct histogram {
	__u64 total_ns; // of all calls in the buckets
	__u64 buckets[BUCKETS];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SERIES_MAX);
	__type(key, struct series);
	__type(value, struct histogram);
} durations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LOSSES);
	__type(key, enum loss);
	__type(value, __u64);
} losses SEC(".maps");

static void lose(enum loss loss)
{
	__u64 *count = bpf_map_lookup_elem(&losses, &loss);

	if (count)
		__sync_fetch_and_add(count, 1);
}

static int begin(enum call call, __s32 fd)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct started started = { .time = bpf_ktime_get_boot_ns(), .fd = fd, .call = call };

	if (bpf_map_update_elem(&calls, &thread, &started, BPF_ANY))
		lose(call_not_measured);
	return 0;
}

// The bucket i is for values below 2^(i+1): the number of the highest bit that is set.
static __u32 bucket_of(__u64 value)
{
	__u32 bucket = 0;

#pragma unroll
	for (__u32 bits = 32; bits > 0; bits /= 2) {
		if (value >> bits) {
			value >>= bits;
			bucket += bits;
		}
	}
	return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static void count(enum call call, __u64 duration_ns)
{
	static const struct histogram empty;
	struct series series = { .cgroup = bpf_get_current_cgroup_id(), .call = call };
	struct histogram *histogram = bpf_map_lookup_elem(&durations, &series);
	__u32 bucket = bucket_of(duration_ns);

	if (!histogram) {
		// Another processor may be faster. Then its entry is found.
		bpf_map_update_elem(&durations, &series, &empty, BPF_NOEXIST);
		histogram = bpf_map_lookup_elem(&durations, &series);
	}
	if (!histogram || bucket >= BUCKETS) {
		lose(call_not_counted);
		return;
	}
	__sync_fetch_and_add(&histogram->buckets[bucket], 1);
	__sync_fetch_and_add(&histogram->total_ns, duration_ns);
}

static void send(const struct started *started, __u64 now, long result)
{
	struct fsync_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	__u64 id = bpf_get_current_pid_tgid();

	if (!event) {
		lose(event_not_sent);
		return;
	}
	event->time = now;
	event->duration_ns = now - started->time;
	event->cgroup = bpf_get_current_cgroup_id();
	event->pid = id >> 32; // what user space calls a process, the kernel calls a thread group
	event->thread = id;
	event->fd = started->fd;
	event->error = result;
	event->call = started->call;
	event->outcome = result < 0 ? failed : slow;
	bpf_get_current_comm(event->thread_name, sizeof(event->thread_name));
	bpf_ringbuf_submit(event, 0);
}

static int end(long result)
{
	__u32 thread = bpf_get_current_pid_tgid();
	struct started *found = bpf_map_lookup_elem(&calls, &thread), started;
	__u64 now = bpf_ktime_get_boot_ns();

	if (!found)
		return 0; // it began before the tracer did, or is counted in losses
	started = *found;
	bpf_map_delete_elem(&calls, &thread);
	count(started.call, now - started.time);
	if (result < 0 || now - started.time > SLOW_NS)
		send(&started, now, result);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_fsync")
int enter_fsync(struct trace_event_raw_sys_enter *ctx)
{
	return begin(fsync, ctx->args[0]);
}

SEC("tracepoint/syscalls/sys_enter_fdatasync")
int enter_fdatasync(struct trace_event_raw_sys_enter *ctx)
{
	return begin(fdatasync, ctx->args[0]);
}

SEC("tracepoint/syscalls/sys_exit_fsync")
int exit_fsync(struct trace_event_raw_sys_exit *ctx)
{
	return end(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_fdatasync")
int exit_fdatasync(struct trace_event_raw_sys_exit *ctx)
{
	return end(ctx->ret);
}
