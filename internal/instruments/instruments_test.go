// SPDX-License-Identifier: Apache-2.0

package instruments

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/meerkat-otel/meerkat/internal/names"
)

func described(name string) names.Metric {
	return names.Metric{Name: name, Unit: "{thing}", Brief: "Things."}
}

// Each instrument is named as it is described, and has what is observed until it is unregistered.
func TestBuilder(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	b := NewBuilder(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)), "scope")
	counter, gauge, floatCounter, floatGauge := b.Counter(described("a")), b.Gauge(described("b")), b.FloatCounter(described("c")), b.FloatGauge(described("d"))
	registration, err := b.Register(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(counter, 1, By("x", "1", "y", ""))
		o.ObserveInt64(gauge, 2)
		o.ObserveFloat64(floatCounter, 0.5)
		o.ObserveFloat64(floatGauge, 1.5)
		return nil
	})
	require.NoError(t, err)
	var read metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &read))
	require.Len(t, read.ScopeMetrics, 1)
	assert.Equal(t, "scope", read.ScopeMetrics[0].Scope.Name)
	require.Len(t, read.ScopeMetrics[0].Metrics, 4)
	metricdatatest.AssertEqual(t, metricdata.Metrics{
		Name: "a", Unit: "{thing}", Description: "Things.", Data: metricdata.Sum[int64]{
			Temporality: metricdata.CumulativeTemporality, IsMonotonic: true,
			DataPoints: []metricdata.DataPoint[int64]{{Attributes: attribute.NewSet(attribute.String("x", "1")), Value: 1}},
		},
	}, read.ScopeMetrics[0].Metrics[0], metricdatatest.IgnoreTimestamp())
	require.NoError(t, registration.Unregister())
	read = metricdata.ResourceMetrics{}
	require.NoError(t, reader.Collect(t.Context(), &read))
	assert.Empty(t, read.ScopeMetrics)
}

// A name that can't be one is told when all are registered.
func TestBuilder_badName(t *testing.T) {
	b := NewBuilder(sdkmetric.NewMeterProvider(), "scope")
	b.Counter(described("0 is no letter"))
	_, err := b.Register(func(context.Context, metric.Observer) error { return nil })
	require.ErrorContains(t, err, "0 is no letter")
}
