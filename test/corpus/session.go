// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/meerkat-otel/meerkat/internal/corpus"
)

// quiet is how long nothing is asked of a workload between two sessions, so that events belong to one of them.
const quiet = 300 * time.Millisecond

// recorded is a session with the time that it took, by which its events are found.
type recorded struct {
	corpus.Session
	container string
	from, to  time.Time
	attack    *attack
}

// player has workloads do things.
type player struct {
	network *network
	outside *outside
}

// play has a container do what a session consists of. It may be started by it.
func (p *player) play(c *container, phase string, replica int, fresh bool, tasks []task) (*recorded, error) {
	s := &recorded{container: c.id, from: time.Now(), Session: corpus.Session{Workload: c.workload.name, Phase: phase, Version: c.version, Replica: replica}}
	if fresh {
		if err := c.start(p.network); err != nil {
			return nil, err
		}
		for _, run := range c.workload.Before {
			tasks = append([]task{{Run: run}}, tasks...)
		}
	}
	if c.workload.Last != "" {
		tasks = append(tasks, task{Run: c.workload.Last})
	}
	for _, t := range tasks {
		if err := p.do(c, t); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", c.workload.name, t.Run, err)
		}
	}
	time.Sleep(quiet)
	s.to = time.Now()
	return s, nil
}

// do has the workload do one thing, by the way in which it is reached.
func (p *player) do(c *container, t task) error {
	if t.Via == "exec" {
		return c.exec(t)
	}
	switch c.workload.Via {
	case "control":
		return c.tell(t)
	case "http":
		return p.request(c, t)
	case "sql":
		return p.query(c, t)
	case "redis":
		return p.cache(c, t)
	}
	return fmt.Errorf("workload %s is reached via %q, which is not known", c.workload.name, c.workload.Via)
}

// tell writes a line that the workload's first process reads, and waits until it is done.
func (c *container) tell(t task) error {
	line, err := json.Marshal(map[string]string{"name": t.Name, "run": t.Run, "step": stepText(t.step)})
	if err != nil {
		return err
	}
	if _, err := c.input.Write(append(line, '\n')); err != nil {
		return err
	}
	return c.expect("done")
}

func stepText(step int) string {
	if step == 0 {
		return ""
	}
	return fmt.Sprint(step)
}

// request is a web request: method, path and body with a space between them.
func (p *player) request(c *container, t task) error {
	parts := strings.SplitN(t.Run, " ", 3)
	body := ""
	if len(parts) == 3 {
		body = parts[2]
	}
	request, err := http.NewRequest(parts[0], fmt.Sprintf("http://%s:%d%s", c.address, c.workload.Port, parts[1]), strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "visitor")
	if t.step > 0 {
		request.Header.Set("X-Step", stepText(t.step))
	}
	connection, err := p.network.dial(request.Host)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := errors.Join(connection.SetDeadline(time.Now().Add(patience)), request.Write(connection)); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(connection, 1<<20)) // a page that fails is a page
	return nil
}

// query sends statements to a database. That they may fail is part of life. One that is starting takes none.
func (p *player) query(c *container, t task) error {
	for end := time.Now().Add(patience); ; time.Sleep(quiet) {
		starting, err := p.queryOnce(c, t)
		if !starting || time.Now().After(end) {
			return err
		}
	}
}

func (p *player) queryOnce(c *container, t task) (starting bool, err error) {
	run := exec.Command("ip", "netns", "exec", outsideName, "chroot", filepath.Join(workFolder, "rootfs"),
		"psql", "-q", "-h", c.address, "-U", "postgres", "-c", t.Run)
	output, err := run.CombinedOutput()
	if err != nil && !bytes.Contains(output, []byte("ERROR")) {
		return bytes.Contains(output, []byte("starting up")), fmt.Errorf("%w: %s", err, output)
	}
	return false, nil
}

func (p *player) cache(c *container, t task) error {
	connection, err := p.network.dial(fmt.Sprintf("%s:%d", c.address, c.workload.Port))
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	if err := connection.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for line := range strings.Lines(t.Run) {
		if _, err := fmt.Fprintf(connection, "%s\r\n", strings.TrimSpace(line)); err != nil {
			return err
		}
	}
	_, _ = connection.Write([]byte("QUIT\r\n"))
	_, _ = io.Copy(io.Discard, connection)
	return nil
}

// playAttack has a fresh container attacked, with benign tasks before and between the steps.
func (p *player) playAttack(c *container, a *attack, port int, r *rand.Rand) (*recorded, error) {
	attacker, err := p.outside.listen(port)
	if err != nil {
		return nil, err
	}
	defer attacker.close()
	s, err := p.play(c, corpus.Attack, 0, true, c.workload.draw(r, c.version, 4))
	if err != nil {
		return nil, err
	}
	s.attack, s.Attack, s.Gap = a, a.name, a.Gap
	for at := 0; at < len(a.Steps); at++ {
		t := task{step: at + 1, Name: a.Job, Run: a.text(at, port)}
		switch a.Steps[at].Via {
		case "shell":
			err = attacker.run(t.step, t.Run)
		case "task":
			err = p.do(c, t)
		case "exec":
			err = c.exec(t)
		case "script":
			for at+1 < len(a.Steps) && a.Steps[at+1].Via == "script" {
				at++
				t.Run += fmt.Sprintf("\nexport %s=%d\n%s", stepVariable, at+1, a.text(at, port))
			}
			err = p.do(c, t)
		default:
			t.Run = throughDoor(c.workload, a.Door, t)
			err = p.do(c, t)
		}
		if err != nil {
			return nil, fmt.Errorf("attack %s, step %s: %w", a.name, a.Steps[at].Name, err)
		}
		time.Sleep(quiet / 6)
		for _, benign := range c.workload.draw(r, c.version, 1) {
			if err := p.do(c, benign); err != nil {
				return nil, err
			}
		}
	}
	time.Sleep(quiet)
	s.to = time.Now()
	return s, nil
}

// text is what a step does.
func (a *attack) text(at, port int) string {
	return strings.NewReplacer("{attacker}", attackerAddress, "{pool}", poolAddress, "{peer}", peerAddress, "{resolver}", resolverAddress,
		"{inside}", insideAddress, "{port}", fmt.Sprint(port)).Replace(strings.TrimSpace(a.Steps[at].Run))
}

// throughDoor puts a command into what the workload is asked.
func throughDoor(w *workload, door string, t task) string {
	run := t.Run
	switch w.Via {
	case "http":
		run = url.QueryEscape(run)
	case "sql":
		run = strings.ReplaceAll(fmt.Sprintf("export %s=%d; %s", stepVariable, t.step, run), "'", "''")
	}
	if door == "" {
		return run
	}
	return strings.ReplaceAll(door, "{run}", run)
}
