// SPDX-License-Identifier: Apache-2.0

// Command vm runs the receiver's kernel tests on other kernels than the one that is running, in
// machines that QEMU emulates. It takes the kernels from Debian's archive, unpacks them without
// installing anything, and builds an initial file system that holds a shell and the test binaries.
//
// It changes nothing on the host but its own cache folder, and tests nothing by itself: what is to be
// seen on a kernel is said by the tests that it runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
)

// options are what the command line says.
type options struct {
	// machines selects by name.
	machines *regexp.Regexp
	// run selects tests, as of go test; all if empty.
	run string
	// cache is the folder that everything is kept in.
	cache string
}

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
	flag.Parse()
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
	archive := newArchive(filepath.Join(o.cache, "apt"))
	images := map[string]string{}
	var results []result
	for _, m := range machines() {
		if !o.machines.MatchString(m.name()) {
			continue
		}
		if images[m.architecture] == "" {
			if images[m.architecture], err = buildImage(ctx, archive, o.cache, m.architecture); err != nil {
				return err
			}
		}
		r := try(ctx, o, archive, m, images[m.architecture])
		r.tell(os.Stdout)
		results = append(results, r)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if len(results) == 0 {
		return errors.New("no machine has such a name")
	}
	fmt.Println()
	printTable(os.Stdout, results)
	if slices.ContainsFunc(results, func(r result) bool { return r.failed() }) {
		return errors.New("not every kernel passes, see above")
	}
	return nil
}

// try runs the tests on one machine.
func try(ctx context.Context, o options, a *archive, m machine, image string) result {
	k, err := fetchKernel(ctx, a, o.cache, m)
	if err != nil {
		return result{machine: m, failure: err}
	}
	if image, err = addKernel(ctx, o.cache, image, m, k); err != nil {
		return result{machine: m, failure: err}
	}
	return boot(ctx, o, m, k, image)
}
