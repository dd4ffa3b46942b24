// SPDX-License-Identifier: Apache-2.0

package emit

import (
	"fmt"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/receiver/ebpfreceiver/internal/decode"
)

// DNS is the emitter of the tracer "dns". Messages make no record: the lookups that are made of them do.
func DNS(r Record, event decode.Event) bool {
	e, ok := event.(*decode.DNSLookup)
	if !ok {
		return false
	}
	r.SetEventName(names.EventDNSLookup)
	attributes := r.Attributes()
	attributes.EnsureCapacity(28)
	attributes.PutStr(names.DNSQuestionName, e.Name)
	attributes.PutStr(names.DNSQuestionType, e.Type)
	attributes.PutDouble(names.DNSDuration, e.Duration.Seconds())
	attributes.PutInt(names.DNSRetries, int64(e.Retries))
	outcome := e.ResponseCode
	switch outcome {
	case "":
		outcome = "no answer"
		attributes.PutStr(names.ErrorType, "timeout")
	case responseOK:
		if len(e.Addresses) > 0 {
			outcome = addressList(e)
		}
	default:
		attributes.PutStr(names.ErrorType, e.ResponseCode)
	}
	r.Body().SetStr(fmt.Sprintf("%s asked %s for %s %s: %s", r.subject(e.Head()), e.Server, e.Type, e.Name, outcome))
	if e.ResponseCode != "" {
		attributes.PutStr(names.DNSResponseCode, e.ResponseCode)
	}
	if e.Truncated {
		attributes.PutBool(names.DNSTruncated, true)
	}
	r.putAnswers(e)
	transport := "udp"
	if e.TCP {
		transport = "tcp"
	}
	attributes.PutStr(names.NetworkTransport, transport)
	attributes.PutStr(names.NetworkType, networkType(e.Server.Addr()))
	r.putEnd(names.ClientAddress, names.ClientPort, e.Client)
	r.putEnd(names.ServerAddress, names.ServerPort, e.Server)
	return true
}

// responseOK is the code of an answer that is no failure.
const responseOK = "NOERROR"

// addressList is short: people who want all of them find them in the attributes.
func addressList(e *decode.DNSLookup) string {
	first := e.Addresses[0].String()
	if more := len(e.Addresses) + e.MoreAddresses - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", first, more)
	}
	return first
}

func (r Record) putAnswers(e *decode.DNSLookup) {
	if len(e.Addresses) == 0 {
		return
	}
	answers := r.Attributes().PutEmptySlice(names.DNSAnswers)
	answers.EnsureCapacity(len(e.Addresses))
	for _, a := range e.Addresses {
		answers.AppendEmpty().SetStr(a.String())
	}
	if e.MoreAddresses > 0 {
		r.Attributes().PutInt(names.DNSAnswersOmitted, int64(e.MoreAddresses))
	}
}

// DNSCounts are the counts per workload of the tracer "dns".
func DNSCounts() []Count {
	return []Count{
		{Field: "queries", Metric: names.DNSQueries()},
		{Field: "answers", Metric: names.DNSAnswersReceived()},
	}
}
