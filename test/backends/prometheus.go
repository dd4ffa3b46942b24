// SPDX-License-Identifier: Apache-2.0

//go:build linux

package backends

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/meerkat-otel/meerkat/test/published"
)

// Prometheus is one that runs. It takes what is scraped, what is written to /api/v1/write and OTLP at /api/v1/otlp.
type Prometheus struct {
	server
	api prometheus.API
}

// StartPrometheus runs Prometheus with a configuration file, of which paths are relative to the folder it is in. The first test
// builds it.
func StartPrometheus(t *testing.T, configuration string) *Prometheus {
	t.Helper()
	bin, err := published.Build(t.Context(), prometheusSource)
	require.NoError(t, err)
	configuration, err = filepath.Abs(configuration)
	require.NoError(t, err)
	folder, address := t.TempDir(), freeAddress(t)
	p := &Prometheus{server: start(t, folder, address, "/-/ready", filepath.Join(bin, "prometheus"),
		"--config.file="+configuration, "--storage.tsdb.path="+filepath.Join(folder, "data"), "--web.listen-address="+address,
		"--web.enable-remote-write-receiver", "--web.enable-otlp-receiver")}
	client, err := api.NewClient(api.Config{Address: p.URL})
	require.NoError(t, err)
	p.api = prometheus.NewAPI(client)
	return p
}

// Query evaluates a PromQL expression now.
func (p *Prometheus) Query(expression string) (model.Value, error) {
	value, _, err := p.api.Query(p.t.Context(), expression, time.Now())
	return value, err
}

// Series returns the label sets of the series that a selector selects in the last hour.
func (p *Prometheus) Series(selector string) ([]model.LabelSet, error) {
	series, _, err := p.api.Series(p.t.Context(), []string{selector}, time.Now().Add(-time.Hour), time.Now())
	return series, err
}

// Vector waits until an expression has results, and returns them.
func (p *Prometheus) Vector(expression string) model.Vector {
	p.t.Helper()
	var found model.Vector
	require.Eventually(p.t, func() bool {
		value, err := p.Query(expression)
		if err != nil {
			return false
		}
		found, _ = value.(model.Vector)
		return len(found) > 0
	}, patience, pollEvery, "%s has no result", expression)
	return found
}
