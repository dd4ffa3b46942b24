// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"path"

	"go.opentelemetry.io/collector/confmap"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/container"
)

// ContainersConfig says where container runtimes keep their state, from which containers get their names.
type ContainersConfig struct {
	// RootPath is where the host's root is mounted, if the collector runs in a container; empty if it doesn't.
	RootPath string `mapstructure:"root_path"`
	// Containerd, Docker, CRIO and Podman are folders in which the runtimes keep their state, as the host has them.
	Containerd []string `mapstructure:"containerd"`
	Docker     []string `mapstructure:"docker"`
	CRIO       []string `mapstructure:"crio"`
	Podman     []string `mapstructure:"podman"`
	// Labels are patterns for the keys of labels that become attributes, in which * stands for any characters.
	Labels []string `mapstructure:"labels"`

	_ struct{}
}

func containersConfigDefault() ContainersConfig {
	s := container.DefaultSettings()
	return ContainersConfig{Containerd: s.Containerd, Docker: s.Docker, CRIO: s.CRIO, Podman: s.Podman}
}

// settings returns what a finder of containers needs.
func (c *ContainersConfig) settings(redact func(key, value string) string) container.Settings {
	return container.Settings{
		RootPath: c.RootPath, Containerd: c.Containerd, Docker: c.Docker, CRIO: c.CRIO, Podman: c.Podman,
		Labels: c.Labels, Redact: redact,
	}
}

var _ confmap.Validator = (*ContainersConfig)(nil)

// Validate implements confmap.Validator.
func (c *ContainersConfig) Validate() error {
	var errs []error
	if c.RootPath != "" {
		if err := validateFolder(c.RootPath); err != nil {
			errs = append(errs, fmt.Errorf("root_path: %w", err))
		}
	}
	for _, runtime := range []struct {
		key     string
		folders []string
	}{{"containerd", c.Containerd}, {"docker", c.Docker}, {"crio", c.CRIO}, {"podman", c.Podman}} {
		if len(runtime.folders) > containerFoldersMax {
			errs = append(errs, fmt.Errorf("%s: %d folders are more than %d", runtime.key, len(runtime.folders), containerFoldersMax))
		}
		for i, folder := range runtime.folders {
			if err := validateFolder(folder); err != nil {
				errs = append(errs, fmt.Errorf("%s[%d]: %w", runtime.key, i, err))
			}
		}
	}
	if len(c.Labels) > filterPatternsMax {
		errs = append(errs, fmt.Errorf("labels: %d patterns are more than %d", len(c.Labels), filterPatternsMax))
	}
	for i, pattern := range c.Labels {
		if pattern == "" || len(pattern) > filterPatternBytesMax {
			errs = append(errs, fmt.Errorf("labels[%d]: a pattern has 1 to %d bytes, not %d", i, filterPatternBytesMax, len(pattern)))
		}
	}
	return errors.Join(errs...)
}

// validateFolder checks that a path says the same wherever the collector was started.
func validateFolder(folder string) error {
	switch {
	case !path.IsAbs(folder):
		return fmt.Errorf("%q does not start with a slash; write the whole path", folder)
	case folder != path.Clean(folder):
		return fmt.Errorf("%q is not in its shortest form, which is %q", folder, path.Clean(folder))
	case len(folder) > containerFolderBytesMax:
		return fmt.Errorf("it has %d bytes, more than %d", len(folder), containerFolderBytesMax)
	}
	return nil
}
