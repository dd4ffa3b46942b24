// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package backends runs the real Prometheus and the real Loki for tests, and asks them what they know.
//
// Each listens on the loopback address alone, keeps its data in a folder of the test, and ends with the test. It never asserts what
// they answer.
package backends

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/published"
)

const (
	// patience is how long a test waits for something that happens in seconds on an idle machine.
	patience  = 2 * time.Minute
	pollEvery = 200 * time.Millisecond
)

// Prometheus and Loki are the versions that are run.
var (
	prometheusSource = published.Source{
		Name: "Prometheus", Module: "github.com/prometheus/prometheus", Version: "v0.316.0", Commands: []string{"cmd/prometheus", "cmd/promtool"},
	}
	lokiSource = published.Source{Name: "Loki", Module: "github.com/grafana/loki/v3", Version: "v3.7.8", Commands: []string{"cmd/loki"}}
)

// Promtool returns the program that checks and tests Prometheus rules.
func Promtool(ctx context.Context) (string, error) {
	bin, err := published.Build(ctx, prometheusSource)
	return filepath.Join(bin, "promtool"), err
}

// server is a back end that runs.
type server struct {
	t *testing.T
	// URL is where it listens, without a slash at the end.
	URL string
	log string
}

// freeAddress is one of the loopback interface that nobody listens on at this moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// start runs a program until the test ends, and returns when it answers that it is ready.
func start(t *testing.T, folder, address, readyPath string, program string, arguments ...string) server {
	t.Helper()
	s := server{t: t, URL: "http://" + address, log: filepath.Join(folder, "log")}
	log, err := os.Create(s.log)
	require.NoError(t, err)
	command := exec.Command(program, arguments...)
	command.Dir, command.Stdout, command.Stderr = folder, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, command.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			_ = command.Process.Kill()
			<-ended
		}
		_ = log.Close()
	})
	require.Eventually(t, func() bool { return s.answers(readyPath) }, patience, pollEvery, "%s is not ready; see %s", program, s.Log())
	return s
}

func (s server) answers(path string) bool {
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.URL+path, http.NoBody)
	require.NoError(s.t, err)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Log returns the end of what it has written about itself.
func (s server) Log() string {
	const bytesMax = 8 << 10
	text, err := os.ReadFile(s.log)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(text[max(0, len(text)-bytesMax):])
}
