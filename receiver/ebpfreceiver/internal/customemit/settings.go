// SPDX-License-Identifier: Apache-2.0

package customemit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf/btf"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/btfvalue"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/manifest"
)

// Settings are what both kinds of telemetry need to know besides the manifest.
type Settings struct {
	// Order is the byte order of the object.
	Order binary.ByteOrder
	// Time converts what a clock of the kernel has told.
	Time func(clock manifest.Clock, nanoseconds uint64) time.Time
	// Redact takes secrets out of texts; nil leaves them as they are.
	Redact func(string) string
	Limits Limits
	// Counters are the tracer's.
	Counters *Counters
}

// Owner is whose an event or data point is, by the ids that the record or key has; 0 for those that it has not.
type Owner struct {
	// PID is a thread group id in the initial pid namespace.
	PID      uint32
	CgroupID uint64
}

// ownership are the fields that tell the owner; nil for those that there are not.
type ownership struct {
	pid, cgroup *btfvalue.Field
}

func (o ownership) of(bytes []byte) Owner {
	var owner Owner
	if pid := number(o.pid, bytes); pid <= pidMax {
		owner.PID = uint32(pid)
	}
	owner.CgroupID = number(o.cgroup, bytes)
	return owner
}

// pidMax is the kernel's PID_MAX_LIMIT: nothing above is a process.
const pidMax = 1 << 22

// number is the value of a field, 0 without one.
func number(field *btfvalue.Field, bytes []byte) uint64 {
	if field == nil {
		return 0
	}
	n, fits := field.Value(bytes).Uint64()
	if !fits {
		return 0
	}
	return n
}

// attribute is a field that becomes one.
type attribute struct {
	name  string
	field *btfvalue.Field
}

// keyError is what is wrong with a key of the manifest.
type keyError struct {
	key string
	err error
}

// Error implements error.
func (e *keyError) Error() string { return e.key + ": " + e.err.Error() }

// Unwrap is for the package errors.
func (e *keyError) Unwrap() error { return e.err }

// at says where in the manifest something is wrong. Keys that errors have already are below this one.
func at(err error, key string, values ...any) error {
	key = fmt.Sprintf(key, values...)
	if inner, ok := err.(*keyError); ok { //nolint:errorlint // one that is wrapped has another text around it
		return &keyError{key: key + "." + inner.key, err: inner.err}
	}
	return &keyError{key: key, err: err}
}

// lookup finds a field by its path.
type lookup func(path string) (*btfvalue.Field, error)

// numberAt looks up a field that has to be a number; nil for an empty path.
func numberAt(find lookup, path string) (*btfvalue.Field, error) {
	if path == "" {
		return nil, nil
	}
	field, err := find(path)
	if err != nil {
		return nil, err
	}
	if !field.Kind().IsNumber() {
		return nil, fmt.Errorf("field %q is no number", path)
	}
	return field, nil
}

// ownershipAt looks up the fields that tell the owner.
func ownershipAt(find lookup, pid, cgroup string) (ownership, error) {
	var o ownership
	var err error
	if o.pid, err = numberAt(find, pid); err != nil {
		return o, at(err, "process_id")
	}
	if o.cgroup, err = numberAt(find, cgroup); err != nil {
		return o, at(err, "cgroup_id")
	}
	return o, nil
}

// attributesAt looks up the fields that are chosen. Names that are not given are the field's path behind a prefix.
func (s *Settings) attributesAt(find lookup, chosen []manifest.Field, key, prefix string) ([]attribute, error) {
	var all []attribute
	taken := map[string]bool{}
	for i, c := range chosen {
		field, err := find(c.Field)
		if err != nil {
			return nil, at(err, "%s[%d].field", key, i)
		}
		if field, err = field.As(btfvalue.Reading(c.As), s.Limits.Types); err != nil {
			return nil, at(err, "%s[%d].as", key, i)
		}
		name := c.Attribute
		if name == "" {
			name = defaultName(prefix, c.Field)
		}
		if taken[name] {
			return nil, at(fmt.Errorf("there are two attributes %q", name), "%s[%d]", key, i)
		}
		taken[name] = true
		all = append(all, attribute{name: name, field: field})
	}
	if len(all) > s.Limits.AttributesMax {
		return nil, at(fmt.Errorf("there are %d, more than %d", len(all), s.Limits.AttributesMax), "%s", key)
	}
	return all, nil
}

// defaultName is the name of an attribute that the manifest gives none.
func defaultName(prefix, path string) string {
	if path == "" {
		return prefix + ".key"
	}
	return prefix + "." + path
}

// typeNamed finds the type of a ring buffer's records.
func typeNamed(types *btf.Spec, name string) (btf.Type, error) {
	if types == nil {
		return nil, errors.New("the object has no type information (BTF): compile it with -g")
	}
	found, err := types.AnyTypesByName(name)
	if err != nil {
		return nil, fmt.Errorf("the object's type information has no struct %q; the compiler leaves out structs that only "+
			"local variables have: declare a global pointer to it", name)
	}
	for _, t := range found {
		switch t.(type) {
		case *btf.Struct, *btf.Union, *btf.Typedef:
			return t, nil
		}
	}
	return nil, fmt.Errorf("%q is no struct", name)
}
