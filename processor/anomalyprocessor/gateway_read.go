// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"errors"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/delta"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/fleet"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/incident"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
)

// hostOf returns what tells a host from others.
func hostOf(resource pcommon.Resource) string {
	if id := shortText(resource.Attributes(), names.HostID, hostBytesMax); id != "" {
		return id
	}
	return shortText(resource.Attributes(), names.HostName, hostBytesMax)
}

// learn takes in a delta, and tells whether it could be read. One of another version may be for somebody else.
func (g *gateway) learn(resource pcommon.Resource, log plog.LogRecord) bool {
	from := fleet.Source{
		Host: hostOf(resource), Workload: shortText(log.Attributes(), names.ProfileWorkload, incidentTextBytesMax),
		Version: hexOf(log.Attributes(), names.ProfileVersion), Sequence: intOf(log.Attributes(), names.ProfileSequence),
	}
	value, ok := log.Attributes().Get(names.ProfileTable)
	if from.Host == "" || from.Workload == "" || from.Sequence <= 0 || !ok || value.Type() != pcommon.ValueTypeBytes {
		g.tally.deltaUnreadable.Add(1)
		return false
	}
	table, err := delta.Decode(value.Bytes().AsRaw())
	if err != nil {
		if errors.Is(err, delta.ErrVersion) {
			g.tally.deltaVersion.Add(1)
		} else {
			g.tally.deltaUnreadable.Add(1)
		}
		return false
	}
	g.model.Learn(from, table, g.now())
	return true
}

func hexOf(attributes pcommon.Map, name string) uint64 {
	number, err := strconv.ParseUint(shortText(attributes, name, 16), 16, 64)
	if err != nil {
		return 0
	}
	return number
}

func intOf(attributes pcommon.Map, name string) int64 {
	if value, ok := attributes.Get(name); ok && value.Type() == pcommon.ValueTypeInt {
		return value.Int()
	}
	return 0
}

// numberOf returns a number between 0 and a limit, and false if there is none.
func numberOf(attributes pcommon.Map, name string, most float64) (float64, bool) {
	value, ok := attributes.Get(name)
	if !ok || value.Type() != pcommon.ValueTypeDouble || math.IsNaN(value.Double()) || value.Double() < 0 {
		return 0, false
	}
	return min(value.Double(), most), true
}

func timeOf(attributes pcommon.Map, name string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, shortText(attributes, name, len(time.RFC3339Nano)))
	return at, err == nil && at.Year() >= 1970 && at.Year() <= 2261
}

// readIncident reads an incident that anybody may have written. It returns nil for one that can't be judged. That its host is not known is for the
// caller to see.
func readIncident(resource pcommon.Resource, log plog.LogRecord) *fleet.Incident {
	attributes := log.Attributes()
	i := &fleet.Incident{
		ID: strings.Clone(shortText(attributes, names.IncidentID, incidentIDBytesMax)), Host: strings.Clone(hostOf(resource)),
		Workload: strings.Clone(shortText(attributes, names.ProfileWorkload, incidentTextBytesMax)), Version: hexOf(attributes, names.ProfileVersion),
		Omitted: max(intOf(attributes, names.IncidentStepsOmitted), 0), Closed: shortText(attributes, names.IncidentState, incidentIDBytesMax) == stateClosed,
		Protected: protected(attributes),
	}
	var scored, timed bool
	i.Score, scored = numberOf(attributes, names.IncidentScore, incidentScoreMax)
	i.Opened, timed = timeOf(attributes, names.IncidentOpened)
	steps, ok := attributes.Get(names.IncidentSteps)
	if i.ID == "" || i.Workload == "" || !scored || !timed || !ok || steps.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	if steps.Slice().Len() > incidentStepsMax {
		return nil
	}
	for at := range steps.Slice().Len() {
		if steps.Slice().At(at).Type() != pcommon.ValueTypeMap {
			return nil
		}
		step, ok := readStep(steps.Slice().At(at).Map())
		if !ok {
			return nil
		}
		i.Steps = append(i.Steps, step)
	}
	return i
}

// protected tells whether a rule matched that is an incident by itself, or one of which nobody says how high it is.
func protected(attributes pcommon.Map) bool {
	level := shortText(attributes, names.IncidentRulesLevel, incidentIDBytesMax)
	for _, low := range [...]sigma.Level{sigma.Informational, sigma.Low, sigma.Medium} {
		if level == low.String() {
			return false
		}
	}
	_, matched := attributes.Get(names.IncidentRules)
	return matched || level != ""
}

func readStep(m pcommon.Map) (fleet.Step, bool) {
	weight, weighed := numberOf(m, names.StepWeight, incidentWeightMax)
	first, timed := timeOf(m, names.StepTime)
	action, known := behaviour.ParseAction(shortText(m, names.StepAction, incidentIDBytesMax))
	id := hexOf(m, names.StepBehaviour)
	if !weighed || !timed || !known || id == 0 {
		return fleet.Step{}, false
	}
	step := fleet.Step{Behaviour: incident.Behaviour{
		ID: id, Weight: weight, First: first, Action: action, Count: 1, Sensitivity: sensitivityOf(m),
		Destination: action == behaviour.Connect || action == behaviour.Datagram,
		Object:      strings.Clone(shortText(m, names.StepObject, incidentTextBytesMax)), Ends: readEnds(m),
		Explanation: strings.Clone(shortText(m, names.StepWhy, incidentTextBytesMax)),
	}}
	step.Executable = strings.Clone(shortText(m, names.ProcessExecutablePath, incidentTextBytesMax))
	if pid := intOf(m, names.ProcessPID); pid > 0 && pid <= math.MaxUint32 {
		step.Process.PID = uint32(pid)
	}
	if said, ok := m.Get(names.StepMalicious); ok && (said.Type() != pcommon.ValueTypeBool || said.Bool()) {
		step.Forbidden = true
	}
	return step, true
}

// sensitivityOf returns in which way a step is sensitive. One that is not known here is sensitive too.
func sensitivityOf(m pcommon.Map) behaviour.Sensitivity {
	if _, ok := m.Get(names.StepSensitivity); !ok {
		return behaviour.Ordinary
	}
	if kind, ok := behaviour.ParseSensitivity(shortText(m, names.StepSensitivity, incidentIDBytesMax)); ok {
		return kind
	}
	return behaviour.Intrusion
}

func readEnds(m pcommon.Map) []incident.End {
	list, ok := m.Get(names.StepEnds)
	if !ok || list.Type() != pcommon.ValueTypeSlice {
		return nil
	}
	var ends []incident.End
	for at := range min(list.Slice().Len(), incidentEndsMax) {
		if list.Slice().At(at).Type() != pcommon.ValueTypeMap {
			continue
		}
		one := list.Slice().At(at).Map()
		client, clientErr := netip.ParseAddrPort(shortText(one, names.EndClient, incidentIDBytesMax))
		server, serverErr := netip.ParseAddrPort(shortText(one, names.EndServer, incidentIDBytesMax))
		when, timed := timeOf(one, names.EndTime)
		if clientErr == nil && serverErr == nil && timed {
			ends = append(ends, incident.End{
				Time: when, Client: client, Server: server, Peer: strings.Clone(shortText(one, names.EndPeer, incidentTextBytesMax)),
			})
		}
	}
	return ends
}
