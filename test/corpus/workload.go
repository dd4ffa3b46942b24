// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// workload is what a folder of workloads describes.
type workload struct {
	name string
	// Image is the name that its containers' image has.
	Image string
	// User is whom it runs as, Owns what belongs to that user.
	User int
	Owns []string
	// Via is how tasks reach it, Port where it listens, if it does.
	Via  string
	Port int
	// Privileged containers may do all that a node does. Go gives them the tool chain.
	Privileged, Go bool
	// Prepare is run once in its image.
	Prepare string
	// Start is what its first process is, by version.
	Start map[int][]string
	// Before are the tasks that a replica begins with, Last is what a session ends with.
	Before []string
	Last   string
	// TasksMax is how many tasks a session has at most.
	TasksMax int `yaml:"tasksMax"`
	Tasks    []task
}

// task is something that a workload is asked to do.
type task struct {
	Weight   float64
	Versions []int
	// Via is "exec" for what somebody does from outside in the container.
	Via, Name, Run string
	// step is the number of an attack's step, 0 of what is benign.
	step int
}

// attack is a file of attacks.
type attack struct {
	name     string
	Title    string
	Workload string
	// Gap is how far apart its steps are when they are replayed.
	Gap time.Duration
	// Door is how a command gets in by the workload itself: {run} is the command.
	Door string
	// Job is the name of the task that its commands are in, for workloads whose tasks have names.
	Job   string
	Steps []step
}

// step is a part of an attack.
type step struct {
	Name, Technique string
	Decisive        bool
	// Via is empty for the workload's door, "task" for what the workload is asked in its own way, "shell" for what the attacker writes
	// into the reverse shell, "exec" for what is started in the container from outside, and "script" for what stands in one script with the steps beside it.
	Via, Run string
	// Paths are touched by nobody else: who does, does this step.
	Paths []string
}

const tasksMaxDefault = 30

func readWorkloads(source string) ([]*workload, error) {
	names, err := filepath.Glob(filepath.Join(source, "workloads", "*", "workload.yaml"))
	if err != nil {
		return nil, err
	}
	var all []*workload
	for _, name := range names {
		w := &workload{name: filepath.Base(filepath.Dir(name))}
		if err := readYAML(name, w); err != nil {
			return nil, err
		}
		w.TasksMax = cmp.Or(w.TasksMax, tasksMaxDefault)
		all = append(all, w)
	}
	return all, nil
}

func readAttacks(source string) ([]*attack, error) {
	names, err := filepath.Glob(filepath.Join(source, "attacks", "*.yaml"))
	if err != nil {
		return nil, err
	}
	var all []*attack
	for _, name := range names {
		a := &attack{name: strings.TrimSuffix(filepath.Base(name), ".yaml")}
		if err := readYAML(name, a); err != nil {
			return nil, err
		}
		if decisive := slices.IndexFunc(a.Steps, func(s step) bool { return s.Decisive }); decisive < 0 {
			return nil, fmt.Errorf("%s: say of one step that it is decisive", name)
		}
		all = append(all, a)
	}
	return all, nil
}

func readYAML(name string, into any) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}
