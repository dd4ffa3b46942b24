// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)

// Records as a C compiler lays them out: types and initialised values, of which the test knows what they are.
// They have no program, only constants, so that they can be made for both byte orders.

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;

#define RECORD(type, name) const volatile struct type name __attribute__((section(".rodata"), used))

struct in_addr {
	__be32 s_addr;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be16 u6_addr16[8];
	} in6_u;
};

enum state { STATE_NEW, STATE_OPEN, STATE_CLOSED = 7, STATE_FAILED = -1 };
enum large { LARGE_ONE = 1, LARGE_TOP = 0x8000000000000001ULL };
enum __attribute__((packed)) tiny { TINY_A = 3 };

struct numbers {
	__s8 s8;
	__u8 u8;
	__s16 s16;
	__u16 u16;
	__s32 s32;
	__u32 u32;
	__s64 s64;
	__u64 u64;
	__int128 s128;
	unsigned __int128 u128;
	_Bool yes;
	_Bool no;
	char letter;
	float f32;
	double f64;
	const void *pointer;
};

RECORD(numbers, numbers) = {
	.s8 = -8, .u8 = 200, .s16 = -1600, .u16 = 60000, .s32 = -320000, .u32 = 4000000000u, .s64 = -64000000000,
	.u64 = 0xfedcba9876543210ULL, .s128 = -(((__int128)1) << 100), .u128 = (((unsigned __int128)1) << 127) + 5,
	.yes = 1, .no = 0, .letter = 'M', .f32 = 1.5f, .f64 = -2.25, .pointer = (void *)0xffff888012345678ULL,
};

struct enums {
	enum state state;
	enum state failed;
	enum state unknown;
	enum large large;
	enum tiny tiny;
};

RECORD(enums, enums) = {
	.state = STATE_CLOSED, .failed = STATE_FAILED, .unknown = (enum state)99, .large = LARGE_TOP, .tiny = TINY_A,
};

struct bits {
	__u32 a : 3;
	__s32 b : 5;
	__u32 : 7;
	__u32 c : 17;
	__u64 wide : 45;
	__s64 rest : 19;
	enum state state : 4;
	_Bool flag : 1;
	__u8 behind;
};

RECORD(bits, bits) = {
	.a = 5, .b = -11, .c = 0x1abcd, .wide = 0x123456789abULL, .rest = -123456, .state = STATE_CLOSED, .flag = 1, .behind = 0xee,
};

struct split {
	__u8 first;
	__u64 spans : 62;
	__u64 two : 2;
} __attribute__((packed));

RECORD(split, split) = { .first = 1, .spans = 0x2bcdef0123456789ULL, .two = 2 };

struct texts {
	char comm[16];
	char full[4];
	char broken[8];
	char control[8];
	const char *ignored[0];
	char names[2][4];
	unsigned char raw[4];
};

RECORD(texts, texts) = {
	.comm = "kworker/0:1", .full = { 'f', 'u', 'l', 'l' }, .broken = "a\xff\xfe z", .control = "a\n\x1b[1m",
	.names = { "one", "two" }, .raw = { 1, 2, 3, 255 },
};

struct end {
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
	__be16 port;
};

struct inner {
	__u32 x;
	struct {
		__u16 y;
		__u16 z;
	};
};

struct nested {
	struct end source, target;
	volatile const struct inner inner;
	struct inner list[3];
	__u32 matrix[2][3];
	__be64 wide;
	union {
		__u64 whole;
		__u8 parts[8];
	} shared;
	__be32 plain;
	struct {
	} nothing;
};

/* 203.0.113.9, 2001:db8::7, ports 443 and 8080. */
RECORD(nested, nested) = {
	.source = { .v4 = { .s_addr = (__be32)(
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		0xcb007109
#else
		0x097100cb
#endif
	) }, .port =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		443
#else
		0xbb01
#endif
	},
	.target = { .v6 = { .in6_u = { .u6_addr8 = { 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 } } }, .port =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		8080
#else
		0x901f
#endif
	},
	.inner = { .x = 1, { .y = 2, .z = 3 } },
	.list = { { 10, { 11, 12 } }, { 20, { 21, 22 } }, { 30, { 31, 32 } } },
	.matrix = { { 1, 2, 3 }, { 4, 5, 6 } },
	.wide =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		0x0102030405060708ULL,
#else
		0x0807060504030201ULL,
#endif
	.shared = { .parts = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3 } },
	.plain =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		0x7f000001,
#else
		0x0100007f,
#endif
};

struct open_text {
	__u64 id;
	__u32 length;
	char text[];
};

RECORD(open_text, open_text) = { .id = 7, .length = 5, .text = "hello" };

struct open_list {
	__u32 id;
	struct inner all[];
};

RECORD(open_list, open_list) = { .id = 8, .all = { { 1, { 2, 3 } }, { 4, { 5, 6 } } } };

struct overridden {
	__u32 address;
	__u8 six[16];
	__u16 port;
	__s32 result;
	__u32 error;
	__u64 latency;
	__u8 text[8];
	__u64 word;
};

RECORD(overridden, overridden) = {
	.address =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		0x0a000001,
#else
		0x0100000a,
#endif
	.six = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 },
	.port =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		53,
#else
		0x3500,
#endif
	.result = -2, .error = 111, .latency = 1500000000ULL, .text = "text", .word =
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		0x6162630000000000ULL,
#else
		0x636261ULL,
#endif
};
