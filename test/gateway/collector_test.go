// SPDX-License-Identifier: Apache-2.0

//go:build linux

package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/running"
)

const (
	// patience is how long a test waits for something that happens in seconds on an idle machine.
	patience  = 2 * time.Minute
	pollEvery = 200 * time.Millisecond
)

// place is where everything of a test is.
type place struct {
	t                           testing.TB
	binary, folder, certificate string
}

func newPlace(t testing.TB) place {
	t.Helper()
	p := place{t: t, folder: t.TempDir()}
	p.binary, p.certificate = filepath.Join(p.folder, "otelcol-meerkat"), filepath.Join(p.folder, "certificates")
	p.run("make", "-C", "../..", "build", "BINARY="+p.binary, "CGO_ENABLED=0")
	p.run("../../examples/gateway/certificates.sh", p.certificate)
	require.NoError(t, os.WriteFile(p.hostsFile(), []byte(hosts()), 0o644))
	return p
}

func (p place) hostsFile() string { return filepath.Join(p.folder, "hosts") }

func (p place) run(program string, arguments ...string) {
	p.t.Helper()
	output, err := exec.Command(program, arguments...).CombinedOutput()
	require.NoError(p.t, err, string(output))
}

// collector is one that runs as somebody on the network.
type collector struct {
	*running.Collector
	t    testing.TB
	name string
}

// start runs a configuration of the example as somebody on the network, with settings of the test over it. Names are those of the
// network: the file of hosts is mounted over that of the machine for this process alone.
func (p place) start(name, configuration, settings string) *collector {
	p.t.Helper()
	const script = `mount --bind "$0" /etc/hosts && exec "$@"`
	command := exec.Command("nsenter", "--net=/run/netns/"+namespaceOf(name), "unshare", "--mount", "sh", "-c", script, p.hostsFile(),
		p.binary, "--config", "../../examples/gateway/"+configuration, "--config", "yaml:"+settings)
	command.Env = append(os.Environ(), "MEERKAT_DATA="+filepath.Join(p.folder, name), "CERTIFICATES="+p.certificate)
	return &collector{running.StartCollector(p.t, command), p.t, name}
}

// count is the sum of a metric of the collector about itself, over all series with these labels.
func (c *collector) count(metric string, labels map[string]string) int {
	c.t.Helper()
	page, err := exec.CommandContext(c.t.Context(), "nsenter", "--net=/run/netns/"+namespaceOf(c.name), "curl", "-sS", "http://127.0.0.1:8888/metrics").Output()
	require.NoError(c.t, err)
	decoder := expfmt.NewDecoder(bytes.NewReader(page), expfmt.NewFormat(expfmt.TypeTextPlain))
	options := &expfmt.SampleDecoder{Dec: decoder, Opts: &expfmt.DecodeOptions{Timestamp: model.Now()}}
	sum := 0
	for {
		var samples model.Vector
		err := options.Decode(&samples)
		if errors.Is(err, io.EOF) {
			return sum
		}
		require.NoError(c.t, err)
		for _, sample := range samples {
			if string(sample.Metric[model.MetricNameLabel]) == metric && has(sample.Metric, labels) {
				sum += int(sample.Value)
			}
		}
	}
}

func has(metric model.Metric, labels map[string]string) bool {
	for label, value := range labels {
		if string(metric[model.LabelName(label)]) != value {
			return false
		}
	}
	return true
}

// markPrefix begins the argument by which an execution is known again.
const markPrefix = "mark-"

// work executes a program that does nothing, n times, and returns the marks of the executions.
func (p place) work(program string, n int) []string {
	p.t.Helper()
	marks := make([]string, n)
	for i := range marks {
		marks[i] = fmt.Sprintf("%s%s-%d", markPrefix, time.Now().Format("150405.000000000"), i)
		p.run(program, "true", marks[i])
	}
	return marks
}
