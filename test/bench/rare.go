// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sys/unix"
)

// datagrams exchanges questions and answers with a socket of its own, at the port where the tracer "dns" looks.
// Nothing leaves the loopback interface, on which 127.0.0.53 may be taken but 127.77.0.53 is not.
func datagrams() (operation, error) {
	query := dnsmessage.Message{
		Header: dnsmessage.Header{RecursionDesired: true},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName("bench.example."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
		}},
	}
	question, err := query.Pack()
	if err != nil {
		return operation{}, fmt.Errorf("write a question: %w", err)
	}
	query.Response = true
	answer, err := query.Pack()
	if err != nil {
		return operation{}, fmt.Errorf("write an answer: %w", err)
	}
	address := &unix.SockaddrInet4{Addr: [4]byte{127, 77, 0, 53}, Port: 53}
	server, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return operation{}, fmt.Errorf("serve names: %w", err)
	}
	client, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return operation{}, errors.Join(fmt.Errorf("ask for names: %w", err), unix.Close(server))
	}
	closeBoth := func() error { return errors.Join(unix.Close(client), unix.Close(server)) }
	err = errors.Join(unix.Bind(server, address), unix.Connect(client, address))
	for _, socket := range []int{server, client} {
		// A datagram may be lost where there is no room for it.
		err = errors.Join(err, unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}))
	}
	if err != nil {
		return operation{}, errors.Join(fmt.Errorf("serve names: %w", err), closeBoth())
	}
	buffer := make([]byte, len(question)+len(answer))
	return operation{
		do: func(int) error {
			if _, err := unix.Write(client, question); err != nil {
				return fmt.Errorf("ask: %w", err)
			}
			_, from, err := unix.Recvfrom(server, buffer, 0)
			if err == nil {
				err = unix.Sendto(server, answer, 0, from)
			}
			if err == nil {
				_, err = unix.Read(client, buffer)
			}
			if err != nil {
				return fmt.Errorf("answer: %w", err)
			}
			return nil
		},
		close: closeBoth,
	}, nil
}

// calls makes a socket that listens, a file in memory and a signal to itself, and changes nothing by them.
func calls() (operation, error) {
	return operation{
		do: func(int) error {
			listener, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return fmt.Errorf("listen: %w", err)
			}
			err = errors.Join(unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(listener, 1), unix.Close(listener))
			memory, memoryErr := unix.MemfdCreate("bench", unix.MFD_CLOEXEC)
			if memoryErr == nil {
				memoryErr = unix.Close(memory)
			}
			_, restrictionErr := unix.PrctlRetInt(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
			return errors.Join(err, memoryErr, restrictionErr, unix.Kill(os.Getpid(), unix.SIGURG))
		},
		close: func() error { return nil },
	}, nil
}
