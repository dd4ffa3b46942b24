// SPDX-License-Identifier: Apache-2.0

package state

// What a gateway keeps has names like those of workloads, and is one entry each.
const (
	kindPiece = "MKGW"
	// pieceBytesMax bounds such an entry.
	pieceBytesMax = 16 << 20
)

// EncodePiece writes what is kept under one name. The error wraps ErrTooLarge if it has no room.
func EncodePiece(value any) ([]byte, error) { return seal(kindPiece, value, pieceBytesMax) }

// DecodePiece reads what EncodePiece wrote. The error wraps ErrDamaged or ErrVersion and says what is wrong.
func DecodePiece(data []byte, value any) error { return open(kindPiece, data, value, pieceBytesMax) }
