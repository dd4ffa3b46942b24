// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// openDisabled makes a perf event of a tracepoint, which registers it, and counts nothing.
func openDisabled(tracepoint string) (io.Closer, error) {
	id, err := tracepointID(tracepoint)
	if err != nil {
		return nil, err
	}
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_TRACEPOINT, Config: id, Bits: unix.PerfBitDisabled}
	attr.Size = uint32(unsafe.Sizeof(attr))
	fd, err := unix.PerfEventOpen(&attr, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("open a perf event of tracepoint %q: %w", tracepoint, err)
	}
	return os.NewFile(uintptr(fd), tracepoint), nil
}
