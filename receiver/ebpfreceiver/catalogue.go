// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ebpfreceiver

import (
	"context"
	"maps"
	"runtime"
	"time"

	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/emit"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/tracer"
)

// definition is what the receiver adds to the specification of a tracer.
type definition struct {
	spec tracer.Spec
	// settings adds what the configuration says to the settings of the programs; nil if that is nothing.
	settings func(*Config, *tracer.Settings)
	// prepare fills maps before anything is attached; nil if there is nothing to fill.
	prepare func(*Config, *tracer.Tracer) error
	// batched tells that events are so many that the reader is not woken for each.
	batched bool
	// urgent tells that some of these events wake it nevertheless, because they can't wait.
	urgent bool
	// namesPeers tells that events have far ends, which may have names that the tracer "dns" has seen.
	namesPeers bool
	// companion makes what works beside the stream; nil if nothing does.
	companion func(*session, *stream) *companion
	// identify adds to finding out whose event it is; nil if there is nothing to add.
	identify func(*session, identify) identify
}

// companion sees the events of a stream on the stream's goroutine, and does something of its own from
// time to time, the last time after the tracer was detached and its ring read. Any of these may be nil.
type companion struct {
	observe func(decode.Event) fate
	// hold may add to what is known of an event, or take it over and return true: then the companion
	// sends it. The event is valid during the call alone.
	hold func(e decode.Event, who *emit.Who, observed time.Time) bool
	// run works on a goroutine of its own until the context ends.
	run  func(context.Context)
	tick func(last bool)
}

// fate is what a companion decides about an event.
type fate int

const (
	fateOpen       fate = iota // it is treated like any other
	fateAggregated             // it is told by another event
	fateFiltered               // it is nothing that anybody wants to know
)

// catalogue lists every tracer there is, in the order of tracer.Specs.
func catalogue() []definition {
	particular := map[string]definition{
		"process":   {batched: true, urgent: true, settings: processSettings, companion: newProcessContents},
		"file":      {batched: true, settings: fileSettings, prepare: prepareFile, companion: newFileCompanion},
		"socket":    {settings: socketSettings, companion: newSocketRepeats},
		"ipc":       {batched: true, settings: ipcSettings, companion: newIPCRepeats},
		"tcp":       {batched: true, settings: tcpSettings, namesPeers: true, companion: newTCPRepeats},
		"udp":       {batched: true, settings: udpSettings, namesPeers: true, companion: newUDPFlows},
		"dns":       {batched: true, settings: dnsSettings, companion: newDNSLookups},
		"tty":       {identify: identifySessions},
		"crash":     {settings: crashSettings},
		"privilege": {settings: privilegeSettings},
		"mount":     {settings: mountSettings},
		"injection": {settings: injectionSettings, prepare: prepareInjection, companion: newInjectionRepeats},
	}
	var all []definition
	for _, spec := range tracer.Specs() {
		d := particular[spec.Name]
		d.spec = spec
		all = append(all, d)
	}
	return all
}

// emitterOptions are what emitters take from the configuration and share with the session.
func emitterOptions(s *session, c *Config) emit.Options {
	o := emit.Options{
		Process: emit.ProcessOptions{
			Fork: c.Tracers.Process.Fork, EnvironmentKeys: c.Tracers.Process.EnvironmentKeys,
			Interpreters: c.Tracers.Process.Interpreters, Redact: s.redact,
		},
		Crashes: s.crashes,
		SyscallName: func(number uint32, isCompat bool) string {
			return tracer.SyscallName(runtime.GOARCH, number, isCompat)
		},
	}
	if patterns, err := c.Tracers.File.patterns(); err == nil {
		o.File.ReadPaths = patterns.Texts
	}
	return o
}

func processSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.ProcessConstants())
	s.Constants["arguments_bytes_max"] = c.Tracers.Process.ArgumentsMaxBytes
	if len(c.Tracers.Process.EnvironmentKeys) > 0 {
		s.Constants["environment_bytes_max"] = uint32(environmentBytesMax)
	}
}

func fileSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.FileConstants())
	s.Constants["window_ns"] = uint64(c.Tracers.File.DeduplicationWindow)
	// What can't be compiled has been refused with the configuration.
	if patterns, err := c.Tracers.File.patterns(); err == nil {
		maps.Copy(s.Constants, tracer.FilePatternConstants(patterns))
	}
}

func prepareFile(c *Config, t *tracer.Tracer) error {
	patterns, err := c.Tracers.File.patterns()
	if err != nil {
		return err
	}
	return tracer.SetFilePatterns(t, patterns)
}

func socketSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.SocketConstants(socketFamilyNumbers(c.Tracers.Socket.ExpectedFamilies)))
	s.Constants["window_ns"] = uint64(c.Tracers.Socket.DeduplicationWindow)
}

func ipcSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.IPCConstants())
	s.Constants["window_ns"] = uint64(c.Tracers.IPC.DeduplicationWindow)
}

func tcpSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.TCPConstants())
	s.MapEntries[tracer.TCPOwners] = c.Tracers.TCP.TrackedConnections
	s.Constants["window_ns"] = uint64(c.Tracers.TCP.DeduplicationWindow)
}

func udpSettings(c *Config, s *tracer.Settings) {
	s.MapEntries[tracer.UDPFlowsMap] = c.Tracers.UDP.TrackedFlows
	s.MapEntries[tracer.UDPOwners] = c.Tracers.UDP.TrackedFlows
	s.Constants[tracer.UDPIdle] = uint64(c.Tracers.UDP.IdleTimeout)
}

func dnsSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.DNSConstants(c.Tracers.DNS.Ports))
}

func crashSettings(_ *Config, s *tracer.Settings) { maps.Copy(s.Constants, tracer.CrashConstants()) }

func privilegeSettings(c *Config, s *tracer.Settings) {
	p := &c.Tracers.Privilege
	maps.Copy(s.Constants, tracer.PrivilegeConstants(p.capabilitySet(), p.CapabilityScope == CapabilityScopeEverywhere))
	s.Constants["window_ns"] = uint64(p.DeduplicationWindow)
}

func mountSettings(_ *Config, s *tracer.Settings) { maps.Copy(s.Constants, tracer.MountConstants()) }

func injectionSettings(c *Config, s *tracer.Settings) {
	maps.Copy(s.Constants, tracer.InjectionConstants())
	s.Constants["window_ns"] = uint64(c.Tracers.Injection.DeduplicationWindow)
	s.Constants["executable_memory"] = c.Tracers.Injection.ExecutableMemory
	if !c.Tracers.Injection.ExecutableMemory {
		s.WithoutSyscalls = tracer.InjectionMemoryCalls()
	}
}

func prepareInjection(c *Config, t *tracer.Tracer) error {
	return tracer.SetInjectionLoaderFiles(t, c.Tracers.Injection.LoaderFiles)
}
