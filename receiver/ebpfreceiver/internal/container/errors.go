// SPDX-License-Identifier: Apache-2.0

package container

import (
	"errors"
	"io/fs"
	"syscall"
)

var (
	errTooLarge   = errors.New("the file is longer than what is read")
	errNotRegular = errors.New("it is not a regular file")
	errNotListed  = fs.ErrNotExist
)

// outcomeOf says what an error means for a container.
func outcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Found
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENAMETOOLONG):
		return Absent
	case errors.Is(err, fs.ErrPermission):
		return Denied
	case errors.Is(err, errTooLarge):
		return TooLarge
	default:
		return Damaged
	}
}
