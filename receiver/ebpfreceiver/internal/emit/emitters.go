// SPDX-License-Identifier: Apache-2.0

package emit

// Options are what a configuration says about emitters.
type Options struct {
	Process ProcessOptions
	File    FileOptions
}

// Emitters lists the emitters by the name of the tracer.
func Emitters(o Options) map[string]Emitter {
	return map[string]Emitter{
		"process": Process(o.Process),
		"file":    File(o.File),
		"tcp":     TCP,
		"socket":  Socket,
		"ipc":     IPC,
		"udp":     UDP,
		"dns":     DNS,
	}
}

// Counts lists what the counts per workload are, by the name of the tracer.
func Counts() map[string][]Count {
	return map[string][]Count{
		"process": ProcessCounts(),
		"file":    FileCounts(),
		"tcp":     TCPCounts(),
		"socket":  SocketCounts(),
		"ipc":     IPCCounts(),
		"udp":     UDPCounts(),
		"dns":     DNSCounts(),
	}
}
