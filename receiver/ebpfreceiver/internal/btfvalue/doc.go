// SPDX-License-Identifier: Apache-2.0

// Package btfvalue reads bytes as values of C types that it knows from BTF alone: the records and map entries of
// other people's programs.
//
// Compile turns a type into a Layout once, and refuses what can't be read within the Limits, whatever the type
// information says. A Field of the layout then finds its Value in the bytes of a record without copying or
// allocating. The package does no input or output, never panics on any type or bytes, and does not know what
// becomes of the values.
package btfvalue
