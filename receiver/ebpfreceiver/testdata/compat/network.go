// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
)

// failToExecute does so for lack of a file.
func failToExecute(path string) error {
	if err := syscall.Exec(path, []string{path}, nil); !errors.Is(err, syscall.ENOENT) {
		return fmt.Errorf("execute %s: %w", path, err)
	}
	return nil
}

// connection opens and accepts one, sends five bytes and closes it. It prints the pid, and the ports of server and
// client.
func connection() error {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	client, err := net.Dial("tcp4", listener.Addr().String())
	if err != nil {
		return err
	}
	server, err := listener.Accept()
	if err != nil {
		return err
	}
	fmt.Println(os.Getpid())
	for _, address := range []net.Addr{listener.Addr(), client.LocalAddr()} {
		fmt.Println(address.(*net.TCPAddr).Port)
	}
	_, err = client.Write([]byte("hello"))
	err = errors.Join(err, client.Close())
	_, readErr := io.Copy(io.Discard, server)
	return errors.Join(err, readErr, server.Close())
}
