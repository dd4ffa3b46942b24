// SPDX-License-Identifier: Apache-2.0

//go:build linux

package anomalyprocessor

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/meerkat-otel/meerkat/internal/names"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/control"
	"github.com/meerkat-otel/meerkat/processor/anomalyprocessor/internal/profile"
)

func TestControl_profiles(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	var list control.Profiles
	a.ask(http.MethodGet, "/v1/profiles", "", &list)
	assert.Empty(t, list.Profiles)
	for n := range 5 {
		a.consume(reverseShell(fmt.Sprintf("w%d", n), 7, beginning))
	}
	var seen []string
	for after, pages := "", 0; pages == 0 || after != ""; pages++ {
		var page control.Profiles
		a.ask(http.MethodGet, "/v1/profiles?limit=2&state=learning&after="+url.QueryEscape(after), "", &page)
		assert.LessOrEqual(t, len(page.Profiles), 2)
		for _, p := range page.Profiles {
			seen = append(seen, p.Workload)
		}
		after = page.Next
	}
	assert.Equal(t, []string{
		"shop/deployment/w0", "shop/deployment/w1", "shop/deployment/w2", "shop/deployment/w3", "shop/deployment/w4",
	}, seen)
	a.ask(http.MethodGet, "/v1/profiles?state=watching", "", &list)
	assert.Empty(t, list.Profiles)
	a.ask(http.MethodGet, "/v1/profiles?workload=shop/deployment/w3", "", &list)
	require.Len(t, list.Profiles, 1)
	p := list.Profiles[0]
	assert.Equal(t, uint64(1), p.Events)
	assert.Equal(t, 1, p.Replicas)
	assert.Equal(t, 1, p.IncidentsOpen)
	assert.Zero(t, p.Learning.Progress)
	assert.InDelta(t, (24 * time.Hour).Seconds(), p.Learning.RemainingSeconds, 1)
	assert.NotEmpty(t, p.Learning.WaitsFor)

	var details control.ProfileDetails
	a.ask(http.MethodGet, "/v1/profiles/"+p.ID, "", &details)
	assert.Equal(t, p, details.Profile)
	assert.Equal(t, uint64(1), details.ProcessStarts)
	require.Len(t, details.Incidents, 1)
	assert.Equal(t, "open", details.Incidents[0].State)
}

func TestControl_badQueries(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	for path, want := range map[string]string{
		"/v1/profiles?limit=0":                               `limit: "0" is no number from 1 to 1000`,
		"/v1/profiles?limit=many":                            `limit: "many" is no number from 1 to 1000`,
		"/v1/profiles?state=open":                            `state: "open" is none of learning, watching, drifting`,
		"/v1/profiles?stat=learning":                         `the query has "stat", which is none of limit, after, workload, state`,
		"/v1/profiles?state=learning&state=x":                `the query has "state" twice`,
		"/v1/profiles?workload=%ff":                          `workload: it is longer than 4096 bytes, or no UTF-8`,
		"/v1/profiles?workload=" + strings.Repeat("w", 4097): `workload: it is longer than 4096 bytes, or no UTF-8`,
		"/v1/profiles?a=%zz":                                 `the query: invalid URL escape`,
		"/v1/incidents?after=yesterday":                      `after: "yesterday" is no "next" of a page of this list`,
		"/v1/incidents?severity=info":                        `severity: "info" is none of warn, error, fatal`,
		"/v1/rules?after=nothing":                            `after: "nothing" is no "next" of a page of this list`,
		"/v1/rules?state=on":                                 `the query has "state", which is none of limit, after`,
	} {
		p := a.refused(http.MethodGet, path, "", "")
		assert.Equal(t, http.StatusBadRequest, p.Status, path)
		assert.Contains(t, p.Detail, want, path)
	}
}

// A profile goes out of one processor and into another, or is refused with the reason.
func TestControl_exchange(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	a.consume(reverseShell("web", 7, beginning))
	id := addressOfText("shop/deployment/web")
	status, exported := a.send(a.request(http.MethodGet, "/v1/profiles/"+id+"/export", "", ""))
	require.Equal(t, http.StatusOK, status)

	const binary8 = "application/octet-stream"
	other := append([]byte{}, exported[:len(exported)-8]...)
	binary.LittleEndian.PutUint16(other[4:], 9)
	other = binary.LittleEndian.AppendUint64(other, xxhash.Sum64(other))
	for code, body := range map[string]string{
		"profile_damaged": string(exported[:len(exported)-1]), "profile_version": string(other),
	} {
		p := a.refused(http.MethodPost, "/v1/profiles/import", binary8, body)
		assert.Equal(t, code, p.Code)
		assert.Equal(t, http.StatusUnprocessableEntity, p.Status)
		assert.NotEmpty(t, p.Detail)
	}
	assert.Empty(t, a.changes())

	for _, query := range []string{"", "?workload=prod/web"} {
		status, content := a.send(a.request(http.MethodPost, "/v1/profiles/import"+query, binary8, string(exported)))
		require.Equal(t, http.StatusOK, status, string(content))
	}
	var list control.Profiles
	a.ask(http.MethodGet, "/v1/profiles", "", &list)
	require.Len(t, list.Profiles, 2)
	assert.Equal(t, "prod/web", list.Profiles[0].Workload)
	assert.Equal(t, uint64(1), list.Profiles[0].Events)
	assert.Equal(t, uint64(2), list.Profiles[1].Events, "what was there and what comes are one")
	changes := a.changes()
	require.Len(t, changes, 2)
	assert.Equal(t, "profile/prod/web", textOf(changes[1], names.ControlSubject))
	assert.Equal(t, "import", textOf(changes[1], names.ControlAction))
	_, was := changes[1].Attributes().Get(names.ControlFrom)
	assert.False(t, was, "there was nothing before")
	assert.JSONEq(t, fmt.Sprintf(`{"state": "learning", "events": 1, "nodes": %d}`, list.Profiles[0].Nodes), textOf(changes[1], names.ControlTo))
}

// Each change is in the log of the server, and an event in the pipeline.
func TestControl_changesAreTold(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	a.consume(reverseShell("web", 7, beginning))
	id := addressOfText("shop/deployment/web")
	a.ask(http.MethodPost, "/v1/profiles/"+id+"/reset", "", nil)
	assert.Equal(t, []string{"opened", "closed"}, states(a.sinks[0]), "its incident is over")
	var rules control.Rules
	a.ask(http.MethodGet, "/v1/rules?limit=1", "", &rules)
	rule := rules.List[0].ID
	for range 2 {
		a.ask(http.MethodPatch, "/v1/rules/"+rule, `{"enabled": false}`, nil)
	}
	a.ask(http.MethodPatch, "/v1/rules/"+rule, `{"enabled": null}`, nil)
	a.ask(http.MethodPost, "/v1/rules/reload", "", nil)
	var told, logged []string
	for _, log := range a.changes() {
		told = append(told, textOf(log, names.ControlAction)+" "+textOf(log, names.ControlSubject))
		assert.Equal(t, "operator", textOf(log, names.ControlRole))
		assert.Equal(t, "unix_socket", textOf(log, names.ControlVia))
		assert.NotEmpty(t, textOf(log, names.UserName))
		assert.Contains(t, log.Body().Str(), textOf(log, names.UserName))
		assert.NotContains(t, log.Body().Str(), "  ", "each action has a verb")
	}
	for _, entry := range a.log.FilterMessage("Something was changed over the control API").All() {
		logged = append(logged, fmt.Sprint(entry.ContextMap()[names.ControlAction], " ", entry.ContextMap()[names.ControlSubject]))
	}
	assert.Equal(t, []string{"reset profile/shop/deployment/web", "disable rule/" + rule, "enable rule/" + rule, "reload rules"}, told,
		"nothing is said of what changes nothing")
	assert.Equal(t, told, logged)
}

// Resetting while events flow loses no event, and leaves a profile that is whole.
func TestControl_resetWhileEventsFlow(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	const batches, resets = 200, 40
	var all sync.WaitGroup
	for at := range 2 {
		all.Go(func() {
			for n := range batches {
				assert.NoError(t, a.pipelines[at].ConsumeLogs(context.Background(), reverseShell("web", int64(1+at*1000+n), beginning)))
				if n%20 == 0 {
					a.core.upkeep(context.Background())
				}
			}
		})
	}
	done := 0
	all.Go(func() {
		for range resets {
			status, _ := a.send(a.request(http.MethodPost, "/v1/profiles/"+addressOfText("shop/deployment/web")+"/reset", "", ""))
			if status == http.StatusNoContent {
				done++
			}
			for _, list := range []string{"profiles", "incidents", "rules"} {
				a.send(a.request(http.MethodGet, "/v1/"+list, "", ""))
			}
		}
	})
	all.Wait()
	a.core.upkeep(context.Background())
	a.shutdown(t)
	passed := len(records(a.sinks[0], names.EventProcessExec)) + len(records(a.sinks[1], names.EventProcessExec))
	assert.Equal(t, 2*batches, passed)
	assert.Positive(t, done)
	assert.Len(t, append(a.changes(), records(a.sinks[1], names.EventControlChanged)...), done)
	left := uint64(0)
	a.core.profiles.Each(func(p *profile.Profile) { left += p.Stats().Events })
	assert.LessOrEqual(t, left, uint64(2*batches))
}

// A second processor of a collector runs without the control API, and one without it anywhere as before.
func TestControl_second(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	host := extensionHost{componenttest.NewNopHost(), nil}
	second := newPair(t, defaultConfig())
	for _, pipeline := range second.pipelines {
		require.NoError(t, pipeline.Start(t.Context(), host))
	}
	require.NoError(t, second.pipelines[0].ConsumeLogs(t.Context(), reverseShell("web", 7, beginning)))
	assert.Equal(t, []string{"opened"}, states(second.sinks[0]))
	second.shutdown(t)
	var list control.Profiles
	a.ask(http.MethodGet, "/v1/profiles", "", &list)
	assert.Empty(t, list.Profiles)
}

// What is shown of an incident is what its log record has.
func TestControl_incidents(t *testing.T) {
	a := startControlled(t, defaultConfig(), withoutChange, "")
	for n := range 5 {
		a.consume(reverseShell(fmt.Sprintf("w%d", n), 7, beginning.Add(time.Duration(n%2)*time.Minute)))
	}
	var seen []string
	for after, pages := "", 0; pages == 0 || after != ""; pages++ {
		var page control.Incidents
		a.ask(http.MethodGet, "/v1/incidents?limit=2&after="+url.QueryEscape(after), "", &page)
		assert.LessOrEqual(t, len(page.Incidents), 2)
		for _, i := range page.Incidents {
			seen = append(seen, i.Opened.Format("04")+" "+i.ID)
		}
		after = page.Next
	}
	assert.Len(t, seen, 5)
	for at := range seen[1:] {
		minute, next := seen[at][:2], seen[at+1][:2]
		assert.True(t, minute > next || minute == next && seen[at] < seen[at+1], "%v", seen)
	}
	told := records(a.sinks[0], names.EventIncident)[0]
	id := textOf(told, names.IncidentID)
	var i control.IncidentDetails
	a.ask(http.MethodGet, "/v1/incidents/"+id, "", &i)
	want, err := json.Marshal(told.Attributes().AsRaw())
	require.NoError(t, err)
	i.Attributes[names.IncidentState] = "opened" // when it was told
	got, err := json.Marshal(i.Attributes)
	require.NoError(t, err)
	assert.JSONEq(t, string(want), string(got))
	assert.Equal(t, "w0", i.Resource[names.K8sDeploymentName])
	var none control.Incidents
	for _, filter := range []string{"state=closed", "severity=fatal", "workload=nowhere"} {
		a.ask(http.MethodGet, "/v1/incidents?"+filter, "", &none)
		assert.Empty(t, none.Incidents, filter)
	}
}
