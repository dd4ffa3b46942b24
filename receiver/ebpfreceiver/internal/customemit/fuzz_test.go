// SPDX-License-Identifier: Apache-2.0

package customemit_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"golang.org/x/tools/txtar"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/customemit"
)

// fuzzBytesMax bounds inputs: what takes time is time for other inputs.
const fuzzBytesMax = 16 << 10

// manifestOf is that of a scenario.
func manifestOf(t testing.TB, scenario string) []byte {
	t.Helper()
	archive, err := txtar.ParseFile(scenarioFolder + "/" + scenario + ".txtar")
	require.NoError(t, err)
	require.Equal(t, "manifest", archive.Files[0].Name)
	return archive.Files[0].Data
}

// Records of any bytes become log records that OTLP can carry, or are counted.
func FuzzRecord(f *testing.F) {
	spec, s := object(f), settings()
	events, err := customemit.NewEvents(parse(f, manifestOf(f, "events")), spec.Types, s)
	require.NoError(f, err)
	for _, name := range []string{"opened_write", "opened_read", "step_begin", "step_end", "said"} {
		f.Add(record(f, spec, name))
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) > fuzzBytesMax {
			return
		}
		for _, ring := range []string{"records", "all", "steps", "said"} {
			before := s.Counters.Decoded.Load() + s.Counters.Short.Load() + s.Counters.Unmatched.Load()
			event, err := events.Ring(ring).Decode(bytes, started)
			assert.Equal(t, before+1, s.Counters.Decoded.Load()+s.Counters.Short.Load()+s.Counters.Unmatched.Load())
			if err != nil {
				continue
			}
			logs := plog.NewLogs()
			log := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			event.Fill(log)
			assert.NotContains(t, log.Body().Str(), "\n")
			assert.True(t, utf8.ValidString(log.Body().Str()), "%q", log.Body().Str())
			_, err = (&plog.ProtoMarshaler{}).MarshalLogs(logs)
			assert.NoError(t, err)
		}
	})
}

// Entries of any bytes are counted, for a data point or as uncountable.
func FuzzEntries(f *testing.F) {
	spec := object(f)
	m := parse(f, manifestOf(f, "metrics"))
	m.Metrics = append(m.Metrics, parse(f, manifestOf(f, "sums")).Metrics...)
	f.Add([]byte("0123456789abcdef01234567"), []byte("0123456789abcdef0123456789abcdef"))
	f.Add([]byte("\x01\x00\x00\x00"), make([]byte, 32))
	f.Fuzz(func(t *testing.T, key, value []byte) {
		metrics, err := customemit.NewMetrics(m, mapTypes(spec), started, settings())
		require.NoError(t, err)
		read := func(_ string, entry func(key []byte, values [][]byte)) error {
			entry(key, [][]byte{value, value})
			entry(value, [][]byte{key})
			return nil
		}
		for range 2 {
			to := host{pmetric.NewMetricSlice()}
			assert.NoError(t, metrics.Collect(read, started, to))
			for _, metric := range to.All() {
				if metric.Type() == pmetric.MetricTypeSum {
					assert.GreaterOrEqual(t, metric.Sum().DataPoints().At(0).IntValue(), int64(0))
				}
			}
		}
	})
}
