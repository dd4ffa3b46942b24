// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"errors"
	"fmt"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/pattern"
)

// FileConfig configures the tracer "file".
type FileConfig struct {
	Common TracerConfig `mapstructure:",squash"`
	// ReadPaths names the files whose reads are events, and, with a slash at the end, directories. A "*"
	// stands for any bytes within an element. Paths are as processes see them, so they apply in each
	// container too.
	ReadPaths []string `mapstructure:"read_paths"`
	// DeduplicationWindow is the time in which the same operation of a process on the same file is
	// reported once, and counted from then on. 0 reports every one.
	DeduplicationWindow time.Duration `mapstructure:"deduplication_window"`

	_ struct{}
}

func fileConfigDefault() FileConfig {
	return FileConfig{
		Common:              TracerConfig{Enabled: true, RingBufferBytes: ringBufferBytesDefault},
		ReadPaths:           readPathsDefault(),
		DeduplicationWindow: deduplicationWindowDefault,
	}
}

// readPathsDefault are secrets that lie in the same place on many machines and in many containers. None ends in
// an element that begins with "*", nor in a slash: those would have more than a name looked at in each open.
func readPathsDefault() []string {
	paths := []string{
		"/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-",
		"/etc/ssh/ssh_host_*_key",
		// Tokens of service accounts: in a pod, and where the node keeps them.
		"/run/secrets/kubernetes.io/serviceaccount/*/token",
		"/var/run/secrets/kubernetes.io/serviceaccount/*/token",
		"/var/lib/kubelet/pods/*/volumes/kubernetes.io~projected/*/*/token",
		"/etc/kubernetes/admin.conf", "/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/sa.key",
	}
	for _, home := range []string{"/root", "/home/*"} {
		for _, below := range []string{
			".ssh/id_*", ".aws/credentials", ".kube/config", ".docker/config.json", ".git-credentials",
			".config/gcloud/application_default_credentials.json",
		} {
			paths = append(paths, home+"/"+below)
		}
	}
	return paths
}

// patterns are the read paths as the kernel half matches them.
func (c *FileConfig) patterns() (*pattern.Set, error) { return pattern.Compile(c.ReadPaths) }

// Validate implements confmap.Validator.
func (c *FileConfig) Validate() error {
	errs := []error{c.Common.validate(), validateWindow(c.DeduplicationWindow, deduplicationWindowMax)}
	if _, err := c.patterns(); err != nil {
		errs = append(errs, fmt.Errorf("read_paths: %w", err))
	}
	return errors.Join(errs...)
}

// validateWindow checks a window of deduplication, which several tracers have.
func validateWindow(w, windowMax time.Duration) error {
	if w != 0 && (w < deduplicationWindowMin || w > windowMax) {
		return fmt.Errorf("deduplication_window: %s is neither 0 nor within %s to %s; the default is %s",
			w, deduplicationWindowMin, windowMax, deduplicationWindowDefault)
	}
	return nil
}
