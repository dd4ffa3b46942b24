// SPDX-License-Identifier: Apache-2.0

package names

// EventDNSLookup is the event of the tracer "dns".
const EventDNSLookup = "meerkat.dns.lookup"

// Attributes and metrics of lookups.
const (
	DNSQuestionName   = "dns.question.name"
	DNSAnswers        = "dns.answers"
	DNSQuestionType   = "meerkat.dns.question.type"
	DNSResponseCode   = "meerkat.dns.response_code"
	DNSDuration       = "meerkat.dns.duration"
	DNSRetries        = "meerkat.dns.retries"
	DNSTruncated      = "meerkat.dns.truncated"
	DNSAnswersOmitted = "meerkat.dns.answers.omitted"

	MetricDNSQueries = "meerkat.dns.queries"
	MetricDNSAnswers = "meerkat.dns.answers"
)

// DNSEvents describes the events of the tracer "dns".
func DNSEvents() []Event {
	return []Event{
		{EventDNSLookup, "A process asks a name server for a name, and is answered or not.", []string{
			DNSQuestionName, DNSQuestionType, DNSResponseCode, DNSAnswers, DNSAnswersOmitted, DNSDuration, DNSRetries, DNSTruncated,
			ClientAddress, ClientPort, ServerAddress, ServerPort, NetworkTransport, NetworkType,
		}},
	}
}

// DNSAttributes describes the attributes of lookups.
func DNSAttributes() []Attribute {
	return []Attribute{
		{DNSQuestionName, String, "Name that is asked for, in presentation format: bytes that are not printable are written as `\\DDD`."},
		{DNSQuestionType, String, "Type of record that is asked for (`A`, `AAAA`, `SRV`, `TYPE65280`)."},
		{DNSResponseCode, String, "Response code (`NOERROR`, `NXDOMAIN`). Absent if there was no answer in time; then `error.type` is `timeout`."},
		{DNSAnswers, StringArray, "Addresses in the answer, those behind aliases included; 32 at most."},
		{DNSAnswersOmitted, Int, "Addresses beyond these."},
		{DNSDuration, Double, "Seconds from the first query to the answer, or to its time-out."},
		{DNSRetries, Int, "How often the process had asked the same before and was not answered."},
		{DNSTruncated, Bool, "Present and true if the answer did not fit and says so."},
		{ClientAddress, String, "Address of the end that asks."},
		{ClientPort, Int, "Port of that end."},
		{ServerAddress, String, "Address of the name server."},
		{ServerPort, Int, "Port of the name server."},
		{NetworkTransport, String, "`udp` or `tcp`."},
		{NetworkType, String, "`ipv4` or `ipv6`; `ipv4` also for an IPv6 socket that talks IPv4."},
	}
}

// DNSQueries counts queries.
func DNSQueries() Metric {
	return Metric{MetricDNSQueries, "{message}", "Datagrams and segments that were sent to name servers.", nil}
}

// DNSAnswersReceived counts answers.
func DNSAnswersReceived() Metric {
	return Metric{MetricDNSAnswers, "{message}", "Datagrams and segments that came from name servers.", nil}
}

// DNSMetrics describes the counts per workload of the tracer "dns".
func DNSMetrics() []Metric {
	return []Metric{DNSQueries(), DNSAnswersReceived()}
}
