// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// switching is how long it takes to change what runs, over the control API.
type switching struct {
	Tracers []switchCost `json:"tracers"`
	// Uploads are the times from the beginning of an upload of a custom tracer to its first event.
	Uploads []time.Duration `json:"uploads_ns"`
}

// switchCost is how long the switches of one tracer took.
type switchCost struct {
	Tracer string          `json:"tracer"`
	Off    []time.Duration `json:"off_ns"`
	On     []time.Duration `json:"on_ns"`
}

// all are the switches of all tracers.
func (s *switching) all() []time.Duration {
	var all []time.Duration
	for _, t := range s.Tracers {
		all = append(append(all, t.Off...), t.On...)
	}
	return all
}

// worst is the longest.
func worst(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	return slices.Max(durations)
}

// What is uploaded: an object that the tests of custom tracers use.
const (
	uploadedObject   = "receiver/ebpfreceiver/internal/custom/testdata/observe.bpf.o"
	uploadedName     = "observe"
	uploadedManifest = `
name: observe
brief: Executions.
programs: [{name: by_clock, samples_per_second: 1}, {name: by_iterator, interval: 24h}]
events: [{map: events, struct: exec_event, name: bench.exec, process_id: who.pid}]
`
)

// withControl lays a control API over the configuration that takes uploads.
const withControl = `
extensions: {control_api: {endpoint: %q}}
receivers: {ebpf: {custom_tracers: {uploads: {enabled: true, unsigned: true}}}}
service: {extensions: [control_api]}
`

// controlClient speaks to a control API.
type controlClient struct{ http.Client }

func newControlClient(socket string) *controlClient {
	return &controlClient{http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}}
}

// ask sends a request and reads the answer.
func (c *controlClient) ask(ctx context.Context, method, path, contentType string, body io.Reader, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://meerkat"+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	answer, err := c.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, scrapeBytes))
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		return errors.Join(fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, content), err)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(content, into)
}

// measureSwitching switches each tracer off and on again, and uploads another.
func (b *bench) measureSwitching(ctx context.Context, r *results) error {
	socket := filepath.Join(b.setting.directory, "control.sock")
	return b.with(ctx, r, func(c *collector) (*evidence, []*phase, error) {
		b.progress("switching")
		client := newControlClient(socket)
		defer client.CloseIdleConnections()
		for _, t := range c.tracers {
			// The first one goes on for the others.
			if t.Tracer == sharedMaps || t.Tracer == "process" {
				continue
			}
			cost, err := switchAgainAndAgain(ctx, client, t.Tracer, b.plan.SwitchesEach)
			if err != nil {
				return nil, nil, err
			}
			r.Switching.Tracers = append(r.Switching.Tracers, cost)
		}
		for range b.plan.Uploads {
			took, err := uploadToEvent(ctx, client)
			if err != nil {
				return nil, nil, err
			}
			r.Switching.Uploads = append(r.Switching.Uploads, took)
		}
		return nil, nil, nil
	}, fmt.Sprintf(withControl, socket))
}

func switchAgainAndAgain(ctx context.Context, client *controlClient, tracer string, times int) (switchCost, error) {
	cost := switchCost{Tracer: tracer}
	for range times {
		for _, wanted := range []bool{false, true} {
			began := time.Now()
			body := strings.NewReader(fmt.Sprintf(`{"enabled": %t}`, wanted))
			if err := client.ask(ctx, http.MethodPatch, "/v1/tracers/"+tracer, "application/json", body, nil); err != nil {
				return cost, err
			}
			if wanted {
				cost.On = append(cost.On, time.Since(began))
			} else {
				cost.Off = append(cost.Off, time.Since(began))
			}
		}
	}
	return cost, nil
}

// uploadToEvent uploads a tracer of executions, executes programs until it has seen one, and deletes it.
func uploadToEvent(ctx context.Context, client *controlClient) (time.Duration, error) {
	object, err := os.ReadFile(uploadedObject)
	if err != nil {
		return 0, err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, content := range map[string][]byte{"manifest": []byte(uploadedManifest), "object": object} {
		part, err := form.CreateFormFile(name, name)
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			return 0, err
		}
	}
	if err := form.Close(); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := client.ask(ctx, http.MethodPut, "/v1/custom-tracers/"+uploadedName, form.FormDataContentType(), &body, nil); err != nil {
		return 0, err
	}
	if err := awaitEvent(ctx, client); err != nil {
		return 0, err
	}
	took := time.Since(began)
	return took, client.ask(ctx, http.MethodDelete, "/v1/custom-tracers/"+uploadedName, "", nil, nil)
}

func awaitEvent(ctx context.Context, client *controlClient) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for ctx.Err() == nil {
		if err := exec.CommandContext(ctx, "/bin/true").Run(); err != nil {
			return err
		}
		var t struct {
			Events map[string]struct{ Offered uint64 }
		}
		if err := client.ask(ctx, http.MethodGet, "/v1/tracers/"+uploadedName, "", nil, &t); err != nil {
			return err
		}
		for _, e := range t.Events {
			if e.Offered > 0 {
				return nil
			}
		}
	}
	return fmt.Errorf("wait for an event of an uploaded tracer: %w", ctx.Err())
}

// judgeSwitching holds all switches of all tracers against one limit.
func judgeSwitching(s *switching) []verdict {
	all := s.all()
	return []verdict{
		{
			fmt.Sprintf("a tracer is switched within %s, the worst within %s", switchTimeMax, switchTimeWorstMax),
			fmt.Sprintf("median %s, worst %s of %d", short(median(all)), short(worst(all)), len(all)),
			len(all) > 0 && median(all) < switchTimeMax && worst(all) < switchTimeWorstMax,
		},
		{
			fmt.Sprintf("an uploaded tracer has its first event within %s", uploadTimeMax),
			fmt.Sprintf("median %s, worst %s of %d", short(median(s.Uploads)), short(worst(s.Uploads)), len(s.Uploads)),
			len(s.Uploads) > 0 && worst(s.Uploads) < uploadTimeMax,
		},
	}
}

func (r *results) printSwitching(line func(string, ...any)) {
	line("\nSwitching over the control API")
	line("tracer\toff, median\toff, worst\ton, median\ton, worst\t")
	for _, t := range r.Switching.Tracers {
		line("%s\t%s\t%s\t%s\t%s\t", t.Tracer, short(median(t.Off)), short(worst(t.Off)), short(median(t.On)), short(worst(t.On)))
	}
}
