// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// answerDatagrams is a role: it answers datagrams in capitals.
func answerDatagrams() error {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	fmt.Println(udpPort(c.LocalAddr()))
	buffer := make([]byte, 100)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buffer)
		if err != nil {
			return err
		}
		if _, err := c.WriteToUDPAddrPort(bytes.ToUpper(buffer[:n]), from); err != nil {
			return err
		}
	}
}

// datagramServer is a process in the role above.
type datagramServer struct {
	*exec.Cmd
	port int64
}

func (s *datagramServer) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

func startDatagramServer(t *testing.T) *datagramServer {
	t.Helper()
	s := &datagramServer{Cmd: inRole("answer_datagrams")}
	output, err := s.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.Start())
	t.Cleanup(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
	})
	_, err = fmt.Fscanln(output, &s.port)
	require.NoError(t, err)
	return s
}

// sendDatagrams is a role: it enters a cgroup and sends three datagrams of four bytes to each of many ports.
func sendDatagrams(folder string) error {
	if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
		return err
	}
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	for range 3 {
		for n := range trackedFlowsMin + 100 {
			// The ports are those of nobody who would answer: the addresses are each another one.
			if _, err := c.WriteToUDP([]byte("four"), &net.UDPAddr{IP: net.IPv4(127, 9, byte(n>>8), byte(n)), Port: 9}); err != nil {
				return err
			}
		}
	}
	fmt.Println("sent")
	return nil
}
