// SPDX-License-Identifier: Apache-2.0

package anomalyprocessor

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/behaviour"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/story"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/summary"
)

// summaryPath is where chat completions are, below the endpoint.
const summaryPath = "/chat/completions"

// byModel stands before a text that a model wrote, so that it is known wherever the text is copied to.
const byModel = "Written by the model %s, which may be wrong or deceived: %s"

// summaries lets a language model write about incidents. Nil does nothing. Whatever a model says is put beside what is told of an incident, and
// never changes anything else of it.
type summaries struct {
	writer       *summary.Writer
	model        string
	severityMin  plog.SeverityNumber
	registration metric.Registration
}

// summarised is what became of the summary of one incident.
type summarised struct {
	// asked is the state that was asked about last, 0 for none.
	asked  atomic.Uint64
	latest atomic.Pointer[writtenSummary]
}

// writtenSummary is about a state of the incident, and only about that: a later one may have steps that the model has not seen.
type writtenSummary struct {
	state uint64
	*summary.Summary
}

// newSummaries returns nil if no summaries are wanted. Nothing is sent before it is started.
func newSummaries(ctx context.Context, host component.Host, c *SummaryConfig, set component.TelemetrySettings) (*summaries, error) {
	if c == nil {
		return nil, nil
	}
	client, err := c.HTTP.ToClient(ctx, host.GetExtensions(), set)
	if err != nil {
		return nil, fmt.Errorf("summary: %w", err)
	}
	redactor, err := summary.NewRedactor(c.Redact.Secrets, c.Redact.Patterns)
	if err != nil {
		return nil, fmt.Errorf("summary: redact: %w", err)
	}
	if c.unprotected() {
		set.Logger.Warn("Facts of incidents and the key go to the language model unencrypted; use https", zap.String("endpoint", c.HTTP.Endpoint))
	}
	writer := summary.NewWriter(summary.Settings{
		URL: strings.TrimRight(c.HTTP.Endpoint, "/") + summaryPath, Client: client, Key: string(c.APIKey), Model: c.Model, Language: c.Language,
		Format: summary.Format(c.ResponseFormat), CompletionTokensKey: c.AnswerTokensKey == completionTokensKey, Redactor: redactor,
		Timeout: c.HTTP.Timeout, RequestsPerHourMax: int64(c.RequestsPerHourMax), TokensPerDayMax: int64(c.TokensPerDayMax),
		RequestTokensMax: int64(c.RequestTokensMax), AnswerTokensMax: int64(c.AnswerTokensMax),
		Changed: func(outcome summary.Outcome, err error) { logSummary(set.Logger, outcome, err) },
	})
	return &summaries{writer: writer, model: c.Model, severityMin: c.severityMin()}, nil
}

// logSummary is told of outcomes that differ from the one before.
func logSummary(logger *zap.Logger, outcome summary.Outcome, err error) {
	switch outcome {
	case summary.Written:
		logger.Info("The language model writes summaries of incidents again")
	case summary.Outdated, summary.Cancelled:
	default:
		logger.Warn("The language model gave no summary of an incident; incidents are told without it", zap.Stringer("outcome", outcome), zap.Error(err))
	}
}

func (a *summaries) start(set component.TelemetrySettings) error {
	if a == nil {
		return nil
	}
	if err := a.register(set); err != nil {
		return err
	}
	a.writer.Start()
	return nil
}

func (a *summaries) close() error {
	if a == nil {
		return nil
	}
	a.writer.Close()
	return a.registration.Unregister()
}

// add puts the summary of an incident to what is told of it, or lets one be written, which makes the incident due again. It never waits.
func (a *summaries) add(log plog.LogRecord, p *profile.Profile, s *story.Story, steps []story.Step, facts *story.Facts) {
	if a == nil {
		return
	}
	of := &s.Origin.(*origin).summary
	state := stateOf(steps, facts)
	if latest := of.latest.Load(); latest != nil && latest.state == state {
		a.put(log.Attributes(), latest.Summary)
		return
	}
	// Of what is a part of another incident that one tells.
	if log.SeverityNumber() < a.severityMin || s.PartOf != "" || of.asked.Swap(state) == state {
		return
	}
	a.writer.Offer(&summary.Job{
		Incident: s.ID, Facts: factsOf(log, p, steps, facts),
		Written: func(written *summary.Summary) bool {
			if of.asked.Load() != state {
				return false
			}
			of.latest.Store(&writtenSummary{state, written})
			s.Noted.Store(true)
			return true
		},
		Dropped: func() { of.asked.CompareAndSwap(state, 0) },
	})
}

// show puts the summary of an incident to what is shown of it, if there is one, and lets none be written: whoever looks costs nothing.
func (a *summaries) show(log plog.LogRecord, _ *profile.Profile, s *story.Story, steps []story.Step, facts *story.Facts) {
	if a == nil {
		return
	}
	if latest := s.Origin.(*origin).summary.latest.Load(); latest != nil && latest.state == stateOf(steps, facts) {
		a.put(log.Attributes(), latest.Summary)
	}
}

func (a *summaries) put(attributes pcommon.Map, s *summary.Summary) {
	attributes.PutStr(names.IncidentSummaryText, fmt.Sprintf(byModel, a.model, s.Text))
	attributes.PutStr(names.IncidentSummaryVerdict, string(s.Verdict))
	attributes.PutStr(names.IncidentSummaryModel, a.model)
	reasons := attributes.PutEmptySlice(names.IncidentSummaryReasons)
	for _, reason := range s.Reasons {
		var numbers []string
		for _, number := range reason.Steps {
			numbers = append(numbers, strconv.Itoa(number))
		}
		reasons.AppendEmpty().SetStr(strings.Join(numbers, ", ") + ": " + reason.Text)
	}
}

// stateOf tells apart what there is to say about an incident: its steps in order, and its rules. It is never 0.
func stateOf(steps []story.Step, facts *story.Facts) uint64 {
	var hash xxhash.Digest
	hash.Reset()
	for at := range steps {
		_, _ = fmt.Fprintf(&hash, "%d ", steps[at].ID)
	}
	for _, rule := range facts.Rules {
		_, _ = hash.WriteString("\x00" + rule.Key())
	}
	return max(hash.Sum64(), 1)
}

// factsOf returns what a model is told: a part of what everybody is told.
func factsOf(log plog.LogRecord, p *profile.Profile, steps []story.Step, facts *story.Facts) *summary.Facts {
	text := func(name string) string {
		value, _ := log.Attributes().Get(name)
		return value.Str()
	}
	number := func(name string) float64 {
		value, _ := log.Attributes().Get(name)
		return value.Double()
	}
	count := func(name string) uint64 {
		value, ok := log.Attributes().Get(name)
		if !ok {
			return 0
		}
		return uint64(value.Int())
	}
	f := &summary.Facts{
		Workload: summary.Text(p.Workload()), Severity: severityNames[log.SeverityNumber()],
		Score: number(names.IncidentScore), Confidence: number(names.IncidentConfidence),
		Profile: p.State().String(), Opened: text(names.IncidentOpened), Last: text(names.IncidentLast),
		Events: facts.Events, Instances: len(facts.Instances), Merged: count(names.IncidentMerged),
		StepsLeftOut: count(names.IncidentStepsOmitted), Rules: []summary.Rule{}, Steps: []summary.Step{},
	}
	for _, rule := range facts.Rules {
		one := summary.Rule{Title: summary.Text(rule.Title), Level: rule.Level.String()}
		for _, technique := range rule.Techniques {
			one.Techniques = append(one.Techniques, summary.Text(technique))
		}
		f.Rules = append(f.Rules, one)
	}
	f.Steps = stepsOf(steps)
	return f
}

func stepsOf(steps []story.Step) []summary.Step {
	var processes []behaviour.ProcessKey
	// numberOf numbers processes from 1 on, in the order in which they are met.
	numberOf := func(key behaviour.ProcessKey) int {
		if key.PID == 0 {
			return 0
		}
		at := slices.Index(processes, key)
		if at < 0 {
			at, processes = len(processes), append(processes, key)
		}
		return at + 1
	}
	all := make([]summary.Step, 0, len(steps))
	for at := range steps {
		step := &steps[at]
		one := summary.Step{
			Number: at + 1, Time: formatTime(step.First), Action: step.Action.String(), Object: summary.Text(step.Object),
			Executable: summary.Text(step.Executable), Process: numberOf(step.Process), Parent: numberOf(step.Parent),
			Why: summary.Text(step.Explanation), Weight: step.Weight, Count: step.Count,
		}
		if step.Sensitivity != behaviour.Ordinary {
			one.Sensitivity = step.Sensitivity.String()
		}
		all = append(all, one)
	}
	return all
}
