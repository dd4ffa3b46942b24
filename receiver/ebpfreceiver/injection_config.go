// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"
)

// InjectionConfig configures the tracer "injection".
type InjectionConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// ExecutableMemory makes an event of anonymous memory that becomes executable after it was writable.
	ExecutableMemory bool `mapstructure:"executable_memory"`
	// LoaderFiles names the files whose change is an event, and, with a slash at the end, directories. The
	// last two elements of a path decide, so they apply in each container too.
	LoaderFiles []string `mapstructure:"loader_files"`
	// DeduplicationWindow is the time in which the same operation of a process on the same object is
	// reported once, and counted from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

func injectionConfigDefault() InjectionConfig {
	return InjectionConfig{
		Common:              TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesRare},
		LoaderFiles:         []string{"/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d/", "/etc/ld.so.cache"},
		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// Validate implements confmap.Validator.
func (c *InjectionConfig) Validate() error {
	errs := []error{c.Common.validate(), validateWindow(c.DeduplicationWindow, deduplicationWindowMax)}
	if len(c.LoaderFiles) > loaderFilesMax {
		errs = append(errs, fmt.Errorf("loader_files: %d paths are more than %d; name a directory instead", len(c.LoaderFiles), loaderFilesMax))
	}
	for i, file := range c.LoaderFiles {
		if err := validateLoaderFile(file); err != nil {
			errs = append(errs, fmt.Errorf("loader_files[%d]: %q %w", i, file, err))
		}
	}
	return errors.Join(errs...)
}

func validateLoaderFile(file string) error {
	clean := strings.TrimSuffix(file, "/")
	directory, name := path.Base(path.Dir(clean)), path.Base(clean)
	if clean != file {
		directory, name = name, ""
	}
	switch {
	case !strings.HasPrefix(file, "/") || clean == "":
		return errors.New("is not the absolute path of a file, or of a directory below the root")
	case path.Clean(clean) != clean:
		return fmt.Errorf("is not in its shortest form, which is %q", path.Clean(clean))
	case len(directory) > loaderDirectoryBytesMax || len(name) > loaderNameBytesMax:
		return fmt.Errorf("has a directory of more than %d bytes or a name of more than %d, as its last two elements",
			loaderDirectoryBytesMax, loaderNameBytesMax)
	case strings.ContainsAny(file, "*?["):
		return errors.New("looks like a pattern; a directory with a slash at its end matches all in it")
	}
	return nil
}
