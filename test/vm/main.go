// SPDX-License-Identifier: Apache-2.0

// Command vm runs the receiver's kernel tests on other kernels than the one that is running, in
// machines that QEMU emulates. It takes the kernels from Debian's archive, unpacks them without
// installing anything, and builds an initial file system that holds a shell and the test binaries.
//
// It changes nothing on the host but its own cache folder, and tests nothing by itself: what is to be
// seen on a kernel is said by the tests that it runs. A run of all machines writes docs/kernels.md, but
// with -run only if -write is given too.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"syscall"
)

// options are what the command line says.
type options struct {
	// machines selects by name.
	machines *regexp.Regexp
	// run selects tests, as of go test; all if empty.
	run string
	// all runs all tests on every machine, and not on some machines those alone that have most to say.
	all bool
	// write makes the page of selected tests too.
	write bool
	// cache is the folder that everything is kept in.
	cache string
}

// makesPage is true for the whole matrix.
func (o options) makesPage() bool { return o.machines.String() == "" && (o.run == "" || o.write) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(1)
	}
}

func parseOptions() (options, error) {
	var o options
	machines := flag.String("machines", "", "run the machines whose name matches this regular expression; all if empty")
	flag.StringVar(&o.run, "run", "", "run the tests that match this regular expression; all if empty")
	flag.BoolVar(&o.all, "all", false, "run all tests on every machine, which takes an hour")
	flag.BoolVar(&o.write, "write", false, "write "+pageFile+" even if not all tests are run")
	smoke := flag.Bool("smoke", false, "run a few tests on an old kernel, the newest, and one without type information")
	flag.Parse()
	if *smoke {
		*machines, o.run = smokeMachines, smokeTests
	}
	var err error
	if o.machines, err = regexp.Compile(*machines); err != nil {
		return o, fmt.Errorf("read -machines: %w", err)
	}
	caches, err := os.UserCacheDir()
	if err != nil {
		return o, fmt.Errorf("find the cache folder: %w", err)
	}
	o.cache = filepath.Join(caches, "meerkat-vm")
	return o, nil
}

func run(ctx context.Context) error {
	o, err := parseOptions()
	if err != nil {
		return err
	}
	runs, err := prepare(ctx, o)
	if err != nil {
		return err
	}
	results := bootAll(ctx, o, runs)
	if len(results) == 0 {
		return errors.New("no machine has such a name")
	}
	fmt.Println()
	printTable(os.Stdout, results)
	if o.makesPage() && ctx.Err() == nil {
		if err := os.WriteFile(pageFile, []byte(page(results, o.run)), 0o644); err != nil {
			return fmt.Errorf("write what was found: %w", err)
		}
		fmt.Println("Wrote", pageFile)
	}
	if slices.ContainsFunc(results, func(r result) bool { return r.failed() }) {
		return errors.New("not every kernel passes, see above")
	}
	return nil
}

// prepared is a machine that can be booted.
type prepared struct {
	machine machine
	kernel  kernel
	image   string
}

// prepare fetches and builds what the selected machines need.
func prepare(ctx context.Context, o options) ([]prepared, error) {
	archive := newArchive(filepath.Join(o.cache, "apt"))
	images := map[string]string{}
	var all []prepared
	for _, m := range machines() {
		if !o.machines.MatchString(m.name()) {
			continue
		}
		k, err := fetchKernel(ctx, archive, o.cache, m)
		if err != nil {
			return nil, err
		}
		if images[m.architecture] == "" {
			if images[m.architecture], err = buildImage(ctx, archive, o.cache, m.architecture); err != nil {
				return nil, err
			}
		}
		image, err := addKernel(ctx, o.cache, images[m.architecture], m, k)
		if err != nil {
			return nil, err
		}
		all = append(all, prepared{m, k, image})
	}
	return all, ctx.Err()
}

// startOrder has those first that have most to do: all tests, then the slowest ones, which are the last of the
// matrix.
func startOrder(all []prepared) []int {
	rank := func(i int) int {
		if at := slices.Index([]string{"", mainTests}, all[i].machine.tests); at >= 0 {
			return at
		}
		return 2
	}
	order := make([]int, len(all))
	for i := range order {
		order[i] = len(all) - 1 - i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(a), rank(b)) })
	return order
}

// bootAll runs some more machines at a time than there are processors: each takes one, and its tests
// wait now and then.
func bootAll(ctx context.Context, o options, all []prepared) []result {
	results := make([]result, len(all))
	places := make(chan struct{}, min(runtime.NumCPU()*3/2, machinesAtOnceMax))
	var telling sync.Mutex
	var running sync.WaitGroup
	for _, i := range startOrder(all) {
		p := all[i]
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			r := boot(ctx, o, p.machine, p.kernel, p.image)
			results[i] = r
			telling.Lock()
			defer telling.Unlock()
			r.tell(os.Stdout)
		})
	}
	running.Wait()
	return results
}
