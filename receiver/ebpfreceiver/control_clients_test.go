// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/control"
)

// runAgainAndAgain has a program executed again and again until stop is called, which returns how often. Another
// process does it: children of this one would have the links of programs open for a moment.
func runAgainAndAgain(t *testing.T, program string) (stop func() int) {
	t.Helper()
	command := inRole("run_again_and_again", program)
	input, err := command.StdinPipe()
	require.NoError(t, err)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, os.Stderr
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return func() int {
		require.NoError(t, input.Close())
		require.NoError(t, command.Wait())
		count, err := strconv.Atoi(strings.TrimSpace(output.String()))
		require.NoError(t, err)
		return count
	}
}

// runUntilTold is a role: it executes a program until its input ends, and says how often.
func runUntilTold(program string) error {
	told := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(told)
	}()
	for count := 0; ; count++ {
		select {
		case <-told:
			fmt.Println(count)
			return nil
		default:
		}
		if err := exec.Command(program).Run(); err != nil {
			return err
		}
	}
}

// Whatever many clients do at once, each answer says what is, and in the end there is no more in the kernel than
// there was.
func TestControl_manyClients(t *testing.T) {
	const clients, changesEach = 8, 25
	before := kernelObjects(t)
	l := startControlled(t, only("process", "file", "tcp"))
	switched := []string{"process", "file", "tcp", "udp", "dns", "signal", "mount"}
	bodies := []string{`{"enabled": true}`, `{"enabled": false}`, `{"settings": {"ring_buffer_bytes": 262144}}`, `{"settings": {"ring_buffer_bytes": null}}`}
	var working sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(1, uint64(client)))
		working.Go(func() {
			for range changesEach {
				name := switched[random.IntN(len(switched))]
				if random.IntN(5) == 0 {
					var tr control.Tracer
					assert.Equal(t, http.StatusOK, l.ask(http.MethodDelete, "/v1/tracers/"+name+"/override", "", &tr))
					assertIsAsWanted(t, tr)
					continue
				}
				assertIsAsWanted(t, l.patch(name, bodies[random.IntN(len(bodies))]))
			}
		})
	}
	working.Wait()
	var all struct{ Tracers []control.Tracer }
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers", "", &all))
	for _, tr := range all.Tracers {
		assertIsAsWanted(t, tr)
	}
	held := ownPrograms(t)
	l.stop()
	assert.Equal(t, before, kernelObjects(t))
	for _, id := range held {
		assert.Eventually(t, func() bool { return !inKernel(t, id) }, patience, 50*time.Millisecond)
	}
}

func assertIsAsWanted(t *testing.T, tr control.Tracer) {
	t.Helper()
	status := "stopped"
	if tr.Enabled || tr.Name == "process" {
		status = "running"
	}
	assert.Equal(t, status, tr.State.Status, "%s: %s", tr.Name, tr.State.Reason)
	if ring, chosen := tr.Override["ring_buffer_bytes"]; chosen {
		assert.Equal(t, ring, tr.Settings["ring_buffer_bytes"], tr.Name)
	}
}
