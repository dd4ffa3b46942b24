// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)

// What somebody else's tracer has: maps, types of records, and records as the compiler lays them out, of which the
// test knows what they say. There are no programs: what is in the maps is written by the test.

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;

#define SEC(name) __attribute__((section(name), used))
#define __uint(name, value) int (*name)[value]
#define __type(name, value) typeof(value) *name
#define RECORD(type, name) const volatile struct type name SEC(".rodata")

enum map_type { HASH = 1, ARRAY = 2, PERCPU_HASH = 5, PERCPU_ARRAY = 6, LRU_HASH = 9, RINGBUF = 27 };

enum open_how { OPEN_READ, OPEN_WRITE };

struct endpoint {
	__be32 address;
	__be16 port;
	__u16 padding;
};

struct opened {
	__u64 time_ns;
	__u64 cgroup;
	__u32 tgid;
	enum open_how how;
	__u64 latency;
	struct endpoint peer;
	__s32 result;
	__u32 mode : 12;
	__u32 is_directory : 1;
	char comm[16];
	char path[32];
	__u32 sizes[3];
	struct endpoint tried[2];
};

RECORD(opened, opened_write) = {
	.time_ns = 5000000000ULL, .cgroup = 4242, .tgid = 1234, .how = OPEN_WRITE, .latency = 2500000,
	.peer = { .address = 0x097100cb, .port = 0xbb01 }, .result = -13, .mode = 0644, .is_directory = 1, .comm = "writer",
	.path = "/srv/data\nfile", .sizes = { 1, 2, 3 }, .tried = { { 0x0100007f, 0x5000, 0 }, { 0x0200007f, 0x5100, 0 } },
};

RECORD(opened, opened_read) = {
	.time_ns = 0, .tgid = 0, .how = (enum open_how)9, .comm = "a\xff", .path = "token=hunter2",
};

enum step_kind { STEP_BEGIN, STEP_END };

struct step_begin {
	enum step_kind kind;
	__u32 id;
	__u64 when_ns;
};

struct step_end {
	enum step_kind kind;
	__u32 id;
	__s64 total;
};

RECORD(step_begin, step_begin) = { .kind = STEP_BEGIN, .id = 1, .when_ns = 7000000000ULL };
RECORD(step_end, step_end) = { .kind = STEP_END, .id = 1, .total = -5 };

struct said {
	__u32 tgid;
	char words[];
};

RECORD(said, said) = { .tgid = 77, .words = "as long as it takes" };

struct {
	__uint(type, RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct traffic_key {
	__u64 cgroup;
	__u32 tgid;
	enum { RECEIVE, TRANSMIT } direction;
	__u16 port;
	char name[6];
};

struct traffic {
	__u64 bytes;
	__u64 packets;
};

struct {
	__uint(type, HASH);
	__uint(max_entries, 64);
	__type(key, struct traffic_key);
	__type(value, struct traffic);
} traffic SEC(".maps");

struct latencies {
	__u64 total;
	__u32 slots[5];
};

struct {
	__uint(type, LRU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct latencies);
} latencies SEC(".maps");

struct {
	__uint(type, ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} sizes SEC(".maps");

struct {
	__uint(type, PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __s32);
} waiting SEC(".maps");

struct slot_key {
	char comm[8];
	__u32 slot;
};

struct {
	__uint(type, PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, struct slot_key);
	__type(value, __u64);
} slots SEC(".maps");

struct timed {
	__u64 count;
	__s64 total;
};

struct {
	__uint(type, PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, struct slot_key);
	__type(value, struct timed);
} timed SEC(".maps");

struct {
	__uint(type, HASH);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
} untyped SEC(".maps");

struct {
	__uint(type, HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, double);
} shares SEC(".maps");
