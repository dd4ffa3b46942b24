// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/chain"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

// tellChain writes down what is known of a chain. Its resource is that of the incident that it began with. Of one that has no incidents any more,
// because it became part of another or they turned out to be several, only the end is told.
func tellChain(c *chain.Chain, now time.Time, made *atomic.Uint64) []gatewayReport {
	members := c.Members()
	from := lastFrom(c, members)
	state := c.Tell(now)
	if from == nil {
		return nil
	}
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	from.data.ResourceLogs().At(0).Resource().CopyTo(resource.Resource())
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	log := scope.LogRecords().AppendEmpty()
	log.SetEventName(names.EventIncident)
	opened, last := c.Times()
	if len(members) == 0 {
		opened, last = now, now
	}
	log.SetTimestamp(pcommon.NewTimestampFromTime(last))
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	log.SetSeverityNumber(severityOf(c.Score(), profile.Watching))
	attributes := log.Attributes()
	attributes.PutStr(names.IncidentID, c.ID)
	attributes.PutStr(names.IncidentState, state)
	attributes.PutDouble(names.IncidentScore, rounded(c.Score()))
	attributes.PutStr(names.IncidentOpened, formatTime(opened))
	attributes.PutStr(names.IncidentLast, formatTime(last))
	hosts, joined := hostsOf(members), []string{}
	for _, m := range members {
		joined = append(joined, m.Incident.ID)
	}
	attributes.PutEmptySlice(names.IncidentJoined)
	putTexts(attributes, names.IncidentJoined, joined)
	putTexts(attributes, names.IncidentHosts, hosts)
	if c.Into != nil {
		attributes.PutStr(names.IncidentChainID, c.Into.ID)
	}
	putChainSteps(attributes, c)
	log.Body().SetStr(chainBody(c, state, members, hosts))
	made.Add(1)
	return []gatewayReport{{to: from.to, data: data, unsent: func() { c.Unsent = true }}}
}

// lastFrom returns the incident whose resource and pipeline a chain has, nil if it never was told of.
func lastFrom(c *chain.Chain, members []*chain.Member) *held {
	if len(members) > 0 {
		c.Extra = members[0].Extra
	}
	h, _ := c.Extra.(*held)
	return h
}

func hostsOf(members []*chain.Member) []string {
	var hosts []string
	for _, m := range members {
		if host := m.Incident.Host; host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, m.Incident.Host)
		}
	}
	return hosts
}

func putChainSteps(attributes pcommon.Map, c *chain.Chain) {
	steps, more := c.Steps()
	list := attributes.PutEmptySlice(names.IncidentSteps)
	var sensitivities []string
	for at := range steps {
		step, of := &steps[at], steps[at].Of.Incident
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr(names.StepTime, formatTime(step.First))
		putText(m, names.StepHost, of.Host)
		putText(m, names.StepWorkload, of.Workload)
		m.PutStr(names.StepIncident, of.ID)
		m.PutStr(names.StepAction, step.Action.String())
		m.PutStr(names.StepObject, cut(step.Object, attributeTextBytesMax))
		putText(m, names.StepWhy, step.Explanation)
		putText(m, names.ProcessExecutablePath, step.Executable)
		putCount(m, names.ProcessPID, uint64(step.Process.PID))
		m.PutStr(names.StepBehaviour, fmt.Sprintf("%016x", step.ID))
		m.PutDouble(names.StepWeight, step.Weight)
		if step.Sensitivity != behaviour.Ordinary {
			m.PutStr(names.StepSensitivity, step.Sensitivity.String())
			sensitivities = append(sensitivities, step.Sensitivity.String())
		}
	}
	putCount(attributes, names.IncidentStepsOmitted, uint64(more))
	putTexts(attributes, names.IncidentSensitivities, distinct(sensitivities))
}

// chainBody says in two sentences what a chain is about. Names in it may be an attacker's choice.
func chainBody(c *chain.Chain, state string, members []*chain.Member, hosts []string) string {
	if len(members) == 0 {
		if c.Into != nil {
			return "Incident closed: it became part of incident " + c.Into.ID + "."
		}
		return "Incident closed: its parts turned out to have nothing in common."
	}
	steps, more := c.Steps()
	first, last := members[0].Incident, members[len(members)-1].Incident
	across := plural(uint64(len(hosts)), "host", "hosts")
	if len(hosts) < 2 {
		across = plural(uint64(workloadsOf(members)), "workload", "workloads")
	}
	text := fmt.Sprintf("Incident %s across %s: %s are one, with %s; score %.1f. It began in %s",
		state, across, plural(uint64(len(members)), "incident", "incidents"),
		plural(uint64(len(steps)+more), "unusual step", "unusual steps"), c.Score(), placeOf(first))
	if len(members) > 1 {
		text += ", and came last to " + placeOf(last)
	}
	return text + "."
}

func placeOf(i *fleet.Incident) string {
	if i.Host == "" {
		return plain(i.Workload)
	}
	return plain(i.Workload) + " on " + plain(i.Host)
}

func workloadsOf(members []*chain.Member) int {
	distinct := map[string]bool{}
	for _, m := range members {
		distinct[m.Incident.Workload] = true
	}
	return len(distinct)
}

func rounded(score float64) float64 { return math.Round(score*256) / 256 }
