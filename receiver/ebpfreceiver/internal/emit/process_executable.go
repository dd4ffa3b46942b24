// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/process"
)

// putExecutable tells which file the executable is, as it was at the moment of the exec.
func (r Record) putExecutable(e *decode.ProcessExec) {
	attributes := r.Attributes()
	flags := decode.PathFlags(e.ExecutableFlags)
	if status := pathStatus(flags); status != "" {
		attributes.PutStr(names.ProcessPathStatus, status)
	}
	attributes.PutInt(names.ProcessExecutableInode, int64(e.ExecutableInode))
	attributes.PutStr(names.ProcessExecutableDevice, deviceName(e.ExecutableDevice))
	attributes.PutInt(names.ProcessExecutableSize, int64(e.ExecutableSize))
	attributes.PutStr(names.ProcessExecutableMode, fmt.Sprintf("%04o", e.ExecutableMode&modeBits))
	attributes.PutStr(names.ProcessExecutableOwnerID, strconv.FormatUint(uint64(e.ExecutableUid), 10))
	attributes.PutStr(names.ProcessExecutableGroupID, strconv.FormatUint(uint64(e.ExecutableGid), 10))
	attributes.PutStr(names.ProcessExecutableModified, formatTime(time.Unix(0, e.ExecutableModifiedNs)))
	attributes.PutStr(names.ProcessExecutableChanged, formatTime(time.Unix(0, e.ExecutableChangedNs)))
	if process.IsOverlay(e) {
		attributes.PutBool(names.ProcessExecutableUpperLayer, e.UpperLayer())
	}
	if flags&decode.PathDeleted != 0 {
		attributes.PutBool(names.ProcessExecutableDeleted, true)
	}
	if memoryOnly(e) {
		attributes.PutBool(names.ProcessExecutableMemoryOnly, true)
	}
	if created, known := createdInContainer(r, e); known {
		attributes.PutBool(names.ProcessExecutableCreatedInContainer, created)
	}
	if c := r.Who.Content; c != nil {
		r.putContent(c)
	}
}

// putContent tells what stands in the executable, as far as that was found out.
func (r Record) putContent(c *process.Content) {
	for name, value := range map[string]string{
		names.ProcessExecutableSHA256: c.SHA256, names.ProcessExecutableBuildIDGNU: c.BuildIDGNU, names.ProcessExecutableBuildIDGo: c.BuildIDGo,
	} {
		if value != "" {
			r.Attributes().PutStr(name, value)
		}
	}
}

// deviceName is the form of /proc/<pid>/maps and lsblk: major and minor number as the kernel packs them.
func deviceName(device uint32) string {
	const minorBits = 20
	return fmt.Sprintf("%d:%d", device>>minorBits, device&(1<<minorBits-1))
}

// memoryOnly tells a file that memfd_create made: it lies in no directory, and never did.
func memoryOnly(e *decode.ProcessExec) bool {
	outside := decode.PathFlags(e.ExecutableFlags)&decode.PathUnreachable != 0
	return outside && e.Unlinked() && bytes.HasPrefix(e.Executable, []byte("/memfd:"))
}

// createdInContainer tells whether the executable came to be in the container that it runs in, after
// that was made: it lies in the upper layer of the container's overlayfs, or its inode was changed, which
// includes made, later than the container was. It is not known outside of containers, of a program of the
// runtime, and of a container whose age is not known, unless the answer is yes by the layer.
func createdInContainer(r Record, e *decode.ProcessExec) (created, known bool) {
	w := r.Who.Workload
	switch {
	case w.Container.ID == "" || r.Who.IsRuntime:
		return false, false
	case e.UpperLayer():
		return true, true
	case w.ContainerCreated == 0:
		return false, false
	}
	return e.ExecutableChangedNs > r.Clock.Time(w.ContainerCreated).UnixNano(), true
}
