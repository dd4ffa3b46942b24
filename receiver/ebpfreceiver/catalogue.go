// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"maps"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// definition ties together what the stages know about one tracer.
type definition struct {
	spec    tracer.Spec
	decoder func() decode.Decoder
	emitter func(*Config, *emit.Redactor) emit.Emitter
	counts  []emit.Count
	// common finds the tracer's section in the configuration.
	common func(*TracersConfig) *TracerConfig
	// settings adds what the section says to the settings of the programs.
	settings func(*Config, *tracer.Settings)
	// prepare fills maps before anything is attached; nil if there is nothing to fill.
	prepare func(*Config, *tracer.Tracer) error
	// companion makes what works beside the stream; nil if nothing does.
	companion func(*session, *stream) *companion
}

// companion sees the events of a stream on the stream's goroutine, and does something of its own from
// time to time, the last time after the tracer was detached and its ring read.
type companion struct {
	observe func(decode.Event)
	tick    func(last bool)
}

// catalogue lists every tracer there is. The first one is where the others' events get their identity
// from: it runs whenever another one does.
func catalogue() []definition {
	return []definition{
		{
			spec:    tracer.Process(),
			decoder: decode.NewProcess,
			emitter: func(c *Config, r *emit.Redactor) emit.Emitter {
				return emit.Process(emit.ProcessOptions{
					Fork: c.Tracers.Process.Fork, EnvironmentKeys: c.Tracers.Process.EnvironmentKeys, Redact: r,
				})
			},
			counts:   emit.ProcessCounts(),
			common:   func(c *TracersConfig) *TracerConfig { return &c.Process.Common },
			settings: processSettings,
		},
		{
			spec:      tracer.File(),
			decoder:   decode.NewFile,
			emitter:   func(*Config, *emit.Redactor) emit.Emitter { return emit.File },
			counts:    emit.FileCounts(),
			common:    func(c *TracersConfig) *TracerConfig { return &c.File.Common },
			settings:  fileSettings,
			prepare:   func(c *Config, t *tracer.Tracer) error { return tracer.SetFileReadPaths(t, c.Tracers.File.ReadPaths) },
			companion: newFileRepeats,
		},
		{
			spec:     tracer.TCP(),
			decoder:  decode.NewTCP,
			emitter:  func(*Config, *emit.Redactor) emit.Emitter { return emit.TCP },
			counts:   emit.TCPCounts(),
			common:   func(c *TracersConfig) *TracerConfig { return &c.TCP.Common },
			settings: tcpSettings,
		},
	}
}

func processSettings(c *Config, s *tracer.Settings) {
	s.Constants["arguments_bytes_max"] = c.Tracers.Process.ArgumentsMaxBytes
	if len(c.Tracers.Process.EnvironmentKeys) > 0 {
		s.Constants["environment_bytes_max"] = uint32(environmentBytesMax)
	}
}

func fileSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.FileConstants())
	s.Constants["window_ns"] = uint64(c.Tracers.File.DeduplicationWindow)
	s.Constants["has_read_paths"] = len(c.Tracers.File.ReadPaths) > 0
	maps.Copy(s.Constants, tracer.OwnProcessConstants())
}

func tcpSettings(c *Config, s *tracer.Settings) {
	s.MapEntries[tracer.TCPOwners] = c.Tracers.TCP.TrackedConnections
}
