// SPDX-License-Identifier: Apache-2.0

package names

// Attributes of incidents that a language model wrote about. Nothing is ever done because of them.
const (
	IncidentSummaryText    = "meerkat.incident.summary.text"
	IncidentSummaryVerdict = "meerkat.incident.summary.verdict"
	IncidentSummaryReasons = "meerkat.incident.summary.reasons"
	IncidentSummaryModel   = "meerkat.incident.summary.model"
)

// Attributes of the metrics about summaries.
const (
	SummaryAnswer  = "answer"
	SummaryDrop    = "drop"
	SummaryPart    = "part"
	SummaryCounted = "counted"
)

// anomalySummaryNames are the attributes of incidents with a summary.
func anomalySummaryNames() []string {
	return []string{IncidentSummaryText, IncidentSummaryVerdict, IncidentSummaryReasons, IncidentSummaryModel}
}

// anomalySummaryAttributes describes the attributes of incidents with a summary.
func anomalySummaryAttributes() []Attribute {
	return []Attribute{
		{IncidentSummaryText, String, "What a language model makes of the incident, with the model's name before it. It may be wrong, or what an attacker who chose names and arguments made it say. Absent unless a model is configured and has written about just these steps."},
		{IncidentSummaryVerdict, String, "What the model takes it for: `benign`, `suspicious` or `malicious`. A suggestion to people: it changes neither state nor severity, and closes nothing."},
		{IncidentSummaryReasons, StringArray, "What the model bases that on; each begins with the numbers of steps that it is about, counted from 1 in `" + IncidentSteps + "`. 8 at most."},
		{IncidentSummaryModel, String, "Which model it was, as configured."},
	}
}

// anomalySummaryMetricAttributes describes the attributes of the metrics about summaries.
func anomalySummaryMetricAttributes() []Attribute {
	return []Attribute{
		{SummaryAnswer, String, "What became of a request: `written`; `outdated`, since the incident had changed; `cancelled` by the end of the collector; `unreachable`, `untrusted` (the certificate is not accepted), `timed_out`, `redirected` (never followed), `unauthorized`, `throttled`, `failed` (5xx) or `refused` (another status) by the endpoint; `too_large` or `malformed` responses; `declined` or `truncated` by the model; `wrong_schema`, `unknown_step`, `unsafe_text` (markup, addresses or invisible characters) or `echo` (of the instructions), for which the answer was thrown away."},
		{SummaryDrop, String, "Why an incident that waited was not asked about: `queue_full` (32 wait), `too_old` (it has waited for an hour), `attempts` (it failed three times), `no_room` (not even one step has room in a request) or `ended` (the collector did)."},
		{SummaryPart, String, "`request` or `answer`."},
		{SummaryCounted, String, "`reported` by the endpoint; `estimated` from the bytes where it reports none: a token for three bytes, and all that was allowed for an answer that did not come."},
	}
}

// AnomalySummaryRequests counts what a model was asked.
func AnomalySummaryRequests() Metric {
	return Metric{"otelcol.anomaly.summary.requests", "{request}", "Requests for a summary of an incident to a language model.", []string{SummaryAnswer}}
}

// AnomalySummaryTokens counts tokens.
func AnomalySummaryTokens() Metric {
	return Metric{"otelcol.anomaly.summary.tokens", "{token}", "Tokens that these requests took.", []string{SummaryPart, SummaryCounted}}
}

// AnomalySummaryDropped counts what was not asked about.
func AnomalySummaryDropped() Metric {
	return Metric{"otelcol.anomaly.summary.dropped", "{incident}", "Incidents that were to be summarised and were dropped. They are told without a summary.", []string{SummaryDrop}}
}

// AnomalySummaryWaiting is how many incidents wait.
func AnomalySummaryWaiting() Metric {
	return Metric{"otelcol.anomaly.summary.waiting", "{incident}", "Incidents that wait for the language model, or for what the limits allow of it.", nil}
}

// anomalySummaryMetrics describes the metrics about summaries.
func anomalySummaryMetrics() []Metric {
	return []Metric{AnomalySummaryRequests(), AnomalySummaryTokens(), AnomalySummaryDropped(), AnomalySummaryWaiting()}
}
