// SPDX-License-Identifier: Apache-2.0

package btfvalue

// Limits bound what types may ask for, and what values give. The first four are held by Compile, which fails; the
// others when values are read, which then say that they were cut.
type Limits struct {
	// NestingLevelsMax bounds structs in structs, arrays of arrays, and so on.
	NestingLevelsMax int
	// FieldsMax bounds the members of a layout, those of nested structs included.
	FieldsMax int
	// EnumValuesMax bounds the names of one enum.
	EnumValuesMax int
	// RecordBytesMax bounds the size of a type. What a flexible array holds is not counted.
	RecordBytesMax int
	// TextBytesMax bounds a text, and the bytes that are shown in hexadecimal.
	TextBytesMax int
	// ElementsMax bounds the elements of an array that are read.
	ElementsMax int
}

// DefaultLimits are more than sensible records need.
func DefaultLimits() Limits {
	return Limits{
		NestingLevelsMax: 16,
		FieldsMax:        1024,
		EnumValuesMax:    4096,
		RecordBytesMax:   64 << 10,
		TextBytesMax:     4096,
		ElementsMax:      1024,
	}
}

const (
	// integerBytesMax is the size of the largest integer that BTF has, __int128.
	integerBytesMax = 16
	// modifiersMax bounds typedefs of typedefs, const, volatile and the like in front of a type.
	modifiersMax = 32
	// nameBytesMax bounds the names of members and of an enum's values.
	nameBytesMax = 256
	// namesListedMax bounds the names that an error lists.
	namesListedMax = 32
	// unionNamesMax bounds the members after which a union without a name is called.
	unionNamesMax = 4
)
