// SPDX-License-Identifier: Apache-2.0

package names

// Attributes of the metrics of the processor "k8s_enrich" about itself.
const (
	FoundBy      = "found_by"
	ObjectKind   = "kind"
	Signal       = "signal"
	WaitingEnded = "ended"
	Request      = "request"
	Bound        = "bound"
)

// EnrichAttributes describes the attributes of the metrics of the processor "k8s_enrich" about itself.
func EnrichAttributes() []Attribute {
	return []Attribute{
		{Status, String, "As `" + EnrichmentStatus + "`."},
		{Reason, String, "As `" + EnrichmentReason + "` and `" + PeerEnrichmentReason + "`; absent where there is none. Of errors of the API server or the kubelet: `forbidden`, `unauthorized`, `expired` (410), `too_many_requests`, `server`, `timeout`, `unreachable`, `cut`, `too_large`, `unreadable`, `not_found` or `other`."},
		{FoundBy, String, "What the pod was found by: `container_id`, `pod_uid`, `pod_ip`, `connection` or `none`."},
		{ObjectKind, String, "`pod`, `service`, `endpoint_slice` or `node`; `address` for pods that had an address before."},
		{Signal, String, "`logs`, `metrics` or `traces`."},
		{WaitingEnded, String, "Why something stopped to wait: `ready`, `timed_out`, `no_room` or `closing`."},
		{Outcome, String, "`translated`: the far end sees other addresses. `untranslated`: it sees the same. `unknown`: the kernel does not know the connection. `failed`: it could not be asked. `skipped`: there were too many to ask about."},
		{State, String, "Of a kind of objects `starting`, `listing`, `watching`, `disconnected` or `forbidden`."},
		{Request, String, "`list`, or `watch` for all changes after it. A list that became necessary again is a `restart` too."},
		{Bound, String, "What an object had too much of, such as `containers` or `attributes`."},
	}
}

// EnrichResources counts resources by what was found.
func EnrichResources() Metric {
	return Metric{"otelcol.k8s_enrich.resources", "{resource}", "Resources of batches by whether their pod was found, and how.", []string{Status, Reason, FoundBy}}
}

// EnrichFarEnds counts far ends by what was found.
func EnrichFarEnds() Metric {
	return Metric{"otelcol.k8s_enrich.far_ends", "{record}", "Records of connections by whether the far end was found.", []string{Status, Reason}}
}

// EnrichWaiting is what waits.
func EnrichWaiting() Metric {
	return Metric{"otelcol.k8s_enrich.waiting", "{record}", "Records, data points and spans that wait for what is not known yet.", []string{Signal}}
}

// EnrichWaitingBytes is how much room that takes.
func EnrichWaitingBytes() Metric {
	return Metric{"otelcol.k8s_enrich.waiting.size", "By", "Their size, as OTLP.", []string{Signal}}
}

// EnrichWaited counts what has waited.
func EnrichWaited() Metric {
	return Metric{"otelcol.k8s_enrich.waited", "{record}", "Records, data points and spans that have waited, by why they went on.", []string{Signal, WaitingEnded}}
}

// EnrichLost counts what was lost.
func EnrichLost() Metric {
	return Metric{"otelcol.k8s_enrich.lost", "{record}", "Records, data points and spans that have waited, and that the pipeline refused afterwards.", []string{Signal}}
}

// EnrichTranslations counts what the kernel's connection tracking was asked.
func EnrichTranslations() Metric {
	return Metric{"otelcol.k8s_enrich.translations", "{connection}", "Connections that the kernel's connection tracking was asked about, by what it knew.", []string{Outcome}}
}

// EnrichObjects is what is known.
func EnrichObjects() Metric {
	return Metric{"otelcol.k8s_enrich.objects", "{object}", "Objects of the cluster that are known, pods that were removed a short time ago included.", []string{ObjectKind}}
}

// EnrichBytes is how much room that takes.
func EnrichBytes() Metric {
	return Metric{"otelcol.k8s_enrich.objects.size", "By", "What they take of the memory, by estimate.", nil}
}

// EnrichRefused counts what was not taken.
func EnrichRefused() Metric {
	return Metric{"otelcol.k8s_enrich.objects.refused", "{object}", "Objects that were not taken for lack of room.", []string{ObjectKind}}
}

// EnrichCut counts what was taken in part.
func EnrichCut() Metric {
	return Metric{"otelcol.k8s_enrich.objects.cut", "{object}", "Objects that were taken without a part, because it was larger than its limit.", []string{ObjectKind}}
}

// EnrichSourceState is how a source stands with its kinds of objects.
func EnrichSourceState() Metric {
	return Metric{"otelcol.k8s_enrich.source.state", "{state}", "1 for the state in which the reading of a kind of objects is.", []string{ObjectKind, State}}
}

// EnrichSourceSilence is how old what is known may be.
func EnrichSourceSilence() Metric {
	return Metric{"otelcol.k8s_enrich.source.silence", "s", "Time since a list, a change or a bookmark came. An API server sends a bookmark about once a minute.", []string{ObjectKind}}
}

// EnrichSourceRequests counts what was asked of the API server or the kubelet.
func EnrichSourceRequests() Metric {
	return Metric{"otelcol.k8s_enrich.source.requests", "{request}", "Requests to the API server or the kubelet.", []string{ObjectKind, Request}}
}

// EnrichSourceErrors counts what went wrong.
func EnrichSourceErrors() Metric {
	return Metric{"otelcol.k8s_enrich.source.errors", "{error}", "Requests that failed or ended before their time, and objects that can't be told from others (`unreadable`).", []string{ObjectKind, Reason}}
}

// EnrichSourceChanges counts what was heard.
func EnrichSourceChanges() Metric {
	return Metric{"otelcol.k8s_enrich.source.changes", "{change}", "Changes of objects that were heard of.", []string{ObjectKind}}
}

// EnrichConversionCut counts parts of objects that were left out.
func EnrichConversionCut() Metric {
	return Metric{"otelcol.k8s_enrich.source.cut", "{part}", "Parts of objects that were left out, because there were too many of them or they were too long.", []string{Bound}}
}

// EnrichMetrics describes all metrics of the processor "k8s_enrich" about itself.
func EnrichMetrics() []Metric {
	return []Metric{
		EnrichResources(), EnrichFarEnds(), EnrichWaiting(), EnrichWaitingBytes(), EnrichWaited(), EnrichLost(),
		EnrichTranslations(),
		EnrichObjects(), EnrichBytes(), EnrichRefused(), EnrichCut(),
		EnrichSourceState(), EnrichSourceSilence(), EnrichSourceRequests(), EnrichSourceErrors(), EnrichSourceChanges(),
		EnrichConversionCut(),
	}
}
