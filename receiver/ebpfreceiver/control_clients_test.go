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

// Whatever many clients do at once, each answer says what is, and in the end what runs is what was wanted, and there
// is no more in the kernel than there was.
func TestControl_manyClients(t *testing.T) {
	const changesEach = 125
	before := kernelObjects(t)
	l := startControlled(t, func(c *Config) {
		only("process", "file", "tcp")(c)
		c.CustomTracers.Uploads.Enabled, c.CustomTracers.Uploads.Unsigned = true, true
	})
	var clients []*modelClient
	for i, own := range []string{"file", "tcp", "udp", "dns", "signal", "mount", "oom", "crash"} {
		clients = append(clients, &modelClient{
			live: l, random: rand.New(rand.NewPCG(1, uint64(i))),
			own: own, enabled: own == "file" || own == "tcp", uploaded: "observe-" + own, object: customObject(t, "observe.bpf.o"),
		})
	}
	var working sync.WaitGroup
	for _, c := range clients {
		working.Go(func() {
			for range changesEach {
				c.change()
			}
		})
	}
	working.Wait()
	var all struct{ Tracers []control.Tracer }
	require.Equal(t, http.StatusOK, l.ask(http.MethodGet, "/v1/tracers", "", &all))
	is := map[string]control.Tracer{}
	for _, tr := range all.Tracers {
		is[tr.Name] = tr
		assertIsAsWanted(t, tr)
	}
	for _, c := range clients {
		assert.Equal(t, c.enabled, is[c.own].Enabled, c.own)
		_, exists := is[c.uploaded]
		assert.Equal(t, c.exists, exists, c.uploaded)
	}
	held := ownPrograms(t)
	l.api.client.CloseIdleConnections()
	l.stop()
	assert.Equal(t, before, kernelObjects(t))
	for _, id := range held {
		assert.Eventually(t, func() bool { return !inKernel(t, id) }, patience, 50*time.Millisecond)
	}
}

// modelClient changes a tracer of ours and one of its own, which nobody else changes, and one that all change, and
// knows what each answer has to be.
type modelClient struct {
	live   *live
	random *rand.Rand
	// own is a tracer, and enabled whether it is to run.
	own     string
	enabled bool
	// uploaded is the name of a custom tracer.
	uploaded string
	object   []byte
	exists   bool
}

// change does one thing at random.
func (c *modelClient) change() {
	l, t := c.live, c.live.t
	var tr control.Tracer
	switch c.random.IntN(8) {
	case 0, 1, 2:
		c.enabled = !c.enabled
		tr = l.patch(c.own, fmt.Sprintf(`{"enabled": %t}`, c.enabled))
		assert.Equal(t, c.enabled, tr.Enabled)
		assertIsAsWanted(t, tr)
	case 3:
		assertIsAsWanted(t, l.patch("socket", fmt.Sprintf(`{"enabled": %t}`, c.random.IntN(2) == 0)))
	case 4:
		assertIsAsWanted(t, l.patch("process", fmt.Sprintf(`{"settings": {"ring_buffer_bytes": %d}}`, 65536<<c.random.IntN(3))))
	case 5, 6:
		want := http.StatusCreated
		if c.exists {
			want = http.StatusOK
		}
		manifest := strings.Replace(observeManifest, "name: observe\n", "name: "+c.uploaded+"\n", 1)
		assert.Equal(t, want, l.upload(c.uploaded, "", control.Upload{Manifest: []byte(manifest), Object: c.object}, &tr))
		assertIsAsWanted(t, tr)
		c.exists = true
	default:
		if c.exists {
			assert.Equal(t, http.StatusNoContent, l.ask(http.MethodDelete, "/v1/custom-tracers/"+c.uploaded, "", nil))
		} else {
			assert.Equal(t, http.StatusNotFound, l.refused(http.MethodDelete, "/v1/custom-tracers/"+c.uploaded, "").Status)
		}
		c.exists = false
	}
}

func assertIsAsWanted(t testing.TB, tr control.Tracer) {
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
