// SPDX-License-Identifier: Apache-2.0

package repotest

import "slices"

// importRule says what the packages in a folder and below it may import. It is about what a package
// itself imports, in files of every operating system, tests apart. The standard library is free to all.
type importRule struct {
	// folder is a pattern in which * stands for one element. Of several rules that fit a package the
	// one with the longest folder holds.
	folder string
	// ours are the packages of this module that may be imported, besides those below folder.
	ours []string
	// others are modules or packages of others; anything stands for all.
	others []string
	// never is not to be imported although others would allow it.
	never []string
}

const (
	anything   = "*"
	ebpf       = "github.com/cilium/ebpf"
	pdata      = "go.opentelemetry.io/collector/pdata"
	component  = "go.opentelemetry.io/collector/component"
	zap        = "go.uber.org/zap"
	unix       = "golang.org/x/sys"
	procfs     = "github.com/prometheus/procfs"
	clientGo   = "k8s.io/client-go"
	apimachine = "k8s.io/apimachinery"
	receiverAt = "receiver/ebpfreceiver/internal/"
	enrichAt   = "processor/k8senrichprocessor/internal/"
	anomalyAt  = "processor/anomalyprocessor/internal/"
	xxhash     = "github.com/cespare/xxhash/v2"
)

// importTable is the order of the house. Rules of packages that don't exist yet hold when they do.
func importTable() []importRule {
	return slices.Concat(house(), made(), enrichProcessor(), anomalyProcessor())
}

// enrichProcessor is about the processor "k8s_enrich".
func enrichProcessor() []importRule {
	return []importRule{
		{folder: "processor/k8senrichprocessor", ours: []string{"internal/names", "internal/instruments", "internal/shared", "internal/controlapi"},
			others: []string{anything},
			never: []string{
				ebpf, clientGo + "/kubernetes", clientGo + "/informers",
				clientGo + "/metadata/metadatainformer", clientGo + "/dynamic/dynamicinformer",
			}},
		{folder: enrichAt + "inventory"},
		{folder: enrichAt + "hold"},
		{folder: enrichAt + "conntrack", ours: []string{"internal/capabilities"}, others: []string{"github.com/ti-mo/conntrack", unix, "golang.org/x/time/rate"}},
		{folder: enrichAt + "enrich", ours: []string{enrichAt + "inventory", "internal/names"},
			others: []string{pdata, "github.com/hashicorp/golang-lru/v2"}},
		{folder: enrichAt + "apiobject", ours: []string{enrichAt + "inventory", "internal/names"}, others: []string{apimachine}},
		// Sources fill the inventory, each without the others, and know nothing of telemetry.
		{folder: enrichAt + "sourcestate"},
		{folder: enrichAt + "apiserver", ours: []string{enrichAt + "inventory", enrichAt + "apiobject", enrichAt + "sourcestate"},
			others: []string{clientGo, apimachine, "k8s.io/klog/v2", "k8s.io/utils", zap},
			never:  []string{clientGo + "/kubernetes", clientGo + "/informers"}},
		{folder: enrichAt + "kubelet", ours: []string{enrichAt + "inventory", enrichAt + "apiobject", enrichAt + "sourcestate"},
			others: []string{zap}},
		// For tests only.
		{folder: enrichAt + "apiservertest", others: []string{"github.com/stretchr/testify"}},
	}
}

func house() []importRule {
	return []importRule{
		// What runs in the kernel knows nothing of what becomes of it.
		{folder: "bpf/*", others: []string{ebpf}},

		// From the kernel to OTLP, each step knows the one before it at most.
		{folder: receiverAt + "pattern"},
		{folder: receiverAt + "lookup", others: []string{unix}},
		{folder: receiverAt + "tracer", ours: []string{"bpf/*", receiverAt + "pattern"},
			others: []string{ebpf, zap, unix, procfs, "github.com/elastic/go-seccomp-bpf/arch"}},
		{folder: receiverAt + "ring", others: []string{ebpf}},
		{folder: receiverAt + "decode", ours: []string{"bpf/*"}},
		{folder: receiverAt + "container", others: []string{unix}},
		{folder: receiverAt + "process", ours: []string{receiverAt + "decode", receiverAt + "container"},
			others: []string{unix, procfs}},
		{folder: receiverAt + "dns", ours: []string{receiverAt + "decode"}, others: []string{"golang.org/x/net/dns/dnsmessage"}},
		{folder: receiverAt + "emit", ours: []string{receiverAt + "decode", receiverAt + "process", receiverAt + "container", "internal/names", "internal/redaction"},
			others: []string{pdata, unix, "github.com/moby/sys/capability"}},
		{folder: receiverAt + "control", ours: []string{"internal/controlapi"}, others: []string{component}},

		// Tracers of others: what they say of themselves, what their bytes mean, what runs, what is told.
		{folder: receiverAt + "manifest", others: []string{"go.yaml.in/yaml/v3"}},
		{folder: receiverAt + "btfvalue", others: []string{ebpf, unix}},
		{folder: receiverAt + "custom", ours: []string{receiverAt + "manifest"}, others: []string{ebpf, zap, unix, procfs}},
		{folder: receiverAt + "customemit", ours: []string{receiverAt + "manifest", receiverAt + "btfvalue", "internal/names"},
			others: []string{pdata, ebpf}},

		{folder: "receiver/ebpfreceiver", ours: []string{"internal/names", "internal/instruments", "internal/shared", "internal/controlapi", "internal/capabilities", "internal/redaction", "internal/eventname"},
			others: []string{anything}, never: []string{"k8s.io"}},

		// The stages behind it know OTLP and the names, so that each can be taken alone.
		{folder: "exporter/consoleexporter", ours: []string{"internal/names", "internal/instruments", "internal/shared", "internal/controlapi"},
			others: []string{anything}, never: []string{ebpf, clientGo}},
		{folder: "extension/workloadpartitionerextension", ours: []string{"internal/names"},
			others: []string{component, pdata, zap, xxhash, "go.opentelemetry.io/collector/extension", "github.com/twmb/franz-go", "google.golang.org/protobuf"}},
		{folder: "extension/controlapiextension", ours: []string{"internal/names", "internal/instruments", "internal/shared", "internal/controlapi"},
			others: []string{anything}, never: []string{pdata, ebpf, clientGo}},

		{folder: "internal/names"},
		{folder: "internal/instruments", ours: []string{"internal/names"}, others: []string{"go.opentelemetry.io/otel"}},
		{folder: "internal/shared", others: []string{component}},
		{folder: "internal/capabilities", others: []string{unix}},
		{folder: "internal/redaction"},
		{folder: "internal/eventname", ours: []string{"internal/names"}, others: []string{pdata}},
		{folder: "internal/controlapi", others: []string{component}},
		// For tests only.
		{folder: "internal/controlapi/controlapitest",
			others: []string{"github.com/santhosh-tekuri/jsonschema/v6", "github.com/stretchr/testify"}},
		{folder: "internal/scenariotest", others: []string{"github.com/stretchr/testify", "go.yaml.in/yaml/v3"}},
		{folder: "internal/repotest"},
		// Recorded events as files: written by the recorder below test, read by what measures.
		{folder: "internal/corpus", others: []string{pdata, "github.com/klauspost/compress"}},

		// Generated: factories and nothing else.
		{folder: "distribution", ours: []string{"receiver/*", "processor/*", "exporter/*", "extension/*"},
			others: []string{anything}},
	}
}

// made is about what is made of the program, and what tries it.
func made() []importRule {
	return []importRule{
		// What is made of it sees the finished program.
		// xxhash is what a test's program is linked from.
		{folder: "distribution/internal/release", others: []string{"github.com/google/licensecheck", "go.yaml.in/yaml/v3", xxhash}},
		// For tests only.
		{folder: "distribution/internal/release/releasetest", ours: []string{"distribution/internal/release"}, others: []string{"github.com/stretchr/testify"}},
		{folder: "distribution/grafana", ours: []string{"internal/names", "test/backends", "test/running"}, others: []string{anything}},
		{folder: "distribution/image", ours: []string{"internal/capabilities", "distribution/internal/release"}, others: []string{anything}},
		{folder: "distribution/packages", ours: []string{"distribution/internal/release"}},

		// What measures and tries the product sees it from outside.
		{folder: "test/*", ours: []string{"internal/names", "test/running"}, others: []string{anything}},
		{folder: "test/backends", ours: []string{"test/published"}, others: []string{anything}},
		{folder: "test/e2e/cluster", ours: []string{"test/published"}, others: []string{anything}},
		{folder: "test/corpus", ours: []string{"internal/names", "internal/corpus"}, others: []string{anything}},
		{folder: "examples/*", others: []string{anything}},
	}
}

// anomalyProcessor is about the processor "anomaly".
func anomalyProcessor() []importRule {
	return []importRule{
		{folder: "processor/anomalyprocessor", ours: []string{"internal/names", "internal/instruments", "internal/shared", "internal/controlapi", "internal/eventname"},
			others: []string{anything}, never: []string{ebpf, clientGo}},
		// Rules know neither OTLP nor the processor: what they are asked about is handed to them.
		{folder: anomalyAt + "sigma", ours: []string{"internal/names"}, others: []string{"go.yaml.in/yaml/v3"}},
		{folder: "processor/anomalyprocessor/rules"},
		// What is learned knows no OTLP and no Collector: it can be measured, and taken, alone.
		{folder: anomalyAt + "behaviour"},
		{folder: anomalyAt + "generalise"},
		{folder: anomalyAt + "habit", others: []string{xxhash}},
		{folder: anomalyAt + "profile", ours: []string{anomalyAt + "behaviour", anomalyAt + "generalise", anomalyAt + "habit"},
			others: []string{xxhash}},
		{folder: anomalyAt + "incident", ours: []string{anomalyAt + "behaviour", anomalyAt + "profile"}, others: []string{xxhash}},
		// The way of an event is the same where it runs and where it is measured.
		{folder: anomalyAt + "judging", ours: []string{anomalyAt + "behaviour", anomalyAt + "generalise", anomalyAt + "profile", anomalyAt + "incident",
			anomalyAt + "sigma"}},
		// Records become events by their names, and what is linked becomes few stories; neither knows the other.
		{folder: anomalyAt + "losses"},
		{folder: anomalyAt + "record", ours: []string{"internal/names", anomalyAt + "behaviour", anomalyAt + "losses", anomalyAt + "sigma", anomalyAt + "habit"},
			others: []string{pdata}},
		// Policies are made of habits, and of nothing else.
		{folder: anomalyAt + "policy", ours: []string{"internal/names", anomalyAt + "habit"}, others: []string{"go.yaml.in/yaml/v3"}},
		{folder: anomalyAt + "story", ours: []string{anomalyAt + "behaviour", anomalyAt + "profile", anomalyAt + "incident", anomalyAt + "sigma"}},
		// Whoever asks a model knows facts and answers, and nothing of incidents: it can't change any.
		{folder: anomalyAt + "summary", ours: []string{"internal/redaction"}},
		// What is kept of workloads knows storages and their forms; it never judges.
		{folder: anomalyAt + "state", ours: []string{anomalyAt + "incident", anomalyAt + "story", anomalyAt + "profile"},
			others: []string{"go.opentelemetry.io/collector/extension/xextension", zap, xxhash}},
		{folder: anomalyAt + "control", ours: []string{"internal/controlapi"}},
		// What a gateway knows of the fleet, and how incidents are joined, is apart from OTLP too.
		{folder: anomalyAt + "delta"},
		{folder: anomalyAt + "fleet", ours: []string{anomalyAt + "behaviour", anomalyAt + "incident", anomalyAt + "delta"},
			others: []string{xxhash, "github.com/axiomhq/hyperloglog", "github.com/hashicorp/golang-lru/v2"}},
		{folder: anomalyAt + "arrival", ours: []string{anomalyAt + "behaviour", anomalyAt + "incident"}, others: []string{xxhash}},
		{folder: anomalyAt + "chain", ours: []string{anomalyAt + "behaviour", anomalyAt + "incident", anomalyAt + "fleet"}},
		// Metrics are judged apart from events. Both meet in the processor.
		{folder: anomalyAt + "series"},
		{folder: anomalyAt + "watch", ours: []string{"internal/names", anomalyAt + "series"}, others: []string{pdata}},
		{folder: anomalyAt + "measure", ours: []string{
			anomalyAt + "behaviour", anomalyAt + "generalise", anomalyAt + "profile", anomalyAt + "incident", anomalyAt + "series",
			anomalyAt + "record", anomalyAt + "sigma", anomalyAt + "judging", "processor/anomalyprocessor/rules", "internal/corpus",
		}, others: []string{pdata}},
	}
}
