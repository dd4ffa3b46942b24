// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
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
}

// catalogue lists every tracer there is. The first one is where the others' events get their identity
// from: it runs whenever another one does.
func catalogue() []definition {
	return []definition{
		{
			spec:    tracer.Process(),
			decoder: decode.Process,
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
			spec:     tracer.TCP(),
			decoder:  decode.TCP,
			emitter:  func(*Config, *emit.Redactor) emit.Emitter { return emit.TCP },
			counts:   emit.TCPCounts(),
			common:   func(c *TracersConfig) *TracerConfig { return &c.TCP.Common },
			settings: func(*Config, *tracer.Settings) {},
		},
	}
}

func processSettings(c *Config, s *tracer.Settings) {
	s.Constants["arguments_bytes_max"] = c.Tracers.Process.ArgumentsMaxBytes
	if len(c.Tracers.Process.EnvironmentKeys) > 0 {
		s.Constants["environment_bytes_max"] = uint32(environmentBytesMax)
	}
}
