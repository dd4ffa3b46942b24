// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// FileConfig configures the tracer "file".
type FileConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// ReadPaths names the files whose reads are events, and, with a slash at the end, directories.
	// Paths are as processes see them, so they apply in each container too.
	ReadPaths []string `mapstructure:"read_paths"`
	// DeduplicationWindow is the time in which the same operation of a process on the same file is
	// reported once, and counted from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

func fileConfigDefault() FileConfig {
	return FileConfig{
		Common:              TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// Validate implements confmap.Validator.
func (c *FileConfig) Validate() error {
	errs := []error{c.Common.validate(), validateWindow(c.DeduplicationWindow)}
	if len(c.ReadPaths) > readPathsMax {
		errs = append(errs, fmt.Errorf("read_paths: %d paths are more than %d; name a directory instead", len(c.ReadPaths), readPathsMax))
	}
	for i, path := range c.ReadPaths {
		switch {
		case !strings.HasPrefix(path, "/"):
			errs = append(errs, fmt.Errorf("read_paths[%d]: %q does not start with a slash; only absolute paths can be matched", i, path))
		case len(path) > readPathBytesMax:
			errs = append(errs, fmt.Errorf("read_paths[%d]: %d bytes are more than %d", i, len(path), readPathBytesMax))
		case strings.ContainsAny(path, "*?["):
			errs = append(errs, fmt.Errorf("read_paths[%d]: %q looks like a pattern; a directory with a slash at its end matches all below it", i, path))
		}
	}
	return errors.Join(errs...)
}

// validateWindow checks a window of deduplication, which several tracers have.
func validateWindow(w time.Duration) error {
	if w != 0 && (w < deduplicationWindowMin || w > deduplicationWindowMax) {
		return fmt.Errorf("deduplication_window: %s is neither 0 nor within %s to %s; the default is %s",
			w, deduplicationWindowMin, deduplicationWindowMax, deduplicationWindowDefault)
	}
	return nil
}
