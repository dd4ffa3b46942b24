// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
)

func TestConfigMetrics_accepted(t *testing.T) {
	config, err := load(t, "config_metrics.yaml", "anomaly/all")
	require.NoError(t, err)
	assert.Equal(t, []MetricConfig{
		{Name: "system.*", Attributes: []string{"state"}, ScoreMin: 0.999, Raise: true}, {Name: "http.server.request.duration"},
	}, config.Metrics)
	assert.Equal(t, SeriesLimitsConfig{5, 4, 64 << 10}, config.Limits.Series)
}

func TestConfigMetrics_refused(t *testing.T) {
	for section, want := range map[string]string{
		"anomaly/everything": `metrics::0: name: all metrics are too many: name those that are to be scored, with * for a part of the name`,
		"anomaly/attribute":  `metrics::0: attributes[0]: empty or longer than 256 bytes: name an attribute`,
		"anomaly/score":      `metrics::0: score_min: 1 is not between 0 and 1, such as 0.99`,
		"anomaly/limits":     "limits::series: series_max: 0 is not between 1 and 1000000",
	} {
		_, err := load(t, "config_metrics.yaml", section)
		assert.ErrorContains(t, err, want, section)
	}
	config := defaultConfig()
	config.Metrics = make([]MetricConfig, metricsMax+1)
	require.ErrorContains(t, confmap.Validate(config), "metrics: 65 entries are more than 64: join some with *")
	config.Metrics = []MetricConfig{{Name: strings.Repeat("a", 257), Attributes: make([]string, 33)}}
	require.ErrorContains(t, confmap.Validate(config), "name: longer than 256 bytes")
	require.ErrorContains(t, confmap.Validate(config), "attributes: 33 are more than 32")
}
