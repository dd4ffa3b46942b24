// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	controlSocket = "/run/meerkat/control.sock"
	// patience is how long something may take that takes seconds on an idle machine.
	patience = 2 * time.Minute
	// glance is the time between two looks at something that is waited for.
	glance = 200 * time.Millisecond
	// answerBytesMax bounds what the control API answers.
	answerBytesMax = 16 << 20
)

// startCollector starts it, and waits until it observes.
func (d *demo) startCollector(ctx context.Context) error {
	if err := os.MkdirAll(d.data, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"events.json", "incidents.json"} { // of the last time
		if err := os.Remove(filepath.Join(d.data, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	fmt.Println("Starting the collector, which sees nothing but the shop.")
	command := exec.Command(d.binary, "--config", filepath.Join(d.source, "config.yaml"))
	speed := int(math.Round(float64(24*time.Hour) / float64(d.day)))
	command.Env = append(os.Environ(), "MEERKAT_DATA="+d.data, fmt.Sprint("MEERKAT_DEMO_SPEED=", speed))
	log := filepath.Join(d.data, "collector.log")
	var err error
	if d.collector, err = start("the collector", log, command); err != nil {
		return err
	}
	return d.wait(ctx, patience, "the collector to be ready", func() (bool, error) {
		said, err := os.ReadFile(log)
		return strings.Contains(string(said), "Everything is ready"), err
	})
}

// wait looks again and again, until something is so. It ends early when anything that has to run does not.
func (d *demo) wait(ctx context.Context, most time.Duration, what string, is func() (bool, error)) error {
	for end := time.Now().Add(most); ; {
		for _, p := range d.running() {
			if err := p.failed(); err != nil {
				return err
			}
		}
		if yes, err := is(); yes || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("waited for %s, for %s in vain", what, most)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(glance):
		}
	}
}

// running are the processes that have to run at present.
func (d *demo) running() []*process {
	var all []*process
	for _, p := range []*process{d.collector, d.visitors} {
		if p != nil {
			all = append(all, p)
		}
	}
	for _, c := range d.containers {
		all = append(all, c.process)
	}
	return all
}

// ask asks the control API.
func ask(ctx context.Context, path string, answer any) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", controlSocket)
	}
	client := http.Client{Timeout: patience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://meerkat"+path, http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, response.Status, body)
	}
	return json.Unmarshal(body, answer)
}
