// SPDX-License-Identifier: Apache-2.0

package btfvalue

import (
	"fmt"
	"strconv"
	"strings"
)

// Layout is where the values of a type lie.
type Layout struct {
	root     *shape
	typeName string
	leaves   []*Field
	bytesMin int
	// visits is how many members were looked at to find the leaves: types that hold nothing hold none.
	visits int
}

// Field finds one value in the bytes of a layout. It is immutable.
type Field struct {
	// Path joins the names of nested members by dots; empty for the whole.
	Path string

	shape  *shape
	offset int
	bytes  int
	bits   bitRange
	// isRest is for flexible arrays.
	isRest bool
}

// ShortError is what is wrong with a record that ends before its type does.
type ShortError struct {
	Bytes    int
	TypeName string
	BytesMin int
}

// Error implements error.
func (e *ShortError) Error() string {
	return fmt.Sprintf("the record has %d bytes, %s has %d", e.Bytes, e.TypeName, e.BytesMin)
}

// flatten lists the fields of nested structs from a place on, in the order in which they lie.
func (l *Layout) flatten(s *shape, at Field, limits *Limits) error {
	l.visits++
	if l.visits > limits.FieldsMax {
		return memberError(at.Path, "there are more than %d fields", limits.FieldsMax)
	}
	if s.kind != KindStruct {
		l.leaves = append(l.leaves, &at)
		if s == l.root {
			at.shape, at.bytes = s, s.bytes
		}
		return nil
	}
	for i := range s.members {
		field, ok := l.step(s, at, s.members[i])
		if !ok {
			continue
		}
		if err := l.flatten(field.shape, field, limits); err != nil {
			return err
		}
	}
	return nil
}

// step goes from a struct to one of its members. It fails for flexible arrays within other structs, of which
// nobody knows where they end.
func (l *Layout) step(s *shape, at Field, m member) (Field, bool) {
	field := Field{
		Path: join(at.Path, m.name), shape: m.shape, offset: at.offset + m.offset, bytes: m.bytes(), bits: m.bits,
		isRest: m.shape.isFlexible,
	}
	return field, !field.isRest || s == l.root
}

// Bytes is the size of the type.
func (l *Layout) Bytes() int { return l.root.bytes }

// BytesMin is the size that records have at least: that of the type, or up to where the flexible array begins if
// there is one.
func (l *Layout) BytesMin() int { return l.bytesMin }

// measure finds the least size.
func (l *Layout) measure() {
	if !l.IsOpen() {
		l.bytesMin = l.root.bytes
		return
	}
	for _, leaf := range l.leaves {
		l.bytesMin = max(l.bytesMin, leaf.offset+leaf.bytes)
	}
}

// IsOpen tells whether records may be of any size from BytesMin on, since a flexible array is at the end.
func (l *Layout) IsOpen() bool {
	return len(l.leaves) > 0 && l.leaves[len(l.leaves)-1].isRest
}

// Check fails with a ShortError for records that are too short. What stands behind the type in a record that is
// longer is nobody's: ring buffers keep the exact size.
func (l *Layout) Check(record []byte) error {
	if len(record) < l.BytesMin() {
		return &ShortError{Bytes: len(record), TypeName: l.typeName, BytesMin: l.BytesMin()}
	}
	return nil
}

// Leaves are the fields that are no structs, those of nested structs included; the type itself if it is none.
func (l *Layout) Leaves() []*Field { return l.leaves }

// Lookup finds a field by its path: names of members, and numbers of elements, joined by dots. An empty path is
// the whole.
func (l *Layout) Lookup(path string) (*Field, error) {
	field := Field{shape: l.root, bytes: l.root.bytes}
	if path == "" {
		return &field, nil
	}
	for name := range strings.SplitSeq(path, ".") {
		s := field.shape
		if s.kind == KindList && !field.isRest {
			number, err := strconv.Atoi(name)
			if err != nil || number < 0 || number >= s.count {
				return nil, fmt.Errorf("look up field %q: %q is no number of an element: there are 0 to %d", path, name, s.count-1)
			}
			field = Field{Path: join(field.Path, name), shape: s.element, offset: field.offset + number*s.element.bytes, bytes: s.element.bytes}
			continue
		}
		m, ok := s.find(name)
		if !ok {
			return nil, fmt.Errorf("look up field %q: %s", path, s.hasNo(name))
		}
		if field, ok = l.step(s, field, m); !ok {
			return nil, fmt.Errorf("look up field %q: an array without a length ends with the record only at the end of the outermost struct", path)
		}
	}
	return &field, nil
}

// hasNo says which names there are instead of one.
func (s *shape) hasNo(name string) string {
	names := s.memberNames()
	if len(names) == 0 {
		return fmt.Sprintf("%s has no fields", s.typeName)
	}
	more := ""
	if len(names) > namesListedMax {
		names, more = names[:namesListedMax], ", …"
	}
	return fmt.Sprintf("%s has no %q: it has %s%s", s.typeName, name, strings.Join(names, ", "), more)
}

// Kind is what values of the field are.
func (f *Field) Kind() Kind { return f.shape.kind }

// Len is the number of elements of an array, 0 for flexible ones and for what is no array.
func (f *Field) Len() int { return f.shape.count }

// IsSigned tells whether a number may be negative.
func (f *Field) IsSigned() bool { return f.shape.signed }

// Element is the kind of an array's elements.
func (f *Field) Element() Kind {
	if f.shape.element == nil {
		return KindNone
	}
	return f.shape.element.kind
}

// Named returns the number of an enum's value, or that which text stands for.
func (f *Field) Named(text string) (uint64, error) {
	for number, name := range f.shape.names {
		if name == text {
			return number, nil
		}
	}
	if number, err := strconv.ParseInt(text, 0, 64); err == nil {
		return uint64(number), nil
	}
	number, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number nor the name of a value of %s", text, f.shape.typeName)
	}
	return number, nil
}

// Value is the field's in a record. It is of KindNone if the record ends before it, and shares the record's bytes.
func (f *Field) Value(record []byte) Value {
	end := f.offset + f.bytes
	if f.isRest {
		end = len(record)
	}
	if f.offset > end || end > len(record) {
		return Value{shape: &nothing}
	}
	return Value{shape: f.shape, data: record[f.offset:end], bits: f.bits}
}

// nothing is the shape of values that are not there.
var nothing = shape{kind: KindNone}
