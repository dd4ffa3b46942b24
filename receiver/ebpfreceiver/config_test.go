// SPDX-License-Identifier: Apache-2.0

package ebpfreceiver

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// load reads the section of a test file as the Collector would.
func load(t *testing.T, file, section string) (*Config, error) {
	t.Helper()
	all, err := confmaptest.LoadConf(filepath.Join("testdata", file))
	require.NoError(t, err)
	sub, err := all.Sub(section)
	require.NoError(t, err)
	config := createDefaultConfig().(*Config)
	if err := sub.Unmarshal(config); err != nil {
		return config, err
	}
	return config, confmap.Validate(config)
}

func TestConfig_structIsWellFormed(t *testing.T) {
	require.NoError(t, componenttest.CheckConfigStruct(createDefaultConfig()))
}

// everyKey is what the section with every key says.
func everyKey() *Config {
	storage := component.MustNewIDWithName("file_storage", "state")
	return &Config{
		Tracers: TracersConfig{
			Process: ProcessConfig{
				Common: TracerConfig{Enabled: true, RingBufferBytes: 1 << 20},
				Fork:   true, ArgumentsMaxBytes: 4096, EnvironmentKeys: []string{"HOME", "LD_PRELOAD"},
				Interpreters: []string{"sh", "python*"},
				ExecutableHash: ExecutableHashConfig{
					Enabled: true, MaxFileBytes: 65536, MaxBytesPerSecond: 1048576, MaxFilesPerSecond: 5,
				},
			},
			File: FileConfig{
				Common:              TracerConfig{Enabled: true, RingBufferBytes: 8 << 20},
				ReadPaths:           []string{"/etc/shadow", "/root/.ssh/"},
				DeduplicationWindow: 10 * time.Second,
			},
			TCP: TCPConfig{Common: TracerConfig{Enabled: false, RingBufferBytes: 64 << 10}, TrackedConnections: 1024, DeduplicationWindow: 30 * time.Second},
			Socket: SocketConfig{
				Common:              TracerConfig{Enabled: true, RingBufferBytes: 128 << 10},
				ExpectedFamilies:    []string{"inet", "packet"},
				DeduplicationWindow: 5 * time.Minute,
			},
			IPC: IPCConfig{Common: TracerConfig{Enabled: true, RingBufferBytes: 512 << 10}},
			UDP: UDPConfig{
				Common:       TracerConfig{Enabled: false, RingBufferBytes: 128 << 10},
				TrackedFlows: 4096, IdleTimeout: 15 * time.Second, ReportInterval: 5 * time.Minute,
			},
			DNS: DNSConfig{
				Common: TracerConfig{Enabled: true, RingBufferBytes: 256 << 10}, Ports: []uint16{53, 5353}, Timeout: 3 * time.Second,
			},
			TTY:    SimpleTracerConfig{Common: TracerConfig{Enabled: true, RingBufferBytes: 64 << 10}},
			Signal: SimpleTracerConfig{Common: TracerConfig{Enabled: false, RingBufferBytes: 64 << 10}},
			OOM:    SimpleTracerConfig{Common: TracerConfig{Enabled: true, RingBufferBytes: 128 << 10}},
			Crash:  SimpleTracerConfig{Common: TracerConfig{Enabled: false, RingBufferBytes: 1 << 20}},
			Privilege: PrivilegeConfig{
				Common:       TracerConfig{Enabled: false, RingBufferBytes: 128 << 10},
				Capabilities: []string{"CAP_BPF"}, CapabilityScope: CapabilityScopeEverywhere, DeduplicationWindow: 5 * time.Second,
			},
			Injection: InjectionConfig{
				Common:           TracerConfig{Enabled: true, RingBufferBytes: 128 << 10},
				ExecutableMemory: true, LoaderFiles: []string{"/etc/ld.so.preload", "/etc/cron.d/"},
			},
			Mount: SimpleTracerConfig{Common: TracerConfig{Enabled: true, RingBufferBytes: 512 << 10}},
		},
		Filters: FiltersConfig{
			Include: FilterRulesConfig{Namespaces: []string{"shop", "pay-*"}, Networks: []string{"10.0.0.0/8", "fd00::/8"}},
			Exclude: FilterRulesConfig{
				Cgroups: []string{"/system.slice/*"}, Containers: []string{"istio-proxy"}, Images: []string{"*/pause:*"},
				Executables: []string{"/usr/bin/runc"}, Paths: []string{"/var/lib/docker/", "/proc"}, Users: []uint32{65534}, Ports: []uint16{9100},
			},
			OwnActivity: true, EventsPerSecondMax: 50,
		},
		MetricsInterval:   time.Minute,
		ProcessTable:      ProcessTableConfig{MaxEntries: 2048},
		Redaction:         RedactionConfig{Enabled: true, Keys: "(?i)secret$"},
		Containers:        everyKeyOfContainers(),
		ProgramStatistics: true,
		ErrorMode:         ErrorModeIgnore,
		Storage:           &storage,
		CustomTracers: CustomTracersConfig{
			Folders:         []string{"/etc/meerkat/tracers/fsync-latency"},
			Uploads:         CustomUploadsConfig{Enabled: true, PublicKeys: []string{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}},
			AllowedPrograms: []string{"tracepoint", "tp_btf"}, ProgramsMax: 4, ObjectBytesMax: 1 << 20, MapBytesMax: 4 << 20, EventsPerSecondMax: 10,
		},
	}
}

func everyKeyOfContainers() ContainersConfig {
	return ContainersConfig{
		RootPath: "/hostfs", Containerd: []string{"/run/k3s/containerd"}, Docker: []string{}, CRIO: []string{"/srv/storage"},
		Podman: []string{"/home/ann/.local/share/containers/storage"}, Labels: []string{"com.example.*", "app"},
	}
}

func TestConfig_accepted(t *testing.T) {
	defaults := func(change func(*Config)) *Config {
		c := createDefaultConfig().(*Config)
		change(c)
		return c
	}
	for section, expected := range map[string]*Config{
		"ebpf":           defaults(func(*Config) {}),
		"ebpf/every_key": everyKey(),
		"ebpf/fewer_tracers": defaults(func(c *Config) {
			c.Tracers.File.Common.Enabled, c.Tracers.TCP.Common.Enabled = false, false
			c.Tracers.Injection.Common.Enabled = false
		}),
		"ebpf/no_deduplication": defaults(func(c *Config) { c.Tracers.File.DeduplicationWindow = 0 }),
		"ebpf/no_redaction": defaults(func(c *Config) {
			c.Redaction = RedactionConfig{Enabled: false, Keys: ""}
		}),
	} {
		t.Run(section, func(t *testing.T) {
			config, err := load(t, "config.yaml", section)
			require.NoError(t, err)
			assert.Equal(t, expected, config)
		})
	}
}

// The page that lists all keys with their defaults says what the defaults are.
func TestConfig_documentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	require.True(t, found)
	block, _, _ := strings.Cut(rest, "```")
	retrieved, err := confmap.NewRetrievedFromYAML([]byte(block))
	require.NoError(t, err)
	all, err := retrieved.AsConf()
	require.NoError(t, err)
	section, err := all.Sub("receivers::ebpf")
	require.NoError(t, err)
	config := &Config{}
	require.NoError(t, section.Unmarshal(config))
	defaults := createDefaultConfig().(*Config)
	// Nothing and an empty list are the same.
	defaults.Tracers.Process.EnvironmentKeys = []string{}
	nothing := FilterRulesConfig{
		Cgroups: []string{}, Containers: []string{}, Images: []string{}, Namespaces: []string{}, Executables: []string{}, Paths: []string{},
		Users: []uint32{}, Networks: []string{}, Ports: []uint16{},
	}
	defaults.Filters.Include, defaults.Filters.Exclude = nothing, nothing
	defaults.Containers.Labels = []string{}
	custom := &defaults.CustomTracers
	custom.Folders, custom.AllowedPrograms, custom.Uploads.PublicKeys = []string{}, []string{}, []string{}
	assert.Equal(t, defaults, config)
}

// The text of each error is what users get to see: it names the key, the value, the range and the fix.
func TestConfig_refused(t *testing.T) {
	for section, message := range map[string]string{
		"ebpf/unknown_key":          "decoding failed due to the following error(s):\n\n'ebpfreceiver.Config' has invalid keys: tracer",
		"ebpf/unknown_tracer":       "decoding failed due to the following error(s):\n\n'tracers' has invalid keys: sctp",
		"ebpf/unknown_option":       "decoding failed due to the following error(s):\n\n'tracers.file' has invalid keys: read_path",
		"ebpf/fork_without_process": "tracers::process: fork: true contradicts enabled: false; set enabled to true or leave fork out",
		"ebpf/ring_not_a_power_of_two": "tracers::tcp: ring_buffer_bytes: 100000 is not a power of two from 65536 to 268435456; " +
			"the default is 2097152",
		"ebpf/ring_too_small": "tracers::file: ring_buffer_bytes: 4096 is not a power of two from 65536 to 268435456; the default is 2097152",
		"ebpf/arguments":      "tracers::process: arguments_max_bytes: 10000 is more than 4096, which is what the kernel half has room for",
		"ebpf/environment": "tracers::process: environment_keys[1]: \"LD_*\" is not the name of a variable: letters, digits and " +
			"underscores, not starting with a digit; patterns are not supported",
		"ebpf/interpreters": "tracers::process: interpreters[1]: \"/bin/sh\" is not the name of a program without its directory; " +
			"a star may stand at the end, for any version\ninterpreters[2]: \"py*thon\" is not the name of a program without " +
			"its directory; a star may stand at the end, for any version",
		"ebpf/executable_hash": "tracers::process::executable_hash: max_file_bytes: 1 is outside 65536 to 4294967296; the default is 67108864\n" +
			"max_files_per_second: 0 is outside 1 to 10000; the default is 50",
		"ebpf/tty_ring":         "tracers::tty: ring_buffer_bytes: 1 is not a power of two from 65536 to 268435456; the default is 262144",
		"ebpf/interval":         "metrics_interval: 100ms is outside 1s to 1h0m0s; the default is 10s",
		"ebpf/window":           "tracers::file: deduplication_window: 100ms is neither 0 nor within 1s to 1h0m0s; the default is 1m0s",
		"ebpf/read_paths":       "tracers::file: read_paths: \"etc/shadow\" does not start with a slash and a name; only absolute paths can be matched",
		"ebpf/injection_window": "tracers::injection: deduplication_window: 2h0m0s is neither 0 nor within 1s to 1h0m0s; the default is 1m0s",
		"ebpf/loader_files": "tracers::injection: loader_files[0]: \"ld.so.preload\" is not the absolute path of a file, or of a directory below the root\n" +
			"loader_files[1]: \"/etc/../etc/ld.so.conf\" is not in its shortest form, which is \"/etc/ld.so.conf\"\n" +
			"loader_files[2]: \"/\" is not the absolute path of a file, or of a directory below the root\n" +
			"loader_files[3]: \"/etc/cron.*/\" looks like a pattern; a directory with a slash at its end matches all in it\n" +
			"loader_files[4]: \"/etc/012345678901234567890123456789x/\" has a directory of more than 30 bytes or a name of more than 62, " +
			"as its last two elements",
		"ebpf/socket_families": "tracers::socket: expected_families[1]: \"AF_PACKET\" is none of the kernel's address families, which are " +
			"named like inet6 or packet",
		"ebpf/ipc_window": "tracers::ipc: deduplication_window: 2h0m0s is neither 0 nor within 1s to 1h0m0s; the default is 1m0s",
		"ebpf/connections": "tracers::tcp: tracked_connections: 1 is outside 256 to 1048576; the default is 16384\n" +
			"deduplication_window: 2m0s is neither 0 nor within 1s to 1m0s; the default is 1m0s",
		"ebpf/flows": "tracers::udp: tracked_flows: 1 is outside 256 to 1048576; the default is 8192\n" +
			"idle_timeout: 5s is outside 10s to 1h0m0s; the default is 30s\n" +
			"report_interval: 2h0m0s is outside 1s to 1h0m0s; the default is 1m0s",
		"ebpf/no_ports": "tracers::dns: ports: 0 ports are not within 1 to 8; the default is [53]\n" +
			"timeout: 2m0s is outside 100ms to 1m0s; the default is 5s",
		"ebpf/ports": "tracers::dns: ports: 9 ports are not within 1 to 8; the default is [53]\n" +
			"ports: 0 is no port; the default is [53]",
		"ebpf/table":              "process_table: max_entries: 10 is outside 1024 to 1048576; the default is 32768",
		"ebpf/redaction":          "redaction: keys: \"(\" is not a regular expression (RE2 syntax): error parsing regexp: missing closing ): `(`",
		"ebpf/simple_tracer_ring": "tracers::oom: ring_buffer_bytes: 1000 is not a power of two from 65536 to 268435456; the default is 262144",
		"ebpf/capabilities": "tracers::privilege: capabilities[1]: \"SYS_ADMIN\" is not the name of a capability, such as CAP_SYS_ADMIN\n" +
			"capability_scope: \"host\" is neither \"containers\" nor \"everywhere\"",
		"ebpf/redaction_of_everything": "redaction: keys: empty, which would match every option; set enabled to false to switch " +
			"redaction off",
		"ebpf/filters": "filters::exclude: containers[1]: a pattern has 1 to 256 bytes, not 0\n" +
			"networks[0]: \"10.0.0.0/33\" is neither an address nor one with a prefix length, such as 10.0.0.0/8\n" +
			"paths[0]: \"tmp\" does not start with a slash; only absolute paths can be compared\n" +
			"paths[1]: \"/a/../b\" is not in its shortest form, which is \"/b\"\n" +
			"paths[2]: \"/var/*\" looks like a pattern; a directory stands for all below it",
		"ebpf/containers": "containers: root_path: \"hostfs\" does not start with a slash; write the whole path\n" +
			"docker[1]: \"/data/docker/\" is not in its shortest form, which is \"/data/docker\"\nlabels[1]: a pattern has 1 to 256 bytes, not 0",
		"ebpf/error_mode": "error_mode: \"explode\" is neither \"propagate\" nor \"ignore\"",
		"ebpf/not_a_size": "decoding failed due to the following error(s):\n\n'tracers.process.ring_buffer_bytes' expected type 'uint32', got unconvertible type 'string'",
		"ebpf/two_faults": "metrics_interval: 2h0m0s is outside 1s to 1h0m0s; the default is 10s\n" +
			"error_mode: \"explode\" is neither \"propagate\" nor \"ignore\"",
	} {
		t.Run(section, func(t *testing.T) {
			_, err := load(t, "config_refused.yaml", section)
			require.EqualError(t, err, message)
		})
	}
}

func TestConfig_customTracersRefused(t *testing.T) {
	for section, message := range map[string]string{
		"ebpf/custom_tracers": "custom_tracers: folders[0]: \"tracers\" is not an absolute path\n" +
			"programs_max: 0 is outside 1 to 256; the default is 32\n" +
			"object_bytes_max: 100000000 is outside 1 to 16777216; the default is 2097152\n" +
			"map_bytes_max: 0 is outside 1 to 1073741824; the default is 33554432\n" +
			"events_per_second_max: 0 would tell no event; the default is 1000",
		"ebpf/uploads_without_keys": "custom_tracers::uploads: public_keys: empty, so that no upload could be signed: add the key that signs, " +
			"or set unsigned to true",
		"ebpf/uploads_with_useless_keys": "custom_tracers::uploads: unsigned: true, which makes public_keys useless: leave out one of them",
	} {
		t.Run(section, func(t *testing.T) {
			_, err := load(t, "config_refused.yaml", section)
			require.EqualError(t, err, message)
		})
	}
}

// A list of filters is as long as the kernel half has room for, and no longer.
func TestConfig_longListsOfFilters(t *testing.T) {
	longest := func() *Config {
		config := createDefaultConfig().(*Config)
		config.Filters.Exclude = FilterRulesConfig{
			Users: make([]uint32, filterValuesMax), Ports: make([]uint16, filterValuesMax),
			Networks: slices.Repeat([]string{"10.0.0.0/8"}, filterValuesMax),
		}
		return config
	}
	require.NoError(t, confmap.Validate(longest()))
	for key, add := range map[string]func(*FilterRulesConfig){
		"users":    func(c *FilterRulesConfig) { c.Users = append(c.Users, 1) },
		"ports":    func(c *FilterRulesConfig) { c.Ports = append(c.Ports, 1) },
		"networks": func(c *FilterRulesConfig) { c.Networks = append(c.Networks, "10.0.0.1") },
	} {
		config := longest()
		add(&config.Filters.Exclude)
		require.EqualError(t, confmap.Validate(config),
			"filters::exclude: "+key+": 129 are more than 128, which is what the kernel half has room for")
	}
}

func TestConfig_noTracer(t *testing.T) {
	config := createDefaultConfig().(*Config)
	for _, section := range config.Tracers.sections() {
		section.Enabled = false
	}
	require.EqualError(t, confmap.Validate(config),
		"tracers: no tracer is enabled: set enabled to true for at least one, name folders in custom_tracers, or leave the receiver out")
	config.CustomTracers.Folders = []string{"/srv/tracer"}
	require.NoError(t, confmap.Validate(config), "those of others are tracers as well")
	config.CustomTracers.Folders = nil
	config.CustomTracers.Uploads.Enabled, config.CustomTracers.Uploads.Unsigned = true, true
	require.NoError(t, confmap.Validate(config), "and they may still come")
}

func TestFactory_type(t *testing.T) {
	factory := NewFactory()
	assert.Equal(t, component.MustNewType("ebpf"), factory.Type())
	assert.Equal(t, component.StabilityLevelAlpha, factory.LogsStability())
	assert.Equal(t, component.StabilityLevelAlpha, factory.MetricsStability())
}
