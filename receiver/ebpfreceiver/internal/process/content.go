// SPDX-License-Identifier: Apache-2.0

package process

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// Content is what stands in an executable. What is not there, or was not read, is empty.
type Content struct {
	SHA256     string
	BuildIDGNU string
	BuildIDGo  string
}

// FileKey identifies the content of a file as long as nobody changes it.
type FileKey struct {
	Device            uint32 // as the kernel packs major and minor number
	Inode, Size       uint64
	Modified, Changed int64 // nanoseconds of CLOCK_REALTIME
}

// FileKeyOf is that of the executable.
func FileKeyOf(e *decode.ProcessExec) FileKey {
	return FileKey{
		Device: e.ExecutableDevice, Inode: e.ExecutableInode, Size: e.ExecutableSize,
		Modified: e.ExecutableModifiedNs, Changed: e.ExecutableChangedNs,
	}
}

// Reasons why the content of an executable is not known.
var (
	// ErrContentGone means that no name leads to the file that was executed: the process has ended and
	// the file was deleted, or we may not look.
	ErrContentGone = errors.New("the executable can't be found any more")
	// ErrContentChanged means that the file was changed while it was read.
	ErrContentChanged = errors.New("the executable was changed meanwhile")
	// ErrContentElsewhere means that the file system belongs to another machine or program, which could
	// make a reader wait for ever.
	ErrContentElsewhere = errors.New("the executable is not on a local file system")
)

// IsOverlay tells whether the executable lies on overlayfs.
func IsOverlay(e *decode.ProcessExec) bool {
	return e.ExecutableFilesystem == unix.OVERLAYFS_SUPER_MAGIC
}

// Magic numbers that golang.org/x/sys/unix lacks.
const (
	zfsMagic      = 0x2fc12fc1
	bcachefsMagic = 0xca451a4e
)

// isLocal tells file systems that this kernel serves by itself.
func isLocal(filesystem uint32) bool {
	switch filesystem {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC, zfsMagic, bcachefsMagic,
		unix.OVERLAYFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.SQUASHFS_MAGIC, unix.EROFS_SUPER_MAGIC_V1,
		unix.ISOFS_SUPER_MAGIC:
		return true
	}
	return false
}

// ContentReader reads executables. It follows no symbolic link that the kernel had not followed, and reads
// nothing but the very file that was executed.
type ContentReader struct {
	// Proc is where procfs is mounted.
	Proc string
	// FileBytesMax is the size up to which files are hashed. Of larger ones only the build ids are read.
	FileBytesMax uint64
}

// Read returns the content of the executable, or one of the errors above.
func (r ContentReader) Read(e *decode.ProcessExec) (*Content, error) {
	if !isLocal(e.ExecutableFilesystem) {
		return nil, ErrContentElsewhere
	}
	file, err := r.open(e)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content := &Content{}
	content.BuildIDGNU, content.BuildIDGo = buildIDs(file)
	if e.ExecutableSize > r.FileBytesMax {
		return content, nil
	}
	hash := sha256.New()
	// One byte more, to see that it has grown.
	if n, err := io.Copy(hash, io.LimitReader(file, int64(e.ExecutableSize)+1)); err != nil {
		return nil, fmt.Errorf("read the executable: %w", err)
	} else if uint64(n) != e.ExecutableSize || !isExecutable(file, e) {
		return nil, ErrContentChanged
	}
	content.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return content, nil
}

// open tries the names by which the file may be reached, from the process itself to its surroundings: it
// may have ended by now.
func (r ContentReader) open(e *decode.ProcessExec) (*os.File, error) {
	if file, err := os.Open(fmt.Sprintf("%s/%d/exe", r.Proc, e.Header.Process.Pid)); err == nil {
		if isExecutable(file, e) {
			return file, nil
		}
		_ = file.Close()
	}
	if e.ExecutableFlags != 0 {
		return nil, ErrContentGone // the path does not lead there
	}
	for _, root := range []string{
		fmt.Sprintf("%s/%d/root", r.Proc, e.Header.Process.Pid), fmt.Sprintf("%s/%d/root", r.Proc, e.Parent.Pid), r.Proc + "/1/root", "/",
	} {
		if file, err := openBelow(root, string(e.Executable)); err == nil {
			if isExecutable(file, e) {
				return file, nil
			}
			_ = file.Close()
		}
	}
	return nil, ErrContentGone
}

// openBelow opens a path that the kernel has resolved below a root directory. It never waits, be it a pipe
// or a device by now.
func openBelow(root, path string) (*os.File, error) {
	directory, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(directory) }()
	file, err := unix.Openat2(directory, strings.TrimPrefix(path, "/"), &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_SYMLINKS,
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(file), path), nil
}

// isExecutable tells whether a file is the one that was executed, unchanged.
func isExecutable(file *os.File, e *decode.ProcessExec) bool {
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return false
	}
	key := FileKeyOf(e)
	found := FileKey{
		Device: kernelDevice(stat.Dev), Inode: stat.Ino, Size: uint64(stat.Size), Modified: stat.Mtim.Nano(), Changed: stat.Ctim.Nano(),
	}
	if IsOverlay(e) || e.ExecutableFilesystem == unix.BTRFS_SUPER_MAGIC {
		// They show other device numbers than they have, per layer and per subvolume.
		found.Device = key.Device
	}
	return found == key
}

// kernelDevice packs a device number of the user interface as the kernel does (MKDEV).
func kernelDevice(device uint64) uint32 {
	return unix.Major(device)<<20 | unix.Minor(device)
}
