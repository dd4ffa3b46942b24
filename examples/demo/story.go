// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// persisted is the file that the last step of the attack writes.
const persisted = "/var/spool/cron/crontabs/root"

// profile is what the control API says of one.
type profile struct {
	Workload string
	State    string
	Events   uint64
	Learning struct {
		Progress float64
		WaitsFor string `json:"waits_for"`
	}
}

// incident is what the control API says of one.
type incident struct {
	ID         string
	Body       string
	Attributes struct {
		Steps []step `json:"meerkat.incident.steps"`
	}
}

type step struct {
	Time       time.Time
	Action     string
	Object     string
	Why        string
	Weight     float64
	Executable string `json:"process.executable.path"`
}

// print prints a step. What weighs nothing is ordinary, and was done by a process that did something else.
func (s *step) print(number int) {
	why := s.Why
	if why == "" && s.Weight == 0 {
		why = "ordinary by itself"
	}
	fmt.Printf("  %2d. %s  %s: %s %s\n", number, s.Time.Format("15:04:05"), s.Executable, s.Action, s.Object)
	if why != "" {
		fmt.Println("      " + why)
	}
}

// openShop starts the containers.
func (d *demo) openShop(ctx context.Context) error {
	for _, part := range parts() {
		c := newContainer(part)
		if err := c.run(); err != nil {
			return err
		}
		d.containers = append(d.containers, c)
	}
	fmt.Println("The shop is open: web, api, database and batch, a container each.")
	return ctx.Err()
}

// fromOutside prepares what people do who are in no container.
func fromOutside(arguments ...string) *exec.Cmd {
	shop := filepath.Join(workFolder, "bin", "shop")
	return exec.Command("ip", append([]string{"netns", "exec", outside, shop}, arguments...)...)
}

// passDay has visitors come, until the collector knows what the shop does in a day.
func (d *demo) passDay(ctx context.Context) error {
	var err error
	if d.visitors, err = start("visitors", filepath.Join(workFolder, "visitors.log"), fromOutside("visitors", webAddress)); err != nil {
		return err
	}
	fmt.Printf("Visitors come for a day, which takes %s. The collector learns what is normal.\n", d.day)
	said, began := 0, time.Now()
	return d.wait(ctx, 2*d.day+patience, "the collector to know the shop", func() (bool, error) {
		var page struct{ Profiles []profile }
		if err := ask(ctx, "/v1/profiles", &page); err != nil {
			return false, err
		}
		know, events, learn := 0, uint64(0), 1.0
		for _, p := range page.Profiles {
			events += p.Events
			learn = min(learn, p.Learning.Progress)
			if p.State == "watching" {
				know++
			}
		}
		if quarter := int(4 * time.Since(began) / d.day); quarter > said && quarter < 4 {
			said = quarter
			fmt.Printf("  %2d:00  %d events, learning is at %.0f %%\n", 6*quarter, events, 100*learn)
		}
		return know == len(parts()) && know == len(page.Profiles), nil
	})
}

// attackShop does what the shop is not there for, and waits until the collector has seen all of it.
func (d *demo) attackShop(ctx context.Context) error {
	fmt.Println("The day is over. Somebody attacks the shop:")
	attack := fromOutside("attack", webAddress, attackerAddress)
	attack.Stdout, attack.Stderr = indent{}, indent{}
	if err := attack.Run(); err != nil {
		return fmt.Errorf("attack the shop: %w", err)
	}
	return d.wait(ctx, patience, "an incident with the last step of the attack", func() (bool, error) {
		all, err := incidents(ctx)
		return slices.ContainsFunc(all, func(i incident) bool {
			return slices.ContainsFunc(i.Attributes.Steps, func(s step) bool { return s.Object == persisted })
		}), err
	})
}

// indent prints what others print.
type indent struct{}

func (indent) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		fmt.Fprint(os.Stdout, "  ", line)
	}
	return len(text), nil
}

// incidents asks for all of them, with their steps.
func incidents(ctx context.Context) ([]incident, error) {
	var page struct{ Incidents []incident }
	if err := ask(ctx, "/v1/incidents", &page); err != nil {
		return nil, err
	}
	for at := range page.Incidents {
		if err := ask(ctx, "/v1/incidents/"+page.Incidents[at].ID, &page.Incidents[at]); err != nil {
			return nil, err
		}
	}
	return page.Incidents, nil
}

func plural(count int, what string) string {
	if count == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", count, what)
}

// tell tells in words what the collector has found.
func (d *demo) tell(ctx context.Context) error {
	all, err := incidents(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nWhat the collector says: %s.\n", plural(len(all), "incident"))
	for _, one := range all {
		fmt.Println("\n" + one.Body)
		for at, s := range one.Attributes.Steps {
			s.print(at + 1)
		}
	}
	fmt.Println()
	return nil
}
