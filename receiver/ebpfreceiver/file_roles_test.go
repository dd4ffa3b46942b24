// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// inPlaces is a role: in a mount namespace of its own and a folder it opens and changes files in every way there is
// to reach one. It ends with its input.
func inPlaces(arguments []string) error {
	d := arguments[0]
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := os.Chdir(d); err != nil {
		return err
	}
	for _, step := range []func(string) error{inMounts, byOpenat2, byDescriptor, atTheLimit, inAnotherRoot} {
		if err := step(d); err != nil {
			return err
		}
		// What a process did before it changed its root can't be looked up by way of it.
		fmt.Println("done")
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
	}
	return nil
}

func write(path string) error { return os.WriteFile(path, nil, 0o600) }

func inMounts(d string) error {
	for _, folder := range []string{"tmpfs", "lower", "merged", "bound"} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			return err
		}
	}
	return errors.Join(
		unix.Mount("tmpfs", "tmpfs", "tmpfs", 0, "size=1m"),
		write("tmpfs/file"),
		write("lower/below"),
		inOverlay(d),
		unix.Mount("lower", "bound", "", unix.MS_BIND, ""),
		write("bound/through"),
		os.Remove(d+"/bound/../bound/through"),
	)
}

func inOverlay(d string) error {
	if !hasOverlay() {
		return nil
	}
	return errors.Join(
		os.Mkdir("tmpfs/upper", 0o700), os.Mkdir("tmpfs/work", 0o700),
		unix.Mount("overlay", "merged", "overlay", 0, fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/tmpfs/upper,workdir=%[1]s/tmpfs/work", d)),
		write("merged/below"), write("merged/above"),
	)
}

// hasOverlay is false in machines that have no modules.
func hasOverlay() bool {
	known, err := os.ReadFile("/proc/filesystems")
	return err == nil && strings.Contains(string(known), "\toverlay\n")
}

// byOpenat2 creates files with each way to restrict where a path may lead.
func byOpenat2(d string) error {
	folder, err := unix.Open(d, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	for path, resolve := range map[string]uint64{
		"lower/../beneath": unix.RESOLVE_BENEATH, "/../in-root": unix.RESOLVE_IN_ROOT, "no-links": unix.RESOLVE_NO_SYMLINKS,
	} {
		fd, err := unix.Openat2(folder, path, &unix.OpenHow{Flags: unix.O_CREAT | unix.O_WRONLY, Mode: 0o600, Resolve: resolve})
		if err != nil {
			return err
		}
		_ = unix.Close(fd)
	}
	return nil
}

// byDescriptor opens files that it has already, once more: by a handle, and by their descriptors in /proc.
func byDescriptor(d string) error {
	if err := errors.Join(write("handle"), write("again"), write("deleted")); err != nil {
		return err
	}
	handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, "handle", 0)
	if err != nil {
		return err
	}
	folder, err := unix.Open(d, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(folder)
	fd, err := unix.OpenByHandleAt(folder, handle, unix.O_WRONLY)
	if err != nil {
		return err
	}
	_ = unix.Close(fd)
	for _, name := range []string{"again", "deleted"} {
		fd, err := unix.Open(name, unix.O_PATH, 0)
		if err != nil {
			return err
		}
		if name == "deleted" {
			if err := os.Remove(name); err != nil {
				return err
			}
		}
		again, err := unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, _ = unix.Close(again), unix.Close(fd)
	}
	return nil
}

// pathBytesMax is what the kernel half has room for, and what a system call takes.
const pathBytesMax = 4095

// longPath is a path of so many bytes below a folder.
func longPath(d string, length int) string {
	const element = 200
	p := d
	for length-len(p) > 2*element {
		p += "/" + strings.Repeat("n", element)
	}
	p += "/" + strings.Repeat("m", (length-len(p))/2)
	return p + "/" + strings.Repeat("l", length-len(p)-1)
}

// atTheLimit makes a file whose path is as long as possible, and one whose path is longer, element by element.
func atTheLimit(d string) error {
	for _, length := range []int{pathBytesMax, pathBytesMax + 200} {
		folder, err := unix.Open(d, unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			return err
		}
		elements := strings.Split(strings.TrimPrefix(longPath(d, length), d+"/"), "/")
		for _, element := range elements[:len(elements)-1] {
			if err := unix.Mkdirat(folder, element, 0o700); err != nil && err != unix.EEXIST {
				return err
			}
			next, err := unix.Openat(folder, element, unix.O_RDONLY|unix.O_DIRECTORY, 0)
			if err != nil {
				return err
			}
			_ = unix.Close(folder)
			folder = next
		}
		fd, err := unix.Openat(folder, elements[len(elements)-1], unix.O_CREAT|unix.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, _ = unix.Close(fd), unix.Close(folder)
	}
	return nil
}

func inAnotherRoot(d string) error {
	err := errors.Join(os.Mkdir("lower/real", 0o700), os.Symlink("/real", "lower/link"))
	if err != nil {
		return err
	}
	time.Sleep(clockTick)
	return errors.Join(
		unix.Chroot("lower"), os.Chdir("/"), write("/inside"),
		write("/link/gone"), os.Remove("/link/../link/gone"),
		// The working directory is the root by now. What is outside can be reached by a descriptor only.
		os.Chmod("/link", 0o711),
	)
}
