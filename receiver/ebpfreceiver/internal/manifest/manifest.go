// SPDX-License-Identifier: Apache-2.0

// Package manifest describes tracers that somebody else has written: what is to be attached where, and what
// becomes of the records and maps of the programs. It parses and validates, from bytes alone: it never opens a
// file and does not know the kernel.
package manifest

import "time"

// Manifest is what stands beside the object file of a custom tracer.
type Manifest struct {
	// Name is the tracer's, unique among all tracers: lower-case letters, digits and hyphens.
	Name string `yaml:"name"`
	// Brief says in one sentence what the tracer observes.
	Brief string `yaml:"brief"`
	// Version is the author's; it is shown and not compared.
	Version string `yaml:"version"`
	// Object is the name of the object file in the manifest's folder. An upload brings its object along.
	Object string `yaml:"object"`
	// Programs adds what sections do not tell. Programs that are not listed are attached by their sections.
	Programs []Program `yaml:"programs"`
	Events   []Event   `yaml:"events"`
	Metrics  []Metric  `yaml:"metrics"`
}

// Program says more about a program of the object.
type Program struct {
	// Name is that of the function.
	Name string `yaml:"name"`
	// Binary is the absolute path of the executable or library of a uprobe or USDT probe.
	Binary string `yaml:"binary"`
	// Interface is the network interface of an XDP or TC program.
	Interface string `yaml:"interface"`
	// Cgroup is the path below the mount point of cgroup v2 that a cgroup program is attached to; empty for
	// the root.
	Cgroup string `yaml:"cgroup"`
	// Interval is how often an iterator runs.
	Interval time.Duration `yaml:"interval"`
	// SamplesPerSecond is how often a perf_event program runs on each processor.
	SamplesPerSecond uint64 `yaml:"samples_per_second"`
	// Optional tells that the tracer is whole without it.
	Optional bool `yaml:"optional"`
}

// Event makes log records of the records of a ring buffer.
type Event struct {
	// Map is the name of the ring buffer.
	Map string `yaml:"map"`
	// Struct is the name of the C struct of the records. Events that share a ring buffer differ in size, or
	// in the value of the field that When names.
	Struct string `yaml:"struct"`
	// When chooses among events of one ring buffer; nil takes all records.
	When *When `yaml:"when"`
	// Name is the EventName: dotted, lower-case, not of "meerkat.".
	Name string `yaml:"name"`
	// Severity is one of trace, debug, info, warn, error; empty for info.
	Severity string `yaml:"severity"`
	// Body is a sentence in which {field} stands for a field's value; empty for the event's name.
	Body string `yaml:"body"`
	// Time is the field with the time of the event; empty for when it was read.
	Time *Time `yaml:"time"`
	// ProcessID and CgroupID are fields that tell whose event it is: a thread group id in the initial pid
	// namespace, and the id of bpf_get_current_cgroup_id. Empty if the record does not say.
	ProcessID string `yaml:"process_id"`
	CgroupID  string `yaml:"cgroup_id"`
	// Fields chooses fields and names attributes. Without it each field of the struct becomes an attribute
	// "<event name>.<field>", apart from those that Time, ProcessID, CgroupID and When name.
	Fields []Field `yaml:"fields"`
}

// When holds for records whose field has a value.
type When struct {
	Field string `yaml:"field"`
	// Equals is a number, or the name of an enum's value.
	Equals string `yaml:"equals"`
}

// Clock is what a time was read from.
type Clock string

// Values of Clock.
const (
	ClockBoot      Clock = "boot"      // bpf_ktime_get_boot_ns
	ClockMonotonic Clock = "monotonic" // bpf_ktime_get_ns
	ClockReal      Clock = "real"      // nanoseconds since 1970
)

// Time is a field that holds nanoseconds.
type Time struct {
	Field string `yaml:"field"`
	// Clock is the field's; empty for boot.
	Clock Clock `yaml:"clock"`
}

// As says how bytes are to be read where their type does not tell.
type As string

// Values of As.
const (
	AsDefault  As = ""         // by the type: number, enum by name, char array as text, others as lists and maps
	AsAddress  As = "address"  // 4 or 16 bytes in network order
	AsPort     As = "port"     // 2 bytes in network order
	AsHex      As = "hex"      // bytes, in hexadecimal
	AsText     As = "text"     // bytes up to the first NUL
	AsDuration As = "duration" // nanoseconds, told in seconds
	AsErrno    As = "errno"    // an error number, told by its name
)

// Field makes an attribute of a field.
type Field struct {
	// Field is a path: names of nested fields, joined by dots.
	Field string `yaml:"field"`
	// Attribute is the name; empty for the default.
	Attribute string `yaml:"attribute"`
	As        As     `yaml:"as"`
}

// MetricType is the kind of an instrument.
type MetricType string

// Values of MetricType.
const (
	TypeSum       MetricType = "sum"       // only grows, cumulative
	TypeGauge     MetricType = "gauge"     // goes up and down
	TypeHistogram MetricType = "histogram" // buckets, cumulative
)

// Metric makes a metric of a map: hash, LRU hash, array, and the per-CPU kinds of these, which are summed up.
type Metric struct {
	Map  string     `yaml:"map"`
	Name string     `yaml:"name"`
	Unit string     `yaml:"unit"` // UCUM, such as By or {packet}
	Type MetricType `yaml:"type"`
	// Brief is the description.
	Brief string `yaml:"brief"`
	// Value is the field of the map's value; empty if the value is a number, or an array of buckets.
	Value string `yaml:"value"`
	// Attributes are those of the key's fields that tell points apart; others are summed up. For a key that is no
	// struct, Field is empty.
	Attributes []Field `yaml:"attributes"`
	// ProcessID and CgroupID are fields of the key, as those of events.
	ProcessID string `yaml:"process_id"`
	CgroupID  string `yaml:"cgroup_id"`
	// Buckets says how the buckets of a histogram are laid out.
	Buckets *Buckets `yaml:"buckets"`
}

// Scale is how the bounds of buckets grow.
type Scale string

// Values of Scale.
const (
	ScaleLog2   Scale = "log2"   // bucket i counts values below 2^(i+1), and not below 2^i; bucket 0 also zero
	ScaleLinear Scale = "linear" // bucket i counts values from Offset + i*Width
)

// Buckets lays out a histogram. The last bucket has no upper bound. Bounds and the sum are multiplied by Factor.
type Buckets struct {
	Scale Scale `yaml:"scale"`
	// Bucket is the field of the key that numbers the bucket; empty if the value is an array of buckets.
	Bucket string `yaml:"bucket"`
	// Count is how many buckets there are where Bucket is set.
	Count int `yaml:"count"`
	// Sum is the field of the map's value with the sum of what was measured, in the program's unit; empty if the
	// program does not sum up.
	Sum    string  `yaml:"sum"`
	Offset float64 `yaml:"offset"`
	Width  float64 `yaml:"width"`
	// Factor turns the kernel's unit into the metric's: 1e-9 for nanoseconds told in seconds; 0 for 1.
	Factor float64 `yaml:"factor"`
}
