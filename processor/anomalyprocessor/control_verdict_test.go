// SPDX-License-Identifier: Apache-2.0

//go:build linux

package anomalyprocessor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

const webWorkload = "shop/deployment/web"

// shellOf is a reverse shell that a program starts.
func shellOf(parent string, pid int64, at time.Time) plog.Logs {
	data := reverseShell("web", pid, at)
	data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().PutStr(names.ProcessParentExecutablePath, parent)
	return data
}

// everyday is what the workload does all the time.
func everyday(at time.Time) plog.Logs {
	data := shellOf("/usr/sbin/cron", 5, at)
	attributes := data.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes()
	attributes.PutStr(names.ProcessExecutablePath, "/usr/bin/gzip")
	attributes.Remove(names.ProcessCommandArgs)
	return data
}

// withIncident is a processor with one incident, which a rule of a folder raised, and the id of it.
func withIncident(t *testing.T) (a *controlled, id string) {
	t.Helper()
	config := defaultConfig()
	config.Rules.Builtin = false
	folder := t.TempDir()
	write(t, bashRule(bashID, "First", "high"), folder, "a.yml")
	config.Rules.Folders = []string{folder}
	a = startControlled(t, config, withoutChange, "")
	a.consume(shellOf("/usr/sbin/nginx", 7, beginning))
	incidents := records(a.sinks[0], names.EventIncident)
	require.Len(t, incidents, 1)
	return a, textOf(incidents[0], names.IncidentID)
}

func (a *controlled) verdict(id, body string) (i control.IncidentDetails) {
	a.t.Helper()
	a.ask(http.MethodPost, "/v1/incidents/"+id+"/verdict", body, &i)
	return i
}

// What is benign is normal at once, for the rule that matched too; what differs from it is not.
func TestVerdict_benign(t *testing.T) {
	a, id := withIncident(t)
	i := a.verdict(id, `{"verdict": "benign", "comment": "the \u0007 new health check"}`)
	assert.Equal(t, "closed", i.State)
	require.NotNil(t, i.Verdict)
	assert.Equal(t, "benign", i.Verdict.Verdict)
	incidents := records(a.sinks[0], names.EventIncident)
	require.Len(t, incidents, 2)
	last := incidents[1]
	assert.Equal(t, "closed", textOf(last, names.IncidentState))
	assert.Equal(t, "benign", textOf(last, names.IncidentVerdict))
	assert.Equal(t, "the \u0007 new health check", textOf(last, names.IncidentVerdictComment))
	assert.Equal(t, i.Verdict.By, textOf(last, names.IncidentVerdictBy))
	assert.NotEmpty(t, i.Verdict.By)
	changes := a.changes()
	require.Len(t, changes, 1)
	assert.Equal(t, "judge incident/"+id, textOf(changes[0], names.ControlAction)+" "+textOf(changes[0], names.ControlSubject))
	assert.Contains(t, textOf(changes[0], names.ControlTo), `"verdict":"benign"`)

	for n := range 50 {
		a.now = a.now.Add(time.Hour)
		a.consume(shellOf("/usr/sbin/nginx", int64(100+n), a.now))
		a.core.upkeep(t.Context())
	}
	assert.Len(t, records(a.sinks[0], names.EventIncident), 2, "the same again raises nothing")
	assert.Equal(t, uint64(51), a.core.rules.current.Load().hits[0].Load(), "the rule matches still")
	assert.Equal(t, uint64(1), a.core.feedback.benign.Load())

	a.consume(shellOf("/usr/sbin/cron", 1000, a.now))
	assert.Len(t, records(a.sinks[0], names.EventIncident), 3, "somebody else who does it is another matter")
	write(t, bashRule("00000000-0000-0000-0000-000000000001", "Second", "high"), a.core.config.Rules.Folders[0], "b.yml")
	a.ask(http.MethodPost, "/v1/rules/reload", "", nil)
	a.consume(shellOf("/usr/sbin/nginx", 1001, a.now))
	assert.Len(t, records(a.sinks[0], names.EventIncident), 4, "a rule of which nobody has said anything counts")
}

// What is malicious is told of each time, without any rule, and is never learned.
func TestVerdict_malicious(t *testing.T) {
	a, id := withIncident(t)
	i := a.verdict(id, `{"verdict": "malicious"}`)
	assert.Equal(t, "open", i.State)
	assert.Equal(t, []string{"opened", "updated"}, states(a.sinks[0]), "it is told at once")
	a.ask(http.MethodPatch, "/v1/rules/"+bashID, `{"enabled": false}`, nil)
	const days = 30
	for n := range days * 24 {
		a.now = a.now.Add(30 * time.Minute)
		a.core.upkeep(t.Context())
		a.now = a.now.Add(30 * time.Minute)
		a.consume(everyday(a.now))
		told := states(a.sinks[0])
		require.Equal(t, "closed", told[len(told)-1], "hour %d", n)
		a.consume(shellOf("/usr/sbin/nginx", int64(100+n), a.now))
		told = states(a.sinks[0])
		require.Equal(t, "updated", told[len(told)-1], "it is the same incident again, hour %d", n)
	}
	a.core.profiles.Find(webWorkload, func(p *profile.Profile) {
		assert.Equal(t, profile.Watching, p.State())
		assert.Positive(t, p.Census().Forbidden)
	})
	assert.Equal(t, uint64(1), a.core.feedback.malicious.Load())

	a.verdict(id, `{"verdict": "benign"}`)
	before := len(states(a.sinks[0]))
	a.consume(shellOf("/usr/sbin/nginx", 9999, a.now))
	assert.Len(t, states(a.sinks[0]), before, "the last verdict holds")
}

// An incident that is over can be judged for as long as it is remembered.
func TestVerdict_closed(t *testing.T) {
	a, id := withIncident(t)
	a.now = a.now.Add(time.Hour)
	a.core.upkeep(t.Context())
	assert.Equal(t, []string{"opened", "closed"}, states(a.sinks[0]))
	i := a.verdict(id, `{"verdict": "malicious", "close": true, "comment": "late"}`)
	assert.Equal(t, "closed", i.State)
	assert.Equal(t, []string{"opened", "closed", "closed"}, states(a.sinks[0]))
	incidents := records(a.sinks[0], names.EventIncident)
	assert.Equal(t, "late", textOf(incidents[2], names.IncidentVerdictComment))
	a.ask(http.MethodGet, "/v1/incidents/"+id, "", &i)
	assert.Equal(t, "malicious", i.Verdict.Verdict)
	assert.Equal(t, "late", i.Attributes[names.IncidentVerdictComment])

	a.consume(reverseShell("web", 500, a.now.Add(169*time.Hour)))
	a.now = a.now.Add(170 * time.Hour)
	a.core.upkeep(t.Context())
	p := a.refused(http.MethodPost, "/v1/incidents/"+id+"/verdict", "application/json", `{"verdict": "benign"}`)
	assert.Equal(t, "not_found", p.Code)
	assert.Contains(t, p.Detail, "forgotten")
}

// What has turned out to be a part of another incident has nothing left to be judged.
func TestVerdict_partOfAnother(t *testing.T) {
	a, id := withIncident(t)
	a.core.profiles.Find(webWorkload, func(p *profile.Profile) { beside(p).book.Stories()[0].PartOf = "0123" })
	p := a.refused(http.MethodPost, "/v1/incidents/"+id+"/verdict", "application/json", `{"verdict": "benign"}`)
	assert.Equal(t, "part_of_another", p.Code)
	assert.Contains(t, p.Detail, "0123")
}

func TestVerdict_refused(t *testing.T) {
	a, id := withIncident(t)
	for body, want := range map[string]string{
		`{}`:                                    "422 verdict: it is benign or malicious",
		`{"verdict": "maybe"}`:                  "422 verdict: it is benign or malicious",
		`{"verdict": 1}`:                        "400 the body: json: cannot unmarshal number",
		`{"verdict": "benign", "close": false}`: "422 close: an incident that is benign is always closed",
		`{"verdict": "benign", "comment": "` + strings.Repeat("c", 1025) + `"}`:         "422 comment: 1025 bytes are more than 1024",
		`{"verdict": "benign", "score": 0}`:                                             `400 the body: json: unknown field "score"`,
		`{"verdict": "benign", "comment": "` + strings.Repeat(`\u0001`, 3<<10) + `"}  `: "413 at most 16384 bytes are read",
	} {
		p := a.refused(http.MethodPost, "/v1/incidents/"+id+"/verdict", "application/json", body)
		assert.Contains(t, fmt.Sprint(p.Status, " ", p.Detail), want)
	}
	for body, want := range map[string]string{
		`{}`: "422 enabled: it is true, false, or null", `{"enabled": "no"}`: "422 enabled: it is true, false, or null",
		`{"enabled": false, "level": "low"}`: `400 the body: json: unknown field "level"`,
	} {
		p := a.refused(http.MethodPatch, "/v1/rules/"+bashID, "application/json", body)
		assert.Contains(t, fmt.Sprint(p.Status, " ", p.Detail), want)
	}
	assert.Empty(t, a.changes())
	assert.Equal(t, []string{"opened"}, states(a.sinks[0]))
}

// Verdicts while events of the same incident come.
func TestVerdict_whileEventsFlow(t *testing.T) {
	a, id := withIncident(t)
	var all sync.WaitGroup
	for at := range 2 {
		all.Go(func() {
			for n := range 200 {
				data := shellOf("/usr/sbin/nginx", int64(1+at*1000+n), beginning)
				assert.NoError(t, a.pipelines[at].ConsumeLogs(context.Background(), data))
				if n%20 == 0 {
					a.core.upkeep(context.Background())
				}
			}
		})
	}
	all.Go(func() {
		for n := range 40 {
			a.verdict(id, fmt.Sprintf(`{"verdict": %q}`, []string{"benign", "malicious"}[n%2]))
			a.send(a.request(http.MethodGet, "/v1/profiles/"+addressOfText(webWorkload), "", ""))
		}
	})
	all.Wait()
	a.verdict(id, `{"verdict": "benign"}`)
	before := len(states(a.sinks[0]))
	a.consume(shellOf("/usr/sbin/nginx", 9999, beginning))
	assert.Len(t, states(a.sinks[0]), before)
}
