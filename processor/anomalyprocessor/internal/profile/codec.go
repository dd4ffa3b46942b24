// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
)

// The form of an exported profile: magic, version, length of the workload and the workload, fixed numbers, versions, nodes by key, habits,
// checksum of everything before. All numbers are little endian.
const (
	codecMagic   = "MKPR"
	codecVersion = 2
	// withoutHabits is the version before there were habits. It is still read.
	withoutHabits = 1
	// fixedNumbers is how many numbers of eight bytes stand before the versions.
	fixedNumbers   = 24
	nodeCodedBytes = 30
	checksumBytes  = 8
)

// Errors of Decode, for deciding what to do: what is damaged is set aside, what is of another version may be read by another release.
var (
	ErrDamaged = errors.New("profile is damaged")
	ErrVersion = errors.New("profile is in a form that this release does not know")
)

// Encode exports the profile. The same profile always gives the same bytes.
func (p *Profile) Encode() []byte {
	nodes := p.table.all()
	out := make([]byte, 0, 16+len(p.workload)+8*(fixedNumbers+len(p.versions))+len(nodes)*nodeCodedBytes+checksumBytes)
	out = append(out, codecMagic...)
	out = binary.LittleEndian.AppendUint16(out, codecVersion)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(p.workload)))
	out = append(out, p.workload...)
	for _, number := range p.numbers() {
		out = binary.LittleEndian.AppendUint64(out, number)
	}
	out = binary.LittleEndian.AppendUint32(out, uint32(len(p.versions)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(nodes)))
	for _, version := range p.versions {
		out = binary.LittleEndian.AppendUint64(out, version)
	}
	for i := range nodes {
		out = nodes[i].encode(out)
	}
	out = p.habits.Append(out)
	return binary.LittleEndian.AppendUint64(out, xxhash.Sum64(out))
}

// numbers returns the fixed numbers, in their order.
func (p *Profile) numbers() [fixedNumbers]uint64 {
	numbers := [fixedNumbers]uint64{
		uint64(p.state), p.drifting, p.instances, p.events, p.table.evicted,
		uint64(p.clock.observed), uint64(p.clock.high), uint64(p.clock.late), uint64(p.clock.jumps), p.starts,
	}
	for i, l := range [...]*learning{&p.learning, &p.drift} {
		copy(numbers[10+7*i:], []uint64{
			uint64(l.since), uint64(l.started), uint64(l.events)<<32 | uint64(l.fresh), uint64(l.incidents)<<32 | uint64(l.settled),
			uint64(l.windows), math.Float64bits(l.rate), math.Float64bits(l.before),
		})
	}
	return numbers
}

// setNumbers is the other way, and complains about numbers that can't be.
func (p *Profile) setNumbers(numbers [fixedNumbers]uint64) error {
	if numbers[0] > uint64(Drifting) {
		return fmt.Errorf("%w: state %d", ErrDamaged, numbers[0])
	}
	p.state, p.drifting, p.instances, p.events = State(numbers[0]), numbers[1], numbers[2], numbers[3]
	p.table.evicted = numbers[4]
	p.clock = clock{time.Duration(numbers[5]), int64(numbers[6]), uint32(numbers[7]), uint32(numbers[8])}
	p.starts = numbers[9]
	for i, l := range [...]*learning{&p.learning, &p.drift} {
		n := numbers[10+7*i:]
		*l = learning{
			since: time.Duration(n[0]), started: time.Duration(n[1]), events: uint32(n[2] >> 32), fresh: uint32(n[2]),
			incidents: uint32(n[3] >> 32), settled: uint32(n[3]), windows: uint32(n[4]),
			rate: math.Float64frombits(n[5]), before: math.Float64frombits(n[6]),
		}
		if l.since < 0 || l.since > p.clock.observed || l.started < l.since || l.started > p.clock.observed || !rate(l.rate) || !rate(l.before) {
			return fmt.Errorf("%w: its learning can't have been so", ErrDamaged)
		}
	}
	if p.clock.observed < 0 || p.clock.observed/bucket > math.MaxUint32 || p.clock.observed/halfLife > math.MaxUint8 {
		return fmt.Errorf("%w: observed for %s", ErrDamaged, p.clock.observed)
	}
	return nil
}

func rate(value float64) bool { return value >= 0 && value <= 1000 }

func (n *node) encode(out []byte) []byte {
	out = binary.LittleEndian.AppendUint64(out, n.key)
	for _, number := range [...]uint32{n.observations, n.last, n.first, n.replicas} {
		out = binary.LittleEndian.AppendUint32(out, number)
	}
	out = binary.LittleEndian.AppendUint16(out, n.distinct)
	return append(out, n.separate, n.flags, n.depth, n.epoch)
}

func (n *node) decode(data []byte) {
	number := binary.LittleEndian.Uint32
	*n = node{
		key: binary.LittleEndian.Uint64(data), observations: number(data[8:]), last: number(data[12:]), first: number(data[16:]),
		replicas: number(data[20:]), distinct: binary.LittleEndian.Uint16(data[24:]),
		separate: data[26], flags: data[27], depth: data[28], epoch: data[29],
	}
}

// Decode reads what Encode wrote. What is larger than the limits allow is read, and then forgotten down to them. The error wraps
// ErrDamaged or ErrVersion and says what is wrong.
func Decode(data []byte, limits Limits) (*Profile, error) {
	version, workload, rest, err := openExport(data)
	if err != nil {
		return nil, err
	}
	p := New(workload, limits)
	var numbers [fixedNumbers]uint64
	if len(rest) < 8*(fixedNumbers+1) {
		return nil, fmt.Errorf("%w: it ends within its head", ErrDamaged)
	}
	for i := range numbers {
		numbers[i] = binary.LittleEndian.Uint64(rest[8*i:])
	}
	rest = rest[8*fixedNumbers:]
	if err := p.setNumbers(numbers); err != nil {
		return nil, err
	}
	versions, nodes := uint64(binary.LittleEndian.Uint32(rest)), uint64(binary.LittleEndian.Uint32(rest[4:]))
	rest = rest[8:]
	expected := versions*8 + nodes*nodeCodedBytes
	if versions > versionsMax || uint64(len(rest)) < expected || version == withoutHabits && uint64(len(rest)) != expected {
		return nil, fmt.Errorf("%w: %d versions and %d nodes are not what its length says", ErrDamaged, versions, nodes)
	}
	for range versions {
		p.versions = append(p.versions, binary.LittleEndian.Uint64(rest))
		rest = rest[8:]
	}
	if err := p.readNodes(rest[:nodes*nodeCodedBytes]); err != nil {
		return nil, err
	}
	if version == withoutHabits {
		return p, nil
	}
	if err := p.readHabits(rest[nodes*nodeCodedBytes:]); err != nil {
		return nil, err
	}
	return p, nil
}

// openExport checks the frame, and returns the version, the workload and what lies between it and the checksum.
func openExport(data []byte) (uint16, string, []byte, error) {
	if len(data) < len(codecMagic)+4+checksumBytes {
		return 0, "", nil, fmt.Errorf("%w: %d bytes are too few", ErrDamaged, len(data))
	}
	if string(data[:4]) != codecMagic {
		return 0, "", nil, fmt.Errorf("%w: it begins with %q, not with %q: is it a profile?", ErrDamaged, data[:4], codecMagic)
	}
	version := binary.LittleEndian.Uint16(data[4:])
	if version != codecVersion && version != withoutHabits {
		return 0, "", nil, fmt.Errorf("%w: version %d, not %d: read it with the release that wrote it, or learn anew", ErrVersion, version, codecVersion)
	}
	body, sum := data[:len(data)-checksumBytes], binary.LittleEndian.Uint64(data[len(data)-checksumBytes:])
	if found := xxhash.Sum64(body); found != sum {
		return 0, "", nil, fmt.Errorf("%w: its checksum is %016x, its content's %016x: take an older copy, or learn anew", ErrDamaged, sum, found)
	}
	length := int(binary.LittleEndian.Uint16(data[6:]))
	if length > WorkloadBytesMax || 8+length > len(body) {
		return 0, "", nil, fmt.Errorf("%w: a workload of %d bytes", ErrDamaged, length)
	}
	return version, string(body[8 : 8+length]), body[8+length:], nil
}

// readNodes fills the table.
func (p *Profile) readNodes(data []byte) error {
	before := uint64(0)
	for i := 0; len(data) > 0; i++ {
		var n node
		n.decode(data)
		data = data[nodeCodedBytes:]
		if n.key <= before || n.last > p.clock.bucket() || n.first > n.last || n.epoch > p.clock.epoch() ||
			n.flags >= flagsEnd {
			return fmt.Errorf("%w: node %d can't have been so", ErrDamaged, i)
		}
		before = n.key
		p.room()
		p.table.place(n)
	}
	return nil
}
