// SPDX-License-Identifier: Apache-2.0

//go:build linux

package controlapiextension

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// roleVariable makes this test binary play a process that a test needs, instead of running tests.
const roleVariable = "MEERKAT_TEST_ROLE"

// TestMain runs the tests and fails if they leave goroutines behind.
func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		goleak.VerifyTestMain(m)
	case "send":
		exit(sendAll(os.Args[1]))
	case "die_listening":
		exit(dieListening(os.Args[1]))
	default:
		exit(fmt.Errorf("there is no role %q", role))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// sendAll sends the requests on its standard input to a socket, and prints what came back.
func sendAll(socket string) error {
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		return err
	}
	c := clientOfSocket(socket)
	answers := make([]answer, 0, len(requests))
	for _, r := range requests {
		answers = append(answers, c.send(r))
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

// dieListening leaves a socket behind, as a process does that is killed.
func dieListening(path string) error {
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	return nil
}

// inRole is a command that runs this binary in a role.
func inRole(role string, arguments ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", arguments...)
	command.Env = []string{roleVariable + "=" + role}
	return command
}

// Users of this host that nobody else is, in groups that nobody else has.
const (
	strangerUID, memberUID              = 54321, 54322
	strangerGID, operatorsGID, usersGID = 64321, 64322, 64323
)

// as sends requests as another user.
func as(t *testing.T, socket string, uid, gid uint32, groups []uint32, requests ...request) []answer {
	t.Helper()
	command := inRole("send", socket)
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: gid, Groups: groups}}
	in, err := command.StdinPipe()
	require.NoError(t, err)
	go func() {
		_ = json.NewEncoder(in).Encode(requests)
		_ = in.Close()
	}()
	printed, err := command.Output()
	require.NoError(t, err)
	var answers []answer
	require.NoError(t, json.Unmarshal(printed, &answers))
	require.Len(t, answers, len(requests))
	return answers
}
