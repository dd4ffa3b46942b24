// SPDX-License-Identifier: Apache-2.0

// Command demo shows on one machine what the collector finds: it starts a small shop in containers, lets it have a day, attacks it, and tells
// what the collector says of that. The network that all of it is in leads nowhere. It never touches a container that is not its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// What a day of the shop may take.
const (
	dayMin = 10 * time.Second
	dayMax = 24 * time.Hour
	// lockFile says that a demonstration runs.
	lockFile = "/run/lock/meerkat-demo"
)

// demo is one run.
type demo struct {
	source, binary, data string
	day                  time.Duration
	containers           []*container
	collector, visitors  *process
	mounted              bool
}

func main() {
	var stay bool
	d := &demo{}
	flag.StringVar(&d.source, "source", "examples/demo", "the folder of the demonstration")
	flag.StringVar(&d.binary, "collector", "bin/otelcol-meerkat", "the collector that is shown")
	flag.StringVar(&d.data, "data", "examples/demo/data", "where events and incidents go")
	flag.DurationVar(&d.day, "day", 2*time.Minute, "what the shop's day takes")
	flag.BoolVar(&stay, "stay", true, "let everything run on until Ctrl-C when the story is told")
	flag.Parse()
	lock, err := claim()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
	// What is printed to a pipe that nobody reads any more must not keep the demonstration from cleaning up.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = d.run(ctx, stay)
	err = errors.Join(err, d.clean(), lock.Close())
	ended := ctx.Err() != nil
	stop()
	if err != nil && !ended {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// claim makes sure that this is the only demonstration on the machine, as long as the file is open.
func claim() (*os.File, error) {
	if os.Getuid() != 0 {
		return nil, errors.New("kernel events and containers need privileges: run this as root")
	}
	lock, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("lock %s, which another demonstration has locked: end that one: %w", lockFile, err)
	}
	return lock, nil
}

// run does everything but cleaning up.
func (d *demo) run(ctx context.Context, stay bool) error {
	if d.day < dayMin || d.day > dayMax {
		return fmt.Errorf("-day: %s is not between %s and %s", d.day, dayMin, dayMax)
	}
	var err error
	if d.data, err = filepath.Abs(d.data); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{d.prepare, d.openShop, d.startCollector, d.passDay, d.attackShop, d.tell} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	d.sayWhere()
	if stay {
		fmt.Println("All of it runs on until Ctrl-C.")
		<-ctx.Done()
	}
	return nil
}

// sayWhere tells where to look.
func (d *demo) sayWhere() {
	fmt.Printf(`Where to look:
  incidents, and the events that are part of them   %[1]s/incidents.json
  all events                                        %[1]s/events.json
  counts of the shop, for Prometheus                http://127.0.0.1:9464/metrics
  the collector about itself                        http://127.0.0.1:8888/metrics
  over the control API, as root:
    curl --unix-socket %[2]s http://meerkat/v1/incidents
    curl --unix-socket %[2]s http://meerkat/v1/profiles
    curl --unix-socket %[2]s http://meerkat/v1/tracers
`, d.data, controlSocket)
}
