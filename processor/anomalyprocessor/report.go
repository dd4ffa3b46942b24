// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/sigma"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
)

// stateOpened is what is told of an incident first, as package story has it.
const stateOpened = "opened"

// report is what is told of an incident at one time.
type report struct {
	to    *logs
	story *story.Story
	state string
	data  plog.Logs
}

// origin is where the first event of an incident came from.
type origin struct {
	to       *logs
	resource pcommon.Resource
	summary  summarised
}

// originOf copies of a resource what has room.
func originOf(to *logs, resource pcommon.Resource) *origin {
	copied := pcommon.NewResource()
	for name, value := range resource.Attributes().All() {
		if copied.Attributes().Len() >= resourceAttributesMax {
			break
		}
		if len(name) <= resourceTextBytesMax && small(value) {
			value.CopyTo(copied.Attributes().PutEmpty(name))
		}
	}
	return &origin{to: to, resource: copied}
}

func small(value pcommon.Value) bool {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		return len(value.Str()) <= resourceTextBytesMax
	case pcommon.ValueTypeInt, pcommon.ValueTypeBool, pcommon.ValueTypeDouble:
		return true
	case pcommon.ValueTypeSlice:
		for at := range value.Slice().Len() {
			part := value.Slice().At(at)
			if at >= resourceItemsMax || part.Type() != pcommon.ValueTypeStr || len(part.Str()) > resourceTextBytesMax {
				return false
			}
		}
		return true
	}
	return false
}

// tell writes down what is known of an incident, and takes it for told. The caller owns the profile.
func (c *core) tell(p *profile.Profile, s *story.Story, now time.Time) report {
	state := s.Tell(now)
	c.tally.told(state, severityOf(s.Score(), p.State()))
	c.state.soon(p.Workload())
	r := report{c.pipelineOf(s.Origin.(*origin)), s, state, c.write(p, s, state, now, c.summaries.add)}
	c.joins.take(beside(p), &r, now)
	return r
}

// summarise puts a summary to the record of an incident, if there is one.
type summarise func(plog.LogRecord, *profile.Profile, *story.Story, []story.Step, *story.Facts)

// write is what is known of an incident as a log record.
func (c *core) write(p *profile.Profile, s *story.Story, state string, now time.Time, summarise summarise) plog.Logs {
	from := s.Origin.(*origin)
	data := plog.NewLogs()
	resource := data.ResourceLogs().AppendEmpty()
	from.resource.CopyTo(resource.Resource())
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(scopeName)
	log := scope.LogRecords().AppendEmpty()
	log.SetEventName(names.EventIncident)
	log.SetTimestamp(pcommon.NewTimestampFromTime(s.Last()))
	log.SetObservedTimestamp(pcommon.NewTimestampFromTime(now))
	log.SetSeverityNumber(severityOf(s.Score(), p.State()))
	steps, more := s.Steps()
	facts := s.Facts()
	attributes := log.Attributes()
	metrics := c.putMetrics(attributes, p.Workload(), s.Opened(), s.Last(), state != stateClosed)
	log.Body().SetStr(strings.TrimSuffix(bodyOf(p.Workload(), state, s, &facts)+" "+metrics, " "))
	attributes.PutStr(names.IncidentID, s.ID)
	attributes.PutStr(names.IncidentState, state)
	putText(attributes, names.IncidentPartOf, s.PartOf)
	attributes.PutDouble(names.IncidentScore, s.Score())
	attributes.PutDouble(names.IncidentConfidence, trusted(confidence(p), s.Lost()))
	putLoss(attributes, s.Lost())
	attributes.PutStr(names.IncidentOpened, formatTime(s.Opened()))
	attributes.PutStr(names.IncidentLast, formatTime(s.Last()))
	putSteps(attributes, steps, more)
	putProcesses(attributes, s)
	putCount(attributes, names.IncidentMerged, s.Merged())
	putCount(attributes, names.IncidentEvents, facts.Events)
	putTexts(attributes, names.IncidentInstances, facts.Instances)
	putTexts(attributes, names.IncidentEvidence, facts.UIDs)
	attributes.PutStr(names.IncidentProfileStatus, p.State().String())
	putCount(attributes, names.IncidentProfileEvents, p.Stats().Events)
	putRules(attributes, &facts)
	putForFleet(attributes, p, &facts)
	summarise(log, p, s, steps, &facts)
	putVerdict(attributes, s.Verdict())
	return data
}

func formatTime(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// severityOf follows the score. What a profile says that still learns is provisional.
func severityOf(score float64, state profile.State) plog.SeverityNumber {
	switch {
	case state == profile.Learning:
		return plog.SeverityNumberWarn
	case score >= scoreFatal:
		return plog.SeverityNumberFatal
	case score >= scoreError:
		return plog.SeverityNumberError
	}
	return plog.SeverityNumberWarn
}

func confidence(p *profile.Profile) float64 {
	switch {
	case p.State() == profile.Learning:
		return confidenceLearning
	case p.State() == profile.Drifting || !p.Progress().Settled:
		return confidenceUnsettled
	}
	return 1
}

func putCount(attributes pcommon.Map, name string, n uint64) {
	if n > 0 {
		attributes.PutInt(name, int64(n))
	}
}

func putTexts(attributes pcommon.Map, name string, texts []string) {
	if len(texts) == 0 {
		return
	}
	list := attributes.PutEmptySlice(name)
	for _, text := range texts {
		list.AppendEmpty().SetStr(cut(text, attributeTextBytesMax))
	}
}

func putSteps(attributes pcommon.Map, steps []story.Step, more uint64) {
	list := attributes.PutEmptySlice(names.IncidentSteps)
	var sensitivities []string
	for at := range steps {
		step := &steps[at]
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr(names.StepTime, formatTime(step.First))
		m.PutStr(names.StepAction, step.Action.String())
		m.PutStr(names.StepObject, cut(step.Object, attributeTextBytesMax))
		putText(m, names.StepWhy, step.Explanation)
		m.PutDouble(names.StepWeight, step.Weight)
		m.PutInt(names.StepCount, int64(step.Count))
		if step.Sensitivity != behaviour.Ordinary {
			m.PutStr(names.StepSensitivity, step.Sensitivity.String())
			if !slices.Contains(sensitivities, step.Sensitivity.String()) {
				sensitivities = append(sensitivities, step.Sensitivity.String())
			}
		}
		putProcess(m, step.Process, step.Parent, step.Executable)
		putStepForFleet(m, step)
	}
	putCount(attributes, names.IncidentStepsOmitted, more)
	putTexts(attributes, names.IncidentSensitivities, sensitivities)
}

// putProcess tells which process it is, and what it runs.
func putProcess(m pcommon.Map, process, parent behaviour.ProcessKey, executable string) {
	m.PutInt(names.ProcessPID, int64(process.PID))
	if process.Created != 0 {
		m.PutStr(names.ProcessCreationTime, formatTime(time.Unix(0, process.Created)))
	}
	if parent.PID != 0 {
		m.PutInt(names.ProcessParentPID, int64(parent.PID))
	}
	putText(m, names.ProcessExecutablePath, executable)
}

func putProcesses(attributes pcommon.Map, s *story.Story) {
	processes, more := s.Processes()
	list := attributes.PutEmptySlice(names.IncidentProcesses)
	for _, n := range processes {
		m := list.AppendEmpty().SetEmptyMap()
		m.PutStr(names.StepTime, formatTime(n.First))
		putProcess(m, n.Process, n.Parent, n.Executable)
		m.PutStr(names.ProcessRole, n.Role.String())
	}
	putCount(attributes, names.IncidentProcessesOmitted, more)
}

func putVerdict(m pcommon.Map, v story.Verdict) {
	putText(m, names.IncidentVerdict, v.Kind)
	putText(m, names.IncidentVerdictComment, v.Comment)
	putText(m, names.IncidentVerdictBy, v.By)
}

func putText(m pcommon.Map, name, text string) {
	if text != "" {
		m.PutStr(name, cut(text, attributeTextBytesMax))
	}
}

// putRules tells which rules matched, and of the one with the highest level more than its id.
func putRules(attributes pcommon.Map, f *story.Facts) {
	if len(f.Rules) == 0 {
		return
	}
	highest := highestOf(f.Rules)
	putText(attributes, names.SecurityRuleName, highest.Title)
	putText(attributes, names.SecurityRuleUUID, highest.ID)
	putText(attributes, names.SecurityRuleDescription, highest.Description)
	attributes.PutStr(names.SecurityRuleCategory, highest.Category.String())
	var keys, techniques, tactics []string
	for _, rule := range f.Rules {
		keys = append(keys, rule.Key())
		techniques = append(techniques, rule.Techniques...)
		tactics = append(tactics, rule.Tactics...)
	}
	putTexts(attributes, names.IncidentRules, keys)
	putCount(attributes, names.IncidentRulesOmitted, f.MoreRules)
	putTexts(attributes, names.IncidentTechniques, distinct(techniques))
	putTexts(attributes, names.IncidentTactics, distinct(tactics))
}

func highestOf(rules []*sigma.Rule) *sigma.Rule {
	highest := rules[0]
	for _, rule := range rules[1:] {
		if rule.Level > highest.Level {
			highest = rule
		}
	}
	return highest
}

func distinct(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}

// cut cuts a text to a length, and leaves no half letters.
func cut(text string, most int) string {
	if len(text) > most {
		text = text[:most-len("…")] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
