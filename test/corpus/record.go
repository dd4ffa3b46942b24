// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/meerkat-otel/meerkat/internal/corpus"
)

type options struct {
	binary, out, source string
	only                []string
	seed                uint64
	times               int
	quick, keep         bool
}

// peerAddress is a cache that is not recorded: another workload that attacks may reach.
const peerAddress = "10.88.0.250"

const (
	// atOnce is how many workloads are recorded at the same time.
	atOnce = 2
	// addressesEach is how many addresses a workload has for its replicas, one after the other.
	addressesEach = 20
	portFirst     = 4000
	settle        = 5 * time.Second
	// slow is worth a word.
	slow = 8 * time.Second
	// restarts is how likely a replica is another container than the day before: it was moved to another node, or updated.
	restarts = 0.25
)

// recording is one run of the command.
type recording struct {
	options
	player    *player
	workloads []*workload
	attacks   []*attack
	mu        sync.Mutex
	sessions  []*recorded
}

// record records everything, and writes it.
func record(ctx context.Context, o options) (err error) {
	r := &recording{options: o}
	if r.workloads, err = readWorkloads(o.source); err != nil {
		return err
	}
	if r.attacks, err = readAttacks(o.source); err != nil {
		return err
	}
	if len(o.only) > 0 {
		r.workloads = slices.DeleteFunc(r.workloads, func(w *workload) bool { return !slices.Contains(o.only, w.name) })
	}
	removeLeftovers()
	if !o.keep {
		defer removeLeftovers()
	}
	if err := makeRootfs(); err != nil {
		return err
	}
	run := filepath.Join(workFolder, "run")
	if err := errors.Join(os.MkdirAll(run, 0o755), unix.Mount("tmpfs", run, "tmpfs", 0, "size=8g")); err != nil {
		return err
	}
	for _, w := range r.workloads {
		for version := range w.Start {
			if err := w.makeImage(o.source, version); err != nil {
				return fmt.Errorf("image of %s: %w", w.name, err)
			}
		}
	}
	fmt.Println("images are made")
	// What was recorded until something failed is written all the same, to be looked at.
	return errors.Join(r.run(ctx), r.write())
}

// run has everything happen while the collector watches.
func (r *recording) run(ctx context.Context) (err error) {
	n, err := newNetwork()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.close()) }()
	out, err := newOutside(n, filepath.Join(r.source, "tools"))
	if err != nil {
		return err
	}
	defer out.close()
	r.player = &player{n, out}
	collector, err := startCollector(r.binary)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, collector.stop()) }()
	peer, err := r.startPeer()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, peer.stop(n)) }()
	if err := r.all(ctx); err != nil {
		return err
	}
	time.Sleep(settle) // the collector tells of repeats, and of what it waits for
	lost, err := collector.lost()
	fmt.Println("lost while recording:", lost)
	return err
}

// startPeer starts the cache that is not recorded.
func (r *recording) startPeer() (*container, error) {
	w := &workload{
		name: "peer", Via: "redis", Port: 6379, User: 100,
		Start: map[int][]string{1: {"/usr/bin/redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/tmp", "--save", ""}},
	}
	if err := w.makeImage(r.source, 1); err != nil {
		return nil, err
	}
	peer := newContainer(w, 1, "peer", 0)
	peer.address = peerAddress
	return peer, peer.start(r.player.network)
}

// all records the workloads, some at the same time.
func (r *recording) all(ctx context.Context) error {
	slots := make(chan struct{}, atOnce)
	failures := make([]error, len(r.workloads))
	var group sync.WaitGroup
	for at, w := range r.workloads {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			began := time.Now()
			failures[at] = r.one(ctx, at, w)
			fmt.Printf("%s took %s\n", w.name, time.Since(began).Round(time.Second))
		})
	}
	group.Wait()
	return errors.Join(failures...)
}

// life is what happens to some replicas: rounds of sessions, each replica in turn.
type life struct {
	phase    string
	version  int
	replicas []int
	rounds   int
}

// lives are those of every workload. Replicas 2 and 3 begin after learning, 4 and 5 are of the new version.
var lives = []life{
	{corpus.Train, 1, []int{0, 1}, 5}, {corpus.Calibrate, 1, []int{0, 1}, 2}, {corpus.Test, 1, []int{0, 1}, 2}, {corpus.Test, 1, []int{2, 3}, 2},
	{corpus.Drift, 2, []int{4, 5}, 3},
}

// one records a workload: its lives, and then the attacks on it.
func (r *recording) one(ctx context.Context, at int, w *workload) error {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(w.name))
	random := rand.New(rand.NewPCG(r.seed, hash.Sum64()))
	running, started := map[int]*container{}, 0
	defer func() {
		for _, c := range running {
			_ = c.stop(r.player.network)
		}
	}()
	for _, l := range lives {
		if l.phase == corpus.Test {
			l.rounds *= r.times
		}
		if r.quick {
			l.rounds = 1
		}
		for range l.rounds {
			for _, replica := range l.replicas {
				if err := ctx.Err(); err != nil {
					return err
				}
				if c := running[replica]; c != nil && random.Float64() < restarts {
					delete(running, replica)
					if err := c.stop(r.player.network); err != nil {
						return err
					}
				}
				c, fresh := running[replica], running[replica] == nil
				if fresh {
					started++
					c = newContainer(w, l.version, fmt.Sprint("container ", started), at*addressesEach+replica)
					running[replica] = c
				}
				if err := r.day(c, l, replica, fresh, random); err != nil {
					return err
				}
			}
		}
	}
	return r.attacked(ctx, at, w, random)
}

// day records a session of a replica.
func (r *recording) day(c *container, l life, replica int, fresh bool, random *rand.Rand) error {
	w := c.workload
	tasks := w.draw(random, l.version, w.TasksMax/2+random.IntN(w.TasksMax-w.TasksMax/2+1))
	s, err := r.player.play(c, l.phase, replica, fresh, tasks)
	if err == nil {
		r.add(s)
	}
	return err
}

// attacked records the attacks on a workload.
func (r *recording) attacked(ctx context.Context, at int, w *workload, random *rand.Rand) (failed error) {
	address := at*addressesEach + len(lives) + 1
	for number, a := range r.attacks {
		if a.Workload != w.name {
			continue
		}
		address++
		if err := ctx.Err(); err != nil {
			return err
		}
		c := newContainer(w, 1, a.name, address)
		began := time.Now()
		s, err := r.player.playAttack(c, a, portFirst+number, random)
		if took := time.Since(began); took > slow {
			fmt.Printf("attack %s took %s\n", a.name, took.Round(time.Second))
		}
		if err != nil {
			err = fmt.Errorf("attack %s: %w", a.name, err)
		}
		if err := errors.Join(err, c.stop(r.player.network)); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		r.add(s)
	}
	return failed
}

func (r *recording) add(s *recorded) {
	r.mu.Lock()
	r.sessions = append(r.sessions, s)
	r.mu.Unlock()
}
