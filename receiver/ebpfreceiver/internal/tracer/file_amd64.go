// SPDX-License-Identifier: Apache-2.0

package tracer

import "golang.org/x/sys/unix"

// olderFileOperations are the calls that newer architectures do without.
func olderFileOperations() map[int]operation {
	return map[int]operation{
		unix.SYS_OPEN:    {Kind: fileOpen, ReturnsFile: 1},
		unix.SYS_CREAT:   {Kind: fileOpen, ReturnsFile: 1},
		unix.SYS_MKDIR:   {Kind: fileCreate, Path: 1, Value: 2, Flags: isDirectory},
		unix.SYS_MKNOD:   {Kind: fileCreate, Path: 1, Value: 2},
		unix.SYS_RENAME:  {Kind: fileRename, Path: 1, OtherPath: 2},
		unix.SYS_UNLINK:  {Kind: fileDelete, Path: 1},
		unix.SYS_RMDIR:   {Kind: fileDelete, Path: 1, Flags: isDirectory},
		unix.SYS_LINK:    {Kind: fileLink, Path: 1, OtherPath: 2},
		unix.SYS_SYMLINK: {Kind: fileLink, Path: 1, OtherPath: 2, Flags: isSymbolic},
		unix.SYS_CHMOD:   {Kind: fileModeChange, Path: 1, Value: 2},
		unix.SYS_CHOWN:   {Kind: fileOwnerChange, Path: 1, Value: 2},
		unix.SYS_LCHOWN:  {Kind: fileOwnerChange, Path: 1, Value: 2},
	}
}
