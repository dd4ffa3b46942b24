// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Numbers of the calls behind ipc(2), of include/uapi/linux/ipc.h.
const (
	callSemget = 2
	callSemctl = 3
	callMsgget = 13
	callMsgctl = 14
	callShmat  = 21
	callShmdt  = 22
	callShmget = 23
	callShmctl = 24
)

// multiplexed does it all by ipc(2).
func multiplexed() error {
	call := func(arguments ...uintptr) (uintptr, error) {
		all := [6]uintptr{}
		copy(all[:], arguments)
		result, _, number := unix.Syscall6(unix.SYS_IPC, all[0], all[1], all[2], all[3], all[4], all[5])
		return result, errnoOf(number)
	}
	get := func(size uintptr) (uintptr, error) { return call(callShmget, 0x4d4b4d4b, size, unix.IPC_CREAT|0o640) }
	if err := sharedMemory(get, 2222, func(id uintptr) error {
		var memory uint32
		if _, err := call(callShmat, id, unix.SHM_RDONLY, pointerTo(&memory), 0); err != nil {
			return err
		}
		_, err := call(callShmdt, 0, 0, 0, uintptr(memory))
		return err
	}, func(id uintptr) error {
		_, err := call(callShmctl, id, unix.IPC_RMID, 0, 0)
		return err
	}); err != nil {
		return err
	}
	queue, err := call(callMsgget, unix.IPC_PRIVATE, 0o600)
	if err != nil {
		return err
	}
	fmt.Println(queue)
	if _, err := call(callMsgctl, queue, unix.IPC_RMID, 0, 0); err != nil {
		return err
	}
	semaphores, err := call(callSemget, unix.IPC_PRIVATE, 5, 0o600)
	if err != nil {
		return err
	}
	fmt.Println(semaphores)
	var nothing uint32
	_, err = call(callSemctl, semaphores, 0, unix.IPC_RMID, pointerTo(&nothing))
	return err
}
