// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// roleVariable makes this test binary play a process that a test observes, instead of running tests.
const roleVariable = "MEERKAT_TEST_ROLE"

// TestMain runs the tests and fails if they leave goroutines behind.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
	}
	goleak.VerifyTestMain(m)
}

// play never returns.
func play(role string) {
	var err error
	switch role {
	case "exec_from_thread":
		err = execFromThread()
	case "exec_descriptor":
		err = execDescriptor(os.Args[1], os.Args[2:])
	case "exec_in_mounts":
		err = execInMounts(os.Args[1], os.Args[2], os.Args[3:])
	case "reuse_pid":
		err = reusePID(os.Args[1])
	case "start":
		err = startAndTell(os.Args[1:])
	case "hold_sockets":
		err = holdSockets()
	case "serve_unix":
		err = serveUnix(os.Args[1])
	case "connect_unix":
		err = connectUnix(os.Args[1])
	case "leave_listener":
		err = leaveListener(os.Args[1])
	case "use_ipc":
		err = useIPC(os.Args[1])
	case "serve_one":
		err = serveOne()
	case "places":
		err = inPlaces(os.Args[1:])
	case "rename":
		err = renameWithFlags(os.Args[1:])
	case "bind_and_read":
		err = bindAndRead(os.Args[1:])
	case "open_by_path":
		err = openByPath(os.Args[1:])
	case "open":
		err = openInLoop(os.Args[1:])
	case "answer_datagrams":
		err = answerDatagrams()
	case "look_up":
		err = lookUpInOwnNetwork(os.Args[1])
	case "send_datagrams":
		err = sendDatagrams(os.Args[1])
	case "send_signals":
		err = sendSignals(os.Args[1:])
	case "expire_timers":
		err = expireTimers(os.Args[1:])
	case "use_memory":
		err = useMemory(os.Args[1:])
	case "crash":
		err = crash(os.Args[1:])
	case "handle_faults":
		handleFaults()
	case "act":
		err = act(os.Args[1:])
	case "run_again_and_again":
		err = runUntilTold(os.Args[1])
	case "wait":
		_, err = io.Copy(io.Discard, os.Stdin)
	default:
		err = playInjection(role, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// inRole is a command that runs this binary in a role.
func inRole(role string, arguments ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", arguments...)
	command.Env = []string{roleVariable + "=" + role}
	return command
}

// execFromThread executes its arguments from a thread that is not the process's first one.
func execFromThread() error {
	failed := make(chan error)
	for {
		// The goroutine may land on the first thread: then it keeps that one busy, and the next
		// can't.
		go func() {
			runtime.LockOSThread()
			if syscall.Gettid() == os.Getpid() {
				failed <- nil
				select {}
			}
			failed <- syscall.Exec(os.Args[1], os.Args[1:], nil)
		}()
		if err := <-failed; err != nil {
			return err
		}
	}
}
