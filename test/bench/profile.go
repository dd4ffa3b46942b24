// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// startProfile has the collector profile itself until the function that it returns is called. The
// profile costs processor time itself, so it is only taken when asked for.
func (b *bench) startProfile(ctx context.Context, c *collector, name string) (stop func() error) {
	if b.profiles == "" {
		return func() error { return nil }
	}
	file := filepath.Join(b.profiles, strings.ReplaceAll(name, " ", "_"))
	duration := b.plan.RateDuration
	if strings.HasPrefix(name, ordinaryName) {
		duration = b.plan.OrdinaryDuration
	}
	done := make(chan error, 1)
	go func() {
		done <- fetch(ctx, fmt.Sprintf("%s/profile?seconds=%d", c.pprof, duration/time.Second), file+".cpu")
	}()
	return func() error {
		return errors.Join(<-done, fetch(ctx, c.pprof+"/allocs", file+".allocs"))
	}
}

func fetch(ctx context.Context, url, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("take a profile: %w", err)
	}
	defer response.Body.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, response.Body)
	return errors.Join(err, file.Close())
}
