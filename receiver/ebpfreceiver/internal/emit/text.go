// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// text makes a string of bytes that come from other people's programs: OTLP strings are UTF-8, and
// paths and arguments need not be.
func text(b []byte) string {
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// formatTime is the form that the conventions give to process.creation.time.
func formatTime(t time.Time) string {
	return t.UTC().Format(time.RFC3339Nano)
}

// errorName is the symbol of an error number, as in errno(3).
func errorName(number syscall.Errno) string {
	if name := unix.ErrnoName(number); name != "" {
		return name
	}
	return "errno " + strconv.Itoa(int(number))
}
