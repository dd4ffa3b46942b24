// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// kind is what a load does.
type kind string

const (
	kindExec     kind = "exec"      // fork, execute, wait
	kindOpenNew  kind = "open new"  // each file once: every event is a first one
	kindOpenSame kind = "open same" // the same few files: nearly every event is a repeat
	kindConnect  kind = "connect"   // connect, accept, close both ends
	kindDatagram kind = "datagram"  // a question to a name server, and its answer
	kindCalls    kind = "calls"     // one each of the calls that rarer events come from
)

// kinds are in the order in which they are measured. What is opened once each fills the table of what the
// kernel half has seen, and it takes some seconds to become empty again; so that comes last.
func kinds() []kind { return []kind{kindExec, kindOpenSame, kindConnect, kindOpenNew} }

// programKinds are those by which programs in the kernel are measured.
func programKinds() []kind { return append(kinds(), kindDatagram, kindCalls) }

// operation is something that can be done again and again.
type operation struct {
	do    func(i int) error
	port  int // that connections go to
	close func() error
}

func prepare(k kind, directory string, total int) (operation, error) {
	nothing := func() error { return nil }
	switch k {
	case kindExec:
		return operation{do: executions(filepath.Join(directory, programName)), close: nothing}, nil
	case kindOpenNew:
		paths := make([]string, total)
		for i := range paths {
			paths[i] = filepath.Join(directory, strconv.Itoa(i))
		}
		return operation{do: opens(paths), close: nothing}, nil
	case kindOpenSame:
		var paths []string
		for i := range sameFiles {
			paths = append(paths, filepath.Join(directory, "same"+strconv.Itoa(i)))
		}
		return operation{do: opens(paths), close: nothing}, nil
	case kindConnect:
		return connections()
	case kindDatagram:
		return datagrams()
	case kindCalls:
		return calls()
	}
	return operation{}, fmt.Errorf("prepare a load: %q is no kind of load", k)
}

// programName is the executable's name in the directory of a load.
const programName = "bench-program"

// executions starts a program and waits for it. The child shares the memory of this process until it
// has executed the program, so the size of this process does not matter.
func executions(path string) func(int) error {
	arguments := []string{path, "--number", "1"}
	attributes := &syscall.ProcAttr{Env: []string{"PATH=/usr/bin:/bin", "HOME=/root"}}
	return func(int) error {
		pid, err := syscall.ForkExec(path, arguments, attributes)
		if err != nil {
			return fmt.Errorf("execute %s: %w", path, err)
		}
		var status syscall.WaitStatus
		for {
			_, err = syscall.Wait4(pid, &status, 0, nil)
			if !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if err == nil && status != 0 {
			err = fmt.Errorf("status %#x", int(status))
		}
		return err
	}
}

func opens(paths []string) func(int) error {
	return func(i int) error {
		path := paths[i%len(paths)]
		descriptor, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return &os.PathError{Op: "open", Path: path, Err: err}
		}
		return unix.Close(descriptor)
	}
}

// connections opens and closes connections to a socket of its own. The client's end is reset, so that
// no port stays taken for a minute.
func connections() (operation, error) {
	listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return operation{}, fmt.Errorf("listen: %w", err)
	}
	address := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err := errors.Join(unix.Bind(listener, address), unix.Listen(listener, 128)); err != nil {
		return operation{}, errors.Join(fmt.Errorf("listen: %w", err), unix.Close(listener))
	}
	bound, err := unix.Getsockname(listener)
	if err != nil {
		return operation{}, errors.Join(fmt.Errorf("listen: %w", err), unix.Close(listener))
	}
	address.Port = bound.(*unix.SockaddrInet4).Port
	return operation{
		do:    func(int) error { return connectOnce(listener, address) },
		port:  address.Port,
		close: func() error { return unix.Close(listener) },
	}, nil
}

func connectOnce(listener int, address *unix.SockaddrInet4) error {
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	err = unix.SetsockoptLinger(client, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
	if err == nil {
		err = unix.Connect(client, address)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("connect: %w", err), unix.Close(client))
	}
	server, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC)
	if err != nil {
		return errors.Join(fmt.Errorf("accept: %w", err), unix.Close(client))
	}
	return errors.Join(unix.Close(client), unix.Close(server))
}
