// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/watch"
)

// MetricConfig says which metrics are scored. Without one, none is.
type MetricConfig struct {
	// Name is that of the metric, with * for any text.
	Name string `mapstructure:"name"`
	// Attributes tell the series of a workload apart, be they of the data point or of the resource. If none is named, all attributes of the data
	// point do, and the container or host.
	Attributes []string `mapstructure:"attributes"`
	// ScoreMin is from where on a data point is an anomaly, between 0 and 1. 0 stands for 0.99.
	ScoreMin float64 `mapstructure:"score_min"`
	// Raise tells whether an anomaly is an incident although nothing else happens in the workload.
	Raise bool `mapstructure:"raise"`
}

// SeriesLimitsConfig bounds the series of metrics that are known.
type SeriesLimitsConfig struct {
	// SeriesMax bounds the series of all workloads, WorkloadSeriesMax those of one, BytesMax the memory of all. New series take the place of those
	// that were without points for an hour.
	SeriesMax         int `mapstructure:"series_max"`
	WorkloadSeriesMax int `mapstructure:"workload_series_max"`
	BytesMax          int `mapstructure:"bytes_max"`
}

// Ranges and defaults of what can be configured.
const (
	scoreMinDefault    = 0.99
	metricsMax         = 64
	metricNameBytesMax = 256
	metricAttributes   = 32
	seriesMaxMax       = 1_000_000
	seriesBytesMaxMin  = 64 << 10
	seriesBytesMaxMax  = 8 << 30
)

func defaultSeriesLimits() SeriesLimitsConfig {
	return SeriesLimitsConfig{SeriesMax: 5000, WorkloadSeriesMax: 200, BytesMax: 32 << 20}
}

// Validate tells everything that is wrong.
func (c *MetricConfig) Validate() error {
	var errs []error
	switch {
	case strings.Trim(c.Name, "*") == "":
		errs = append(errs, errors.New("name: all metrics are too many: name those that are to be scored, with * for a part of the name"))
	case len(c.Name) > metricNameBytesMax:
		errs = append(errs, fmt.Errorf("name: longer than %d bytes", metricNameBytesMax))
	}
	if len(c.Attributes) > metricAttributes {
		errs = append(errs, fmt.Errorf("attributes: %d are more than %d", len(c.Attributes), metricAttributes))
	}
	for at, attribute := range c.Attributes {
		if attribute == "" || len(attribute) > metricNameBytesMax {
			errs = append(errs, fmt.Errorf("attributes[%d]: empty or longer than %d bytes: name an attribute", at, metricNameBytesMax))
		}
	}
	if c.ScoreMin < 0 || c.ScoreMin >= 1 {
		errs = append(errs, fmt.Errorf("score_min: %v is not between 0 and 1, such as %v", c.ScoreMin, scoreMinDefault))
	}
	return errors.Join(errs...)
}

// Validate tells everything that is wrong.
func (c *SeriesLimitsConfig) Validate() error {
	return errors.Join(
		within("series_max", c.SeriesMax, 1, seriesMaxMax),
		within("workload_series_max", c.WorkloadSeriesMax, 1, seriesMaxMax),
		within("bytes_max", c.BytesMax, seriesBytesMaxMin, seriesBytesMaxMax),
	)
}

// validateMetrics tells what is wrong with all of them together.
func validateMetrics(all []MetricConfig) error {
	if len(all) > metricsMax {
		return fmt.Errorf("metrics: %d entries are more than %d: join some with *", len(all), metricsMax)
	}
	return nil
}

// newWatcher is only called with a configuration that is valid.
func (c *Config) newWatcher() *watch.Watcher {
	rules := make([]watch.Rule, len(c.Metrics))
	for at, m := range c.Metrics {
		rules[at] = watch.Rule{Fits: newPattern(m.Name).fits, Attributes: m.Attributes, ScoreMin: m.ScoreMin, Raise: m.Raise}
		if m.ScoreMin == 0 {
			rules[at].ScoreMin = scoreMinDefault
		}
	}
	l := c.Limits.Series
	return watch.New(rules, watch.Limits{SeriesMax: l.SeriesMax, WorkloadSeriesMax: l.WorkloadSeriesMax, BytesMax: l.BytesMax})
}
